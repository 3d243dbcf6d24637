"""A pytest plugin: one embedded cluster for the whole session, for every test marked `live`."""

import http.client
import json
import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.errors import ToolchainError, UnreachableError
from scripts.localcloud.files import Progress, silent

ABSENT = frozenset({("cert-manager.io/v1", "Certificate")})
"""Kinds that the embedded cluster does not serve: cert-manager is no part of it, and no example asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running cluster, and the little that a test needs to talk to it."""

    cloud: LocalCloud
    kubeconfig: Path
    pki: Path

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send it as the administrator; return status and decoded answer."""
        context = ssl.create_default_context(cafile=self.pki / "ca.crt")
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        try:
            content = {"Content-Type": "application/json", **(headers or {})}
            connection.request(method, path, json.dumps(body) if body is not None else None, content)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    @property
    def port(self) -> int:
        """The API server's port, as the kubeconfig has it."""
        config = yaml.safe_load(self.kubeconfig.read_bytes())
        return urlsplit(config["clusters"][0]["cluster"]["server"]).port or 0


def start(directory: Path, progress: Progress = silent) -> Cluster:
    """Start a cluster in the directory, or skip the test where none can be built."""
    cloud = LocalCloud(directory, progress=progress, durable=False)
    try:
        cloud.up()
    except (ToolchainError, UnreachableError) as error:
        pytest.skip(f"no embedded control plane here: {error}")
    return Cluster(cloud=cloud, kubeconfig=cloud.kubeconfig, pki=directory / "pki")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The session's cluster; stopped and deleted at its end."""
    directory = tmp_path_factory.mktemp("cluster") / "cloud"
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(text: str) -> None:  # the first build takes minutes: CI must not look hung
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\ncloud: {text}")
            sys.stderr.flush()

    try:
        yield start(directory, show)
    finally:
        LocalCloud(directory, progress=silent).down(delete=True)
