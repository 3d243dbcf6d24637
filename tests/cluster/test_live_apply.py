"""`apply` against a real API server."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from components.estate.estate import Estate
from components.manifests.kinds import KINDS, Kind
from components.manifests.manifest import identity, manifest, owner_labels
from scripts.cluster import address
from scripts.cluster.apply import apply
from scripts.cluster.connection import Connection, connect
from scripts.cluster.errors import MissingKindError
from scripts.cluster.read_back import read_back
from scripts.cluster.result import Outcome, Report
from stacks.declaration import Declaration, declarations
from tests.cluster.conftest import renamed
from tests.live_cluster import ABSENT, Cluster

pytestmark = pytest.mark.live

MODEL = "ashayer"  # one environment, flows and egress
APPLY = "application/apply-patch+yaml"


@pytest.fixture
def connection(cluster: Cluster) -> Connection:
    return connect(cluster.kubeconfig)


def told(report: Report, *outcomes: Outcome) -> list[str]:
    return [result.shown for result in report.results if result.outcome in outcomes]


def only(report: Report) -> dict[Outcome, int]:
    return {outcome: number for outcome, number in report.counts.items() if number}


def altered(declared: Declaration, subject: str, **more: Any) -> Declaration:
    """The declaration with one manifest's keys replaced."""
    changed = tuple(m | more if address.shown(identity(m)) == subject else m for m in declared.manifests)
    assert changed != declared.manifests
    return Declaration(declared.owner, changed)


def without(declared: Declaration, *parts: str) -> Declaration:
    kept = tuple(m for m in declared.manifests if not any(p in address.shown(identity(m)) for p in parts))
    assert kept != declared.manifests
    return Declaration(declared.owner, kept)


def live(cluster: Cluster, namespace: str) -> Mapping[str, Any]:
    """Every object of ours in a namespace, by its name, as the server has it."""
    found: dict[str, Any] = {}
    for (api_version, kind), spelling in KINDS.items():
        if spelling.namespaced and (api_version, kind) not in ABSENT:
            path = f"{address.collection(api_version, kind, namespace)}?labelSelector=app.kubernetes.io/managed-by"
            code, body = cluster.request("GET", path)
            assert code == 200
            found |= {f"{kind} {item['metadata']['name']}": item for item in body["items"]}
    return found


def overwrite(cluster: Cluster, subject: tuple[str, str, str, str], manager: str, **body: Any) -> None:
    api_version, kind, namespace, name = subject
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **body.pop("metadata", {})}
    path = f"{address.path(subject)}?fieldManager={manager}&force=true"
    content = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
    code, answer = cluster.request("PATCH", path, content, {"Content-Type": APPLY})
    assert code in (200, 201), answer


def test_every_example_is_applied_and_read_back(connection: Connection, estate: Estate) -> None:
    declared = declarations(estate)
    assert {d.owner for d in declared} == {"platform", *(agency.id for agency in estate.agencies)}
    first = apply(connection, declared)
    assert (first.is_good, first.warnings, first.stopped) == (True, (), "")
    assert first.verified == first.declared == sum(len(d.manifests) for d in declared)
    assert {(m["apiVersion"], m["kind"]) for d in declared for m in d.manifests} == set(KINDS) - ABSENT
    second = apply(connection, declared)
    assert only(second) == {Outcome.UNCHANGED: first.declared}
    assert second.verified == first.declared


def test_a_changed_profile_changes_only_that(connection: Connection, estate: Estate) -> None:
    declared = renamed(estate, MODEL, "t-changed")
    assert only(apply(connection, [declared])) == {Outcome.CREATED: len(declared.manifests)}
    quota = next(m for m in declared.manifests if m["kind"] == "ResourceQuota")
    hard = quota["spec"]["hard"] | {"pods": "7"}
    report = apply(connection, [altered(declared, "ResourceQuota t-changed-production/quota", spec={"hard": hard})])
    assert told(report, Outcome.CHANGED) == ["ResourceQuota t-changed-production/quota"]
    assert only(report) == {Outcome.CHANGED: 1, Outcome.UNCHANGED: len(declared.manifests) - 1}


def test_what_is_no_longer_declared_goes(cluster: Cluster, connection: Connection, estate: Estate) -> None:
    declared = renamed(estate, MODEL, "t-pruned")
    apply(connection, [declared])
    overwrite(cluster, ("v1", "ConfigMap", "t-pruned-production", "their-own"), "kubectl", data={"a": "b"})
    fewer = without(declared, "/allow-flow-", "/allow-egress-")
    report = apply(connection, [fewer])
    gone = {address.shown(identity(m)) for m in declared.manifests} - {
        address.shown(identity(m)) for m in fewer.manifests
    }
    assert gone
    assert set(told(report, Outcome.DELETED)) == gone
    assert only(report) == {Outcome.DELETED: len(gone), Outcome.UNCHANGED: len(fewer.manifests)}
    left = live(cluster, "t-pruned-production")
    assert not any("allow-flow" in name or "allow-egress" in name for name in left)
    assert cluster.request("GET", "/api/v1/namespaces/t-pruned-production/configmaps/their-own")[0] == 200


def test_an_environment_that_is_no_longer_declared_stays_shut(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    declared = renamed(estate, MODEL, "t-left")
    other = Declaration("t-left", tuple(msgspec.json.decode(msgspec.json.encode(declared.manifests).replace(
        b"t-left-production", b"t-left-test"))))  # fmt: skip
    apply(connection, [Declaration("t-left", (*declared.manifests, *other.manifests))])
    report = apply(connection, [declared], known=["t-left"])
    assert [u.namespace for u in report.undeclared if u.owner == "t-left"] == ["t-left-test"]
    assert set(live(cluster, "t-left-test")) == {
        "NetworkPolicy default-deny", "ResourceQuota quota", "LimitRange limits", "ServiceAccount default",
    }  # fmt: skip


def test_a_foreign_namespace_is_refused_and_the_rest_goes_on(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    theirs, ours = renamed(estate, MODEL, "t-foreign"), renamed(estate, MODEL, "t-beside")
    overwrite(cluster, ("v1", "Namespace", "", "t-foreign-production"), "kubectl")
    report = apply(connection, [theirs, ours])
    assert [(r.owner, r.namespace) for r in report.refusals] == [("t-foreign", "t-foreign-production")]
    assert not report.is_good
    assert only(report) == {Outcome.SKIPPED: len(theirs.manifests), Outcome.CREATED: len(ours.manifests)}
    assert live(cluster, "t-foreign-production") == {}


def test_a_namespace_of_pulumi_is_refused(cluster: Cluster, connection: Connection, estate: Estate) -> None:
    declared = renamed(estate, MODEL, "t-pulumi")
    namespace = declared.manifests[0]
    overwrite(cluster, identity(namespace), "pulumi-kubernetes-3f2a", metadata=namespace["metadata"])
    report = apply(connection, [declared])
    assert "use `pulumi up`" in report.refusals[0].message
    assert only(report) == {Outcome.SKIPPED: len(declared.manifests)}


def test_a_conflict_is_reported_and_taken_only_by_force(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    declared = renamed(estate, MODEL, "t-conflict")
    apply(connection, [declared])
    catalogue = ("v1", "ConfigMap", "t-conflict-production", "service-catalogue")
    overwrite(cluster, catalogue, "somebody", data={"catalogue.json": "mine"})
    bindings = [m for m in declared.manifests if m["kind"] == "RoleBinding"]
    report = apply(connection, [declared])
    (failed,) = [result for result in report.results if result.outcome is Outcome.FAILED]
    assert failed.subject == catalogue
    assert "conflict: .data.catalogue.json from somebody" in failed.message
    assert len(told(report, Outcome.SKIPPED)) == len(bindings)
    assert live(cluster, "t-conflict-production")["ConfigMap service-catalogue"]["data"] == {"catalogue.json": "mine"}
    forced = apply(connection, [declared], force_conflicts=True)
    assert forced.is_good
    (taken,) = [result for result in forced.results if result.message]
    assert (taken.subject, taken.message) == (catalogue, "took .data.catalogue.json from somebody")
    assert only(apply(connection, [declared])) == {Outcome.UNCHANGED: len(declared.manifests)}


def test_a_dry_run_writes_nothing(cluster: Cluster, connection: Connection, estate: Estate) -> None:
    there, new = renamed(estate, MODEL, "t-dry"), renamed(estate, MODEL, "t-new")
    apply(connection, [there])
    before = live(cluster, "t-dry-production")
    lease = cluster.request("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/govcloud-apply")
    wanted = altered(without(there, "/allow-dns"), "ResourceQuota t-dry-production/quota", spec={"hard": {"pods": "7"}})
    report = apply(connection, [wanted, new], dry_run=True)
    assert report.is_good
    assert only(report) == {
        Outcome.CREATED: len(new.manifests), Outcome.CHANGED: 1, Outcome.DELETED: 1,
        Outcome.UNCHANGED: len(wanted.manifests) - 1,
    }  # fmt: skip
    diffs = {result.shown: result.diff for result in report.results}
    assert "\n-    pods: " in diffs["ResourceQuota t-dry-production/quota"]
    assert "\n+    pods: '7'\n" in diffs["ResourceQuota t-dry-production/quota"]
    assert "-kind: NetworkPolicy" in diffs["NetworkPolicy t-dry-production/allow-dns"]
    assert "+kind: Namespace" in diffs["Namespace t-new-production"]
    assert "+kind: RoleBinding" in diffs["RoleBinding t-new-production/auditor"]
    assert "managedFields" not in "".join(diffs.values())
    assert {n for n, diff in diffs.items() if not diff and "t-new" in n} == set()
    assert live(cluster, "t-dry-production") == before
    assert cluster.request("GET", "/api/v1/namespaces/t-new-production")[0] == 404
    after = cluster.request("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/govcloud-apply")
    assert after == lease


@pytest.mark.parametrize("broken", ["NetworkPolicy t-shut-production/default-deny", "Namespace t-shut-production"])
def test_a_tenant_that_cannot_be_shut_gets_nothing(
    cluster: Cluster, connection: Connection, estate: Estate, broken: str
) -> None:
    declared = renamed(estate, MODEL, "t-shut")
    report = apply(connection, [altered(declared, broken, spec={"nonsense": True})])
    (failed,) = [result for result in report.results if result.outcome is Outcome.FAILED]
    assert (failed.shown, "nonsense" in failed.message) == (broken, True)  # and strict validation bites
    own = [
        m for m in declared.manifests if "t-shut-production" in {m["metadata"]["name"], m["metadata"].get("namespace")}
    ]
    assert only(report)[Outcome.SKIPPED] >= len(own) - 2
    left = live(cluster, "t-shut-production")
    assert not left


def test_what_failed_before_keeps_access_shut(cluster: Cluster, connection: Connection, estate: Estate) -> None:
    declared = renamed(estate, MODEL, "t-half")
    report = apply(connection, [altered(declared, "ResourceQuota t-half-production/quota", spec={"hard": {"a": "x"}})])
    assert told(report, Outcome.FAILED) == ["ResourceQuota t-half-production/quota"]
    assert all(shown.startswith("RoleBinding") for shown in told(report, Outcome.SKIPPED))
    assert not any(name.startswith("RoleBinding") for name in live(cluster, "t-half-production"))


def test_a_kind_that_the_cluster_lacks_is_named_before_anything_is_written(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, ("example.test/v1", "Widget"), Kind("widgets", namespaced=True))
    labels = owner_labels("t-lacking")
    space = manifest("v1", "Namespace", "t-lacking-production", labels=labels)
    widget = manifest("example.test/v1", "Widget", "w", namespace="t-lacking-production", labels=labels)
    with pytest.raises(MissingKindError, match=r"widgets of example\.test/v1"):
        apply(connection, [Declaration("t-lacking", (space, widget))])
    assert cluster.request("GET", "/api/v1/namespaces/t-lacking-production")[0] == 404
    assert apply(connection, [Declaration("t-lacking", (space,))]).is_good  # nobody needs it


def test_what_somebody_changed_is_seen_when_it_is_read_back(
    cluster: Cluster, connection: Connection, estate: Estate
) -> None:
    declared = renamed(estate, MODEL, "t-read")
    apply(connection, [declared])
    assert read_back(connection, declared.manifests) == ()
    policy = ("networking.k8s.io/v1", "NetworkPolicy", "t-read-production", "default-deny")
    overwrite(
        cluster, policy, "somebody", spec={"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress"]}
    )
    cluster.request("DELETE", "/api/v1/namespaces/t-read-production/limitranges/limits")
    found = [difference.shown for difference in read_back(connection, declared.manifests)]
    shut = "NetworkPolicy t-read-production/default-deny"
    assert found == [
        f'{shut} spec.podSelector.matchLabels: (nothing) is declared, {{"a":"b"}} is there',
        f'{shut} spec.policyTypes: "2 entries" is declared, "1 entries" is there',
        "LimitRange t-read-production/limits: the object is declared, nothing is there",
    ]


def test_a_namespace_that_somebody_opened_is_not_good(cluster: Cluster, connection: Connection, estate: Estate) -> None:
    """Nobody conflicts over a field that only the intruder has, so writing alone would not notice."""
    declared = renamed(estate, MODEL, "t-opened")
    apply(connection, [declared])
    policy = ("networking.k8s.io/v1", "NetworkPolicy", "t-opened-production", "default-deny")
    overwrite(cluster, policy, "somebody", spec={"ingress": [{}]})
    report = apply(connection, [declared])
    assert not report.is_good
    assert [difference.shown for difference in report.differences] == [
        "NetworkPolicy t-opened-production/default-deny spec.ingress: (nothing) is declared, [{}] is there"
    ]
