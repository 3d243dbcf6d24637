"""What passes between agencies: a consumer's inquiry and a provider's consent, and what becomes of the two (R41, R43).

A flow is open only while both sides declare it and neither has ended. It belongs to production: data of citizens have
no place in the other environments.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from components.estate.dates import Day
from components.estate.estate import Agency, Estate
from components.estate.profile import Api, Consent, Inquiry, Refusal

PAPER = "paper"
"""The mode of an inquiry that no network carries (R39)."""
DIRECT = "direct"
"""What an inquiry says of its way when it does not go through the exchange (R40)."""


class State(StrEnum):
    """What became of an inquiry and a consent."""

    MATCHED = "matched"
    WAITING_FOR_PROVIDER = "waiting-for-provider"
    WAITING_FOR_CONSUMER = "waiting-for-consumer"
    REFUSED = "refused"
    EXPIRED = "expired"
    DANGLING = "dangling"


class Side(StrEnum):
    """One of the two agencies."""

    CONSUMER = "consumer"
    PROVIDER = "provider"


class Flow(NamedTuple):
    """One inquiry and what answers it, or a consent that nobody asked for.

    Attributes:
        consumer: Id of the agency that asks.
        provider: Id of the agency that is asked, which may be unknown.
        api: Id of the API, which may be unknown.
        inquiry: The consumer's half.
        offer: The API, if the provider has it.
        consent: The provider's half: the one that holds now, else the one that ends last.
        refusal: The provider's refusal; it outweighs any consent.
        ended: Whose half has ended, where one has.
    """

    consumer: str
    provider: str
    api: str
    state: State
    inquiry: Inquiry | None = None
    offer: Api | None = None
    consent: Consent | None = None
    refusal: Refusal | None = None
    ended: Side | None = None

    @property
    def until(self) -> Day | None:
        """The day on which it ends (excluded): with whichever half ends first; None where no half names one."""
        ends = [half.until for half in (self.inquiry, self.consent) if half is not None and half.until is not None]
        return min(ends, default=None)

    @property
    def is_direct(self) -> bool:
        """Whether it goes past the exchange."""
        return self.inquiry is not None and self.inquiry.via == DIRECT


def flows(estate: Estate) -> tuple[Flow, ...]:
    """Return every flow of the estate in order of consumer, provider, API and inquiry."""
    found = [flow for agency in estate.agencies for flow in (*asked(estate, agency), *unasked(estate, agency))]
    return tuple(sorted(found, key=_order))


def asked(estate: Estate, agency: Agency) -> Iterator[Flow]:
    """Yield a flow for each inquiry of the agency that a network could carry."""
    for inquiry in agency.profile.spec.inquiries:
        if inquiry.mode != PAPER:
            yield _flow(estate, agency, inquiry)


def unasked(estate: Estate, agency: Agency) -> Iterator[Flow]:
    """Yield a flow for each consent or refusal of the agency's APIs towards one that does not ask."""
    for api in agency.profile.spec.apis:
        consumers = _named(api)
        for consumer in sorted(consumers - _askers(estate, agency.id, api)):
            refusal = _refusal(api, consumer)
            consent = _consent(estate, api, consumer)
            state = State.REFUSED if refusal is not None else State.WAITING_FOR_CONSUMER
            if refusal is None and consent is not None and estate.has_ended(consent.until):
                state = State.EXPIRED
            ended = Side.PROVIDER if state is State.EXPIRED else None
            yield Flow(consumer, agency.id, api.id, state, None, api, consent, refusal, ended)


def served(estate: Estate, agency: Agency) -> Iterator[Flow]:
    """Yield the flows to the agency's APIs of whoever asks and has its consent, in order."""
    found = [
        _flow(estate, asking, inquiry)
        for api in agency.profile.spec.apis
        for consumer in {consent.consumer for consent in api.consents}
        if (asking := estate.agency(consumer)) is not None
        for inquiry in asking.profile.spec.inquiries
        if inquiry.mode != PAPER and (inquiry.provider, inquiry.api) == (agency.id, api.id)
    ]
    yield from sorted(found, key=_order)


def partners(agency: Agency) -> frozenset[str]:
    """Return the ids of all whom the agency asks, or to whom it says yes or no; they need not exist."""
    spec = agency.profile.spec
    named = (one for api in spec.apis for one in _named(api))
    return frozenset((*(inquiry.provider for inquiry in spec.inquiries), *named))


def as_partner(agency: Agency) -> Agency:
    """Return what others need to know of an agency to tell what is open between them; nothing else is in it."""
    spec = agency.profile.spec
    bare = msgspec.structs.replace(
        spec, contacts=(), services=(), security_centre=None, window=None, flows=(), egress=(), national_window=None
    )
    return Agency(profile=msgspec.structs.replace(agency.profile, spec=bare), file=agency.file, digest="")


def is_open(estate: Estate, flow: Flow) -> bool:
    """Tell whether data may pass now: both sides declare it, neither has ended, neither is in quarantine."""
    is_shut = any(estate.quarantine(one) is not None for one in (flow.consumer, flow.provider))
    return flow.state is State.MATCHED and not is_shut


def _flow(estate: Estate, agency: Agency, inquiry: Inquiry) -> Flow:
    provider = estate.agency(inquiry.provider) if inquiry.provider != agency.id else None
    apis = provider.profile.spec.apis if provider is not None else ()
    api = next((api for api in apis if api.id == inquiry.api), None)
    consent = _consent(estate, api, agency.id) if api is not None else None
    refusal = _refusal(api, agency.id) if api is not None else None
    ended = _ended(estate, inquiry, consent)
    if provider is None or api is None or not (agency.has_production and provider.has_production):
        state = State.DANGLING
    elif refusal is not None:
        state = State.REFUSED
    elif ended is not None:
        state = State.EXPIRED
    elif consent is None or not estate.holds(consent.since, consent.until):
        state = State.WAITING_FOR_PROVIDER
    else:
        state = State.MATCHED
    return Flow(agency.id, inquiry.provider, inquiry.api, state, inquiry, api, consent, refusal, ended)


def _ended(estate: Estate, inquiry: Inquiry, consent: Consent | None) -> Side | None:
    if inquiry.until is not None and estate.has_ended(inquiry.until):
        return Side.CONSUMER
    if consent is not None and estate.has_ended(consent.until):
        return Side.PROVIDER
    return None


def _consent(estate: Estate, api: Api, consumer: str) -> Consent | None:
    """Return the consent that holds now, else the one that ends last."""
    given = [consent for consent in api.consents if consent.consumer == consumer]
    now = (consent for consent in given if estate.holds(consent.since, consent.until))
    return next(now, max(given, key=lambda consent: consent.until, default=None))


def _refusal(api: Api, consumer: str) -> Refusal | None:
    return next((refusal for refusal in api.refusals if refusal.consumer == consumer), None)


def _named(api: Api) -> set[str]:
    return {consent.consumer for consent in api.consents} | {refusal.consumer for refusal in api.refusals}


def _askers(estate: Estate, provider: str, api: Api) -> set[str]:
    return {
        agency.id
        for consumer in _named(api)
        if (agency := estate.agency(consumer)) is not None
        for inquiry in agency.profile.spec.inquiries
        if inquiry.mode != PAPER and (inquiry.provider, inquiry.api) == (provider, api.id)
    }


def _order(flow: Flow) -> tuple[str, str, str, str]:
    return flow.consumer, flow.provider, flow.api, flow.inquiry.id if flow.inquiry is not None else ""
