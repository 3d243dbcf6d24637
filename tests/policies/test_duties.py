"""Legal duties: each judged in all its states, on the day, in exact numbers; and the register that they come from."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from jsonschema import Draft202012Validator

from components.estate import schema
from components.estate.dates import Day
from components.estate.document import parse
from components.estate.duties import REGISTER, Basis, DutyId, DutyRegister, UpstreamId, WindowShare
from components.estate.estate import Agency, Estate, record
from components.estate.finding import LANGUAGES, is_clean
from components.estate.loader import read_duties as read
from components.estate.platform import Platform
from components.estate.profile import AgencyProfile
from components.estate.waiver import Waiver
from policies.duties import Duty, State, duties, unused_waivers
from policies.rules.duty import JUDGES, SCOPES
from scripts.report.duties import content as plain
from scripts.report.duties import lines
from tests.estate.examples import from_examples, walk
from tests.estate.expectation import DEFAULT_PLATFORM
from tests.estate.test_schema import KEYWORDS, differences

PROJECT = Path(__file__).parents[2]
PERSIAN = re.compile("[\u0600-\u06ff]")
SECOND = timedelta(seconds=1)
LAST_DAY = "1401-06-31"
AFTER = datetime(2022, 9, 23, tzinfo=ZoneInfo("Asia/Tehran"))  # the first moment after 1401-06-31
BEFORE = AFTER - SECOND
ISSUED: Final[Mapping[str, list[str]]] = {
    "competencyCriteria": ["1401-1"],
    "committeeBylaws": ["B-1"],
    "windowRequirements": ["1.0"],
    "serviceOrder": ["EX-9", "EX-0", "EX-8", "EX-7", "EX-1"],
}
NOTHING: Final[Mapping[str, list[str]]] = {key: [] for key in ISSUED}
HEAD: Final = {"name": "Head", "title": "head", "criteriaVersion": "1401-1"}


def service(number: int, **fields: Any) -> dict[str, Any]:
    stages = {"receive": "electronic", "process": "electronic", "deliver": "electronic"}
    return {"cardId": f"EX-{number}", "titleFa": "خدمت", "kind": "dedicated", "stages": stages} | fields


def offered(number: int, where: str = "own", **fields: Any) -> dict[str, Any]:
    window = {"offeredIn": where, "path": f"/{number}"}
    return service(number, backend={"app": "web", "port": 8080}, window=window, **fields)


def services(inside: int, total: int) -> list[dict[str, Any]]:
    return [offered(number) if number < inside else service(number) for number in range(total)]


def agency(scope: str = "nationalAgency", **spec: Any) -> Agency:
    """Return an agency that does all its duties, but for what `spec` says otherwise; None takes a part out."""
    whole: dict[str, Any] = {
        "identity": {
            "nameFa": "سازمان",
            "nameEn": "Agency",
            "legalScope": scope,
            "incidentSystemLevel": 2,
            "highestAuthority": {"name": "مقام", "title": "Minister"},
        },
        "contacts": [{"role": "security", "name": "Desk", "email": "security@example.gov.test"}],
        "environments": [{"name": "production", "size": "small"}],
        "capacity": {
            "existing": {"cpuCores": 1, "memoryGiB": 1, "storageGiB": 1},
            "forecast": {"cpuCores": 1, "memoryGiB": 1, "storageGiB": 1, "horizon": "1407-12-29"},
        },
        "placement": {"cluster": "primary"},
        "securityCentre": {"form": "centre", "head": HEAD},
        "steeringCommittee": {"chair": "مقام", "secretary": "Head", "bylawsRef": "B-1"},
        "window": {"host": "example.gov.test", "requirementsVersion": "1.0"},
        "services": [offered(0, highUse=True), offered(1)],
    }
    data = {"apiVersion": "govcloud.internal/v1", "kind": "AgencyProfile", "metadata": {"id": "example"}}
    kept = {key: value for key, value in (whole | spec).items() if value is not None}
    return Agency(profile=record({**data, "spec": kept}, AgencyProfile), file="example.yaml", digest="")


def platform() -> Platform:
    return record(parse(DEFAULT_PLATFORM.read_text(encoding="utf-8")).data, Platform)


def register(
    issued: Mapping[str, list[str]] = ISSUED,
    issued_on: str = "1401-01-01",
    share: str = "1/3",
    due: str | None = LAST_DAY,
) -> DutyRegister:
    """Return a register in which every duty has a deadline and needs something, so that each can be in each state."""
    needs = {
        "head-criteria": "competencyCriteria",
        "committee-bylaws": "committeeBylaws",
        "announced-order": "serviceOrder",
    }
    words = {"titleFa": "عنوان", "titleEn": "title"}
    law = {"id": "law", **words, "source": "resolution 000", "basis": "binding", "decidedBy": "EITC"}
    in_force = {"promulgatedBy": "Minister of ICT", "promulgatedOn": "1401-01-28"}
    spec = {
        "resolutions": [law | in_force, law | {"id": "said", "source": "statement 003", "basis": "officialStatement"}],
        "windowShares": [{"share": share, "resolution": "law"}, {"share": "1/10", "resolution": "said"}],
        "duties": [
            {
                "id": duty,
                **words,
                "requirement": "R1",
                "resolution": "law",
                "needs": needs.get(duty, "windowRequirements"),
            }
            | ({"dueOn": due} if due else {})
            for duty in DutyId
        ],
        "upstream": [
            {"id": name, **words, "issued": [{"ref": ref, "issuedOn": issued_on} for ref in refs]}
            for name, refs in issued.items()
        ],
    }
    return record({"apiVersion": "govcloud.internal/v1", "kind": "DutyRegister", "spec": spec}, DutyRegister)


def changed(found: DutyRegister, **spec: Any) -> DutyRegister:
    return msgspec.structs.replace(found, spec=msgspec.structs.replace(found.spec, **spec))


def waiver(*rules: str, waiver_id: str = "W-1401-001", until: str = "1401-09-01", **subject: str) -> Waiver:
    """Return a waiver that holds at AFTER, and a second before."""
    decision = {"ref": waiver_id, "status": "justified", "decidedOn": "1401-06-20", "signedBy": ["aeo", "pbo", "eitc"]}
    spec = {
        "rules": [*rules],
        "subject": {"agency": "example"} | subject,
        "reasonClass": "infrastructurePending",
        "reason": "A reason.",
        "requestedBy": "example",
        "decision": decision,
        "from": "1401-06-21",
        "until": until,
        "reviewOn": "1401-07-01",
    }
    data = {"apiVersion": "govcloud.internal/v1", "kind": "Waiver", "metadata": {"id": waiver_id}, "spec": spec}
    return record(data, Waiver)


def estate_of(*agencies: Agency, as_of: datetime = AFTER, waivers: tuple[Waiver, ...] = ()) -> Estate:
    return Estate(agencies=agencies, platform=platform(), as_of=as_of, waivers=waivers)


def judged(  # noqa: PLR0913  # what a duty depends on
    one: Agency,
    duty: DutyId,
    as_of: datetime = AFTER,
    known: DutyRegister | None = None,
    *,
    parent: Agency | None = None,
    waivers: tuple[Waiver, ...] = (),
) -> Duty:
    estate = estate_of(*([one] if parent is None else [one, parent]), as_of=as_of, waivers=waivers)
    (found,) = (d for d in duties(estate, known or register()) if d.id is duty and d.subject == one.id)
    for words in (found.summary, found.title):
        assert PERSIAN.search(words.fa), words
    return found


NO_CENTRE: Final = {"securityCentre": None, "steeringCommittee": None}
ABROAD: Final = offered(2, identityFlow="nonResidentEmail", remediationDueOn=LAST_DAY)
UNDONE: Final[Mapping[DutyId, list[dict[str, Any]]]] = {
    DutyId.HEAD_CRITERIA: [
        NO_CENTRE,
        {"securityCentre": {"form": "centre"}},
        {"securityCentre": {"form": "centre", "head": {"name": "Head", "title": "head"}}},
        {"securityCentre": {"form": "centre", "head": HEAD | {"criteriaVersion": "  "}}},
        {"securityCentre": {"form": "centre", "head": HEAD | {"criteriaVersion": "1401-2"}}},
    ],
    DutyId.STEERING_COMMITTEE: [
        NO_CENTRE,
        {"steeringCommittee": {}},
        {"steeringCommittee": {"chair": "مقام"}},
        {"steeringCommittee": {"chair": "Head", "secretary": "Head"}},
        {"steeringCommittee": {"chair": "مقام", "secretary": "مقام"}},
        {"securityCentre": None},
    ],
    DutyId.COMMITTEE_BYLAWS: [NO_CENTRE, {"steeringCommittee": {}}, {"steeringCommittee": {"bylawsRef": "B-2"}}],
    DutyId.OWN_WINDOW: [{"window": None}, {"environments": [{"name": "test", "size": "small"}]}],
    DutyId.WINDOW_SHARE: [{"window": None}, {"services": [offered(0, "parent"), offered(1, "parent")]}],
    DutyId.HIGH_USE_FIRST: [{"window": None}, {"services": [service(0, highUse=True), offered(1), offered(2)]}],
    DutyId.WINDOW_REQUIREMENTS: [{"window": {"host": "example.gov.test", "requirementsVersion": "0.9"}}],
    DutyId.NATIONAL_WINDOW_ROUTES: [{"window": None}, {"services": [service(0, highUse=True)]}],
    DutyId.RESIDENTS_ABROAD: [{"services": [ABROAD]}],
    DutyId.ANNOUNCED_ORDER: [
        {"window": None},
        {"services": [service(0), offered(1)]},
        {"services": [service(0), service(1)]},
    ],
}
CASES = [pytest.param(duty, spec, id=f"{duty}-{n}") for duty, specs in UNDONE.items() for n, spec in enumerate(specs)]
CITED: Final = {DutyId.HEAD_CRITERIA, DutyId.COMMITTEE_BYLAWS, DutyId.WINDOW_REQUIREMENTS, DutyId.ANNOUNCED_ORDER}
UNBOUND: Final[Mapping[DutyId, Agency]] = {
    DutyId.HEAD_CRITERIA: agency("publicInstitution"),
    DutyId.STEERING_COMMITTEE: agency("publicInstitution"),
    DutyId.COMMITTEE_BYLAWS: agency("publicInstitution"),
    DutyId.WINDOW_SHARE: agency(services=[offered(0, kind="general")]),
    DutyId.HIGH_USE_FIRST: agency(services=[service(0)]),
    DutyId.WINDOW_REQUIREMENTS: agency(window=None),
    DutyId.NATIONAL_WINDOW_ROUTES: agency(services=[service(0), service(1, kind="general", highUse=True)]),
    DutyId.RESIDENTS_ABROAD: agency(),
    DutyId.ANNOUNCED_ORDER: agency(services=[offered(5)]),
}
"""Agencies that a duty does not bind, or that have nothing to which it could apply; all have a duty to a window."""


def test_every_duty_has_a_judge_a_scope_and_its_cases() -> None:
    everything = set(DutyId)
    assert set(JUDGES) == set(SCOPES) == set(UNDONE) == everything
    assert everything - set(UNBOUND) == {DutyId.OWN_WINDOW}


@pytest.mark.parametrize("duty", [duty for duty in DutyId if duty is not DutyId.RESIDENTS_ABROAD])
@pytest.mark.parametrize("as_of", [BEFORE, AFTER])
def test_what_is_done_is_met(duty: DutyId, as_of: datetime) -> None:
    assert judged(agency(), duty, as_of).state is State.MET


@pytest.mark.parametrize(("duty", "spec"), CASES)
def test_a_duty_is_due_through_its_last_day_and_overdue_after_it(duty: DutyId, spec: dict[str, Any]) -> None:
    one = agency(**spec)
    assert judged(one, duty, BEFORE).state is State.DUE
    late = judged(one, duty, AFTER)
    assert (late.state, late.due_on and late.due_on.solar_hijri) == (State.OVERDUE, LAST_DAY)


@pytest.mark.parametrize(("duty", "spec"), CASES)
def test_days_end_in_the_platforms_time_zone(duty: DutyId, spec: dict[str, Any]) -> None:
    midnight = datetime(2022, 9, 22, 20, 30, tzinfo=UTC)
    assert judged(agency(**spec), duty, midnight - SECOND).state is State.DUE
    assert judged(agency(**spec), duty, midnight).state is State.OVERDUE


@pytest.mark.parametrize(("duty", "spec"), CASES)
def test_who_waits_for_others_is_blocked_and_never_overdue(duty: DutyId, spec: dict[str, Any]) -> None:
    for known in (register(NOTHING), register(issued_on="1401-07-02")):
        assert judged(agency(**spec), duty, AFTER, known).state is State.BLOCKED_UPSTREAM
    assert (
        judged(agency(**spec), duty, AFTER + timedelta(days=1), register(issued_on="1401-07-02")).state is State.OVERDUE
    )


@pytest.mark.parametrize(("duty", "spec"), CASES)
def test_what_nobody_keeps_count_of_is_unknown(duty: DutyId, spec: dict[str, Any]) -> None:
    assert judged(agency(**spec), duty, AFTER, register({})).state is State.UNKNOWN


@pytest.mark.parametrize("duty", CITED)
@pytest.mark.parametrize(("issued", "state"), [({}, State.UNKNOWN), (NOTHING, State.BLOCKED_UPSTREAM)])
def test_what_is_cited_is_not_met_before_it_was_issued(
    duty: DutyId, issued: Mapping[str, list[str]], state: State
) -> None:
    assert judged(agency(), duty, AFTER, register(issued)).state is state


@pytest.mark.parametrize("duty", UNBOUND)
def test_a_duty_that_does_not_bind_is_not_applicable(duty: DutyId) -> None:
    assert judged(UNBOUND[duty], duty).state is State.NOT_APPLICABLE


@pytest.mark.parametrize(("duty", "spec"), CASES)
def test_without_a_deadline_a_duty_is_due_for_ever(duty: DutyId, spec: dict[str, Any]) -> None:
    found = judged(agency(**spec), duty, AFTER, register(due=None))
    if duty is DutyId.RESIDENTS_ABROAD:  # its day is the agency's own
        assert found.state is State.OVERDUE
    else:
        assert (found.state, found.due_on) == (State.DUE, None)


def test_a_profile_that_cannot_be_read_a_missing_entry_and_no_register_are_unknown() -> None:
    estate = Estate(agencies=(agency(),), platform=platform(), as_of=AFTER, unread=frozenset({"ashayer"}))
    found = duties(estate, register())
    assert [duty.subject for duty in found] == ["ashayer"] * len(DutyId) + ["example"] * len(DutyId)
    assert [duty.id for duty in found] == [*DutyId, *DutyId]
    assert {duty.state for duty in found if duty.subject == "ashayer"} == {State.UNKNOWN}
    assert {duty.state for duty in duties(estate, None)} == {State.UNKNOWN}
    assert {duty.state for duty in duties(estate, changed(register(), duties=()))} == {State.UNKNOWN}


@pytest.mark.parametrize(("duty", "spec"), CASES)
def test_only_what_is_open_is_waived_and_only_by_a_waiver_of_it(duty: DutyId, spec: dict[str, Any]) -> None:
    one, excuse = agency(**spec), (waiver("NS-01", duty),)
    for as_of in (BEFORE, AFTER):
        owed = judged(one, duty, as_of)
        until = Day.parse("1401-09-01")
        waived = msgspec.structs.replace(owed, state=State.WAIVED, waiver="W-1401-001", until=until)
        assert judged(one, duty, as_of, waivers=excuse) == waived
        other = next(rival for rival in DutyId if rival is not duty)
        for none in (waiver(duty, agency="another"), waiver(other), waiver(duty, environment="production")):
            assert judged(one, duty, as_of, waivers=(none,)) == owed
    for kept in (agency(), one):  # met, and unknown
        known = register() if kept is not one else register({})
        assert judged(kept, duty, AFTER, known, waivers=excuse) == judged(kept, duty, AFTER, known)


def test_of_several_waivers_of_a_duty_the_one_that_ends_last_is_named() -> None:
    both = (waiver("own-window"), waiver("own-window", waiver_id="W-1401-000", until="1401-09-02"))
    for order in (both, both[::-1]):
        assert judged(agency(window=None), DutyId.OWN_WINDOW, waivers=order).waiver == "W-1401-000"


def test_a_waiver_of_what_nobody_owes_is_called_unused() -> None:
    def unused(one: Agency, *rules: str, known: DutyRegister | None = None, **subject: str) -> list[str]:
        excuse = waiver(*rules, **subject)
        found = [*unused_waivers(estate_of(one, waivers=(excuse,)), known or register())]
        assert all(PERSIAN.search(finding.summary.fa) and not finding.gates for finding in found)
        assert {finding.rule for finding in found} <= {"waiver-unused"}
        return [excuse.spec.rules[int(finding.where.path[2])] for finding in found]

    late = agency(window=None)
    assert unused(late, "NS-01", "own-window", "committee-bylaws") == ["committee-bylaws"]
    assert unused(late, "own-window", environment="production") == ["own-window"]
    assert unused(late, "window-requirements") == ["window-requirements"]  # there is no window to judge
    assert unused(late, "own-window", agency="unread") == []
    assert unused(late, "own-window", known=register({})) == []  # unknown is not done
    assert unused(agency(), "NS-01") == []
    assert not [*unused_waivers(estate_of(late, waivers=(waiver("own-window"),)), None)]


# What REQUIREMENTS prints as tests.


@pytest.mark.parametrize("scope", ["nationalAgency", "publicInstitution", "governorate"])
def test_every_agency_owes_a_window_of_its_own(scope: str) -> None:  # R10, R24
    assert judged(agency(scope, window=None), DutyId.OWN_WINDOW).state is State.OVERDUE


@pytest.mark.parametrize(
    ("scope", "state"),
    [("nationalAgency", State.OVERDUE), ("governorate", State.OVERDUE), ("publicInstitution", State.NOT_APPLICABLE)],
)
def test_bylaws_bind_national_agencies_and_governorates(scope: str, state: State) -> None:  # R20
    assert judged(agency(scope, steeringCommittee=None), DutyId.COMMITTEE_BYLAWS).state is state


@pytest.mark.parametrize(
    ("share", "inside", "total", "state"),
    [
        ("1/3", 3, 10, State.OVERDUE),
        ("1/3", 4, 10, State.MET),
        ("1/3", 1, 3, State.MET),
        ("1/3", 0, 1, State.OVERDUE),
        ("1/3", 1, 1, State.MET),
        ("1/3", 99, 300, State.OVERDUE),
        ("1/3", 100, 300, State.MET),
        ("3/10", 3, 10, State.MET),
        ("3/10", 3, 11, State.OVERDUE),
        ("1/1", 9, 10, State.OVERDUE),
        ("1/1", 10, 10, State.MET),
    ],
)
def test_the_share_is_exact_and_rounded_up(share: str, inside: int, total: int, state: State) -> None:  # R25, R26
    found = judged(agency(services=services(inside, total)), DutyId.WINDOW_SHARE, AFTER, register(share=share))
    assert found.state is state
    assert found.summary.en.startswith(f"{inside} of {total} dedicated services")
    assert f"{share} (resolution 000)" in found.summary.en


def test_general_services_never_count_for_the_share() -> None:  # R25, R48
    general = [offered(number, kind="general") for number in range(3, 9)]
    assert judged(agency(services=[*services(0, 3), *general]), DutyId.WINDOW_SHARE).state is State.OVERDUE
    assert judged(agency(services=[*services(1, 3), *general]), DutyId.WINDOW_SHARE).state is State.MET


@pytest.mark.parametrize("total", range(1, 40))
def test_a_share_is_the_least_number_that_reaches_it(total: int) -> None:
    for share in (WindowShare(share=text, resolution="law") for text in ("1/3", "3/10", "2/3", "1/1", "99/100")):
        needed = share.of(total)
        assert Fraction(needed, total) >= share.fraction > Fraction(needed - 1, total)


def test_no_agency_sets_the_share() -> None:  # R26
    data = from_examples(schema.load(schema.AGENCY_PROFILE), required_only=True)
    data["spec"]["windowShare"] = "1/10"
    assert [reason.rule for reason in schema.violations(schema.AGENCY_PROFILE, data)] == ["unknown-key"]


def test_ordinary_services_do_not_stand_in_for_high_use_ones() -> None:  # R27
    high_use = [service(number, highUse=True) for number in range(3)]
    ordinary = [offered(number) for number in range(3, 6)]
    rest = [service(number) for number in range(6, 9)]
    found = judged(agency(services=[*high_use, *ordinary, *rest]), DutyId.HIGH_USE_FIRST)
    assert found.state is State.OVERDUE
    assert "EX-0, EX-1, EX-2;" in found.summary.en
    inside = [offered(number, highUse=True) for number in range(3)]
    assert judged(agency(services=[*inside, *services(0, 9)[3:]]), DutyId.HIGH_USE_FIRST).state is State.MET


def test_high_use_services_that_reach_the_share_alone_leave_others_outside() -> None:  # R27
    inside = [offered(number, highUse=True) for number in range(3)]
    outside = [service(number, highUse=number == 3) for number in range(3, 9)]
    assert judged(agency(services=[*inside, *outside]), DutyId.HIGH_USE_FIRST).state is State.MET
    more = judged(agency(services=[*inside, *outside, service(9)]), DutyId.HIGH_USE_FIRST)
    assert (more.state, "EX-3" in more.summary.en) == (State.OVERDUE, True)


def test_long_lists_of_cards_are_cut() -> None:
    many = [service(number, highUse=True) for number in range(5)]
    assert "EX-0, EX-1, EX-2, …" in judged(agency(services=many), DutyId.NATIONAL_WINDOW_ROUTES).summary.en


def test_a_high_use_card_without_a_route_is_named() -> None:  # R29
    two = [offered(0, highUse=True), service(1, highUse=True), service(2)]
    found = judged(agency(services=two), DutyId.NATIONAL_WINDOW_ROUTES)
    assert (found.state, found.summary.en) == (State.OVERDUE, "without a route: EX-1")


def test_a_service_in_the_parents_window_counts_for_nothing() -> None:  # R67
    child = agency(services=[offered(0, "parent", highUse=True)], window=None)
    parent = msgspec.structs.replace(
        agency(),
        profile=msgspec.structs.replace(
            agency().profile, metadata=msgspec.structs.replace(agency().profile.metadata, id="parent")
        ),
    )
    for duty in (DutyId.WINDOW_SHARE, DutyId.HIGH_USE_FIRST, DutyId.NATIONAL_WINDOW_ROUTES, DutyId.OWN_WINDOW):
        assert judged(child, duty, parent=parent).state is State.OVERDUE


def test_meetings_and_declarations_move_no_state() -> None:  # R33, R66
    claims = {"declared": "connected", "technicalMeetings": 5}
    found = judged(agency(window=None, nationalWindow=claims), DutyId.NATIONAL_WINDOW_ROUTES)
    assert found.state is State.OVERDUE


@pytest.mark.parametrize(
    ("inside", "outside", "state", "fragment"),
    [
        ([1], [0], State.OVERDUE, "EX-1 (rank 5) is in the window while EX-0 (rank 2) is not"),
        ([0], [1], State.MET, "next: EX-1"),
        ([0, 1], [], State.MET, "all 2"),
        ([], [0, 1], State.OVERDUE, "EX-0 (rank 2)"),
    ],
)
def test_the_announced_order_is_kept(inside: list[int], outside: list[int], state: State, fragment: str) -> None:  # R35
    cards = [*map(offered, inside), *map(service, outside), offered(5)]
    found = judged(agency(services=cards), DutyId.ANNOUNCED_ORDER)
    assert (found.state, fragment in found.summary.en) == (state, True)


def test_the_first_of_several_days_for_users_abroad_counts() -> None:  # R32
    later = offered(3, identityFlow="nonResidentEmail", remediationDueOn="1402-01-01")
    found = judged(agency(services=[later, ABROAD]), DutyId.RESIDENTS_ABROAD)
    assert (found.state, found.due_on and found.due_on.solar_hijri) == (State.OVERDUE, LAST_DAY)
    undated = offered(4, identityFlow="nonResidentEmail")  # the schema lets none through
    assert judged(agency(services=[later, undated]), DutyId.RESIDENTS_ABROAD).state is State.UNKNOWN


# Only what was promulgated has effect (R77), and only a binding text (R78).


def shares(**law: Any) -> DutyRegister:
    known = register()
    first, said = known.spec.resolutions
    return changed(known, resolutions=(msgspec.structs.replace(first, **law), said))


@pytest.mark.parametrize(
    "law", [{"promulgated_on": None}, {"basis": Basis.PROPOSAL}, {"basis": Basis.OFFICIAL_STATEMENT}]
)
def test_what_is_only_proposed_has_no_effect(law: dict[str, Any]) -> None:
    proposed = shares(**law)
    assert judged(agency(services=services(1, 9)), DutyId.WINDOW_SHARE, AFTER, proposed).state is State.UNKNOWN
    assert (
        judged(agency(services=[service(0, highUse=True)]), DutyId.HIGH_USE_FIRST, AFTER, proposed).state
        is State.UNKNOWN
    )
    late = judged(agency(window=None), DutyId.OWN_WINDOW, AFTER, proposed)
    assert (late.state, late.due_on) == (State.DUE, None)


def test_the_share_promulgated_last_holds_from_its_day_on() -> None:
    known = register()
    law, _ = known.spec.resolutions
    newer = msgspec.structs.replace(law, id="newer", source="law 001", promulgated_on=Day.parse("1401-07-02"))
    half = WindowShare(share="1/2", resolution="newer")
    both = changed(known, resolutions=(newer, *known.spec.resolutions), window_shares=(half, *known.spec.window_shares))
    one = agency(services=services(1, 3))
    assert judged(one, DutyId.WINDOW_SHARE, AFTER, both).state is State.MET
    later = judged(one, DutyId.WINDOW_SHARE, AFTER + timedelta(days=1), both)
    assert (later.state, "1/2 (law 001) asks for 2" in later.summary.en) == (State.OVERDUE, True)


# The register and its file.


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / REGISTER).parent.mkdir(parents=True)
    (tmp_path / REGISTER).write_bytes((PROJECT / REGISTER).read_bytes())
    return tmp_path


def edit(root: Path, before: str, after: str) -> list[tuple[str, str]]:
    text = (root / REGISTER).read_text(encoding="utf-8")
    assert before in text
    (root / REGISTER).write_text(text.replace(before, after, 1), encoding="utf-8")
    known, findings = read(root)
    assert known is None
    assert not is_clean(findings)
    for finding in findings:
        assert (finding.subject, finding.where.file) == ("platform", REGISTER)
        assert finding.where.line
        assert PERSIAN.search(finding.summary.fa)
        assert PERSIAN.search(finding.remedy.fa)
    return [(finding.rule, finding.where.pointer) for finding in findings]


def test_the_projects_register_is_clean_and_names_every_duty() -> None:
    known, findings = read(PROJECT)
    assert findings == ()
    assert known is not None
    assert [entry.id for entry in known.spec.duties] == list(DutyId)
    assert {one.id for one in known.spec.upstream} == set(UpstreamId)
    window = known.entry(DutyId.OWN_WINDOW)
    assert window is not None
    assert window.due_on is not None
    assert window.due_on.isoformat() == "2022-09-22"


def test_without_a_register_there_is_nothing_to_refuse(tmp_path: Path) -> None:
    assert read(tmp_path) == (None, ())


def test_what_is_there_and_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / REGISTER).mkdir(parents=True)
    known, findings = read(tmp_path)
    assert known is None
    assert [finding.rule for finding in findings] == ["not-a-file"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("spec:", "spec: [", [("yaml-syntax", "")]),
        ("dueOn: 1401-06-31", "dueOn: 1401-13-01", [("wrong-day", "spec.duties[3].dueOn")]),
        ("id: own-window", "id: own-windw", [("not-allowed", "spec.duties[3].id")]),
        ("share: 1/3", "share: 0.33", [("wrong-type", "spec.windowShares[0].share")]),
        ("share: 1/3", "share: 1/0", [("wrong-form", "spec.windowShares[0].share")]),
        ("share: 1/3", "share: 4/3", [("share-too-high", "spec.windowShares[0].share")]),
        ("      promulgatedBy: Minister of ICT\n", "", [("missing-key", "spec.resolutions[0]")]),
        (
            "id: ito-interview",
            "id: eitc-session-23",
            [
                ("name-repeated", "spec.resolutions[1].id"),
                ("resolution-unknown", "spec.duties[8].resolution"),
                ("resolution-unknown", "spec.windowShares[1].resolution"),
            ],
        ),
        ("- id: window-share", "- id: own-window", [("name-repeated", "spec.duties[4].id")]),
        ("- id: serviceOrder", "- id: windowRequirements", [("name-repeated", "spec.upstream[3].id")]),
        (
            "share: 3/10, resolution: ito-interview",
            "share: 3/10, resolution: ito",
            [("resolution-unknown", "spec.windowShares[1].resolution")],
        ),
        (
            "requirement: R18\n      resolution: eitc-session-23",
            "requirement: R18\n      resolution: eitc",
            [("resolution-unknown", "spec.duties[0].resolution")],
        ),
    ],
)
def test_a_register_that_is_wrong_is_refused_at_its_line(
    root: Path, before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    assert edit(root, before, after) == expected


def test_schema_and_records_are_one_thing_said_twice() -> None:
    loaded = schema.load(schema.DUTIES)
    Draft202012Validator.check_schema(loaded)
    assert list(differences(loaded, loaded, DutyRegister, "DutyRegister")) == []
    for required_only in (False, True):
        assert list(schema.violations(schema.DUTIES, from_examples(loaded, required_only=required_only))) == []
    assert [path for path, node in walk(loaded) if not node.keys() <= KEYWORDS] == []


# The reports.


def some() -> list[Duty]:
    done, late = judged(agency(), DutyId.OWN_WINDOW), judged(agency(window=None), DutyId.OWN_WINDOW)
    excused = judged(agency(window=None), DutyId.OWN_WINDOW, waivers=(waiver("own-window"),))
    return [done, late, excused]


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_show_what_is_open_and_count_everything(language: str) -> None:
    late, waived, counts = lines(some(), language)
    wanted = {
        "en": (
            "example: overdue [own-window] title, by 2022-09-22 (1401-06-31): the agency",
            "1 met, 1 overdue, 1 waived",
            "example: waived by W-1401-001 until 2022-11-22 (1401-09-01) [own-window] title",
        ),
        "fa": (
            "example: معوق [own-window] عنوان، تا 1401-06-31 (2022-09-22): دستگاه",
            "1 انجام‌شده، 1 معوق، 1 معاف",
            "example: معاف با W-1401-001 تا 1401-09-01 (2022-11-22) [own-window] عنوان",
        ),
    }
    assert late.startswith(wanted[language][0])
    assert late.endswith("(R1, resolution 000)")
    assert counts == wanted[language][1]
    assert waived.startswith(wanted[language][2])


def test_every_state_has_its_word_in_both_languages() -> None:
    one = judged(agency(window=None), DutyId.OWN_WINDOW)
    for state in State:
        for language in LANGUAGES:
            *_, counts = lines([msgspec.structs.replace(one, state=state)], language)
            assert counts.startswith("1 ")


def test_the_document_holds_everything() -> None:
    content = json.loads(json.dumps(plain(some())))
    assert set(content["states"]) == set(State)
    assert (content["states"]["met"], content["states"]["overdue"], content["states"]["due"]) == (1, 1, 0)
    assert len(content["listed"]) == 3
    late = content["listed"][1]
    assert late["dueOn"] == {"solarHijri": "1401-06-31", "gregorian": "2022-09-22"}
    assert late["source"] == "R1, resolution 000"
    assert PERSIAN.search(late["summary"]["fa"])
    assert "waiver" not in late
    waived = content["listed"][2]
    assert (waived["state"], waived["waiver"], waived["until"]) == ("waived", "W-1401-001", "2022-11-22")
