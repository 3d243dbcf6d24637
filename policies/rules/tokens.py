"""IN-19: tokens stay at the gateway: services get what the profile asks for, and nobody speaks in the gateway's name.

Envoy Gateway's nearest policy of a kind counts, so whatever is attached below the gateway has to be as strict.
"""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import PathPart, Words
from components.estate.profile import Sso
from components.manifests.gateway import GATEWAY_API, LUA
from components.manifests.login import ENVOY_API, ID_TOKEN_HEADER, own_headers
from policies.rules.attachments import GATEWAY, parents
from policies.rules.logins import deciding, hosts_of, replaces
from policies.rules.network import found
from policies.rules.ownership import is_exchanges, objects
from policies.rules.places import windows
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.targets import SECURITY_POLICY, security_policies, targets

_ROUTE: Final = f"{GATEWAY_API}/HTTPRoute"
_CLIENTS: Final = f"{ENVOY_API}/ClientTrafficPolicy"
_EXTENSION: Final = f"{ENVOY_API}/EnvoyExtensionPolicy"
_ATTACHMENT: Final = frozenset({"targetRef", "targetRefs", "targetSelectors"})
_SCRIPT: Final = {"lua": [{"type": "Inline", "inline": LUA}]}
_OFF: Final = (None, False)
_NO_TOKENS: Final = Sso()
"""What a login may pass on whose window is in no profile: nothing."""


def _keeps_tokens(body: Object, scene: Scene) -> Iterator[Problem]:
    kind = kind_of(body)
    if is_exchanges(body, scene):
        return
    if kind == GATEWAY:
        yield from _has_both(body, scene)
    elif kind == _EXTENSION:
        spec = {key: value for key, value in mapping(body, "spec").items() if key not in _ATTACHMENT}
        if spec != _SCRIPT:
            yield Problem(
                ("spec",),
                Words("it runs something else than the platform's script", "چیزی جز برنامهٔ خود سکو را اجرا می‌کند"),
            )
    elif kind == _CLIENTS:
        yield from _removes_own_headers(body, scene)
    elif kind == SECURITY_POLICY:
        yield from _passes_on_what_is_declared(body, scene)
    else:
        yield from _hands_no_token_on(body, scene)


def _has_both(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge the platform's gateway: its script, and what it removes, hold for whatever has no policy of its own."""
    gateway = scene.platform.spec.gateway
    if (namespace(body), name(body)) != (gateway.namespace, gateway.name):
        return
    for kind in (_EXTENSION, _CLIENTS):
        if not any(targets(policy, body) for policy in objects(scene, kind, namespace(body))):
            short = kind.rpartition("/")[2]
            yield Problem(
                ("metadata", "name"),
                Words(f"no {short} is attached to it", f"هیچ {short} به آن پیوسته نیست"),
            )


def _removes_own_headers(body: Object, scene: Scene) -> Iterator[Problem]:
    path = ("spec", "headers", "earlyRequestHeaders")
    removed = {str(header).lower() for header in items(body, *path, "remove")}
    for header in own_headers(scene.platform):
        if header not in removed:
            yield Problem(
                (*path, "remove"),
                Words(f"a request may bring {header} along", f"درخواست می‌تواند {header} را با خود بیاورد"),
            )
    for field in ("add", "addIfAbsent", "set"):
        for index, header in enumerate(items(body, *path, field)):
            if text(header, "name").lower() in own_headers(scene.platform):
                yield found((*path, field, index, "name"), at(header, "name"))


def _passes_on_what_is_declared(body: Object, scene: Scene) -> Iterator[Problem]:
    sso, spec = _sso(body, scene), mapping(body, "spec")
    if "oidc" in spec:
        path, oidc = ("spec", "oidc"), mapping(spec, "oidc")
        if oidc.get("forwardAccessToken") not in ((*_OFF, True) if sso.forward_token else _OFF):
            yield found((*path, "forwardAccessToken"), oidc.get("forwardAccessToken"))
        if oidc.get("disableTokenEncryption") not in _OFF:
            yield found((*path, "disableTokenEncryption"), oidc.get("disableTokenEncryption"))
        header = text(oidc, "forwardIDToken", "header")
        if oidc.get("forwardIDToken") is not None and header != ID_TOKEN_HEADER:
            yield found((*path, "forwardIDToken", "header"), at(oidc, "forwardIDToken", "header"))
    declared = {claim.name for claim in sso.claims}
    for index, provider in enumerate(items(spec, "jwt", "providers")):
        for place, claim in enumerate(items(provider, "claimToHeaders")):
            here = ("spec", "jwt", "providers", index, "claimToHeaders", place)
            if text(claim, "claim") not in declared:
                yield found((*here, "claim"), at(claim, "claim"))
            if text(claim, "header").lower() not in own_headers(scene.platform):
                yield found((*here, "header"), at(claim, "header"))


def _sso(policy: Object, scene: Scene) -> Sso:
    """Return what the profile of the policy's window says of its login."""
    for host in hosts_of(policy, scene):
        agency = windows(scene).get(host)
        if agency is not None and agency.profile.spec.window is not None:
            return agency.profile.spec.window.sso
    return _NO_TOKENS


def _hands_no_token_on(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge a route behind a login that puts the identity token into a header: it takes that off again."""
    own = [one.policy for one in security_policies(body, scene)]
    above = [policy for parent in parents(body) for policy in deciding(parent.door, parent.section, scene)]
    counting = own if own and all(replaces(policy) for policy in own) else [*own, *above]
    if all(at(policy, "spec", "oidc", "forwardIDToken") is None for policy in counting):
        return
    for index, rule in enumerate(items(body, "spec", "rules")):
        if items(rule, "backendRefs") and not _strips(rule):
            path: tuple[PathPart, ...] = ("spec", "rules", index, "filters")
            yield Problem(
                path,
                Words(f"{ID_TOKEN_HEADER} goes on to the service", f"{ID_TOKEN_HEADER} به خدمت می‌رسد"),
            )


def _strips(rule: object) -> bool:
    return any(
        text(one, "type") == "RequestHeaderModifier"
        and ID_TOKEN_HEADER in [str(header).lower() for header in items(one, "requestHeaderModifier", "remove")]
        for one in items(rule, "filters")
    )


RULES: Final = (
    Rule(
        id="IN-19",
        name="tokens-stay-at-the-gateway",
        title=Words(
            "Tokens stay at the gateway; a service gets the claims, and the token, that its profile asks for",
            "توکن‌ها در دروازه می‌مانند؛ خدمت تنها ویژگی‌ها و توکنی را می‌گیرد که نمایه‌اش خواسته است",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("OAuth 2.0 Security Best Current Practice (RFC 9700), 4.10", "CWE-522: insufficiently protected"),
        remedy=Words(
            "keep the platform's script (`gateway.lua`) and its `earlyRequestHeaders.remove` on the gateway and on "
            f"whatever is attached below it, take {ID_TOKEN_HEADER} off in every rule with a backend, and pass on what "
            "`window.sso` says",
            "برنامهٔ سکو (`gateway.lua`) و `earlyRequestHeaders.remove` آن را بر دروازه و هر چه زیر آن می‌پیوندد نگه "
            f"دارید، {ID_TOKEN_HEADER} را در هر قاعدهٔ دارای backend بردارید و تنها آنچه `window.sso` می‌گوید بفرستید",
        ),
        kinds=frozenset({GATEWAY, _EXTENSION, _CLIENTS, SECURITY_POLICY, _ROUTE}),
        check=_keeps_tokens,
        waivable=False,
    ),
)
