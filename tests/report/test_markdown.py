"""Markdown, read back with a reader of GitHub's dialect."""

import re
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from components.estate.finding import Finding, Status, Where, Words
from scripts.report import markdown
from scripts.report.markdown import LENGTH_MAX, escape
from scripts.report.result import Comparison, Report
from tests.report import reports
from tests.report.reports import ADVICE, EVERY_SORT, FAILS, NASTY, WAIVED, finding, report

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
bounded = settings(max_examples=200, derandomize=True, database=None, deadline=None)


def shown(token: Token) -> str:
    """Return what a reader sees of an inline token; an element in it is kept, to be found."""
    children = token.children or ()
    return "".join(child.content if child.type in {"text", "html_inline"} else f"<{child.type}>" for child in children)


def tables(text: str) -> dict[str, list[list[str]]]:
    """Return the rows below each heading."""
    found: dict[str, list[list[str]]] = {}
    heading, opened = "", ""
    for token in READER.parse(text):
        if token.type == "inline" and opened == "heading_open":
            heading = shown(token)
            found[heading] = []
        elif token.type == "tr_open":
            found[heading].append([])
        elif token.type == "inline" and opened in {"td_open", "th_open"}:
            found[heading][-1].append(shown(token))
        opened = token.type
    return found


def plain(text: str) -> str:
    return re.sub(r"<link_open>|<link_close>|<!-- -->", "", text)


def test_the_verdict_comes_first_then_a_table_for_each_agency() -> None:
    text = markdown.document(EVERY_SORT)
    assert text.startswith("**✗ 2 to correct: irica, platform**\n\nState of 2026-03-21\n\nChecks passed: 40\n")
    found = tables(text)
    assert list(found) == ["irica", "ncro", "platform", "Waived"]
    assert found["irica"][0] == ["Rule", "Level", "Place", "What was found", "What to do"]
    assert [plain(cell) for cell in found["irica"][1]] == [
        "NS-01",
        "mandatory",
        "agency_profiles/irica.yaml:12",
        "spec.environments[0]: it is open",
        "close it",
    ]
    assert found["platform"][1][1] == "mandatory · unknown"
    assert found["Waived"][1][-2:] == ["W-1405-01", "2027-01-01"]
    assert "](agency_profiles/irica.yaml#L12)" in text


def test_persian_runs_from_right_to_left() -> None:
    text = markdown.document(EVERY_SORT, "fa")
    assert text.startswith('<div dir="rtl">\n\n**✗ 2 مورد برای اصلاح')
    assert text.endswith("|\n\n</div>\n")
    found = tables(text)
    assert list(found) == ["irica", "ncro", "platform", "معاف‌شده"]
    assert found["irica"][1][-1] == "ببندید"
    assert found["معاف‌شده"][1][-2:] == ["W-1405-01", "۱۴۰۵/۱۰/۱۱"]


def test_what_the_baseline_knew_has_a_table_of_its_own() -> None:
    text = markdown.document(report(ADVICE, comparison=Comparison((FAILS, WAIVED), 1)))
    assert text.startswith("**✓ 3 profiles, 9 services: nothing to correct, 1 advisory; of the baseline: 2 still there")
    found = tables(text)
    assert {heading: len(rows) - 1 for heading, rows in found.items()} == {
        "ncro": 1,
        "Known to the baseline": 1,
        "Waived": 1,
    }


def test_a_clean_report_has_no_table() -> None:
    assert markdown.document(report()) == ("**✓ 3 profiles, 9 services: nothing to correct**\n\nState of 2026-03-21\n")


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/drafts/a.yaml", "/drafts/a.yaml:3"),
        ("../a.yaml", "../a.yaml:3"),
        ("a b|c.yaml", "<link_open>a b|c.yaml:3<link_close>"),
    ],
)
def test_only_a_file_of_the_project_is_a_link(file: str, place: str) -> None:
    rows = tables(markdown.document(report(finding(where=Where(file, (), 3)))))["irica"]
    assert rows[1][2] == place


def test_a_profile_can_plant_nothing() -> None:
    text = markdown.document(report(finding(summary=Words(NASTY, ""), subject="x|y\n# z @committee")))
    kinds = {child.type for token in READER.parse(text) for child in token.children or () if token.type == "inline"}
    assert kinds <= {"text", "html_inline", "link_open", "link_close", "strong_open", "strong_close"}
    assert text.count("[") - text.count(r"\[") == 1, "our own link is the only one"
    assert set(re.findall(r"<[^>]*>", text.replace(r"\<", "").replace(r"\>", ""))) == {"<!-- -->", "<br>"}
    assert not re.search(r"[@#]\w", text.replace("#L12)", ""))


@bounded
@given(st.text(st.characters(), max_size=40), st.sampled_from(["", "|", "@a", "#1", "\\", "*a*", "<b>", "&lt;"]))
def test_any_text_is_shown_as_it_is(text: str, more: str) -> None:
    line = f"x{text}{more}x"
    (heading,) = tables(f"### h\n\n| a | b |\n| --- | --- |\n| {escape(line)} | end |\n").values()
    lines = re.sub(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", "<br>", line)
    expected = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", lines)
    assert heading[1][1] == "end"
    assert heading[1][0].replace("<!-- -->", "") == expected


@bounded
@given(reports.reports)
def test_any_report_has_a_row_for_each_finding(made: Report) -> None:
    rows = [row for table in tables(markdown.document(made)).values() for row in table[1:]]
    assert len(rows) == sum(one.status not in {Status.PASS, Status.NOT_APPLICABLE} for one in made.all_findings)
    assert {len(row) for row in rows} <= {5, 6}


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("number", [100, 400, 3000])
def test_what_does_not_fit_is_counted(number: int, language: str) -> None:
    many = [numbered(index) for index in range(number)]
    text = markdown.document(report(*many), language)
    assert len(text) <= LENGTH_MAX
    rows = sum(len(table) - 1 for table in tables(text).values())
    left_out = re.search(r"^(\d+) (?:more are left out|مورد دیگر)", text, re.MULTILINE)
    assert rows + (int(left_out[1]) if left_out else 0) == number
    assert (left_out is None) is (number == 100)
    assert text.endswith("</div>\n") is (language == "fa")


def numbered(index: int) -> Finding:
    words = Words("it is open " * 12, "باز است " * 16)
    return finding(subject=f"agency{index % 700}/x", where=Where(f"f{index}.yaml"), summary=words)


def test_one_row_that_is_too_long_is_left_out_too() -> None:
    text = markdown.document(report(finding(summary=Words("*" * LENGTH_MAX, ""))))
    assert len(text) < 2000
    assert "1 more are left out" in text


def test_links_are_encoded() -> None:
    text = markdown.document(report(finding(where=Where("پ (x).yaml", (), 2))))
    (target,) = re.findall(r"\]\(([^)]*)\)", text)
    assert urllib.parse.unquote(target) == "پ (x).yaml#L2"
