"""What the embedded cloud itself puts into the cluster: secrets of windows, and sample backends in place of pods."""

import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, NamedTuple, TypeVar

import msgspec

from scripts.localcloud import certificates
from scripts.localcloud.certificates import SERVER, Leaf
from scripts.localcloud.client import Client
from scripts.localcloud.errors import StartError
from scripts.localcloud.files import make_private, write_private
from scripts.localcloud.window.layout import BACKEND_PORT, CONTROLLER_NAMESPACE, NETWORK, Layout

MANAGER = "govcloud-cloud"
OWN = {"app.kubernetes.io/managed-by": MANAGER}
FIRST_BACKEND = 256  # 10.244.1.0: those before it are the window's own
WORKERS = 4
Manifest = Mapping[str, Any]
_Item = TypeVar("_Item")
PLURALS = {
    "ConfigMap": "configmaps",
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


class WindowSecrets(NamedTuple):
    """What a window looks for: the Secret with a certificate for `host`, and that of its OIDC client, if it has one."""

    host: str
    certificate: str
    client: str | None


def provision_secrets(
    client: Client, layout: Layout, namespace: str, wanted: Mapping[str, WindowSecrets], now: datetime
) -> dict[str, str]:
    """Make each window's certificate and OIDC secret where it looks for them; return the OIDC secrets by window."""
    leaves = {
        window: Leaf(
            file=f"window-{window}", authority="window-ca", common_name=window, usages=(SERVER,), hosts=(names.host,)
        )
        for window, names in sorted(wanted.items())
    }
    certificates.issue(layout.pki, now, leaves.values())
    with_client = {window: names.client for window, names in wanted.items() if names.client is not None}
    clients = remembered_secrets(layout, with_client)
    oidc = (_oidc(namespace, with_client[window], secret) for window, secret in clients.items())
    tls = (_certificate(layout, namespace, wanted[window].certificate, leaf) for window, leaf in leaves.items())
    apply(client, [*oidc, *tls])
    return clients


def provision_keys(client: Client, namespace: str, name: str) -> None:
    """Put the keys that sign the cluster's tokens where a gateway looks for them, under `jwks`.

    Raises:
        StartError: The API server does not tell them.
    """
    keys = client.get("/openid/v1/jwks", accept="application/jwk-set+json")
    if keys is None:
        raise StartError("The API server does not tell its keys at /openid/v1/jwks. Run it again.")
    metadata = {"name": name, "namespace": namespace, "labels": OWN}
    apply(client, [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"jwks": keys.decode()}}])


def remembered_secrets(layout: Layout, names: Iterable[str]) -> dict[str, str]:
    """Return a secret for each name, made when it was first asked for."""
    place = layout.pki / "clients.json"
    known: dict[str, str] = msgspec.json.decode(place.read_bytes()) if place.exists() else {}
    asked = {name: known.get(name) or secrets.token_urlsafe(32) for name in names}
    make_private(layout.pki)
    write_private(place, msgspec.json.encode(known | asked))
    return asked


def provision_pages(layout: Layout, pages: Mapping[tuple[str, str], Mapping[str, bytes]]) -> None:
    """Let the sample backend of each service (namespace, application) serve these files, and nothing older."""
    for (namespace, app), files in pages.items():
        folder = layout.pages / namespace / app
        make_private(folder)
        for name, content in files.items():
            write_private(folder / name, content)
        for left in {path.name for path in folder.iterdir()} - set(files):
            (folder / left).unlink()


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


def _oidc(namespace: str, name: str, secret: str) -> Manifest:
    return _secret(namespace, name, "Opaque", {"client-secret": secret.encode()})


def _certificate(layout: Layout, namespace: str, name: str, leaf: Leaf) -> Manifest:
    # The authority goes with it: a browser started for this window knows it by that.
    chain = (layout.pki / f"{leaf.file}.crt").read_bytes() + layout.ca.read_bytes()
    key = (layout.pki / f"{leaf.file}.key").read_bytes()
    return _secret(namespace, name, "kubernetes.io/tls", {"tls.crt": chain, "tls.key": key})


def _secret(namespace: str, name: str, kind: str, data: Mapping[str, bytes]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": OWN},
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
