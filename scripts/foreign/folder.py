"""Folders to the manifest files in them, in a fixed order; what is passed over is counted or said, never hidden."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from components.estate.document import Problem, place_after
from components.estate.finding import Words, printable
from scripts.errors import UsageError

SIZE_MAX: Final = 8 * 1024 * 1024
"""Bytes. The largest bundles of resource definitions have about five; to read a document takes fifty times its size."""
UNREADABLE: Final = "manifest-unreadable"

_ENDINGS: Final = frozenset((".yaml", ".yml", ".json"))
_BOM: Final = "\ufeff"


class File(NamedTuple):
    """A file that may hold objects, and how people name it; or what is wrong with it already."""

    path: Path
    shown: str
    problem: Problem | None = None


class _Passed(Enum):
    """Why something was passed over."""

    OTHER = "another ending"
    HIDDEN = "a hidden folder"


class Listing(NamedTuple):
    """What lies below the folders that were named.

    Attributes:
        others: How many files have another ending; they are not read.
        hidden: How many hidden folders were not looked into.
    """

    files: tuple[File, ...]
    others: int
    hidden: int


def listing(named: Sequence[Path]) -> Listing:
    """List the files of these folders, each once; a file that is named itself is listed whatever its ending.

    Raises:
        UsageError: One of them is not there.
    """
    for path in named:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
    roots = [os.path.realpath(path) for path in named]
    files: dict[str, File] = {}
    passed: Counter[_Passed] = Counter()
    for path in named:
        for found in _below(path, roots):
            if isinstance(found, File):
                own = os.path.abspath if found.problem else os.path.realpath  # a link to nowhere is not its target
                files.setdefault(own(found.path), found)
            else:
                passed[found] += 1
    return Listing(tuple(files.values()), passed[_Passed.OTHER], passed[_Passed.HIDDEN])


def text_of(path: Path) -> str | Problem:
    """Return the text of a file without its byte order mark, or what is wrong with the file."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would never end
            return Problem(UNREADABLE, 0, 0, *_NO_FILE)
        if status.st_size > SIZE_MAX:
            return Problem("manifest-too-large", 0, 0, *_too_large(status.st_size))
        content = path.read_bytes()
    except OSError as error:
        return _refused(error)
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        return Problem("manifest-not-utf-8", *place_after(content[: error.start].decode()), *_NOT_UTF_8)


def _below(named: Path, roots: Sequence[str]) -> Iterator[File | _Passed]:
    """Yield the files below a folder, and what is passed over; links are followed to what is read anyway."""
    if not named.is_dir():
        yield File(named, printable(str(named)))
        return
    refused: list[OSError] = []
    for folder, folders, names in os.walk(named, onerror=refused.append):
        shown = sorted(name for name in folders if not name.startswith("."))
        yield from [_Passed.HIDDEN] * (len(folders) - len(shown))
        folders[:] = shown
        for path in (Path(folder, name) for name in shown):
            if path.is_symlink() and not _leads_into(path, roots):
                yield _linked(path)
        for path in (Path(folder, name) for name in sorted(names)):
            yield _file(path, roots)
    for error in refused:
        path = Path(os.fsdecode(error.filename))
        yield File(path, printable(str(path)), _refused(error))


def _file(path: Path, roots: Sequence[str]) -> File | _Passed:
    if path.suffix.lower() not in _ENDINGS:
        return _Passed.OTHER
    if path.is_symlink() and not (_leads_into(path, roots) and path.is_file()):
        return _linked(path)
    return File(path, printable(str(path)))


def _leads_into(link: Path, roots: Sequence[str]) -> bool:
    target = Path(os.path.realpath(link))
    return any(target.is_relative_to(root) for root in roots)


def _linked(path: Path) -> File:
    return File(path, printable(str(path)), Problem("manifest-link", 0, 0, *_LINK))


def _refused(error: OSError) -> Problem:
    reason = error.strerror or type(error).__name__
    found = Words(f"it cannot be read: {reason}", f"خوانده نمی‌شود: {reason}")
    return Problem(UNREADABLE, 0, 0, found, Words("look at its permissions", "دسترسی آن را بررسی کنید"))


def _too_large(size: int) -> tuple[Words, Words]:
    limit = SIZE_MAX // 1024**2
    return (
        Words(f"{size:,} bytes", f"{size:,} بایت"),
        Words(
            f"at most {limit} MiB of one file are read: divide it", f"بیشینهٔ هر پرونده {limit} MiB است: آن را بخش کنید"
        ),
    )


_NO_FILE: Final = (
    Words("not a regular file", "پروندهٔ معمولی نیست"),
    Words("name files and folders", "پرونده یا پوشه نام ببرید"),
)
_NOT_UTF_8: Final = (
    Words("text that is not UTF-8, or no text at all", "متنی که UTF-8 نیست، یا اصلاً متن نیست"),
    Words("save it as UTF-8; decrypt or move what is no manifest",
          "آن را با UTF-8 ذخیره کنید؛ آن‌چه مانیفست نیست رمزگشایی یا جابه‌جا کنید"),
)  # fmt: skip
_LINK: Final = (
    Words(
        "a symbolic link that leads out of the folder, or nowhere", "پیوند نمادینی که به بیرون پوشه یا به هیچ‌جا می‌رسد"
    ),
    Words("put the file itself here, or name its folder too", "خود پرونده را بگذارید، یا پوشهٔ آن را هم نام ببرید"),
)
