"""JUnit: red is what fails the run; the form is the one that Jenkins and GitLab read."""

from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from components.estate.finding import Status, Where, Words
from scripts.report import junit
from scripts.report.result import Comparison, Report
from tests.report import reports
from tests.report.reports import ADVICE, EVERY_SORT, FAILS, NASTY, UNKNOWN, WAIVED, finding, report

COUNTS = {"name", "tests", "failures", "errors", "skipped", "time"}
FORM = {  # element: children, attributes it has, attributes it may have besides
    "testsuites": ({"testsuite"}, COUNTS, set[str]()),
    "testsuite": ({"testcase"}, COUNTS, set[str]()),
    "testcase": ({"failure", "error", "skipped"}, {"classname", "name", "time"}, {"file", "line"}),
    "failure": (set[str](), {"message", "type"}, set[str]()),
    "error": (set[str](), {"message", "type"}, set[str]()),
    "skipped": (set[str](), {"message"}, set[str]()),
}
TAGS = ("failure", "error", "skipped")


def parsed(made: Report, language: str = "en") -> ET.Element:
    """Return the document, which has the form that the readers share."""
    root = ET.fromstring(junit.document(made, language))  # noqa: S314  # our own
    assert root.tag == "testsuites"
    for element in root.iter():
        children, has, may = FORM[element.tag]
        assert {child.tag for child in element} <= children
        assert has <= set(element.attrib) <= has | may
        assert element.tag != "testcase" or len(element) <= 1
        if element.tag in {"testsuites", "testsuite"}:
            inside = Counter(below.tag for below in element.iter())
            told = [int(element.attrib[key]) for key in ("tests", "failures", "errors", "skipped")]
            assert told == [inside[tag] for tag in ("testcase", *TAGS)]
    return root


def outcomes(root: ET.Element, suite: str) -> dict[str, str]:
    return {
        test.attrib["name"]: test[0].tag if len(test) else "passed" for test in root.iterfind(f"*[@name='{suite}']/*")
    }


def messages(root: ET.Element, tag: str) -> list[str]:
    return [element.attrib["message"] for element in root.iterfind(f".//testsuite/testcase[@file]/{tag}")]


def test_a_test_for_each_rule_and_one_for_each_finding() -> None:
    root = parsed(EVERY_SORT)
    assert [suite.attrib["name"] for suite in root] == ["rules", "irica", "ncro", "platform", "tamin"]
    rules = outcomes(root, "rules")
    assert rules["NS-01 A namespace is closed"] == "error"
    assert rules["wide-egress"] == "skipped"
    assert outcomes(root, "irica") == {f"{FAILS.subject} spec.environments[0]": "failure"}
    assert outcomes(root, "platform") == {UNKNOWN.subject: "error"}
    assert messages(root, "skipped") == [
        "waived by W-1405-01, until 2027-01-01: it is open; close it",
        "advice: it is open; close it",
        "not applicable: it is open; close it",
    ]


def test_a_rule_passes_only_where_it_was_judged() -> None:
    def rule(made: Report) -> str:
        return next(outcome for name, outcome in outcomes(parsed(made), "rules").items() if name.startswith("NS-01"))

    assert rule(report(passed={"NS-01": 2})) == "passed"
    assert rule(report()) == "skipped"
    assert rule(report(passed={"NS-01": 0})) == "skipped"
    assert rule(report(WAIVED, passed={"NS-01": 2})) == "skipped"
    assert rule(report(FAILS, WAIVED, passed={"NS-01": 2})) == "failure"
    assert rule(report(passed={"NS-01": 2}, comparison=Comparison((FAILS,), 0))) == "skipped"


def test_the_place_is_in_the_test() -> None:
    root = parsed(report(FAILS, ADVICE))
    tests = {test.attrib["file"]: test for test in root.iterfind(".//testcase[@file]")}
    assert tests[FAILS.where.file].attrib["line"] == "12"
    assert "line" not in tests[ADVICE.where.file].attrib
    assert tests[FAILS.where.file][0].text == (
        "agency_profiles/irica.yaml:12:5: spec.environments[0]: it is open; close it"
    )


def test_what_the_baseline_knew_is_skipped() -> None:
    root = parsed(report(ADVICE, comparison=Comparison((FAILS, UNKNOWN), 1)), "fa")
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    assert messages(root, "skipped") == [
        "موجود در گزارش مبنا: باز است؛ ببندید",
        "توصیه: باز است؛ ببندید",
        "موجود در گزارش مبنا: باز است؛ ببندید",
    ]


@pytest.mark.parametrize("text", [NASTY, "\ud800", "\ufffe", "]]>", "\x0b"])
def test_any_text_is_xml(text: str) -> None:
    root = parsed(report(finding(summary=Words(text, text), where=Where(text), subject=text)))
    (message,) = messages(root, "failure")
    assert message.startswith(text[:3].encode("unicode_escape").decode() if not text[0].isprintable() else text[0])


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(reports.reports)
def test_red_is_what_fails_the_run(made: Report) -> None:
    root = parsed(made)
    is_red = root.attrib["failures"] != "0" or root.attrib["errors"] != "0"
    assert is_red is not made.is_clean
    tests = [(test.attrib["classname"], test.attrib["name"]) for test in root.iterfind(".//testcase[@file]")]
    assert len(tests) == sum(one.status is not Status.PASS for one in made.all_findings)
    assert len(set(tests)) == len(tests), "GitLab takes the first of two tests of one name and forgets the other"
