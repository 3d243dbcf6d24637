"""The engine of the rules over an estate: fails closed, in a fixed order, for whom it concerns."""

from collections.abc import Iterator

import pytest

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import Finding, Level, Status, Where, Words, is_clean
from policies.engine import ESTATE_RULES, concerning, evaluate
from tests.estate.expectation import PROFILES, make_root


def finding(subject: str = "minimal", *, level: Level = Level.MANDATORY, status: Status = Status.FAIL) -> Finding:
    words = Words("found", "یافته")
    return Finding(
        rule="a-rule", subject=subject, level=level, status=status, where=Where("f"), summary=words, remedy=words
    )


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    root = make_root(tmp_path_factory.mktemp("policies") / "root", [PROFILES / "valid" / "minimal.yaml"])
    estate, _ = loader.load(root)
    assert estate is not None
    return estate


def test_a_clean_estate_has_no_findings(estate: Estate) -> None:
    assert evaluate(estate) == ()


def test_a_rule_that_breaks_is_unknown_and_fails_the_run(estate: Estate) -> None:
    def breaks_early(_: Estate) -> Iterator[Finding]:
        raise KeyError("spec")

    def breaks_late(_: Estate) -> Iterator[Finding]:
        yield finding()
        raise ValueError("late")

    found = evaluate(estate, [breaks_early, breaks_late])
    unknown = [one for one in found if one.status is Status.UNKNOWN]
    assert {one.rule for one in unknown} == {"breaks-early", "breaks-late"}
    assert all(one.gates for one in unknown)
    assert "KeyError('spec')" in unknown[0].summary.en
    assert not is_clean(found)


def test_findings_come_once_and_in_order_of_their_places(estate: Estate) -> None:
    twice = evaluate(estate, [lambda _: [finding("b"), finding("a")], lambda _: [finding("a")]])
    assert [one.subject for one in twice] == ["a", "b"]


def test_findings_of_an_agency_are_its_own_and_the_platforms() -> None:
    all_of_them = [finding("a"), finding("a/Namespace/a-test"), finding("ab"), finding("platform"), finding("b")]
    assert [one.subject for one in concerning(all_of_them, "a")] == ["a", "a/Namespace/a-test", "platform"]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("level", Level)
def test_only_what_is_mandatory_and_failed_or_unknown_gates(status: Status, level: Level) -> None:
    gates = level is Level.MANDATORY and status in (Status.FAIL, Status.UNKNOWN)
    assert finding(status=status, level=level).gates == gates
    assert is_clean((finding(status=status, level=level),)) != gates


def test_every_rule_says_what_it_refuses_or_only_reports() -> None:
    for rule in ESTATE_RULES:
        assert (rule.__doc__ or "").startswith(("Refuse ", "Report ")), rule
    assert len(set(ESTATE_RULES)) == len(ESTATE_RULES)
