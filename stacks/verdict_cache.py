"""Which families of agencies were found clean, so that `check` need not judge again what is the same as before.

Only clean verdicts are kept: whatever was found is found again, in words and at lines of today. Nothing that provisions
reads this: `up`, `apply` and `render` judge anew.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

import components
import policies
import stacks
from components.estate.cache import Cache
from components.estate.estate import Estate

LOCATION: Final = Path(".govcloud", "cache", "judged.json")
"""Where the verdicts lie below the project's root."""


class VerdictCache(Cache):
    """How many objects passed each rule, by all that the rules could see. Use it for one run, then `save`."""

    def __init__(self, path: Path) -> None:
        """Read the verdicts at `path` that this very code reached."""
        super().__init__(path, _code())

    def passed(self, key: str) -> Mapping[str, int] | None:
        """Return what passed where nothing was found; None where that is not known for certain."""
        remembered = self.recall(key)
        try:
            return msgspec.convert(remembered, dict[str, int])
        except msgspec.ValidationError:
            return None


def key(estate: Estate, made: Mapping[str, str], judged: Sequence[str]) -> str:
    """Return the digest of everything that the rules are given.

    Args:
        estate: As far as they see it.
        made: By owner, the digest of the objects that they see.
        judged: Whose objects are judged.
    """
    return digest((estate, sorted(made.items()), judged))


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
    """Yield the files of that code."""
    for package in (components, policies, stacks):
        for folder in package.__path__:
            yield from sorted(Path(folder).rglob("*.py"))
