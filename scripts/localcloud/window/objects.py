"""What the embedded cloud itself puts into the cluster: secrets of windows, and sample backends in place of pods."""

import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, TypeVar

import msgspec

from scripts.localcloud import certificates
from scripts.localcloud.certificates import SERVER, Leaf
from scripts.localcloud.client import Client
from scripts.localcloud.files import make_private, write_private
from scripts.localcloud.window.layout import BACKEND_PORT, CONTROLLER_NAMESPACE, GATEWAY_NAMESPACE, NETWORK, Layout

MANAGER = "govcloud-cloud"
OWN = {"app.kubernetes.io/managed-by": MANAGER}
FIRST_BACKEND = 256  # 10.244.1.0: those before it are the window's own
WORKERS = 4
Manifest = Mapping[str, Any]
_Item = TypeVar("_Item")
PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "EndpointSlice": "endpointslices",
    "Namespace": "namespaces",
    "Secret": "secrets",
    "Service": "services",
}


def apply(client: Client, manifests: Iterable[Manifest]) -> None:
    """Apply these objects, a few at a time.

    Raises:
        StartError: The server refused one.
    """
    everything = list(manifests)
    _spread(client, everything, lambda c, m: c.apply(_path(m), json.dumps(m).encode(), manager=MANAGER))


def provision_secrets(client: Client, layout: Layout, hosts: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Make each agency's certificate and OIDC secret where its window looks for them; return the OIDC secrets."""
    leaves = {
        agency: Leaf(
            file=f"window-{agency}", authority="window-ca", common_name=agency, usages=(SERVER,), hosts=(host,)
        )
        for agency, host in sorted(hosts.items())
    }
    certificates.issue(layout.pki, now, leaves.values())
    remembered = layout.pki / "clients.json"
    known: dict[str, str] = msgspec.json.decode(remembered.read_bytes()) if remembered.exists() else {}
    clients = {agency: known.get(agency) or secrets.token_urlsafe(32) for agency in leaves}
    write_private(remembered, msgspec.json.encode(known | clients))
    apply(client, (_oidc(agency, secret) for agency, secret in clients.items()))
    apply(client, (_certificate(layout, agency, leaf) for agency, leaf in leaves.items()))
    return clients


def provision_backends(client: Client, layout: Layout, services: Mapping[str, Sequence[tuple[str, int]]]) -> None:
    """Give each service (application and port, by namespace) a sample backend; take it from all others."""
    wanted = sorted((namespace, app, port) for namespace, found in services.items() for app, port in found)
    first = IPv4Interface(NETWORK).network.network_address + FIRST_BACKEND
    placed = [(first + place, *service) for place, service in enumerate(wanted)]
    make_private(layout.directory)
    write_private(layout.backends, json.dumps({str(a): [namespace, app] for a, namespace, app, _ in placed}).encode())
    apply(client, (_service(namespace, app, port) for _, namespace, app, port in placed))
    apply(client, (_slice(address, namespace, app) for address, namespace, app, _ in placed))
    keep = {(namespace, app) for namespace, app, _ in wanted}
    _spread(client, list(_superfluous(client, keep)), Client.delete)


def nudge(client: Client, moment: datetime) -> None:
    """Make Envoy Gateway look at everything again: it asks an issuer once, and takes a no for good."""
    annotations = {"govcloud.internal/realm-imported": moment.isoformat()}
    metadata = {"name": "envoy", "namespace": CONTROLLER_NAMESPACE, "annotations": annotations}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls"}
    client.apply(_path(body), json.dumps(body).encode(), manager=f"{MANAGER}-nudge")


def _spread(client: Client, items: Sequence[_Item], work: Callable[[Client, _Item], None]) -> None:
    def carry_out(part: Sequence[_Item]) -> None:
        with client.kept() as own:
            for item in part:
                work(own, item)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(carry_out, (items[start::WORKERS] for start in range(min(WORKERS, len(items))))))


def _superfluous(client: Client, keep: Container[tuple[str, str]]) -> Iterator[str]:
    for path in ("/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/services"):
        for metadata in _listed(client, f"{path}?labelSelector=app.kubernetes.io%2Fmanaged-by%3D{MANAGER}"):
            namespace, name = metadata["namespace"], metadata["name"]
            if (namespace, name.removesuffix("-sample")) not in keep:
                prefix, _, plural = path.rpartition("/")
                yield f"{prefix}/namespaces/{namespace}/{plural}/{name}"


def _path(manifest: Manifest) -> str:
    group = manifest["apiVersion"]
    prefix = f"/apis/{group}" if "/" in group else f"/api/{group}"
    namespace = manifest["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{prefix}{scope}/{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}"


def _oidc(agency: str, secret: str) -> Manifest:
    return _secret(f"{agency}-oidc", "Opaque", {"client-secret": secret.encode()})


def _certificate(layout: Layout, agency: str, leaf: Leaf) -> Manifest:
    # The authority goes with it: a browser started for this window knows it by that.
    chain = (layout.pki / f"{leaf.file}.crt").read_bytes() + layout.ca.read_bytes()
    key = (layout.pki / f"{leaf.file}.key").read_bytes()
    return _secret(f"{agency}-window-tls", "kubernetes.io/tls", {"tls.crt": chain, "tls.key": key})


def _secret(name: str, kind: str, data: Mapping[str, bytes]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": GATEWAY_NAMESPACE, "labels": OWN},
        "type": kind,
        "data": {key: b64encode(value).decode() for key, value in data.items()},
    }


def _service(namespace: str, app: str, port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": app, "namespace": namespace, "labels": OWN},
        "spec": {"ports": [{"name": "http", "port": port, "protocol": "TCP", "targetPort": BACKEND_PORT}]},
    }


def _slice(address: IPv4Address, namespace: str, app: str) -> Manifest:
    labels = {**OWN, "kubernetes.io/service-name": app, "endpointslice.kubernetes.io/managed-by": MANAGER}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{app}-sample", "namespace": namespace, "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": BACKEND_PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [str(address)], "conditions": {"ready": True}}],
    }


def _listed(client: Client, path: str) -> Iterator[dict[str, Any]]:
    body = client.get(path)
    for item in (msgspec.json.decode(body)["items"] or []) if body else []:
        yield item["metadata"]
