"""Findings as GitHub's workflow commands, which show them at their lines in the pull request."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Final

from components.estate.finding import Finding, Level, Status, Words
from scripts.report.result import Report, RuleInfo, excuse, identified, sentence, verdict

_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
_EXISTING: Final = Words("known to the baseline", "موجود در گزارش مبنا")
_UNKNOWN: Final = Words("unknown", "نامعلوم")
_COMMANDS: Final = {Level.MANDATORY: "error", Level.ADVISORY: "warning"}
_SILENT: Final = {Status.PASS, Status.NOT_APPLICABLE}


def document(report: Report, language: str = "en") -> str:
    """Return an annotation a line, then the verdict, which is no command."""
    said = verdict(report).in_language(language).replace("##[", "# #[").translate(_DATA)
    return "".join(f"{line}\n" for line in (*_annotations(report, language), said))


def _annotations(report: Report, language: str) -> Iterator[str]:
    rules = {rule.id: rule for rule in report.rules}
    for one in identified(report):
        finding = one.finding
        if finding.status not in _SILENT:
            command = "notice" if one.is_existing or finding.status is Status.WAIVED else _COMMANDS[finding.level]
            mark = _mark(finding, language, is_existing=one.is_existing)
            properties = _properties(finding, f"{_title(finding, rules)}{mark}")
            yield _command(command, properties, sentence(finding, language))


def _title(finding: Finding, rules: Mapping[str, RuleInfo]) -> str:
    name = rules[finding.rule].name if finding.rule in rules else finding.rule
    return finding.rule if name == finding.rule else f"{finding.rule} {name}"


def _mark(finding: Finding, language: str, *, is_existing: bool) -> str:
    words = [_EXISTING.in_language(language)] if is_existing else []
    if finding.status is Status.UNKNOWN:
        words.append(_UNKNOWN.in_language(language))
    if finding.status is Status.WAIVED:
        words.append(excuse(finding, language))
    return f" ({', '.join(words)})" if words else ""


def _properties(finding: Finding, title: str) -> dict[str, str]:
    where = finding.where
    properties = {"file": PurePath(where.file).as_posix()}
    if where.line:
        properties["line"] = str(where.line)
        if where.column:
            properties["col"] = str(where.column)
    return {**properties, "title": title}


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    said = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {said}::{message.translate(_DATA)}"
