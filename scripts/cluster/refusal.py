"""Whose namespaces are touched at all: ours, and nobody else's. Judged before anything is written."""

from collections.abc import Iterator
from typing import Final

import msgspec

from components.manifests.manifest import AGENCY_LABEL, MANAGED_BY, MANAGED_BY_LABEL, PLATFORM_OWNER
from scripts.cluster.answer import Metadata
from scripts.cluster.inventory import Inventory
from stacks.declaration import Declaration

_PULUMI_MANAGER: Final = "pulumi-kubernetes"
_PULUMI_ANNOTATION: Final = "pulumi.com/"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing of an owner is touched. Not a failure: nothing was tried."""

    owner: str
    namespace: str
    message: str


def refusals(declared: Declaration, inventory: Inventory) -> Iterator[Refusal]:
    """Yield what stands against touching the owner's namespaces."""
    for manifest in declared.manifests:
        name = manifest["metadata"]["name"]
        if manifest["kind"] == "Namespace" and name in inventory.namespaces:
            message = _reason(name, declared.owner, inventory.namespaces[name])
            if message:
                yield Refusal(owner=declared.owner, namespace=name, message=message)


def owner_of(metadata: Metadata) -> str | None:
    """Return the owner that the labels name, or None for what is not ours."""
    if metadata.labels.get(MANAGED_BY_LABEL) != MANAGED_BY:
        return None
    return metadata.labels.get(AGENCY_LABEL, PLATFORM_OWNER)


def _reason(name: str, owner: str, metadata: Metadata) -> str | None:
    if metadata.deletion_timestamp is not None:
        return f"namespace {name} is being deleted since {metadata.deletion_timestamp}: run it again when it is gone"
    if is_pulumis(metadata):
        return f"namespace {name} is managed by Pulumi: use `pulumi up` on the stack {owner}"
    actual = owner_of(metadata)
    if actual is None:
        label = f"{MANAGED_BY_LABEL}={MANAGED_BY}" + ("" if owner == PLATFORM_OWNER else f" {AGENCY_LABEL}={owner}")
        return (
            f"namespace {name} exists and is not ours: remove it, or hand it over by "
            f"`kubectl label namespace {name} {label}`"
        )
    if actual != owner:
        return f"namespace {name} belongs to {actual}, not to {owner}: choose another id or environment"
    return None


def is_pulumis(metadata: Metadata) -> bool:
    """Return whether Pulumi wrote an object, and therefore counts on nobody else doing so."""
    return any(manager.manager.startswith(_PULUMI_MANAGER) for manager in metadata.managed_fields) or any(
        key.startswith(_PULUMI_ANNOTATION) for key in metadata.annotations
    )
