"""Once only (R38): nobody is asked for a datum that an agency holds already; and who starts unasked is told (R45).

Advice, but for what the register says against itself: a service that asks people once too often is mended, not shut.
Of two holders, or of one that does not exist, no advice would be right: that stops a run, at the register's own line.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

import msgspec

from components.estate.data_items import CITIZEN, fails
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, PathPart, Words
from components.estate.flows import Flow, State, asked
from components.estate.profile import DataItem, Service

_ONCE_ONLY: Final = "once-only (R38)"
_UNREQUESTED: Final = "services without a request (R45)"
_STATES: Final[Mapping[State, Words]] = {
    State.WAITING_FOR_PROVIDER: Words("waits for the provider", "چشم‌به‌راه ارائه‌دهنده"),
    State.REFUSED: Words("refused", "پاسخ منفی گرفته"),
    State.EXPIRED: Words("ended", "پایان‌یافته"),
    State.DANGLING: Words("leads nowhere", "به جایی نمی‌رسد"),
}
"""How an inquiry that brings nothing stands."""
Path = tuple[PathPart, ...]


class _Need(NamedTuple):
    """A datum that a service of an agency needs, and what the register says of it.

    Attributes:
        holder: Id of the agency that holds it; None where the register does not say.
        flows: What passes, or should, to the agency.
    """

    agency: Agency
    path: Path
    item: DataItem
    holder: str | None
    flows: Sequence[Flow]


def repeated_data(estate: Estate) -> Iterator[Finding]:
    """Refuse a datum that stands twice: two agencies would each be the one that holds it."""
    seen: Counter[str] = Counter()
    for index, datum in enumerate(estate.data_items):
        seen[datum.id] += 1
        if seen[datum.id] > 1:
            yield fails(
                "datum-repeated",
                index,
                "id",
                Words(f"{datum.id!r} is there twice", f"{datum.id!r} دو بار آمده است"),
                Words(
                    "one datum has one holder: keep the entry of the agency whose record counts",
                    "هر داده یک دارنده دارد: مورد دستگاهی را نگه دارید که سابقهٔ آن معتبر است",
                ),
            )


def unknown_holders(estate: Estate) -> Iterator[Finding]:
    """Refuse a holder that is no agency: whoever needs the datum would be sent to nobody."""
    known = _known(estate)
    for index, datum in enumerate(estate.data_items):
        if datum.held_by not in known:
            near = get_close_matches(datum.held_by, sorted(known), n=1)
            hint = Words(f"did you mean {near[0]!r}? ", f"آیا منظور {near[0]!r} است؟ ") if near else Words("", "")
            yield fails(
                "datum-holder-unknown",
                index,
                "heldBy",
                Words(f"no agency has the id {datum.held_by!r}", f"هیچ دستگاهی شناسهٔ {datum.held_by!r} ندارد"),
                Words(
                    f"{hint.en}write the id of an existing profile, or take the datum out",
                    f"{hint.fa}شناسهٔ نمایه‌ای موجود را بنویسید یا این داده را بردارید",
                ),
            )


def needed_data(estate: Estate) -> Iterator[Finding]:
    """Report a datum that is asked of people or of the wrong agency, or that no flow brings; each at most once."""
    known = _known(estate)
    for need in _needs(estate):
        of = need.item.obtained_from
        if of == CITIZEN:
            if need.holder is not None:
                yield _asked_again(estate, need, need.holder)
        elif of not in known or need.holder not in (None, of):
            yield _elsewhere(estate, need, is_known=of in known)
        elif of not in estate.unread | {need.agency.id}:
            yield from _unobtained(estate, need)


def offered_data(estate: Estate) -> Iterator[Finding]:
    """Report what an API gives that another agency holds, or that the register does not know."""
    held, listed = _held(estate), {datum.id for datum in estate.data_items}
    if not listed:  # no register is kept: then nothing is known of any datum
        return
    for agency in estate.agencies:
        for number, api in enumerate(agency.profile.spec.apis):
            for index, item in enumerate(api.data_items):
                path: Path = ("spec", "apis", number, "dataItems", index)
                if item not in listed:
                    found = Words(
                        f"{item!r} is not in the once-only register", f"{item!r} در دفتر یک‌بار ورود اطلاعات نیست"
                    )
                    remedy = Words(
                        "let the platform enter it with its holder: until then services may ask people for it",
                        "از سکو بخواهید آن را با دارنده‌اش ثبت کند: تا آن زمان خدمت‌ها می‌توانند از مردم بپرسند",
                    )
                    yield _advice(agency.fails("datum-unregistered", path, found, remedy))
                elif held.get(item, agency.id) != agency.id:
                    holder = held[item]
                    found = Words(
                        f"{item!r} is held by {holder}, as the once-only register has it",
                        f"دارندهٔ {item!r} در دفتر یک‌بار ورود اطلاعات {holder} است",
                    )
                    remedy = Words(
                        f"let consumers ask {holder}; or let the platform correct the register",
                        f"خواهندگان باید از {holder} بپرسند؛ یا سکو دفتر را درست کند",
                    )
                    yield _advice(agency.fails("datum-foreign", path, found, remedy))


def triggers(estate: Estate) -> Iterator[Finding]:
    """Report a service that should start without a request, and is told of nothing (R45)."""
    known = _known(estate)
    for agency in estate.agencies:
        services = enumerate(agency.profile.spec.services)
        started = [(index, one.trigger.source_agency) for index, one in services if one.trigger is not None]
        flows = tuple(asked(estate, agency)) if started else ()
        for index, source in started:
            from_it = [flow for flow in flows if flow.provider == source]
            is_told = any(flow.state is State.MATCHED for flow in from_it)
            if source not in estate.unread | {agency.id} and not is_told:
                path: Path = ("spec", "services", index, "trigger", "sourceAgency")
                yield _untold(agency, path, source, from_it, is_known=source in known)


def _asked_again(estate: Estate, need: _Need, holder: str) -> Finding:
    item = need.item.id
    if holder == need.agency.id:
        found = Words(
            f"asks people for {item!r}, which this agency itself holds",
            f"{item!r} را از مردم می‌پرسد، و خود این دستگاه دارندهٔ آن است",
        )
        remedy = Words(
            f"take it from the agency's own records: `obtainedFrom: {holder}`",
            f"آن را از سوابق خود دستگاه بردارید: `obtainedFrom: {holder}`",
        )
    else:
        found = Words(
            f"asks people for {item!r}, which {holder} holds", f"{item!r} را از مردم می‌پرسد، و {holder} دارندهٔ آن است"
        )
        remedy = _by_inquiry(estate, holder, item)
    return _advice(need.agency.fails("datum-asked-again", need.path, found, remedy))


def _elsewhere(estate: Estate, need: _Need, *, is_known: bool) -> Finding:
    item, of, holder = need.item.id, need.item.obtained_from, need.holder
    if is_known:
        found = Words(
            f"{item!r} is to come from {of}, and the once-only register names {holder}",
            f"قرار است {item!r} از {of} بیاید، و دفتر یک‌بار ورود اطلاعات {holder} را نام می‌برد",
        )
    else:
        found = Words(f"no agency has the id {of!r}", f"هیچ دستگاهی شناسهٔ {of!r} ندارد")
    if holder is None:
        remedy = Words(
            "write the id of the agency that holds it, or `citizen` where none does",
            "شناسهٔ دستگاه دارنده را بنویسید، و اگر دستگاهی آن را ندارد `citizen`",
        )
    elif holder == need.agency.id:
        remedy = Words(
            f"the agency itself holds it: `obtainedFrom: {holder}`", f"خود دستگاه دارنده است: `obtainedFrom: {holder}`"
        )
    else:
        remedy = _by_inquiry(estate, holder, item)
    return _advice(need.agency.fails("datum-elsewhere", need.path, found, remedy))


def _unobtained(estate: Estate, need: _Need) -> Iterator[Finding]:
    item, of = need.item.id, need.item.obtained_from
    flows = [flow for flow in need.flows if flow.provider == of and flow.offer and item in flow.offer.data_items]
    if any(flow.state is State.MATCHED for flow in flows):
        return
    standing = _standing(flows)
    if standing is not None:
        found = Words(f"{item!r} does not come from {of}: {standing.en}", f"{item!r} از {of} نمی‌رسد: {standing.fa}")
        remedy = Words(
            "the service lacks it until that inquiry holds: see what is said of the inquiry",
            "تا آن استعلام برقرار نشود خدمت این داده را ندارد: یافتهٔ خود استعلام را ببینید",
        )
    else:
        found = Words(
            f"{item!r} is to come from {of}, and no electronic inquiry asks for it",
            f"قرار است {item!r} از {of} بیاید، و هیچ استعلام الکترونیکی آن را نمی‌خواهد",
        )
        remedy = _by_inquiry(estate, of, item)
    yield _advice(need.agency.fails("datum-without-inquiry", need.path, found, remedy))


def _untold(agency: Agency, path: Path, source: str, flows: Sequence[Flow], *, is_known: bool) -> Finding:
    standing = _standing(flows)
    if not is_known:
        found = Words(f"no agency has the id {source!r}", f"هیچ دستگاهی شناسهٔ {source!r} ندارد")
    elif standing is not None:
        found = Words(f"nothing comes from {source}: {standing.en}", f"از {source} چیزی نمی‌رسد: {standing.fa}")
    else:
        found = Words(f"no electronic inquiry asks {source}", f"هیچ استعلام الکترونیکی از {source} نیست")
    remedy = Words(
        "a service without a request learns of its event by an inquiry: declare one to the agency that knows of it, "
        "and let that agency consent",
        "خدمت بدون درخواست، رویداد را با استعلام درمی‌یابد: به دستگاهی که از آن خبر دارد استعلامی بنویسید و رضایت آن "
        "را بگیرید",
    )
    return _advice(agency.fails("trigger-without-inquiry", path, found, remedy), _UNREQUESTED)


def _by_inquiry(estate: Estate, holder: str, item: str) -> Words:
    """Say how to get a datum from its holder: by which of its APIs."""
    agency = estate.agency(holder)
    if agency is None:
        return Words(
            f"ask {holder}; its profile cannot be read now, so nobody can tell by which API",
            f"از {holder} بپرسید؛ نمایهٔ آن اکنون خوانده نمی‌شود، پس معلوم نیست با کدام API",
        )
    apis = [api.id for api in agency.profile.spec.apis if item in api.data_items]
    if not apis:
        return Words(
            f"agree with {holder} on an API that gives it, then declare an inquiry and `obtainedFrom: {holder}`",
            f"با {holder} بر یک API که آن را بدهد توافق کنید، سپس استعلام و `obtainedFrom: {holder}` را بنویسید",
        )
    shown = " or ".join(f"{holder}/{api}" for api in apis)
    shown_fa = " یا ".join(f"{holder}/{api}" for api in apis)
    return Words(
        f"{shown} gives it: declare an inquiry to it, and `obtainedFrom: {holder}`",
        f"{shown_fa} آن را می‌دهد: استعلام و `obtainedFrom: {holder}` را بنویسید",
    )


def _standing(flows: Iterable[Flow]) -> Words | None:
    """Say of inquiries that bring nothing how each stands; None where there are none."""
    said = [(flow.inquiry.id, flow.api, _STATES[flow.state]) for flow in flows if flow.inquiry is not None]
    if not said:
        return None
    return Words(
        ", ".join(f"the inquiry {name!r} to {api} ({state.en})" for name, api, state in said),
        "، ".join(f"استعلام {name!r} از {api} ({state.fa})" for name, api, state in said),
    )


def _needs(estate: Estate) -> Iterator[_Need]:
    held = _held(estate)
    for agency in estate.agencies:
        services = [*_with_data(agency)]
        flows = tuple(asked(estate, agency)) if services else ()
        for number, service in services:
            for index, item in enumerate(service.data_items):
                path: Path = ("spec", "services", number, "dataItems", index, "obtainedFrom")
                yield _Need(agency, path, item, held.get(item.id), flows)


def _with_data(agency: Agency) -> Iterator[tuple[int, Service]]:
    return ((index, one) for index, one in enumerate(agency.profile.spec.services) if one.data_items)


def _held(estate: Estate) -> Mapping[str, str]:
    """Return who holds each datum of which the register names one holder, and one that exists."""
    known, entries = _known(estate), Counter(datum.id for datum in estate.data_items)
    return {d.id: d.held_by for d in estate.data_items if entries[d.id] == 1 and d.held_by in known}


def _known(estate: Estate) -> frozenset[str]:
    return estate.unread | {agency.id for agency in estate.agencies}


def _advice(finding: Finding, source: str = _ONCE_ONLY) -> Finding:
    return msgspec.structs.replace(finding, level=Level.ADVISORY, source=source)


RULES: Final = (
    repeated_data,
    unknown_holders,
    needed_data,
    offered_data,
    triggers,
)
"""What the once-only register, the services and the APIs must say together."""
