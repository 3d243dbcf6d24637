"""What parsing gave last time, so that unchanged files are not parsed again.

Holds plain data, never objects, by the digest of the text; the schema judges it anew each time. A cache that is
missing, damaged or of another version is an empty one.
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
"""Where the cache lies below the project's root, for the command and for the Pulumi program alike."""

_VERSION: Final = hashlib.sha256(Path(document.__file__).read_bytes()).hexdigest()


class ParseCache:
    """A parser that remembers. Use it for one run, then `save`."""

    def __init__(self, path: Path) -> None:
        """Read the cache at `path`, if there is a good one."""
        self._path = path
        self._old = _load(path)
        self._new: dict[str, Any] = {}

    def __call__(self, text: str) -> Document:
        """Return the document of `text`, without nodes where it was remembered."""
        key = hashlib.sha256(text.encode()).hexdigest()
        if key in self._old:
            self._new[key] = self._old[key]
            return Document(self._old[key], None, ())
        parsed = parse(text)
        if not parsed.problems:
            self._new[key] = parsed.data
        return parsed

    def save(self) -> None:
        """Keep what this run used, in one step; a full disk costs the cache and nothing else."""
        if self._new.keys() == self._old.keys():
            return
        content = msgspec.json.encode({"version": _VERSION, "data": self._new})
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


def _load(path: Path) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    data = content.get("data")
    return data if content.get("version") == _VERSION and isinstance(data, dict) else {}
