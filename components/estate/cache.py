"""What a run found out, so that the next one need not find it out again: plain data, by digest of all it came from.

A cache that is missing, damaged or of another version is an empty one.
"""

import hashlib
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from components.estate import document
from components.estate.document import Document, parse

LOCATION: Final = Path(".govcloud", "cache", "parsed.json")
"""Where parsed profiles lie below the project's root, for the command and for the Pulumi program alike."""

UNKNOWN: Final = object()
"""What a cache answers where it knows nothing: null is something."""
_VERSION: Final = hashlib.sha256(Path(document.__file__).read_bytes()).hexdigest()


class Cache:
    """Plain data by key, in one file. Use it for one run, then `save`: what the run did not use is forgotten."""

    def __init__(self, path: Path, version: str) -> None:
        """Read the file at `path`, if it is a good one of this version."""
        self._path = path
        self._version = version
        self._old = _load(path, version)
        self._new: dict[str, Any] = {}

    def recall(self, key: str) -> Any:
        """Return what this run or an earlier one kept under `key`, or `UNKNOWN`."""
        if key not in self._new and key in self._old:
            self._new[key] = self._old[key]
        return self._new.get(key, UNKNOWN)

    def keep(self, key: str, data: Any) -> None:
        """Keep plain data for the next run."""
        self._new[key] = data

    def save(self) -> None:
        """Keep what this run used, in one step; a full disk costs the cache and nothing else."""
        if self._new.keys() == self._old.keys():
            return
        content = msgspec.json.encode({"version": self._version, "data": self._new})
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._path.parent, delete=False) as file:
                beside = Path(file.name)
                try:
                    file.write(content)
                    file.flush()
                    beside.replace(self._path)
                except OSError:
                    beside.unlink(missing_ok=True)


class ParseCache(Cache):
    """A parser that remembers plain data, never objects, by the text; the schema judges it anew each time."""

    def __init__(self, path: Path) -> None:
        """Read the cache at `path`, if there is a good one."""
        super().__init__(path, _VERSION)

    def __call__(self, text: str) -> Document:
        """Return the document of `text`, without nodes where it was remembered."""
        key = hashlib.sha256(text.encode()).hexdigest()
        remembered = self.recall(key)
        if remembered is not UNKNOWN:
            return Document(remembered, None, ())
        parsed = parse(text)
        if not parsed.problems:
            self.keep(key, parsed.data)
        return parsed


def _load(path: Path, version: str) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    data = content.get("data")
    return data if content.get("version") == version and isinstance(data, dict) else {}
