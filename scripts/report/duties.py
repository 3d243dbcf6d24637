"""Duties for people and machines: a line for each that is open, the counts of all, and everything as plain data."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from components.estate.dates import Day
from components.estate.finding import Words
from components.estate.waiver import both_calendars
from policies.duties import Duty, State

_MARKS: Final = {
    State.MET: Words("met", "انجام‌شده"),
    State.DUE: Words("due", "بر عهده"),
    State.OVERDUE: Words("overdue", "معوق"),
    State.WAIVED: Words("waived", "معاف"),
    State.BLOCKED_UPSTREAM: Words("blocked upstream", "در انتظار دیگران"),
    State.UNKNOWN: Words("unknown", "نامعلوم"),
    State.NOT_APPLICABLE: Words("not applicable", "بی‌موضوع"),
}
_CLOSED: Final = frozenset((State.MET, State.NOT_APPLICABLE))


def lines(duties: Iterable[Duty], language: str) -> Iterator[str]:
    """Yield one line for each duty that is open, waived or unknown, then the counts of all states."""
    counts: Counter[State] = Counter()
    for duty in duties:
        counts[duty.state] += 1
        if duty.state not in _CLOSED:
            yield _line(duty, language)
    comma = "، " if language == "fa" else ", "
    yield comma.join(
        f"{counts[state]} {words.in_language(language)}" for state, words in _MARKS.items() if counts[state]
    )


def content(duties: Iterable[Duty]) -> dict[str, Any]:
    """Return the duties for the JSON report: `states` with counts, and `listed`, all of them."""
    listed = list(duties)
    counts = Counter(str(duty.state) for duty in listed)
    return {"states": {str(state): counts[str(state)] for state in State}, "listed": [_object(duty) for duty in listed]}


def _line(duty: Duty, language: str) -> str:
    mark, title = _mark(duty).in_language(language), duty.title.in_language(language)
    by = _by(duty.due_on).in_language(language) if duty.due_on is not None else ""
    head = f"{duty.subject}: {mark} [{duty.id}] {title}{by}"
    return f"{head}: {duty.summary.in_language(language)} ({duty.source})"


def _mark(duty: Duty) -> Words:
    mark = _MARKS[duty.state]
    if duty.until is None:
        return mark
    until = both_calendars(duty.until)
    return Words(f"{mark.en} by {duty.waiver} until {until.en}", f"{mark.fa} با {duty.waiver} تا {until.fa}")


def _object(duty: Duty) -> dict[str, Any]:
    due_on = duty.due_on
    excuse = {"waiver": duty.waiver, "until": duty.until.isoformat()} if duty.until is not None else {}
    return {
        "id": str(duty.id),
        "subject": duty.subject,
        "state": str(duty.state),
        "dueOn": {"solarHijri": due_on.solar_hijri, "gregorian": due_on.isoformat()} if due_on else None,
        "title": {"en": duty.title.en, "fa": duty.title.fa},
        "summary": {"en": duty.summary.en, "fa": duty.summary.fa},
        "source": duty.source,
    } | excuse


def _by(day: Day) -> Words:
    gregorian, solar_hijri = day.isoformat(), day.solar_hijri
    return Words(f", by {gregorian} ({solar_hijri})", f"، تا {solar_hijri} ({gregorian})")
