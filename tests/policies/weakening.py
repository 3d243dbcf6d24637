"""Everything that can be taken away from one generated object, or made wider, one thing at a time."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from components.estate.finding import PathPart, Where
from components.manifests.manifest import Manifest

_WIDER: Mapping[str, tuple[Any, ...]] = {
    "cidr": ("0.0.0.0/0",),
    "port": (1,),
    "verbs": (["*"],),
    "resources": (["*"],),
    "apiGroups": (["*"],),
    "matchLabels": ({},),
    "from": ([],),
    "to": ([],),
}


class Weakening(NamedTuple):
    """A changed object (None where it is gone), and where and how it was changed."""

    path: tuple[PathPart, ...]
    how: str
    body: Manifest | None

    @property
    def pointer(self) -> str:
        """The place, without the numbers of list items."""
        return Where("", tuple(part for part in self.path if isinstance(part, str))).pointer


def weakenings(manifest: Manifest) -> Iterator[Weakening]:
    """Yield each of them; what names the object stays, or it would be another one."""
    yield Weakening((), "deleted", None)
    for path, how, body in _changed(manifest, ()):
        if path[:1] not in {("apiVersion",), ("kind",)} and path not in {
            ("metadata",),
            ("metadata", "name"),
            ("metadata", "namespace"),
        }:
            yield Weakening(path, how, body)


def _changed(node: Any, path: tuple[PathPart, ...]) -> Iterator[tuple[tuple[PathPart, ...], str, Any]]:
    """Yield place, manner and the whole tree for each change below `node`."""
    if isinstance(node, dict):
        for key, value in node.items():
            here = (*path, key)
            yield here, "removed", {k: v for k, v in node.items() if k != key}
            for how, other in _others(key, value):
                yield here, how, node | {key: other}
            for below, how, changed in _changed(value, here):
                yield below, how, node | {key: changed}
    elif isinstance(node, list):
        for index, value in enumerate(node):
            before, after, here = node[:index], node[index + 1 :], (*path, index)
            yield here, "removed", [*before, *after]
            for how, other in _others("", value):
                yield here, how, [*before, other, *after]
            for below, how, changed in _changed(value, here):
                yield below, how, [*before, changed, *after]


def _others(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    for wider in _WIDER.get(key, ()):
        if wider != value:
            yield f"{wider!r}", wider
    if isinstance(value, bool):
        yield "turned", not value
    elif isinstance(value, str):
        yield "another", f"{value}-other"
    elif isinstance(value, int):
        yield "larger", value * 1000 + 1000
