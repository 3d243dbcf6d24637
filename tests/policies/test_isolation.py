"""NP-11: what is open between agencies is what both consent to, whatever is spoiled and however profiles change."""

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import Status
from components.estate.flows import Flow, State, flows, is_open
from components.manifests import exchange
from components.manifests.manifest import Manifest
from policies.isolation import Openings, consented, isolation, opened
from stacks.declaration import declaration, declarations
from tests.estate.halves import changed, replaced, without_consent, without_inquiry

ROOT = Path(__file__).parents[2]
CONSUMER, PROVIDER, API = "ihio", "ncro", "person-status"
EXCHANGE = "govcloud-exchange"
Made = Mapping[str, tuple[Manifest, ...]]


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(ROOT).estate
    assert estate
    return estate


@pytest.fixture(scope="module")
def made(estate: Estate) -> Made:
    return {one.owner: one.manifests for one in declarations(estate)}


def every(made: Made) -> list[Manifest]:
    return [body for manifests in made.values() for body in manifests]


def found(estate: Estate, made: Made, owners: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    """Return who is told what: `open …` or `closed …`."""
    listed = owners or tuple(agency.id for agency in estate.agencies)
    told = [*isolation(estate, every(made), listed, made.keys())]
    assert all(finding.gates and finding.rule == "NP-11" for finding in told)
    return {(finding.subject, finding.summary.en) for finding in told}


def test_exactly_the_consented_flows_are_open(estate: Estate, made: Made) -> None:
    openings = opened(estate, every(made))
    assert openings == consented(estate)
    assert len(openings.ways) > 90
    assert len(openings.calls) > 90
    assert found(estate, made) == set()


# Either half taken away, or ended.


def remade(estate: Estate, made: Made, *owners: str) -> Made:
    return {**made, **{owner: declaration(estate, owner).manifests for owner in owners}}


def less(before: Openings, after: Openings, flow: Flow) -> None:
    assert before != after
    assert after.ways <= before.ways
    assert after.calls <= before.calls
    bearer, path = exchange.bearer(flow.consumer), exchange.path(flow.provider, flow.api)
    calls = {call for call in before.calls if (call.bearer, call.path) == (bearer, path)}
    assert before.calls - after.calls == calls
    assert bool(calls) is not flow.is_direct


def open_flows(estate: Estate) -> Iterator[Flow]:
    return (flow for flow in flows(estate) if is_open(estate, flow))


@pytest.mark.parametrize(
    ("side", "change", "state"),
    [
        ("consumer", without_inquiry, State.WAITING_FOR_CONSUMER),
        ("provider", without_consent, State.WAITING_FOR_PROVIDER),
    ],
)
def test_without_either_half_the_edge_is_gone(
    estate: Estate, made: Made, side: str, change: Callable[[Flow], Any], state: State
) -> None:
    before = consented(estate)
    for flow in open_flows(estate):
        after = changed(estate, getattr(flow, side), change(flow))
        openings = opened(after, every(remade(after, made, flow.consumer, flow.provider)))
        assert openings == consented(after), flow
        less(before, openings, flow)
        assert state in {one.state for one in flows(after) if one[:3] == flow[:3]}


def test_past_an_end_the_edge_is_gone(estate: Estate) -> None:
    zone, before = estate.platform.zone, consented(estate)
    ends = sorted({flow.consent.until for flow in open_flows(estate) if flow.consent is not None})
    for end in (ends[0], ends[-1]):
        last = replaced(estate, as_of=end.begins(zone) - timedelta(seconds=1))
        then = replaced(estate, as_of=end.begins(zone))
        closed = {flow[:3] for flow in open_flows(last)} - {flow[:3] for flow in open_flows(then)}
        assert closed
        openings = opened(then, [body for one in declarations(then) for body in one.manifests])
        assert openings == consented(then)
        assert openings.calls < before.calls


# Objects that were spoiled.


def spoilt(made: Made, owner: str, kind: str, name: str, change: Callable[[Manifest], Manifest | None]) -> Made:
    changed_objects = []
    hits = 0
    for body in made[owner]:
        is_it = (body["kind"], body["metadata"]["name"]) == (kind, name)
        hits += is_it
        after = change(copy.deepcopy(body)) if is_it else body
        changed_objects += [after] if after is not None else []
    assert hits, f"{owner} has no {kind} {name}"
    return {**made, owner: tuple(changed_objects)}


def deleted(_body: Manifest) -> None:
    return None


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ((PROVIDER, "HTTPRoute", f"{PROVIDER}.{API}"), {PROVIDER, CONSUMER}),
        ((PROVIDER, "NetworkPolicy", "allow-from-exchange.person-api.8443"), {PROVIDER}),
        (("post", "NetworkPolicy", "allow-from-post"), {"post"}),
        ((CONSUMER, "NetworkPolicy", f"allow-from-{CONSUMER}"), {CONSUMER}),
        (("irimo", "NetworkPolicy", "allow-consumer.mrud.radar-stream"), {"irimo", "mrud"}),
        (("mrud", "NetworkPolicy", "allow-inquiry.radar-stream"), {"irimo", "mrud"}),
    ],
)
def test_a_consent_that_opens_nothing_is_found(
    estate: Estate, made: Made, what: tuple[str, str, str], told: set[str]
) -> None:
    findings = found(estate, spoilt(made, *what, deleted))
    assert told <= {subject for subject, _ in findings}
    assert all(words.startswith("closed, though both sides consent: ") for _, words in findings)


def caller(name: str) -> Callable[[Manifest], Manifest]:
    def change(body: Manifest) -> Manifest:
        rule = copy.deepcopy(body["spec"]["authorization"]["rules"][0])
        rule["principal"]["jwt"]["claims"][0]["values"] = [exchange.bearer(name)]
        body["spec"]["authorization"]["rules"].append(rule)
        return body

    return change


def by_default(body: Manifest) -> Manifest:
    body["spec"]["authorization"]["defaultAction"] = "Allow"
    return body


def without_principal(body: Manifest) -> Manifest:
    del body["spec"]["authorization"]["rules"][0]["principal"]
    return body


def elsewhere(body: Manifest) -> Manifest:
    body["spec"]["rules"][0]["backendRefs"][0]["name"] = "database"
    return body


def any_path(body: Manifest) -> Manifest:
    del body["spec"]["rules"][0]["matches"]
    return body


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("SecurityPolicy", caller("post")),
        ("SecurityPolicy", by_default),
        ("SecurityPolicy", without_principal),
        ("SecurityPolicy", deleted),
        ("HTTPRoute", elsewhere),
        ("HTTPRoute", any_path),
    ],
)
def test_a_caller_or_a_place_without_consent_is_found(
    estate: Estate, made: Made, kind: str, change: Callable[[Manifest], Manifest | None]
) -> None:
    findings = found(estate, spoilt(made, PROVIDER, kind, f"{PROVIDER}.{API}", change))
    opened_to = {words for subject, words in findings if subject == PROVIDER and words.startswith("open without")}
    assert opened_to
    assert all(f"{PROVIDER}-production" in words for words in opened_to)


def peer(place: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place}}, "podSelector": {}}


def policy(place: str, spec: Mapping[str, Any]) -> Manifest:
    metadata = {"name": "widened", "namespace": place}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": dict(spec)}


def both(one: str, other: str) -> Iterator[tuple[str, Manifest]]:
    """Yield a policy on either side that lets everything of the one through to the other."""
    yield one, policy(f"{one}-production", {"podSelector": {}, "egress": [{"to": [peer(f"{other}-production")]}]})
    ingress = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer(f"{one}-production")]}]}
    yield other, policy(f"{other}-production", ingress)


def test_a_way_of_which_nobody_spoke_is_found_on_both_sides(estate: Estate, made: Made) -> None:
    half: Made = made
    for number, (owner, body) in enumerate(both("post", "irica")):
        half = {**half, owner: (*half[owner], body)}
        findings = found(estate, half)
        assert bool(findings) is (number == 1)  # one half alone opens nothing
    assert {subject for subject, _ in findings} == {"post", "irica"}
    assert all("post-production/" in words and "irica-production/" in words for _, words in findings)


def test_another_port_of_a_consented_way_is_found(estate: Estate, made: Made) -> None:
    def wider(body: Manifest) -> Manifest:
        for rule in (*body["spec"].get("ingress", ()), *body["spec"].get("egress", ())):
            rule["ports"] = [{"protocol": "TCP", "port": 1, "endPort": 65535}]
        return body

    name = next(b["metadata"]["name"] for b in made["mrud"] if b["metadata"]["name"].startswith("allow-inquiry."))
    other = next(b["metadata"]["name"] for b in made["irimo"] if b["metadata"]["name"].startswith("allow-consumer."))
    one = spoilt(made, "mrud", "NetworkPolicy", name, wider)
    assert found(estate, one) == set()
    assert {subject for subject, _ in found(estate, spoilt(one, "irimo", "NetworkPolicy", other, wider))} == {
        "mrud",
        "irimo",
    }


def test_an_open_namespace_is_open_to_strangers_and_to_all(estate: Estate, made: Made) -> None:
    opened_wide = tuple(
        body
        for body in made["irica"]
        if body["kind"] != "NetworkPolicy" or body["metadata"]["namespace"] != "irica-production"
    )
    findings = found(estate, {**made, "irica": opened_wide})
    assert "default/* → irica-production/" in " ".join(words for subject, words in findings if subject == "irica")


def test_what_cannot_be_read_is_unknown(estate: Estate, made: Made) -> None:
    def broken(body: Manifest) -> Manifest:
        body["spec"]["podSelector"] = "everything"
        return body

    spoiled = spoilt(made, "irica", "NetworkPolicy", "allow-dns", broken)
    findings = [*isolation(estate, every(spoiled), ["irica"], made.keys())]
    assert findings
    assert {(finding.status, finding.gates, finding.subject) for finding in findings} == {
        (Status.UNKNOWN, True, "irica")
    }


# A part of the estate.


def test_of_a_part_just_its_own_is_told(estate: Estate, made: Made) -> None:
    half: Made = made
    for owner, body in both("post", "irica"):
        half = {**half, owner: (*half[owner], body)}
    part = {owner: manifests for owner, manifests in half.items() if owner in {"irica", "platform"}}
    assert {subject for subject, _ in found(estate, part, ("irica",))} == {"irica"}
    assert found(estate, {owner: made[owner] for owner in part}, ("irica",)) == set()


def test_whoever_is_not_made_is_not_missed(estate: Estate, made: Made) -> None:
    others = {owner: manifests for owner, manifests in made.items() if owner != PROVIDER}
    owners = tuple(agency.id for agency in estate.agencies if agency.id != PROVIDER)
    assert found(estate, others, owners) == set()
