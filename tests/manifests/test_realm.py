"""The national login's side: a client for each window, no wildcard, no secret, no claim without a purpose."""

import json
import re

import msgspec

from components.estate.estate import Estate
from components.manifests.access import ROLES
from components.manifests.realm import realm
from scripts.report.realm import realm_file
from stacks.declaration import declarations


def test_every_login_of_the_gateway_has_its_client_and_no_other_is_there(estate: Estate) -> None:
    logins = {
        manifest["spec"]["oidc"]["clientID"]: manifest["spec"]["oidc"]["redirectURL"]
        for one in declarations(estate)
        for manifest in one.manifests
        if "oidc" in manifest.get("spec", {})
    }
    clients = {client["clientId"]: client for client in realm(estate)["clients"]}
    assert {name: client["redirectUris"] for name, client in clients.items()} == {n: [u] for n, u in logins.items()}
    for client in clients.values():
        assert client["standardFlowEnabled"]
        assert not any(
            client[flow] for flow in ("implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled")
        )
        assert client["publicClient"] is client["fullScopeAllowed"] is False
        assert client["attributes"]["pkce.code.challenge.method"] == "S256"
        assert client["attributes"]["post.logout.redirect.uris"] == client["baseUrl"]
        assert client["redirectUris"][0].startswith(client["baseUrl"])


def test_there_is_no_wildcard_and_no_secret(estate: Estate) -> None:
    name, text = realm_file(estate)
    assert name == "government-realm.json"
    assert "*" not in text
    assert not re.search(r'"(secret|password|credentials|users)"', text)


def test_a_client_maps_the_claims_of_its_purposes_and_the_groups_and_nothing_else(estate: Estate) -> None:
    windows = {a.id: a.profile.spec.window for a in estate.agencies if a.profile.spec.window}
    named = 0
    for client in realm(estate)["clients"]:
        window = windows[client["clientId"]]
        wanted = ["groups", *(claim.name for claim in window.sso.claims)]
        named += len(window.sso.claims)
        assert [mapper["config"]["claim.name"] for mapper in client["protocolMappers"]] == wanted
        assert client["defaultClientScopes"] == ["basic"], "no scope brings claims of its own"
        assert client["optionalClientScopes"] == []
    assert named > 3


def test_groups_are_derived_and_no_path_leads_to_them(estate: Estate) -> None:
    groups = [group["name"] for group in realm(estate)["groups"]]
    roles = {f"{agency.id}:{role}" for agency in estate.agencies for role in ROLES}
    assert len(groups) == len(set(groups))
    assert roles <= set(groups)
    assert {operator.group for operator in estate.operators} <= set(groups)
    assert "irica:broker" in groups
    assert "operator" in groups
    assert all(group.count(":") == 1 and "/" not in group for group in groups if group != "operator")


def test_a_session_is_as_long_as_at_the_gateway_and_none_is_longer_than_the_realms(estate: Estate) -> None:
    body = realm(estate)
    gateway = {
        manifest["spec"]["oidc"]["clientID"]: int(manifest["spec"]["oidc"]["defaultRefreshTokenTTL"].removesuffix("m"))
        for one in declarations(estate)
        for manifest in one.manifests
        if "oidc" in manifest.get("spec", {})
    }
    seconds = {c["clientId"]: int(c["attributes"]["client.session.max.lifespan"]) for c in body["clients"]}
    assert seconds == {client: minutes * 60 for client, minutes in gateway.items()}
    assert body["ssoSessionMaxLifespan"] == max(seconds.values())


def test_the_same_estate_gives_the_same_bytes(estate: Estate) -> None:
    backwards = msgspec.structs.replace(estate, agencies=tuple(reversed(estate.agencies)))
    there, back = (json.loads(realm_file(e)[1]) for e in (estate, backwards))
    assert there["groups"] == back["groups"]
    assert sorted(c["clientId"] for c in there["clients"]) == sorted(c["clientId"] for c in back["clients"])
    assert realm_file(estate) == realm_file(estate)
