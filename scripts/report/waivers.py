"""The committee's records beside the findings: who is excused from what, until when, and who decided it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from components.estate.dates import Day
from components.estate.estate import Estate
from components.estate.finding import Finding, Words
from components.estate.waiver import Signatory, Waiver, both_calendars
from policies.ledger import chain
from policies.waivers import State, state


class Entry(NamedTuple):
    """A record as it stands at the moment of the report.

    Attributes:
        remarks: Ids of the findings against it, in their order.
        renewals: How often it was renewed before.
    """

    waiver: Waiver
    state: State
    remarks: tuple[str, ...]
    renewals: int


def entries(estate: Estate, findings: Iterable[Finding], owners: tuple[str, ...] = ()) -> tuple[Entry, ...]:
    """Return the records that concern these agencies, or all: first the active ones, the next to end first."""
    remarks: dict[str, dict[str, None]] = {}
    for finding in findings:
        remarks.setdefault(finding.where.file, {})[finding.rule] = None
    found = [
        Entry(
            waiver,
            state(waiver, estate.as_of, estate.platform.zone),
            tuple(remarks.get(waiver.file, ())),
            len(chain(waiver, estate.waivers)) - 1,
        )
        for waiver in estate.waivers
        if not owners or waiver.spec.subject.agency in owners
    ]
    order = list(State)
    return tuple(sorted(found, key=lambda one: (order.index(one.state), one.waiver.spec.until, one.waiver.id)))


def lines(listed: tuple[Entry, ...] | None, language: str) -> Iterator[str]:
    """Yield a heading with counts, then a line for each record; None is where they could not be read."""
    if listed is None:
        yield _UNREAD.in_language(language)
        return
    counts = Counter(entry.state for entry in listed)
    comma = "، " if language == "fa" else ", "
    counted = comma.join(f"{counts[one]} {_STATES[one].in_language(language)}" for one in State if counts[one])
    yield f"{_HEADING.in_language(language)} {counted or _NONE.in_language(language)}"
    yield from (_line(entry, language) for entry in listed)


def content(listed: tuple[Entry, ...] | None) -> list[dict[str, Any]] | None:
    """Return the records as plain data for JSON; None is where they could not be read."""
    return None if listed is None else [_entry(entry) for entry in listed]


def _line(entry: Entry, language: str) -> str:
    waiver, comma = entry.waiver, "، " if language == "fa" else ", "
    said = [_STATES[entry.state], *(_REMARKS[remark] for remark in entry.remarks if remark in _REMARKS)]
    until = both_calendars(waiver.spec.until)
    parts = (
        f"{waiver.id}: {comma.join(words.in_language(language) for words in said)}",
        f"[{', '.join(waiver.spec.rules)}] {waiver.spec.subject}",
        Words(f"until {until.en}", f"تا {until.fa}").in_language(language),
        _decided(waiver, language),
        _renewed(entry.renewals).in_language(language),
    )
    return ("؛ " if language == "fa" else "; ").join(part for part in parts if part)


def _decided(waiver: Waiver, language: str) -> str:
    decision = waiver.spec.decision
    if decision.decided_on is None:
        asked = waiver.spec.requested_by
        return Words(f"not decided, asked by {asked}", f"بی‌تصمیم، به درخواست {asked}").in_language(language)
    on, comma = both_calendars(decision.decided_on), "، " if language == "fa" else ", "
    signers = comma.join(_SIGNATORIES[signer].in_language(language) for signer in decision.signed_by)
    return Words(
        f"decided by {signers} on {on.en}, {decision.ref}", f"تصمیم {signers} در {on.fa}، {decision.ref}"
    ).in_language(language)


def _renewed(times: int) -> Words:
    if not times:
        return Words("", "")
    return Words(f"renewed {times} time{'' if times == 1 else 's'}", f"{times} بار تمدید شده")


def _entry(entry: Entry) -> dict[str, Any]:
    spec, decision = entry.waiver.spec, entry.waiver.spec.decision
    names = ("agency", "environment", "kind", "name", "container")
    return {
        "id": entry.waiver.id,
        "state": str(entry.state),
        "remarks": list(entry.remarks),
        "rules": list(spec.rules),
        "subject": {name: str(part) for name, part in zip(names, spec.subject.parts, strict=True) if part is not None},
        "from": _day(spec.since),
        "until": _day(spec.until),
        "reviewOn": _day(spec.review_on),
        "reasonClass": str(spec.reason_class),
        "reason": spec.reason,
        "compensatingControls": list(spec.compensating_controls),
        "requestedBy": spec.requested_by,
        "decision": {
            "status": str(decision.status),
            "ref": decision.ref,
            "decidedOn": _day(decision.decided_on) if decision.decided_on is not None else None,
            "signedBy": [str(signer) for signer in decision.signed_by],
        },
        "renews": spec.renews,
        "renewals": entry.renewals,
    }


def _day(day: Day) -> dict[str, str]:
    return {"gregorian": day.isoformat(), "solarHijri": day.solar_hijri}


_HEADING: Final = Words("waivers:", "معافیت‌ها:")
_NONE: Final = Words("none", "هیچ")
_UNREAD: Final = Words("waivers: not known, see the errors above", "معافیت‌ها: نامعلوم، خطاهای بالا را ببینید")
_STATES: Final = {
    State.ACTIVE: Words("active", "برقرار"),
    State.PLANNED: Words("planned", "در آینده"),
    State.RAISED: Words("raised", "در دست بررسی"),
    State.UNJUSTIFIED: Words("unjustified", "ناموجه"),
    State.FLAWED: Words("without effect", "بی‌اثر"),
    State.ENDED: Words("ended", "پایان‌یافته"),
}
_REMARKS: Final = {
    "waiver-ending": Words("soon ending", "رو به پایان"),
    "waiver-review-due": Words("review due", "بازنگری رسیده"),
    "waiver-unused": Words("unused", "بی‌کاربرد"),
    "waiver-too-broad": Words("too broad", "بیش از اندازه گسترده"),
}
_SIGNATORIES: Final = {
    Signatory.AEO: Words("AEO", "سازمان اداری و استخدامی"),
    Signatory.AEO_HEAD: Words("the head of AEO", "رئیس سازمان اداری و استخدامی"),
    Signatory.PBO: Words("PBO", "سازمان برنامه و بودجه"),
    Signatory.EITC: Words("EITC", "شورای اجرایی فناوری اطلاعات"),
    Signatory.ICT_MINISTER: Words("the Minister of ICT", "وزیر ارتباطات و فناوری اطلاعات"),
}
