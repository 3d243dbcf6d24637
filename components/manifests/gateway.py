"""The platform's gateway: one door for all windows. HTTP only redirects; every HTTPS listener is an agency's own."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import resources
from typing import Any, Final

from components.estate.platform import HTTP_PORT, Gateway, Platform, Proxies
from components.estate.profile import DEFAULT_UPLOAD_MIB
from components.manifests import network
from components.manifests.login import ENVOY_API, own_headers
from components.manifests.manifest import NAMESPACE_LABEL, PLATFORM_OWNER, Manifest, manifest, owner_labels

GATEWAY_API: Final = "gateway.networking.k8s.io"


def gateway(platform: Platform) -> Iterator[Manifest]:
    """Yield the class, the gateway, its proxies, its limits, its networks, and the redirect of plain HTTP."""
    chosen, labels = platform.spec.gateway, owner_labels(PLATFORM_OWNER)
    envoy, here = f"{ENVOY_API}/v1alpha1", partial(manifest, namespace=chosen.namespace, labels=labels)
    target = {"targetRefs": [{"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name}]}
    proxy = {"group": ENVOY_API, "kind": "EnvoyProxy", "name": chosen.name, "namespace": chosen.namespace}
    yield manifest(
        f"{GATEWAY_API}/v1",
        "GatewayClass",
        chosen.class_name,
        labels=labels,
        spec={"controllerName": f"{ENVOY_API}/gatewayclass-controller", "parametersRef": proxy},
    )
    yield here(envoy, "EnvoyProxy", chosen.name, spec=proxies(chosen))
    yield here(f"{GATEWAY_API}/v1", "Gateway", chosen.name, spec=_spec(chosen))
    yield here(envoy, "ClientTrafficPolicy", chosen.name, spec=target | client_limits(own_headers(platform)))
    yield here(envoy, "BackendTrafficPolicy", chosen.name, spec=target | _BACKEND_LIMITS)
    yield here(envoy, "EnvoyExtensionPolicy", chosen.name, spec=target | {"lua": [{"type": "Inline", "inline": LUA}]})
    yield here(f"{GATEWAY_API}/v1", "HTTPRoute", "redirect-to-https", spec=_redirect(chosen))
    yield from network.gateway_policies(platform, labels)


def listener_set(  # noqa: PLR0913, PLR0917  # what tells one window's listener from another's
    gateway: Gateway,
    name: str,
    host: str,
    namespaces: Sequence[str],
    labels: Mapping[str, str],
    given: str | None,
) -> Iterator[Manifest]:
    """Yield a listener at exactly `host` for routes of these namespaces, and its certificate where none is given."""
    secret = certificate_secret(name, given)
    selector = {"matchExpressions": [{"key": NAMESPACE_LABEL, "operator": "In", "values": list(namespaces)}]}
    listener = {
        "name": "https",
        "hostname": host,
        "port": gateway.https_port,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": secret}]},
        "allowedRoutes": {
            "namespaces": {"from": "Selector", "selector": selector},
            "kinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}],
        },
    }
    parent = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name}
    here = partial(manifest, namespace=gateway.namespace, labels=labels)
    spec = {"parentRef": parent, "listeners": [listener]}
    yield here(f"{GATEWAY_API}/v1", "ListenerSet", name, spec=spec)
    if given is None:
        yield from certificate(gateway.certificate_issuer, gateway.namespace, secret, host, labels)


def certificate(
    issuer: str | None, namespace: str, secret: str, host: str, labels: Mapping[str, str]
) -> Iterator[Manifest]:
    """Yield the certificate of one host, where the platform has an issuer; else its Secret is given."""
    if issuer is not None:
        ref = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer}
        key = {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
        spec = {"secretName": secret, "dnsNames": [host], "issuerRef": ref, "privateKey": key}
        yield manifest("cert-manager.io/v1", "Certificate", secret, namespace=namespace, labels=labels, spec=spec)


def certificate_secret(owner: str, given: str | None = None) -> str:
    """Return the Secret of a listener's certificate: the one that is given, or the one that bears its owner's name."""
    return given or f"{owner}-window-tls"


def listener_ref(gateway: Gateway, name: str) -> dict[str, Any]:
    """Return the reference of a route to the one listener of a ListenerSet."""
    return {
        "group": GATEWAY_API,
        "kind": "ListenerSet",
        "namespace": gateway.namespace,
        "name": name,
        "sectionName": "https",
    }


def proxies(chosen: Proxies) -> dict[str, Any]:
    """Return how Envoy runs: beside its Gateway, on several nodes, one pod drained at a time (R36)."""
    away = {"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 1}
    spread = away | {"labelSelector": {"matchLabels": dict(chosen.pod_labels)}}
    pods = {
        "envoyDeployment": {"replicas": chosen.replicas, "pod": {"topologySpreadConstraints": [spread]}},
        "envoyPDB": {"maxUnavailable": 1},
    }
    logging = {"level": {"default": "warn"}}  # the server's default, written out
    return {"logging": logging, "provider": {"type": "Kubernetes", "kubernetes": pods}}


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
        "parentRefs": [{"group": GATEWAY_API, "kind": "Gateway", "name": chosen.name, "sectionName": "http"}],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
            }
        ],
    }


def client_limits(own: Sequence[str]) -> dict[str, Any]:
    """Return the limits of whoever comes to a gateway; headers that are the gateway's own are taken from them."""
    return {
        "tls": {"minVersion": "1.2"},
        # What two readers of a path may read differently never reaches a backend.
        "path": {"escapedSlashesAction": "RejectRequest", "disableMergeSlashes": False},
        "headers": {
            "withUnderscoresAction": "RejectRequest",
            "earlyRequestHeaders": {"remove": list(own)},
            "lateResponseHeaders": {"set": [{"name": "strict-transport-security", "value": "max-age=31536000"}]},
        },
        "timeout": {"http": {"requestReceivedTimeout": "60s", "idleTimeout": "300s"}},
        "connection": {"bufferLimit": "64Ki", "maxAcceptPerSocketEvent": 1},
    }


_BACKEND_LIMITS: Final = {"requestBuffer": {"limit": f"{DEFAULT_UPLOAD_MIB}Mi"}}
"""Of every service that asks for nothing else. With a buffer there are no upgrades, so no WebSocket either."""

LUA: Final = resources.files("components.manifests").joinpath("gateway.lua").read_text(encoding="utf-8")
"""The script that keeps tokens at the gateway; IN-19 demands exactly this one."""
