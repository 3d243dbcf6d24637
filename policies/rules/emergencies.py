"""The register of emergencies against the profiles and the clock: whom it may name, for how long, and what it does now.

A record that is over opens and shuts nothing, and blocks nobody: it is only reported. One without a single moment in it
would be over before it begins, so it is refused whenever it is read.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from components.estate.emergencies import BreakGlass, Placed, Quarantine, told
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, Where, Words, printable
from policies.rules.subjects import ROLES

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def unknown_subjects(estate: Estate) -> Iterator[Finding]:
    """Refuse an emergency of an agency, an environment or a group that is not there.

    While a profile cannot be read its environments are unknown; that profile is refused already.
    """
    for placed in _current(estate):
        one, agency = placed.emergency, estate.agency(placed.emergency.agency)
        if agency is None and one.agency not in estate.unread:
            yield placed.fails(
                "emergency-agency-unknown",
                ("agency",),
                Words(f"no agency has the id {one.agency!r}", f"هیچ دستگاهی شناسهٔ {one.agency!r} ندارد"),
                Words("write the id of an existing profile", "شناسهٔ نمایه‌ای موجود را بنویسید"),
            )
        if isinstance(one, BreakGlass):
            yield from _unknown_environment(placed, one, agency)
            yield from _unknown_group(placed, one, estate)


def _unknown_environment(placed: Placed, one: BreakGlass, agency: Agency | None) -> Iterator[Finding]:
    names = [str(environment.name) for environment in agency.profile.spec.environments] if agency else []
    if agency is not None and one.environment not in names:
        yield placed.fails(
            "emergency-environment-unknown",
            ("environment",),
            Words(
                f"{agency.id!r} has no environment {str(one.environment)!r}",
                f"{agency.id!r} محیط {str(one.environment)!r} ندارد",
            ),
            Words(f"it has: {', '.join(names)}", f"محیط‌های آن: {'، '.join(names)}"),
        )


def _unknown_group(placed: Placed, one: BreakGlass, estate: Estate) -> Iterator[Finding]:
    allowed = [*(f"{one.agency}:{role}" for role in sorted(ROLES)), *estate.platform.spec.break_glass_groups]
    if one.group not in allowed:
        yield placed.fails(
            "emergency-group-unknown",
            ("group",),
            Words(
                f"{one.group!r} is no group that may enter the pods of {one.agency!r}",
                f"{one.group!r} گروهی نیست که بتواند به پادهای {one.agency!r} وارد شود",
            ),
            Words(f"allowed: {', '.join(allowed)}", f"مقدارهای مجاز: {'، '.join(allowed)}"),
        )


def impossible_terms(estate: Estate) -> Iterator[Finding]:
    """Refuse an emergency that ends before it begins, and one that lasts longer than its sort may."""
    zone = estate.platform.zone
    for placed in estate.emergencies.listed():
        one = placed.emergency
        since, until = one.since.begins(zone), one.until.begins(zone)
        if until <= since:
            yield placed.fails(
                "emergency-end-before-start",
                ("until",),
                Words(
                    f"it ends at {told(until).en}, and begins at {told(since).en}",
                    f"پایان آن {told(until).fa} و آغازش {told(since).fa} است",
                ),
                Words("`until` comes after `from`", "`until` باید پس از `from` باشد"),
            )
        elif until - since > one.LONGEST and not estate.has_ended(one.until):
            latest = told(since + one.LONGEST)
            longest = _length(one.LONGEST)
            yield placed.fails(
                "emergency-too-long",
                ("until",),
                Words(f"it lasts longer than {longest.en}", f"بیش از {longest.fa} طول می‌کشد"),
                Words(
                    f"write {latest.en} at the latest; whoever needs more decides again, in a record that begins then",
                    f"دیرترین زمان {latest.fa} است؛ هر که بیشتر می‌خواهد دوباره تصمیم می‌گیرد، در موردی که از آن زمان "
                    "آغاز می‌شود",
                ),
            )


def overlapping_emergencies(estate: Estate) -> Iterator[Finding]:
    """Refuse a second emergency of one sort for the same subject at the same time: nobody could tell which holds."""
    zone = estate.platform.zone
    known: dict[tuple[object, ...], list[Placed]] = defaultdict(list)
    for placed in _current(estate):
        one = placed.emergency
        rivals = known[type(one), *one.subject]
        for other in rivals:
            until = other.emergency.until.begins(zone)
            if one.since.begins(zone) < until and other.emergency.since.begins(zone) < one.until.begins(zone):
                place = Where("", other.path).pointer
                yield placed.fails(
                    "emergency-overlap",
                    ("from",),
                    Words(
                        f"{place} is of the same subject until {told(until).en}",
                        f"{place} تا {told(until).fa} از همین موضوع است",
                    ),
                    Words(
                        "let one begin when the other ends, or keep one of them",
                        "آغاز یکی را پایان دیگری بگذارید یا یکی را نگه دارید",
                    ),
                )
        rivals.append(placed)


def quarantines(estate: Estate) -> Iterator[Finding]:
    """Report every quarantine to its agency: that it holds, is to come, or is over."""
    for placed in estate.emergencies.listed():
        one = placed.emergency
        if not isinstance(one, Quarantine):
            continue
        what = Words(f"the quarantine of {one.agency!r}", f"قرنطینهٔ {one.agency!r}")
        if estate.holds(one.since, one.until):
            yield _reported(placed, "quarantine-active", _term(estate, placed, what), _SHUT)
        elif estate.has_ended(one.until):
            yield _reported(placed, "quarantine-ended", _over(estate, placed, what), _OPENED)
        else:
            yield _reported(placed, "quarantine-ahead", _coming(estate, placed, what), _NOT_YET)


def accesses(estate: Estate) -> Iterator[Finding]:
    """Report all break-glass access to its agency: that it holds, is to come, or is over."""
    for placed in estate.emergencies.listed():
        one = placed.emergency
        if not isinstance(one, BreakGlass):
            continue
        name = f"{one.agency}-{one.environment}"
        what = Words(f"the way of {one.group!r} into the pods of {name}", f"راه {one.group!r} به درون پادهای {name}")
        if estate.holds(one.since, one.until):
            yield _reported(placed, "break-glass-active", _term(estate, placed, what), _ENTERED)
        elif estate.has_ended(one.until):
            yield _reported(placed, "break-glass-ended", _over(estate, placed, what), _LEFT)
        else:
            yield _reported(placed, "break-glass-ahead", _coming(estate, placed, what), _NOT_YET)


def _current(estate: Estate) -> Iterator[Placed]:
    return (one for one in estate.emergencies.listed() if not estate.has_ended(one.emergency.until))


def _reported(placed: Placed, rule: str, summary: Words, remedy: Words) -> Finding:
    """Advice to the agency itself, and so in its report as well as in that of all."""
    finding = placed.fails(rule, (), summary, remedy)
    return msgspec.structs.replace(finding, level=Level.ADVISORY, subject=placed.emergency.agency)


def _term(estate: Estate, placed: Placed, what: Words) -> Words:
    one = placed.emergency
    until = told(one.until.begins(estate.platform.zone))
    by, why = printable(one.decided_by), printable(one.reason)
    return Words(
        f"{what.en} holds until {until.en}; decided by: {by}; reason: {why}",
        f"{what.fa} تا {until.fa} برقرار است؛ تصمیم‌گیرنده: {by}؛ دلیل: {why}",
    )


def _over(estate: Estate, placed: Placed, what: Words) -> Words:
    until = told(placed.emergency.until.begins(estate.platform.zone))
    return Words(f"{what.en} ended at {until.en}", f"{what.fa} در {until.fa} پایان یافت")


def _coming(estate: Estate, placed: Placed, what: Words) -> Words:
    since = told(placed.emergency.since.begins(estate.platform.zone))
    return Words(f"{what.en} begins at {since.en} only", f"{what.fa} تازه در {since.fa} آغاز می‌شود")


def _length(longest: timedelta) -> Words:
    hours, days = longest // _HOUR, longest // _DAY
    return Words(f"{days} days", f"{days} روز") if days > 1 else Words(f"{hours} hours", f"{hours} ساعت")


_SHUT: Final = Words(
    "nothing but DNS leads in or out after the next `pulumi up` or `govcloud apply`; to end it early, write the moment "
    "as `until` and run it again",
    "پس از `pulumi up` یا `govcloud apply` بعدی جز DNS هیچ راهی به درون یا بیرون نیست؛ برای پایان زودتر، آن زمان را در "
    "`until` بنویسید و دوباره اجرا کنید",
)
_OPENED: Final = Words(
    "the next `pulumi up` or `govcloud apply` opens again what the profile declares; remove the record after it",
    "`pulumi up` یا `govcloud apply` بعدی آنچه را نمایه اعلام کرده دوباره باز می‌کند؛ پس از آن این مورد را بردارید",
)
_ENTERED: Final = Words(
    "whoever bears the group may enter them from the next `pulumi up` or `govcloud apply` on; run one at the end, too: "
    "the cluster has no clock",
    "هر که عضو این گروه است از `pulumi up` یا `govcloud apply` بعدی می‌تواند وارد شود؛ در پایان هم یکی را اجرا کنید: "
    "کلاستر ساعت ندارد",
)
_LEFT: Final = Words(
    "the next `pulumi up` or `govcloud apply` takes the binding away: run one now, and remove the record after it",
    "`pulumi up` یا `govcloud apply` بعدی این دسترسی را برمی‌چیند: اکنون یکی را اجرا کنید و سپس این مورد را بردارید",
)
_NOT_YET: Final = Words(
    "until then nothing is different; if it is meant to hold now, correct `from`",
    "تا آن زمان چیزی تغییر نمی‌کند؛ اگر باید اکنون برقرار باشد، `from` را درست کنید",
)
