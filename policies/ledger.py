"""Judges the committee's records: what is wrong in them, so that no run may rest on them.

Every finding is against the platform, among whose files the records lie, at a place of the record. A record whose
interval is over is history: it blocks nobody.
"""

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from components.estate.dates import Day
from components.estate.estate import Estate
from components.estate.finding import Finding, PathPart, Words
from components.estate.waiver import COMMITTEES, Waiver, both_calendars
from policies.catalogue import CATALOGUE
from policies.waivers import TERMS, Flaw, days_max, flaws, is_past


def flawed_waivers(estate: Estate) -> Iterator[Finding]:
    """Refuse a record that contradicts itself, the rules or the committee's own limits (R69 to R72)."""
    for waiver in _current(estate):
        for flaw, path in flaws(waiver, estate.as_of, estate.platform.zone):
            summary, remedy = _FLAWS[flaw](waiver, path)
            yield waiver.fails(flaw, ("spec", *path), summary, remedy)


def unknown_subjects(estate: Estate) -> Iterator[Finding]:
    """Refuse a waiver for an agency that has no profile, or an environment that its profile does not have."""
    for waiver in _current(estate):
        subject = waiver.spec.subject
        agency = estate.agency(subject.agency)
        if agency is None and subject.agency not in estate.unread:
            yield waiver.fails(
                "waiver-subject-unknown",
                ("spec", "subject", "agency"),
                Words(f"no agency has the id {subject.agency!r}", f"هیچ دستگاهی شناسهٔ {subject.agency!r} ندارد"),
                Words("write the id of an existing profile", "شناسهٔ نمایه‌ای موجود را بنویسید"),
            )
        elif agency is not None and subject.environment is not None:
            names = [str(environment.name) for environment in agency.profile.spec.environments]
            if subject.environment not in names:
                yield waiver.fails(
                    "waiver-subject-unknown",
                    ("spec", "subject", "environment"),
                    Words(
                        f"{agency.id!r} has no environment {str(subject.environment)!r}",
                        f"{agency.id!r} محیط {str(subject.environment)!r} ندارد",
                    ),
                    Words(f"it has: {', '.join(names)}", f"محیط‌های آن: {'، '.join(names)}"),
                )


def overlapping_waivers(estate: Estate) -> Iterator[Finding]:
    """Refuse a second waiver for the same rule and subject in days in which the first holds."""
    by_key: dict[tuple[object, str], list[Waiver]] = defaultdict(list)
    for waiver in _current(estate):
        for index, rule in enumerate(waiver.spec.rules if waiver.is_justified else ()):
            rivals = by_key[waiver.spec.subject, rule]
            for rival in rivals:
                if waiver.spec.since < rival.spec.until and rival.spec.since < waiver.spec.until:
                    until = both_calendars(rival.spec.until)
                    yield waiver.fails(
                        "waiver-overlap",
                        ("spec", "rules", index),
                        Words(
                            f"{rival.id} waives {rule} for the same subject until {until.en}",
                            f"{rival.id} همین قاعده را برای همین موضوع تا {until.fa} معاف کرده است",
                        ),
                        Words(
                            "let one begin when the other ends, or keep one of them",
                            "آغاز یکی را پایان دیگری بگذارید یا یکی را نگه دارید",
                        ),
                    )
            rivals.append(waiver)


def broken_renewals(estate: Estate) -> Iterator[Finding]:
    """Refuse a renewal of nothing, of itself, or without a decision of its own (R69)."""
    by_id = {waiver.id: waiver for waiver in estate.waivers}
    for waiver in _current(estate):
        renewed = by_id.get(waiver.spec.renews or "")
        if waiver.spec.renews is None:
            continue
        if renewed is None:
            rule = "waiver-renewal-unknown"
            found = Words(f"there is no record {waiver.spec.renews!r}", f"سابقهٔ {waiver.spec.renews!r} نیست")
            remedy = Words(
                "write the id of the waiver that this one continues; ended records are kept",
                "شناسهٔ معافیتی را بنویسید که این ادامهٔ آن است؛ سابقهٔ پایان‌یافته نگه داشته می‌شود",
            )
        elif waiver in chain(renewed, estate.waivers):
            rule = "waiver-renewal-cycle"
            found = Words("the waiver renews itself in the end", "این معافیت سرانجام تمدید خودش است")
            remedy = Words("let a record renew an earlier one", "هر سابقه تنها سابقهٔ پیشین را تمدید می‌کند")
        elif waiver.is_justified and waiver.spec.decision.ref == renewed.spec.decision.ref:
            rule = "waiver-renewal-undecided"
            ref = waiver.spec.decision.ref
            found = Words(f"{renewed.id} rests on the same decision {ref!r}", f"{renewed.id} بر همین تصمیم {ref!r} است")
            remedy = Words(
                "a renewal needs a new decision of the committee (R69)", "تمدید تصمیم تازهٔ کمیته می‌خواهد (R69)"
            )
        else:
            continue
        yield waiver.fails(rule, ("spec", "renews"), found, remedy)


def chain(waiver: Waiver, waivers: Iterable[Waiver]) -> tuple[Waiver, ...]:
    """Return a waiver and what it renews, one after the other, each once."""
    by_id = {one.id: one for one in waivers}
    linked: dict[str, Waiver] = {}
    current: Waiver | None = waiver
    while current is not None and current.id not in linked:
        linked[current.id] = current
        current = by_id.get(current.spec.renews or "")
    return tuple(linked.values())


def _current(estate: Estate) -> Iterator[Waiver]:
    return (waiver for waiver in estate.waivers if not is_past(waiver, estate.as_of, estate.platform.zone))


def _unknown_rule(waiver: Waiver, path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    rule = _rule_at(waiver, path)
    ids = {one.lower(): one for one in TERMS} | {one.name: one.id for one in CATALOGUE}  # some write the readable name
    near = [ids[name] for name in difflib.get_close_matches(rule.lower(), ids, n=1)]
    remedy = Words(
        "write the id as findings and duties show it in brackets",
        "شناسه را همان‌گونه که یافته‌ها و تکالیف در کروشه نشان می‌دهند بنویسید",
    )
    if near:
        remedy = Words(f"did you mean {near[0]!r}?", f"آیا منظور {near[0]!r} است؟")
    words = Words(f"no rule and no duty has the id {rule!r}", f"هیچ قاعده یا تکلیفی شناسهٔ {rule!r} ندارد")
    return words, remedy


def _not_waivable(waiver: Waiver, path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    rule = _rule_at(waiver, path)
    return Words(f"nobody is excused from {rule}", f"از {rule} کسی معاف نمی‌شود"), Words(
        "take the rule out, and correct what it finds", "این قاعده را بردارید و آن‌چه را یافته است اصلاح کنید"
    )


def _no_day(waiver: Waiver, _path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    since = both_calendars(waiver.spec.since)
    return Words(
        f"it holds on no day: it begins on {since.en}", f"در هیچ روزی برقرار نیست: آغاز آن {since.fa} است"
    ), Words(
        "until is the first day on which it no longer holds: write a later one",
        "until نخستین روزی است که دیگر برقرار نیست: روزی دیرتر بنویسید",
    )


def _late_review(waiver: Waiver, _path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    until = both_calendars(waiver.spec.until)
    return Words("the review is not before the end", "بازنگری پیش از پایان نیست"), Words(
        f"write a day before {until.en} (R72)", f"روزی پیش از {until.fa} بنویسید (R72)"
    )


def _too_long(waiver: Waiver, _path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    days = days_max(waiver)
    decided_on = waiver.spec.decision.decided_on or waiver.spec.until
    latest = decided_on + timedelta(days=days)
    last = both_calendars(Day(latest.year, latest.month, latest.day))
    length = (waiver.spec.until - decided_on).days
    return Words(f"it ends {length} days after its decision", f"پایان آن {length} روز پس از تصمیم است"), Words(
        f"at most {days} days, here until {last.en}; then it is renewed by a new decision (R69)",
        f"بیشینه {days} روز، این‌جا تا {last.fa}؛ پس از آن با تصمیم تازه تمدید می‌شود (R69)",
    )


def _future_decision(_waiver: Waiver, _path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    return Words("the decision lies in the future", "روز تصمیم هنوز نیامده است"), Words(
        "write the day on which the committee decided; until then the status is raised",
        "روزی را بنویسید که کمیته تصمیم گرفت؛ تا آن روز وضعیت raised است",
    )


def _unsigned(waiver: Waiver, _path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    signers = frozenset(waiver.spec.decision.signed_by)
    missing = [sorted(committee - signers) for committee in COMMITTEES]
    en, fa = " or ".join(map(_listed, missing)), " یا ".join(map(_listed, missing))
    return Words(f"signatures are missing: {en}", f"امضا کم است: {fa}"), Words(
        "all three of one of the two sets sign (R71)", "هر سه نفر یکی از دو ترکیب امضا می‌کنند (R71)"
    )


def _requester_signs(waiver: Waiver, _path: tuple[PathPart, ...]) -> tuple[Words, Words]:
    asks = waiver.spec.requested_by
    return Words(f"{asks!r} asks and signs", f"{asks!r} هم درخواست و هم امضا کرده است"), Words(
        "nobody decides on a request of their own: let another set sign, or another body ask (R71)",
        "کسی دربارهٔ درخواست خودش تصمیم نمی‌گیرد: ترکیب دیگر امضا کند یا نهاد دیگری درخواست دهد (R71)",
    )


def _listed(signers: Iterable[str]) -> str:
    return " + ".join(str(signer) for signer in signers)


def _rule_at(waiver: Waiver, path: tuple[PathPart, ...]) -> str:
    return next(rule for index, rule in enumerate(waiver.spec.rules) if path == ("rules", index))


_FLAWS: Final[Mapping[Flaw, Callable[[Waiver, tuple[PathPart, ...]], tuple[Words, Words]]]] = {
    Flaw.RULE_UNKNOWN: _unknown_rule,
    Flaw.NOT_WAIVABLE: _not_waivable,
    Flaw.NO_DAY: _no_day,
    Flaw.REVIEW_LATE: _late_review,
    Flaw.TOO_LONG: _too_long,
    Flaw.FUTURE_DECISION: _future_decision,
    Flaw.UNSIGNED: _unsigned,
    Flaw.REQUESTER_SIGNS: _requester_signs,
}

REFUSALS: Final = (flawed_waivers, unknown_subjects, overlapping_waivers, broken_renewals)
"""What the records must say, by themselves and with the profiles; each a pure function of the estate."""
