"""An emergency on a real API server: what is shut, who gets in, and that both go as they came."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from components.estate.estate import Estate
from components.manifests.manifest import identity
from scripts.cluster import address
from scripts.cluster.apply import apply
from scripts.cluster.connection import Connection, connect
from scripts.cluster.read_back import read_back
from scripts.cluster.result import Outcome, Report
from stacks.declaration import Declaration, declaration
from tests.live_cluster import Cluster
from tests.manifests.emergency import BEGINS, ENDS, entered, shut

pytestmark = pytest.mark.live

MODEL = "irica"  # two environments, a window, flows and egress
GATEWAY = "govcloud-gateway"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
INTO_PODS = (
    ("create", "exec"),
    ("get", "exec"),
    ("create", "attach"),
    ("create", "portforward"),
    ("patch", "ephemeralcontainers"),
)
SHUT = {"allow-dns", "default-deny"}


@pytest.fixture
def connection(cluster: Cluster, estate: Estate) -> Connection:
    found = connect(cluster.kubeconfig)
    assert apply(found, [declaration(estate, "platform")]).is_good
    return found


def alone(estate: Estate, agency_id: str) -> Estate:
    """Return an estate of one agency like the model, under an id of its own."""
    agency = estate.agency(MODEL)
    assert agency
    profile = agency.profile
    metadata = msgspec.structs.replace(profile.metadata, id=agency_id)
    renamed = msgspec.structs.replace(agency, profile=msgspec.structs.replace(profile, metadata=metadata))
    return msgspec.structs.replace(estate, agencies=(renamed,))


def spaces(declared: Declaration) -> list[str]:
    return [m["metadata"]["name"] for m in declared.manifests if m["kind"] == "Namespace"]


def policies(cluster: Cluster, namespace: str) -> dict[str, Any]:
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    code, body = cluster.request("GET", path)
    assert code == 200
    return {item["metadata"]["name"]: item["spec"] for item in body["items"]}


def annotations(cluster: Cluster, namespace: str) -> Mapping[str, str]:
    code, body = cluster.request("GET", f"/api/v1/namespaces/{namespace}")
    assert code == 200
    found: dict[str, str] = body["metadata"]["annotations"]
    return {key: value for key, value in found.items() if "quarantine" in key}


def may(cluster: Cluster, group: str, namespace: str, verb: str, part: str) -> bool:
    """Ask the server, as somebody of this group."""
    attributes = {"namespace": namespace, "verb": verb, "resource": "pods", "subresource": part}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    somebody = {"Impersonate-User": f"somebody@{group}", "Impersonate-Group": group}
    code, body = cluster.request("POST", REVIEWS, review, somebody)
    assert code == 201, body
    return bool(body["status"]["allowed"])


def told(report: Report, outcome: Outcome) -> set[str]:
    return {result.shown for result in report.results if result.outcome is outcome}


def test_a_quarantine_shuts_every_namespace_and_its_end_opens_them_again(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    agency = alone(estate, "t-shut-off")
    calm, closed = declaration(agency, "t-shut-off"), declaration(shut(agency, "t-shut-off"), "t-shut-off")
    assert apply(connection, [calm]).is_good
    before = {space: policies(cluster, space) for space in (*spaces(calm), GATEWAY)}
    assert all(before[space].keys() > SHUT for space in spaces(calm))
    assert "allow-to-t-shut-off" in before[GATEWAY]

    report = apply(connection, [closed])
    assert report.is_good
    assert report.verified == len(closed.manifests)
    assert told(report, Outcome.CHANGED) == {f"Namespace {space}" for space in spaces(calm)}
    for space in spaces(calm):
        assert policies(cluster, space) == {name: before[space][name] for name in SHUT}
        said = annotations(cluster, space)
        assert said["govcloud.internal/quarantine-reason"] == "A stolen account: its traffic is shut"
        assert said["govcloud.internal/quarantine-until"] == "2026-06-01T21:30:00+03:30"
    assert policies(cluster, GATEWAY).keys() == before[GATEWAY].keys() - {"allow-to-t-shut-off"}
    assert read_back(connection, closed.manifests) == ()

    ended = declaration(shut(agency, "t-shut-off", ENDS), "t-shut-off")
    report = apply(connection, [ended])
    assert report.is_good
    assert told(report, Outcome.DELETED) == set()
    assert {space: policies(cluster, space) for space in before} == before
    assert [annotations(cluster, space) for space in spaces(calm)] == [{}] * len(spaces(calm))
    assert read_back(connection, calm.manifests) == ()


def test_a_tenant_cannot_keep_itself_open_by_making_something_else_fail(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    """A developer may write ConfigMaps, so that the catalogue conflicts; neither ways nor access outlive that."""
    agency = alone(estate, "t-stubborn")
    open_ = declaration(entered(agency, "t-stubborn", "t-stubborn:operator", "production"), "t-stubborn")
    assert apply(connection, [open_]).is_good
    path = address.path(("v1", "ConfigMap", "t-stubborn-production", "service-catalogue"))
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"catalogue.json": "mine"}}
    somebody = {"Impersonate-User": "somebody@t-stubborn", "Impersonate-Group": "t-stubborn:developer"}
    code, answer = cluster.request(
        "PATCH",
        f"{path}?fieldManager=somebody&force=true",
        theirs | {"metadata": {"name": "service-catalogue"}},
        somebody | {"Content-Type": "application/apply-patch+yaml"},
    )
    assert code == 200, answer
    closed = declaration(shut(agency, "t-stubborn"), "t-stubborn")
    report = apply(connection, [closed])
    assert not report.is_good
    assert told(report, Outcome.FAILED) == {"ConfigMap t-stubborn-production/service-catalogue"}
    for space in spaces(closed):
        assert policies(cluster, space).keys() == SHUT
    assert "allow-to-t-stubborn" not in policies(cluster, GATEWAY)
    assert not may(cluster, "t-stubborn:operator", "t-stubborn-production", "create", "exec")


def test_no_way_goes_where_the_default_deny_does_not_stand(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    """Kubernetes opens every pod that no policy selects: the last of them shuts as well as it opens."""
    agency = alone(estate, "t-floorless")
    calm, closed = declaration(agency, "t-floorless"), declaration(shut(agency, "t-floorless"), "t-floorless")
    assert apply(connection, [calm]).is_good
    broken = tuple(
        m | {"spec": {"nonsense": True}} if identity(m)[2:] == ("t-floorless-production", "default-deny") else m
        for m in closed.manifests
    )
    assert broken != closed.manifests
    before = policies(cluster, "t-floorless-production")
    report = apply(connection, [Declaration("t-floorless", broken)])
    assert told(report, Outcome.FAILED) == {"NetworkPolicy t-floorless-production/default-deny"}
    assert policies(cluster, "t-floorless-production") == before
    assert policies(cluster, "t-floorless-test").keys() == SHUT


@pytest.mark.parametrize("group", ["operator", "security-centre"])
def test_a_group_enters_pods_in_its_time_only(
    cluster: Cluster, connection: Connection, estate: Estate, group: str
) -> None:
    name, group = f"t-glass-{group[:8]}", f"t-glass-{group[:8]}:{group}"
    agency = alone(estate, name)
    second = timedelta(seconds=1)

    def entering(as_of: datetime) -> set[tuple[str, str, str, str]]:
        """Return who may do what in which environment after a run at this moment."""
        report = apply(connection, [declaration(entered(agency, name, group, "production", as_of), name)])
        assert report.is_good
        return {
            (who, space, verb, part)
            for who in (group, f"{name}:developer", "t-other:operator")
            for space in (f"{name}-production", f"{name}-test", "default")
            for verb, part in INTO_PODS
            if may(cluster, who, space, verb, part)
        }

    wanted = {(group, f"{name}-production", verb, part) for verb, part in INTO_PODS}
    assert entering(BEGINS - second) == set()
    assert entering(BEGINS) == wanted
    for verb, part in (("get", "proxy"), ("create", "eviction"), ("delete", ""), ("create", "")):
        is_operators = group.endswith(":operator") and (verb, part) in {("create", "eviction"), ("delete", "")}
        assert may(cluster, group, f"{name}-production", verb, part) is is_operators
    assert entering(ENDS - second) == wanted
    assert entering(ENDS) == set()


def test_what_the_guide_does_by_hand_shuts_the_same(cluster: Cluster, connection: Connection, estate: Estate) -> None:
    """docs/how-to/emergency.md: what to do where the profile or the register is broken itself."""
    agency = alone(estate, "t-by-hand")
    calm, closed = declaration(agency, "t-by-hand"), declaration(shut(agency, "t-by-hand"), "t-by-hand")
    assert apply(connection, [calm]).is_good
    fields = "metadata.name!=default-deny,metadata.name!=allow-dns"
    for space in spaces(calm):
        path = f"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies?fieldSelector={fields}"
        assert cluster.request("DELETE", path.replace("!", "%21").replace(",", "%2C"))[0] == 200
        assert policies(cluster, space).keys() == SHUT
    path = f"/apis/networking.k8s.io/v1/namespaces/{GATEWAY}/networkpolicies"
    selector = "?labelSelector=govcloud.internal/agency%3Dt-by-hand"
    assert cluster.request("DELETE", path + selector)[0] == 200
    assert "allow-to-t-by-hand" not in policies(cluster, GATEWAY)
    assert told(apply(connection, [closed]), Outcome.DELETED) == set()
