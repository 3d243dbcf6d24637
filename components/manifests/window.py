"""An agency's window: its listener, the national login on it, and the routes of its services.

The login hangs on the listener, in a namespace that the tenant cannot write: whatever route attaches there is behind
it. A route that asks for more (groups) or for less (public, with a reason) has a policy of its own, which replaces
the listener's on that route. Policies come before routes (`kinds.Order`), so no route is ever without one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from components.estate.estate import Agency, Estate
from components.estate.platform import CALLBACK_PATH, LOGOUT_PATH, Platform
from components.estate.profile import EnvironmentName, Service, Window
from components.manifests.gateway import ENVOY_API, GATEWAY_API
from components.manifests.manifest import DOMAIN, NAMESPACE_LABEL, Manifest, manifest, owner_labels

RULES_MAX: Final = 16
"""Rules of one HTTPRoute, by the API's own schema."""

ID_TOKEN_HEADER: Final = "x-govcloud-id-token"  # noqa: S105  # a header's name; it never reaches a backend
_PROVIDER: Final = "national-login"


class _Offer(NamedTuple):
    """Services of `agency`, which run in `namespace`, in the window of `owner`: itself, or its parent."""

    platform: Platform
    owner: Agency
    window: Window
    agency: Agency
    namespace: str
    labels: Mapping[str, str]


def window(estate: Estate, agency: Agency) -> Iterator[Manifest]:
    """Yield the listener of the agency's window, the login on it and its certificate; nothing without a window."""
    chosen = _open_window(agency)
    if chosen is None:
        return
    gateway = estate.platform.spec.gateway
    labels = owner_labels(agency.id, EnvironmentName.PRODUCTION)
    yield manifest(
        f"{ENVOY_API}/v1alpha1",
        "SecurityPolicy",
        agency.id,
        namespace=gateway.namespace,
        labels=labels,
        spec={
            "targetRefs": [{"group": GATEWAY_API, "kind": "ListenerSet", "name": agency.id}],
            "oidc": oidc(estate.platform, agency, chosen),
        },
    )
    yield manifest(
        f"{GATEWAY_API}/v1",
        "ListenerSet",
        agency.id,
        namespace=gateway.namespace,
        labels=labels,
        spec={
            "parentRef": {"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name},
            "listeners": [_listener(estate, agency, chosen)],
        },
    )
    if gateway.certificate_issuer is not None and chosen.certificate_ref is None:
        yield _certificate(agency, chosen, gateway.certificate_issuer, gateway.namespace, labels)
    restricted = [
        name for name, offered in _tenants(estate, agency) if any(s.access.policy == "groups" for s in offered)
    ]
    if restricted:
        yield _grant(agency, chosen, restricted, gateway.namespace, labels)


def routes(estate: Estate, agency: Agency, namespace: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield the routes of the agency's production services, each restricted or public one behind its own policy."""
    for where in ("own", "parent"):
        owner = agency if where == "own" else estate.agency(agency.profile.spec.identity.parent or "")
        chosen = None if owner is None else _open_window(owner)
        if owner is None or chosen is None:
            continue
        offer = _Offer(estate.platform, owner, chosen, agency, namespace, labels)
        if where == "own":
            yield _login_route(offer)
        services = _offered(agency, where)
        plain = [service for service in services if service.access.policy == "login"]
        for number, start in enumerate(range(0, len(plain), RULES_MAX), 1):
            yield _route(offer, f"{owner.id}-window-{number}", plain[start : start + RULES_MAX])
        for service in services:
            if service.access.policy != "login":
                name = f"{service.card_id.lower()}-card"  # a card may end in a hyphen; no name above ends like this
                yield _policy(offer, name, service)
                yield _route(offer, name, [service])


def oidc(platform: Platform, agency: Agency, chosen: Window) -> dict[str, Any]:
    """Return the login: the platform's issuer only (R31), the agency's own client and cookies, PKCE by Envoy."""
    gateway, sso = platform.spec.gateway, chosen.sso
    secret = {"group": "", "kind": "Secret", "name": sso.client_secret_ref or f"{agency.id}-oidc"}
    return {
        "provider": {"issuer": platform.spec.issuer},
        "clientID": sso.client_id or agency.id,
        "clientSecret": secret | {"namespace": gateway.namespace},
        "redirectURL": platform.callback(chosen.host),
        "logoutPath": LOGOUT_PATH,
        # Two logins with one issuer disturb each other unless their cookies have names of their own.
        "cookieNames": {"accessToken": f"{agency.id}-access", "idToken": f"{agency.id}-id"},
        "cookieConfig": {"sameSite": "Lax"},
        "scopes": ["openid"],
        "forwardAccessToken": sso.forward_token,
        "refreshToken": True,
    }


def _open_window(agency: Agency) -> Window | None:
    """Return the agency's window. It belongs to production: without that there is nothing to serve, and no listener."""
    has_production = any(e.name is EnvironmentName.PRODUCTION for e in agency.profile.spec.environments)
    return agency.profile.spec.window if has_production else None


def _offered(agency: Agency, where: str) -> list[Service]:
    services = (s for s in agency.profile.spec.services if s.window is not None and s.window.offered_in == where)
    return sorted(services, key=lambda service: service.card_id)


def _tenants(estate: Estate, agency: Agency) -> Iterator[tuple[str, list[Service]]]:
    """Yield the namespaces that offer something in this window, and what: the agency's own and its children's."""
    for tenant in sorted(estate.agencies, key=lambda one: one.id):
        if tenant.id == agency.id:
            yield f"{tenant.id}-{EnvironmentName.PRODUCTION}", _offered(tenant, "own")
        elif tenant.profile.spec.identity.parent == agency.id and (offered := _offered(tenant, "parent")):
            yield f"{tenant.id}-{EnvironmentName.PRODUCTION}", offered


def _listener(estate: Estate, agency: Agency, chosen: Window) -> dict[str, Any]:
    """The listener takes routes of the agency's production, and of children that offer something in this window."""
    names = [name for name, _ in _tenants(estate, agency)]
    selector = {"matchExpressions": [{"key": NAMESPACE_LABEL, "operator": "In", "values": names}]}
    certificate = chosen.certificate_ref or f"{agency.id}-window-tls"
    return {
        "name": "https",
        "hostname": chosen.host,
        "port": estate.platform.spec.gateway.https_port,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": certificate}]},
        "allowedRoutes": {
            "namespaces": {"from": "Selector", "selector": selector},
            "kinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}],
        },
    }


def _route(offer: _Offer, name: str, services: Sequence[Service]) -> Manifest:
    """One HTTPRoute beside the services, on the window's listener."""
    cards = {f"{DOMAIN}/cards": ",".join(service.card_id for service in services)}
    return _on_listener(offer, name, [_rule(service) for service in services], cards)


def _login_route(offer: _Offer) -> Manifest:
    """The paths that the login itself answers. Without a route there, Envoy says 404 before the login is asked."""
    start = {"type": "ReplaceFullPath", "replaceFullPath": "/"}
    port = offer.platform.spec.gateway.https_port
    redirect = {"scheme": "https", "port": port, "path": start, "statusCode": 302}
    rules = [
        {
            "matches": [{"path": {"type": "Exact", "value": path}}],
            "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
        }
        for path in (CALLBACK_PATH, LOGOUT_PATH)
    ]
    return _on_listener(offer, f"{offer.owner.id}-login", rules, {})


def _on_listener(offer: _Offer, name: str, rules: list[dict[str, Any]], annotations: Mapping[str, str]) -> Manifest:
    """One HTTPRoute of the tenant on the window's listener. Server defaults are written out."""
    listener = {
        "group": GATEWAY_API,
        "kind": "ListenerSet",
        "namespace": offer.platform.spec.gateway.namespace,
        "name": offer.owner.id,
        "sectionName": "https",
    }
    return manifest(
        f"{GATEWAY_API}/v1",
        "HTTPRoute",
        name,
        namespace=offer.namespace,
        labels=offer.labels,
        annotations=annotations,
        spec={"parentRefs": [listener], "hostnames": [offer.window.host], "rules": rules},
    )


def _rule(service: Service) -> dict[str, Any]:
    backend, place = service.backend, service.window
    if backend is None or place is None:  # the schema demands a backend of every service in a window
        raise ValueError(f"{service.card_id} has no backend")
    strip = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [ID_TOKEN_HEADER]}}
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": place.path}}],
        "filters": [strip],
        "backendRefs": [{"group": "", "kind": "Service", "name": backend.app, "port": backend.port, "weight": 1}],
        "timeouts": {"request": f"{backend.timeout_seconds}s"},
    }


def _policy(offer: _Offer, name: str, service: Service) -> Manifest:
    """The policy of one route. It replaces the listener's there: the same login and who may enter, or a reason."""
    if service.access.policy == "public":
        body: dict[str, Any] = {"authorization": {"defaultAction": "Allow"}}
        annotations = {f"{DOMAIN}/public-reason": service.access.reason or ""}
    else:
        body, annotations = _members_only(offer, service), {}
    target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": name}
    return manifest(
        f"{ENVOY_API}/v1alpha1",
        "SecurityPolicy",
        name,
        namespace=offer.namespace,
        labels=offer.labels,
        annotations=annotations,
        spec={"targetRefs": [target], **body},
    )


def _members_only(offer: _Offer, service: Service) -> dict[str, Any]:
    groups = [f"{offer.agency.id}:{role}" for role in service.access.groups]
    claims = [{"name": "groups", "valueType": "StringArray", "values": groups}]
    rule = {"name": "members", "action": "Allow", "principal": {"jwt": {"provider": _PROVIDER, "claims": claims}}}
    login = oidc(offer.platform, offer.owner, offer.window)
    return {
        "oidc": login | {"forwardIDToken": {"header": ID_TOKEN_HEADER}},
        "jwt": {"providers": [_jwt(offer.platform, login["clientID"])]},
        "authorization": {"defaultAction": "Deny", "rules": [rule]},
    }


def _jwt(platform: Platform, client_id: str) -> dict[str, Any]:
    return {
        "name": _PROVIDER,
        "issuer": platform.spec.issuer,
        "audiences": [client_id],
        "remoteJWKS": {"uri": f"{platform.spec.issuer}/protocol/openid-connect/certs", "cacheDuration": "300s"},
        "extractFrom": {"headers": [{"name": ID_TOKEN_HEADER}]},
    }


def _grant(
    agency: Agency, chosen: Window, namespaces: Sequence[str], gateway_namespace: str, labels: Mapping[str, str]
) -> Manifest:
    """Lets the route policies of this window use its own client secret, and nothing else (IN-11)."""
    secret = chosen.sso.client_secret_ref or f"{agency.id}-oidc"
    sources = [{"group": ENVOY_API, "kind": "SecurityPolicy", "namespace": name} for name in namespaces]
    return manifest(
        f"{GATEWAY_API}/v1",
        "ReferenceGrant",
        f"{agency.id}-oidc",
        namespace=gateway_namespace,
        labels=labels,
        spec={"from": sources, "to": [{"group": "", "kind": "Secret", "name": secret}]},
    )


def _certificate(
    agency: Agency, chosen: Window, issuer: str, gateway_namespace: str, labels: Mapping[str, str]
) -> Manifest:
    name = f"{agency.id}-window-tls"
    return manifest(
        "cert-manager.io/v1",
        "Certificate",
        name,
        namespace=gateway_namespace,
        labels=labels,
        spec={
            "secretName": name,
            "dnsNames": [chosen.host],
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        },
    )
