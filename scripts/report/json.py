"""Findings as JSON: versioned, in a fixed order; it says all that the other formats say, and serves as a baseline."""

import json
from collections import Counter, defaultdict
from typing import Any, Final

from components.estate.finding import Finding, Status
from scripts.report import duties, waivers
from scripts.report.result import Report

FORMAT: Final = "govcloud.internal/report/v1"


def document(report: Report, _language: str = "en") -> str:
    """Return the report as JSON text: `rules` with counts by status, and `findings`; both languages are in it.

    Where there is a baseline: `findings` are the new ones, `existing` those it knew, `corrected` counts what is gone.
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "asOf": report.as_of.isoformat(timespec="seconds") if report.as_of else None,
        "rules": _counts(report),
        "findings": [_finding(finding) for finding in report.findings],
    }
    if report.comparison is not None:
        content["existing"] = [_finding(finding) for finding in report.comparison.existing]
        content["corrected"] = report.comparison.corrected
    if report.lists_waivers:
        content["waivers"] = waivers.content(report.waivers)
    if report.duties is not None:
        content["duties"] = duties.content(report.duties)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _counts(report: Report) -> dict[str, dict[str, int]]:
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in report.all_findings:
        rules[finding.rule][str(finding.status)] += 1
    for rule, passed in report.passed.items():
        if passed:
            rules[rule][str(Status.PASS)] += passed
    return {rule: dict(sorted(counts.items())) for rule, counts in sorted(rules.items())}


def _finding(finding: Finding) -> dict[str, Any]:
    where = finding.where
    content = {
        "rule": finding.rule,
        "level": str(finding.level),
        "status": str(finding.status),
        "subject": finding.subject,
        "where": {"file": where.file, "path": where.pointer, "line": where.line, "column": where.column},
        "summary": {"en": finding.summary.en, "fa": finding.summary.fa},
        "remedy": {"en": finding.remedy.en, "fa": finding.remedy.fa},
        "source": finding.source,
    }
    if finding.waiver:
        content |= {"waiver": finding.waiver, "until": finding.until}
    return content
