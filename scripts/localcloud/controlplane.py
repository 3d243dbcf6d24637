"""The three programs of the control plane: their arguments, configuration files and readiness."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.localcloud.client import Client
from scripts.localcloud.errors import StartError
from scripts.localcloud.files import write_private
from scripts.localcloud.process import Component

# Every port and the program that listens there, in the order in which the programs start.
PORTS = {
    "etcd": "etcd",
    "etcd-peer": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
}
NAMES = tuple(dict.fromkeys(PORTS.values()))
READINESS = {  # who is asked, as whom, at which path
    "etcd": ("etcd-ca", "etcd-client", "/readyz"),
    "kube-apiserver": ("ca", "admin", "/readyz"),
    "kube-controller-manager": ("ca", "admin", "/healthz"),
}
PROBE_SECONDS = 2.0
# What needs nodes, volumes or a cloud: this cluster has none of them.
CONTROLLERS_OFF = (
    "node-ipam-controller", "node-lifecycle-controller", "taint-eviction-controller", "ttl-controller",
    "persistentvolume-binder-controller", "persistentvolume-attach-detach-controller",
    "persistentvolume-expander-controller", "persistentvolume-protection-controller",
    "horizontal-pod-autoscaler-controller",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the cluster's files lie."""

    directory: Path

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.directory / "pki"

    @property
    def data(self) -> Path:
        """The store."""
        return self.directory / "etcd"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    def log(self, name: str) -> Path:
        """Return where the program logs to."""
        return self.directory / "logs" / f"{name}.log"


def client(layout: Layout, name: str, port: int) -> Client:
    """Return a client for one of the programs."""
    authority, identity, _ = READINESS[name]
    return Client(layout.pki, port, authority=authority, identity=identity)


def probe(layout: Layout, name: str, port: int) -> Callable[[], bool]:
    """Return a function that tells whether the program serves."""
    connection = client(layout, name, port)
    return lambda: connection.get(READINESS[name][2], timeout=PROBE_SECONDS) is not None


def configure(layout: Layout, ports: Mapping[str, int]) -> None:
    """Write the kubeconfigs and the key that encrypts Secrets in the store.

    Raises:
        StartError: The key is gone and the store is not.
    """
    manager = layout.pki / "kube-controller-manager.kubeconfig"
    for path, identity in ((layout.kubeconfig, "admin"), (manager, "kube-controller-manager")):
        write_private(path, kubeconfig(layout.pki, identity, ports["kube-apiserver"]))
    encryption = layout.pki / "encryption.json"
    if not encryption.exists():
        if layout.data.exists():
            raise StartError(
                f"{encryption} is gone, and with it the Secrets that it encrypts in {layout.data}. "
                "Put it back, or start afresh: `govcloud cloud down --delete`, then `govcloud cloud up`."
            )
        write_private(encryption, _encryption())


def components(
    layout: Layout, binaries: Mapping[str, Path], ports: Mapping[str, int], *, digest: str, durable: bool
) -> tuple[Component, ...]:
    """Return the programs in the order in which they start."""
    arguments = {
        "etcd": _etcd(layout, ports, durable=durable),
        "kube-apiserver": _apiserver(layout, ports),
        "kube-controller-manager": _controller_manager(layout, ports),
    }
    # All restart together when a port or a certificate changes: each knows another's.
    own_ports = sorted((name, ports[name]) for name in PORTS)
    shared = hashlib.sha256(json.dumps([digest, own_ports]).encode())
    found = []
    for name in NAMES:
        argv = (str(binaries[name]), *(f"--{key}={value}" for key, value in arguments[name].items()))
        own = shared.copy()
        own.update("\0".join(argv).encode())
        found.append(
            Component(
                name=name,
                argv=argv,
                ports=tuple(ports[key] for key, owner in PORTS.items() if owner == name),
                is_ready=probe(layout, name, ports[name]),
                log=layout.log(name),
                fingerprint=own.hexdigest(),
            )
        )
    return tuple(found)


def _etcd(layout: Layout, ports: Mapping[str, int], *, durable: bool) -> dict[str, object]:
    pki = layout.pki
    urls = {name: f"https://127.0.0.1:{ports[name]}" for name in ("etcd", "etcd-peer")}
    security = {"client-cert-auth": "true", "trusted-ca-file": pki / "etcd-ca.crt",
                "cert-file": pki / "etcd.crt", "key-file": pki / "etcd.key"}  # fmt: skip
    return {
        "name": "govcloud",
        "data-dir": layout.data,
        "listen-client-urls": urls["etcd"],
        "advertise-client-urls": urls["etcd"],
        "listen-peer-urls": urls["etcd-peer"],
        "initial-advertise-peer-urls": urls["etcd-peer"],
        "initial-cluster": f"govcloud={urls['etcd-peer']}",
        **security,
        **{f"peer-{key}": value for key, value in security.items()},
        # A member alone waits out one election at its start, so let elections be short.
        "heartbeat-interval": 50,
        "election-timeout": 250,
        **({} if durable else {"unsafe-no-fsync": "true"}),
    }


def _apiserver(layout: Layout, ports: Mapping[str, int]) -> dict[str, object]:
    pki = layout.pki
    return {
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",  # else it looks for a default route, which a closed machine lacks
        "secure-port": ports["kube-apiserver"],
        "endpoint-reconciler-type": "none",  # endpoints may not be loopback addresses
        "tls-cert-file": pki / "kube-apiserver.crt",
        "tls-private-key-file": pki / "kube-apiserver.key",
        "client-ca-file": pki / "ca.crt",
        "etcd-servers": f"https://127.0.0.1:{ports['etcd']}",
        "etcd-cafile": pki / "etcd-ca.crt",
        "etcd-certfile": pki / "etcd-client.crt",
        "etcd-keyfile": pki / "etcd-client.key",
        "encryption-provider-config": pki / "encryption.json",
        "anonymous-auth": "false",
        "authorization-mode": "RBAC",
        "allow-privileged": "true",  # as clusters have it: Pod Security refuses privileged pods, not this
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": pki / "service-account.key",
        "service-account-signing-key-file": pki / "service-account.key",
        "service-cluster-ip-range": "10.96.0.0/16",
        "profiling": "false",
    }


def _controller_manager(layout: Layout, ports: Mapping[str, int]) -> dict[str, object]:
    pki = layout.pki
    kubeconfig = pki / "kube-controller-manager.kubeconfig"
    return {
        "bind-address": "127.0.0.1",
        "secure-port": ports["kube-controller-manager"],
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "authentication-skip-lookup": "true",  # no aggregation layer here: the cluster publishes no CA for it
        "tls-cert-file": pki / "kube-controller-manager.crt",
        "tls-private-key-file": pki / "kube-controller-manager.key",
        "client-ca-file": pki / "ca.crt",
        "root-ca-file": pki / "ca.crt",
        "service-account-private-key-file": pki / "service-account.key",
        "use-service-account-credentials": "true",
        "controllers": ",".join(("*", *(f"-{name}" for name in CONTROLLERS_OFF))),
        "leader-elect": "false",
        "kube-api-qps": 200,  # an estate has hundreds of namespaces
        "kube-api-burst": 400,
        "profiling": "false",
    }


def kubeconfig(pki: Path, identity: str, port: int) -> bytes:
    """Return a kubeconfig that holds its certificates itself, so that it can be copied."""
    name = "govcloud"
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": _base64(pki / "ca.crt")}
    user = {
        "client-certificate-data": _base64(pki / f"{identity}.crt"),
        "client-key-data": _base64(pki / f"{identity}.key"),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": identity, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": identity}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False).encode()


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _encryption() -> bytes:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    providers = [{"secretbox": {"keys": [{"name": "local", "secret": key}]}}]
    config = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": providers}],
    }
    return json.dumps(config).encode()
