"""Network policies: everything shut, then exactly what is declared.

Peers are named by `kubernetes.io/metadata.name` and pod labels in one peer (NP-07, NP-08); ports and protocols
are always named (NP-05). Traffic inside a namespace is shut too.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from components.estate.platform import HTTP_PORT, EgressProxy, Monitoring, Peer, Platform
from components.estate.profile import Egress, Flow, Port, Service
from components.manifests.kinds import DEFAULT_DENY
from components.manifests.manifest import APP_LABEL, NAMESPACE_LABEL, Manifest, manifest

ALLOW_DNS: Final = "allow-dns"
"""Name of the NetworkPolicy that a quarantine leaves beside the default-deny."""

_PRIVILEGED_PORTS: Final = 1024
_ENVOY_PORT_OFFSET: Final = 10000
_XDS_PORT: Final = 18000
_DNS_PORTS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def default_deny(namespace: str, labels: Mapping[str, str]) -> Manifest:
    """Return the policy that shuts the namespace in both directions (NP-01)."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return _policy(DEFAULT_DENY, namespace, labels, spec)


def allow_dns(namespace: str, dns: Peer, node_local: IPv4Address | None, labels: Mapping[str, str]) -> Manifest:
    """Return the way of every pod to the cluster's DNS pods, and to the node-local cache where there is one."""
    peers = [_peer(dns.namespace, dns.pod_labels)]
    if node_local is not None:
        peers.append({"ipBlock": {"cidr": f"{node_local}/32"}})
    return _policy(ALLOW_DNS, namespace, labels, _egress({}, peers, _DNS_PORTS))


def allow_monitoring(namespace: str, monitoring: Monitoring, labels: Mapping[str, str]) -> Manifest:
    """Return the way of the platform's monitoring to the metrics port of every pod."""
    peer = _peer(monitoring.namespace, monitoring.pod_labels)
    return _policy("allow-from-monitoring", namespace, labels, _ingress({}, [peer], [_port(monitoring.port, "TCP")]))


def allow_gateway(
    namespace: str, backends: Iterable[tuple[str, int]], gateway: Peer, labels: Mapping[str, str]
) -> Iterator[Manifest]:
    """Yield the gateway's way to each app and port that serves something in a window (NP-12)."""
    for app, port in backends:
        peer = _peer(gateway.namespace, gateway.pod_labels)
        spec = _ingress({APP_LABEL: app}, [peer], [_port(port, "TCP")])
        yield _policy(f"allow-from-gateway-{app}-{port}", namespace, labels, spec)


def allow_to(
    owner: str, namespace: str, backends: Iterable[tuple[str, int]], gateway: Peer, labels: Mapping[str, str]
) -> Iterator[Manifest]:
    """Yield the other half, in the gateway's namespace: out of its pods to these apps; nothing where there are none."""
    rules = [{"to": [_peer(namespace, {APP_LABEL: app})], "ports": [_port(port, "TCP")]} for app, port in backends]
    if rules:
        spec = {"podSelector": _selector(gateway.pod_labels), "policyTypes": ["Egress"], "egress": rules}
        yield _policy(f"allow-to-{owner}", gateway.namespace, labels, spec)


def gateway_policies(platform: Platform, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield the gateway's own ways: in from whoever may open windows, out to its controller and the national login."""
    gateway, networks = platform.spec.gateway, platform.spec.networks
    pods, where = gateway.pod_labels, gateway.namespace
    clients = [{"ipBlock": {"cidr": cidr}} for cidr in gateway.clients]
    doors = [_port(envoy_port(port), "TCP") for port in (HTTP_PORT, gateway.https_port)]
    if clients:  # an empty list of peers would be everybody
        yield _policy("allow-clients", where, labels, _ingress(pods, clients, doors))
    yield allow_controller(gateway, gateway.controller, labels)
    login = [{"ipBlock": {"cidr": cidr}} for cidr in networks.login or networks.government]
    yield _policy("allow-login", where, labels, _egress(pods, login, [_port(platform.issuer_port, "TCP")]))


def allow_controller(gateway: Peer, controller: Peer, labels: Mapping[str, str]) -> Manifest:
    """Return the way of a gateway's pods to the controller that configures them."""
    return way_out("allow-controller", gateway.namespace, labels, gateway.pod_labels, controller, _XDS_PORT)


def way_out(  # noqa: PLR0913, PLR0917  # both ends, and the port
    name: str, namespace: str, labels: Mapping[str, str], pods: Mapping[str, str], to: Peer, port: int
) -> Manifest:
    """Return the way of some pods of a namespace to a TCP port of some pods elsewhere."""
    spec = _egress(pods, [_peer(to.namespace, to.pod_labels)], [_port(port, "TCP")])
    return _policy(name, namespace, labels, spec)


def way_in(  # noqa: PLR0913, PLR0917  # both ends, and the port
    name: str, namespace: str, labels: Mapping[str, str], pods: Mapping[str, str], peers: Iterable[Peer], port: int
) -> Manifest:
    """Return the way of pods elsewhere to a TCP port of some pods of a namespace."""
    spec = _ingress(pods, [_peer(one.namespace, one.pod_labels) for one in peers], [_port(port, "TCP")])
    return _policy(name, namespace, labels, spec)


def envoy_port(port: int) -> int:
    """Return the port of Envoy's container for a listener's: privileged ones are moved up by Envoy Gateway."""
    return port if port >= _PRIVILEGED_PORTS else port + _ENVOY_PORT_OFFSET


def allow_flows(namespace: str, flows: Iterable[Flow], labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield both halves of each connection inside the agency: out of the one app, into the other."""
    for flow in sorted(flows, key=lambda flow: flow.name):
        port = _port(flow.port, flow.protocol)
        source, target = {APP_LABEL: flow.source}, {APP_LABEL: flow.target}
        outward = _egress(source, [_peer(namespace, target)], [port])
        yield _policy(f"allow-flow-{flow.name}-egress", namespace, labels, outward)
        yield _policy(
            f"allow-flow-{flow.name}-ingress", namespace, labels, _ingress(target, [_peer(namespace, source)], [port])
        )


def allow_egress(
    namespace: str, egress: Iterable[Egress], proxy: EgressProxy | None, labels: Mapping[str, str]
) -> Iterator[Manifest]:
    """Yield the way to each declared destination outside the cloud: its network, or the proxy that knows its host.

    To the proxy each app has one way, named after the first of its hosts: a second would open nothing more (NP-14).
    """
    led: set[str] = set()
    for destination in sorted(egress, key=lambda destination: destination.name):
        name, pods = f"allow-egress-{destination.name}", {APP_LABEL: destination.app}
        if destination.cidr is not None:
            yield way_outside(name, namespace, labels, pods, [{"cidr": destination.cidr}], destination.ports)
        elif proxy is not None and destination.app not in led:
            led.add(destination.app)
            yield way_out(name, namespace, labels, pods, proxy, proxy.port)


def way_outside(  # noqa: PLR0913, PLR0917  # both ends, and the ports
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    pods: Mapping[str, str],
    blocks: Iterable[Mapping[str, Any]],
    ports: Iterable[Port],
) -> Manifest:
    """Return the way of some pods of a namespace to some ports of networks."""
    named = [_port(port.port, port.protocol) for port in ports]
    return _policy(name, namespace, labels, _egress(pods, [{"ipBlock": dict(block)} for block in blocks], named))


def window_backends(services: Iterable[Service]) -> list[tuple[str, int]]:
    """Return the apps and ports that serve something in a window."""
    backends = {
        (service.backend.app, service.backend.port)
        for service in services
        if service.backend is not None and service.window is not None
    }
    return sorted(backends)


def _policy(name: str, namespace: str, labels: Mapping[str, str], spec: dict[str, Any]) -> Manifest:
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, namespace=namespace, labels=labels, spec=spec)


def _selector(labels: Mapping[str, str]) -> dict[str, Any]:
    return {"matchLabels": dict(labels)} if labels else {}


def _peer(namespace: str, pod_labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}},
        "podSelector": {"matchLabels": dict(pod_labels)},
    }


def _port(port: int, protocol: str) -> dict[str, Any]:
    return {"protocol": str(protocol), "port": port}


def _ingress(pods: Mapping[str, str], peers: list[dict[str, Any]], ports: list[dict[str, Any]]) -> dict[str, Any]:
    rule = {"from": peers, "ports": ports}
    return {"podSelector": _selector(pods), "policyTypes": ["Ingress"], "ingress": [rule]}


def _egress(pods: Mapping[str, str], peers: list[dict[str, Any]], ports: list[dict[str, Any]]) -> dict[str, Any]:
    rule = {"to": peers, "ports": ports}
    return {"podSelector": _selector(pods), "policyTypes": ["Egress"], "egress": [rule]}
