"""Findings as Markdown, for the pull request and the committee: the verdict, a table for each agency, the waivers."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Final, NamedTuple
from urllib.parse import quote

from components.estate.finding import Finding, Level, Status, Where, Words
from scripts.report.portal_words import AS_OF, day
from scripts.report.result import Report, end, identified, verdict

LENGTH_MAX: Final = 60_000
"""GitHub takes no comment of more than 65,536 characters; this leaves room for whoever posts it to add a line."""

_SENTENCE_MAX: Final = 1_000  # of the verdict and of the last sentence, whatever the number of agencies
_EXISTING: Final = Words("Known to the baseline", "موجود در گزارش مبنا")
_WAIVED: Final = Words("Waived", "معاف‌شده")
_COLUMNS: Final = (
    Words("Rule", "قاعده"),
    Words("Level", "سطح"),
    Words("Place", "جا"),
    Words("What was found", "یافته"),
    Words("What to do", "چه باید کرد"),
)
_WAIVED_COLUMNS: Final = (*_COLUMNS[:4], Words("Waiver", "معافیت"), Words("Ends on", "پایان"))
_LEVELS: Final = {Level.MANDATORY: Words("mandatory", "الزامی"), Level.ADVISORY: Words("advisory", "توصیه")}
_UNKNOWN: Final = Words("unknown", "نامعلوم")
_SILENT: Final = {Status.PASS, Status.NOT_APPLICABLE}
_SPECIAL: Final = re.compile(
    r"(?P<line_break>\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f\ud800-\udfff])"
    r"|(?P<reference>[@#](?=\w))"  # a mention would send a message, a number would link to an issue
    r"|(?P<markup>[\\`*_\[\]<>|~&])"
)


class _Table(NamedTuple):
    """A heading, the names of the columns, and the rows, all of them Markdown."""

    title: str
    columns: tuple[Words, ...]
    rows: tuple[str, ...]

    def head(self, language: str) -> str:
        names = _row(column.in_language(language) for column in self.columns)
        return f"\n### {self.title}\n\n{names}{_row('---' for _ in self.columns)}"


def document(report: Report, language: str = "en") -> str:
    """Return the report as Markdown of at most `LENGTH_MAX` characters; Persian runs from right to left."""
    opening, closing = ('<div dir="rtl">\n\n', "\n</div>\n") if language == "fa" else ("", "")
    first = opening + _first(report, language)
    room = LENGTH_MAX - len(first) - len(closing)
    return first + "".join(_fitting(_tables(report, language), room, language)) + closing


def escape(text: str) -> str:
    """Return `text` as Markdown that shows just it, in one line: no markup, no mention, no reference to an issue."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    replacements = {"line_break": "<br>", "control": "\ufffd", "reference": f"{found.group()}<!-- -->"}
    return replacements.get(found.lastgroup or "", f"\\{found.group()}")


def _first(report: Report, language: str) -> str:
    said = verdict(report).in_language(language)
    if len(said) > _SENTENCE_MAX // 2:  # its escapes may double it
        said = f"{said[: _SENTENCE_MAX // 2]}…"
    return f"**{escape(said)}**\n" + "".join(f"\n{line}\n" for line in _circumstances(report, language))


def _circumstances(report: Report, language: str) -> Iterator[str]:
    if report.as_of:
        yield f"{AS_OF.in_language(language)} {day(report.as_of.date(), language)}"
    passed = sum(report.passed.values())
    if passed:
        yield Words(f"Checks passed: {passed}", f"بررسی‌های درست: {passed}").in_language(language)


def _tables(report: Report, language: str) -> Iterator[_Table]:
    by_owner: dict[str, list[str]] = defaultdict(list)
    existing: list[str] = []
    waived: list[str] = []
    for one in identified(report):
        finding = one.finding
        if finding.status is Status.WAIVED:
            waived.append(_row([*_cells(finding, language), escape(finding.waiver), end(finding, language)]))
        elif finding.status not in _SILENT:
            rows = existing if one.is_existing else by_owner[finding.subject.partition("/")[0]]
            rows.append(_row([*_cells(finding, language), escape(finding.remedy.in_language(language))]))
    for owner in sorted(by_owner):
        yield _Table(escape(owner), _COLUMNS, tuple(by_owner[owner]))
    yield _Table(_EXISTING.in_language(language), _COLUMNS, tuple(existing))
    yield _Table(_WAIVED.in_language(language), _WAIVED_COLUMNS, tuple(waived))


def _cells(finding: Finding, language: str) -> tuple[str, ...]:
    level = _LEVELS[finding.level].in_language(language)
    if finding.status is Status.UNKNOWN:
        level = f"{level} · {_UNKNOWN.in_language(language)}"
    pointer = f"{finding.where.pointer}: " if finding.where.path else ""
    found = escape(f"{pointer}{finding.summary.in_language(language)}")
    return escape(finding.rule), level, _link(finding.where), found


def _link(where: Where) -> str:
    """Return the place as a link to its line; a file outside the project has nothing to link to."""
    path = PurePath(where.file)
    shown = escape(f"{path.as_posix()}:{where.line}" if where.line else path.as_posix())
    if path.is_absolute() or ".." in path.parts:
        return shown
    return f"[{shown}]({quote(path.as_posix())}{f'#L{where.line}' if where.line else ''})"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _fitting(tables: Iterable[_Table], room: int, language: str) -> Iterator[str]:
    """Yield the tables' parts as far as they fit, then how many rows do not."""
    room -= _SENTENCE_MAX
    left_out = 0
    for table in tables:
        for number, row in enumerate(table.rows):
            part = row if number else table.head(language) + row
            if left_out or len(part) > room:
                left_out += 1
            else:
                room -= len(part)
                yield part
    if left_out:
        words = Words(
            f"{left_out} more are left out, since they are too many for one comment: govcloud check lists all.",
            f"{left_out} مورد دیگر در این گزارش نیامده، چون در یک یادداشت نمی‌گنجد: govcloud check همه را می‌آورد.",
        )
        yield f"\n{words.in_language(language)}\n"
