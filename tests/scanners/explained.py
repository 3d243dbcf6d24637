"""The list of failed checks that are right all the same, and which failures it leaves open. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
import yaml

from tests.scanners.scan import Failure

LIST: Final = Path(__file__).with_name("explained.yaml")
_SHOWN_MAX: Final = 20

Pattern = Annotated[str, msgspec.Meta(min_length=1)]


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the objects that match may fail a check. Patterns are of the shell: `*` is any text."""

    scanner: str
    check: str
    kind: str
    namespace: Pattern
    name: Pattern
    path: str = ""
    reason: Annotated[str, msgspec.Meta(min_length=40)]

    def covers(self, failure: Failure) -> bool:
        """Tell whether this is the failure that is meant."""
        place = failure.place
        exact = (self.scanner, self.check, self.kind) == (failure.scanner, failure.check, place.kind)
        patterns = ((place.namespace, self.namespace), (place.name, self.name), (place.path, self.path))
        return exact and all(fnmatchcase(*pair) for pair in patterns)


class Remainder(NamedTuple):
    """What is left: failures without an explanation, and explanations without a failure."""

    open: tuple[Failure, ...]
    stale: tuple[Explanation, ...]


def load(path: Path = LIST) -> tuple[Explanation, ...]:
    """Read the list."""
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), tuple[Explanation, ...])


def remainder(failures: Iterable[Failure], explanations: Sequence[Explanation]) -> Remainder:
    """Give each failure to the first explanation that covers it."""
    used: set[int] = set()
    left: list[Failure] = []
    for failure in failures:
        index = next((i for i, one in enumerate(explanations) if one.covers(failure)), None)
        if index is None:
            left.append(failure)
        else:
            used.add(index)
    return Remainder(tuple(left), tuple(one for i, one in enumerate(explanations) if i not in used))


def told(result: Remainder) -> str:
    """Say what is left and what to do about it; empty where nothing is."""
    lines = [
        f"{f.where}: {f.place.kind} {f.place.namespace}/{f.place.name} {f.place.path}".rstrip()
        + f" fails {f.scanner} {f.check}: {f.said}"
        for f in result.open[:_SHOWN_MAX]
    ]
    if len(result.open) > _SHOWN_MAX:
        lines.append(f"… and {len(result.open) - _SHOWN_MAX} more")
    if result.open:
        lines.append(
            f"Is the scanner right? Mend components/manifests, then `make golden`. "
            f"Is it not? Say in {LIST.name} why: scanner, check, kind, namespace, name, path, reason."
        )
    lines += [
        f"{LIST.name}: {one.scanner} {one.check} {one.kind} {one.namespace}/{one.name} {one.path}".rstrip()
        + " explains no failure (any more, or an entry above it does): remove it"
        for one in result.stale
    ]
    return "\n".join(lines)
