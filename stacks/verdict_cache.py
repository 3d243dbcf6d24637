"""Which families of agencies were found clean, so that `check` need not judge again what is the same as before.

Only clean verdicts are kept: whatever was found is found again, in words and at lines of today. Nothing that provisions
reads this: `up`, `apply` and `render` judge anew.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

import components
import policies
import stacks
from components.estate.cache import Cache

LOCATION: Final = Path(".govcloud", "cache", "judged.json")
"""Where the verdicts lie below the project's root."""


class Kept(NamedTuple):
    """What is kept of objects in which nothing was found.

    Attributes:
        passed: How many passed each rule.
        telling: The digest of those that have a say in what is open between agencies.
        shared: The digest of those that have to do with the platform's.
    """

    passed: Mapping[str, int]
    telling: str
    shared: str


class VerdictCache(Cache):
    """Clean verdicts by all that the rules could see. Use it for one run, then `save`."""

    def __init__(self, path: Path) -> None:
        """Read the verdicts at `path` that this very code reached."""
        super().__init__(path, _code())

    def kept(self, key: str) -> Kept | None:
        """Return what was kept where nothing was found; None where that is not known for certain."""
        try:
            return Kept(*msgspec.convert(self.recall(key), tuple[dict[str, int], str, str]))
        except msgspec.ValidationError:
            return None

    def keep_clean(self, key: str, kept: Kept) -> None:
        """Keep that nothing was found."""
        self.keep(key, [dict(kept.passed), kept.telling, kept.shared])


def digest(seen: Any) -> str:
    """Return the SHA-256 of records and plain data."""
    return hashlib.sha256(msgspec.json.encode(seen, order="deterministic", enc_hook=str)).hexdigest()


def _code() -> str:
    """Return the digest of everything that makes and judges objects: another rule is another verdict."""
    code = hashlib.sha256(sys.version.encode())
    for source in sources():
        code.update(hashlib.sha256(source.read_bytes()).digest())
    return code.hexdigest()


def sources() -> Iterator[Path]:
    """Yield the files of that code, and what it reads beside the estate."""
    for package in (components, policies, stacks):
        for folder in package.__path__:
            yield from sorted(path for path in Path(folder).rglob("*") if path.suffix in {".json", ".lua", ".py"})
