"""IN-26 and 27: the national exchange passes on what both sides agreed to, from exactly those consumers, until the end.

What is in the exchange's namespace is no window: rules over windows leave it to these two, which know by the profiles
what has to be there and refuse everything else.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from components.estate.estate import Estate, production
from components.estate.finding import PathPart, Words
from components.estate.flows import is_open, served
from components.estate.platform import Exchange
from components.estate.profile import Api
from components.manifests.exchange import AUDIENCE, CONSUMER_HEADER, KEYS, bearer, path
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from components.manifests.manifest import AGENCY_LABEL
from policies.rules.attachments import GATEWAY, LISTENER_SET, ROUTES
from policies.rules.network import found
from policies.rules.ownership import is_exchanges, objects
from policies.rules.reading import at, items, mapping, name, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.targets import SECURITY_POLICY, security_policies

_ROUTE: Final = f"{GATEWAY_API}/HTTPRoute"
_PROXY: Final = f"{ENVOY_API}/EnvoyProxy"
_CLIENTS: Final = f"{ENVOY_API}/ClientTrafficPolicy"
_OTHERS: Final = ROUTES - {_ROUTE} | {LISTENER_SET} | {
    f"{ENVOY_API}/{kind}" for kind in ("BackendTrafficPolicy", "EnvoyExtensionPolicy")
}  # fmt: skip
"""What has no business at the exchange."""
_POLICY_FIELDS: Final = frozenset({"authorization", "jwt", "targetRefs"})
_RULE_FIELDS: Final = frozenset({"action", "cel", "name", "principal"})
_END: Final = re.compile(r"request\.time < timestamp\('(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})Z'\)")


class Offer(NamedTuple):
    """An API that somebody may call through the exchange, and until when each token bearer may."""

    provider: str
    api: Api
    until: Mapping[str, datetime]


def _passes_on_what_is_agreed(body: Object, scene: Scene) -> Iterator[Problem]:
    chosen, kind = scene.platform.spec.exchange, kind_of(body)
    if chosen is None or not is_exchanges(body, scene):
        return
    if kind in _OTHERS:
        yield found(("kind",), at(body, "kind"))
    elif kind == GATEWAY:
        yield from _is_the_gateway(body, chosen, scene)
    elif kind == _CLIENTS:
        yield from _believes_nobody(body)
    elif kind == _ROUTE:
        offer = _offer(name(body), scene)
        if offer is None:
            yield Problem(
                ("metadata", "name"),
                Words(f"no consent opens {name(body)!r}", f"هیچ رضایتی {name(body)!r} را باز نمی‌کند"),
            )
        else:
            yield from _differing(body, (), _wanted_route(chosen, offer))
            yield from _routes(body, offer)


def _is_the_gateway(body: Object, chosen: Exchange, scene: Scene) -> Iterator[Problem]:
    """One listener at the exchange's host, for its own namespace's routes, on its own pods, shut without a policy."""
    if name(body) != chosen.name:
        yield found(("metadata", "name"), at(body, "metadata", "name"))
    listeners = items(body, "spec", "listeners")
    if len(listeners) != 1:
        yield found(("spec", "listeners"), at(body, "spec", "listeners"))
    for index, listener in enumerate(listeners):
        place: tuple[PathPart, ...] = ("spec", "listeners", index)
        wanted = {
            ("hostname",): chosen.host,
            ("protocol",): "HTTPS",
            ("allowedRoutes", "namespaces", "from"): "Same",
        }
        yield from (
            found((*place, *inside), at(listener, *inside))
            for inside in wanted
            if at(listener, *inside) != wanted[inside]
        )
    proxy = {"group": ENVOY_API, "kind": "EnvoyProxy", "name": chosen.name}
    known = {name(one) for one in objects(scene, _PROXY, chosen.namespace)}
    if at(body, "spec", "infrastructure", "parametersRef") != proxy or chosen.name not in known:
        place = ("spec", "infrastructure", "parametersRef")
        yield found(place, at(body, *place))
    if at(body, "spec", "allowedListeners") is not None:
        yield found(("spec", "allowedListeners"), at(body, "spec", "allowedListeners"))
    if not any(not one.section for one in security_policies(body, scene)):
        yield Problem(
            ("metadata", "name"),
            Words("no SecurityPolicy shuts it", "هیچ SecurityPolicyای آن را نمی‌بندد"),
        )


def _believes_nobody(body: Object) -> Iterator[Problem]:
    early = ("spec", "headers", "earlyRequestHeaders")
    if CONSUMER_HEADER not in [str(header).lower() for header in items(body, *early, "remove")]:
        yield Problem(
            (*early, "remove"),
            Words(
                f"a request may bring {CONSUMER_HEADER} along", f"درخواست می‌تواند {CONSUMER_HEADER} را با خود بیاورد"
            ),
        )
    for field in ("add", "addIfAbsent", "set"):
        if items(body, *early, field):
            yield found((*early, field), at(body, *early, field))


def _wanted_route(chosen: Exchange, offer: Offer) -> Mapping[tuple[PathPart, ...], Any]:
    door = {"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name, "namespace": chosen.namespace}
    return {
        ("metadata", "labels", AGENCY_LABEL): offer.provider,
        ("spec", "hostnames"): [chosen.host],
        ("spec", "parentRefs"): [door | {"sectionName": "https"}],
    }


def _routes(body: Object, offer: Offer) -> Iterator[Problem]:
    rules = items(body, "spec", "rules")
    if len(rules) != 1:
        yield found(("spec", "rules"), at(body, "spec", "rules"))
    backend = {
        "group": "",
        "kind": "Service",
        "name": offer.api.app,
        "namespace": production(offer.provider),
        "port": offer.api.port,
    }
    for index, rule in enumerate(rules):
        place: tuple[PathPart, ...] = ("spec", "rules", index)
        match = {"path": {"type": "PathPrefix", "value": path(offer.provider, offer.api.id)}}
        if at(rule, "matches") != [match]:
            yield found((*place, "matches"), at(rule, "matches"))
        led = [
            {key: value for key, value in mapping(one).items() if key != "weight"} for one in items(rule, "backendRefs")
        ]
        if led != [backend]:
            yield found((*place, "backendRefs"), at(rule, "backendRefs"))
        rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": offer.api.path}}
        wanted = [
            {"type": "URLRewrite", "urlRewrite": rewrite},
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}},
        ]
        if at(rule, "filters") != wanted:
            yield found((*place, "filters"), at(rule, "filters"))


def _lets_consumers_pass(body: Object, scene: Scene) -> Iterator[Problem]:
    chosen = scene.platform.spec.exchange
    if chosen is None or not is_exchanges(body, scene):
        return
    for field in sorted(mapping(body, "spec").keys() - _POLICY_FIELDS):
        yield found(("spec", field), at(body, "spec", field))
    yield from _differing(body, ("spec",), _wanted_policy(chosen))
    refs = items(body, "spec", "targetRefs")
    target = mapping(refs[0]) if len(refs) == 1 else {}
    offer = None
    if target == {"group": GATEWAY_API, "kind": "HTTPRoute", "name": name(body)}:
        offer = _offer(name(body), scene)
    elif target != {"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name}:
        yield found(("spec", "targetRefs"), at(body, "spec", "targetRefs"))
    until = offer.until if offer is not None else {}
    for index, rule in enumerate(items(body, "spec", "authorization", "rules")):
        yield from _is_a_consumer(rule, ("spec", "authorization", "rules", index), until)


def _wanted_policy(chosen: Exchange) -> Mapping[tuple[PathPart, ...], Any]:
    provider = {
        "name": "cluster",
        "issuer": chosen.token_issuer,
        "audiences": [AUDIENCE],
        "localJWKS": {"type": "ValueRef", "valueRef": {"group": "", "kind": "ConfigMap", "name": KEYS}},
        "claimToHeaders": [{"claim": "sub", "header": CONSUMER_HEADER}],
    }
    return {("jwt",): {"providers": [provider]}, ("authorization", "defaultAction"): "Deny"}


def _is_a_consumer(rule: object, place: tuple[PathPart, ...], until: Mapping[str, datetime]) -> Iterator[Problem]:
    """Judge one rule: it lets one consumer pass that has a consent, by its token alone, until that consent ends."""
    for field in sorted(mapping(rule).keys() - _RULE_FIELDS):
        yield found((*place, field), at(rule, field))
    if at(rule, "action") != "Allow":
        yield found((*place, "action"), at(rule, "action"))
    claims = items(rule, "principal", "jwt", "claims")
    values = items(claims[0], "values") if len(claims) == 1 else ()
    who = values[0] if len(values) == 1 and isinstance(values[0], str) else ""
    named = [{"name": "sub", "valueType": "String", "values": [who]}]
    if at(rule, "principal") != {"jwt": {"provider": "cluster", "claims": named}} or who not in until:
        yield found((*place, "principal"), at(rule, "principal"))
        return
    match = _END.fullmatch(text(rule, "cel"))
    end = datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match is not None else None
    last = f"{until[who].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if end is None or end > until[who]:
        yield Problem(
            (*place, "cel"),
            Words(
                f"found {at(rule, 'cel')!r}, and the consent ends at {last}",
                f"یافته شد: {at(rule, 'cel')!r} و رضایت در {last} پایان می‌یابد",
            ),
        )


def _differing(
    body: Object, above: tuple[PathPart, ...], wanted: Mapping[tuple[PathPart, ...], Any]
) -> Iterator[Problem]:
    for inside, value in wanted.items():
        place = (*above, *inside)
        if at(body, *place) != value:
            yield found(place, at(body, *place))


def _offer(route: str, scene: Scene) -> Offer | None:
    """Return what the profiles say of a route of the exchange; None where they say nothing, or none is at hand."""
    provider = route.partition(".")[0]
    return scene.kept(("offers", provider), lambda: _offers(scene.estate, provider)).get(route)


def _offers(estate: Estate | None, provider: str) -> Mapping[str, Offer]:
    """Return what may be called of one provider, by the names of the routes."""
    agency = estate.agency(provider) if estate is not None else None
    if estate is None or agency is None:
        return {}
    offers: dict[str, Offer] = {}
    for flow in served(estate, agency):
        if is_open(estate, flow) and not flow.is_direct and flow.offer is not None and flow.until is not None:
            route, who, end = (
                f"{flow.provider}.{flow.api}",
                bearer(flow.consumer),
                flow.until.begins(estate.platform.zone),
            )
            until = offers[route].until if route in offers else {}
            offers[route] = Offer(flow.provider, flow.offer, {**until, who: max(end, until.get(who, end))})
    return offers


_GENERATED: Final = frozenset({Mark.GENERATED})

RULES: Final = (
    Rule(
        id="IN-26",
        name="exchange-passes-on-agreed",
        title=Words(
            "The exchange leads to the APIs that somebody may call, and nowhere else",
            "مرکز تبادل تنها به رابط‌هایی می‌رسد که کسی رضایت فراخوانی آن‌ها را دارد و نه به جای دیگر",
        ),
        marks=_GENERATED,
        controls=("OWASP API Security Top 10: API9 Improper Inventory", "CWE-441: unintended proxy"),
        remedy=Words(
            "declare the inquiry and the consent in the two profiles: routes of the exchange are made from both, and "
            "from nothing else",
            "استعلام و رضایت را در دو نمایه بنویسید: مسیرهای مرکز تبادل از هر دو ساخته می‌شود و نه از چیز دیگر",
        ),
        kinds=frozenset({_ROUTE, GATEWAY, _CLIENTS}) | _OTHERS,
        check=_passes_on_what_is_agreed,
        waivable=False,
    ),
    Rule(
        id="IN-27",
        name="exchange-callers-consented",
        title=Words(
            "The exchange lets exactly those consumers pass that have a consent, and until it ends",
            "مرکز تبادل تنها به خواهنده‌ای راه می‌دهد که رضایت دارد و تا پایان همان رضایت",
        ),
        marks=_GENERATED,
        controls=("OWASP API Security Top 10: API5 Broken Function Level Authorization", "NIST SP 800-207 2.1"),
        remedy=Words(
            "name one consumer a rule by the `sub` of its ServiceAccount's token, with the end of its consent in "
            "`cel`, and refuse all others",
            "در هر قاعده یک خواهنده را با `sub` توکن ServiceAccount آن و پایان رضایتش در `cel` بیاورید و دیگران را "
            "نپذیرید",
        ),
        kinds=frozenset({SECURITY_POLICY}),
        check=_lets_consumers_pass,
        waivable=False,
    ),
)
