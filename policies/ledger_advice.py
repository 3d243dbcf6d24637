"""What the committee should know of its records: ended, ending, due for review, too broad, unused. Stops nobody."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec

from components.estate.dates import Day
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, PathPart, Status, Words
from components.estate.waiver import Subject, Waiver, both_calendars
from policies.rules.rule import Mark
from policies.waivers import DUTIES, TERMS, Terms, covers, in_force, is_past

DAYS_BEFORE: Final = (7, 14, 30)
"""A waiver's end is announced when it is this many days away, ever more urgently."""


class Read(NamedTuple):
    """What was judged beside the profiles; where nothing was looked at, nothing is called unused.

    Attributes:
        marks: The paths on which objects were judged.
        agencies: Whose objects; None is everybody's.
        only: The objects that were judged, as findings name them, and no profile at all; None is all that there are.
    """

    marks: frozenset[Mark] = frozenset()
    agencies: frozenset[str] | None = None
    only: frozenset[str] | None = None


PROFILES_ONLY: Final = Read()


def ended_waivers(estate: Estate) -> Iterator[Finding]:
    """Report a waiver that has ended and is not renewed: its rules hold again, and nobody else is stopped (R69)."""
    renewed = _renewed(estate)
    for waiver in estate.waivers:
        if waiver.is_justified and waiver.id not in renewed and is_past(waiver, estate.as_of, estate.platform.zone):
            day = both_calendars(waiver.spec.until)
            yield _reported(
                waiver,
                "waiver-ended",
                ("until",),
                Words(f"{waiver.id} ended on {day.en}", f"{waiver.id} در {day.fa} پایان یافته است"),
                Words(
                    "its rules hold again: nothing to do, or a renewal by a new decision; keep the record",
                    "قاعده‌های آن دوباره برقرار است: کاری لازم نیست، یا با تصمیم تازه تمدید کنید؛ سابقه را نگه دارید",
                ),
            )


def ending_waivers(estate: Estate) -> Iterator[Finding]:
    """Report an active waiver that ends in 30, 14 or 7 days and is not renewed, or whose reason is to be reviewed."""
    renewed = _renewed(estate)
    for waiver in in_force(estate):
        days = days_left(waiver, estate)
        if days is not None and waiver.id not in renewed:
            day = both_calendars(waiver.spec.until)
            yield _reported(
                waiver,
                "waiver-ending",
                ("until",),
                Words(
                    f"{waiver.id} ends within {days} days, on {day.en}",
                    f"{waiver.id} تا {days} روز دیگر، در {day.fa}، پایان می‌یابد",
                ),
                Words(
                    "correct what it excuses, or ask the committee for a new decision before that day",
                    "آن‌چه را معاف کرده است اصلاح کنید یا پیش از آن روز از کمیته تصمیم تازه بخواهید",
                ),
            )
        if estate.as_of >= waiver.spec.review_on.begins(estate.platform.zone):
            day = both_calendars(waiver.spec.review_on)
            yield _reported(
                waiver,
                "waiver-review-due",
                ("reviewOn",),
                Words(f"the reason was to be reviewed on {day.en}", f"بازنگری دلیل برای {day.fa} بود"),
                Words(
                    "weigh it again: end the waiver, or write the next review before its end (R72)",
                    "آن را دوباره بسنجید: معافیت را پایان دهید یا روز بازنگری بعدی را پیش از پایان آن بنویسید (R72)",
                ),
            )


def broad_waivers(estate: Estate) -> Iterator[Finding]:
    """Report an active waiver of a rule over objects that names no more than an agency."""
    for waiver in in_force(estate):
        subject = waiver.spec.subject
        if any(TERMS[rule].marks for rule in waiver.spec.rules) and not any(subject.parts[1:]):
            yield _reported(
                waiver,
                "waiver-too-broad",
                ("subject",),
                Words(
                    f"{waiver.id} covers every object of {subject.agency!r}",
                    f"{waiver.id} همهٔ شیءهای {subject.agency!r} را در بر می‌گیرد",
                ),
                Words(
                    "name the environment, the kind and the name of what is excused",
                    "محیط، گونه و نام آن‌چه را معاف است بنویسید",
                ),
            )


def unused_waivers(
    estate: Estate, findings: Iterable[Finding], read: Read, terms: Mapping[str, Terms] = TERMS
) -> Iterator[Finding]:
    """Report a rule of an active waiver that finds nothing at its subject, where the subject was read.

    Duties are no findings: `policies.duties` has its own answer.

    Args:
        estate: With the records.
        findings: What was found, waived or not yet.
        read: What was judged beside the profiles.
        terms: What is known of the rules.
    """
    told = (Status.FAIL, Status.WAIVED, Status.UNKNOWN)
    found = [finding for finding in findings if finding.status in told]
    for waiver in in_force(estate, terms):
        hits = {finding.rule for finding in found if covers(waiver, finding.rule, finding.subject)}
        for index, rule in enumerate(waiver.spec.rules):
            if rule not in hits and rule not in DUTIES and _was_read(estate, waiver, terms[rule], read):
                yield unused(
                    waiver,
                    index,
                    Words(
                        f"{rule} finds nothing at {waiver.spec.subject}",
                        f"{rule} در {waiver.spec.subject} چیزی نمی‌یابد",
                    ),
                )


def unused(waiver: Waiver, index: int, summary: Words) -> Finding:
    """Return the finding that the waiver of its rule or duty at `index` does nothing, with what shows it."""
    remedy = Words(
        "end the waiver: its reason is gone, or its subject is spelled otherwise",
        "معافیت را پایان دهید: دلیل آن از میان رفته است یا موضوع آن جور دیگری نوشته شده است",
    )
    return _reported(waiver, "waiver-unused", ("rules", index), summary, remedy)


def days_left(waiver: Waiver, estate: Estate) -> int | None:
    """Return the nearest of `DAYS_BEFORE` within which a waiver ends; None where its end is further away."""
    until, zone = waiver.spec.until, estate.platform.zone

    def is_near(days: int) -> bool:
        before = until - timedelta(days=days)
        return estate.as_of >= Day(before.year, before.month, before.day).begins(zone)

    return next((days for days in DAYS_BEFORE if is_near(days)), None)


def _renewed(estate: Estate) -> set[str | None]:
    return {waiver.spec.renews for waiver in estate.waivers if waiver.is_justified and waiver.spec.renews != waiver.id}


def _was_read(estate: Estate, waiver: Waiver, terms: Terms, read: Read) -> bool:
    subject, agency = waiver.spec.subject, estate.agency(waiver.spec.subject.agency)
    if agency is None:
        return False
    if subject.environment not in (None, *(environment.name for environment in agency.profile.spec.environments)):
        return False
    if not terms.marks:
        return read.only is None
    if read.agencies is not None and agency.id not in read.agencies:
        return False
    if read.only is not None and not (set() < _objects(agency, subject) <= read.only):
        return False
    needed = {Mark.TENANT} if Mark.TENANT in terms.marks else terms.marks
    return bool(needed & read.marks)


def _objects(agency: Agency, subject: Subject) -> set[str]:
    """Return the objects that a subject names, none where it leaves the name open: then there may be others."""
    environments = (environment.name for environment in agency.profile.spec.environments)
    return {
        f"{agency.id}/{environment}/{subject.kind}/{subject.name}"
        for environment in environments
        if subject.name is not None and subject.environment in (None, environment)
    }


def _reported(waiver: Waiver, rule: str, path: tuple[PathPart, ...], summary: Words, remedy: Words) -> Finding:
    finding = waiver.fails(rule, ("spec", *path), summary, remedy)
    return msgspec.structs.replace(finding, level=Level.ADVISORY)


REPORTS: Final = (ended_waivers, ending_waivers, broad_waivers)
"""What needs no more than the records and the moment; `unused_waivers` needs the findings too."""
