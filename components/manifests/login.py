"""The national login of a window: who is sent there, what comes back, and who may enter.

The login hangs on the listener. A route that asks for more (groups, a licence) has a policy that merges into it, so
that client, cookies and session stay the listener's: Envoy Gateway names cookies after the policy that declares the
login. A public route has a policy that replaces it.
"""

from collections.abc import Sequence
from typing import Any, Final

from components.estate.estate import Agency, Estate
from components.estate.operators import GROUP_PREFIX, Operator
from components.estate.platform import LOGOUT_PATH, Platform
from components.estate.profile import Service, Window
from components.manifests.manifest import DOMAIN

ENVOY_API: Final = "gateway.envoyproxy.io"
COOKIE_PREFIX: Final = "govcloud-"
"""Of the cookies that hold tokens; `gateway.lua` takes them out of what services receive."""
ID_TOKEN_HEADER: Final = "x-govcloud-id-token"  # noqa: S105  # a header's name; it never reaches a backend
PUBLIC_REASON: Final = f"{DOMAIN}/public-reason"
"""Annotation of a policy that asks for no login."""
_CLAIM_HEADER: Final = "x-govcloud-claim-"
_PROVIDER: Final = "national-login"
_GROUPS: Final = "groups"


def login(estate: Estate, agency: Agency, chosen: Window) -> dict[str, Any]:
    """Return the policy body of a whole window: the login for all, and no entry for licensed operators.

    An operator reaches the services of its licence only (R9): those have policies of their own.
    """
    return {
        "oidc": _oidc(estate.platform, agency, chosen),
        "jwt": _jwt(estate.platform, agency, chosen),
        "authorization": _all_but_operators(estate, ()),
    }


def entrance(
    estate: Estate, owner: Agency, chosen: Window, agency: Agency, service: Service
) -> tuple[dict[str, Any], dict[str, str]] | None:
    """Return the policy body of one service in the window of `owner`, and its annotations; None if it needs none."""
    licensed = estate.licensed(service.card_id)
    if service.access.policy == "public":
        return open_to_all(), {PUBLIC_REASON: service.access.reason or ""}
    if service.access.policy == "groups":
        members = [f"{agency.id}:{role}" for role in service.access.groups]
        authorization = _only([*members, *(operator.group for operator in licensed)])
    elif licensed:
        authorization = _all_but_operators(estate, licensed)
    else:
        return None
    merged = {"mergeType": "StrategicMerge", "jwt": _jwt(estate.platform, owner, chosen)}
    return merged | {"authorization": authorization}, {}


def open_to_all() -> dict[str, Any]:
    """Return the policy body of a route that asks for no login; it replaces the listener's."""
    return {"authorization": {"defaultAction": "Allow"}}


def client_id(agency: Agency, chosen: Window) -> str:
    """Return the window's client at the national login."""
    return chosen.sso.client_id or agency.id


def client_secret(owner: str, given: str | None = None) -> str:
    """Return the Secret of a window's client: the one that is given, or the one that bears its owner's name."""
    return given or f"{owner}-oidc"


def own_headers(platform: Platform) -> list[str]:
    """Return the headers that only the gateway may set: whoever sends them from outside would speak in its name."""
    return [ID_TOKEN_HEADER, *(_claim_header(name) for name in platform.spec.claims)]


def _oidc(platform: Platform, agency: Agency, chosen: Window) -> dict[str, Any]:
    """The platform's issuer only (R31), the agency's own client and cookies, PKCE by Envoy."""
    gateway, sso = platform.spec.gateway, chosen.sso
    secret = {"group": "", "kind": "Secret", "name": client_secret(agency.id, sso.client_secret_ref)}
    session = f"{platform.session_minutes(agency.profile.spec.identity.incident_system_level)}m"
    return {
        "provider": {"issuer": platform.spec.issuer},
        "clientID": client_id(agency, chosen),
        "clientSecret": secret | {"namespace": gateway.namespace},
        "redirectURL": platform.callback(chosen.host),
        "logoutPath": LOGOUT_PATH,
        "cookieNames": {
            "accessToken": f"{COOKIE_PREFIX}access-{agency.id}",
            "idToken": f"{COOKIE_PREFIX}id-{agency.id}",
        },
        "cookieConfig": {"sameSite": "Lax"},
        "scopes": ["openid"],
        "forwardAccessToken": sso.forward_token,
        "forwardIDToken": {"header": ID_TOKEN_HEADER},
        "refreshToken": True,
        "defaultRefreshTokenTTL": session,  # the realm says the same; an issuer that says nothing must not mean a week
    }


def _jwt(platform: Platform, agency: Agency, chosen: Window) -> dict[str, Any]:
    """The identity token is checked again at every request; a claim goes on only for a stated purpose (R37)."""
    provider: dict[str, Any] = {
        "name": _PROVIDER,
        "issuer": platform.spec.issuer,
        "audiences": [client_id(agency, chosen)],
        "remoteJWKS": {"uri": platform.keys, "cacheDuration": "300s"},
        "extractFrom": {"headers": [{"name": ID_TOKEN_HEADER}]},
    }
    claims = [{"claim": claim.name, "header": _claim_header(claim.name)} for claim in chosen.sso.claims]
    return {"providers": [provider | ({"claimToHeaders": claims} if claims else {})]}


def _claim_header(name: str) -> str:
    return _CLAIM_HEADER + name.replace("_", "-")


def _only(groups: Sequence[str]) -> dict[str, Any]:
    return {"defaultAction": "Deny", "rules": [_rule("members", "Allow", groups)]}


def _all_but_operators(estate: Estate, licensed: Sequence[Operator]) -> dict[str, Any]:
    """No operator enters without a licence. The first rule that fits decides.

    Every operator's people are in one group beside their own: they stay out when the register no longer names them.
    """
    barred = [GROUP_PREFIX, *(operator.group for operator in estate.operators if operator not in licensed)]
    let_in = [_rule("licensed", "Allow", [operator.group for operator in licensed])] if licensed else []
    return {"defaultAction": "Allow", "rules": [*let_in, _rule("operators", "Deny", barred)]}


def _rule(name: str, action: str, groups: Sequence[str]) -> dict[str, Any]:
    claims = [{"name": _GROUPS, "valueType": "StringArray", "values": list(groups)}]
    return {"name": name, "action": action, "principal": {"jwt": {"provider": _PROVIDER, "claims": claims}}}
