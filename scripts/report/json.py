"""Findings as JSON: versioned, in a fixed order; every other format can be made from it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from components.estate.finding import Finding

FORMAT: Final = "govcloud.internal/report/v1"


def document(findings: Iterable[Finding], as_of: datetime | None) -> str:
    """Return the report as JSON text: `rules` with counts by status, and `findings`."""
    listed = list(findings)
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in listed:
        rules[finding.rule][str(finding.status)] += 1
    content = {
        "format": FORMAT,
        "asOf": as_of.isoformat(timespec="seconds") if as_of else None,
        "rules": {rule: dict(sorted(counts.items())) for rule, counts in sorted(rules.items())},
        "findings": [_finding(finding) for finding in listed],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    where = finding.where
    return {
        "rule": finding.rule,
        "level": str(finding.level),
        "status": str(finding.status),
        "subject": finding.subject,
        "where": {"file": where.file, "path": where.pointer, "line": where.line, "column": where.column},
        "summary": {"en": finding.summary.en, "fa": finding.summary.fa},
        "remedy": {"en": finding.remedy.en, "fa": finding.remedy.fa},
        "source": finding.source,
    }
