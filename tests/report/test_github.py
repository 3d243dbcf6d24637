"""Workflow commands, read back as GitHub's runner reads them."""

import re
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from components.estate.finding import Finding, Level, Status, Where, Words
from scripts.report import github
from scripts.report.result import Comparison, Report, sentence
from tests.report import reports
from tests.report.reports import ADVICE, EVERY_SORT, FAILS, NASTY, UNKNOWN, WAIVED, finding, report

COMMAND = re.compile(r"::(\w+) ([^:]*)::(.*)")


class Command(NamedTuple):
    """A command as the runner (ActionCommand.TryParseV2) takes it apart."""

    name: str
    properties: dict[str, str]
    message: str


def read(line: str) -> Command:
    found = COMMAND.fullmatch(line)
    assert found, line
    properties = dict(part.split("=", 1) for part in found[2].split(","))
    return Command(found[1], {key: _unescaped(value, ",:") for key, value in properties.items()}, _unescaped(found[3]))


def _unescaped(text: str, more: str = "") -> str:
    for letter in f"\r\n{more}%":
        text = text.replace(f"%{ord(letter):02X}", letter)
    return text


def commands(made: Report, language: str = "en") -> list[Command]:
    return [read(line) for line in github.document(made, language).split("\n")[:-2]]


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (
            FAILS,
            "::error file=agency_profiles/irica.yaml,line=12,col=5,title=NS-01 namespace-closed::it is open; close it",
        ),
        (ADVICE, "::warning file=agency_profiles/ncro.yaml,title=wide-egress::it is open; close it"),
        (
            UNKNOWN,
            "::error file=stacks/platform.yaml,title=NS-01 namespace-closed (unknown)::it is open; close it",
        ),
        (
            WAIVED,
            (
                "::notice file=agency_profiles/irica.yaml,line=12,col=5,title=NS-01 namespace-closed "
                "(waived by W-1405-01%2C until 2027-01-01)::it is open; close it"
            ),
        ),
    ],
)
def test_an_annotation(one: Finding, line: str) -> None:
    assert github.document(report(one)).splitlines()[0] == line


def test_the_verdict_closes_and_is_no_command() -> None:
    lines = github.document(EVERY_SORT).splitlines()
    assert len(lines) == 5, "what is not applicable is no annotation"
    assert lines[-1] == "✗ 2 to correct: irica, platform"
    assert github.document(report()) == "✓ 3 profiles, 9 services: nothing to correct\n"
    assert github.document(report(), "fa") == "✓ 3 نمایه، 9 خدمت: چیزی برای اصلاح نیست\n"
    planted = github.document(report(finding(subject="x\n::stop-commands::y ##[error]z"))).splitlines()
    assert len(planted) == 2
    assert "##[" not in planted[-1]


def test_what_the_baseline_knew_is_a_notice() -> None:
    made = report(ADVICE, comparison=Comparison((FAILS, UNKNOWN), 1))
    assert [(one.name, "known to the baseline" in one.properties["title"]) for one in commands(made)] == [
        ("notice", True),
        ("warning", False),
        ("notice", True),
    ]
    last = github.document(made).splitlines()[-1]
    assert last.endswith("; of the baseline: 2 still there, 1 corrected")


def test_every_letter_comes_through() -> None:
    (command,) = commands(report(finding(where=Where("a,b:c%\n.yaml"), summary=Words(NASTY, ""))))
    assert command.properties["file"] == "a,b:c%\n.yaml"
    assert command.message == f"{NASTY}; close it"


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(reports.reports)
def test_any_report_is_read_back_as_it_was(made: Report) -> None:
    shown = [one for one in made.all_findings if one.status not in {Status.PASS, Status.NOT_APPLICABLE}]
    said = commands(made)
    assert [command.message for command in said] == [sentence(one, "en") for one in shown]
    assert [command.properties["file"] for command in said] == [one.where.file for one in shown]
    errors = sum(one.level is Level.MANDATORY and one.gates for one in made.findings)
    assert sum(command.name == "error" for command in said) == errors
