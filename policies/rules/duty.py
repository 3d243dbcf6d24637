"""What a legal duty asks of an agency, and whether its profile shows that it is done: a pure function for each duty.

Deadlines, and what others have not issued yet, are weighed by `policies.duties`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from components.estate.dates import Day
from components.estate.duties import DutyId, DutyRegister, Entry, UpstreamId, WindowShare
from components.estate.estate import Agency, Estate
from components.estate.finding import Words
from components.estate.profile import Kind, LegalScope, Service
from components.manifests.window import open_window
from policies.rules.centre import is_blank
from policies.rules.committee import COMMITTEE_SCOPES, is_same_name
from policies.rules.connection import is_routed

_SHOWN_MAX: Final = 3
_NATIONAL: Final = frozenset((LegalScope.NATIONAL_AGENCY,))

SCOPES: Final[Mapping[DutyId, frozenset[LegalScope]]] = {
    **dict.fromkeys(DutyId, frozenset(LegalScope)),
    DutyId.HEAD_CRITERIA: _NATIONAL,
    DutyId.STEERING_COMMITTEE: COMMITTEE_SCOPES,
    DutyId.COMMITTEE_BYLAWS: COMMITTEE_SCOPES,
}
"""Whom each duty binds (R10)."""


class State(StrEnum):
    """What became of a duty. Not a finding's status: no state fails a run."""

    MET = "met"
    DUE = "due"
    OVERDUE = "overdue"
    WAIVED = "waived"
    BLOCKED_UPSTREAM = "blocked-upstream"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Verdict(NamedTuple):
    """What a judge says; of his states `DUE` only means that it is not done.

    Attributes:
        due_on: A day that the profile itself names, before the register's.
    """

    state: State
    summary: Words
    due_on: Day | None = None


class Matter(NamedTuple):
    """One duty of one agency, and all that its judge may look at."""

    estate: Estate
    register: DutyRegister
    entry: Entry
    agency: Agency

    @property
    def due_on(self) -> Day | None:
        """The register's deadline; it has no effect before its resolution has (R77)."""
        in_force = self._has_begun(self.register.resolution(self.entry.resolution).effective_on)
        return self.entry.due_on if in_force else None

    @property
    def share(self) -> WindowShare | None:
        """The share in force: of those that have effect, the one promulgated last (R77)."""
        shares = self.register.spec.window_shares
        dated = [(self.register.resolution(share.resolution).effective_on, share) for share in shares]
        in_force = [(day, share) for day, share in dated if day is not None and self._has_begun(day)]
        return max(in_force, key=lambda one: one[0])[1] if in_force else None

    @property
    def dedicated(self) -> list[Service]:
        """The agency's dedicated services; general ones never count (R48)."""
        return [service for service in self.agency.profile.spec.services if service.kind is Kind.DEDICATED]

    def issued(self, upstream: UpstreamId) -> list[str]:
        """Return what was issued so far, in the register's order."""
        found = self.register.upstream(upstream)
        return [issue.ref for issue in found.issued if self._has_begun(issue.issued_on)] if found else []

    def routed(self, services: Iterable[Service]) -> list[Service]:
        """Return those that stand in the agency's own window."""
        return [service for service in services if is_routed(self.agency, service)]

    def unrouted(self, services: Iterable[Service]) -> list[Service]:
        """Return those that do not."""
        return [service for service in services if not is_routed(self.agency, service)]

    def _has_begun(self, day: Day | None) -> bool:
        return day is not None and self.estate.as_of >= day.begins(self.estate.platform.zone)


Judge: TypeAlias = Callable[[Matter], Verdict]


def _head_criteria(matter: Matter) -> Verdict:
    centre = matter.agency.profile.spec.security_centre
    head = centre.head if centre is not None else None
    if head is None:
        return _owed("no head of the centre is named", "رئیس مرکز نام برده نشده است")
    return _cited(matter, head.criteria_version, UpstreamId.COMPETENCY_CRITERIA)


def _steering_committee(matter: Matter) -> Verdict:
    spec = matter.agency.profile.spec
    committee, centre = spec.steering_committee, spec.security_centre
    head = centre.head if centre is not None else None
    if committee is None or committee.chair is None or committee.secretary is None:
        return _owed("chair or secretary is not named", "رئیس یا دبیر کمیته نام برده نشده است")
    if not is_same_name(committee.chair, spec.identity.highest_authority.name):
        return _owed("the highest authority is not the chair", "بالاترین مقام دستگاه رئیس کمیته نیست")
    if head is None or not is_same_name(committee.secretary, head.name):
        return _owed("the head of the centre is not the secretary", "رئیس مرکز دبیر کمیته نیست")
    return _met("chair and secretary are those of the resolution", "رئیس و دبیر کمیته همان‌اند که مصوبه می‌گوید")


def _committee_bylaws(matter: Matter) -> Verdict:
    committee = matter.agency.profile.spec.steering_committee
    return _cited(matter, committee.bylaws_ref if committee is not None else None, UpstreamId.COMMITTEE_BYLAWS)


def _own_window(matter: Matter) -> Verdict:
    window = matter.agency.profile.spec.window
    if window is None:
        return _owed("the agency declares no window", "دستگاه پنجره‌ای ندارد")
    if open_window(matter.agency) is None:
        return _owed(
            f"the window {window.host} is not open without a production environment",
            f"پنجرهٔ {window.host} بدون محیط production باز نیست",
        )
    return _met(f"the window is {window.host}", f"پنجره {window.host} است")


def _window_share(matter: Matter) -> Verdict:
    share, total = matter.share, len(matter.dedicated)
    if not total:
        return _not_applicable("the agency has no dedicated service", "دستگاه خدمت اختصاصی ندارد")
    if share is None:
        return _unknown("no share is in force", "هیچ نسبتی ابلاغ نشده است")
    routed, needed = len(matter.routed(matter.dedicated)), share.of(total)
    text = matter.register.resolution(share.resolution).source
    summary = Words(
        f"{routed} of {total} dedicated services in the agency's own window; {share.share} ({text}) asks for {needed}",
        f"{routed} از {total} خدمت اختصاصی در پنجرهٔ خود دستگاه است؛ {share.share} ({text}) یعنی دست‌کم {needed}",
    )
    return Verdict(State.MET if routed >= needed else State.DUE, summary)


def _high_use_first(matter: Matter) -> Verdict:
    share, high_use = matter.share, _high_use(matter)
    if not high_use:
        return _not_applicable("the agency has no dedicated high-use service", "دستگاه خدمت اختصاصی پرکاربرد ندارد")
    outside = matter.unrouted(high_use)
    if not outside:
        return _met("all dedicated high-use services are in the window", "همهٔ خدمات اختصاصی پرکاربرد در پنجره‌اند")
    if share is None:
        return _unknown("no share is in force", "هیچ نسبتی ابلاغ نشده است")
    inside, needed = len(high_use) - len(outside), share.of(len(matter.dedicated))
    if inside >= needed:
        return _met(
            f"{inside} high-use services in the window make up the {needed} that are asked for",
            f"{inside} خدمت پرکاربرد در پنجره، همان {needed} خدمت خواسته‌شده را می‌سازد",
        )
    return _owed(
        f"high-use services outside the window: {_shown(outside, ', ')}; no ordinary one stands in for them",
        f"خدمات پرکاربرد بیرون از پنجره: {_shown(outside, '، ')}؛ خدمت عادی جای آن‌ها را نمی‌گیرد",
    )


def _window_requirements(matter: Matter) -> Verdict:
    window = matter.agency.profile.spec.window
    if window is None:
        return _not_applicable("there is no window to judge", "پنجره‌ای برای سنجش نیست")
    return _cited(matter, window.requirements_version, UpstreamId.WINDOW_REQUIREMENTS)


def _national_window_routes(matter: Matter) -> Verdict:
    high_use = _high_use(matter)
    if not high_use:
        return _not_applicable("the agency has no dedicated high-use service", "دستگاه خدمت اختصاصی پرکاربرد ندارد")
    missing = matter.unrouted(high_use)
    if missing:
        return _owed(f"without a route: {_shown(missing, ', ')}", f"بدون مسیر: {_shown(missing, '، ')}")
    return _met(
        f"each of {len(high_use)} dedicated high-use services has a route; the connection itself is observed elsewhere",
        f"هر {len(high_use)} خدمت اختصاصی پرکاربرد مسیر دارد؛ خود اتصال جداگانه راستی‌آزمایی می‌شود",
    )


def _residents_abroad(matter: Matter) -> Verdict:
    services = [s for s in matter.agency.profile.spec.services if s.identity_flow == "nonResidentEmail"]
    days = [service.remediation_due_on for service in services if service.remediation_due_on is not None]
    if not services:
        return _not_applicable("no service registers people abroad by e-mail", "هیچ خدمتی ثبت‌نام ایمیلی ندارد")
    if len(days) < len(services):
        return _unknown("a service names no day for its ordinary login", "خدمتی تاریخ ورود عادی خود را ننوشته است")
    summary = Words(
        f"registration by e-mail until the day that the profile names: {_shown(services, ', ')}",
        f"ثبت‌نام ایمیلی تا روزی که نمایه نوشته است: {_shown(services, '، ')}",
    )
    return Verdict(State.DUE, summary, min(days))


def _announced_order(matter: Matter) -> Verdict:
    announced = matter.issued(UpstreamId.SERVICE_ORDER)
    if not announced:
        return _owed("no order is announced", "ترتیبی اعلام نشده است")
    by_card = {service.card_id.upper(): service for service in matter.agency.profile.spec.services}
    ranked = [(rank, by_card[card.upper()]) for rank, card in enumerate(announced, 1) if card.upper() in by_card]
    if not ranked:
        return _not_applicable("none of its services is in the order", "هیچ‌یک از خدمات آن در ترتیب اعلام‌شده نیست")
    outside = [(rank, service) for rank, service in ranked if not is_routed(matter.agency, service)]
    if not outside:
        return _met(
            f"all {len(ranked)} announced services are in the window", f"هر {len(ranked)} خدمت اعلام‌شده در پنجره است"
        )
    rank, first = outside[0]
    later = [(r, service) for r, service in ranked if r > rank and is_routed(matter.agency, service)]
    if later:
        return _owed(
            f"{later[0][1].card_id} (rank {later[0][0]}) is in the window while {first.card_id} (rank {rank}) is not",
            f"{later[0][1].card_id} (ردیف {later[0][0]}) در پنجره است و {first.card_id} (ردیف {rank}) نیست",
        )
    if len(outside) == len(ranked):
        return _owed(
            f"next in the order: {first.card_id} (rank {rank})", f"نخستین در ترتیب: {first.card_id} (ردیف {rank})"
        )
    return _met(f"in order so far; next: {first.card_id}", f"تا این‌جا به ترتیب است؛ بعدی: {first.card_id}")


JUDGES: Final[Mapping[DutyId, Judge]] = {
    DutyId.HEAD_CRITERIA: _head_criteria,
    DutyId.STEERING_COMMITTEE: _steering_committee,
    DutyId.COMMITTEE_BYLAWS: _committee_bylaws,
    DutyId.OWN_WINDOW: _own_window,
    DutyId.WINDOW_SHARE: _window_share,
    DutyId.HIGH_USE_FIRST: _high_use_first,
    DutyId.WINDOW_REQUIREMENTS: _window_requirements,
    DutyId.NATIONAL_WINDOW_ROUTES: _national_window_routes,
    DutyId.RESIDENTS_ABROAD: _residents_abroad,
    DutyId.ANNOUNCED_ORDER: _announced_order,
}
"""Who judges which duty."""


def _cited(matter: Matter, given: str | None, upstream: UpstreamId) -> Verdict:
    """Judge what a profile cites by what was issued."""
    if given is None or is_blank(given):
        return _owed("the profile cites none", "نمایه به هیچ‌یک استناد نکرده است")
    if given in matter.issued(upstream):
        return _met(f"cites {given!r}", f"استناد به {given!r}")
    return _owed(f"cites {given!r}, which was not issued", f"استناد به {given!r} که صادر نشده است")


def _high_use(matter: Matter) -> list[Service]:
    return [service for service in matter.dedicated if service.high_use]


def _shown(services: Sequence[Service], comma: str) -> str:
    cards = [service.card_id for service in services]
    return comma.join(cards[:_SHOWN_MAX] + ["…"] * (len(cards) > _SHOWN_MAX))


def _met(en: str, fa: str) -> Verdict:
    return Verdict(State.MET, Words(en, fa))


def _owed(en: str, fa: str) -> Verdict:
    return Verdict(State.DUE, Words(en, fa))


def _unknown(en: str, fa: str) -> Verdict:
    return Verdict(State.UNKNOWN, Words(en, fa))


def _not_applicable(en: str, fa: str) -> Verdict:
    return Verdict(State.NOT_APPLICABLE, Words(en, fa))
