"""A file to text: regular, small, UTF-8. Anything else is said in a sentence."""

import stat
from pathlib import Path
from typing import Final

from components.estate.document import Problem, place_after
from components.estate.finding import Words

SIZE_MAX: Final = 1024 * 1024
"""Bytes. Sixty services take about 60 kB; a profile of a megabyte is a mistake or an attack."""

_BOM: Final = "\ufeff"


def read(path: Path) -> str | Problem:
    """Return the text of `path` without its byte order mark, or what is wrong with the file."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return _not_a_file(stat.S_ISLNK(status.st_mode))
        if status.st_size > SIZE_MAX:
            return _too_large(status.st_size)
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Problem(
            "unreadable-file", 0, 0,
            Words(f"the file cannot be read: {reason}", f"پرونده خوانده نمی‌شود: {reason}"),
            Words("look at its path and its permissions", "مسیر و دسترسی آن را بررسی کنید"),
        )  # fmt: skip
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode().removeprefix(_BOM)
        return Problem(
            "not-utf-8", *place_after(before),
            Words("text that is not UTF-8", "متنی که UTF-8 نیست"),
            Words("save the file as UTF-8", "پرونده را با رمزگذاری UTF-8 ذخیره کنید"),
        )  # fmt: skip


def _not_a_file(is_link: bool) -> Problem:  # noqa: FBT001  # the one question that is asked
    if is_link:
        return Problem(
            "link", 0, 0,
            Words("a symbolic link", "پیوند نمادین"),
            Words("commit the file itself", "خود پرونده را بفرستید"),
        )  # fmt: skip
    return Problem(
        "not-a-file", 0, 0,
        Words("not a regular file", "پروندهٔ معمولی نیست"),
        Words("a profile is one YAML file", "هر نمایه یک پروندهٔ YAML است"),
    )  # fmt: skip


def _too_large(size: int) -> Problem:
    return Problem(
        "too-large", 0, 0,
        Words(f"{size:,} bytes", f"{size:,} بایت"),
        Words(f"at most {SIZE_MAX:,} bytes are read", f"بیشینهٔ اندازه {SIZE_MAX:,} بایت است"),
    )  # fmt: skip
