"""YAML text to plain data, with YAML's traps refused instead of guessed at.

Knows YAML and nothing of profiles. Scalars follow YAML 1.2: only `true`, `false`, `null` and decimal numbers are
not text. What YAML 1.1 would have read as something else (`no`, `010`, `12:30:00`) is a diagnostic, so that nobody
is surprised. Dates stay text.
"""

import re
from typing import Any, Final, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from components.estate.finding import PathPart, Words, quoted

_PLAIN: Final = "plain"
_TEXT: Final = "text"
_WORDS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
                 "null": None, "Null": None, "NULL": None, "~": None, "": None}  # fmt: skip
_NUMBER_START: Final = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_OTHER_NUMBER = re.compile(  # what YAML 1.1 takes for a number and YAML 1.2 does not
    r"[-+]?(0[0-9_]+(\.[0-9_]*)?|0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?|[0-9]+\."
    r"|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|\.inf|\.Inf|\.INF|\.nan|\.NaN|\.NAN)",
    re.ASCII,
)
_OTHER_BOOLEAN: Final = frozenset(("yes", "no", "on", "off", "y", "n"))
_INTEGER_DIGITS_MAX: Final = 18  # fits 64 bits; longer ones are identifiers that lack their quotes
_DEPTH_MAX: Final = 100  # a profile has about 10; libyaml's composer overflows the stack at some 10,000
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as YAML 1.1, and so libyaml, counts lines
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Problem(NamedTuple):
    """Something wrong with the text itself: rule id, line and column from 1, what was found, what to do."""

    rule: str
    line: int
    column: int
    summary: Words
    remedy: Words


class Document(NamedTuple):
    """The data of one document, its nodes for looking up places, and what is wrong with it."""

    data: Any
    root: Node | None
    problems: tuple[Problem, ...]


class _TooDeepError(Exception):
    """Nesting beyond `_DEPTH_MAX`, at a mark."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__()
        self.mark = mark


class _Composer(yaml.CSafeLoader):
    """libyaml's parser with a resolver of our own: a plain scalar is `plain`, a quoted one is `text`."""

    _depth = 0

    def resolve(self, kind: type[Node], _value: str, implicit: tuple[bool, bool]) -> str:
        return _PLAIN if kind is ScalarNode and implicit[0] else _TEXT

    def descend_resolver(self, node: Node | None, _index: object) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX and node is not None:
            raise _TooDeepError(node.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1


def parse(text: str) -> Document:
    """Return the single document of `text`; its data is whole only where there are no problems."""
    try:
        composer = _Composer(text)
        root = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        return Document(None, None, (_syntax(text, error),))
    except yaml.reader.ReaderError:
        return Document(None, None, (_forbidden_character(text),))
    except _TooDeepError as error:
        return Document(None, None, (Problem("too-deep", error.mark.line + 1, error.mark.column + 1, *_DEEP),))
    if root is None or (root.tag is _PLAIN and root.value == ""):  # the latter: nothing but `---`
        return Document(None, None, (Problem("empty-document", 1, 1, *_EMPTY),))
    reader = _Reader(may_alias="*" in text)
    return Document(reader.read(root), root, tuple(reader.problems))


def place(root: Node, path: tuple[PathPart, ...]) -> tuple[int, int]:
    """Return line and column, from 1, of what `path` leads to; of the nearest parent where that is missing."""
    mark = root.start_mark
    node: Node | None = root
    for part in path:
        found = _child(node, part)
        if found is None:
            break
        mark, node = found
    return mark.line + 1, mark.column + 1


def place_after(text: str) -> tuple[int, int]:
    """Return line and column, from 1, of what would follow `text`."""
    lines = _LINE_BREAK.split(text)
    return len(lines), len(lines[-1]) + 1


def _child(node: Node | None, part: PathPart) -> tuple[Any, Node] | None:
    if isinstance(node, MappingNode):
        return next(((key.start_mark, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    return None


class _Reader:
    """Turns nodes into data; collects problems instead of stopping at the first."""

    def __init__(self, *, may_alias: bool) -> None:
        self.problems: list[Problem] = []
        self._seen: set[int] | None = set() if may_alias else None

    def read(self, node: Node) -> Any:
        if self._seen is not None:  # an alias gives the same node object again
            if id(node) in self._seen:
                return self._refuse(node, "alias", _ALIAS)
            self._seen.add(id(node))
        tag = node.tag
        if type(node) is ScalarNode:
            if tag is _TEXT:
                return node.value
            if tag is _PLAIN:
                return self._plain(node)
        elif tag is _TEXT:
            return self._mapping(node) if type(node) is MappingNode else [self.read(item) for item in node.value]
        return self._refuse(node, "tag", (Words(f"the tag {tag!r}", f"برچسب {tag!r}"), _TAG_REMEDY))

    def _mapping(self, node: Node) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, value = self._key(key_node), self.read(value_node)
            if key is None:
                continue
            if key in result:
                found = Words(f"the key {quoted(key)} is there twice", f"کلید {quoted(key)} دو بار آمده است")
                self._refuse(key_node, "duplicate-key", (found, _DUPLICATE_REMEDY))
            else:
                result[key] = value
        return result

    def _key(self, node: Node) -> str | None:
        if node.tag is _PLAIN and node.value.lower() in _OTHER_BOOLEAN:
            return str(node.value)  # `on` is a word among keys, as YAML 1.2 has it
        known = len(self.problems)
        key = self.read(node)
        if len(self.problems) > known:
            return None
        if not isinstance(key, str):
            self._refuse(node, "key-not-text", _KEY)
        elif key == "<<" and node.tag is _PLAIN:
            self._refuse(node, "merge-key", _MERGE)
        else:
            return key
        return None

    def _plain(self, node: Node) -> Any:
        value: str = node.value
        if value in _WORDS:
            return _WORDS[value]
        if value[0] in _NUMBER_START:
            return self._number(node, value)
        if value.lower() in _OTHER_BOOLEAN:
            found = Words(f"{quoted(value)} without quotes", f"{quoted(value)} بدون گیومه")
            return self._refuse(node, "ambiguous-boolean", (found, _BOOLEAN_REMEDY))
        return value

    def _number(self, node: Node, value: str) -> Any:
        if _INTEGER.fullmatch(value):
            if len(value) <= _INTEGER_DIGITS_MAX:
                return int(value)
        elif _FLOAT.fullmatch(value):
            number = float(value)
            if abs(number) < 10**_INTEGER_DIGITS_MAX:  # JSON Schema takes 80.0 for an integer, and so do we
                return int(number) if number.is_integer() else number
        elif not _OTHER_NUMBER.fullmatch(value):
            return value
        found = Words(f"{quoted(value)} without quotes", f"{quoted(value)} بدون گیومه")
        return self._refuse(node, "ambiguous-number", (found, _NUMBER_REMEDY))

    def _refuse(self, node: Node, rule: str, words: tuple[Words, Words]) -> None:
        mark = node.start_mark
        self.problems.append(Problem(rule, mark.line + 1, mark.column + 1, *words))


def _syntax(text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "not YAML"
    if error.context and "single document" in error.context:
        return Problem("several-documents", line, column, *_SEVERAL)
    line, column = min((line, column), place_after(text))  # libyaml ends the last line itself
    if "\t" in _LINE_BREAK.split(text)[line - 1][:column]:
        return Problem("tab", line, column, *_TAB)
    found = Words(f"this is not YAML: {problem}", f"ساختار YAML درست نیست: {problem}")
    return Problem("yaml-syntax", line, column, found, _SYNTAX_REMEDY)


def _forbidden_character(text: str) -> Problem:
    match = _FORBIDDEN.search(text)
    line, column = place_after(text[: match.start()] if match else "")
    name = f"U+{ord(match[0]):04X}" if match else "?"
    found = Words(f"the character {name}, which YAML does not allow", f"نویسهٔ {name} که در YAML مجاز نیست")
    return Problem("forbidden-character", line, column, found, _CHARACTER_REMEDY)


_EMPTY: Final = (
    Words("the file is empty", "پرونده خالی است"),
    Words("start from an example in agency_profiles/", "از یکی از نمونه‌های agency_profiles/ آغاز کنید"),
)
_SEVERAL: Final = (
    Words("a second document begins here", "سند دومی از این‌جا آغاز می‌شود"),
    Words("one file holds one document: remove `---`", "هر پرونده یک سند دارد: `---` را بردارید"),
)
_TAB: Final = (
    Words("a tab where YAML wants spaces", "نویسهٔ Tab در جایی که YAML فاصله می‌خواهد"),
    Words("indent with two spaces", "با دو فاصله تورفتگی دهید"),
)
_DEEP: Final = (
    Words(f"nesting deeper than {_DEPTH_MAX} levels", f"تودرتویی بیش از {_DEPTH_MAX} لایه"),
    Words("a profile needs about ten", "هر نمایه نزدیک به ده لایه لازم دارد"),
)
_ALIAS: Final = (
    Words("an alias (`*name`)", "ارجاع (`*name`)"),
    Words("write the value out; anchors and aliases are not accepted", "مقدار را بنویسید؛ لنگر و ارجاع پذیرفته نیست"),
)
_MERGE: Final = (
    Words("a merge key (`<<`)", "کلید ادغام (`<<`)"),
    Words("write the keys out", "کلیدها را یک‌یک بنویسید"),
)
_KEY: Final = (
    Words("a key that is not text", "کلیدی که متن نیست"),
    Words(
        "keys are words; quote it if it must look like a number",
        "کلید باید متن باشد؛ اگر شبیه عدد است در گیومه بگذارید",
    ),
)
_TAG_REMEDY: Final = Words("remove it; only plain values are accepted", "آن را بردارید؛ تنها مقدار ساده پذیرفته است")
_DUPLICATE_REMEDY: Final = Words("keep one of the two", "یکی از دو را نگه دارید")
_BOOLEAN_REMEDY: Final = Words(
    "write true or false, or put it in quotes if it is text", "true یا false بنویسید، یا اگر متن است در گیومه بگذارید"
)
_NUMBER_REMEDY: Final = Words(
    "write a decimal number without leading zeros, or put it in quotes if it is text",
    "عدد ده‌دهی بی صفر آغازین بنویسید، یا اگر متن است در گیومه بگذارید",
)
_SYNTAX_REMEDY: Final = Words(
    "look at this line and the one above: indentation, colons, quotes and brackets",
    "این سطر و سطر بالاتر را ببینید: تورفتگی، دونقطه، گیومه و کمانک",
)
_CHARACTER_REMEDY: Final = Words("remove it", "آن را بردارید")
