"""Nobody in a tenant can open a window or take another's host, shown on the real API server and gateway."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from components.manifests.access import ROLES
from tests.window.conftest import Site
from tests.window.wire import get

pytestmark = [pytest.mark.live, pytest.mark.login]

GATEWAY, ENVOY = "gateway.networking.k8s.io", "gateway.envoyproxy.io"
ROUTE = {"group": GATEWAY, "kind": "HTTPRoute", "name": "irica-window-1"}
BACKEND = {"name": "payments", "port": 8443}
PARENT = {"group": GATEWAY, "kind": "ListenerSet", "namespace": "govcloud-gateway"}
TARGET = {"targetRefs": [ROUTE]}
DOORS: Mapping[tuple[str, str], dict[str, Any]] = {
    (f"{GATEWAY}/v1", "httproutes"): {"parentRefs": [{**PARENT, "name": "irica"}]},
    (f"{GATEWAY}/v1", "grpcroutes"): {"parentRefs": [{**PARENT, "name": "irica"}]},
    (f"{GATEWAY}/v1", "listenersets"): {
        "parentRef": {"name": "government", "namespace": "govcloud-gateway"},
        "listeners": [{"name": "x", "port": 80, "protocol": "HTTP", "hostname": "ncro.gov.test"}],
    },
    (f"{GATEWAY}/v1", "gateways"): {
        "gatewayClassName": "govcloud",
        "listeners": [{"name": "x", "port": 80, "protocol": "HTTP"}],
    },
    (f"{GATEWAY}/v1", "referencegrants"): {
        "from": [{"group": GATEWAY, "kind": "HTTPRoute", "namespace": "ncro-production"}],
        "to": [{"group": "", "kind": "Service"}],
    },
    (f"{ENVOY}/v1alpha1", "securitypolicies"): {**TARGET, "authorization": {"defaultAction": "Allow"}},
    (f"{ENVOY}/v1alpha1", "backendtrafficpolicies"): TARGET,
    (f"{ENVOY}/v1alpha1", "clienttrafficpolicies"): {
        "targetRefs": [{**ROUTE, "kind": "Gateway", "name": "government"}]
    },
    (f"{ENVOY}/v1alpha1", "envoyextensionpolicies"): {
        **TARGET,
        "lua": [{"type": "Inline", "inline": "function envoy_on_request(handle) end"}],
    },
    (f"{ENVOY}/v1alpha1", "httproutefilters"): {"directResponse": {"statusCode": 200}},
    (f"{ENVOY}/v1alpha1", "backends"): {"endpoints": [{"fqdn": {"hostname": "elsewhere.test", "port": 443}}]},
}
"""What could open a window, by API and plural: a whole object of each, so that only the right to it is missing."""
KINDS = {
    "httproutes": "HTTPRoute", "grpcroutes": "GRPCRoute", "listenersets": "ListenerSet", "gateways": "Gateway",
    "referencegrants": "ReferenceGrant", "securitypolicies": "SecurityPolicy", "backends": "Backend",
    "backendtrafficpolicies": "BackendTrafficPolicy", "clienttrafficpolicies": "ClientTrafficPolicy",
    "envoyextensionpolicies": "EnvoyExtensionPolicy", "httproutefilters": "HTTPRouteFilter",
}  # fmt: skip


def _create(site: Site, api: str, plural: str, namespace: str, role: str | None) -> int:
    body = {
        "apiVersion": api,
        "kind": KINDS[plural],
        "metadata": {"name": "mine", "namespace": namespace},
        "spec": DOORS[api, plural],
    }
    headers = {} if role is None else {"Impersonate-User": "somebody", "Impersonate-Group": f"irica:{role}"}
    path = f"/apis/{api}/namespaces/{namespace}/{plural}?dryRun=All&fieldValidation=Strict"
    return site.cluster.request("POST", path, body, headers)[0]


@pytest.mark.parametrize(("api", "plural"), DOORS)
@pytest.mark.parametrize("role", [*ROLES, None])
def test_no_role_of_a_tenant_writes_what_could_open_a_window(
    site: Site, role: str | None, api: str, plural: str
) -> None:
    """The administrator (None) shows that each object is one that the server would take."""
    for namespace in ("irica-production", "govcloud-gateway"):
        assert _create(site, api, plural, namespace, role) == (201 if role is None else 403)


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_a_tenant_changes_or_removes_its_own_doors(site: Site, role: str, verb: str) -> None:
    headers = {"Impersonate-User": "somebody", "Impersonate-Group": f"irica:{role}"}
    if verb == "PATCH":
        headers["Content-Type"] = "application/merge-patch+json"
    doors = {
        f"/apis/{GATEWAY}/v1/namespaces/irica-production/httproutes/irica-window-1",
        f"/apis/{ENVOY}/v1alpha1/namespaces/irica-production/securitypolicies/irica-019-card",
        f"/apis/{ENVOY}/v1alpha1/namespaces/govcloud-gateway/securitypolicies/irica",
        f"/apis/{GATEWAY}/v1/namespaces/govcloud-gateway/listenersets/irica",
    }
    for path in doors:
        assert site.cluster.request("GET", path)[0] == 200
        assert site.cluster.request(verb, f"{path}?dryRun=All", {} if verb == "PATCH" else None, headers)[0] == 403


@pytest.mark.parametrize(
    ("listener", "host", "reason"),
    [
        ("ncro", "ncro.gov.test", "NotAllowedByListeners"),
        ("irica", "ncro.gov.test", "NoMatchingListenerHostname"),
        ("national-window", "window.gov.test", "NotAllowedByListeners"),
    ],
)
def test_even_with_that_right_a_route_takes_nobody_elses_host(
    site: Site, listener: str, host: str, reason: str
) -> None:
    route = {
        "apiVersion": f"{GATEWAY}/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "thief", "namespace": "irica-production"},
        "spec": {
            "parentRefs": [{**PARENT, "name": listener}],
            "hostnames": [host],
            "rules": [{"matches": [{"path": {"value": "/stolen"}}], "backendRefs": [BACKEND]}],
        },
    }
    path = f"/apis/{GATEWAY}/v1/namespaces/irica-production/httproutes"
    assert site.cluster.request("POST", path, route)[0] == 201
    try:
        assert _accepted(site, f"{path}/thief") == ("False", reason)
        answer = get(site.window, "/stolen", host=host, sni=host)
        assert b"irica-production" not in answer.body
    finally:
        assert site.cluster.request("DELETE", f"{path}/thief")[0] == 200


def _accepted(site: Site, path: str) -> tuple[str, str]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for parent in site.cluster.request("GET", path)[1].get("status", {}).get("parents", []):
            for condition in parent["conditions"]:
                if condition["type"] == "Accepted":
                    return condition["status"], condition["reason"]
        time.sleep(0.2)
    pytest.fail("the gateway never looked at the route")
