"""An agency's window: its listener, the national login on it, and the routes of its services.

The login hangs on the listener, in a namespace that the tenant cannot write: whatever route attaches there is behind
it. Policies come before routes (`kinds.Order`), so no route is ever without one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from components.estate.estate import Agency, Estate, production
from components.estate.platform import CALLBACK_PATH, LOGOUT_PATH
from components.estate.profile import DEFAULT_UPLOAD_MIB, EnvironmentName, Service, Window
from components.manifests import login, network
from components.manifests.gateway import GATEWAY_API, listener_ref, listener_set
from components.manifests.login import ENVOY_API, ID_TOKEN_HEADER
from components.manifests.manifest import APP_LABEL, DOMAIN, Manifest, manifest, owner_labels

RULES_MAX: Final = 16
"""Rules of one HTTPRoute, by the API's own schema."""

_Rule = dict[str, Any]


class _Offer(NamedTuple):
    """Services of `agency`, which run in `namespace`, in the window of `owner`: itself, or its parent."""

    estate: Estate
    owner: Agency
    window: Window
    agency: Agency
    namespace: str
    labels: Mapping[str, str]


def window(estate: Estate, agency: Agency) -> Iterator[Manifest]:
    """Yield what the agency has in the gateway's namespace: listener, login, certificate, and the way to its services.

    Nothing without a window, but the way to services that stand in the parent's. In quarantine there is no such way,
    and all the rest: people find the window, and behind it nobody who answers.
    """
    gateway = estate.platform.spec.gateway
    labels = owner_labels(agency.id, EnvironmentName.PRODUCTION)
    if agency.has_production and estate.quarantine(agency.id) is None:
        backends = network.window_backends(agency.profile.spec.services)
        yield from network.allow_to(agency.id, production(agency.id), backends, gateway, labels)
    chosen = open_window(agency)
    if chosen is None:
        return
    yield manifest(
        f"{ENVOY_API}/v1alpha1",
        "SecurityPolicy",
        agency.id,
        namespace=gateway.namespace,
        labels=labels,
        spec={
            "targetRefs": [{"group": GATEWAY_API, "kind": "ListenerSet", "name": agency.id}],
            **login.login(estate, agency, chosen),
        },
    )
    given = chosen.certificate_ref
    yield from listener_set(gateway, agency.id, chosen.host, list(_tenants(estate, agency)), labels, given)


def routes(estate: Estate, agency: Agency, namespace: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield the routes of the agency's production services, each restricted or public one behind its own policy."""
    for where in ("own", "parent"):
        owner = agency if where == "own" else estate.agency(agency.profile.spec.identity.parent or "")
        chosen = None if owner is None else open_window(owner)
        if owner is None or chosen is None:
            continue
        offer = _Offer(estate, owner, chosen, agency, namespace, labels)
        if where == "own":
            yield _login_route(offer)
            yield from _home(offer)
        yield from _service_routes(offer, _offered(agency, where))


def budgets(services: Iterable[Service], namespace: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield a PodDisruptionBudget for each app that serves in a window: a drain takes one pod at a time (R36)."""
    apps = {service.backend.app for service in services if service.window is not None and service.backend is not None}
    for app in sorted(apps):
        spec = {
            "maxUnavailable": 1,  # never blocks a drain; with two replicas, one always serves
            "selector": {"matchLabels": {APP_LABEL: app}},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
        yield manifest("policy/v1", "PodDisruptionBudget", app, namespace=namespace, labels=labels, spec=spec)


def open_window(agency: Agency) -> Window | None:
    """Return the agency's window. It belongs to production: without that there is nothing to serve, and no listener."""
    return agency.profile.spec.window if agency.has_production else None


def _offered(agency: Agency, where: str) -> list[Service]:
    services = (s for s in agency.profile.spec.services if s.window is not None and s.window.offered_in == where)
    return sorted(services, key=lambda service: service.card_id)


def _tenants(estate: Estate, agency: Agency) -> Iterator[str]:
    """Yield the namespaces that may attach routes here: the agency's own, and its children's that offer something."""
    for tenant in sorted(estate.agencies, key=lambda one: one.id):
        is_child = tenant.profile.spec.identity.parent == agency.id and _offered(tenant, "parent")
        if tenant.id == agency.id or is_child:
            yield production(tenant.id)


def _service_routes(offer: _Offer, services: Sequence[Service]) -> Iterator[Manifest]:
    plain: list[Service] = []
    for service in services:
        entrance = login.entrance(offer.estate, offer.owner, offer.window, offer.agency, service)
        if entrance is None:
            plain.append(service)
            continue
        name = _rule_name(service)
        target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": name}
        body, annotations = entrance
        yield _policy(offer, "SecurityPolicy", name, {"targetRefs": [target], **body}, annotations)
        yield from _route(offer, name, [service])
    for number, batch in enumerate(_batches(plain, _origin(offer)), 1):
        yield from _route(offer, f"{offer.owner.id}-window-{number}", batch)


def _origin(offer: _Offer) -> str:
    """Return what a browser names as the origin of the window's own pages."""
    return offer.estate.platform.home(offer.window.host).removesuffix("/")


def _batches(services: Iterable[Service], origin: str) -> Iterator[list[Service]]:
    """Yield the services in groups whose rules fit into one route."""
    batch: list[Service] = []
    size = 0
    for service in services:
        rules = len(_rules(service, origin))
        if size + rules > RULES_MAX:
            yield batch
            batch, size = [], 0
        batch.append(service)
        size += rules
    if batch:
        yield batch


def _route(offer: _Offer, name: str, services: Sequence[Service]) -> Iterator[Manifest]:
    """One HTTPRoute beside the services, on the window's listener, and the limits that differ from the gateway's."""
    cards = {f"{DOMAIN}/cards": ",".join(service.card_id for service in services)}
    for service in services:
        yield from _limits(offer, name, service)
    yield _on_listener(offer, name, [rule for service in services for rule in _rules(service, _origin(offer))], cards)


def _login_route(offer: _Offer) -> Manifest:
    """The paths that the login itself answers. Without a route there, Envoy says 404 before the login is asked."""
    start = {"type": "ReplaceFullPath", "replaceFullPath": "/"}
    port = offer.estate.platform.spec.gateway.https_port
    redirect = {"scheme": "https", "port": port, "path": start, "statusCode": 302}
    rules = [
        {
            "matches": [{"path": {"type": "Exact", "value": path}}],
            "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
        }
        for path in (CALLBACK_PATH, LOGOUT_PATH)
    ]
    return _on_listener(offer, f"{offer.owner.id}-login", rules, {})


def _home(offer: _Offer) -> Iterator[Manifest]:
    """The bare host: nobody's service in most windows, so it sends to the agency's part of the national window.

    Open to all: it shows nothing, and who has just logged out lands here. A service at `/` takes its place.
    """
    portal, agency = offer.estate.platform.spec.national_window, offer.agency.id
    if portal is None or any(service.window.path == "/" for service in _offered(offer.agency, "own") if service.window):
        return
    name = f"{agency}-home"
    target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": name}
    reason = {login.PUBLIC_REASON: "Sends to the list of the agency's services; shows nothing itself"}
    yield _policy(offer, "SecurityPolicy", name, {"targetRefs": [target], **login.open_to_all()}, reason)
    redirect = {
        "scheme": "https",
        "hostname": portal.host,
        "port": offer.estate.platform.spec.gateway.https_port,
        "path": {"type": "ReplaceFullPath", "replaceFullPath": f"/?agency={agency}"},
        "statusCode": 302,
    }
    rule = {
        "matches": [{"path": {"type": "Exact", "value": "/"}}],
        "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
    }
    yield _on_listener(offer, name, [rule], {})


def _on_listener(offer: _Offer, name: str, rules: list[_Rule], annotations: Mapping[str, str]) -> Manifest:
    """One HTTPRoute of the tenant on the window's listener. Server defaults are written out."""
    listener = listener_ref(offer.estate.platform.spec.gateway, offer.owner.id)
    return manifest(
        f"{GATEWAY_API}/v1",
        "HTTPRoute",
        name,
        namespace=offer.namespace,
        labels=offer.labels,
        annotations=annotations,
        spec={"parentRefs": [listener], "hostnames": [offer.window.host], "rules": rules},
    )


def _rules(service: Service, origin: str) -> list[_Rule]:
    """One rule, and before it one for WebSockets where the service has them: they have no end, and no size."""
    backend, place = service.backend, service.window
    if backend is None or place is None:  # the schema demands a backend of every service in a window
        raise ValueError(f"{service.card_id} has no backend")
    path = {"path": {"type": "PathPrefix", "value": place.path}}
    strip = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [ID_TOKEN_HEADER]}}
    to = {"group": "", "kind": "Service", "name": backend.app, "port": backend.port, "weight": 1}
    rule = {"filters": [strip], "backendRefs": [to]}
    rules = [
        {
            "name": _rule_name(service),
            "matches": [path],
            **rule,
            "timeouts": {"request": f"{backend.timeout_seconds}s"},
        }
    ]
    if backend.web_socket:
        # Another agency's page is of the same site, so its browser would send this session along: its origin differs.
        headers = [
            {"type": "RegularExpression", "name": "upgrade", "value": "(?i)websocket"},
            {"type": "Exact", "name": "origin", "value": origin},
        ]
        socket = {"matches": [path | {"headers": headers}], **rule, "timeouts": {"request": "0s"}}
        rules.insert(0, {"name": _socket_name(service), **socket})
    return rules


def _limits(offer: _Offer, route: str, service: Service) -> Iterator[Manifest]:
    """What differs from the gateway's own limits: a larger or smaller upload, and WebSockets, which have none."""
    backend = service.backend
    if backend is None:
        return
    bodies: dict[str, dict[str, Any]] = {}
    if backend.max_upload_mib != DEFAULT_UPLOAD_MIB:
        bodies[_rule_name(service)] = {"requestBuffer": {"limit": f"{backend.max_upload_mib}Mi"}}
    if backend.web_socket:
        bodies[_socket_name(service)] = {"httpUpgrade": [{"type": "websocket"}]}
    for name, body in bodies.items():
        target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": route, "sectionName": name}
        yield _policy(offer, "BackendTrafficPolicy", name, {"targetRefs": [target], **body}, {})


def _rule_name(service: Service) -> str:
    """Of the rule, of its limits, and of the route and the policy that a service has for itself.

    A card may end in a hyphen, which no name may; no other route's name ends like this.
    """
    return f"{service.card_id.lower()}-card"


def _socket_name(service: Service) -> str:
    return f"{service.card_id.lower()}-socket"


def _policy(offer: _Offer, kind: str, name: str, spec: Mapping[str, Any], annotations: Mapping[str, str]) -> Manifest:
    return manifest(
        f"{ENVOY_API}/v1alpha1",
        kind,
        name,
        namespace=offer.namespace,
        labels=offer.labels,
        annotations=annotations,
        spec=dict(spec),
    )
