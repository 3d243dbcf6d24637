"""The API server's own defaults and refusals, against ours: what it stores of each case, and what it does not take."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.reachability.policy import Direction
from policies.reachability.world import World
from tests.live_cluster import Cluster
from tests.reachability.cases import CASES, UNREADABLE, read

pytestmark = pytest.mark.live

NAMESPACE = "t-reachability"
TRIAL = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies?dryRun=All&fieldValidation=Strict"


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[Cluster]:
    body = {"metadata": {"name": NAMESPACE, "labels": {"kubernetes.io/metadata.name": "another"}}}
    status, namespace = cluster.request("POST", "/api/v1/namespaces", body)
    assert status == 201
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": NAMESPACE}
    yield cluster
    cluster.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")


def _policies(path: Path) -> Iterator[dict[str, Any]]:
    for body in read(path)[1]:
        if isinstance(body, dict) and body["kind"] == "NetworkPolicy":
            yield {**body, "metadata": {**body["metadata"], "namespace": NAMESPACE}}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_server_stores_what_we_judge(server: Cluster, path: Path) -> None:
    for body in _policies(path):
        status, stored = server.request("POST", TRIAL, body)
        assert status == 201, stored
        (ours,), (theirs,) = World([body]).policies, World([stored]).policies
        assert ours == theirs
        types = {direction.title() for direction in Direction if ours.rules(direction) is not None}
        assert types == set(stored["spec"]["policyTypes"])


@pytest.mark.parametrize("path", UNREADABLE, ids=lambda path: path.stem)
def test_server_refuses_what_we_cannot_read(server: Cluster, path: Path) -> None:
    said = read(path)[0]["server"]
    if said == "is not asked":
        return
    (body,) = _policies(path)
    status, answer = server.request("POST", TRIAL, body)
    assert status == (201 if said.startswith("takes it") else answer["code"]), answer
    assert (status in (400, 422)) is (said == "refuses"), answer
