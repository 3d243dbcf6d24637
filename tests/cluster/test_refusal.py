import pytest

from components.manifests.manifest import manifest, owner_labels
from scripts.cluster.answer import Manager, Metadata
from scripts.cluster.inventory import Inventory
from scripts.cluster.refusal import refusals
from stacks.declaration import Declaration

OURS = owner_labels("a", "production")


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (Metadata(labels=OURS), None),
        (Metadata(), "exists and is not ours"),
        (Metadata(labels={"govcloud.internal/agency": "a"}), "exists and is not ours"),
        (Metadata(labels=owner_labels("b")), "belongs to b, not to a"),
        (Metadata(labels=owner_labels("platform")), "belongs to platform, not to a"),
        (Metadata(labels=OURS, deletion_timestamp="2026-01-01T00:00:00Z"), "is being deleted"),
        (Metadata(labels=OURS, managed_fields=(Manager(manager="pulumi-kubernetes-ab"),)), "use `pulumi up`"),
        (Metadata(labels=OURS, annotations={"pulumi.com/autonamed": "true"}), "use `pulumi up`"),
    ],
)
def test_whose_namespace_it_is(there: Metadata, expected: str | None) -> None:
    declared = Declaration("a", (manifest("v1", "Namespace", "a-production", labels=OURS),))
    found = list(refusals(declared, Inventory(ours={}, namespaces={"a-production": there})))
    if expected is None:
        assert found == []
    else:
        assert (len(found), found[0].owner, found[0].namespace) == (1, "a", "a-production")
        assert expected in found[0].message
        assert "a-production" in found[0].message
