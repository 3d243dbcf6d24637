"""Findings as JUnit XML, as CI servers read it: red is what fails the run, and nothing else."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from components.estate.finding import Finding, Status, Words
from scripts.report.result import Identified, Report, RuleInfo, excuse, identified, sentence

RULES: Final = "rules"
"""The suite with a test for each rule. The others are the owners', with a test for each finding."""

_NOT_JUDGED: Final = Words("nothing was judged by it in this run", "در این اجرا چیزی با آن سنجیده نشد")
_EXISTING: Final = Words("known to the baseline", "موجود در گزارش مبنا")
_SHOWN: Final = {
    Status.FAIL: Words("advice", "توصیه"),
    Status.UNKNOWN: Words("unknown", "نامعلوم"),
    Status.NOT_APPLICABLE: Words("not applicable", "بی‌موضوع"),
}
_ILLEGAL: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Outcome(NamedTuple):
    """The element that says why a test did not pass, its message, and the text in it."""

    tag: str
    message: str
    text: str = ""


def document(report: Report, language: str = "en") -> str:
    """Return the report as JUnit XML: a test for each rule, one more for each finding that is no pass."""
    by_rule: dict[str, list[_Outcome]] = defaultdict(list)
    by_owner: dict[str, list[tuple[Identified, _Outcome]]] = defaultdict(list)
    for one in identified(report):
        if one.finding.status is not Status.PASS:
            outcome = _outcome(one.finding, language, is_existing=one.is_existing)
            by_rule[one.finding.rule].append(outcome)
            by_owner[one.finding.subject.partition("/")[0]].append((one, outcome))
    root = ET.Element("testsuites", name="govcloud check")
    rules = ET.SubElement(root, "testsuite", name=RULES)
    for rule in report.rules:
        _add_rule(rules, rule, _worst(by_rule[rule.id], report.passed.get(rule.id, 0), language), language)
    for owner, tests in sorted(by_owner.items()):
        suite = ET.SubElement(root, "testsuite", name=_legal(owner))
        for one, outcome in tests:
            _add_finding(suite, one, outcome)
    for element in (*root, root):
        _count(element)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _outcome(finding: Finding, language: str, *, is_existing: bool) -> _Outcome:
    said = sentence(finding, language)
    pointer = f" {finding.where.pointer}:" if finding.where.path else ""
    body = f"{finding.where}:{pointer} {said}"
    if is_existing:
        return _Outcome("skipped", f"{_EXISTING.in_language(language)}: {said}")
    if finding.gates:
        return _Outcome("error" if finding.status is Status.UNKNOWN else "failure", said, body)
    is_waived = finding.status is Status.WAIVED
    mark = excuse(finding, language) if is_waived else _SHOWN[finding.status].in_language(language)
    return _Outcome("skipped", f"{mark}: {said}")


def _worst(outcomes: Iterable[_Outcome], passed: int, language: str) -> _Outcome | None:
    """Return what a rule's own test says; None where all that was judged passed."""
    tags = Counter(outcome.tag for outcome in outcomes)
    for tag in ("error", "failure", "skipped"):
        if tags[tag]:
            return _Outcome(tag, ", ".join(f"{name}: {count}" for name, count in sorted(tags.items())))
    return None if passed else _Outcome("skipped", _NOT_JUDGED.in_language(language))


def _add_rule(suite: ET.Element, rule: RuleInfo, outcome: _Outcome | None, language: str) -> None:
    title = rule.title.in_language(language)
    name = rule.id if title == rule.id else f"{rule.id} {title}"
    _add(suite, {"classname": "govcloud.rules", "name": name}, outcome, str(rule.level))


def _add_finding(suite: ET.Element, one: Identified, outcome: _Outcome) -> None:
    finding, number = one.finding, f"({one.number})" if one.number > 1 else ""
    attributes = {
        "classname": f"govcloud.{finding.rule}",
        "name": " ".join(filter(None, (finding.subject, finding.where.pointer, number))),
        "file": finding.where.file,
    }
    if finding.where.line:
        attributes["line"] = str(finding.where.line)
    _add(suite, attributes, outcome, str(finding.level))


def _add(suite: ET.Element, attributes: dict[str, str], outcome: _Outcome | None, level: str) -> None:
    test = ET.SubElement(suite, "testcase", {key: _legal(value) for key, value in attributes.items()}, time="0")
    if outcome is None:
        return
    element = ET.SubElement(test, outcome.tag, message=_legal(outcome.message))
    if outcome.tag != "skipped":
        element.set("type", level)
        element.text = _legal(outcome.text) or None


def _count(element: ET.Element) -> None:
    element.set("tests", str(sum(1 for _ in element.iter("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(1 for _ in element.iter(tag))))
    element.set("time", "0")


def _legal(text: str) -> str:
    """Return `text` with escapes for what XML 1.0 cannot hold."""
    return _ILLEGAL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
