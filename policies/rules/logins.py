"""IN: the national login before every route (IN-13), and that it is the national login indeed (IN-14).

As Envoy Gateway 1.9 reads SecurityPolicies: the nearest one counts (route, listener, ListenerSet, Gateway), and one on
a route replaces the listener's unless it merges. Of several on one object the oldest counts, which no file tells, so
each has to be right.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from components.estate.finding import Words
from components.manifests.login import PUBLIC_REASON
from policies.rules.attachments import (
    LISTENER_SET,
    LISTENERS,
    ROUTES,
    Door,
    door_of,
    find_door,
    only_redirects,
    parents,
)
from policies.rules.network import found
from policies.rules.ownership import NOBODY, is_exchanges, owner
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.targets import SECURITY_POLICY, security_policies, targeted

_MERGE: Final = "StrategicMerge"
_OFF: Final = (None, False)
"""What a switch of a policy reads as where it is off."""


def _is_behind_login(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge every route of an agency or the platform, and whoever else's attaches at the platform's gateway.

    TLSRoutes pass requests on unread, and no SecurityPolicy can be attached to one: nobody is ever asked there.
    """
    listed = list(parents(body))
    if only_redirects(body) or is_strangers(body, scene):
        return
    if text(body, "kind") == "TLSRoute":
        yield Problem(("kind",), Words("TLS passes through, unasked", "TLS بی هیچ پرسشی می‌گذرد"))
        return
    own = security_policies(body, scene)
    for policy, _ in own:
        if not _is_sound(policy, scene):
            shown = f"SecurityPolicy {namespace(policy)}/{name(policy)}"
            yield Problem(
                ("metadata", "name"),
                Words(
                    f"{shown} takes the login away and gives no reason",
                    f"{shown} ورود را برمی‌دارد و دلیلی نمی‌آورد",
                ),
            )
    if any(not one.section and replaces(one.policy) and namespace(one.policy) == namespace(body) for one in own):
        return
    if not listed:
        yield found(("spec", "parentRefs"), at(body, "spec", "parentRefs"))
    for parent in listed:
        counting = deciding(parent.door, parent.section, scene)
        if not counting or not all(asks(policy, scene) for policy in counting):
            shown = f"{parent.door.namespace}/{parent.door.name}"
            yield Problem(
                parent.path,
                Words(f"nobody is asked to log in at {shown}", f"در {shown} از کسی خواسته نمی‌شود وارد شود"),
            )


def is_strangers(route: Object, scene: Scene) -> bool:
    """Tell whether a route is neither an agency's nor the platform's, and not at the platform's gateway either.

    Those at the exchange are strangers to windows: no person comes there.
    """
    if is_exchanges(route, scene):
        return True
    gateway = scene.platform.spec.gateway.namespace
    is_nobodys = owner(route, scene) == NOBODY and bool(namespace(route))
    return is_nobodys and all(parent.door.namespace != gateway for parent in parents(route))


def replaces(policy: Object) -> bool:
    """Tell whether a route's policy takes the place of its listener's."""
    return text(policy, "spec", "mergeType") != _MERGE or "oidc" in mapping(policy, "spec")


def _is_sound(policy: Object, scene: Scene) -> bool:
    """Tell whether a route's policy keeps the login, brings one, or says why there is none."""
    has_reason = bool(text(policy, "metadata", "annotations", PUBLIC_REASON).strip())
    is_strict = "jwt" not in mapping(policy, "spec") or _demands_token(policy, scene)
    return has_reason or asks(policy, scene) or (not replaces(policy) and is_strict)


def asks(policy: Object, scene: Scene) -> bool:
    """Tell whether a policy sends whoever comes without a session to the national login."""
    oidc = mapping(policy, "spec", "oidc")
    is_skipped = oidc.get("passThroughAuthHeader") not in _OFF and not _demands_token(policy, scene)
    return text(oidc, "provider", "issuer") == scene.platform.spec.issuer and not is_skipped


def _demands_token(policy: Object, scene: Scene) -> bool:
    """Tell whether a policy refuses whoever comes without a token of the national login."""
    jwt = mapping(policy, "spec", "jwt")
    providers = items(jwt, "providers")
    is_theirs = all(text(provider, "issuer") == scene.platform.spec.issuer for provider in providers)
    return bool(providers) and is_theirs and jwt.get("optional") in _OFF and jwt.get("failOpen") in _OFF


def deciding(door: Door, section: str, scene: Scene) -> Sequence[Object]:
    """Return the policies that count at a listener of a door; none where none does, or there is no such door."""
    return scene.kept(("deciding", door, section), lambda: _deciding(door, section, scene))


def _deciding(door: Door, section: str, scene: Scene) -> Sequence[Object]:
    body = find_door(door, scene)
    if body is None:
        return ()
    own = [one for one in security_policies(body, scene) if namespace(one.policy) == door.namespace]
    exact = [one.policy for one in own if one.section and one.section == section]
    if exact:
        return exact
    whole = [one.policy for one in own if not one.section]
    if not whole and door.kind == LISTENER_SET:
        whole = [*deciding(door_of(at(body, "spec", "parentRef"), door.namespace), "", scene)]
    parts = [one.policy for one in own if one.section and not section]
    return [*whole, *parts] if whole else ()


def _is_the_national_login(body: Object, scene: Scene) -> Iterator[Problem]:
    spec = mapping(body, "spec")
    if is_exchanges(body, scene):
        return
    if "oidc" in spec:
        yield from _is_own_login(body, scene)
    if "jwt" in spec:
        yield from _is_own_token(body, scene)


def _is_own_login(body: Object, scene: Scene) -> Iterator[Problem]:
    oidc, path, platform = at(body, "spec", "oidc"), ("spec", "oidc"), scene.platform
    issuer = text(oidc, "provider", "issuer")
    if issuer != platform.spec.issuer or urlsplit(platform.spec.issuer).scheme != "https":
        yield found((*path, "provider", "issuer"), at(oidc, "provider", "issuer"))
    origin = f"{platform.spec.issuer}/"
    for field in ("authorizationEndpoint", "tokenEndpoint", "endSessionEndpoint"):
        endpoint = at(oidc, "provider", field)
        if endpoint is not None and not (isinstance(endpoint, str) and endpoint.startswith(origin)):
            yield found((*path, "provider", field), endpoint)
    if at(oidc, "provider", "backendRefs") is not None:
        yield found((*path, "provider", "backendRefs"), at(oidc, "provider", "backendRefs"))
    if not text(oidc, "clientID"):
        yield found((*path, "clientID"), at(oidc, "clientID"))
    hosts = {host for host in hosts_of(body, scene) if host and "*" not in host}
    if text(oidc, "redirectURL") not in {platform.callback(host) for host in hosts}:
        yield found((*path, "redirectURL"), at(oidc, "redirectURL"))
    domain = at(oidc, "cookieDomain")
    if domain is not None and domain not in [*hosts]:
        yield found((*path, "cookieDomain"), domain)


def _is_own_token(body: Object, scene: Scene) -> Iterator[Problem]:
    jwt, path, platform = at(body, "spec", "jwt"), ("spec", "jwt"), scene.platform
    clients = _clients(body, scene)
    for field in ("optional", "failOpen"):
        if mapping(jwt).get(field) not in _OFF:
            yield found((*path, field), at(jwt, field))
    if not items(jwt, "providers"):
        yield found((*path, "providers"), at(jwt, "providers"))
    for index, provider in enumerate(items(jwt, "providers")):
        place = (*path, "providers", index)
        if text(provider, "issuer") != platform.spec.issuer:
            yield found((*place, "issuer"), at(provider, "issuer"))
        audiences = items(provider, "audiences")
        if not audiences or sorted(map(str, audiences)) != clients:
            yield Problem(
                (*place, "audiences"),
                Words(
                    f"found {at(provider, 'audiences')!r} at the login of {', '.join(clients) or 'nobody'}",
                    f"یافته شد: {at(provider, 'audiences')!r} در ورود {'، '.join(clients) or 'هیچ‌کس'}",
                ),
            )
        if text(provider, "remoteJWKS", "uri") != platform.keys or at(provider, "localJWKS") is not None:
            yield found((*place, "remoteJWKS", "uri"), at(provider, "remoteJWKS", "uri"))


def _clients(policy: Object, scene: Scene) -> list[str]:
    """Return the clients in whose login a policy takes part: its own, or those at its routes' listeners."""
    own = text(policy, "spec", "oidc", "clientID")
    if own:
        return [own]
    logins = {
        text(login, "spec", "oidc", "clientID")
        for route, _ in targeted(policy, ROUTES, scene)
        for parent in parents(route)
        for login in deciding(parent.door, parent.section, scene)
    }
    return sorted(logins - {""})


def hosts_of(policy: Object, scene: Scene) -> Sequence[str]:
    """Return the hosts of what a policy is attached to."""
    return scene.kept(("hosts", id(policy)), lambda: tuple(_hosts(policy, scene)))


def _hosts(policy: Object, scene: Scene) -> Iterator[str]:
    for body, section in targeted(policy, LISTENERS, scene):
        for listener in items(body, "spec", "listeners"):
            if section in {"", text(listener, "name")}:
                yield text(listener, "hostname")
    for route, _ in targeted(policy, ROUTES, scene):
        yield from (host for host in items(route, "spec", "hostnames") if isinstance(host, str))


RULES: Final = (
    Rule(
        id="IN-13",
        name="route-behind-login",
        title=Words(
            "Every route is behind the national login, or says why it is open to all",
            "هر مسیر پشت درگاه ملی ورود است یا می‌گوید چرا بر همه باز است",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("kubescape C-0266", "kubescape C-0274", "UDS Package sso"),
        remedy=Words(
            "attach the route where a SecurityPolicy asks to log in; a policy on the route itself merges into that one "
            f"(`mergeType: {_MERGE}`), or carries the reason in the annotation {PUBLIC_REASON}",
            "مسیر را به جایی بپیوندید که SecurityPolicy آن ورود می‌خواهد؛ سیاست خود مسیر در آن ادغام می‌شود "
            f"(`mergeType: {_MERGE}`) یا دلیل را در حاشیه‌نویسی {PUBLIC_REASON} می‌آورد",
        ),
        kinds=ROUTES,
        check=_is_behind_login,
    ),
    Rule(
        id="IN-14",
        name="login-national",
        title=Words(
            "A login is the national one, and sends people back to the window's own host",
            "ورود همان ورود ملی است و مردم را به میزبان خود پنجره بازمی‌گرداند",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("UDS and Keycloak practice: redirect URIs",),
        remedy=Words(
            "use the platform's issuer and keys, the window's client as audience, and as redirect its https address "
            "with the callback path",
            "صادرکننده و کلیدهای سکو، کارخواه پنجره به عنوان مخاطب، و برای بازگشت نشانی https همان پنجره با مسیر "
            "بازگشت را به کار ببرید",
        ),
        kinds=frozenset({SECURITY_POLICY}),
        check=_is_the_national_login,
    ),
)
