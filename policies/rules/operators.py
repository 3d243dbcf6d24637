"""The register of licensed operators against the profiles: whose its names are, and what its licences open (R9)."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from components.estate.estate import Estate
from components.estate.finding import Finding, Level, Words
from components.estate.operators import Operator
from components.estate.waiver import both_calendars
from policies.rules.claims import is_reserved


def reserved_operators(estate: Estate) -> Iterator[Finding]:
    """Refuse an operator with an id that no agency may have (NS-04)."""
    for operator in estate.operators:
        if is_reserved(operator.id, estate.platform):
            yield operator.fails(
                "id-reserved",
                ("id",),
                Words(f"the id {operator.id!r} is reserved", f"شناسهٔ {operator.id!r} رزرو شده است"),
                Words("choose another id", "شناسهٔ دیگری برگزینید"),
            )


def taken_operators(estate: Estate) -> Iterator[Finding]:
    """Refuse an operator that bears an agency's id, or another operator's (R9)."""
    agencies = estate.unread | {agency.id for agency in estate.agencies}
    seen: Counter[str] = Counter()
    for operator in estate.operators:
        seen[operator.id] += 1
        if operator.id in agencies:
            found = Words(f"{operator.id!r} is the id of an agency", f"{operator.id!r} شناسهٔ یک دستگاه است")
        elif seen[operator.id] > 1:
            found = Words(f"the id {operator.id!r} is there twice", f"شناسهٔ {operator.id!r} دو بار آمده است")
        else:
            continue
        remedy = Words(
            "an operator is no agency, and has one entry with one licence: give it an id of its own",
            "اپراتور دستگاه نیست و یک مورد با یک پروانه دارد: شناسه‌ای بدهید که تنها از آن خودش باشد",
        )
        yield operator.fails("operator-taken", ("id",), found, remedy)


def licensed_services(estate: Estate) -> Iterator[Finding]:
    """Refuse a licence for a service that no agency has, or that stands in no window (R9).

    An ended licence opens nothing and is not judged: agencies may drop services that it names. While a profile
    cannot be read, an unknown card may be in it; that profile is refused already.
    """
    in_window = {
        service.card_id: service.window is not None
        for agency in estate.agencies
        for service in agency.profile.spec.services
    }
    spellings = {card.upper(): card for card in in_window}
    for operator in estate.operators:
        if estate.has_ended(operator.licence.until):
            continue
        for index, card in enumerate(operator.licence.services):
            path = ("licence", "services", index)
            if card not in in_window:
                if not estate.unread:
                    found = Words(f"no agency has a service {card!r}", f"هیچ دستگاهی خدمت {card!r} را ندارد")
                    yield operator.fails("licence-service-unknown", path, found, _near(spellings.get(card.upper())))
            elif not in_window[card]:
                yield operator.fails(
                    "licence-service-without-window",
                    path,
                    Words(f"the service {card!r} stands in no window", f"خدمت {card!r} در هیچ پنجره‌ای نیست"),
                    Words(
                        "operators come by a window only: wait until the agency offers it in one, or take it out",
                        "اپراتور تنها از راه پنجره می‌آید: تا عرضهٔ آن در پنجره صبر کنید یا آن را بردارید",
                    ),
                )


def impossible_licences(estate: Estate) -> Iterator[Finding]:
    """Refuse a licence that ends before it begins: it would open nothing, and nobody would know why (R9).

    One that has ended is history, whenever it was to begin: it may have been withdrawn before.
    """
    for operator in estate.operators:
        since, until = operator.licence.since, operator.licence.until
        if since is not None and since >= until and not estate.has_ended(until):
            begin, end = both_calendars(since), both_calendars(until)
            yield operator.fails(
                "licence-end-before-start",
                ("licence", "until"),
                Words(
                    f"the licence of {operator.id!r} begins on {begin.en} and ends on {end.en}",
                    f"پروانهٔ {operator.id!r} در {begin.fa} آغاز می‌شود و در {end.fa} پایان می‌یابد",
                ),
                Words(
                    "write as `until` the first day on which it no longer holds, after `from`",
                    "`until` را نخستین روزی بنویسید که پروانه دیگر اعتبار ندارد، پس از `from`",
                ),
            )


def ended_licences(estate: Estate) -> Iterator[Finding]:
    """Report a licence that has ended, which opens nothing and is no reason to stop a run (R9)."""
    for operator in estate.operators:
        if estate.has_ended(operator.licence.until):
            yield _advice(operator, operator.licence.until.solar_hijri)


def _near(spelling: str | None) -> Words:
    if spelling is not None:
        return Words(f"did you mean {spelling!r}?", f"آیا منظور {spelling!r} است؟")
    return Words(
        "write the cardId of a service as its agency's profile has it",
        "cardId خدمت را همان‌گونه که در نمایهٔ دستگاه آمده است بنویسید",
    )


def _advice(operator: Operator, day: str) -> Finding:
    """Against the operator itself: agencies are not to be bothered with what no longer concerns them."""
    finding = operator.fails(
        "licence-ended",
        ("licence", "until"),
        Words(f"the licence of {operator.id!r} ended on {day}", f"پروانهٔ {operator.id!r} در {day} پایان یافته است"),
        Words(
            "it opens nothing any more: write the new end when it is renewed; otherwise leave it here, which keeps its "
            f"people out, until the national login has dropped the group {operator.group!r}",
            "این پروانه دیگر چیزی را باز نمی‌کند: اگر تمدید شد پایان تازه را بنویسید؛ وگرنه تا گروه "
            f"{operator.group!r} در درگاه ملی ورود برچیده نشده است، آن را همین‌جا نگه دارید تا اعضایش راه نیابند",
        ),
    )
    return msgspec.structs.replace(finding, level=Level.ADVISORY, subject=operator.group)
