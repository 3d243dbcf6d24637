"""A baseline: what it lets through, what it never does, and what is no baseline."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.estate.finding import Finding, Level, Status, Where, Words
from scripts.errors import UsageError
from scripts.report import baseline
from scripts.report import json as json_report
from scripts.report.result import Report
from tests.report import reports
from tests.report.reports import ADVICE, FAILS, UNKNOWN, WAIVED, finding, report

FORMAT = "govcloud.internal/report/v1"
bounded = settings(max_examples=100, derandomize=True, database=None, deadline=None)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("baseline") / "earlier.json"


def against(file: Path, earlier: Report, now: Report, *owners: str) -> Report:
    file.write_text(json_report.document(earlier), encoding="utf-8")
    return baseline.compare(now, baseline.read(file, owners))


def summary(made: Report) -> tuple[int, int, int]:
    """Return how many are new, existing and corrected."""
    assert made.comparison is not None
    return len(made.findings), len(made.existing), made.comparison.corrected


def test_what_was_known_is_existing_wherever_it_moved(file: Path) -> None:
    moved = finding(where=Where(FAILS.where.file, FAILS.where.path, 99, 1), summary=Words("still open", "هنوز باز"))
    made = against(file, report(FAILS), report(moved))
    assert summary(made) == (0, 1, 0)
    assert made.is_clean


def test_what_is_new_fails_and_what_is_gone_is_counted(file: Path) -> None:
    made = against(file, report(FAILS, ADVICE), report(UNKNOWN, ADVICE))
    assert summary(made) == (1, 1, 1)
    assert made.findings == (UNKNOWN,)
    assert not made.is_clean


def test_a_second_occurrence_is_new(file: Path) -> None:
    again = finding(summary=Words("also", "هم"))
    assert summary(against(file, report(FAILS), report(FAILS, again))) == (1, 1, 0)
    assert summary(against(file, report(FAILS, again), report(FAILS, again))) == (0, 2, 0)
    assert summary(against(file, report(FAILS, again), report(again))) == (0, 1, 1)


@pytest.mark.parametrize(
    "earlier",
    [
        msgspec.structs.replace(FAILS, status=Status.WAIVED, waiver="W-1", until="2026-01-01"),
        msgspec.structs.replace(FAILS, level=Level.ADVISORY),
        msgspec.structs.replace(FAILS, status=Status.NOT_APPLICABLE),
    ],
)
def test_what_did_not_gate_then_and_gates_now_is_new(file: Path, earlier: Finding) -> None:
    assert summary(against(file, report(earlier), report(FAILS))) == (1, 0, 1)
    assert summary(against(file, report(FAILS), report(earlier))) == (0, 1, 0)


def test_what_no_longer_gates_takes_no_place_of_what_does(file: Path) -> None:
    waived = msgspec.structs.replace(FAILS, status=Status.WAIVED, summary=Words("a", "ا"))
    made = against(file, report(FAILS), report(waived, FAILS))
    assert (made.findings, made.existing) == ((waived,), (FAILS,))
    assert made.is_clean


def test_a_report_that_was_compared_is_a_baseline_too(file: Path) -> None:
    compared = against(file, report(FAILS), report(FAILS, UNKNOWN))
    assert summary(against(file, compared, report(FAILS, UNKNOWN, WAIVED))) == (1, 2, 0)


def test_the_findings_of_others_are_not_corrected_by_not_asking(file: Path) -> None:
    earlier = report(FAILS, ADVICE, UNKNOWN)
    assert summary(against(file, earlier, report(UNKNOWN), "ncro")) == (0, 1, 1)
    assert summary(against(file, earlier, report(UNKNOWN))) == (0, 1, 2)


def test_the_verdict_says_what_became_of_it(file: Path) -> None:
    content = json.loads(json_report.document(against(file, report(FAILS, ADVICE), report(FAILS, WAIVED))))
    assert list(content) == ["format", "asOf", "rules", "findings", "existing", "corrected"]
    assert [one["subject"] for one in content["findings"]] == [WAIVED.subject]
    assert [one["subject"] for one in content["existing"]] == [FAILS.subject]
    assert content["corrected"] == 1
    assert content["rules"] == {"NS-01": {"fail": 1, "waived": 1}}
    assert content["findings"][0]["waiver"] == "W-1405-01"
    assert "waiver" not in content["existing"][0]


def test_json_counts_what_passed() -> None:
    content = json.loads(json_report.document(report(FAILS, passed={"NS-01": 3, "NP-01": 2, "NP-02": 0})))
    assert content["rules"] == {"NP-01": {"pass": 2}, "NS-01": {"fail": 1, "pass": 3}}


@bounded
@given(st.lists(reports.findings, max_size=6))
def test_nothing_is_new_against_itself(file: Path, found: list[Finding]) -> None:
    made = report(*found)
    assert summary(against(file, made, made)) == (0, len(made.findings), 0)


@bounded
@given(st.lists(reports.findings, max_size=5), st.lists(reports.findings, max_size=5))
def test_nothing_is_lost_and_nothing_counted_twice(file: Path, then: list[Finding], now: list[Finding]) -> None:
    earlier, later = report(*then), report(*now)
    made = against(file, earlier, later)
    new, existing, corrected = summary(made)
    assert new + existing == len(later.findings)
    assert existing + corrected == len(earlier.findings)
    assert set(made.findings) | set(made.existing) == set(later.findings)
    assert sum(one.gates for one in made.existing) <= sum(one.gates for one in earlier.findings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON report"),
        (b"{", "is no JSON report"),
        (b"\xff", "is no JSON report"),
        (b"[]", "is no JSON report"),
        (b"[" * 100_000, "is no JSON report"),
        (b"{}", "is no JSON report"),
        (b'{"format": 1}', "is no JSON report"),
        (b'{"format": "govcloud.internal/report/v2"}', "is of format 'govcloud.internal/report/v2', not 'govcloud."),
        (f'{{"format": "{FORMAT}"}}'.encode(), "is no JSON report (Object missing required field `findings`"),
        (f'{{"format": "{FORMAT}", "findings": [{{"rule": "x"}}]}}'.encode(), "is no JSON report"),
        (
            f'{{"format": "{FORMAT}", "findings": [{{"rule": "x", "level": "fatal", "status": "fail", '
            '"subject": "a", "where": {"path": ""}}]}'.encode(),
            "is no JSON report",
        ),
    ],
)
def test_another_file_is_no_baseline(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"^--baseline: ") as refused:
        baseline.read(file)
    assert said in str(refused.value)
    assert str(refused.value).endswith(": make it with govcloud check --format json")


def test_a_file_that_cannot_be_read_is_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        baseline.read(tmp_path / "gone.json")
    with pytest.raises(UsageError, match="Is a directory"):
        baseline.read(tmp_path)
