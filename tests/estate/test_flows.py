"""Inquiries and consents: exactly what both sides declare is open, and not a second longer."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from components.estate import loader
from components.estate.dates import Moment
from components.estate.emergencies import Emergencies, Quarantine
from components.estate.estate import Estate
from components.estate.flows import Flow, Side, State, asked, flows, is_open, served, unasked
from components.estate.profile import Spec
from tests.estate.halves import changed, replaced, without_consent, without_inquiry

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(ROOT).estate
    assert estate
    return estate


def opened(estate: Estate) -> set[tuple[str, str, str]]:
    return {_key(flow) for flow in flows(estate) if is_open(estate, flow)}


def state(estate: Estate, flow: Flow) -> State | None:
    found = {_key(one): one.state for one in flows(estate)}
    return found.get(_key(flow))


def _key(flow: Flow) -> tuple[str, str, str]:
    return flow.consumer, flow.provider, flow.api


def matched(estate: Estate) -> Iterator[Flow]:
    return (flow for flow in flows(estate) if flow.state is State.MATCHED)


def test_the_examples_show_every_state_but_one(estate: Estate) -> None:
    assert {flow.state for flow in flows(estate)} == set(State) - {State.DANGLING}
    assert all(_key(flow) in opened(estate) for flow in matched(estate))


def test_either_half_taken_away_closes_the_flow_and_says_who_is_missing(estate: Estate) -> None:
    before = opened(estate)
    for flow in matched(estate):
        no_inquiry = changed(estate, flow.consumer, without_inquiry(flow))
        assert opened(no_inquiry) == before - {_key(flow)}
        assert state(no_inquiry, flow) is State.WAITING_FOR_CONSUMER
        no_consent = changed(estate, flow.provider, without_consent(flow))
        assert opened(no_consent) == before - {_key(flow)}
        assert state(no_consent, flow) is State.WAITING_FOR_PROVIDER


def test_what_serves_is_what_is_asked_for_seen_from_the_other_side(estate: Estate) -> None:
    seen = [flow for agency in estate.agencies for flow in served(estate, agency)]
    wanted = [flow for agency in estate.agencies for flow in asked(estate, agency) if flow.consent is not None]
    assert sorted(map(_key, seen)) == sorted(map(_key, wanted))
    assert all(flow.inquiry is None for agency in estate.agencies for flow in unasked(estate, agency))


def moments(end: datetime) -> list[tuple[datetime, bool]]:
    return [(end - timedelta(seconds=1), True), (end, False), (end + timedelta(days=400), False)]


def test_a_flow_ends_with_whichever_half_ends_first(estate: Estate) -> None:
    zone = estate.platform.zone
    for flow in matched(estate):
        assert flow.consent
        assert flow.inquiry
        ends = [(flow.consent.until.begins(zone), Side.PROVIDER)]
        if flow.inquiry.until is not None:
            ends.append((flow.inquiry.until.begins(zone), Side.CONSUMER))
        end, side = min(ends)
        for moment, is_so in moments(end):
            then = replaced(estate, as_of=moment)
            assert (_key(flow) in opened(then)) is is_so, (flow, moment)
        (ended,) = [one for one in flows(replaced(estate, as_of=end)) if one[:3] == flow[:3]]
        assert (ended.state, ended.ended) == (State.EXPIRED, side)


def test_a_consent_opens_nothing_before_it_begins(estate: Estate) -> None:
    zone = estate.platform.zone
    begun = [flow for flow in matched(estate) if flow.consent is not None and flow.consent.since is not None]
    assert begun
    for flow in begun:
        assert flow.consent
        assert flow.consent.since
        start = flow.consent.since.begins(zone)
        before = replaced(estate, as_of=start - timedelta(seconds=1))
        assert _key(flow) not in opened(before)
        assert state(before, flow) is State.WAITING_FOR_PROVIDER
        assert _key(flow) in opened(replaced(estate, as_of=start))


def test_a_renewal_beside_an_ended_consent_holds(estate: Estate) -> None:
    (ended,) = [flow for flow in flows(estate) if flow.state is State.EXPIRED]
    assert ended.consent
    renewal = replaced(ended.consent, since=ended.consent.until, until=type(ended.consent.until)(2030, 1, 1))

    def renewed(spec: Spec) -> Spec:
        return replaced(
            spec,
            apis=tuple(
                replaced(api, consents=(renewal, *api.consents)) if api.id == ended.api else api for api in spec.apis
            ),
        )

    assert state(changed(estate, ended.provider, renewed), ended) is State.MATCHED


def test_a_quarantine_of_either_side_closes_the_flow(estate: Estate) -> None:
    flow = next(matched(estate))
    for agency in (flow.consumer, flow.provider):
        shut = Quarantine(
            agency=agency,
            decided_by="security centre",
            reason="synthetic",
            since=Moment((estate.as_of - timedelta(hours=1)).isoformat()),
            until=Moment((estate.as_of + timedelta(hours=1)).isoformat()),
        )
        emergencies = Emergencies(quarantines=(shut,), break_glass=())
        left = opened(replaced(estate, emergencies=emergencies))
        assert left == {key for key in opened(estate) if agency not in key[:2]}


def test_a_paper_inquiry_needs_no_network(estate: Estate) -> None:
    flow = next(matched(estate))

    def on_paper(spec: Spec) -> Spec:
        return replaced(
            spec,
            inquiries=tuple(
                replaced(one, mode="paper") if one.id == (flow.inquiry and flow.inquiry.id) else one
                for one in spec.inquiries
            ),
        )

    assert _key(flow) not in opened(changed(estate, flow.consumer, on_paper))
    assert _key(flow) in opened(changed(estate, flow.consumer, lambda spec: spec))
