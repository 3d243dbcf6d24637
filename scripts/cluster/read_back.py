"""Does the cluster hold what is declared, and nothing beside it? Compares values, whoever wrote them.

Others may add labels, annotations and whole top-level fields such as a status. Inside what we declare nothing may be
added: `ingress: [{}]` in a default-deny opens the namespace. Builders write server defaults out, so this is exact.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

import msgspec

from components.manifests.manifest import identity
from scripts.cluster import address
from scripts.cluster.address import Identity
from scripts.cluster.answer import Page, tree
from scripts.cluster.connection import THREADS, Connection
from scripts.cluster.inventory import OURS, pages

Path = tuple[str | int, ...]

MISSING: Final = "(nothing)"

_QUANTITIES: Final = {("ResourceQuota", "spec", "hard"), ("LimitRange", "spec", "limits")}
"""Where amounts lie, which the server may spell in another way."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A declared value that the cluster does not hold."""

    subject: Identity
    path: str
    declared: str
    live: str

    @property
    def shown(self) -> str:
        """The difference as a sentence."""
        where = f"{address.shown(self.subject)} {self.path}".rstrip()
        return f"{where}: {self.declared} is declared, {self.live} is there"


def read_back(connection: Connection, manifests: Iterable[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """Read every declared object from the cluster and return what is not as declared.

    Raises:
        ClusterError: It could not be read.
    """
    declared = {identity(manifest): manifest for manifest in manifests}
    kinds = sorted({subject[:2] for subject in declared})
    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(
            item for listed in pool.map(lambda kind: _listed(connection, kind, declared), kinds) for item in listed
        )
        unlisted = sorted(declared.keys() - found.keys())  # it lost our label, or it is not there
        found |= zip(
            unlisted, pool.map(lambda subject: _alone(connection, subject, declared[subject]), unlisted), strict=True
        )
    return tuple(difference for subject in sorted(found) for difference in found[subject])


def compare(declared: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return the declared values that `live` does not hold, and what it holds inside of them beside."""
    subject = identity(declared)
    body = {key: value for key, value in declared.items() if key not in ("apiVersion", "kind")}
    return tuple(
        Difference(subject=subject, path=_pointer(path), declared=_text(wanted), live=_text(there))
        for path, wanted, there in _differing((subject[1],), body, live)
    )


def _listed(
    connection: Connection, kind: tuple[str, str], declared: Mapping[Identity, Mapping[str, Any]]
) -> list[tuple[Identity, tuple[Difference, ...]]]:
    found = []
    for page in pages(connection, kind, Page, accept="application/json", selector=OURS):
        for item in page.items or ():
            live = tree(item)  # a list's items bear no kind
            subject = (*kind, live["metadata"].get("namespace", ""), live["metadata"]["name"])
            if subject in declared:
                found.append((subject, compare(declared[subject], live)))
    return found


def _alone(connection: Connection, subject: Identity, declared: Mapping[str, Any]) -> tuple[Difference, ...]:
    answer = connection.get(address.path(subject))
    if answer.status != HTTPStatus.OK:
        return (Difference(subject=subject, path="", declared="the object", live="nothing"),)
    return compare(declared, tree(answer.body))


def _differing(path: Path, declared: Any, live: Any) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        for key, value in declared.items():
            yield from _differing((*path, key), value, live.get(key, MISSING))
        if len(path) > 1 and path[1] != "metadata":
            for key in sorted(live.keys() - declared.keys()):
                yield (*path, key), MISSING, live[key]
    elif isinstance(declared, list) and isinstance(live, list):
        # The server never adds entries to the lists that we declare: one more peer or subject is one too many.
        if len(declared) != len(live):
            yield path, f"{len(declared)} entries", f"{len(live)} entries"
        for index, (value, there) in enumerate(zip(declared, live, strict=False)):
            yield from _differing((*path, index), value, there)
    elif not _same(path, declared, live):
        yield path, declared, live


def _same(path: Path, declared: Any, live: Any) -> bool:
    if declared == live and isinstance(declared, bool) == isinstance(live, bool):
        return True
    return path[:3] in _QUANTITIES and _amount(declared) is not None and _amount(declared) == _amount(live)


def _amount(quantity: Any) -> Any:
    from kubernetes.utils import parse_quantity  # noqa: PLC0415 - see connection.py

    try:
        return parse_quantity(quantity)  # type: ignore[no-untyped-call]
    except ValueError:
        return None


def _pointer(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:]).removeprefix(".")


def _text(value: Any) -> str:
    return value if value == MISSING else msgspec.json.encode(value).decode()
