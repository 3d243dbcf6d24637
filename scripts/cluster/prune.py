"""What is no longer declared: what of it goes, and what stays."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from components.manifests.kinds import DEFAULT_DENY, KINDS
from components.manifests.manifest import PLATFORM_OWNER, identity
from scripts.cluster.address import Identity
from scripts.cluster.inventory import NAMESPACE, Inventory
from scripts.cluster.refusal import is_pulumis, owner_of
from scripts.cluster.result import Undeclared
from stacks.declaration import Declaration

_SHUTTING: Final = ("LimitRange", "ResourceQuota", "ServiceAccount")
"""Kinds that stay with default-deny in a namespace that nobody declares any more: it stays shut, not merely empty."""


_OPENING: Final = ("RoleBinding", "NetworkPolicy")
"""Kinds of which each object opens something; they go first, in this order."""


def is_floor(subject: Identity) -> bool:
    """Tell whether this is a namespace or its default-deny, without which nothing in it is shut."""
    return subject[:2] == NAMESPACE or (subject[1], subject[3]) == ("NetworkPolicy", DEFAULT_DENY)


def stale(declared: Declaration, inventory: Inventory) -> Iterator[Identity]:
    """Yield the owner's objects that are no longer declared, access and ways first; never a namespace.

    An agency's lie in its own namespaces and in the platform's. What bears its labels in another agency's namespace was
    not written by us.
    """
    wanted = {identity(manifest) for manifest in declared.manifests}
    found = [
        subject
        for subject, metadata in inventory.ours.items()
        if owner_of(metadata) == declared.owner
        and subject not in wanted
        and not is_pulumis(metadata)
        and _may_go(subject, declared.owner, inventory)
    ]
    namespaces = _namespaces(declared)
    for subject in sorted(found, key=lambda subject: (_rank(subject[1]), subject)):
        if subject[3] != DEFAULT_DENY and (subject[2] in namespaces or subject[1] not in _SHUTTING):
            yield subject


def undeclared(
    declarations: Iterable[Declaration], inventory: Inventory, known: Collection[str] | None
) -> Iterator[Undeclared]:
    """Yield our namespaces that are no longer declared: those of the given owners, and those of owners not `known`."""
    wanted = {declared.owner: _namespaces(declared) for declared in declarations}
    for name, metadata in sorted(inventory.namespaces.items()):
        owner = owner_of(metadata)
        is_known = known is None or owner in (*known, PLATFORM_OWNER)
        if owner is not None and (name not in wanted[owner] if owner in wanted else not is_known):
            yield Undeclared(owner=owner, namespace=name)


def _rank(kind: str) -> int:
    return _OPENING.index(kind) if kind in _OPENING else len(_OPENING)


def _namespaces(declared: Declaration) -> set[str]:
    return {manifest["metadata"]["name"] for manifest in declared.manifests if manifest["kind"] == "Namespace"}


def _may_go(subject: Identity, owner: str, inventory: Inventory) -> bool:
    if not KINDS[subject[:2]].namespaced:
        return owner == PLATFORM_OWNER and subject[:2] != NAMESPACE
    home = inventory.namespaces.get(subject[2])
    return home is not None and not is_pulumis(home) and owner_of(home) in (owner, PLATFORM_OWNER)
