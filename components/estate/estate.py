"""All that is declared, at one moment: the one value that manifests and rules are computed from."""

import hashlib
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from components.estate.data_items import Datum
from components.estate.dates import Day, Moment
from components.estate.emergencies import NONE, BreakGlass, Emergencies, Quarantine
from components.estate.finding import Finding, PathPart, Where, Words
from components.estate.operators import Operator
from components.estate.platform import Platform
from components.estate.profile import AgencyProfile, Egress, EnvironmentName, Service
from components.estate.waiver import Waiver

RecordT = TypeVar("RecordT")


class Agency(msgspec.Struct, frozen=True, kw_only=True):
    """A profile and where it was read.

    Attributes:
        file: The file's path as people name it.
        digest: SHA-256 of the profile's content; comments and layout do not change it.
    """

    profile: AgencyProfile
    file: str
    digest: str

    @property
    def id(self) -> str:
        """The agency's id."""
        return self.profile.id

    @property
    def has_production(self) -> bool:
        """Whether it has the environment to which its window and its inquiries belong."""
        return any(one.name is EnvironmentName.PRODUCTION for one in self.profile.spec.environments)

    def window_of(self, service: Service) -> str | None:
        """Return the id of the agency in whose window the service stands: this one or its parent; None in no window."""
        if service.window is None:
            return None
        return self.id if service.window.offered_in == "own" else self.profile.spec.identity.parent

    def fails(self, rule: str, path: tuple[PathPart, ...], summary: Words, remedy: Words) -> Finding:
        """Return a finding against this agency at the place `path` of its file."""
        return Finding(rule=rule, subject=self.id, where=Where(self.file, path), summary=summary, remedy=remedy)


class Estate(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Every agency whose profile could be read, the platform, and the moment that decides what has ended.

    Attributes:
        unread: Ids of the agencies whose files are there but could not be read: known, and nothing else.
        operators: All registered operators in order of their ids, whether or not their licences hold.
        waivers: All records of the committee in order of their ids, whether or not they have effect.
        emergencies: The register of emergencies, whether or not they hold.
        data_items: The once-only register in its own order; empty where it says nothing of any datum.
    """

    agencies: tuple[Agency, ...]
    platform: Platform
    as_of: datetime
    unread: frozenset[str] = frozenset()
    operators: tuple[Operator, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    emergencies: Emergencies = NONE
    data_items: tuple[Datum, ...] = ()

    def agency(self, agency_id: str) -> Agency | None:
        """Return the agency called `agency_id`, or None."""
        return self._by_id.get(agency_id)

    @cached_property
    def _by_id(self) -> dict[str, Agency]:
        return {agency.id: agency for agency in self.agencies}

    def has_ended(self, until: Day | Moment) -> bool:
        """Return whether something that holds until `until` (excluded) has ended."""
        return self.as_of >= until.begins(self.platform.zone)

    def holds(self, since: Day | Moment | None, until: Day | Moment) -> bool:
        """Return whether something that holds in `[since, until)` holds now; None is since ever."""
        has_begun = since is None or self.as_of >= since.begins(self.platform.zone)
        return has_begun and not self.has_ended(until)

    def licensed(self, card_id: str) -> tuple[Operator, ...]:
        """Return the operators whose licence names the service `card_id` and holds now, in order of their ids (R9)."""
        return tuple(
            operator
            for operator in self.operators
            if card_id in operator.licence.services and self.holds(operator.licence.since, operator.licence.until)
        )

    def outgoing(self, agency: Agency) -> tuple[Egress, ...]:
        """Return the agency's destinations outside the cloud that are open now: none in quarantine."""
        if self.quarantine(agency.id) is not None:
            return ()
        return tuple(egress for egress in agency.profile.spec.egress if not self.has_ended(egress.until))

    def quarantine(self, agency_id: str) -> Quarantine | None:
        """Return the quarantine in which the agency is now, or None."""
        records = (one for one in self.emergencies.quarantines if one.agency == agency_id)
        return next((one for one in records if self.holds(one.since, one.until)), None)

    def break_glass(self, agency_id: str, environment: str) -> tuple[BreakGlass, ...]:
        """Return who may enter the pods of this environment now, in the order of the register."""
        return tuple(
            one
            for one in self.emergencies.break_glass
            if (one.agency, one.environment) == (agency_id, environment) and self.holds(one.since, one.until)
        )


def production(agency_id: str) -> str:
    """Return the namespace to which an agency's window and its inquiries belong, whether or not it has one."""
    return f"{agency_id}-{EnvironmentName.PRODUCTION}"


def record(data: Any, kind: type[RecordT]) -> RecordT:
    """Return `data`, which follows its schema, as a typed record."""
    return msgspec.convert(data, kind, dec_hook=_decode)


def digest(data: Any) -> str:
    """Return the SHA-256 of plain data, independent of the order of its keys."""
    return hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest()


def _decode(kind: Any, value: Any) -> Any:
    return Day.parse(value) if kind is Day else kind(value)
