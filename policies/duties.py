"""The legal duties of agencies: which are met, due, overdue, or wait for somebody else.

A duty is no rule: it is reported and never stops a run. What cannot be judged is unknown, and unknown is never met.
Only what the profiles declare is judged; what was observed is elsewhere (R66).
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

import msgspec

from components.estate.dates import Day
from components.estate.duties import DutyId, DutyRegister, Upstream
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Words
from components.estate.waiver import Waiver
from policies.ledger_advice import unused
from policies.rules.duty import JUDGES, SCOPES, Matter, State, Verdict
from policies.waivers import DUTIES, covers, excusing, in_force

__all__ = ["Duty", "State", "duties", "unused_waivers"]

NO_SOURCE: Final = "register of duties"
_DAY: Final = timedelta(days=1)
_OPEN: Final = frozenset((State.DUE, State.OVERDUE))
_CLOSED: Final = frozenset((State.MET, State.NOT_APPLICABLE))


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One duty of one agency.

    Attributes:
        subject: The agency's id.
        due_on: The last day to do it; None where no text in force names one.
        title: What the duty is.
        summary: Why it is in its state.
        source: The requirement and the text that it comes from.
        waiver: Id of the waiver by which it is waived, if it is.
        until: The day on which that waiver ends (excluded).
    """

    id: DutyId
    subject: str
    state: State
    due_on: Day | None
    title: Words
    summary: Words
    source: str
    waiver: str = ""
    until: Day | None = None


def duties(estate: Estate, register: DutyRegister | None) -> tuple[Duty, ...]:
    """Return every duty of every agency, in the order of the agencies' ids, waived where a waiver excuses from it.

    Without a register all are unknown. Only what is due or overdue can be waived: nothing else needs it.
    """
    active = in_force(estate)
    known: dict[str, Agency | None] = dict.fromkeys(estate.unread)
    known |= {agency.id: agency for agency in estate.agencies}
    return tuple(
        _settled(_duty(estate, register, known[subject], subject, duty), active)
        for subject in sorted(known)
        for duty in DutyId
    )


def unused_waivers(estate: Estate, register: DutyRegister | None) -> Iterator[Finding]:
    """Report a duty of an active waiver that its subject does not owe, as `policies.ledger_advice` does for rules."""
    naming = [waiver for waiver in in_force(estate) if not DUTIES.keys().isdisjoint(waiver.spec.rules)]
    found = duties(estate, register) if naming else ()
    for waiver in naming:
        subject = waiver.spec.subject
        owed = {duty.id for duty in found if duty.state not in _CLOSED and covers(waiver, duty.id, duty.subject)}
        for index, rule in enumerate(waiver.spec.rules):
            if rule in DUTIES and rule not in owed and estate.agency(subject.agency) is not None:
                yield unused(waiver, index, Words(f"{subject} does not owe {rule}", f"{rule} بر عهدهٔ {subject} نیست"))


def _settled(duty: Duty, active: Iterable[Waiver]) -> Duty:
    waiver = excusing(active, duty.id, duty.subject) if duty.state in _OPEN else None
    if waiver is None:
        return duty
    return msgspec.structs.replace(duty, state=State.WAIVED, waiver=waiver.id, until=waiver.spec.until)


def _duty(estate: Estate, register: DutyRegister | None, agency: Agency | None, subject: str, duty: DutyId) -> Duty:
    entry = register.entry(duty) if register is not None else None
    if register is None or entry is None:
        verdict = _unknown("the register of duties says nothing of it", "در دفتر تکالیف چیزی از آن نیامده است")
        return _record(duty, subject, Words(str(duty), str(duty)), NO_SOURCE, verdict)
    source = f"{entry.requirement}, {register.resolution(entry.resolution).source}"
    if agency is None:
        verdict = _unknown("the profile cannot be read", "نمایه خوانده نمی‌شود")
    else:
        verdict = _judged(Matter(estate, register, entry, agency))
    return _record(duty, subject, entry.title, source, verdict)


def _judged(matter: Matter) -> Verdict:
    duty = matter.entry.id
    if matter.agency.profile.spec.identity.legal_scope not in SCOPES[duty]:
        return Verdict(State.NOT_APPLICABLE, Words("it does not bind this agency", "این تکلیف بر عهدهٔ این دستگاه نیست"))
    verdict = JUDGES[duty](matter)
    due_on = verdict.due_on or matter.due_on
    if verdict.state is not State.DUE:
        return verdict._replace(due_on=due_on)
    waits = _waits(matter)
    if waits is not None:
        return waits._replace(due_on=due_on)
    is_over = due_on is not None and matter.estate.has_ended(due_on + _DAY)
    return verdict._replace(state=State.OVERDUE if is_over else State.DUE, due_on=due_on)


def _waits(matter: Matter) -> Verdict | None:
    """Say for what the agency waits, which is not its fault (R58); nothing where it waits for nobody."""
    needs = matter.entry.needs
    if needs is None or matter.issued(needs):
        return None
    upstream: Upstream | None = matter.register.upstream(needs)
    if upstream is None:
        return _unknown(
            f"the register does not say what was issued of {needs!s}",
            f"در دفتر نیامده است که از {needs!s} چه صادر شده است",
        )
    title = upstream.title
    return Verdict(State.BLOCKED_UPSTREAM, Words(f"waits for {title.en}", f"در انتظار {title.fa}"))


def _unknown(en: str, fa: str) -> Verdict:
    return Verdict(State.UNKNOWN, Words(en, fa))


def _record(duty: DutyId, subject: str, title: Words, source: str, verdict: Verdict) -> Duty:
    return Duty(
        id=duty,
        subject=subject,
        state=verdict.state,
        due_on=verdict.due_on,
        title=title,
        summary=verdict.summary,
        source=source,
    )
