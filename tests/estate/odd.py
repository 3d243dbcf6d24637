"""Files that git, editors or checkouts would mangle, made when they are needed, each with what must be said of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.estate.expectation import PROFILES, Expected

MINIMAL: Final = (PROFILES / "valid" / "minimal.yaml").read_text(encoding="utf-8")


class Odd(NamedTuple):
    """How to make `odd.yaml`, and the one finding that it gives."""

    make: Callable[[Path], object]
    line: int
    column: int
    rule: str
    fragment: str

    @property
    def expected(self) -> Expected:
        """The finding, as a comment would announce it."""
        return Expected(self.line, self.column, self.rule, "", self.fragment)


def _content(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _large(size: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)  # sparse: takes no room on the disk

    return make


def _link(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def _link_to_a_good_file(path: Path) -> None:
    target = path.parent.parent / "elsewhere.yaml"
    target.write_text(MINIMAL, encoding="utf-8")
    path.symlink_to(target)


def _lines(*lines: str) -> bytes:
    return "\n".join((*lines, "")).encode()


ODD: Final[dict[str, Odd]] = {
    "empty": Odd(_content(b""), 1, 1, "empty-document", "the file is empty; start from an example"),
    "only-comments": Odd(_content(b"# nothing\n\n# here\n"), 1, 1, "empty-document", "the file is empty"),
    "only-a-byte-order-mark": Odd(_content(b"\xef\xbb\xbf"), 1, 1, "empty-document", "the file is empty"),
    "only-a-document-start": Odd(_content(b"---"), 1, 1, "empty-document", "the file is empty"),
    "a-byte-too-large": Odd(_large(1024 * 1024 + 1), 0, 0, "too-large", "1,048,577 bytes; at most 1,048,576 bytes"),
    "fifty-megabytes": Odd(_large(50_000_000), 0, 0, "too-large", "50,000,000 bytes; at most 1,048,576 bytes"),
    "directory": Odd(Path.mkdir, 0, 0, "not-a-file", "not a regular file; a profile is one YAML file"),
    "fifo": Odd(os.mkfifo, 0, 0, "not-a-file", "not a regular file"),
    "dangling-link": Odd(_link("nowhere.yaml"), 0, 0, "link", "a symbolic link; commit the file itself"),
    "looping-link": Odd(_link("odd.yaml"), 0, 0, "link", "a symbolic link"),
    "link-to-a-device": Odd(_link("/dev/zero"), 0, 0, "link", "a symbolic link"),
    "link-to-a-good-file": Odd(_link_to_a_good_file, 0, 0, "link", "a symbolic link"),
    "windows-1256": Odd(
        _content("kind: AgencyProfile # fine\nname: گمرك\n".encode("cp1256")),
        2,
        7,
        "not-utf-8",
        "save the file as UTF-8",
    ),
    "utf-8-cut-in-a-letter": Odd(_content("نام: گمرک".encode()[:-1]), 1, 9, "not-utf-8", "text that is not UTF-8"),
    "utf-16": Odd(_content(MINIMAL.encode("utf-16")), 1, 1, "not-utf-8", "save the file as UTF-8"),
    "utf-16-without-mark": Odd(_content("kind: x\n".encode("utf-16-be")), 1, 1, "forbidden-character", "U+0000"),
    "nul": Odd(_content(_lines("نام: گمرک", "نام دوم: گم\0رک")), 2, 12, "forbidden-character", "U+0000"),
    "nul-after-windows-breaks": Odd(_content(b"a: b\r\nc: d\r\ne: \0\r\n"), 3, 4, "forbidden-character", "U+0000"),
    "escape": Odd(_content(_lines("a: \x1b[31m")), 1, 4, "forbidden-character", "the character U+001B"),
    "far-nul": Odd(_content(_lines(*["نام: گمرک"] * 9000, "a: \0")), 9001, 4, "forbidden-character", "U+0000"),
    "deep-flow": Odd(_content(b"[" * 1_000_000), 1, 100, "too-deep", "nesting deeper than 100 levels"),
    "deep-blocks": Odd(_content(b"- " * 500_000), 1, 199, "too-deep", "a profile needs about ten"),
    "deep-mappings": Odd(_content(b"{a: " * 250_000), 1, 397, "too-deep", "nesting deeper than 100 levels"),
    "deep-keys": Odd(_content(b"? " * 500_000), 1, 199, "too-deep", "nesting deeper than 100 levels"),
    "tab-at-the-start": Odd(_content(b"\tkind: AgencyProfile\n"), 1, 1, "tab", "indent with two spaces"),
    "no-last-line-break": Odd(_content(b"a: [b"), 1, 6, "yaml-syntax", "this is not YAML"),
}


def _unreadable(path: Path) -> None:
    path.write_text(MINIMAL, encoding="utf-8")
    path.chmod(0)


UNREADABLE: Final = Odd(
    _unreadable, 0, 0, "unreadable-file", "the file cannot be read: Permission denied; look at its path"
)
"""Not among the rest: the superuser may read it."""
