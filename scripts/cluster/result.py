"""What became of each object, and of a whole run."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from scripts.cluster import address
from scripts.cluster.address import Identity
from scripts.cluster.read_back import Difference
from scripts.cluster.refusal import Refusal


class Outcome(StrEnum):
    """What became of one object; in a dry run, what would. A refused owner's objects are `SKIPPED`."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"
    SKIPPED = "skipped"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one object.

    Attributes:
        message: Why it failed or was skipped, or what was taken from whom.
        diff: In a dry run, what would change.
    """

    owner: str
    subject: Identity
    outcome: Outcome
    message: str = ""
    diff: str = ""

    @property
    def shown(self) -> str:
        """The object's name as people read it."""
        return address.shown(self.subject)


class Undeclared(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace of ours that nobody declares any more; it is never deleted."""

    owner: str
    namespace: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run.

    Attributes:
        stopped: Why it did not reach its end.
        is_interrupted: Whether that was the user's wish.
        warnings: What the server warned of, each once.
        verified: How many objects were read back and hold what is declared.
        differences: Where they do not.
    """

    server: str
    dry_run: bool
    declared: int
    results: tuple[Result, ...]
    refusals: tuple[Refusal, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    warnings: tuple[str, ...] = ()
    stopped: str = ""
    is_interrupted: bool = False
    verified: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many objects had each outcome."""
        return count(self.results)

    @property
    def is_good(self) -> bool:
        """Whether everything is as it is declared."""
        bad = self.refusals or self.differences or self.stopped or self.is_interrupted
        return not bad and not any(r.outcome in (Outcome.FAILED, Outcome.SKIPPED) for r in self.results)


def count(results: Iterable[Result]) -> dict[Outcome, int]:
    """Return how many results there are of each outcome."""
    found = Counter(result.outcome for result in results)
    return {outcome: found[outcome] for outcome in Outcome}
