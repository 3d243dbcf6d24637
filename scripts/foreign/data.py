"""YAML nodes to plain data, as kubectl makes it; what cannot be read is a problem at its line.

Anchors, aliases and merge keys are allowed, as kubectl allows them, with a bound on what they may grow to. A merge key
counts where it stands, as kubectl has it: a key after it wins, a key before it loses.
"""

import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from components.estate.document import Problem
from components.estate.finding import Words, quoted
from scripts.foreign.scalar import resolve
from scripts.foreign.tree import PLAIN, TEMPLATE, TEMPLATE_WORDS, TEXT, UnreadableError, roots

_LONG: Final = "tag:yaml.org,2002:"
_TYPES: Final = {
    f"{_LONG}bool": (bool,),
    f"{_LONG}int": (int,),
    f"{_LONG}float": (int, float),
    f"{_LONG}null": (type(None),),
}
_STRINGS: Final = frozenset((f"{_LONG}str", f"{_LONG}timestamp"))
_COLLECTIONS: Final = frozenset((TEXT, f"{_LONG}map", f"{_LONG}seq"))
_GROWTH_MAX: Final = 100_000  # values that aliases may add to a document; kubectl stops at some 400,000


class Document(NamedTuple):
    """One document: its data, None where it is empty or could not be read, and what is wrong with it."""

    data: Any
    problems: tuple[Problem, ...]


def documents(text: str) -> Iterator[Document]:
    """Yield the documents of a file in their order."""
    may_alias = "*" in text
    for root in roots(text):
        if isinstance(root, Problem):
            yield Document(None, (root,))
            continue
        reader = _Reader(may_alias=may_alias)
        try:
            data = reader.read(root)
        except UnreadableError as error:
            yield Document(None, (error.problem,))
        else:
            yield Document(data, tuple(reader.problems))


class _Reader:
    """Turns nodes into data; collects problems instead of stopping at the first."""

    def __init__(self, *, may_alias: bool) -> None:
        self.problems: list[Problem] = []
        self._read = self._shared if may_alias else self._fresh
        self._made: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._size = 0
        self._growth = 0

    def read(self, node: Node) -> Any:
        """Return the data of a node.

        Raises:
            UnreadableError: An alias contains itself, or aliases grow beyond all measure.
        """
        return self._read(node)

    def _shared(self, node: Node) -> Any:
        """Read a node that aliases may lead to again: made once, and its size counted each time."""
        known = self._made.get(id(node))
        if known is not None:
            self._growth += known[1]
            self._size += known[1]
            if self._growth > _GROWTH_MAX:
                raise UnreadableError("manifest-alias", node.start_mark, _BOMB)
            return known[0]
        if id(node) in self._open:
            raise UnreadableError("manifest-alias", node.start_mark, _RECURSIVE)
        self._open.add(id(node))
        before = self._size
        self._size += 1 + (len(node.value) // 64 if type(node) is ScalarNode else 0)
        data = self._fresh(node)
        self._open.remove(id(node))
        self._made[id(node)] = data, self._size - before
        return data

    def _fresh(self, node: Node) -> Any:
        tag = node.tag
        if tag is PLAIN:
            value = resolve(node.value)
            return self._number(node, value) if type(value) is float else value
        if type(node) is ScalarNode:
            return node.value if tag is TEXT else self._tagged(node)
        if tag not in _COLLECTIONS:
            self._report(node, "manifest-tag", (_tag(tag), _TAG_REMEDY))
        return self._mapping(node) if type(node) is MappingNode else [*map(self._read, node.value)]

    def _mapping(self, node: Node) -> dict[str, Any]:
        result: dict[str, Any] = {}
        borrowed: set[str] = set()
        read = self._read
        for key_node, value_node in node.value:
            if key_node.tag is PLAIN and key_node.value == "<<":
                borrowed |= self._merge(result, value_node)
                continue
            key, value = read(key_node), read(value_node)
            if type(key) is not str and (key := self._key(key_node, key)) is None:
                continue
            if key in result and key not in borrowed:
                found = f"the key {quoted(key)} is there twice", f"کلید {quoted(key)} دو بار آمده است"
                self._report(key_node, "manifest-duplicate-key", (Words(*found), _DUPLICATE_REMEDY))
            result[key] = value
        return result

    def _key(self, node: Node, key: Any) -> str | None:
        """Return a key that is no text as text, as JSON wants it."""
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, int | float):
            return str(key)
        is_template = isinstance(node, MappingNode) and node.flow_style
        self._report(node, *((TEMPLATE, TEMPLATE_WORDS) if is_template else ("manifest-key", _KEY)))
        return None

    def _merge(self, result: dict[str, Any], node: Node) -> set[str]:
        """Put what a merge key names into `result`, and return the keys of that."""
        merged = self._read(node)
        several = merged[::-1] if isinstance(node, SequenceNode) else [merged]  # of several, the first wins
        if not all(isinstance(one, dict) for one in several):
            self._report(node, "manifest-key", _MERGE)
            return set()
        for one in several:
            result.update(one)
        return {key for one in several for key in one}

    def _tagged(self, node: Node) -> Any:
        if node.tag in _STRINGS:
            return node.value
        value = resolve(node.value)
        if type(value) in _TYPES.get(node.tag, ()):
            return self._number(node, value)
        self._report(node, "manifest-tag", (_tag(node.tag), _TAG_REMEDY))
        return node.value

    def _number(self, node: Node, value: Any) -> Any:
        if type(value) is float and not math.isfinite(value):
            found = f"{quoted(node.value)} is no number of JSON", f"{quoted(node.value)} عدد JSON نیست"
            self._report(node, "manifest-number", (Words(*found), _NUMBER_REMEDY))
        return value

    def _report(self, node: Node, rule: str, words: tuple[Words, Words]) -> None:
        mark = node.start_mark
        self.problems.append(Problem(rule, mark.line + 1, mark.column + 1, *words))


def _tag(tag: str) -> Words:
    return Words(f"the tag {quoted(tag)}", f"برچسب {quoted(tag)}")


_BOMB: Final = (
    Words(f"aliases (`*name`) that add more than {_GROWTH_MAX:,} values",
          f"ارجاع‌هایی (`*name`) که بیش از {_GROWTH_MAX:,} مقدار می‌افزایند"),
    Words("write the values out", "مقدارها را بنویسید"),
)  # fmt: skip
_RECURSIVE: Final = (
    Words("an anchor whose value contains itself", "لنگری که مقدارش خود را در بر دارد"),
    Words("write the values out", "مقدارها را بنویسید"),
)
_KEY: Final = (
    Words("a key that is not text", "کلیدی که متن نیست"),
    Words("keys are words", "کلید باید متن باشد"),
)
_MERGE: Final = (
    Words("a merge key (`<<`) without a mapping", "کلید ادغام (`<<`) بی نگاشت"),
    Words("let it name a mapping or a list of mappings, or write the keys out",
          "نام یک نگاشت یا فهرستی از نگاشت‌ها را بدهید، یا کلیدها را بنویسید"),
)  # fmt: skip
_TAG_REMEDY: Final = Words("remove it; only plain values are read", "آن را بردارید؛ تنها مقدار ساده خوانده می‌شود")
_DUPLICATE_REMEDY: Final = Words("keep one of the two", "یکی از دو را نگه دارید")
_NUMBER_REMEDY: Final = Words("write a number, or put it in quotes", "عدد بنویسید یا در گیومه بگذارید")
