"""Findings for the terminal: a line each, then the verdict."""

from collections import Counter
from collections.abc import Iterable, Iterator

from components.estate.finding import Finding, Level, Status, Words


def lines(findings: Iterable[Finding], language: str) -> Iterator[str]:
    """Yield one line for each finding: where, what was found, what to do."""
    for finding in findings:
        mark = _MARKS[finding.status, finding.level].in_language(language)
        path = f" {finding.where.pointer}:" if finding.where.path else ""
        summary, remedy = finding.summary.in_language(language), finding.remedy.in_language(language)
        stop = "؛" if language == "fa" else ";"
        yield f"{finding.where}: {mark} [{finding.rule}]{path} {summary}{stop} {remedy}"


def verdict(findings: Iterable[Finding], profiles: int, services: int) -> Words:
    """Return the one sentence that says whether the run is clean."""
    counts = Counter("gates" if finding.gates else finding.status for finding in findings)
    if counts["gates"]:
        subjects = sorted({f.subject.partition("/")[0] for f in findings if f.gates})
        return Words(
            f"✗ {counts['gates']} to correct: {', '.join(subjects)}",
            f"✗ {counts['gates']} مورد برای اصلاح: {'، '.join(subjects)}",
        )
    advisory = sum(counts.values())
    more = Words(f", {advisory} advisory", f"، {advisory} توصیه") if advisory else Words("", "")
    return Words(
        f"✓ {profiles} profile{_s(profiles)}, {services} service{_s(services)}: nothing to correct{more.en}",
        f"✓ {profiles} نمایه، {services} خدمت: چیزی برای اصلاح نیست{more.fa}",
    )


def _s(number: int) -> str:
    return "" if number == 1 else "s"


_MARKS = {
    (status, level): words
    for status, by_level in {
        Status.FAIL: {Level.MANDATORY: Words("error", "خطا"), Level.ADVISORY: Words("advice", "توصیه")},
        Status.UNKNOWN: dict.fromkeys(Level, Words("unknown", "نامعلوم")),
        Status.WAIVED: dict.fromkeys(Level, Words("waived", "معاف")),
        Status.NOT_APPLICABLE: dict.fromkeys(Level, Words("not applicable", "بی‌موضوع")),
        Status.PASS: dict.fromkeys(Level, Words("pass", "درست")),
    }.items()
    for level, words in by_level.items()
}
