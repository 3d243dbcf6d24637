"""The national exchange: exactly what both sides agreed to has manifests, each half in its own agency's stack."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.estate.dates import Day
from components.estate.document import parse
from components.estate.estate import Agency, Estate, record
from components.estate.flows import DIRECT, Flow, flows, is_open
from components.estate.platform import Exchange, Platform
from components.estate.profile import AgencyProfile, Spec
from components.estate.schema import violations
from components.manifests import build, exchange
from components.manifests.kinds import Order, order_of
from components.manifests.manifest import Manifest, identity
from stacks.declaration import Declaration
from tests.conftest import ROOT
from tests.estate.expectation import PROFILES
from tests.estate.halves import changed
from tests.manifests.conftest import AS_OF, load
from tests.manifests.emergency import BEGINS, ENDS, shut
from tests.manifests.test_manifests import METADATA_NAME, SUBDOMAIN

PLACE = "govcloud-exchange"
APP = "app.kubernetes.io/name"
SECOND = timedelta(seconds=1)
MINIMAL = parse((PROFILES / "valid" / "minimal.yaml").read_text("utf-8")).data
PLATFORM = load(ROOT).platform

replaced = msgspec.structs.replace
Named = dict[tuple[str, str, str], Manifest]
"""Manifests by kind, namespace and name."""


# Two agencies: `reader` asks, `keeper` answers


def api(name: str, consents: Iterable[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return one of `keeper`'s APIs, as a profile has it."""
    known = {"titleFa": "استعلام", "classification": "internal", "protection": "TLS", "owner": "Records office"}
    place = {"app": "records", "port": 8443, "path": "/v1/records", "personalData": False}
    return known | place | {"id": name, "consents": list(consents)} | more


def inquiry(name: str, **more: Any) -> dict[str, Any]:
    """Return what `reader` asks of `keeper`, as a profile has it."""
    why = {"purpose": "Synthetic", "legalBasis": "None", "personalData": False, "mode": "electronic"}
    return why | {"id": name, "provider": "keeper", "api": "record", "app": "desk"} | more


CONSENT = {"consumer": "reader", "until": "1406-07-01"}
WAYS = "NetworkPolicy"
CONSUMERS = {
    ("ServiceAccount", "reader-production", "exchange"),
    (WAYS, "reader-production", "allow-exchange.desk"),
    (WAYS, PLACE, "allow-from-reader"),
}
PROVIDERS = {
    ("HTTPRoute", PLACE, "keeper.record"),
    ("SecurityPolicy", PLACE, "keeper.record"),
    (WAYS, PLACE, "allow-to-keeper"),
    (WAYS, "keeper-production", "allow-from-exchange.records.8443"),
    ("ReferenceGrant", "keeper-production", "exchange.records"),
}


def body(name: str, environment: str = "production", **spec: Any) -> dict[str, Any]:
    """Return the profile of an agency of one environment with little but its APIs and inquiries."""
    least = MINIMAL["spec"] | {"environments": [{"name": environment, "size": "small"}]}
    profile: dict[str, Any] = MINIMAL | {"metadata": {"id": name}, "spec": least | spec}
    return profile


def agency(name: str, environment: str = "production", **spec: Any) -> Agency:
    profile = record(body(name, environment, **spec), AgencyProfile)
    return Agency(profile=profile, file=f"agency_profiles/{name}.yaml", digest="")


def pair(
    inquiries: Iterable[dict[str, Any]] = (inquiry("ask"),),
    apis: Iterable[dict[str, Any]] = (api("record", [CONSENT]),),
    environments: tuple[str, str] = ("production", "production"),
) -> Estate:
    """Return the estate in which `reader` asks and `keeper` answers."""
    asking, answering = environments
    agencies = (agency("keeper", answering, apis=list(apis)), agency("reader", asking, inquiries=list(inquiries)))
    return Estate(agencies=agencies, platform=PLATFORM, as_of=AS_OF)


def with_platform(estate: Estate, **changes: Any) -> Estate:
    spec = replaced(estate.platform.spec, **changes)
    return replaced(estate, platform=replaced(estate.platform, spec=spec))


def with_exchange(estate: Estate, **changes: Any) -> Estate:
    return with_platform(estate, exchange=replaced(chosen(estate.platform), **changes))


def chosen(platform: Platform) -> Exchange:
    assert platform.spec.exchange
    return platform.spec.exchange


def made(estate: Estate, owner: str) -> Named:
    """Return what an agency has because it exchanges data, and would not have otherwise."""
    silent = changed(estate, owner, lambda spec: replaced(spec, apis=(), inquiries=()))
    every, least = manifests(estate, owner), manifests(silent, owner)
    assert [one for one in every if one in least] == list(least), "an exchange only adds"
    more = {identity(one)[1:]: one for one in every if one not in least}
    assert len(every) == len(least) + len(more), "a name is there twice"
    return more


def manifests(estate: Estate, owner: str) -> tuple[Manifest, ...]:
    agency = estate.agency(owner)
    assert agency
    return build.tenant(estate, agency)


def both(estate: Estate) -> set[tuple[str, str, str]]:
    return made(estate, "reader").keys() | made(estate, "keeper").keys()


def peer(namespace: str, **labels: str) -> dict[str, Any]:
    inside = {"matchLabels": {METADATA_NAME: namespace}}
    return {"namespaceSelector": inside, "podSelector": {"matchLabels": labels}}


def app(name: str) -> dict[str, Any]:
    return {"matchLabels": {APP: name}}


GATEWAYS = {"gateway.envoyproxy.io/owning-gateway-name": "exchange"}


def test_a_consumers_half_says_who_its_apps_are_and_how_they_come(estate: Estate) -> None:
    half = made(pair(), "reader")
    assert half.keys() == CONSUMERS
    account = half["ServiceAccount", "reader-production", "exchange"]
    assert account["automountServiceAccountToken"] is False, "only pods that ask have a token, and for this audience"
    port = [{"protocol": "TCP", "port": 8444}]
    assert half[WAYS, "reader-production", "allow-exchange.desk"]["spec"] == {
        "podSelector": app("desk"),
        "policyTypes": ["Egress"],
        "egress": [{"to": [peer(PLACE, **GATEWAYS)], "ports": port}],
    }
    assert half[WAYS, PLACE, "allow-from-reader"]["spec"] == {
        "podSelector": {"matchLabels": GATEWAYS},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [peer("reader-production", **{APP: "desk"})], "ports": port}],
    }
    assert exchange.bearer("reader") == "system:serviceaccount:reader-production:exchange"
    assert chosen(estate.platform).https_port == 8444


def test_a_providers_half_says_who_may_call_what_and_leads_to_that_app_only() -> None:
    half = made(pair(), "keeper")
    assert half.keys() == PROVIDERS
    port = [{"protocol": "TCP", "port": 8443}]
    assert half[WAYS, "keeper-production", "allow-from-exchange.records.8443"]["spec"] == {
        "podSelector": app("records"),
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [peer(PLACE, **GATEWAYS)], "ports": port}],
    }
    assert half[WAYS, PLACE, "allow-to-keeper"]["spec"] == {
        "podSelector": {"matchLabels": GATEWAYS},
        "policyTypes": ["Egress"],
        "egress": [{"to": [peer("keeper-production", **{APP: "records"})], "ports": port}],
    }
    assert half["ReferenceGrant", "keeper-production", "exchange.records"]["spec"] == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": PLACE}],
        "to": [{"group": "", "kind": "Service", "name": "records"}],
    }


def test_a_route_takes_one_path_to_one_port_and_keeps_the_token_back() -> None:
    (rule,) = made(pair(), "keeper")["HTTPRoute", PLACE, "keeper.record"]["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/keeper/record"}}]
    rewrite, strip = rule["filters"]
    assert rewrite["urlRewrite"] == {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v1/records"}}
    assert strip["requestHeaderModifier"] == {"remove": ["authorization"]}
    backend = {"group": "", "kind": "Service", "name": "records", "namespace": "keeper-production", "port": 8443}
    assert rule["backendRefs"] == [backend | {"weight": 1}]


def test_a_policy_believes_the_clusters_tokens_for_the_exchange_and_no_others(estate: Estate) -> None:
    spec = made(pair(), "keeper")["SecurityPolicy", PLACE, "keeper.record"]["spec"]
    (provider,) = spec["jwt"]["providers"]
    assert (provider["issuer"], provider["audiences"]) == (chosen(estate.platform).token_issuer, ["exchange"])
    assert provider["localJWKS"]["valueRef"] == {"group": "", "kind": "ConfigMap", "name": "exchange-keys"}
    assert provider["claimToHeaders"] == [{"claim": "sub", "header": "x-govcloud-consumer"}]
    assert "remoteJWKS" not in provider
    assert spec["authorization"] == {
        "defaultAction": "Deny",
        "rules": [
            {
                "name": "reader",
                "action": "Allow",
                "principal": {
                    "jwt": {
                        "provider": provider["name"],
                        "claims": [
                            {"name": "sub", "valueType": "String", "values": [exchange.bearer("reader")]},
                        ],
                    }
                },
                "cel": "request.time < timestamp('2027-09-22T20:30:00Z')",
            }
        ],
    }


# What is not open has nothing


REFUSAL = {"consumer": "reader", "reason": "No legal basis", "refusedOn": "1405-01-01"}
SHUT = {
    "no inquiry": pair(inquiries=[]),
    "another API": pair(inquiries=[inquiry("ask", api="another")]),
    "on paper": pair(inquiries=[inquiry("ask", mode="paper")]),
    "inquiry ended": pair(inquiries=[inquiry("ask", until="1405-03-01")]),
    "no consent": pair(apis=[api("record", [])]),
    "another's consent": pair(apis=[api("record", [CONSENT | {"consumer": "another"}])]),
    "consent of another API": pair(apis=[api("record", []), api("other", [CONSENT])]),
    "consent ended": pair(apis=[api("record", [CONSENT | {"until": "1405-03-01"}])]),
    "consent not begun": pair(apis=[api("record", [CONSENT | {"from": "1405-07-01"}])]),
    "refused": pair(apis=[api("record", [CONSENT], refusals=[REFUSAL])]),
    "no API": pair(apis=[]),
    "consumer without production": pair(environments=("staging", "production")),
    "provider without production": pair(environments=("production", "staging")),
}


@pytest.mark.parametrize("why", SHUT)
@pytest.mark.parametrize("via", ["exchange", DIRECT])
def test_what_is_not_agreed_now_has_nothing_on_either_side(why: str, via: str) -> None:
    def on_the_way(estate: Estate) -> Estate:
        return changed(
            estate, "reader", lambda spec: replaced(spec, inquiries=tuple(replaced(i, via=via) for i in spec.inquiries))
        )

    assert both(on_the_way(pair()))
    assert both(on_the_way(SHUT[why])) == set()


@pytest.mark.parametrize(
    ("asked_until", "agreed_until", "end"),
    [
        (None, "1406-07-01", "2027-09-22T20:30:00Z"),
        ("1406-01-01", "1406-07-01", "2027-03-20T20:30:00Z"),
        ("1407-01-01", "1406-07-01", "2027-09-22T20:30:00Z"),
        (None, "2027-02-01", "2027-01-31T20:30:00Z"),
    ],
)
def test_a_caller_may_call_until_the_earlier_of_both_ends_and_then_nothing_is_left(
    asked_until: str | None, agreed_until: str, end: str
) -> None:
    bounds = {} if asked_until is None else {"until": asked_until}
    estate = pair([inquiry("ask", **bounds)], [api("record", [CONSENT | {"until": agreed_until}])])
    assert ends(manifests(estate, "keeper")) == {("keeper.record", "reader"): end}
    last = min(Day.parse(one).begins(PLATFORM.zone) for one in (asked_until, agreed_until) if one is not None)
    assert both(replaced(estate, as_of=last - SECOND)) == CONSUMERS | PROVIDERS
    assert both(replaced(estate, as_of=last)) == set()


def ends(made: Iterable[Manifest]) -> dict[tuple[str, str], str]:
    """Return until when who may call what, as the gateway reads it."""
    return {
        (policy["metadata"]["name"], rule["name"]): rule["cel"].split("'")[1]
        for policy in made
        if identity(policy)[1:3] == ("SecurityPolicy", PLACE)
        for rule in policy["spec"]["authorization"].get("rules", [])
    }


def test_two_inquiries_of_one_consumer_are_one_caller_until_the_later_ends() -> None:
    """A token tells the agency, not the app; which app may come is the NetworkPolicies' to say."""
    second = inquiry("again", app="counter", until="1406-01-01")
    for inquiries in ([inquiry("ask", until="1405-10-01"), second], [second, inquiry("ask", until="1405-10-01")]):
        estate = pair(inquiries)
        assert ends(manifests(estate, "keeper")) == {("keeper.record", "reader"): "2027-03-20T20:30:00Z"}
        assert made(estate, "keeper").keys() == PROVIDERS
        half = made(estate, "reader")
        assert half.keys() == CONSUMERS | {(WAYS, "reader-production", "allow-exchange.counter")}
        (rule,) = half[WAYS, PLACE, "allow-from-reader"]["spec"]["ingress"]
        assert rule["from"] == [peer("reader-production", **{APP: name}) for name in ("counter", "desk")]


def test_apis_of_one_app_share_its_ways_and_its_grant_and_nothing_else() -> None:
    other = api("other", [CONSENT], path="/v1/other")
    third = api("third", [CONSENT], port=9443)
    fourth = api("fourth", [CONSENT], app="archive", port=9443)
    asked = [inquiry(name, api=name) for name in ("record", "other", "third", "fourth")]
    half = made(pair(asked, [api("record", [CONSENT]), other, third, fourth]), "keeper")
    names = [f"keeper.{name}" for name in ("other", "third", "fourth")]
    more = {(kind, PLACE, name) for kind in ("HTTPRoute", "SecurityPolicy") for name in names}
    more |= {(WAYS, "keeper-production", f"allow-from-exchange.{name}.9443") for name in ("archive", "records")}
    assert half.keys() == PROVIDERS | more | {("ReferenceGrant", "keeper-production", "exchange.archive")}
    assert half[WAYS, PLACE, "allow-to-keeper"]["spec"]["egress"] == [
        {"to": [peer("keeper-production", **{APP: name})], "ports": [{"protocol": "TCP", "port": port}]}
        for name, port in (("archive", 9443), ("records", 8443), ("records", 9443))
    ]


def test_a_direct_flow_is_two_policies_and_nothing_at_the_exchange() -> None:
    estate = pair([inquiry("ask", via=DIRECT)])
    (asking,), (answering,) = made(estate, "reader").items(), made(estate, "keeper").items()
    port = [{"protocol": "TCP", "port": 8443}]
    assert asking[0] == (WAYS, "reader-production", "allow-inquiry.ask")
    assert asking[1]["spec"] == {
        "podSelector": app("desk"),
        "policyTypes": ["Egress"],
        "egress": [{"to": [peer("keeper-production", **{APP: "records"})], "ports": port}],
    }
    assert answering[0] == (WAYS, "keeper-production", "allow-consumer.reader.ask")
    assert answering[1]["spec"] == {
        "podSelector": app("records"),
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [peer("reader-production", **{APP: "desk"})], "ports": port}],
    }


def test_without_an_exchange_only_direct_flows_are_open(estate: Estate) -> None:
    none = with_platform(estate, exchange=None)
    assert not [m for m in build.shared(none.platform) if PLACE in identity(m)]
    ways = {key for agency in none.agencies for key in made(none, agency.id)}
    opened = [flow for flow in flows(none) if is_open(none, flow) and flow.is_direct]
    assert ways == {key for flow in opened for key in direct(flow)}
    assert ways
    assert len(opened) < len([flow for flow in flows(none) if is_open(none, flow)]), "they stay agreed"


def direct(flow: Flow) -> set[tuple[str, str, str]]:
    assert flow.inquiry
    return {
        (WAYS, f"{flow.consumer}-production", f"allow-inquiry.{flow.inquiry.id}"),
        (WAYS, f"{flow.provider}-production", f"allow-consumer.{flow.consumer}.{flow.inquiry.id}"),
    }


@pytest.mark.parametrize("via", ["exchange", DIRECT])
@pytest.mark.parametrize("side", ["reader", "keeper"])
def test_a_quarantine_of_either_side_shuts_both_halves_and_its_end_opens_them(side: str, via: str) -> None:
    estate = pair([inquiry("ask", via=via)])
    for as_of, is_shut in ((BEGINS - SECOND, False), (BEGINS, True), (ENDS - SECOND, True), (ENDS, False)):
        found = both(shut(estate, side, as_of))
        assert found == (set() if is_shut else both(estate)), as_of


# All examples


def at_the_exchange(declared: Iterable[Declaration], kind: str) -> dict[str, tuple[str, Manifest]]:
    """Return whose they are, and the manifests themselves, by their names."""
    return {
        one["metadata"]["name"]: (each.owner, one)
        for each in declared
        for one in each.manifests
        if identity(one)[1:3] == (kind, PLACE)
    }


def passed_on(estate: Estate) -> list[Flow]:
    return [flow for flow in flows(estate) if is_open(estate, flow) and not flow.is_direct]


def test_every_route_has_its_own_policy_of_its_own_stack_and_that_comes_first(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    routes, policies = at_the_exchange(declared, "HTTPRoute"), at_the_exchange(declared, "SecurityPolicy")
    assert routes.keys() == {f"{flow.provider}.{flow.api}" for flow in passed_on(estate)}
    assert policies.keys() == routes.keys() | {"exchange"}
    for name, (owner, route) in routes.items():
        assert owner == name.partition(".")[0]
        assert policies[name][0] == owner
        target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}
        assert policies[name][1]["spec"]["targetRefs"] == [target]
        assert order_of(policies[name][1]) < order_of(route) == Order.ROUTE
        made = manifests(estate, owner)
        assert made.index(policies[name][1]) < made.index(route)


def test_who_may_call_is_who_has_an_open_flow_and_until_it_ends(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    wanted = {}
    for key, alike in groupby(passed_on(estate), key=lambda flow: (f"{flow.provider}.{flow.api}", flow.consumer)):
        bounds = [
            min(half.until.begins(PLATFORM.zone) for half in (flow.inquiry, flow.consent) if half and half.until)
            for flow in alike
        ]
        wanted[key] = max(bounds)
    found = ends(one for each in declared for one in each.manifests)
    assert {key: datetime.fromisoformat(end) for key, end in found.items()} == wanted
    assert all(end.endswith("Z") for end in found.values())
    assert len(found) > 90


def test_exactly_the_apps_that_ask_and_answer_reach_the_exchange_and_both_halves_say_so(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    asking, answering = set(), set()
    for flow in passed_on(estate):
        assert flow.inquiry
        assert flow.offer
        asking.add((f"{flow.consumer}-production", flow.inquiry.app, 8444))
        answering.add((f"{flow.provider}-production", flow.offer.app, flow.offer.port))
    tenants, own = list(ends_of_ways(declared, inside=False)), list(ends_of_ways(declared, inside=True))
    assert {way[1:] for way in tenants if way[0] == "egress"} == asking
    assert {way[1:] for way in own if way[0] == "ingress"} == asking
    assert {way[1:] for way in tenants if way[0] == "ingress"} == answering
    assert {way[1:] for way in own if way[0] == "egress"} == answering
    assert max(Counter(tenants).values()) == max(Counter(own).values()) == 1
    assert len(asking) > 50


def ends_of_ways(declared: Iterable[Declaration], *, inside: bool) -> Iterator[tuple[str, str, str, int]]:
    """Yield the tenants' ends of ways to and from the exchange: as they say (`inside` not), or as is said in it."""
    for each in declared:
        for policy in each.manifests if each.owner != "platform" else ():
            if policy["kind"] != WAYS or (policy["metadata"]["namespace"] == PLACE) is not inside:
                continue
            for direction, side in (("ingress", "from"), ("egress", "to")):
                for rule in policy["spec"].get(direction, []):
                    (port,) = rule["ports"] if inside else rule["ports"][:1]
                    for one in rule[side]:
                        place = one.get("namespaceSelector", {}).get("matchLabels", {}).get(METADATA_NAME)
                        if inside:
                            assert policy["spec"]["podSelector"] == {"matchLabels": GATEWAYS}
                            yield direction, place, one["podSelector"]["matchLabels"][APP], port["port"]
                        elif place == PLACE:
                            assert one == peer(PLACE, **GATEWAYS)
                            assert len(rule["ports"]) == 1
                            app_label = policy["spec"]["podSelector"]["matchLabels"][APP]
                            yield direction, policy["metadata"]["namespace"], app_label, port["port"]


def test_a_grant_is_of_the_exchanges_routes_to_services_that_it_leads_to(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    wanted = {(f"{flow.provider}-production", flow.offer.app) for flow in passed_on(estate) if flow.offer}
    grants = [one for each in declared for one in each.manifests if one["kind"] == "ReferenceGrant"]
    assert {(one["metadata"]["namespace"], one["spec"]["to"][0]["name"]) for one in grants} == wanted
    assert len(grants) == len(wanted)
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": PLACE}
    assert all(one["spec"]["from"] == [source] and len(one["spec"]["to"]) == 1 for one in grants)


# The platform's part


def test_the_exchange_takes_routes_of_its_own_namespace_and_shuts_what_has_no_policy(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    (gateway,) = at_the_exchange(declared, "Gateway").values()
    (limits,) = at_the_exchange(declared, "ClientTrafficPolicy").values()
    assert gateway[0] == limits[0] == "platform"
    (https,) = gateway[1]["spec"]["listeners"]
    assert (https["hostname"], https["protocol"], https["port"]) == ("exchange.gov.test", "HTTPS", 8444)
    assert https["allowedRoutes"] == {
        "namespaces": {"from": "Same"},
        "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
    }
    assert "allowedListeners" not in gateway[1]["spec"]
    owner, shut_all = at_the_exchange(declared, "SecurityPolicy")["exchange"]
    assert owner == "platform"
    assert shut_all["spec"]["targetRefs"] == limits[1]["spec"]["targetRefs"]
    assert [(ref["kind"], ref["name"]) for ref in shut_all["spec"]["targetRefs"]] == [("Gateway", "exchange")]
    assert shut_all["spec"]["authorization"] == {"defaultAction": "Deny"}
    removed = limits[1]["spec"]["headers"]["earlyRequestHeaders"]["remove"]
    assert exchange.CONSUMER_HEADER in removed, "who asks is the gateway's to say"
    for _, route in at_the_exchange(declared, "HTTPRoute").values():
        assert route["spec"]["hostnames"] == [chosen(estate.platform).host]
        (parent,) = route["spec"]["parentRefs"]
        assert (parent["kind"], parent["namespace"], parent["name"]) == ("Gateway", PLACE, "exchange")


@pytest.mark.parametrize(("port", "inside", "shown"), [(443, 10443, ""), (1023, 11023, ":1023"), (1024, 1024, ":1024")])
def test_at_another_port_all_say_the_same_and_ways_lead_to_the_one_that_the_pods_have(
    port: int, inside: int, shown: str
) -> None:
    """Envoy Gateway moves privileged ports up inside of the pods; NetworkPolicies are of pods."""
    estate = with_exchange(pair(), https_port=port)
    half = made(estate, "reader")
    (out,) = half[WAYS, "reader-production", "allow-exchange.desk"]["spec"]["egress"]
    (into,) = half[WAYS, PLACE, "allow-from-reader"]["spec"]["ingress"]
    assert out["ports"] == into["ports"] == [{"protocol": "TCP", "port": inside}]
    (gateway,) = (m for m in build.shared(estate.platform) if identity(m)[1:3] == ("Gateway", PLACE))
    assert [listener["port"] for listener in gateway["spec"]["listeners"]] == [port]
    address = exchange.address(chosen(estate.platform), "keeper", "record")
    assert address == f"https://exchange.gov.test{shown}/keeper/record"
    assert made(estate, "keeper") == made(pair(), "keeper"), "none of a provider's business"


def test_its_certificate_is_asked_for_only_where_the_platform_makes_them(certified: Estate) -> None:
    for platform, makes in ((PLATFORM, False), (certified.platform, True)):
        shared = [m for m in build.shared(platform) if m["metadata"].get("namespace") == PLACE]
        (gateway,) = (m for m in shared if m["kind"] == "Gateway")
        (https,) = gateway["spec"]["listeners"]
        (ref,) = https["tls"]["certificateRefs"]
        assert ref == {"group": "", "kind": "Secret", "name": "exchange-window-tls"}, "of its own namespace"
        certificates = [m["spec"] for m in shared if m["kind"] == "Certificate"]
        assert len(certificates) == makes
        for spec in certificates:
            assert (spec["secretName"], spec["dnsNames"]) == (ref["name"], [https["hostname"]])
            assert spec["issuerRef"]["name"] == "government-ca"


# Names


IDS = st.from_regex(r"a(-?[ab]){0,2}", fullmatch=True)
"""So few and so much alike that names which join two of them by a hyphen are soon the same."""
VIA = st.sampled_from(["exchange", DIRECT])


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Return some agencies of which each asks everything of all others."""
    apis = st.dictionaries(IDS, st.tuples(IDS, st.sampled_from([8443, 9443])), min_size=1, max_size=2)
    offered = draw(st.dictionaries(IDS, apis, min_size=2, max_size=4))
    agencies = []
    for name, own in offered.items():
        consents = [CONSENT | {"consumer": other} for other in offered if other != name]
        asked = [(other, one) for other in offered if other != name for one in offered[other]]
        ids = draw(st.lists(IDS, min_size=len(asked), max_size=len(asked), unique=True))
        inquiries = [
            inquiry(id_, provider=other, api=one, app=draw(IDS), via=draw(VIA))
            for id_, (other, one) in zip(ids, asked, strict=True)
        ]
        answered = [api(one, consents, app=behind, port=port) for one, (behind, port) in own.items()]
        agencies.append(agency(name, apis=answered, inquiries=inquiries))
    return Estate(agencies=tuple(agencies), platform=PLATFORM, as_of=AS_OF)


@given(estates())
def test_no_two_of_whatever_ids_share_a_name(estate: Estate) -> None:
    every = [one for each in estate.agencies for one in manifests(estate, each.id)]
    assert Counter(Counter(map(identity, every)).values()).keys() == {1}
    routed = {(f.provider, f.api) for f in passed_on(estate)}
    kinds = Counter(kind for _, kind, namespace, _ in map(identity, every) if namespace == PLACE)
    assert kinds["HTTPRoute"] == kinds["SecurityPolicy"] == len(routed)
    gone_past = [flow for flow in flows(estate) if flow.is_direct]
    names = {identity(one)[1:] for one in every if one["kind"] == WAYS}
    ways = {
        (f.consumer, f.provider, f.inquiry.app, f.offer.app, f.offer.port) for f in gone_past if f.inquiry and f.offer
    }
    assert len({key for flow in gone_past for key in direct(flow)} & names) == 2 * len(ways)


@given(estates())
def test_no_order_of_a_profile_or_of_profiles_changes_anything(estate: Estate) -> None:
    backwards = replaced(estate, agencies=tuple(reversed(estate.agencies)))
    for each in estate.agencies:
        backwards = changed(backwards, each.id, turned)
    for each in estate.agencies:
        assert manifests(backwards, each.id) == manifests(estate, each.id)


def turned(spec: Spec) -> Spec:
    apis = tuple(replaced(one, consents=one.consents[::-1]) for one in reversed(spec.apis))
    return replaced(spec, apis=apis, inquiries=spec.inquiries[::-1])


@pytest.mark.parametrize("joint", ["-", ".", "/"])
def test_no_id_has_what_parts_two_of_them_in_names_and_paths(joint: str) -> None:
    name = f"a{joint}b"
    bodies = {
        "agency": body(name),
        "API": body("keeper", apis=[api(name, [])]),
        "app of an API": body("keeper", apis=[api("record", [], app=name)]),
        "inquiry": body("reader", inquiries=[inquiry(name)]),
        "app of an inquiry": body("reader", inquiries=[inquiry("ask", app=name)]),
    }
    refused = {what for what, one in bodies.items() if [*violations("agency-profile", one)]}
    assert refused == (set() if joint == "-" else bodies.keys())


@pytest.mark.parametrize("via", ["exchange", DIRECT])
def test_the_longest_names_that_profiles_may_give_are_still_names(via: str) -> None:
    asking, answering, long = "a" * 20, "b" * 20, "c" * 40
    place = {"app": "d" * 40, "port": 65535}
    asked = inquiry(long, provider=answering, api=long, app="e" * 40, via=via)
    agencies = (
        agency(asking, inquiries=[asked]),
        agency(answering, apis=[api(long, [CONSENT | {"consumer": asking}], **place)]),
    )
    estate = Estate(agencies=agencies, platform=PLATFORM, as_of=AS_OF)
    names = [name for owner in (asking, answering) for _, _, name in made(estate, owner)]
    assert len(names) == (2 if via == DIRECT else 8)
    for name in names:
        assert SUBDOMAIN.fullmatch(name)
        assert len(name) <= 253  # RFC 1123
