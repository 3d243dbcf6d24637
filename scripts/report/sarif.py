"""Findings as SARIF 2.1.0 (OASIS, errata 01), for code scanning and editors."""

import json
import re
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from components.estate.finding import Finding, Level, Status, Where
from scripts.report.result import Identified, Report, RuleInfo, excuse, identified, sentence

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "%SRCROOT%"
FINGERPRINT: Final = "govcloudFinding/v1"
GITHUB_FINGERPRINT: Final = "primaryLocationLineHash"
"""The only one that GitHub reads. Without it GitHub makes one from the line, and so takes two findings of one rule at
one line (of objects made from one profile) for the same."""

_LEVELS: Final = {Level.MANDATORY: "error", Level.ADVISORY: "warning"}
_KINDS: Final = {Status.PASS: "pass", Status.NOT_APPLICABLE: "notApplicable"}
_BRACES: Final = re.compile(r"([{}])")


def document(report: Report, language: str = "en") -> str:
    """Return the report as SARIF text; where there is a baseline, each result says whether it is new."""
    indices = {rule.id: index for index, rule in enumerate(report.rules)}
    results = []
    for one in identified(report):
        result = _result(one, language)
        if one.finding.rule in indices:
            result["ruleIndex"] = indices[one.finding.rule]
        if report.comparison is not None:
            result["baselineState"] = "unchanged" if one.is_existing else "new"
        results.append(result)
    content = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, results, language)]}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _run(report: Report, results: list[dict[str, Any]], language: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"asOf": report.as_of.isoformat(timespec="seconds") if report.as_of else None}
    if report.comparison is not None:
        properties["corrected"] = report.comparison.corrected
    return {
        "tool": {"driver": {"name": "govcloud", "rules": [_rule(rule, report, language) for rule in report.rules]}},
        "automationDetails": {"id": "govcloud/check/"},
        "language": language,
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "the project's folder, which holds Pulumi.yaml"}}},
        "results": results,
        "properties": properties,
    }


def _rule(rule: RuleInfo, report: Report, language: str) -> dict[str, Any]:
    title, remedy = rule.title.in_language(language), rule.remedy.in_language(language)
    helped = "\n".join(filter(None, (remedy, *rule.controls, rule.source)))
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": _plain(title)},
        "fullDescription": {"text": _plain(title)},
        "help": {"text": _plain(helped)},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {
            "level": str(rule.level),
            "source": rule.source,
            "controls": list(rule.controls),
            "passed": report.passed.get(rule.id, 0),
        },
    }


def _result(one: Identified, language: str) -> dict[str, Any]:
    finding = one.finding
    known_by = f"{one.fingerprint}:{one.number}"
    return {
        "ruleId": finding.rule,
        "kind": _KINDS.get(finding.status, "fail"),
        "level": _level(finding),
        "message": {"text": _plain(sentence(finding, language))},
        "locations": [_location(finding.where, finding.subject)],
        "partialFingerprints": {FINGERPRINT: known_by, GITHUB_FINGERPRINT: known_by},
        "suppressions": [_suppression(finding, language)] if finding.status is Status.WAIVED else [],
        "properties": {
            "level": str(finding.level),
            "status": str(finding.status),
            "subject": finding.subject,
            "source": finding.source,
        },
    }


def _level(finding: Finding) -> str:
    """Return the weight; a waived one's is the least, since GitHub's upload does not know suppressions.

    `unknown` is a failure of full weight: with the kind `open` the standard (3.27.10) demands the level `none`, and
    whoever filters by level would not see it.
    """
    if finding.status in _KINDS:
        return "none"
    return "note" if finding.status is Status.WAIVED else _LEVELS[finding.level]


def _suppression(finding: Finding, language: str) -> dict[str, str]:
    return {"kind": "external", "status": "accepted", "justification": _plain(excuse(finding, language))}


def _location(where: Where, subject: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(where.file)}
    if where.line:
        column = {"startColumn": where.column} if where.column else {}
        physical["region"] = {"startLine": where.line, **column}
    names = [{"name": subject}]
    if where.path:
        names.append({"fullyQualifiedName": f"{subject}: {where.pointer}"})
    return {"physicalLocation": physical, "logicalLocations": names}


def _artifact(file: str) -> dict[str, str]:
    path = PurePath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": ROOT}


def _plain(text: str) -> str:
    """Return `text` as a plain message: braces doubled as the standard asks, and no link that a profile could plant."""
    return _BRACES.sub(r"\1\1", text).replace("](", "] (")
