"""Windows: no route without its policy, nobody in another's window, one login, and no secret."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from components.estate.estate import Agency, Estate
from components.estate.profile import AgencyProfile, EnvironmentName, Service
from components.manifests import build
from components.manifests.kinds import Order, order_of
from components.manifests.login import ID_TOKEN_HEADER
from components.manifests.manifest import Manifest
from components.manifests.window import RULES_MAX
from scripts.report.manifests import dump
from stacks.declaration import Declaration, declaration, declarations

GATEWAY_NAMESPACE = "govcloud-gateway"
EXCHANGE_NAMESPACE = "govcloud-exchange"
METADATA_NAME = "kubernetes.io/metadata.name"
REASON = "govcloud.internal/public-reason"
HTTP_ROUTE = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}


class Found(NamedTuple):
    """A manifest and whose it is."""

    owner: str
    manifest: Manifest

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.manifest["spec"]
        return spec


def of_windows(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """Leave out what stands at the exchange: no window, and test_exchange.py speaks of it."""
    return (m for m in manifests if m["metadata"].get("namespace") != EXCHANGE_NAMESPACE)


def found(declared: tuple[Declaration, ...], kind: str) -> list[Found]:
    """Return all of a kind that agencies own for windows."""
    tenants = [d for d in declared if d.owner != "platform"]
    listed = [Found(d.owner, m) for d in tenants for m in of_windows(d.manifests) if m["kind"] == kind]
    assert listed, f"no {kind} at all"
    return listed


def of_the_gateway(platform: Declaration, kind: str) -> Manifest:
    """Return the one manifest of a kind that the platform has for all windows."""
    (only,) = (m for m in of_windows(platform.manifests) if m["kind"] == kind)
    return only


def targets(policy: Found) -> Iterator[tuple[str, str, str]]:
    for ref in policy.spec["targetRefs"]:
        assert ref.keys() == {"group", "kind", "name"}  # of its own namespace, by name, never by selector
        yield policy.namespace, ref["kind"], ref["name"]


def guarded(declared: tuple[Declaration, ...]) -> set[tuple[str, str, str]]:
    return {target for policy in found(declared, "SecurityPolicy") for target in targets(policy)}


def own_policies(declared: tuple[Declaration, ...]) -> dict[tuple[str, str], Found]:
    """Return the policies of single services, by namespace and name of the route."""
    policies = [p for p in found(declared, "SecurityPolicy") if not is_home(p)]
    return {(n, name): p for p in policies for n, kind, name in targets(p) if kind == "HTTPRoute"}


def services(estate: Estate) -> Iterator[tuple[Agency, Service, Agency]]:
    """Yield every service that production offers in a window: whose it is, and whose window that is."""
    for agency in estate.agencies:
        for service in agency.profile.spec.services:
            if service.window is not None:
                parent = estate.agency(agency.profile.spec.identity.parent or "")
                owner = agency if service.window.offered_in == "own" else parent
                assert owner is not None
                yield agency, service, owner


# Routes


def test_no_route_is_without_a_policy(declared: tuple[Declaration, ...]) -> None:
    behind = guarded(declared)
    for route in found(declared, "HTTPRoute"):
        (parent,) = route.spec["parentRefs"]
        listener = (parent["namespace"], "ListenerSet", parent["name"])
        assert listener in behind, "no login on the listener"
        assert (route.namespace, "HTTPRoute", route.name) in behind or is_plain(route.manifest, declared)


def is_plain(route: Manifest, declared: tuple[Declaration, ...]) -> bool:
    """Whether all who logged in may enter: then the listener's policy is enough."""
    cards = set(route["metadata"].get("annotations", {}).get("govcloud.internal/cards", "").split(","))
    access = {card: policy for d in declared if d.owner != "platform" for card, policy in restricted(d).items()}
    return not cards & access.keys()


def restricted(one: Declaration) -> dict[str, str]:
    """Return the cards of routes with a policy of their own."""
    own = tuple(of_windows(one.manifests))
    named = {(n, name) for p in own if p["kind"] == "SecurityPolicy" for n, _, name in targets(Found("", p))}
    return {
        m["metadata"]["annotations"]["govcloud.internal/cards"]: m["metadata"]["name"]
        for m in own
        if m["kind"] == "HTTPRoute" and (m["metadata"]["namespace"], m["metadata"]["name"]) in named
        if not is_home(Found(one.owner, m))
    }


def test_every_policy_and_listener_comes_before_every_route(declared: tuple[Declaration, ...]) -> None:
    for one in declared:
        orders = [order_of(manifest) for manifest in one.manifests]
        assert orders == sorted(orders)
    assert all(order_of(f.manifest) is Order.ROUTE for f in found(declared, "HTTPRoute"))
    assert all(order_of(f.manifest) < Order.ROUTE for k in DOORS for f in found(declared, k))


DOORS = ("SecurityPolicy", "ListenerSet", "BackendTrafficPolicy")


def test_a_route_names_its_listener_and_nothing_else(declared: tuple[Declaration, ...], estate: Estate) -> None:
    hosts = {agency.id: agency.profile.spec.window.host for agency in estate.agencies if agency.profile.spec.window}
    parents = {agency.id: agency.profile.spec.identity.parent for agency in estate.agencies}
    for route in found(declared, "HTTPRoute"):
        assert route.namespace == f"{route.owner}-production"
        (parent,) = route.spec["parentRefs"]
        assert parent == {
            "group": "gateway.networking.k8s.io",
            "kind": "ListenerSet",
            "namespace": GATEWAY_NAMESPACE,
            "name": parent["name"],
            "sectionName": "https",
        }
        assert parent["name"] in {route.owner, parents[route.owner]}
        assert route.spec["hostnames"] == [hosts[parent["name"]]]
        assert "*" not in dump([route.manifest])


def is_login(route: Found) -> bool:
    return route.name == f"{route.owner}-login"


def is_home(route: Found) -> bool:
    return route.name == f"{route.owner}-home"


def to_services(declared: tuple[Declaration, ...]) -> list[Found]:
    return [route for route in found(declared, "HTTPRoute") if not is_login(route) and not is_home(route)]


def test_every_window_has_a_way_back_from_the_login_that_reaches_no_backend(
    declared: tuple[Declaration, ...], certified: Estate
) -> None:
    windows = [agency.id for agency in certified.agencies if agency.profile.spec.window]
    for at, port in ((declared, 443), (declarations(certified), 8443)):
        routes = [route for route in found(at, "HTTPRoute") if is_login(route)]
        assert [route.owner for route in routes] == windows
        for route in routes:
            assert route.spec["parentRefs"][0]["name"] == route.owner
            assert (route.namespace, "HTTPRoute", route.name) not in guarded(at), "the listener's login, no other"
            paths = [rule["matches"] for rule in route.spec["rules"]]
            wanted = ("/oauth2/callback", "/logout")
            assert paths == [[{"path": {"type": "Exact", "value": path}}] for path in wanted]
            for rule in route.spec["rules"]:
                assert rule.keys() == {"matches", "filters"}
                (only,) = rule["filters"]
                assert only["requestRedirect"].keys() == {"scheme", "port", "path", "statusCode"}  # its own host
                assert (only["requestRedirect"]["scheme"], only["requestRedirect"]["port"]) == ("https", port)


def test_the_bare_host_shows_nothing_and_sends_to_the_national_window(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    homes = {route.owner: route for route in found(declared, "HTTPRoute") if is_home(route)}
    portal = estate.platform.spec.national_window
    assert portal is not None
    policies = {p.owner: p for p in found(declared, "SecurityPolicy") if is_home(p)}
    for agency in estate.agencies:
        window = agency.profile.spec.window
        at_root = any(s.window and s.window.path == "/" for s in agency.profile.spec.services)
        assert (agency.id in homes) is (window is not None and not at_root)
    for owner, route in homes.items():
        (rule,) = route.spec["rules"]
        assert rule["matches"] == [{"path": {"type": "Exact", "value": "/"}}]
        assert rule.keys() == {"matches", "filters"}
        (only,) = rule["filters"]
        assert only["requestRedirect"]["hostname"] == portal.host
        assert policies[owner].spec.keys() == {"targetRefs", "authorization"}
        assert policies[owner].manifest["metadata"]["annotations"][REASON]


def test_a_service_at_the_bare_host_takes_its_place(estate: Estate) -> None:
    def at_root(profile: AgencyProfile) -> AgencyProfile:
        first = profile.spec.services[0]
        assert first.window
        place = msgspec.structs.replace(first.window, path="/")
        return with_spec(profile, services=(msgspec.structs.replace(first, window=place),))

    names = {m["metadata"]["name"] for m in tenant(estate, "irica", at_root)}
    assert "irica-login" in names
    assert "irica-home" not in names


def test_a_route_has_few_enough_rules_and_each_is_whole(declared: tuple[Declaration, ...]) -> None:
    numbers = set()
    for route in to_services(declared):
        numbers.add(len(route.spec["rules"]))
        for rule in route.spec["rules"]:
            (match,) = rule["matches"]
            assert match["path"]["type"] == "PathPrefix"
            (backend,) = rule["backendRefs"]
            assert backend.keys() == {"group", "kind", "name", "port", "weight"}  # no namespace: its own only
            (strip,) = rule["filters"]
            assert strip["requestHeaderModifier"] == {"remove": [ID_TOKEN_HEADER]}
    assert max(numbers) == RULES_MAX
    assert min(numbers) > 0


def is_socket(rule: dict[str, Any]) -> bool:
    return "headers" in rule["matches"][0]


def test_limits_of_a_service_are_its_own_and_the_gateways_hold_elsewhere(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    limits = {
        (policy.namespace, ref["name"], ref["sectionName"]): policy.spec
        for policy in found(declared, "BackendTrafficPolicy")
        for ref in policy.spec["targetRefs"]
    }
    wanted = {s.card_id: s.backend for _, s, _ in services(estate) if s.backend}
    used = set()
    for route in to_services(declared):
        cards = iter(route.manifest["metadata"]["annotations"]["govcloud.internal/cards"].split(","))
        sockets: list[str] = []
        for rule in route.spec["rules"]:
            limit = limits.get((route.namespace, route.name, rule["name"]))
            used.add((route.namespace, route.name, rule["name"]))
            if is_socket(rule):
                sockets.append(rule["name"].removesuffix("-socket"))
                assert rule["timeouts"] == {"request": "0s"}
                origin = {"type": "Exact", "name": "origin", "value": f"https://{route.spec['hostnames'][0]}"}
                assert origin in rule["matches"][0]["headers"], "another agency's page is of the same site"
                assert limit is not None
                assert limit["httpUpgrade"] == [{"type": "websocket"}]
                continue
            backend = wanted[card := next(cards)]
            assert rule["name"] == f"{card.lower()}-card"
            assert (card.lower() in sockets) is backend.web_socket
            assert rule["timeouts"] == {"request": f"{backend.timeout_seconds}s"}
            assert (limit is None) is (backend.max_upload_mib == 10)
            assert limit is None or limit["requestBuffer"] == {"limit": f"{backend.max_upload_mib}Mi"}
        assert next(cards, None) is None
    assert limits.keys() <= used
    assert {"httpUpgrade", "requestBuffer"} <= {key for limit in limits.values() for key in limit}
    default = of_the_gateway(declared[0], "BackendTrafficPolicy")
    assert default["spec"]["requestBuffer"] == {"limit": "10Mi"}


def test_every_service_of_a_window_has_exactly_one_rule(declared: tuple[Declaration, ...], estate: Estate) -> None:
    wanted = {
        (owner.profile.spec.window.host, service.window.path, agency.id, service.backend.app)
        for agency, service, owner in services(estate)
        if owner.profile.spec.window and service.window and service.backend
    }
    routed = Counter(
        (route.spec["hostnames"][0], rule["matches"][0]["path"]["value"], route.owner, rule["backendRefs"][0]["name"])
        for route in to_services(declared)
        for rule in route.spec["rules"]
        if not is_socket(rule)
    )
    assert routed.keys() == wanted
    assert set(routed.values()) == {1}


# Listeners


def test_a_listener_has_the_exact_host_and_lets_in_only_whom_it_must(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    inside = {agency.id: {f"{agency.id}-production"} for agency in estate.agencies}
    for agency, _, owner in services(estate):
        inside[owner.id].add(f"{agency.id}-production")
    windows = {agency.id: agency.profile.spec.window for agency in estate.agencies}
    for listener in found(declared, "ListenerSet"):
        window = windows[listener.owner]
        assert window is not None
        assert (listener.namespace, listener.name) == (GATEWAY_NAMESPACE, listener.owner)
        assert listener.spec["parentRef"]["name"] == estate.platform.spec.gateway.name
        (https,) = listener.spec["listeners"]
        assert (https["hostname"], https["protocol"], https["tls"]["mode"]) == (window.host, "HTTPS", "Terminate")
        assert all("namespace" not in ref for ref in https["tls"]["certificateRefs"])
        allowed = https["allowedRoutes"]
        assert allowed["kinds"] == [HTTP_ROUTE]
        assert allowed["namespaces"]["from"] == "Selector"
        (expression,) = allowed["namespaces"]["selector"]["matchExpressions"]
        names = sorted(inside[listener.owner])
        assert expression == {"key": METADATA_NAME, "operator": "In", "values": names}
        assert allowed["namespaces"] == {"from": "Selector", "selector": {"matchExpressions": [expression]}}


def test_every_window_has_one_listener_one_login_and_no_host_is_there_twice(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    windows = sorted(agency.id for agency in estate.agencies if agency.profile.spec.window)
    assert sorted(listener.owner for listener in found(declared, "ListenerSet")) == windows
    logins = [name for _, kind, name in sorted(guarded(declared)) if kind == "ListenerSet"]
    assert sorted(logins) == windows
    hosts = [listener.spec["listeners"][0]["hostname"] for listener in found(declared, "ListenerSet")]
    assert len(set(hosts)) == len(hosts)


def test_the_gateway_takes_listeners_of_its_own_namespace_and_plain_http_only_redirects(
    declared: tuple[Declaration, ...], certified: Estate
) -> None:
    for platform, port in ((declared[0], 443), (declaration(certified, "platform"), 8443)):
        gateway = of_the_gateway(platform, "Gateway")
        assert gateway["spec"]["allowedListeners"] == {"namespaces": {"from": "Same"}}
        (http,) = gateway["spec"]["listeners"]
        assert (http["protocol"], http["allowedRoutes"]["namespaces"]) == ("HTTP", {"from": "Same"})
        assert http["allowedRoutes"]["kinds"] == [HTTP_ROUTE]
        (route,) = (m for m in platform.manifests if m["metadata"]["name"] == "redirect-to-https")
        assert [ref["sectionName"] for ref in route["spec"]["parentRefs"]] == ["http"]
        (rule,) = route["spec"]["rules"]
        assert "backendRefs" not in rule
        redirect = {"scheme": "https", "port": port, "statusCode": 301}
        assert rule["filters"] == [{"type": "RequestRedirect", "requestRedirect": redirect}]
        limits = of_the_gateway(platform, "ClientTrafficPolicy")
        assert limits["spec"]["tls"] == {"minVersion": "1.2"}


# The login


def logins(declared: tuple[Declaration, ...]) -> list[tuple[Found, dict[str, Any]]]:
    policies = found(declared, "SecurityPolicy")
    return [(policy, policy.spec["oidc"]) for policy in policies if "oidc" in policy.spec]


def test_the_login_is_the_national_one_and_its_way_back_is_the_windows(
    declared: tuple[Declaration, ...], certified: Estate
) -> None:
    hosts = {agency.id: agency.profile.spec.window.host for agency in certified.agencies if agency.profile.spec.window}
    for at, port in ((declared, ""), (declarations(certified), ":8443")):
        for policy, oidc in logins(at):
            assert oidc["provider"] == {"issuer": certified.platform.spec.issuer}
            assert oidc["redirectURL"] == f"https://{hosts[oidc['clientID']]}{port}/oauth2/callback"
            assert oidc["logoutPath"] == "/logout"
            assert "cookieDomain" not in oidc, "a cookie of one host is of no other"
            assert policy.spec.keys() <= {"targetRefs", "oidc", "jwt", "authorization"}
            assert "mergeType" not in policy.spec


def test_two_agencies_share_neither_client_nor_secret_nor_cookies(declared: tuple[Declaration, ...]) -> None:
    windows: dict[str, set[str]] = {}
    for _, oidc in logins(declared):
        mine = {oidc["clientID"], oidc["clientSecret"]["name"], *oidc["cookieNames"].values()}
        assert len(mine) == 4
        windows.setdefault(oidc["redirectURL"], set()).update(mine)
    assert {len(names) for names in windows.values()} == {4}
    everything = [name for names in windows.values() for name in names]
    assert len(set(everything)) == len(everything)


def test_a_token_goes_on_only_where_the_profile_asks_for_it(declared: tuple[Declaration, ...], estate: Estate) -> None:
    asked = {a.id: a.profile.spec.window.sso.forward_token for a in estate.agencies if a.profile.spec.window}
    assert any(asked.values())
    for policy, oidc in logins(declared):
        assert oidc["forwardAccessToken"] is asked[oidc["clientID"]], policy.owner


def test_no_client_secret_is_anywhere(declared: tuple[Declaration, ...]) -> None:
    for one in declared:
        assert not [m for m in one.manifests if m["kind"] == "Secret"]
    for _, oidc in logins(declared):
        assert oidc["clientSecret"].keys() == {"group", "kind", "name", "namespace"}
        assert oidc["clientSecret"]["namespace"] == GATEWAY_NAMESPACE


def test_no_secret_is_granted_to_anybody(declared: tuple[Declaration, ...]) -> None:
    for grant in found(declared, "ReferenceGrant"):  # the exchange's way to Services, by their names
        assert [(ref["group"], ref["kind"], "name" in ref) for ref in grant.spec["to"]] == [("", "Service", True)]
    for policy, oidc in logins(declared):
        assert policy.namespace == oidc["clientSecret"]["namespace"]


# Who may enter


def by_card(declared: tuple[Declaration, ...]) -> dict[str, dict[str, Any]]:
    """Return the body of each policy of a single service."""
    return {
        route_of(declared, namespace, name)["metadata"]["annotations"]["govcloud.internal/cards"]: policy.spec
        for (namespace, name), policy in own_policies(declared).items()
    }


def groups_of(spec: dict[str, Any], action: str) -> list[str]:
    """Return the groups of the one rule of this policy that has this action."""
    (rule,) = (rule for rule in spec["authorization"]["rules"] if rule["action"] == action)
    (claim,) = rule["principal"]["jwt"]["claims"]
    (provider,) = spec["jwt"]["providers"]
    assert rule["principal"]["jwt"]["provider"] == provider["name"]
    assert (claim["name"], claim["valueType"]) == ("groups", "StringArray")
    groups: list[str] = claim["values"]
    return groups


def test_groups_are_the_agencys_own_and_everybody_else_is_refused(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    policies = by_card(declared)
    listed = [(agency, service) for agency, service, _ in services(estate) if service.access.policy == "groups"]
    assert listed
    for agency, service in listed:
        spec = policies[service.card_id]
        assert spec["authorization"]["defaultAction"] == "Deny"
        licensed = [operator.group for operator in estate.licensed(service.card_id)]
        own = [f"{agency.id}:{role}" for role in service.access.groups]
        assert groups_of(spec, "Allow") == own + licensed
        assert len(spec["authorization"]["rules"]) == 1


def test_a_licensed_operator_enters_the_services_of_its_licence_and_no_other(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    policies = by_card(declared)
    everybody = {"operator", *(operator.group for operator in estate.operators)}
    assert len(everybody) > 2
    for policy, _ in logins(declared):
        assert policy.spec["authorization"]["defaultAction"] == "Allow"
        assert set(groups_of(policy.spec, "Deny")) == everybody
        assert len(policy.spec["authorization"]["rules"]) == 1
    licensed = 0
    for _, service, _ in services(estate):
        inside = {operator.group for operator in estate.licensed(service.card_id)}
        if service.access.policy == "login" and inside:
            licensed += 1
            assert policies[service.card_id]["authorization"]["defaultAction"] == "Allow"
            assert set(groups_of(policies[service.card_id], "Deny")) == everybody - inside
            assert set(groups_of(policies[service.card_id], "Allow")) == inside
            actions = [rule["action"] for rule in policies[service.card_id]["authorization"]["rules"]]
            assert actions == ["Allow", "Deny"], "its people are among all operators' too: the first rule decides"
        elif service.access.policy == "login":
            assert service.card_id not in policies, "the listener's policy, which bars all operators"
    assert licensed > 1


def test_a_licence_opens_nothing_before_it_begins_and_after_it_ends(estate: Estate) -> None:
    (operator,) = (o for o in estate.operators if o.id == "hamrah-nemuneh")
    card = next(card for card in operator.licence.services if card.startswith("IRICA"))
    begin, end = (day.begins(estate.platform.zone) for day in (operator.licence.since, operator.licence.until) if day)
    second = timedelta(seconds=1)
    for moment, is_open in ((begin - second, False), (begin, True), (end - second, True), (end, False)):
        at = msgspec.structs.replace(estate, as_of=moment)
        policies = by_card((declaration(at, "irica"),))
        assert (card in policies) is is_open


def test_an_operator_that_is_no_longer_registered_stays_out(estate: Estate) -> None:
    nobody = declaration(msgspec.structs.replace(estate, operators=()), "irica")
    for policy, _ in logins((nobody,)):
        assert groups_of(policy.spec, "Deny") == ["operator"]


def test_a_policy_of_one_service_keeps_the_login_of_its_listener(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    windows = {(p.namespace, name): p.spec for p in found(declared, "SecurityPolicy") for _, k, name in targets(p)
               if k == "ListenerSet"}  # fmt: skip
    merged = 0
    for (namespace, name), policy in own_policies(declared).items():
        if REASON in policy.manifest["metadata"].get("annotations", {}):
            assert "mergeType" not in policy.spec, "it replaces the listener's"
            continue
        merged += 1
        (parent,) = route_of(declared, namespace, name)["spec"]["parentRefs"]
        listener = windows[parent["namespace"], parent["name"]]
        assert policy.spec["mergeType"] == "StrategicMerge"
        assert "oidc" not in policy.spec, "client and cookies are the listener's"
        assert policy.spec["jwt"] == listener["jwt"]
    assert merged > 5
    for spec in windows.values():
        (provider,) = spec["jwt"]["providers"]
        assert provider["issuer"] == estate.platform.spec.issuer
        assert provider["audiences"] == [spec["oidc"]["clientID"]]
        assert provider["extractFrom"] == {"headers": [{"name": spec["oidc"]["forwardIDToken"]["header"]}]}


def route_of(declared: tuple[Declaration, ...], namespace: str, name: str) -> Manifest:
    (route,) = (r for r in found(declared, "HTTPRoute") if (r.namespace, r.name) == (namespace, name))
    services_of = [rule for rule in route.spec["rules"] if not is_socket(rule)]
    assert len(services_of) == 1, "a policy of its own is one service's"
    return route.manifest


def test_what_is_public_says_why_and_nothing_else_is_open(declared: tuple[Declaration, ...], estate: Estate) -> None:
    wanted = {s.card_id: s.access.reason for _, s, _ in services(estate) if s.access.policy == "public"}
    opened = {}
    for (namespace, name), policy in own_policies(declared).items():
        annotations = policy.manifest["metadata"].get("annotations", {})
        if "jwt" not in policy.spec:
            assert policy.spec.keys() == {"targetRefs", "authorization"}
            card = route_of(declared, namespace, name)["metadata"]["annotations"]["govcloud.internal/cards"]
            opened[card] = annotations[REASON]
        else:
            assert REASON not in annotations
    assert opened == wanted
    assert all(opened.values())


def test_a_claim_goes_on_only_for_a_stated_purpose_and_nobody_can_send_it_from_outside(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    limits = of_the_gateway(declared[0], "ClientTrafficPolicy")
    removed = limits["spec"]["headers"]["earlyRequestHeaders"]["remove"]
    assert ID_TOKEN_HEADER in removed
    asked = {a.id: a.profile.spec.window.sso.claims for a in estate.agencies if a.profile.spec.window}
    assert any(asked.values())
    for policy, _ in logins(declared):
        (provider,) = policy.spec["jwt"]["providers"]
        passed = provider.get("claimToHeaders", [])
        assert [one["claim"] for one in passed] == [claim.name for claim in asked[policy.owner]]
        assert {one["header"] for one in passed} <= set(removed)


def test_a_session_lasts_as_long_as_the_incident_level_allows(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    minutes = {1: "480m", 2: "240m", 3: "60m"}
    levels = {agency.id: agency.profile.spec.identity.incident_system_level for agency in estate.agencies}
    assert set(levels.values()) == set(minutes)
    for policy, oidc in logins(declared):
        assert oidc["defaultRefreshTokenTTL"] == minutes[levels[policy.owner]]
    assert estate.platform.session_minutes(5) == 60, "a level that nobody listed takes the shortest"


def test_every_app_of_a_window_is_drained_one_pod_at_a_time(declared: tuple[Declaration, ...], estate: Estate) -> None:
    wanted = {(f"{a.id}-production", s.backend.app) for a, s, _ in services(estate) if s.backend}
    budgets = found(declared, "PodDisruptionBudget")
    assert {(b.namespace, b.name) for b in budgets} == wanted
    for budget in budgets:
        assert budget.spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": budget.name}}
        assert budget.spec["maxUnavailable"] == 1


# Certificates


def test_a_certificate_is_asked_for_only_where_the_platform_makes_them(
    declared: tuple[Declaration, ...], certified: Estate
) -> None:
    assert not [m for d in declared for m in d.manifests if m["kind"] == "Certificate"]
    at = declarations(certified)
    listeners = {listener.owner: listener.spec["listeners"][0] for listener in found(at, "ListenerSet")}
    certificates = found(at, "Certificate")
    assert {c.owner for c in certificates} == listeners.keys()
    for certificate in certificates:
        https = listeners[certificate.owner]
        assert certificate.namespace == GATEWAY_NAMESPACE
        assert certificate.spec["dnsNames"] == [https["hostname"]]
        assert [ref["name"] for ref in https["tls"]["certificateRefs"]] == [certificate.spec["secretName"]]
        assert https["port"] == 8443


def test_a_given_certificate_and_a_given_client_secret_are_used(certified: Estate) -> None:
    def given(profile: AgencyProfile) -> AgencyProfile:
        window = profile.spec.window
        assert window is not None
        sso = msgspec.structs.replace(window.sso, client_secret_ref="given-secret")  # noqa: S106  # a Secret's name
        window = msgspec.structs.replace(window, certificate_ref="given-tls", sso=sso)
        return with_spec(profile, window=window)

    made = tenant(certified, "irica", given)
    assert not [m for m in made if m["kind"] == "Certificate"]
    (listener,) = (m for m in made if m["kind"] == "ListenerSet")
    assert listener["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"] == "given-tls"
    secrets = {m["spec"]["oidc"]["clientSecret"]["name"] for m in made if "oidc" in m.get("spec", {})}
    assert secrets == {"given-secret"}


# What an agency does not have


def with_spec(profile: AgencyProfile, **changes: Any) -> AgencyProfile:
    return msgspec.structs.replace(profile, spec=msgspec.structs.replace(profile.spec, **changes))


def tenant(estate: Estate, agency_id: str, change: Any, of: str = "") -> tuple[Manifest, ...]:
    """Return what `of` declares for windows, or the agency itself, once the agency is changed."""
    agencies = tuple(
        msgspec.structs.replace(a, profile=change(a.profile)) if a.id == agency_id else a for a in estate.agencies
    )
    changed = msgspec.structs.replace(estate, agencies=agencies)
    agency = changed.agency(of or agency_id)
    assert agency is not None
    return tuple(of_windows(build.tenant(changed, agency)))


@pytest.mark.parametrize("lacks", ["window", "production"])
def test_without_a_window_or_without_production_there_is_no_route_and_no_listener(estate: Estate, lacks: str) -> None:
    def change(profile: AgencyProfile) -> AgencyProfile:
        if lacks == "window":
            return with_spec(profile, window=None)
        kept = (e for e in profile.spec.environments if e.name is not EnvironmentName.PRODUCTION)
        return with_spec(profile, environments=tuple(kept))

    window = {"HTTPRoute", "ListenerSet", "SecurityPolicy", "BackendTrafficPolicy", "Certificate"}
    assert {m["kind"] for m in tenant(estate, "maj", lambda profile: profile, of="ashayer")} & window == {"HTTPRoute"}
    assert not {m["kind"] for m in tenant(estate, "maj", change)} & window
    assert not {m["kind"] for m in tenant(estate, "maj", change, of="ashayer")} & window


def test_a_childs_restricted_service_expects_the_parents_client_in_the_parents_window(estate: Estate) -> None:
    def restrict(profile: AgencyProfile) -> AgencyProfile:
        access = msgspec.structs.replace(profile.spec.services[0].access, policy="groups", groups=("clerk",))
        first = msgspec.structs.replace(profile.spec.services[0], access=access)
        return with_spec(profile, services=(first, *profile.spec.services[1:]))

    (policy,) = (m for m in tenant(estate, "ashayer", restrict) if m["kind"] == "SecurityPolicy")
    assert policy["spec"]["jwt"]["providers"][0]["audiences"] == ["maj"]
    (claim,) = policy["spec"]["authorization"]["rules"][0]["principal"]["jwt"]["claims"]
    assert claim["values"] == ["ashayer:clerk"]
