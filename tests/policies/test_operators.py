"""What the rules on operators do beyond the cases under tests/profiles/: whom they bother, and when."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import Finding, Level, is_clean
from policies.engine import concerning, evaluate
from policies.rules.operators import ended_licences, licensed_services
from tests.estate.expectation import PROFILES, make_root

ESTATES = PROFILES / "estates"
ENDS = datetime(2025, 3, 21, tzinfo=ZoneInfo("Asia/Tehran"))  # 1404-01-01


def estate_of(case: str, root: Path, as_of: datetime) -> Estate:
    files = {path.stem: path for path in (ESTATES / case).iterdir()}
    operators = files.pop("operators")
    estate, _ = loader.load(make_root(root, files.values(), operators=operators), as_of=lambda _: as_of)
    assert estate is not None
    return estate


def ended(case: str, root: Path, as_of: datetime) -> tuple[Finding, ...]:
    return tuple(ended_licences(estate_of(case, root, as_of)))


def test_an_ended_licence_is_advice_that_stops_nobody_and_bothers_no_agency(tmp_path: Path) -> None:
    found = evaluate(estate_of("licence-ended", tmp_path / "root", ENDS))
    assert [(one.rule, one.level, one.subject) for one in found] == [
        ("licence-ended", Level.ADVISORY, "operator:second"),
        ("licence-ended", Level.ADVISORY, "operator:third"),
    ]
    assert is_clean(found)
    assert concerning(found, "one") == ()


def test_a_licence_has_ended_from_the_first_moment_of_its_end(tmp_path: Path) -> None:
    assert ended("licence-ended", tmp_path / "before", ENDS - timedelta(seconds=1)) == ()
    assert len(ended("licence-ended", tmp_path / "at", ENDS)) == 2


@pytest.mark.parametrize(
    ("case", "rules"),
    [
        ("licence-service-unknown", {"licence-service-unknown"}),
        ("licence-service-without-window", {"licence-service-without-window"}),
        ("operator-taken", {"operator-taken"}),
        ("operator-reserved", {"id-reserved"}),
    ],
)
def test_what_is_wrong_in_the_register_concerns_every_agency(case: str, rules: set[str], tmp_path: Path) -> None:
    found = concerning(evaluate(estate_of(case, tmp_path / "root", ENDS)), "one")
    assert {one.rule for one in found} == rules
    assert all(one.gates for one in found)


@pytest.mark.parametrize("case", ["licence-service-unknown", "licence-service-without-window"])
def test_the_services_of_a_licence_are_judged_until_its_end(case: str, tmp_path: Path) -> None:
    def places(root: Path, as_of: datetime) -> set[object]:
        return {one.where.path[2] for one in licensed_services(estate_of(case, root, as_of))}

    assert places(tmp_path / "before", ENDS - timedelta(seconds=1)) - places(tmp_path / "at", ENDS) == {2}


def test_an_unknown_card_may_be_in_a_profile_that_cannot_be_read(tmp_path: Path) -> None:
    estate = estate_of("operator-taken", tmp_path / "root", ENDS)
    assert estate.unread == {"two"}
    assert any("EX-unread" in operator.licence.services for operator in estate.operators)
    assert list(licensed_services(estate)) == []
