"""Waivers that end: what is waived, when, and what stays as it is; what is said of the records."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.estate import loader
from components.estate.dates import Day
from components.estate.duties import DutyId
from components.estate.estate import Estate, record
from components.estate.finding import Finding, Level, Status, Where, Words, is_clean
from components.estate.profile import EnvironmentName
from components.estate.waiver import Signatory, Subject, Waiver
from components.manifests import build
from policies.catalogue import CATALOGUE
from policies.engine import concerning, evaluate, settled
from policies.ledger import REFUSALS, chain
from policies.ledger_advice import DAYS_BEFORE, REPORTS, Read, unused_waivers
from policies.rules.rule import Mark
from policies.waivers import PROFILE_RULES, TERMS, Excuse, State, Terms, apply, covers, excused, matches, state
from scripts.cli import main
from stacks.declaration import declaration
from stacks.judgement import judge
from tests.estate.expectation import AS_OF, PROFILES, make_root
from tests.policies import clock

TEHRAN = ZoneInfo("Asia/Tehran")
SECOND = timedelta(seconds=1)
BEGINS = datetime(2026, 10, 24, tzinfo=TEHRAN)  # 1405-08-02
ENDS = datetime(2027, 1, 20, tzinfo=TEHRAN)  # 1405-10-30
WORDS = Words("found", "یافته")
ONE = {"agency": "one"}
NAMESPACE = {"agency": "one", "environment": "production", "kind": "Namespace", "name": "one-production"}
RULES = {
    "M-1": Terms(Level.MANDATORY, waivable=True, marks=frozenset({Mark.GENERATED})),
    "A-1": Terms(Level.ADVISORY, waivable=True, marks=frozenset({Mark.TENANT})),
    "B-1": Terms(Level.ADVISORY, waivable=True, marks=frozenset({Mark.GENERATED, Mark.TENANT})),
    "L-1": Terms(Level.ADVISORY, waivable=True, marks=frozenset({Mark.LIVE})),
    "N-1": Terms(Level.MANDATORY, waivable=False, marks=frozenset({Mark.GENERATED})),
    "profile": Terms(Level.MANDATORY, waivable=True),
}
bounded = settings(max_examples=300, derandomize=True, database=None, deadline=None)


def waiver(  # noqa: PLR0913  # the fields of a record
    waiver_id: str = "W-1405-001",
    *,
    rules: tuple[str, ...] = ("egress-outside",),
    subject: dict[str, str] = ONE,
    since: str = "1405-08-02",
    until: str = "1405-10-30",
    review_on: str | None = None,
    requested_by: str = "one",
    renews: str | None = None,
    **decision: object,
) -> Waiver:
    given_decision = {"ref": waiver_id, "status": "justified", "decidedOn": "1405-08-01"} | decision
    day = Day.parse(until) - timedelta(days=1)
    spec = {
        "rules": list(rules),
        "subject": subject,
        "reasonClass": "other",
        "reason": "A reason.",
        "requestedBy": requested_by,
        "decision": {"signedBy": ["aeo", "pbo", "eitc"]} | given_decision,
        "from": since,
        "until": until,
        "reviewOn": review_on or day.isoformat(),
    } | ({"renews": renews} if renews else {})
    data = {"apiVersion": "govcloud.internal/v1", "kind": "Waiver", "metadata": {"id": waiver_id}, "spec": spec}
    return record(data, Waiver)


def finding(rule: str = "egress-outside", subject: str = "one", status: Status = Status.FAIL) -> Finding:
    return Finding(rule=rule, subject=subject, status=status, where=Where("f"), summary=WORDS, remedy=WORDS)


def estate_of(case: str, root: Path, as_of: datetime = AS_OF) -> Estate:
    files = {path.stem: path for path in (PROFILES / "estates" / case).iterdir()}
    waivers = {stem.removeprefix("waiver-"): files.pop(stem) for stem in [*files] if stem.startswith("waiver-")}
    estate, _ = loader.load(make_root(root, files.values(), waivers=waivers), as_of=lambda _: as_of)
    assert estate is not None
    return estate


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """An agency with one way out that needs a waiver, and a waiver for it."""
    return estate_of("waiver-holds", tmp_path_factory.mktemp("waivers") / "root")


def with_waivers(estate: Estate, *waivers: Waiver, as_of: datetime = AS_OF) -> Estate:
    return msgspec.structs.replace(estate, waivers=waivers, as_of=as_of)


def told(estate: Estate) -> set[str]:
    """Return which rules of the ledger speak of an estate."""
    return {one.rule for rule in (*REFUSALS, *REPORTS) for one in rule(estate)}


# The clock.

CLOCK = [
    *((moment.at, Status.WAIVED if moment.is_waived else Status.FAIL) for moment in clock.MOMENTS),
    (ENDS + timedelta(days=3650), Status.FAIL),
]
"""The table of docs/how-to/waivers.md, in a zone whose days begin at half past eight in the evening of UTC."""


def test_the_table_of_moments_is_that_of_the_how_to() -> None:
    told = [(BEGINS - SECOND, False), (BEGINS, True), (ENDS - SECOND, True), (ENDS, False), (ENDS + SECOND, False)]
    assert [(moment.at, moment.is_waived) for moment in clock.MOMENTS] == told


@pytest.mark.parametrize("zone", [TEHRAN, UTC], ids=["local", "utc"])
@pytest.mark.parametrize(("as_of", "status"), CLOCK)
def test_a_waiver_holds_from_the_first_moment_of_its_first_day_until_that_of_its_end(
    as_of: datetime, status: Status, zone: ZoneInfo, holding: Estate
) -> None:
    estate = msgspec.structs.replace(holding, as_of=as_of.astimezone(zone))
    (found,) = [one for one in evaluate(estate) if one.rule == "egress-outside"]
    assert found.status is status
    assert found.level is Level.MANDATORY
    assert found.gates is (status is Status.FAIL)
    is_waived = status is Status.WAIVED
    assert (found.waiver, found.until) == (("W-1405-001", "2027-01-20") if is_waived else ("", ""))


@pytest.mark.parametrize("zone", ["Asia/Tehran", "UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"])
def test_days_begin_in_the_platforms_zone_wherever_the_clock_hangs(zone: str) -> None:
    one, where = waiver(), ZoneInfo(zone)
    begins, ends = one.spec.since.begins(where), one.spec.until.begins(where)
    for hanging in (where, UTC, ZoneInfo("Pacific/Kiritimati")):
        moments = [begins - SECOND, begins, ends - SECOND, ends, ends + SECOND]
        found = [apply([finding()], [one], moment.astimezone(hanging), where)[0].status for moment in moments]
        assert found == [Status.FAIL, Status.WAIVED, Status.WAIVED, Status.FAIL, Status.FAIL]


def test_a_renewal_leaves_no_gap_and_no_overlap(holding: Estate) -> None:
    second = waiver("W-1405-002", since="1405-10-30", until="1405-11-20", decidedOn="1405-09-01", renews="W-1405-001")
    estate = with_waivers(holding, waiver(), second, as_of=ENDS - SECOND)
    assert [one.waiver for one in evaluate(estate) if one.rule == "egress-outside"] == ["W-1405-001"]
    later = msgspec.structs.replace(estate, as_of=ENDS)
    assert [one.waiver for one in evaluate(later) if one.rule == "egress-outside"] == ["W-1405-002"]
    for at in (estate, later):
        assert told(at) & {"waiver-ended", "waiver-overlap"} == set()


DAYS = st.dates(Day.parse("1405-06-01"), Day.parse("1406-01-01")).map(lambda day: day.isoformat())
MOMENTS = st.datetimes(datetime(2026, 8, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(["Asia/Tehran", "UTC", "Pacific/Apia", "America/St_Johns"]).map(ZoneInfo)


@given(since=DAYS, until=DAYS, decided_on=DAYS, as_of=MOMENTS, zone=ZONES)
@bounded
def test_active_is_decided_begun_not_ended_and_not_too_long(
    since: str, until: str, decided_on: str, as_of: datetime, zone: ZoneInfo
) -> None:
    one = waiver(rules=("M-1",), since=since, until=until, decidedOn=decided_on)
    first, end, decided = (Day.parse(text) for text in (since, until, decided_on))
    holds = first.begins(zone) <= as_of < end.begins(zone)
    wanted = holds and decided.begins(zone) <= as_of and (end - decided).days <= 90
    assert (state(one, as_of, zone, RULES) is State.ACTIVE) == wanted
    (found,) = apply([finding("M-1", "one/production/Namespace/a")], [one], as_of, zone, RULES)
    assert (found.status is Status.WAIVED) == wanted


# What is waived, and what never.


@pytest.mark.parametrize(
    ("subject", "named", "is_matched"),
    [
        (ONE, "one", True),
        (ONE, "one/production/Deployment/web/main", True),
        (ONE, "one//Deployment/web", True),
        (ONE, "two", False),
        (ONE, "on", False),
        (ONE, "one-more/production/Deployment/web", False),
        (ONE, "platform", False),
        (ONE, "platform//ClusterRole/one", False),
        (ONE, "operator:one", False),
        (ONE, "one/production", False),
        (ONE, "one/production/Deployment/web/main/x", False),
        (ONE, "", False),
        ({"agency": "one", "environment": "production"}, "one", False),
        ({"agency": "one", "environment": "production"}, "one/test/Deployment/web", False),
        ({"agency": "one", "environment": "production"}, "one/production/Job/web/main", True),
        ({"agency": "one", "kind": "Deployment"}, "one/test/Deployment/web", True),
        ({"agency": "one", "kind": "Deployment"}, "one/test/deployment/web", False),
        (NAMESPACE, "one/production/Namespace/one-production", True),
        (NAMESPACE, "one/production/Namespace/one-production/main", True),
        (NAMESPACE, "one/production/Namespace/one-production-2", False),
        (NAMESPACE | {"container": "main"}, "one/production/Namespace/one-production", False),
        (NAMESPACE | {"container": "main"}, "one/production/Namespace/one-production/main", True),
        (NAMESPACE | {"container": "main"}, "one/production/Namespace/one-production/other", False),
    ],
)
def test_every_field_that_is_given_is_matched_letter_for_letter(
    subject: dict[str, str],
    named: str,
    is_matched: bool,  # noqa: FBT001  # the verdict
) -> None:
    assert matches(waiver(subject=subject).spec.subject, named) is is_matched


@pytest.mark.parametrize("status", ["raised", "unjustified"])
def test_only_what_was_found_justified_has_effect(status: str) -> None:
    one = waiver(status=status)
    assert state(one, AS_OF, TEHRAN).value == status
    assert apply([finding()], [one], AS_OF, TEHRAN) == (finding(),)


def test_a_waived_finding_differs_in_status_waiver_and_end_only() -> None:
    (found,) = apply([finding()], [waiver()], AS_OF, TEHRAN)
    assert found == msgspec.structs.replace(finding(), status=Status.WAIVED, waiver="W-1405-001", until="2027-01-20")


def test_of_several_waivers_the_one_that_ends_last_is_named() -> None:
    waivers = [waiver("W-1-1", until="1405-10-01"), waiver("W-1-2"), waiver("W-1-3", until="1405-10-02")]
    for order in itertools.permutations(waivers):
        assert apply([finding()], order, AS_OF, TEHRAN)[0].waiver == "W-1-2"


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAIL])
def test_what_did_not_fail_stays_as_it_is(status: Status) -> None:
    assert apply([finding(status=status)], [waiver()], AS_OF, TEHRAN) == (finding(status=status),)


def test_no_record_excuses_from_a_rule_that_is_not_waivable_even_beside_another() -> None:
    mixed = waiver(rules=("M-1", "N-1"))
    for rule in ("M-1", "N-1"):
        found = finding(rule, "one/production/Namespace/a")
        assert apply([found], [mixed], AS_OF, TEHRAN, RULES) == (found,)


SUBJECTS = st.sampled_from(
    ["one", "two", "platform", "one/production/Namespace/a", "one/test/Deployment/web/main", "two/production/Job/a"]
)
FINDINGS = st.builds(finding, st.sampled_from([*RULES, "ZZ"]), SUBJECTS, st.sampled_from(Status))
WAIVERS = st.builds(
    waiver,
    st.sampled_from([f"W-1-{number}" for number in range(4)]),
    rules=st.lists(st.sampled_from([*RULES, "ZZ"]), min_size=1, max_size=3, unique=True).map(tuple),
    subject=st.sampled_from(
        [ONE, {"agency": "two"}, NAMESPACE | {"name": "a"}, {"agency": "one", "kind": "Deployment"}]
    ),
    since=DAYS,
    until=DAYS,
    requested_by=st.sampled_from(["one", "aeo"]),
    status=st.sampled_from(["justified", "justified", "justified", "raised", "unjustified"]),
    decidedOn=DAYS,
    signedBy=st.lists(st.sampled_from([*map(str, Signatory)]), min_size=2, max_size=5, unique=True),
    renews=st.sampled_from([None, None, *(f"W-1-{number}" for number in range(5))]),
)


@given(findings=st.lists(FINDINGS, max_size=6), waivers=st.lists(WAIVERS, max_size=4), as_of=MOMENTS)
@settings(bounded, max_examples=150)
def test_nothing_is_changed_but_failures_of_waivable_rules_that_an_active_waiver_covers(
    findings: list[Finding], waivers: list[Waiver], as_of: datetime
) -> None:
    settled_ = apply(findings, waivers, as_of, TEHRAN, RULES)
    assert len(settled_) == len(findings)
    for before, after in zip(findings, settled_, strict=True):
        covering = [
            w
            for w in waivers
            if state(w, as_of, TEHRAN, RULES) is State.ACTIVE and covers(w, before.rule, before.subject)
        ]
        may = before.status is Status.FAIL and before.rule in RULES and RULES[before.rule].waivable
        if may and covering:
            assert after.status is Status.WAIVED
            assert after.waiver in {w.id for w in covering}
        else:
            assert after == before
    assert apply(settled_, waivers, as_of, TEHRAN, RULES) == settled_
    assert apply(findings, reversed(waivers), as_of, TEHRAN, RULES) == settled_ or len({w.id for w in waivers}) < len(
        waivers
    )


@given(waivers=st.lists(WAIVERS, max_size=4, unique_by=lambda one: one.id), first=MOMENTS, second=MOMENTS)
@settings(bounded, max_examples=100)
def test_time_alone_never_makes_a_new_error_of_the_records(
    waivers: list[Waiver], first: datetime, second: datetime, holding: Estate
) -> None:
    """What is wrong with a record is over one day, or decided at last: a run of tomorrow fails for no new cause."""
    earlier, later = sorted((first, second))

    def mandatory(as_of: datetime) -> set[tuple[str, Where]]:
        estate = with_waivers(holding, *sorted(waivers, key=lambda one: one.id), as_of=as_of)
        found = {(one.rule, one.where): one for rule in (*REFUSALS, *REPORTS) for one in rule(estate)}
        return {key for key, one in found.items() if one.level is Level.MANDATORY}

    new = mandatory(later) - mandatory(earlier)
    assert {rule for rule, _ in new} <= {"waiver-too-long"}  # of a decision that was in the future, which was said
    for _, where in new:
        assert ("waiver-decision-future", Where(where.file, ("spec", "decision", "decidedOn"))) in mandatory(earlier)


# The limits of a record.


@pytest.mark.parametrize(("rules", "days"), [(("M-1",), 90), (("A-1",), 180), (("A-1", "M-1"), 90), (("profile",), 90)])
def test_the_weightiest_rule_decides_how_long_a_waiver_may_last(rules: tuple[str, ...], days: int) -> None:
    decided = Day.parse("1405-08-01")
    for extra, wanted in ((0, State.ACTIVE), (1, State.FLAWED)):
        until = decided + timedelta(days=days + extra)
        assert state(waiver(rules=rules, until=until.isoformat()), AS_OF, TEHRAN, RULES) is wanted


SUBSETS = [signers for size in range(1, len(Signatory) + 1) for signers in itertools.combinations(Signatory, size)]


@pytest.mark.parametrize("signers", SUBSETS, ids="-".join)
def test_one_of_the_two_committees_signs_whole(signers: tuple[Signatory, ...]) -> None:
    whole = {"aeo", "pbo", "eitc"} <= set(signers) or {"aeoHead", "pbo", "ictMinister"} <= set(signers)
    one = waiver(signedBy=[*map(str, signers)])
    assert (state(one, AS_OF, TEHRAN) is State.ACTIVE) == whole


@pytest.mark.parametrize(
    ("requested_by", "signers", "wanted"),
    [
        ("aeo", ["aeoHead", "pbo", "ictMinister"], State.FLAWED),
        ("mict", ["aeoHead", "pbo", "ictMinister"], State.FLAWED),
        ("mict", ["aeo", "pbo", "eitc"], State.ACTIVE),
        ("eitc", ["aeo", "pbo", "eitc"], State.FLAWED),
        ("platform", ["aeo", "pbo", "eitc"], State.ACTIVE),
    ],
)
def test_who_asks_does_not_sign_in_person_or_for_the_same_body(
    requested_by: str, signers: list[str], wanted: State
) -> None:
    assert state(waiver(requested_by=requested_by, signedBy=signers), AS_OF, TEHRAN) is wanted


def test_a_decision_holds_from_the_first_moment_of_its_day() -> None:
    one = waiver(decidedOn="1405-09-01", since="1405-08-01")
    decided = datetime(2026, 11, 22, tzinfo=TEHRAN)
    assert state(one, decided - SECOND, TEHRAN) is State.FLAWED
    assert state(one, decided, TEHRAN) is State.ACTIVE


@pytest.mark.parametrize("days", DAYS_BEFORE)
def test_the_end_is_announced_30_14_and_7_days_before(days: int, holding: Estate) -> None:
    def announced(as_of: datetime) -> str:
        found = [one for one in evaluate(msgspec.structs.replace(holding, as_of=as_of)) if one.rule == "waiver-ending"]
        assert all(one.level is Level.ADVISORY for one in found)
        return next((one.summary.en for one in found if "W-1405-001" in one.summary.en), "")

    on_day = ENDS - timedelta(days=days)
    assert f"within {days} days, on 2027-01-20 (1405-10-30)" in announced(on_day)
    assert f"within {days} days" not in announced(on_day - SECOND)


def test_a_review_is_due_from_its_day(holding: Estate) -> None:
    day = datetime(2026, 12, 21, tzinfo=TEHRAN)  # 1405-09-30
    assert "waiver-review-due" not in told(msgspec.structs.replace(holding, as_of=day - SECOND))
    assert "waiver-review-due" in told(msgspec.structs.replace(holding, as_of=day))


# The ledger: whom it concerns, and when it says what.


@pytest.mark.parametrize("case", ["waiver-ended", "waiver-ending", "waiver-too-broad", "waiver-unused", "waiver-holds"])
def test_what_the_committee_should_know_stops_nobody(case: str, tmp_path: Path) -> None:
    found = evaluate(estate_of(case, tmp_path / "root"))
    assert is_clean(found)
    assert {one.subject for one in found if one.rule.startswith("waiver-")} <= {"platform"}


@pytest.mark.parametrize("case", sorted(path.name for path in (PROFILES / "estates").glob("waiver-*")))
def test_what_is_wrong_in_the_records_concerns_everybody_and_is_never_waived(case: str, tmp_path: Path) -> None:
    estate = estate_of(case, tmp_path / "root")
    found = [one for one in evaluate(estate) if one.rule.startswith("waiver-")]
    assert concerning(found, "anybody") == tuple(found)
    everything = waiver("W-1-1", rules=tuple({one.rule for one in found} or {"x-y"}), subject={"agency": "platform"})
    assert apply(found, [*estate.waivers, everything], estate.as_of, TEHRAN) == tuple(found)


def test_an_ended_record_blocks_nobody_whatever_is_wrong_with_it(holding: Estate) -> None:
    old = {"since": "1404-01-01", "until": "1404-02-01", "decidedOn": "1405-09-09"}
    wrong = waiver("W-1-1", rules=("ZZ-1", "host-taken"), subject={"agency": "gone"}, signedBy=["aeo"], **old)
    found = evaluate(with_waivers(holding, waiver(), wrong))
    assert is_clean(found)
    assert [one.rule for one in found if one.where.file == wrong.file] == ["waiver-ended"]


def test_a_request_that_was_refused_or_not_yet_weighed_may_ask_for_anything(holding: Estate) -> None:
    for status in ("raised", "unjustified"):
        one = waiver(rules=("host-taken",), until="1407-01-01", status=status, signedBy=["aeo"])
        assert told(with_waivers(holding, one)) == set()


@pytest.mark.parametrize(
    ("rule", "marks", "is_judged"),
    [
        ("profile", (), True),
        ("M-1", (), False),
        ("M-1", (Mark.GENERATED,), True),
        ("M-1", (Mark.LIVE,), False),
        ("A-1", (Mark.GENERATED,), False),
        ("A-1", (Mark.TENANT,), True),
        ("B-1", (Mark.GENERATED,), False),
        ("B-1", (Mark.GENERATED, Mark.TENANT), True),
        ("L-1", (Mark.GENERATED, Mark.TENANT), False),
        ("L-1", (Mark.LIVE,), True),
    ],
)
def test_a_waiver_is_called_unused_only_where_its_subject_was_read(
    rule: str,
    marks: tuple[Mark, ...],
    is_judged: bool,  # noqa: FBT001  # the verdict
    holding: Estate,
) -> None:
    estate = with_waivers(holding, waiver(rules=(rule,)))
    unused = partial(unused_waivers, terms=RULES)
    assert bool([*unused(estate, [], Read(frozenset(marks)))]) is is_judged
    assert not [*unused(estate, [], Read(frozenset(marks), frozenset({"two"})))] or rule == "profile"
    for status in (Status.FAIL, Status.WAIVED, Status.UNKNOWN):
        assert not [*unused(estate, [finding(rule, "one", status)], Read(frozenset(marks)))]
    elsewhere = with_waivers(holding, waiver(rules=(rule,), subject={"agency": "unread"}))
    assert not [*unused(elsewhere, [], Read(frozenset(Mark)))]


OBJECT = {"agency": "one", "environment": "production", "kind": "Deployment", "name": "web"}
DEPLOYMENT = "one/production/Deployment/web"


@pytest.mark.parametrize(
    ("subject", "only", "is_judged"),
    [
        (OBJECT, {DEPLOYMENT}, True),
        (OBJECT | {"container": "main"}, {DEPLOYMENT}, True),
        (OBJECT, {"one/production/Deployment/web-2", "one/production/Job/web", "one/test/Deployment/web"}, False),
        (OBJECT, set(), False),
        ({"agency": "one", "kind": "Deployment", "name": "web"}, {DEPLOYMENT}, True),  # its only environment
        ({"agency": "one", "environment": "production", "kind": "Deployment"}, {DEPLOYMENT}, False),
        (ONE, {DEPLOYMENT}, False),
    ],
)
def test_where_only_some_objects_were_read_a_waiver_must_name_one_of_them_to_be_unused(
    subject: dict[str, str],
    only: set[str],
    is_judged: bool,  # noqa: FBT001  # the verdict
    holding: Estate,
) -> None:
    estate = with_waivers(holding, waiver(rules=("A-1", "profile"), subject=subject))
    found = unused_waivers(estate, [], Read(frozenset({Mark.TENANT}), only=frozenset(only)), RULES)
    assert [one.where.path for one in found] == [("spec", "rules", 0)] * is_judged


def of_manifests(root: Path, text: str, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """Return what `check --manifests` says of the waivers for a file with this text, and where."""
    (root / "tenant").mkdir(exist_ok=True)
    (root / "tenant" / "file.yaml").write_text(text, encoding="utf-8")
    main(
        ["--root", str(root), "check", "--manifests", str(root / "tenant"), "--as-of", "1405-09-01", "--format", "json"]
    )
    found = json.loads(capsys.readouterr().out)["findings"]
    return [(one["rule"], one["where"]["file"]) for one in found if one["rule"].startswith("waiver-")]


def test_manifests_tell_of_waivers_that_do_nothing_for_what_is_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, text = clock.project_at(tmp_path / "root"), clock.MANIFEST.read_text(encoding="utf-8")
    mended = text.replace("NodePort", "ClusterIP")
    assert mended != text
    told_of = [("waiver-unused", f"policies/waivers/{clock.WAIVER}.yaml")]
    assert of_manifests(root, mended, capsys) == told_of
    assert of_manifests(root, text, capsys) == []
    assert of_manifests(root, mended.replace("name: legacy", "name: other"), capsys) == []


def test_findings_of_objects_that_join_later_are_waived_in_the_same_place(holding: Estate) -> None:
    of_object = finding("NS-01", "one/production/Namespace/one-production")
    found = settled([*evaluate(holding), of_object], holding, Read(frozenset({Mark.GENERATED})))
    assert {(one.rule, one.waiver) for one in found} == {("NS-01", "W-1405-002"), ("egress-outside", "W-1405-001")}
    assert {one.status for one in found} == {Status.WAIVED}
    without = settled(evaluate(holding), holding, Read(frozenset({Mark.GENERATED})))
    assert [one.rule for one in without if one.level is Level.ADVISORY] == ["waiver-unused"]


def test_a_chain_of_renewals_is_counted_and_a_circle_ends() -> None:
    first, second, third = waiver("W-1-1"), waiver("W-1-2", renews="W-1-1"), waiver("W-1-3", renews="W-1-2")
    assert chain(third, [first, second, third]) == (third, second, first)
    assert chain(third, [third]) == (third,)
    circle = [waiver("W-1-1", renews="W-1-2"), waiver("W-1-2", renews="W-1-1")]
    assert chain(circle[0], circle) == tuple(circle)


# A way out of the cloud (R3).


def everywhere(root: Path) -> Estate:
    """Return the agency of `waiver-holds`, whose way out leads everywhere and whose other way needs no waiver."""
    estate = estate_of("waiver-holds", root)
    profile = root / loader.PROFILES / "one.yaml"
    second = "\n    - {name: home, app: web, cidr: 10.20.30.0/24, ports: [{port: 443}], purpose: Example, "
    text = profile.read_text(encoding="utf-8").rstrip().replace("203.0.113.0/24", "0.0.0.0/0")
    profile.write_text(f"{text}{second}owner: Example, until: 1407-12-29}}\n", encoding="utf-8")
    found = loader.load(root, as_of=lambda _: estate.as_of).estate
    assert found is not None
    return found


def test_a_way_out_that_only_a_waiver_opens_shows_its_id_and_end(tmp_path: Path) -> None:  # R3
    estate = everywhere(tmp_path / "root")
    assert not is_clean(judge(with_waivers(estate), {"one"}).findings)
    excused_ = with_waivers(estate, waiver(rules=("egress-outside", "NP-09")))
    assert is_clean(judge(excused_, {"one"}).findings)
    notes = {
        one["metadata"]["name"]: one["metadata"].get("annotations")
        for one in declaration(excused_, "one").manifests
        if one["kind"] == "NetworkPolicy"
    }
    assert notes.pop("allow-egress-abroad") == {"waiver.govcloud.internal/W-1405-001": "2027-01-20T00:00:00+03:30"}
    assert "allow-egress-home" in notes
    assert not any(notes.values())
    without = build.tenant(estate, estate.agencies[0])
    for none in (with_waivers(estate), msgspec.structs.replace(excused_, as_of=ENDS)):
        assert declaration(none, "one").manifests == without


# For admission, and what is known of the rules.


def test_what_is_excused_at_admission_names_namespaces_and_exact_ends(holding: Estate) -> None:
    until = datetime(2027, 1, 20, tzinfo=TEHRAN)
    narrow = waiver(rules=("NS-01", "egress-outside"), subject=NAMESPACE)
    estate = with_waivers(holding, narrow)
    assert excused(estate) == (
        Excuse("W-1405-001", "NS-01", "one-production", "Namespace", "one-production", None, until),
    )
    whole = with_waivers(holding, waiver(rules=("NS-01",)))
    assert [(one.namespace, one.kind, one.name) for one in excused(whole)] == [("one-production", None, None)]
    for none in (
        msgspec.structs.replace(estate, as_of=until),
        msgspec.structs.replace(estate, as_of=BEGINS - SECOND),
        with_waivers(holding, waiver(rules=("NS-01",), subject={"agency": "two"})),
        with_waivers(holding, waiver(rules=("NS-01",), subject={"agency": "one", "environment": "test"})),
        with_waivers(holding, waiver(rules=("NS-01",), status="raised")),
        with_waivers(holding, waiver(rules=("NS-01", "ZZ-1"))),
    ):
        assert excused(none) == ()


def test_the_terms_are_those_of_the_catalogue_of_the_rules_over_profiles_and_of_the_duties() -> None:
    families = [PROFILE_RULES.keys(), set(DutyId), {rule.id for rule in CATALOGUE}]
    assert TERMS.keys() == set().union(*families)
    assert len(TERMS) == sum(map(len, families)), "an id that is a rule's and a duty's would be waived as both"
    for rule in CATALOGUE:
        assert TERMS[rule.id] == Terms(rule.level, rule.waivable, rule.marks)
    assert not any(TERMS[rule].marks for rule in {*PROFILE_RULES, *DutyId})


def test_the_project_has_a_waiver_that_holds_and_renews_one_that_has_ended(project: Path) -> None:
    estate, findings = loader.load(project, as_of=lambda _: AS_OF)
    assert estate is not None
    assert findings == ()
    ended, active = estate.waivers
    assert state(ended, AS_OF, TEHRAN) is State.ENDED
    assert state(active, AS_OF, TEHRAN) is State.ACTIVE
    assert chain(active, estate.waivers) == (active, ended)
    assert active.spec.subject == Subject(
        agency="inta",
        environment=EnvironmentName.PRODUCTION,
        kind="Deployment",
        name="legacy-etl",
        container="main",
    )
    of_tenant = finding("WL-11", "inta/production/Deployment/legacy-etl/main")
    assert apply([of_tenant], estate.waivers, AS_OF, TEHRAN)[0].waiver == active.id
    assert told(estate) == set()
