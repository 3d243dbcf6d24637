"""The national exchange: an internal gateway that passes on exactly the inquiries that both sides agreed to (R40, R41).

A consumer's app proves who it is with a token that Kubernetes gives its pod (a projected ServiceAccount token for the
exchange's audience): no secret is handed out, kept or rotated. Each API has one route and one policy beside it, in a
namespace that no tenant can write. The policy names whoever may call, each until the day on which its consent ends, and
the gateway's own clock holds that end even where nobody has run `up` since.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC
from functools import partial
from itertools import groupby
from typing import Any, Final, NamedTuple

from components.estate.estate import Agency, Estate, production
from components.estate.flows import Flow, asked, is_open, served
from components.estate.platform import DEFAULT_HTTPS_PORT, Exchange, Peer, Platform
from components.estate.profile import Api, EnvironmentName, Inquiry
from components.manifests import gateway, namespace, network
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from components.manifests.manifest import APP_LABEL, PLATFORM_OWNER, Manifest, manifest, owner_labels

AUDIENCE: Final = "exchange"
"""Whom the tokens of consumers are for; a token for anybody else opens nothing here."""
CLIENT: Final = "exchange"
"""The ServiceAccount of a consumer's apps; its name is half of what a token says of its bearer."""
KEYS: Final = "exchange-keys"
"""The ConfigMap in the exchange's namespace that holds the cluster's public keys (JWKS), under `jwks`."""
CONSUMER_HEADER: Final = "x-govcloud-consumer"
"""Says to a provider's app who asks; whoever sends it from outside is not believed."""
_PROVIDER: Final = "cluster"
_LISTENER: Final = "https"


def exchange(platform: Platform) -> Iterator[Manifest]:
    """Yield the exchange's namespace, its gateway, and the policy that shuts every route without one of its own."""
    chosen, labels = platform.spec.exchange, owner_labels(PLATFORM_OWNER)
    if chosen is None:
        return
    envoy, here = f"{ENVOY_API}/v1alpha1", partial(manifest, namespace=chosen.namespace, labels=labels)
    target = {"targetRefs": [{"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name}]}
    secret = gateway.certificate_secret(chosen.name)
    yield manifest("v1", "Namespace", chosen.namespace, labels=labels | namespace.pod_security(platform))
    yield network.default_deny(chosen.namespace, labels)
    yield network.allow_dns(chosen.namespace, platform.spec.dns, platform.spec.node_local_dns, labels)
    yield network.allow_controller(chosen, platform.spec.gateway.controller, labels)
    yield here(envoy, "EnvoyProxy", chosen.name, spec=gateway.proxies(chosen))
    yield here(f"{GATEWAY_API}/v1", "Gateway", chosen.name, spec=_gateway(platform, chosen, secret))
    yield here(envoy, "ClientTrafficPolicy", chosen.name, spec=target | gateway.client_limits([CONSUMER_HEADER]))
    shut = {"jwt": _jwt(chosen), "authorization": {"defaultAction": "Deny"}}
    yield here(envoy, "SecurityPolicy", chosen.name, spec=target | shut)
    issuer = platform.spec.gateway.certificate_issuer
    yield from gateway.certificate(issuer, chosen.namespace, secret, chosen.host, labels)


def consumer(estate: Estate, agency: Agency) -> Iterator[Manifest]:
    """Yield the consumer's half: who its apps are, and their way to the exchange, or past it to a provider."""
    chosen, labels, place = estate.platform.spec.exchange, _labels(agency), production(agency.id)
    open_ = list(_open(estate, asked(estate, agency)))
    apps = {inquiry.app for flow, inquiry, _ in open_ if not flow.is_direct}
    for flow, inquiry, api in _direct(open_):
        to = Peer(namespace=production(flow.provider), pod_labels={APP_LABEL: api.app})
        yield network.way_out(f"allow-inquiry.{inquiry.id}", place, labels, {APP_LABEL: inquiry.app}, to, api.port)
    if chosen is None or not apps:
        return
    yield manifest("v1", "ServiceAccount", CLIENT, namespace=place, labels=labels, automountServiceAccountToken=False)
    door = network.envoy_port(chosen.https_port)
    for app in sorted(apps):
        yield network.way_out(f"allow-exchange.{app}", place, labels, {APP_LABEL: app}, chosen, door)
    peers = [Peer(namespace=place, pod_labels={APP_LABEL: app}) for app in sorted(apps)]
    yield network.way_in(f"allow-from-{agency.id}", chosen.namespace, labels, chosen.pod_labels, peers, door)


def provider(estate: Estate, agency: Agency) -> Iterator[Manifest]:
    """Yield the provider's half: each API that somebody may call with who that is, and the way to the app behind it."""
    chosen, labels, place = estate.platform.spec.exchange, _labels(agency), production(agency.id)
    offers: dict[str, _Offer] = {}
    open_ = list(_open(estate, served(estate, agency)))
    for flow, _, api in open_:
        if not flow.is_direct:
            offers.setdefault(api.id, _Offer(api, [])).flows.append(flow)
    for flow, inquiry, api in _direct(open_):
        peers = [Peer(namespace=production(flow.consumer), pod_labels={APP_LABEL: inquiry.app})]
        name = f"allow-consumer.{flow.consumer}.{inquiry.id}"
        yield network.way_in(name, place, labels, {APP_LABEL: api.app}, peers, api.port)
    if chosen is None or not offers:
        return
    for offer in offers.values():
        yield from _offered(estate, chosen, agency, offer)
    ways = sorted({(offer.api.app, offer.api.port) for offer in offers.values()})
    for app, port in ways:
        name = f"allow-from-exchange.{app}.{port}"
        yield network.way_in(name, place, labels, {APP_LABEL: app}, [chosen], port)
    yield from network.allow_to(agency.id, place, ways, chosen, labels)
    for app in sorted({app for app, _ in ways}):
        grant = {
            "from": [{"group": GATEWAY_API, "kind": "HTTPRoute", "namespace": chosen.namespace}],
            "to": [{"group": "", "kind": "Service", "name": app}],
        }
        yield manifest(
            f"{GATEWAY_API}/v1", "ReferenceGrant", f"exchange.{app}", namespace=place, labels=labels, spec=grant
        )


def backends(estate: Estate, agency: Agency) -> list[tuple[str, int]]:
    """Return the apps and ports of the agency to which the exchange leads somebody."""
    flows = _open(estate, served(estate, agency))
    return sorted({(api.app, api.port) for flow, _, api in flows if not flow.is_direct})


def address(chosen: Exchange, provider_id: str, api_id: str) -> str:
    """Return where a consumer calls an API; the API's own path takes this one's place."""
    port = "" if chosen.https_port == DEFAULT_HTTPS_PORT else f":{chosen.https_port}"
    return f"https://{chosen.host}{port}{path(provider_id, api_id)}"


def bearer(consumer_id: str) -> str:
    """Return what the token of a consumer's app says of its bearer (`sub`)."""
    return f"system:serviceaccount:{production(consumer_id)}:{CLIENT}"


class _Offer(NamedTuple):
    """An API and the flows that lead to it."""

    api: Api
    flows: list[Flow]


def _offered(estate: Estate, chosen: Exchange, agency: Agency, offer: _Offer) -> Iterator[Manifest]:
    """The policy of one API, and its route. No id has a dot, so no two APIs share a name."""
    name, labels = f"{agency.id}.{offer.api.id}", _labels(agency)
    here = partial(manifest, namespace=chosen.namespace, labels=labels)
    target = {"targetRefs": [{"group": GATEWAY_API, "kind": "HTTPRoute", "name": name}]}
    callers = [_caller(estate, one, list(flows)) for one, flows in groupby(offer.flows, key=lambda one: one.consumer)]
    rules = {"jwt": _jwt(chosen), "authorization": {"defaultAction": "Deny", "rules": callers}}
    yield here(f"{ENVOY_API}/v1alpha1", "SecurityPolicy", name, spec=target | rules)
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": offer.api.path}}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": path(agency.id, offer.api.id)}}],
        "filters": [
            {"type": "URLRewrite", "urlRewrite": rewrite},
            # A provider that received a consumer's token could call others in its name.
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}},
        ],
        "backendRefs": [
            {
                "group": "",
                "kind": "Service",
                "name": offer.api.app,
                "namespace": production(agency.id),
                "port": offer.api.port,
                "weight": 1,
            }
        ],
    }
    parent = {"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name, "sectionName": _LISTENER}
    spec = {"parentRefs": [parent | {"namespace": chosen.namespace}], "hostnames": [chosen.host], "rules": [rule]}
    yield here(f"{GATEWAY_API}/v1", "HTTPRoute", name, spec=spec)


def _caller(estate: Estate, consumer_id: str, flows: Iterable[Flow]) -> dict[str, Any]:
    """One consumer, until the last of its inquiries ends or the consent does: Envoy's clock, where nobody runs `up`."""
    ends = [flow.until.begins(estate.platform.zone) for flow in flows if flow.until is not None]
    claims = [{"name": "sub", "valueType": "String", "values": [bearer(consumer_id)]}]
    return {
        "name": consumer_id,
        "action": "Allow",
        "principal": {"jwt": {"provider": _PROVIDER, "claims": claims}},
        "cel": f"request.time < timestamp('{max(ends).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}')",
    }


def _gateway(platform: Platform, chosen: Exchange, secret: str) -> dict[str, Any]:
    """Only routes of its own namespace: agencies' stacks write there, agencies do not."""
    listener = {
        "name": _LISTENER,
        "hostname": chosen.host,
        "port": chosen.https_port,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": secret}]},
        "allowedRoutes": {
            "namespaces": {"from": "Same"},
            "kinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}],
        },
    }
    proxies = {"group": ENVOY_API, "kind": "EnvoyProxy", "name": chosen.name}
    return {
        "gatewayClassName": platform.spec.gateway.class_name,
        "infrastructure": {"parametersRef": proxies},
        "listeners": [listener],
    }


def _jwt(chosen: Exchange) -> dict[str, Any]:
    keys = {"type": "ValueRef", "valueRef": {"group": "", "kind": "ConfigMap", "name": KEYS}}
    return {
        "providers": [
            {
                "name": _PROVIDER,
                "issuer": chosen.token_issuer,
                "audiences": [AUDIENCE],
                "localJWKS": keys,
                "claimToHeaders": [{"claim": "sub", "header": CONSUMER_HEADER}],
            }
        ]
    }


def path(provider_id: str, api_id: str) -> str:
    """Return the part of an address that names an API; no id has a slash."""
    return f"/{provider_id}/{api_id}"


def _labels(agency: Agency) -> dict[str, str]:
    return owner_labels(agency.id, EnvironmentName.PRODUCTION)


def _direct(flows: Iterable[tuple[Flow, Inquiry, Api]]) -> Iterable[tuple[Flow, Inquiry, Api]]:
    """Return one flow for each way past the exchange: two APIs behind one port are one opening (NP-14)."""
    ways: dict[tuple[str, ...], tuple[Flow, Inquiry, Api]] = {}
    for flow, inquiry, api in sorted(flows, key=lambda one: one[1].id):
        if flow.is_direct:
            ends = (flow.consumer, inquiry.app, flow.provider, api.app, str(api.port))
            ways.setdefault(ends, (flow, inquiry, api))
    return ways.values()


def _open(estate: Estate, flows: Iterable[Flow]) -> Iterator[tuple[Flow, Inquiry, Api]]:
    for flow in flows:
        if is_open(estate, flow) and flow.inquiry is not None and flow.offer is not None:
            yield flow, flow.inquiry, flow.offer
