"""A folder that we own: files appear whole, unchanged ones are left alone, stale ones go, foreign ones are safe."""

from pathlib import Path
from typing import Final

from scripts.errors import UsageError

MARKER: Final = ".govcloud-files"
"""Says what the folder holds, and lists the files that we wrote, one a line; its presence makes the folder ours."""
_HOLDS: Final = "# holds: "
"""Begins the marker's first line."""


class MarkedFolder:
    """Writes files below one folder. Call `finish` when all are written."""

    def __init__(self, path: Path, holds: str) -> None:
        """Take the folder over, or make it.

        Args:
            path: The folder.
            holds: What sort of files, in one word. Another sort's would be removed as stale, and a cluster that
                follows the folder would lose its objects.

        Raises:
            UsageError: It is not a folder, holds files and no marker of ours, or files of another sort.
        """
        self._path = path
        self._holds = holds
        self._marker = path / MARKER
        if path.exists() and not path.is_dir():
            raise UsageError(f"{path} is not a folder")
        if path.is_dir() and not self._marker.is_file() and any(path.iterdir()):
            raise UsageError(f"{path} holds files that are not ours: name an empty folder, or a new one")
        path.mkdir(parents=True, exist_ok=True)
        listed = self._marker.read_text(encoding="utf-8").splitlines() if self._marker.is_file() else []
        held = next((line.removeprefix(_HOLDS) for line in listed if line.startswith(_HOLDS)), holds)
        if held != holds:
            raise UsageError(f"{path} holds {held}: name another folder for the {holds}")
        names = (line for line in listed if not line.startswith(_HOLDS))
        self._earlier = {name for name in names if name and not {"..", "/"} & set(Path(name).parts)}
        self._now: set[str] = set()
        self._mark(self._earlier)
        self.written = 0
        self.unchanged = 0

    def write(self, name: str, content: str) -> None:
        """Write one file, in one step; leave it alone where its content is the same."""
        path = self._path / name
        self._now.add(name)
        encoded = content.encode()
        if path.is_file() and path.read_bytes() == encoded:
            self.unchanged += 1
            return
        if name not in self._earlier:  # known as ours before it is there, so that no run can orphan it
            self._earlier.add(name)
            with self._marker.open("a", encoding="utf-8") as marker:
                marker.write(f"{name}\n")
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, encoded)
        self.written += 1

    def finish(self, *, within: tuple[str, ...] = ()) -> int:
        """Remove what an earlier run wrote and this one did not, and return how many files that were.

        Args:
            within: Only names that begin with one of these are looked at; all where none is given.
        """
        stale = {name for name in self._earlier - self._now if not within or name.startswith(within)}
        for name in sorted(stale):
            path = self._path / name
            path.unlink(missing_ok=True)
            if path.parent != self._path and path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()
        self._mark((self._earlier | self._now) - stale)
        return len(stale)

    def _mark(self, names: set[str]) -> None:
        content = "".join(f"{line}\n" for line in (f"{_HOLDS}{self._holds}", *sorted(names))).encode()
        if not self._marker.is_file() or self._marker.read_bytes() != content:
            _replace(self._marker, content)


def _replace(path: Path, content: bytes) -> None:
    """Write the file in one step: what was there stays there until the disk has taken the new content."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
