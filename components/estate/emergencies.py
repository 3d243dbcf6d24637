"""The register of emergencies: the typed form of `schema/emergencies.json`.

Knows which agencies are shut, and who may enter pods, in which moments. Whether one of them is now needs the clock.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Final, NamedTuple

import msgspec

from components.estate.dates import Day, Moment
from components.estate.finding import Finding, PathPart, Where, Words
from components.estate.profile import EnvironmentName, Record
from components.estate.waiver import both_calendars

REGISTER: Final = "policies/registers/emergencies.yaml"
"""Where the register lies below the project's root. It may be absent: then there is no emergency."""


class Emergency(Record, frozen=True, kw_only=True):
    """What both sorts say: whom it concerns, who decided it and why, in the moments `[from, until)`."""

    FIELD: ClassVar[str]
    LONGEST: ClassVar[timedelta]

    agency: str
    decided_by: str
    reason: str
    since: Moment = msgspec.field(name="from")
    until: Moment

    @property
    def subject(self) -> tuple[str, ...]:
        """What two records at a time may not share."""
        return (self.agency,)


class Quarantine(Emergency, frozen=True, kw_only=True):
    """That nothing but DNS leads into an agency's namespaces or out of them. Takes nobody's login or role away."""

    FIELD: ClassVar[str] = "quarantines"
    LONGEST: ClassVar[timedelta] = timedelta(days=90)  # as long as a waiver; to shut longer is no emergency any more


class BreakGlass(Emergency, frozen=True, kw_only=True):
    """That a group may enter the pods of one environment. Not a role of a tenant: those have no such right (RB-08)."""

    FIELD: ClassVar[str] = "breakGlass"
    LONGEST: ClassVar[timedelta] = timedelta(hours=24)  # a shift and its handover; who needs more decides again

    environment: EnvironmentName
    group: str

    @property
    def subject(self) -> tuple[str, ...]:
        """What two records at a time may not share."""
        return (self.agency, str(self.environment), self.group)

    @property
    def binding(self) -> str:
        """The name of its RoleBinding; RBAC takes a colon, without which two groups could share a name."""
        return f"break-glass-{self.group}"


class Placed(NamedTuple):
    """An emergency and its place in the register."""

    path: tuple[PathPart, ...]
    emergency: Emergency

    def fails(self, rule: str, path: tuple[PathPart, ...], summary: Words, remedy: Words) -> Finding:
        """Return a finding against the platform, whose register this is, at the place `path` of the emergency."""
        return Finding(
            rule=rule,
            subject="platform",
            where=Where(REGISTER, (*self.path, *path)),
            summary=summary,
            remedy=remedy,
            source="platform default",
        )


class Emergencies(Record, frozen=True, kw_only=True):
    """What the register holds, whether it is over, now, or still to come."""

    quarantines: tuple[Quarantine, ...]
    break_glass: tuple[BreakGlass, ...]

    def listed(self) -> Iterator[Placed]:
        """Yield every record with its place."""
        for records in (self.quarantines, self.break_glass):
            for index, emergency in enumerate(records):
                yield Placed(("spec", emergency.FIELD, index), emergency)


NONE: Final = Emergencies(quarantines=(), break_glass=())
"""What holds where there is no register."""


class EmergencyRegister(Record, frozen=True, kw_only=True):
    """The register."""

    api_version: str
    kind: str
    spec: Emergencies


def told(moment: datetime) -> Words:
    """Return a moment in both calendars, the reader's first, on the clocks of its own zone."""
    day = both_calendars(Day(moment.year, moment.month, moment.day))
    clock = moment.time().isoformat("seconds" if moment.second else "minutes")
    return Words(f"{day.en} {clock}", f"{day.fa} ساعت {clock}")
