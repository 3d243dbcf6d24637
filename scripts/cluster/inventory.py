"""What is in a cluster: the metadata of all that bears our label, and of every namespace."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from components.manifests.kinds import KINDS
from components.manifests.manifest import MANAGED_BY, MANAGED_BY_LABEL
from scripts.cluster import address
from scripts.cluster.address import Identity
from scripts.cluster.answer import Heads, Metadata, Page
from scripts.cluster.connection import HEADS, THREADS, Connection
from scripts.cluster.errors import MissingKindError, UnreachableError

OURS: Final = f"{MANAGED_BY_LABEL}={MANAGED_BY}"
PAGE: Final = 500
_RESTARTS: Final = 5

NAMESPACE: Final = ("v1", "Namespace")

PageT = TypeVar("PageT", Heads, Page)


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What there was before we wrote.

    Attributes:
        ours: All that bears our label, by what names it.
        namespaces: Every namespace, ours or not, by name.
    """

    ours: dict[Identity, Metadata]
    namespaces: dict[str, Metadata]


def take(connection: Connection, needed: Iterable[tuple[str, str]]) -> Inventory:
    """Read the inventory.

    Args:
        connection: Where.
        needed: The kinds, each by apiVersion and kind, that the cluster must serve.

    Raises:
        MissingKindError: It does not serve one of those.
        ClusterError: It could not be read.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip(KINDS, pool.map(lambda kind: _heads(connection, kind), KINDS), strict=True))
    missing = sorted(kind for kind in needed if found[kind] is None)
    if missing:
        names = ", ".join(f"{KINDS[kind].plural} of {kind[0]} ({kind[1]})" for kind in missing)
        raise MissingKindError(
            f"{connection.server} does not serve {names}. Install the CRD or enable that API, and run it again. "
            "Nothing was written."
        )
    namespaces = {metadata.name: metadata for metadata in found.pop(NAMESPACE) or ()}
    ours = {
        (*kind, metadata.namespace, metadata.name): metadata
        for kind, heads in found.items()
        for metadata in heads or ()
    }
    ours |= {(*NAMESPACE, "", m.name): m for m in namespaces.values() if m.labels.get(MANAGED_BY_LABEL) == MANAGED_BY}
    return Inventory(ours=ours, namespaces=namespaces)


def pages(
    connection: Connection, kind: tuple[str, str], page: type[PageT], *, accept: str, selector: str
) -> Iterator[PageT]:
    """Yield the pages of a list; nothing if the cluster does not serve the kind.

    Raises:
        UnreachableError: The list changed faster than it could be read.
        ClusterError: It could not be read.
    """
    query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
    for _ in range(_RESTARTS):
        answer = connection.get(address.collection(*kind), query=query, accept=accept)
        while answer.status == HTTPStatus.OK:
            read = answer.read(page)
            yield read
            if not read.metadata.next_page:
                return
            following = query | {"continue": read.metadata.next_page}
            answer = connection.get(address.collection(*kind), query=following, accept=accept)
        if answer.status == HTTPStatus.NOT_FOUND:
            return
    raise UnreachableError(f"{connection.server} forgets its lists while they are read. Run it again.")


def _heads(connection: Connection, kind: tuple[str, str]) -> list[Metadata] | None:
    found = None
    for page in pages(connection, kind, Heads, accept=HEADS, selector="" if kind == NAMESPACE else OURS):
        found = [*(found or ()), *(head.metadata for head in page.items or ())]
    return found
