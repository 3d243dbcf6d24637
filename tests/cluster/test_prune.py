from typing import Any

from components.manifests.manifest import manifest, owner_labels
from scripts.cluster import prune
from scripts.cluster.address import Identity
from scripts.cluster.answer import Manager, Metadata
from scripts.cluster.inventory import Inventory
from stacks.declaration import Declaration

POLICY = "networking.k8s.io/v1"
RBAC = "rbac.authorization.k8s.io/v1"


def there(*subjects: tuple[str, Identity]) -> Inventory:
    """What lies there, each with the owner that its labels name."""
    ours = {
        subject: Metadata(name=subject[3], namespace=subject[2], labels=owner_labels(owner))
        for owner, subject in subjects
    }
    namespaces = {subject[3]: metadata for subject, metadata in ours.items() if subject[1] == "Namespace"}
    return Inventory(ours=ours, namespaces=namespaces)


def namespace(name: str) -> Identity:
    return ("v1", "Namespace", "", name)


def declared(owner: str, *names: str) -> Declaration:
    def one(name: str, **more: Any) -> Any:
        return manifest("v1", "Namespace", name, labels=owner_labels(owner), **more)

    return Declaration(owner, tuple(one(name) for name in names))


def test_only_the_owners_own_goes_access_first_and_then_ways() -> None:
    inventory = there(
        ("a", namespace("a-production")),
        ("b", namespace("b-production")),
        ("a", ("v1", "ConfigMap", "a-production", "old")),
        ("a", (POLICY, "NetworkPolicy", "a-production", "allow-old")),
        ("a", (RBAC, "RoleBinding", "a-production", "old")),
        ("b", (POLICY, "NetworkPolicy", "b-production", "allow-old")),
        ("platform", (RBAC, "ClusterRole", "", "old")),
    )
    assert [subject[1] for subject in prune.stale(declared("a", "a-production"), inventory)] == [
        "RoleBinding",
        "NetworkPolicy",
        "ConfigMap",
    ]


def test_another_agencys_namespace_is_not_entered() -> None:
    inventory = there(("b", namespace("b-production")), ("a", ("v1", "ConfigMap", "b-production", "bait")))
    assert list(prune.stale(declared("a"), inventory)) == []


def test_the_platforms_namespaces_are() -> None:
    inventory = there(("platform", namespace("gateway")), ("a", ("v1", "ConfigMap", "gateway", "old")))
    assert len(list(prune.stale(declared("a"), inventory))) == 1


def test_namespaces_never_go_and_an_undeclared_one_stays_shut() -> None:
    inside = [
        (POLICY, "NetworkPolicy", "a-test", "default-deny"),
        (POLICY, "NetworkPolicy", "a-test", "allow-dns"),
        ("v1", "ResourceQuota", "a-test", "quota"),
        ("v1", "LimitRange", "a-test", "limits"),
        ("v1", "ServiceAccount", "a-test", "default"),
        (RBAC, "RoleBinding", "a-test", "developer"),
    ]
    inventory = there(("a", namespace("a-test")), *(("a", subject) for subject in inside))
    assert [subject[3] for subject in prune.stale(declared("a", "a-production"), inventory)] == [
        "developer",
        "allow-dns",
    ]


def test_default_deny_never_goes() -> None:
    inventory = there(
        ("a", namespace("a-production")), ("a", (POLICY, "NetworkPolicy", "a-production", "default-deny"))
    )
    assert list(prune.stale(declared("a", "a-production"), inventory)) == []


def test_what_lies_in_no_namespace_is_the_platforms() -> None:
    role = (RBAC, "ClusterRole", "", "old")
    inventory = there(("platform", role), ("platform", namespace("old-gateway")))
    assert list(prune.stale(declared("platform"), inventory)) == [role]
    assert list(prune.stale(declared("a"), there(("a", role)))) == []


def test_what_pulumi_wrote_stays() -> None:
    subject = ("v1", "ConfigMap", "a-production", "old")
    pulumi = (Manager(manager="pulumi-kubernetes-1a2b"),)
    space = Metadata(name="a-production", labels=owner_labels("a"))
    old = Metadata(name="old", namespace="a-production", labels=owner_labels("a"))
    written = Metadata(name="old", namespace="a-production", labels=owner_labels("a"), managed_fields=pulumi)
    for inside, outside in ((written, space), (old, Metadata(labels=owner_labels("a"), managed_fields=pulumi))):
        inventory = Inventory(ours={subject: inside}, namespaces={"a-production": outside})
        assert list(prune.stale(declared("a"), inventory)) == []
    inventory = Inventory(ours={subject: old}, namespaces={"a-production": space})
    assert list(prune.stale(declared("a"), inventory)) == [subject]


def test_namespaces_that_nobody_declares_are_reported() -> None:
    inventory = there(
        ("a", namespace("a-production")),
        ("a", namespace("a-test")),
        ("b", namespace("b-production")),
        ("gone", namespace("gone-production")),
        ("platform", namespace("gateway")),
    )
    applied = [declared("a", "a-production")]
    assert [u.namespace for u in prune.undeclared(applied, inventory, {"a", "b"})] == ["a-test", "gone-production"]
    assert [u.namespace for u in prune.undeclared(applied, inventory, None)] == ["a-test"]
    assert [u.namespace for u in prune.undeclared([declared("platform")], inventory, None)] == ["gateway"]
