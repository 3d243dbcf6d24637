"""A waiver of the Supervisory Committee (R69 to R72): the typed form of `schema/waiver.json`.

Knows what a record says. Whether it has effect needs the clock and the rules: `policies.waivers`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from components.estate.dates import Day
from components.estate.finding import Finding, PathPart, Where, Words
from components.estate.profile import EnvironmentName, Record

WAIVERS: Final = "policies/waivers"
"""The folder of the committee's records, one `<id>.yaml` each. It may be absent: then nothing is waived."""


class ReasonClass(StrEnum):
    """Why somebody asks to be excused (R72)."""

    SENSITIVITY = "sensitivity"
    SERVICE_NATURE = "serviceNature"
    INFRASTRUCTURE_PENDING = "infrastructurePending"
    OTHER = "other"


class DecisionStatus(StrEnum):
    """What the committee made of a request (R70). Not a finding's status: that one also needs the clock."""

    RAISED = "raised"
    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


class Signatory(StrEnum):
    """Who signs for the committee. Not an agency, though each belongs to one: `ORGANISATIONS`."""

    AEO = "aeo"
    AEO_HEAD = "aeoHead"
    PBO = "pbo"
    EITC = "eitc"
    ICT_MINISTER = "ictMinister"


COMMITTEES: Final = (
    frozenset((Signatory.AEO, Signatory.PBO, Signatory.EITC)),
    frozenset((Signatory.AEO_HEAD, Signatory.PBO, Signatory.ICT_MINISTER)),
)
"""The two sets of whom one signs completely (R71)."""

ORGANISATIONS: Final = {
    Signatory.AEO: "aeo",
    Signatory.AEO_HEAD: "aeo",
    Signatory.PBO: "pbo",
    Signatory.EITC: "eitc",
    Signatory.ICT_MINISTER: "mict",
}
"""The body for which each signs; none decides on its own request."""


class Subject(Record, frozen=True, kw_only=True):
    """Whom and what a waiver concerns; None matches everything."""

    agency: str
    environment: EnvironmentName | None = None
    kind: str | None = None
    name: str | None = None
    container: str | None = None

    @property
    def parts(self) -> tuple[str | None, ...]:
        """The fields in the order in which a finding's subject names them."""
        return (self.agency, self.environment, self.kind, self.name, self.container)

    def __str__(self) -> str:
        """Return it as a finding names its subject, with `*` for what matches everything."""
        given = [str(part) if part is not None else "*" for part in self.parts]
        while given[-1] == "*":
            given.pop()
        return "/".join(given)


class Decision(Record, frozen=True, kw_only=True):
    """What the committee decided; a request that is only raised has no more than its status."""

    status: DecisionStatus
    ref: str | None = None
    decided_on: Day | None = None
    signed_by: tuple[Signatory, ...] = ()


class Spec(Record, frozen=True, kw_only=True):
    """What a record says of its waiver."""

    rules: tuple[str, ...]
    subject: Subject
    reason_class: ReasonClass
    reason: str
    requested_by: str
    decision: Decision
    since: Day = msgspec.field(name="from")
    until: Day
    review_on: Day
    compensating_controls: tuple[str, ...] = ()
    renews: str | None = None


class Metadata(Record, frozen=True, kw_only=True):
    """The record's identity."""

    id: str


class Waiver(Record, frozen=True, kw_only=True):
    """One record of the committee."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: Spec

    @property
    def id(self) -> str:
        """The waiver's id."""
        return self.metadata.id

    @property
    def file(self) -> str:
        """The record's file as people name it; the loader holds the name equal to the id."""
        return f"{WAIVERS}/{self.id}.yaml"

    @property
    def is_justified(self) -> bool:
        """Whether the committee found the reason justified: nothing else ever has effect (R70)."""
        return self.spec.decision.status is DecisionStatus.JUSTIFIED

    def fails(self, rule: str, path: tuple[PathPart, ...], summary: Words, remedy: Words) -> Finding:
        """Return a finding against the platform, among whose files the record lies, at the place `path` of it."""
        return Finding(
            rule=rule,
            subject="platform",
            where=Where(self.file, path),
            summary=summary,
            remedy=remedy,
            source="waivers (R69 to R72)",
        )


def both_calendars(day: Day) -> Words:
    """Return a day in both calendars, the reader's first."""
    gregorian, solar_hijri = day.isoformat(), day.solar_hijri
    return Words(f"{gregorian} ({solar_hijri})", f"{solar_hijri} ({gregorian})")
