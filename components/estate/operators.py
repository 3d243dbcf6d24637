"""The register of licensed operators of smart services (R9): the typed form of `schema/operators.json`.

Knows what a licence says. Whether it holds now, and whether its services exist, needs the estate.
"""

from typing import Final

import msgspec

from components.estate.dates import Day
from components.estate.finding import Finding, PathPart, Where, Words
from components.estate.profile import Record

REGISTER: Final = "policies/registers/operators.yaml"
"""Where the register lies below the project's root. It may be absent: then nobody is licensed."""

GROUP_PREFIX: Final = "operator"
"""What operators' groups begin with, as agencies' begin with their id; so no agency may be called this.

It is itself a group, in which the people of every operator are: whoever is in it enters nothing without a licence,
whether or not the register still names the operator.
"""


class Licence(Record, frozen=True, kw_only=True):
    """That an operator may reach these services, and no others, in the days `[from, until)`."""

    ref: str
    until: Day
    services: tuple[str, ...]
    since: Day | None = msgspec.field(default=None, name="from")


class Entry(Record, frozen=True, kw_only=True):
    """An operator as the register has it."""

    id: str
    name_fa: str
    name_en: str
    licence: Licence


class Operator(Entry, frozen=True, kw_only=True):
    """An operator and where the register names it. Not an agency: it has no profile, no namespace and no inquiries.

    Attributes:
        index: Its place in the register, from 0, for findings.
    """

    index: int = 0

    @property
    def group(self) -> str:
        """The group that its people bear at the national login."""
        return f"{GROUP_PREFIX}:{self.id}"

    def fails(self, rule: str, path: tuple[PathPart, ...], summary: Words, remedy: Words) -> Finding:
        """Return a finding against the platform, whose register this is, at the place `path` of the operator."""
        return Finding(
            rule=rule,
            subject="platform",
            where=Where(REGISTER, ("spec", "operators", self.index, *path)),
            summary=summary,
            remedy=remedy,
            source="licensed operators (R9)",
        )


class Spec(Record, frozen=True, kw_only=True):
    """What the register holds."""

    operators: tuple[Entry, ...]


class OperatorRegister(Record, frozen=True, kw_only=True):
    """The register."""

    api_version: str
    kind: str
    spec: Spec

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators in order of their ids, whatever the order in the register."""
        listed = (
            Operator(index=index, **msgspec.structs.asdict(entry)) for index, entry in enumerate(self.spec.operators)
        )
        return tuple(sorted(listed, key=lambda operator: operator.id))
