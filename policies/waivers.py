"""Decides what is waived, for every path: offline, in the Pulumi program, in the pack, at admission, on the cluster.

A pure function of the findings, the committee's records and the moment. What is wrong with the records is said in
words by `policies.ledger`, from the same answers. A record with a flaw has no effect.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from components.estate.duties import DutyId
from components.estate.estate import Estate
from components.estate.finding import Finding, Level, PathPart, Status
from components.estate.waiver import COMMITTEES, ORGANISATIONS, DecisionStatus, Subject, Waiver
from policies.catalogue import CATALOGUE
from policies.rules.rule import Mark, Rule

DAYS_MAX: Final = {Level.MANDATORY: 90, Level.ADVISORY: 180}
"""How long after its decision a waiver may last. The sources demand an interval (R69); its length is our limit."""

_AGENCY_PARTS: Final = 1
_OBJECT_PARTS: Final = (4, 5)
"""Parts of a finding's subject: `agency`, or `agency/environment/Kind/name[/container]`."""


class Terms(NamedTuple):
    """What the committee must know of a rule, or of a legal duty.

    Attributes:
        marks: Where it is judged; of a rule over profiles and of a duty, nowhere else than on the profiles.
    """

    level: Level
    waivable: bool
    marks: frozenset[Mark] = frozenset()


_WAIVABLE: Final = (
    "egress-outside",  # R3: a way out needs a waiver; the rules over network policies are judged all the same
    "centre-burden", "centre-coordination", "centre-determination", "centre-form", "centre-head",
    "centre-head-coordination", "centre-head-title", "centre-missing", "centre-reports-to", "centre-units",
    "committee-chair", "committee-secretary",
)  # fmt: skip
_KEPT: Final = (
    "api-unknown", "consent-end-before-start", "consent-refused", "consumer-own", "inquiry-own",
    "inquiry-personal-data", "partner-unknown",
    "card-taken", "claim-unlisted", "client-taken", "cluster-unknown", "egress-host",
    "egress-host-inside", "egress-host-protocol", "host-outside-zone",
    "host-reserved", "host-taken", "id-reserved", "issuer-foreign", "licence-end-before-start",
    "licence-service-unknown", "licence-service-without-window", "name-repeated", "name-taken", "operator-taken",
    "parent-cycle", "parent-missing", "parent-unknown", "parent-window-missing", "path-shadowed",
    "platform-namespace-taken",
    "quota-over-capacity", "redirect-outside", "secret-foreign", "secret-taken", "size-unknown", "window-missing",
    "emergency-agency-unknown", "emergency-end-before-start", "emergency-environment-unknown",
    "emergency-group-unknown", "emergency-overlap", "emergency-too-long",
    "datum-holder-unknown", "datum-repeated",
)  # fmt: skip
_ADVICE: Final = (
    "consent-unasked", "inquiry-direct", "inquiry-expired", "inquiry-not-electronic", "inquiry-refused",
    "inquiry-waiting", "inquiry-without-production",
    "break-glass-active", "break-glass-ahead", "break-glass-ended", "connection-overclaimed", "licence-ended",
    "quarantine-active", "quarantine-ahead", "quarantine-ended",
    "datum-asked-again", "datum-elsewhere", "datum-foreign", "datum-unregistered", "datum-without-inquiry",
    "egress-ended", "egress-overlap", "egress-port-repeated", "trigger-without-inquiry",
)  # fmt: skip

PROFILE_RULES: Final[Mapping[str, Terms]] = {
    **dict.fromkeys(_WAIVABLE, Terms(Level.MANDATORY, waivable=True)),
    **dict.fromkeys(_KEPT, Terms(Level.MANDATORY, waivable=False)),
    **dict.fromkeys(_ADVICE, Terms(Level.ADVISORY, waivable=False)),
}
"""The rules over profiles. Most keep apart what two agencies claim, or name what is not there: nobody is excused.

A rule that is mandatory for some and advice for others counts as mandatory.
"""


DUTIES: Final[Mapping[str, Terms]] = {str(duty): Terms(Level.MANDATORY, waivable=True) for duty in DutyId}
"""The legal duties: it is from these that the sources let the committee excuse (R69, R72).

A duty stops no run, but it binds: an excuse from it may last no longer than one from a mandatory rule.
"""


def terms_of(rules: Iterable[Rule]) -> Mapping[str, Terms]:
    """Return the terms by the ids of these rules, of those over profiles and of the duties."""
    return {**PROFILE_RULES, **DUTIES, **{rule.id: Terms(rule.level, rule.waivable, rule.marks) for rule in rules}}


TERMS: Final = terms_of(CATALOGUE)


class Flaw(StrEnum):
    """What is wrong with a record in itself; its value is the id of the finding."""

    RULE_UNKNOWN = "waiver-rule-unknown"
    NOT_WAIVABLE = "waiver-rule-not-waivable"
    NO_DAY = "waiver-end-before-start"
    REVIEW_LATE = "waiver-review-late"
    TOO_LONG = "waiver-too-long"
    FUTURE_DECISION = "waiver-decision-future"
    UNSIGNED = "waiver-signatures-missing"
    REQUESTER_SIGNS = "waiver-requester-signs"


class State(StrEnum):
    """Where a waiver stands at a moment. Only an active one has effect."""

    ACTIVE = "active"
    PLANNED = "planned"
    RAISED = "raised"
    UNJUSTIFIED = "unjustified"
    FLAWED = "flawed"
    ENDED = "ended"


class Excuse(NamedTuple):
    """An active waiver in one namespace, as an admission policy needs it; None matches everything."""

    waiver: str
    rule: str
    namespace: str
    kind: str | None
    name: str | None
    container: str | None
    until: datetime


def apply(
    findings: Iterable[Finding],
    waivers: Iterable[Waiver],
    as_of: datetime,
    zone: ZoneInfo,
    terms: Mapping[str, Terms] = TERMS,
) -> tuple[Finding, ...]:
    """Return the findings in their order, each failed one that an active waiver covers as waived.

    Args:
        findings: What the rules found.
        waivers: All records of the committee.
        as_of: The moment for which is judged.
        zone: The platform's time zone, in which days begin at midnight.
        terms: What is known of the rules.
    """
    active = [waiver for waiver in waivers if state(waiver, as_of, zone, terms) is State.ACTIVE]
    return tuple(_settled(finding, active) for finding in findings)


def in_force(estate: Estate, terms: Mapping[str, Terms] = TERMS) -> list[Waiver]:
    """Return the active waivers."""
    zone = estate.platform.zone
    return [waiver for waiver in estate.waivers if state(waiver, estate.as_of, zone, terms) is State.ACTIVE]


def excusing(active: Iterable[Waiver], rule: str, subject: str) -> Waiver | None:
    """Return the active waiver that excuses a subject from a rule or a duty: of several, the one that ends last."""
    covering = [waiver for waiver in active if covers(waiver, rule, subject)]
    return max(covering, key=lambda waiver: (waiver.spec.until, waiver.id), default=None)


def covers(waiver: Waiver, rule: str, subject: str) -> bool:
    """Return whether a waiver names a rule and a subject, whatever the clock and the committee say."""
    return rule in waiver.spec.rules and matches(waiver.spec.subject, subject)


def matches(subject: Subject, named: str) -> bool:
    """Return whether every field that is given equals its part of a finding's subject."""
    parts = named.split("/")
    if len(parts) != _AGENCY_PARTS and len(parts) not in _OBJECT_PARTS:
        return False
    return all(
        wanted is None or (index < len(parts) and parts[index] == wanted) for index, wanted in enumerate(subject.parts)
    )


def state(waiver: Waiver, as_of: datetime, zone: ZoneInfo, terms: Mapping[str, Terms] = TERMS) -> State:
    """Return where a waiver stands: it holds in the days `[from, until)`, if it is justified and has no flaw."""
    if not waiver.is_justified:
        return State(waiver.spec.decision.status.value)
    if is_past(waiver, as_of, zone):
        return State.ENDED
    if any(flaws(waiver, as_of, zone, terms)):
        return State.FLAWED
    return State.ACTIVE if as_of >= waiver.spec.since.begins(zone) else State.PLANNED


def is_past(waiver: Waiver, as_of: datetime, zone: ZoneInfo) -> bool:
    """Return whether the interval of a record is over, whatever was decided on it."""
    return as_of >= waiver.spec.until.begins(zone)


def flaws(
    waiver: Waiver, as_of: datetime, zone: ZoneInfo, terms: Mapping[str, Terms] = TERMS
) -> Iterator[tuple[Flaw, tuple[PathPart, ...]]]:
    """Yield what is wrong with a record in itself, and where in it.

    A request that is only raised, or was found unjustified, may well ask for what cannot be granted.
    """
    spec = waiver.spec
    for index, rule in enumerate(spec.rules):
        if rule not in terms:
            yield Flaw.RULE_UNKNOWN, ("rules", index)
        elif waiver.is_justified and not terms[rule].waivable:
            yield Flaw.NOT_WAIVABLE, ("rules", index)
    if spec.until <= spec.since:
        yield Flaw.NO_DAY, ("until",)
    if spec.review_on >= spec.until:
        yield Flaw.REVIEW_LATE, ("reviewOn",)
    yield from _flaws_of_decision(waiver, as_of, zone, terms)


def days_max(waiver: Waiver, terms: Mapping[str, Terms] = TERMS) -> int:
    """Return how many days after its decision a waiver may end: its weightiest rule decides."""
    levels = [terms[rule].level if rule in terms else Level.MANDATORY for rule in waiver.spec.rules]
    return min(DAYS_MAX[level] for level in levels)


def excused(estate: Estate, terms: Mapping[str, Terms] = TERMS) -> tuple[Excuse, ...]:
    """Return the active waivers of rules over objects, for each namespace and rule that they concern."""
    zone = estate.platform.zone
    return tuple(
        Excuse(waiver.id, rule, namespace, subject.kind, subject.name, subject.container, spec.until.begins(zone))
        for waiver in in_force(estate, terms)
        for spec, subject in [(waiver.spec, waiver.spec.subject)]
        for rule in spec.rules
        if terms[rule].marks
        for namespace in _namespaces(estate, subject)
    )


def _settled(finding: Finding, active: Iterable[Waiver]) -> Finding:
    waiver = excusing(active, finding.rule, finding.subject) if finding.status is Status.FAIL else None
    if waiver is None:
        return finding
    until = waiver.spec.until.isoformat()
    return msgspec.structs.replace(finding, status=Status.WAIVED, waiver=waiver.id, until=until)


def _flaws_of_decision(
    waiver: Waiver, as_of: datetime, zone: ZoneInfo, terms: Mapping[str, Terms]
) -> Iterator[tuple[Flaw, tuple[PathPart, ...]]]:
    spec, decision = waiver.spec, waiver.spec.decision
    if decision.status is DecisionStatus.RAISED:
        return
    decided_on, signers = decision.decided_on, frozenset(decision.signed_by)
    if decided_on is None or as_of < decided_on.begins(zone):
        yield Flaw.FUTURE_DECISION, ("decision", "decidedOn")
    elif waiver.is_justified and spec.until - decided_on > timedelta(days=days_max(waiver, terms)):
        yield Flaw.TOO_LONG, ("until",)
    if waiver.is_justified and not any(committee <= signers for committee in COMMITTEES):
        yield Flaw.UNSIGNED, ("decision", "signedBy")
    if spec.requested_by in {ORGANISATIONS[signer] for signer in signers}:
        yield Flaw.REQUESTER_SIGNS, ("requestedBy",)


def _namespaces(estate: Estate, subject: Subject) -> Iterator[str]:
    agency = estate.agency(subject.agency)
    if agency is None:
        return
    for environment in agency.profile.spec.environments:
        if subject.environment in (None, environment.name):
            yield agency.profile.namespace(environment)
