"""Findings for the terminal: a line each, then the verdict."""

from collections import Counter
from collections.abc import Iterable, Iterator

from components.estate.dates import Day
from components.estate.finding import Finding, Level, Status, Words
from components.estate.waiver import both_calendars


def lines(findings: Iterable[Finding], language: str) -> Iterator[str]:
    """Yield one line for each finding: where, what was found, what to do."""
    for finding in findings:
        mark = _MARKS[finding.status, finding.level].in_language(language) + _excuse(finding).in_language(language)
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
    more = _more(counts)
    return Words(
        f"✓ {profiles} profile{_s(profiles)}, {services} service{_s(services)}: nothing to correct{more.en}",
        f"✓ {profiles} نمایه، {services} خدمت: چیزی برای اصلاح نیست{more.fa}",
    )


def manifest_verdict(findings: Iterable[Finding], judged: tuple[int, int, int], unread: tuple[int, int]) -> Words:
    """Return the one sentence that says whether a run over manifests is clean.

    Args:
        findings: What was found.
        judged: How many files, objects and rules there were.
        unread: How many files of another ending and how many hidden folders were passed over.
    """
    listed = list(findings)
    counts = Counter("gates" if finding.gates else finding.status for finding in listed)
    others, hidden = unread
    strangers = counts.pop(Status.NOT_APPLICABLE, 0)
    passed_over = _counted(
        (strangers, "document{s} of another kind", "سند از گونه‌ای دیگر"),
        (others, "other file{s}", "پروندهٔ دیگر"),
        (hidden, "hidden folder{s}", "پوشهٔ پنهان"),
    )
    rest = (
        Words(f"; not judged: {passed_over.en}", f"؛ داوری نشده: {passed_over.fa}") if passed_over.en else Words("", "")
    )
    if counts["gates"]:
        files = len({finding.where.file for finding in listed if finding.gates})
        return Words(
            f"✗ {counts['gates']} to correct in {files} file{_s(files)}{rest.en}",
            f"✗ {counts['gates']} مورد برای اصلاح در {files} پرونده{rest.fa}",
        )
    number = _counted(
        (judged[0], "file{s}", "پرونده"), (judged[1], "object{s}", "شیء"), (judged[2], "rule{s}", "قاعده"), zeros=True
    )
    more = _more(counts)
    return Words(
        f"✓ {number.en}: nothing to correct{more.en}{rest.en}", f"✓ {number.fa}: چیزی برای اصلاح نیست{more.fa}{rest.fa}"
    )


def _more(counts: Counter[str]) -> Words:
    """Return how many findings there are that stop nobody, those that are waived apart."""
    waived, all_of_them = counts[Status.WAIVED], sum(counts.values())
    counted = _counted((waived, "waived", "معاف"), (all_of_them - waived, "advisory", "توصیه"))
    return Words(f", {counted.en}", f"، {counted.fa}") if counted.en else counted


def _excuse(finding: Finding) -> Words:
    if not finding.waiver:
        return Words("", "")
    until = both_calendars(Day.parse(finding.until))
    return Words(f" by {finding.waiver} until {until.en}", f" با {finding.waiver} تا {until.fa}")


def _counted(*counts: tuple[int, str, str], zeros: bool = False) -> Words:
    """Return the counts with their names, where there are any."""
    there = [(number, en, fa) for number, en, fa in counts if number or zeros]
    return Words(
        ", ".join(f"{number} {en.format(s=_s(number))}" for number, en, _ in there),
        "، ".join(f"{number} {fa}" for number, _, fa in there),
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
