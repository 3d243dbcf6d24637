"""The one record for everything that can be wrong, from a typo to a broken rule."""

from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

PathPart: TypeAlias = str | int
"""A key of a mapping or an index of a list."""

LANGUAGES: Final = ("en", "fa")


_QUOTED_MAX: Final = 60


def printable(text: str) -> str:
    """Return `text` with escapes for what a terminal would not show, or would obey."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def quoted(text: str) -> str:
    """Return `text` in quotes, as a message shows it: escaped, and cut where it is long."""
    return repr(text if len(text) <= _QUOTED_MAX else text[: _QUOTED_MAX - 1] + "…")


class Level(StrEnum):
    """How much a finding weighs. Not a status: a waived finding keeps its level."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


class Status(StrEnum):
    """What became of a check. `UNKNOWN` is what could not be read or judged, and is never a pass."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    WAIVED = "waived"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Words(msgspec.Struct, frozen=True):
    """One sentence for people, in English and in Persian."""

    en: str
    fa: str

    def in_language(self, language: str) -> str:
        """Return the sentence in `language`, one of `LANGUAGES`."""
        return self.fa if language == "fa" else self.en


class Where(msgspec.Struct, frozen=True, order=True):
    """A place in a file: the file as people name it, the path inside its document, line and column from 1.

    Line and column are 0 while nobody has looked them up, and stay 0 where the file has no such place.
    """

    file: str
    path: tuple[PathPart, ...] = ()
    line: int = 0
    column: int = 0

    @property
    def pointer(self) -> str:
        """The path as people write it: `spec.services[3].cardId`."""
        parts = (f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in self.path)
        return "".join(parts).removeprefix(".")

    def __str__(self) -> str:
        """Return `file:line:column`, as editors and terminals understand it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check says of one subject.

    Attributes:
        rule: Stable id, such as `unknown-key` or `NS-01`.
        level: How much it weighs.
        status: What became of the check.
        subject: Whom it concerns: an agency's id, or `<agency>/<kind>/<name>`.
        where: The place to look at.
        summary: What was found.
        remedy: What is allowed, and what to do.
        source: Where the rule comes from.
        waiver: Id of the waiver by which it is waived, if it is.
        until: The day on which that waiver ends (excluded), in the Gregorian calendar as `YYYY-MM-DD`.
    """

    rule: str
    level: Level = Level.MANDATORY
    status: Status = Status.FAIL
    subject: str
    where: Where
    summary: Words
    remedy: Words
    source: str = "profile format, version 1"
    waiver: str = ""
    until: str = ""

    @property
    def gates(self) -> bool:
        """Whether this finding fails a run: unknown is never a pass."""
        return self.level is Level.MANDATORY and self.status in (Status.FAIL, Status.UNKNOWN)


def is_clean(findings: tuple[Finding, ...]) -> bool:
    """Return whether no finding fails the run."""
    return not any(finding.gates for finding in findings)


def in_order(findings: "list[Finding] | tuple[Finding, ...]") -> tuple[Finding, ...]:
    """Return the findings without repetition in the order of their places, the same on every machine."""
    unique = {(f.where, f.rule, f.subject, f.summary.en): f for f in findings}
    return tuple(
        unique[key] for key in sorted(unique, key=lambda k: (k[0].file, k[0].line, k[0].column, k[0].pointer, *k[1:]))
    )
