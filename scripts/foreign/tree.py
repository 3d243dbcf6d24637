"""The text of a manifest file to the trees of its documents: a broken one is a problem, and hides none after it.

Knows YAML, and so JSON; not what its values mean.
"""

import re
from collections.abc import Generator, Iterator
from typing import Final

import yaml
from yaml.nodes import Node, ScalarNode

from components.estate.document import Problem, place_after
from components.estate.finding import Words

TEMPLATE: Final = "manifest-template"
PLAIN: Final = "plain"
"""The tag of a scalar without quotes, of which nobody has said what it means."""
TEXT: Final = "text"
"""The tag of a scalar that is text, and of a mapping or sequence without a tag of its own."""

_DEPTH_MAX: Final = 200  # the deepest resource definitions have about 60; libyaml overflows the stack at some 10,000
_ERRORS_MAX: Final = 20  # broken documents of one file
_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAIR = re.compile(r"(\\[^u])|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


class UnreadableError(Exception):
    """What makes a whole document unreadable, at a mark."""

    def __init__(self, rule: str, mark: yaml.Mark, words: tuple[Words, Words]) -> None:
        """Make the problem that says it."""
        super().__init__(rule)
        self.problem = Problem(rule, mark.line + 1, mark.column + 1, *words)


class _Composer(yaml.CSafeLoader):
    """libyaml's parser with a resolver of our own: a plain scalar is `plain`, a quoted one is `text`."""

    _depth = 0

    def resolve(self, kind: type[Node], _value: str, implicit: tuple[bool, bool]) -> str:
        return PLAIN if kind is ScalarNode and implicit[0] else TEXT

    def descend_resolver(self, node: Node | None, _index: object) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX and node is not None:
            raise UnreadableError("manifest-too-deep", node.start_mark, _DEEP)

    def ascend_resolver(self) -> None:
        self._depth -= 1


def roots(text: str) -> Iterator[Node | Problem]:
    """Yield the root node of each document in their order, a problem in the place of a broken one."""
    if text.lstrip().startswith("{"):  # JSON writes a character beyond the first plane as two halves
        text = _PAIR.sub(_joined, text)
    resumed = 0
    for _ in range(_ERRORS_MAX):
        problem = yield from _intact_roots(text)
        if problem is None:
            return
        yield problem
        resumed = max(problem.line, resumed + 1)
        lines = text.split("\n")
        rest = "\n".join(lines[resumed - 1 :])
        separator = _SEPARATOR.search(rest)
        if separator is None:
            return
        resumed += rest.count("\n", 0, separator.start())
        text = "\n" * (resumed - 1) + rest[separator.start() :]


def _intact_roots(text: str) -> Generator[Node, None, Problem | None]:
    """Yield the roots up to the first error, and return that."""
    composer = _Composer(text)
    try:
        while composer.check_node():
            root = composer.get_node()
            if root is not None:
                yield root
    except yaml.MarkedYAMLError as error:
        return _syntax(text, error)
    except yaml.reader.ReaderError:
        return _forbidden_character(text)
    except UnreadableError as error:
        return error.problem
    finally:
        composer.dispose()
    return None


def _syntax(text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    line, column = min((line, column), place_after(text))  # libyaml ends the last line itself
    first = min(line, error.context_mark.line + 1) if error.context_mark else line
    if "{{" in "\n".join(text.split("\n")[first - 1 : line]):
        return Problem(TEMPLATE, line, column, *TEMPLATE_WORDS)
    said = error.problem or "not YAML"
    found = Words(f"this is not YAML: {said}", f"ساختار YAML درست نیست: {said}")
    return Problem("manifest-syntax", line, column, found, _SYNTAX_REMEDY)


def _forbidden_character(text: str) -> Problem:
    match = _FORBIDDEN.search(text)
    line, column = place_after(text[: match.start()] if match else "")
    name = f"U+{ord(match[0]):04X}" if match else "?"
    found = Words(f"the character {name}, which YAML does not allow", f"نویسهٔ {name} که در YAML مجاز نیست")
    return Problem("manifest-syntax", line, column, found, Words("remove it", "آن را بردارید"))


def _joined(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    return bytes.fromhex(match[2] + match[3]).decode("utf-16-be")


_DEEP: Final = (
    Words(f"nesting deeper than {_DEPTH_MAX} levels", f"تودرتویی بیش از {_DEPTH_MAX} لایه"),
    Words("no Kubernetes object needs that", "هیچ شیء کوبرنتیز به آن نیاز ندارد"),
)
TEMPLATE_WORDS: Final = (
    Words("an unresolved template (`{{`)", "قالب پُرنشده (`{{`)"),
    Words("render it first and check the result: `helm template … --output-dir DIR`",
          "نخست آن را پُر کنید و نتیجه را بررسی کنید: `helm template … --output-dir DIR`"),
)  # fmt: skip
_SYNTAX_REMEDY: Final = Words(
    "look at this line and the one above: indentation, colons, quotes and brackets",
    "این سطر و سطر بالاتر را ببینید: تورفتگی، دونقطه، گیومه و کمانک",
)
