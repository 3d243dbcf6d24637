"""Inquiries and consents: both sides exist, say the same, and have not ended (R38 to R43).

What contradicts is refused; what waits for the other side, was refused by it or has ended is reported where it stands.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

import msgspec

from components.estate.dates import Day
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, PathPart, Words
from components.estate.flows import DIRECT, Flow, Side, State, asked, unasked
from components.estate.profile import Api, Inquiry
from components.estate.waiver import both_calendars

_BOTH_SIDES: Final = "both sides declare (R41)"
_EXCHANGE: Final = "through the exchange (R40)"
_REFUSALS: Final = "refusals are visible (R43)"
_STATED: Final = "stated before sharing (R42)"
_FULLY_ELECTRONIC: Final = "fully electronic (R39)"
_ELECTRONIC: Final = "electronic"
_ELECTRONIC_FROM: Final = Day.parse("1402-10-01")  # text 002: all inquiries by 30 Azar 1402
_MODES: Final = {"paper": Words("on paper", "روی کاغذ"), "mixed": Words("partly on paper", "تا بخشی روی کاغذ")}


def partners(estate: Estate) -> Iterator[Finding]:
    """Refuse an inquiry to an agency or an API that is not there, or to oneself."""
    for agency in estate.agencies:
        for index, inquiry in enumerate(agency.profile.spec.inquiries):
            path: tuple[PathPart, ...] = ("spec", "inquiries", index)
            if inquiry.provider == agency.id:
                yield agency.fails(
                    "inquiry-own",
                    (*path, "provider"),
                    Words("an agency asks itself", "دستگاه از خودش استعلام می‌کند"),
                    Words(
                        "name another agency, or declare the connection in spec.flows",
                        "دستگاه دیگری را نام ببرید یا ارتباط را در spec.flows بنویسید",
                    ),
                )
                continue
            provider = estate.agency(inquiry.provider)
            if provider is None:
                if inquiry.provider not in estate.unread:
                    yield _unknown_agency(estate, agency, (*path, "provider"), inquiry.provider)
            elif not any(api.id == inquiry.api for api in provider.profile.spec.apis):
                yield _unknown_api(agency, path, inquiry, provider)


def consumers(estate: Estate) -> Iterator[Finding]:
    """Refuse a consent or a refusal towards an agency that is not there, towards oneself, or both at once."""
    for agency, path, api in _apis(estate):
        refused = {refusal.consumer for refusal in api.refusals}
        for field, consumer, where in (
            *(("consents", one.consumer, index) for index, one in enumerate(api.consents)),
            *(("refusals", one.consumer, index) for index, one in enumerate(api.refusals)),
        ):
            place: tuple[PathPart, ...] = (*path, field, where, "consumer")
            if consumer == agency.id:
                yield agency.fails(
                    "consumer-own",
                    place,
                    Words("an agency answers itself", "دستگاه به خودش پاسخ می‌دهد"),
                    Words("name another agency, or leave it out", "دستگاه دیگری را نام ببرید یا آن را بردارید"),
                )
            elif estate.agency(consumer) is None and consumer not in estate.unread:
                yield _unknown_agency(estate, agency, place, consumer)
            elif field == "consents" and consumer in refused:
                yield agency.fails(
                    "consent-refused",
                    place,
                    Words(f"{consumer} has both a consent and a refusal", f"{consumer} هم رضایت دارد و هم پاسخ منفی"),
                    Words(
                        "take one of the two out; while both stand, the refusal holds",
                        "یکی از دو مورد را بردارید؛ تا هر دو هست، پاسخ منفی برقرار است",
                    ),
                )


def consent_terms(estate: Estate) -> Iterator[Finding]:
    """Refuse a consent that ends before it begins."""
    for agency, path, api in _apis(estate):
        for index, consent in enumerate(api.consents):
            if consent.since is not None and consent.since >= consent.until:
                begins, ends = both_calendars(consent.since), both_calendars(consent.until)
                yield agency.fails(
                    "consent-end-before-start",
                    (*path, "consents", index, "until"),
                    Words(f"begins on {begins.en}, ends on {ends.en}", f"آغاز {begins.fa} و پایان {ends.fa}"),
                    Words(
                        "the end is the first day without consent: write a later one",
                        "پایان، نخستین روز بدون رضایت است: روز دیرتری بنویسید",
                    ),
                )


def personal_data(estate: Estate) -> Iterator[Finding]:
    """Refuse an inquiry that says it asks for no personal data at an API that gives some (R42)."""
    for agency, index, flow in _asked(estate):
        is_said = flow.inquiry is not None and flow.inquiry.personal_data
        if flow.offer is not None and flow.offer.personal_data and not is_said:
            finding = agency.fails(
                "inquiry-personal-data",
                ("spec", "inquiries", index, "personalData"),
                Words(
                    f"{flow.provider}/{flow.api} gives personal data, the inquiry says that it asks for none",
                    f"{flow.provider}/{flow.api} دادهٔ شخصی می‌دهد و استعلام می‌گوید دادهٔ شخصی نمی‌خواهد",
                ),
                Words(
                    "write true, and a legal basis that covers it",
                    "true بنویسید، با مبنای قانونی که آن را در بر گیرد",
                ),
            )
            yield msgspec.structs.replace(finding, source=_STATED)


def direct_inquiries(estate: Estate) -> Iterator[Finding]:
    """Report an inquiry that goes past the exchange, with its reason (R40)."""
    for agency, index, flow in _asked(estate):
        if flow.inquiry is not None and flow.inquiry.via == DIRECT:
            reason = flow.inquiry.reason or ""
            yield _advice(
                agency.fails(
                    "inquiry-direct",
                    ("spec", "inquiries", index, "via"),
                    Words(f"goes past the exchange: {reason}", f"از مرکز تبادل نمی‌گذرد: {reason}"),
                    Words(
                        "use `via: exchange` as soon as the reason is gone",
                        "با برطرف‌شدن دلیل، `via: exchange` بنویسید",
                    ),
                ),
                _EXCHANGE,
            )


def modes(estate: Estate) -> Iterator[Finding]:
    """Report an inquiry that is not done fully electronically, and how many of the agency's are (R39)."""
    day = both_calendars(_ELECTRONIC_FROM)
    for agency in estate.agencies:
        inquiries = agency.profile.spec.inquiries
        done = sum(inquiry.mode == _ELECTRONIC for inquiry in inquiries)
        for index, inquiry in enumerate(inquiries):
            if inquiry.mode != _ELECTRONIC:
                way = _MODES.get(inquiry.mode, Words(inquiry.mode, inquiry.mode))
                yield _advice(
                    agency.fails(
                        "inquiry-not-electronic",
                        ("spec", "inquiries", index, "mode"),
                        Words(
                            f"is done {way.en}; {done} of the agency's {len(inquiries)} inquiries are electronic",
                            f"{way.fa} انجام می‌شود؛ از {len(inquiries)} استعلام دستگاه {done} مورد الکترونیکی است",
                        ),
                        Words(
                            f"since {day.en} only electronic inquiries are lawful: do it by an API, without paper",
                            f"از {day.fa} تنها استعلام الکترونیکی قانونی است: آن را با API و بی کاغذ انجام دهید",
                        ),
                    ),
                    _FULLY_ELECTRONIC,
                )


def open_ends(estate: Estate) -> Iterator[Finding]:
    """Report every inquiry that is not answered by a consent that holds, with whose turn it is (R41, R43)."""
    for agency, index, flow in _asked(estate):
        path: tuple[PathPart, ...] = ("spec", "inquiries", index)
        match flow.state:
            case State.WAITING_FOR_PROVIDER:
                yield _waiting(agency, path, flow)
            case State.REFUSED if flow.refusal is not None:
                day = both_calendars(flow.refusal.refused_on)
                yield _advice(
                    agency.fails(
                        "inquiry-refused",
                        path,
                        Words(
                            f"{flow.provider} refused {flow.api} on {day.en}: {flow.refusal.reason}",
                            f"{flow.provider} در {day.fa} به {flow.api} پاسخ منفی داد: {flow.refusal.reason}",
                        ),
                        Words(
                            "nothing passes: agree with the provider, or withdraw the inquiry",
                            "چیزی رد و بدل نمی‌شود: با ارائه‌دهنده توافق کنید یا استعلام را پس بگیرید",
                        ),
                    ),
                    _REFUSALS,
                )
            case State.EXPIRED:
                yield _expired(agency, path, flow)
            case State.DANGLING if flow.offer is not None:
                yield _advice(
                    agency.fails(
                        "inquiry-without-production",
                        path,
                        Words(
                            f"{agency.id} and {flow.provider} do not both have a production environment",
                            f"{agency.id} و {flow.provider} هر دو محیط عملیاتی (production) ندارند",
                        ),
                        Words(
                            "inquiries belong to production: nothing passes until both have it",
                            "استعلام از آن محیط عملیاتی است: تا هر دو آن را نداشته باشند چیزی رد و بدل نمی‌شود",
                        ),
                    ),
                    _BOTH_SIDES,
                )


def unasked_consents(estate: Estate) -> Iterator[Finding]:
    """Report a consent that nobody asked for: it opens nothing (R41)."""
    known = {agency.id for agency in estate.agencies}
    for agency in estate.agencies:
        for flow in unasked(estate, agency):
            if flow.state is State.WAITING_FOR_CONSUMER and flow.consumer in known - {agency.id}:
                yield _advice(
                    agency.fails(
                        "consent-unasked",
                        _consent_path(agency, flow),
                        Words(
                            f"{flow.consumer} does not ask for {flow.api}",
                            f"{flow.consumer} چنین استعلامی از {flow.api} ندارد",
                        ),
                        Words(
                            "it opens nothing: let the consumer declare its inquiry, or take the consent back",
                            "چیزی را باز نمی‌کند: خواهنده استعلام خود را بنویسد یا رضایت را پس بگیرید",
                        ),
                    ),
                    _BOTH_SIDES,
                )


def _waiting(agency: Agency, path: tuple[PathPart, ...], flow: Flow) -> Finding:
    if flow.consent is not None and flow.consent.since is not None:
        day = both_calendars(flow.consent.since)
        found = Words(
            f"the consent of {flow.provider} begins on {day.en}", f"رضایت {flow.provider} از {day.fa} آغاز می‌شود"
        )
        remedy = Words("nothing passes before that day", "پیش از آن روز چیزی رد و بدل نمی‌شود")
    else:
        found = Words(
            f"waits for the consent of {flow.provider} to {flow.api}",
            f"چشم‌به‌راه رضایت {flow.provider} به {flow.api} است",
        )
        remedy = Words(
            f"nothing passes until agency_profiles/{flow.provider}.yaml lists {agency.id} under the API's consents",
            f"تا agency_profiles/{flow.provider}.yaml نام {agency.id} را در consents این API نیاورد چیزی رد و بدل "
            "نمی‌شود",
        )
    return _advice(agency.fails("inquiry-waiting", path, found, remedy), _BOTH_SIDES)


def _expired(agency: Agency, path: tuple[PathPart, ...], flow: Flow) -> Finding:
    half = flow.inquiry if flow.ended is Side.CONSUMER else flow.consent
    whose = Words("the need", "نیاز") if flow.ended is Side.CONSUMER else _consent_of(flow.provider)
    until = both_calendars(half.until) if half is not None and half.until is not None else Words("?", "؟")
    return _advice(
        agency.fails(
            "inquiry-expired",
            path,
            Words(f"{whose.en} ended on {until.en}", f"{whose.fa} در {until.fa} پایان یافت"),
            Words(
                "nothing passes any more: agree on a new end, or withdraw the inquiry",
                "دیگر چیزی رد و بدل نمی‌شود: بر پایان تازه‌ای توافق کنید یا استعلام را پس بگیرید",
            ),
        ),
        _BOTH_SIDES,
    )


def _consent_of(provider: str) -> Words:
    return Words(f"the consent of {provider}", f"رضایت {provider}")


def _unknown_agency(estate: Estate, agency: Agency, path: tuple[PathPart, ...], name: str) -> Finding:
    near = get_close_matches(name, [one.id for one in estate.agencies if one.id != agency.id], n=1)
    hint = Words(f"did you mean {near[0]!r}? ", f"آیا منظور {near[0]!r} است؟ ") if near else Words("", "")
    return agency.fails(
        "partner-unknown",
        path,
        Words(f"no agency has the id {name!r}", f"هیچ دستگاهی شناسهٔ {name!r} ندارد"),
        Words(f"{hint.en}write the id of an existing profile", f"{hint.fa}شناسهٔ نمایه‌ای موجود را بنویسید"),
    )


def _unknown_api(agency: Agency, path: tuple[PathPart, ...], inquiry: Inquiry, provider: Agency) -> Finding:
    offered = [api.id for api in provider.profile.spec.apis]
    allowed = Words(
        f"{provider.id} offers: {', '.join(offered)}" if offered else f"{provider.id} offers none yet",
        f"{provider.id} این‌ها را عرضه می‌کند: {'، '.join(offered)}" if offered else f"{provider.id} هنوز API ندارد",
    )
    return agency.fails(
        "api-unknown",
        (*path, "api"),
        Words(f"{provider.id} has no API {inquiry.api!r}", f"{provider.id} رابط (API) {inquiry.api!r} ندارد"),
        allowed,
    )


def _asked(estate: Estate) -> Iterator[tuple[Agency, int, Flow]]:
    """Yield each flow that is asked for, with its consumer and the inquiry's index."""
    for agency in estate.agencies:
        places = {inquiry.id: index for index, inquiry in enumerate(agency.profile.spec.inquiries)}
        for flow in asked(estate, agency):
            if flow.inquiry is not None:
                yield agency, places[flow.inquiry.id], flow


def _apis(estate: Estate) -> Iterator[tuple[Agency, tuple[PathPart, ...], Api]]:
    for agency in estate.agencies:
        for index, api in enumerate(agency.profile.spec.apis):
            yield agency, ("spec", "apis", index), api


def _consent_path(agency: Agency, flow: Flow) -> tuple[PathPart, ...]:
    for index, api in enumerate(agency.profile.spec.apis):
        for number, consent in enumerate(api.consents):
            if (api.id, consent) == (flow.api, flow.consent):
                return ("spec", "apis", index, "consents", number)
    return ("spec", "apis")


def _advice(finding: Finding, source: str) -> Finding:
    return msgspec.structs.replace(finding, level=Level.ADVISORY, source=source)


RULES: Final = (
    partners,
    consumers,
    consent_terms,
    personal_data,
    direct_inquiries,
    modes,
    open_ends,
    unasked_consents,
)
"""What both sides of an inquiry must say together, and what became of each."""
