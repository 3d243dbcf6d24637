"""The national login's side of all windows, as Keycloak imports a realm: a client each, groups, claims. No secret.

Only what the windows need: nothing else of a realm is said, so that an import leaves users and settings alone. The
realm's own session lasts as long as the longest at any agency: Keycloak allows a client no longer one.
"""

from collections.abc import Iterator
from typing import Any, Final

from components.estate.estate import Agency, Estate
from components.estate.operators import GROUP_PREFIX
from components.estate.profile import Window
from components.manifests import login
from components.manifests.access import ROLES
from components.manifests.window import open_window

_ATTRIBUTES: Final = {
    "given_name": "firstName",
    "family_name": "lastName",
    "email": "email",
    "locale": "locale",
    "phone_number": "phoneNumber",
}
"""Where Keycloak keeps what OpenID Connect calls so; any other claim is an attribute of the same name."""


def realm(estate: Estate) -> dict[str, Any]:
    """Return the realm: the clients of all windows, and the groups of agencies, licensed operators and the platform."""
    windows = [(agency, chosen) for agency in estate.agencies if (chosen := open_window(agency)) is not None]
    return {
        "realm": estate.platform.spec.issuer.rpartition("/")[2],
        "enabled": True,
        "sslRequired": "all",
        "ssoSessionMaxLifespan": max((_session_seconds(estate, agency) for agency, _ in windows), default=0),
        "clients": [_client(estate, agency, chosen) for agency, chosen in windows],
        "groups": [{"name": name} for name in sorted(set(_groups(estate)))],
    }


def _groups(estate: Estate) -> Iterator[str]:
    for agency in estate.agencies:
        for role in (*ROLES, *(group for service in agency.profile.spec.services for group in service.access.groups)):
            yield f"{agency.id}:{role}"
    yield GROUP_PREFIX
    yield from (operator.group for operator in estate.operators)
    yield from estate.platform.spec.break_glass_groups


def _session_seconds(estate: Estate, agency: Agency) -> int:
    return estate.platform.session_minutes(agency.profile.spec.identity.incident_system_level) * 60


def _client(estate: Estate, agency: Agency, chosen: Window) -> dict[str, Any]:
    platform, identity = estate.platform, agency.profile.spec.identity
    home = platform.home(chosen.host)
    return {
        "clientId": login.client_id(agency, chosen),
        "name": identity.name_fa,
        "description": identity.name_en,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "baseUrl": home,
        "redirectUris": [platform.callback(chosen.host)],
        "webOrigins": [],
        "defaultClientScopes": ["basic"],  # no profile, no e-mail: what goes out is mapped below
        "optionalClientScopes": [],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": home,
            "client.session.max.lifespan": str(_session_seconds(estate, agency)),
        },
        "protocolMappers": [_group_mapper(), *(_claim_mapper(claim.name) for claim in chosen.sso.claims)],
    }


def _group_mapper() -> dict[str, Any]:
    config = {"claim.name": "groups", "full.path": "false", "id.token.claim": "true", "access.token.claim": "true"}
    return _mapper("groups", "oidc-group-membership-mapper", config)


def _claim_mapper(name: str) -> dict[str, Any]:
    config = {
        "claim.name": name,
        "user.attribute": _ATTRIBUTES.get(name, name),
        "jsonType.label": "String",
        "id.token.claim": "true",
        "access.token.claim": "true",
    }
    return _mapper(name, "oidc-usermodel-attribute-mapper", config)


def _mapper(name: str, kind: str, config: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}
