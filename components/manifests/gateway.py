"""The platform's gateway: one door for all windows. HTTP only redirects; every HTTPS listener is an agency's own."""

from collections.abc import Iterator
from typing import Any, Final

from components.estate.platform import Gateway, Platform
from components.manifests.manifest import PLATFORM_OWNER, Manifest, manifest, owner_labels

GATEWAY_API: Final = "gateway.networking.k8s.io"
ENVOY_API: Final = "gateway.envoyproxy.io"
HTTP_PORT: Final = 80


def gateway(platform: Platform) -> Iterator[Manifest]:
    """Yield the class, the gateway, its limits, and the redirect of plain HTTP."""
    chosen, labels = platform.spec.gateway, owner_labels(PLATFORM_OWNER)
    yield manifest(
        f"{GATEWAY_API}/v1",
        "GatewayClass",
        chosen.class_name,
        labels=labels,
        spec={"controllerName": f"{ENVOY_API}/gatewayclass-controller"},
    )
    yield manifest(
        f"{GATEWAY_API}/v1", "Gateway", chosen.name, namespace=chosen.namespace, labels=labels, spec=_spec(chosen)
    )
    yield manifest(
        f"{ENVOY_API}/v1alpha1",
        "ClientTrafficPolicy",
        chosen.name,
        namespace=chosen.namespace,
        labels=labels,
        spec={"targetRefs": [gateway_ref(chosen)], **_LIMITS},
    )
    yield manifest(
        f"{GATEWAY_API}/v1",
        "HTTPRoute",
        "redirect-to-https",
        namespace=chosen.namespace,
        labels=labels,
        spec=_redirect(chosen),
    )


def gateway_ref(chosen: Gateway) -> dict[str, Any]:
    """Return a reference to the gateway from its own namespace."""
    return {"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name}


def _spec(chosen: Gateway) -> dict[str, Any]:
    """A gateway needs a listener of its own: the one for plain HTTP. The others are the agencies' ListenerSets."""
    listener = {
        "name": "http",
        "port": HTTP_PORT,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "Same"}, "kinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}]},
    }
    return {
        "gatewayClassName": chosen.class_name,
        "listeners": [listener],
        "allowedListeners": {"namespaces": {"from": "Same"}},  # in a namespace that no tenant can write
    }


def _redirect(chosen: Gateway) -> dict[str, Any]:
    redirect = {"scheme": "https", "port": chosen.https_port, "statusCode": 301}
    return {
        "parentRefs": [gateway_ref(chosen) | {"sectionName": "http"}],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
            }
        ],
    }


_LIMITS: Final = {
    "tls": {"minVersion": "1.2"},
    # What two readers of a path may read differently never reaches a backend.
    "path": {"escapedSlashesAction": "RejectRequest", "disableMergeSlashes": False},
    "headers": {"withUnderscoresAction": "RejectRequest"},
    "timeout": {"http": {"requestReceivedTimeout": "60s", "idleTimeout": "300s"}},
    "connection": {"bufferLimit": "64Ki", "maxAcceptPerSocketEvent": 1},
}
