"""One cluster with a window for the whole session: two agencies, one national login, one user."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.errors import ToolchainError, UnreachableError
from scripts.localcloud.files import Progress, silent
from scripts.localcloud.window.reach import Window
from tests.live_cluster import Cluster
from tests.window.person import Person

AGENCIES = ("irica", "ncro")
USER, PASSWORD = "zahra", "a-password-of-the-tests"  # of a realm that lives as long as the tests
HERE = Path(__file__).parent
PLURALS = {"GatewayClass": "gatewayclasses", "EnvoyProxy": "envoyproxies", "SecurityPolicy": "securitypolicies",
           "EnvoyExtensionPolicy": "envoyextensionpolicies"}  # fmt: skip
SERVED_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A window in service."""

    cluster: Cluster
    window: Window

    def person(self) -> Person:
        """Return somebody new, who knows no cookie yet."""
        return Person(self.window.ca, self.window.places)

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Apply an object."""
        path = f"{_collection(manifest)}/{manifest['metadata']['name']}?fieldManager=tests&force=true"
        kind = {"Content-Type": "application/apply-patch+yaml"}
        status, answer = self.cluster.request("PATCH", path, dict(manifest), kind)
        assert status in {200, 201}, answer


def start(directory: Path, progress: Progress = silent) -> Site:
    """Bring a window into service, or skip where there can be none."""
    cloud = LocalCloud(directory, progress=progress, durable=False, window=True)
    try:
        cloud.up()
    except (ToolchainError, UnreachableError) as error:
        pytest.skip(f"no embedded control plane here: {error}")
    window = cloud.window
    assert window
    if window.missing:
        pytest.skip(f"no whole window here: {' '.join(window.missing)}")
    site = Site(
        cluster=Cluster(cloud=cloud, kubeconfig=cloud.kubeconfig, pki=directory / "pki"),
        window=window,
    )
    for manifest in _manifests():
        site.apply(manifest)
    secrets = cloud.provision_secrets({agency: f"{agency}.gov.test" for agency in AGENCIES})
    cloud.provision_backends({f"{agency}-production": [("portal", 8080)] for agency in AGENCIES})
    cloud.import_realm(realm(secrets))
    for agency in AGENCIES:
        wait_served(site, f"https://{agency}.gov.test/")
    return site


def wait_served(site: Site, url: str) -> None:
    """Return once the gateway asks for a login there."""
    deadline = time.monotonic() + SERVED_SECONDS
    found = "nothing"
    while time.monotonic() < deadline:
        try:
            page = site.person().get(url)
        except OSError as error:
            found = str(error)
        else:
            if page.status == 302:
                return
            found = str(page.status)
        time.sleep(0.2)
    pytest.fail(f"{url} answers {found}")


def realm(secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return the national login's realm: a client for each agency, a group, a user."""
    clients = [
        {
            "clientId": agency,
            "secret": secret,
            "redirectUris": [f"https://{agency}.gov.test/oauth2/callback"],
            "attributes": {
                "pkce.code.challenge.method": "S256",
                "post.logout.redirect.uris": f"https://{agency}.gov.test/",
            },
        }
        for agency, secret in secrets.items()
    ]
    user = {
        "username": USER, "enabled": True, "email": "zahra@gov.test", "emailVerified": True,
        "firstName": "زهرا", "lastName": "آزمایشی", "groups": ["irica:auditor"],
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
    }  # fmt: skip
    return {
        "realm": "government", "enabled": True, "sslRequired": "all",
        "clients": clients, "groups": [{"name": "irica:auditor"}], "users": [user],
    }  # fmt: skip


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The session's window; stopped and deleted at its end."""
    directory = tmp_path_factory.mktemp("window") / "cloud"
    try:
        yield start(directory, _shown(request))
    finally:
        cloud = LocalCloud(directory, progress=silent)
        pids = [component.pid for component in cloud.status().components if component.pid]
        cloud.down(delete=True)
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _shown(request: pytest.FixtureRequest) -> Callable[[str], None]:
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(text: str) -> None:  # the first build takes minutes: CI must not look hung
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\ncloud: {text}")
            sys.stderr.flush()

    return show


def _manifests() -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all((HERE / "site.yaml").read_text())
    for agency in AGENCIES:
        yield from yaml.safe_load_all((HERE / "agency.yaml").read_text().replace("{agency}", agency))


def _collection(manifest: Mapping[str, Any]) -> str:
    group, kind = manifest["apiVersion"], manifest["kind"]
    namespace = manifest["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    return f"{root}{scope}/{PLURALS.get(kind, kind.lower() + 's')}"
