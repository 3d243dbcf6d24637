"""The portal of the national window (R29): a page about all services, open to everybody.

Its pages come from `govcloud render`; the platform runs the app that serves them. Here is the way to it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from components.estate.platform import Platform
from components.manifests import namespace, network
from components.manifests.gateway import GATEWAY_API, listener_ref, listener_set
from components.manifests.login import ENVOY_API, PUBLIC_REASON, open_to_all
from components.manifests.manifest import PLATFORM_OWNER, Manifest, manifest, owner_labels

NAME: Final = "national-window"
_REASON: Final = "The catalogue of services is for everybody; it holds nothing about persons"


def national_window(platform: Platform) -> Iterator[Manifest]:
    """Yield the portal's namespace, its listener, and its route with the policy that opens it; nothing if unset."""
    chosen = platform.spec.national_window
    if chosen is None:
        return
    gateway, labels = platform.spec.gateway, owner_labels(PLATFORM_OWNER)
    here = partial(manifest, namespace=chosen.namespace, labels=labels)
    yield manifest("v1", "Namespace", chosen.namespace, labels=labels | namespace.pod_security(platform))
    yield network.default_deny(chosen.namespace, labels)
    yield network.allow_dns(chosen.namespace, platform.spec.dns, platform.spec.node_local_dns, labels)
    backends = [(chosen.app, chosen.port)]
    yield from network.allow_gateway(chosen.namespace, backends, gateway, labels)
    yield from network.allow_to(NAME, chosen.namespace, backends, gateway, labels)
    yield from listener_set(gateway, NAME, chosen.host, [chosen.namespace], labels, None)
    target = {"targetRefs": [{"group": GATEWAY_API, "kind": "HTTPRoute", "name": NAME}]}
    yield here(
        f"{ENVOY_API}/v1alpha1",
        "SecurityPolicy",
        NAME,
        annotations={PUBLIC_REASON: _REASON},
        spec=target | open_to_all(),
    )
    rule = {
        "name": NAME,
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"group": "", "kind": "Service", "name": chosen.app, "port": chosen.port, "weight": 1}],
    }
    spec = {"parentRefs": [listener_ref(gateway, NAME)], "hostnames": [chosen.host], "rules": [rule]}
    yield here(f"{GATEWAY_API}/v1", "HTTPRoute", NAME, spec=spec)
