"""Hypothesis strategies: valid profiles, damaged as people, editors and attackers damage them."""

import copy
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from components.estate import schema
from components.estate.finding import PathPart
from tests.estate.examples import from_examples

WHOLE: Final[dict[str, Any]] = from_examples(schema.load(schema.AGENCY_PROFILE))
"""A valid profile in which every key occurs."""

TEXT: Final = "# a comment\n" + yaml.safe_dump(WHOLE, allow_unicode=True, sort_keys=False)

ODD_VALUES: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [None, True, False, 0, -1, 1.5, 10**17, "", "no", "1402-12-30", "x" * 600, "irica\n", "\u200c", "\x85", [], {},
     [[]], [None], [1, True, 1.5], {"": None}, {"a": {"b": ["c"]}}, "گمرک", "10.0.0.1", "https://*.test", "a.b"]
)  # fmt: skip


def paths(node: Any, prefix: tuple[PathPart, ...] = ()) -> list[tuple[PathPart, ...]]:
    """Return the paths of all parts of plain data."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [prefix]
    for key, value in items:
        found += paths(value, (*prefix, key))
    return found


def at(data: Any, path: tuple[PathPart, ...]) -> Any:
    """Return the part of plain data to which a path leads."""
    for part in path:
        data = data[part]
    return data


@st.composite
def damaged_data(draw: st.DrawFn) -> Any:
    """Plain data of a profile with one to three parts deleted, replaced, renamed, doubled or added."""
    data = copy.deepcopy(WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        places = paths(data)[1:]
        if not places:
            return data
        *parent_path, key = draw(st.sampled_from(places))
        parent = at(data, tuple(parent_path))
        how = draw(st.sampled_from(["delete", "replace", "swap", "rename", "double", "add"]))
        if how == "delete":
            del parent[key]
        elif how == "replace":
            parent[key] = copy.deepcopy(draw(ODD_VALUES))
        elif how == "swap":
            parent[key] = copy.deepcopy(at(data, draw(st.sampled_from(places))))
        elif isinstance(parent, dict):
            value = draw(ODD_VALUES) if how == "add" else parent[key] if how == "double" else parent.pop(key)
            parent[draw(st.sampled_from([f"{key}s", str(key).upper(), f"_{key}", "", "a\nb", "on"]))] = copy.deepcopy(
                value
            )
        else:
            parent.insert(key, copy.deepcopy(parent[key]) if how == "double" else copy.deepcopy(draw(ODD_VALUES)))
    return data


_ODD_TEXT: Final = [
    "\t", "\0", "\x1b", "\ufeff", "\u2028", "\x85", "\r", "\n", "\n\n", "---", "...", "%YAML 1.1", "&a ", "*a", "<<: ",
    "!t ", "? ", "- ", ": ", "[", "]", "{", "}", '"', "'", "|\n", ">-\n", "#", " #", "@", "`", "010", "0x1f", "12:30",
    "no", "~", "null", ".nan", "1e999", "-e5", "9" * 30, "گ", "\\", '"\\ud800"', '"\\x00"', "[" * 200,
    "- " * 200,
]  # fmt: skip


@st.composite
def damaged_text(draw: st.DrawFn) -> bytes:
    """The bytes of a profile with one to four edits of characters, lines or bytes."""
    content = TEXT.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.sampled_from([start, start, start + 1, start + 40, len(content)]))
        new = draw(st.one_of(st.sampled_from(_ODD_TEXT).map(str.encode), st.binary(max_size=4)))
        how = draw(st.sampled_from(["edit", "line", "double"]))
        if how == "edit":
            content = content[:start] + new + content[end:]
        else:
            lines = content.split(b"\n")
            index = draw(st.integers(0, len(lines) - 1))
            lines[index : index + 1] = [new + lines[index]] if how == "line" else [lines[index], lines[index]]
            content = b"\n".join(lines)
    return content
