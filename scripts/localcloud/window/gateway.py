"""Envoy Gateway: its certificates, its configuration, what it needs in the cluster, and its component."""

import json
import secrets
import sys
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from scripts.localcloud import certificates, controlplane
from scripts.localcloud.certificates import CLIENT, SERVER, Leaf
from scripts.localcloud.files import make_private, write_private
from scripts.localcloud.process import Component
from scripts.localcloud.window.layout import CONTROLLER_NAMESPACE, Layout
from scripts.localcloud.window.login import PROBE_SECONDS, probe
from scripts.localcloud.window.supplies import ENVOY_VERSION, Gateway

LEAVES = (
    Leaf(file="xds-gateway", authority="xds-ca", common_name="envoy-gateway", usages=(SERVER, CLIENT),
         hosts=("envoy-gateway",)),
    Leaf(file="xds-envoy", authority="xds-ca", common_name="envoy", usages=(CLIENT,)),
)  # fmt: skip
READ, UPDATE = ("get", "list", "watch"), ("update",)
STATUSES = {
    "gateway.networking.k8s.io": (
        "backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "listenersets",
        "tcproutes", "tlsroutes", "udproutes",
    ),
    "gateway.envoyproxy.io": (
        "backends", "backendtrafficpolicies", "clienttrafficpolicies", "envoyextensionpolicies",
        "envoypatchpolicies", "envoyproxies", "securitypolicies",
    ),
}  # fmt: skip
RULES = (
    ("", ("configmaps", "namespaces", "nodes", "secrets", "serviceaccounts", "services"), READ),
    ("apps", ("daemonsets", "deployments"), READ),
    ("discovery.k8s.io", ("endpointslices",), READ),
    ("gateway.networking.k8s.io", ("referencegrants",), READ),
    ("gateway.networking.k8s.io", ("gatewayclasses",), ("patch", "update")),  # its finalizer
    ("gateway.envoyproxy.io", ("httproutefilters",), READ),
    *((group, kinds, READ) for group, kinds in STATUSES.items()),
    *((group, tuple(f"{kind}/status" for kind in kinds), UPDATE) for group, kinds in STATUSES.items()),
)


def files(layout: Layout) -> dict[str, str]:
    """Return what lies at these paths inside, and where it comes from on the host."""
    names = {
        "/certs/ca.crt": layout.pki / "xds-ca.crt",
        "/certs/tls.crt": layout.pki / "xds-gateway.crt",
        "/certs/tls.key": layout.pki / "xds-gateway.key",
        "/etc/hosts": layout.directory / "hosts",
        "/etc/passwd": layout.directory / "passwd",
        "/etc/ssl/certs/ca-certificates.crt": layout.ca,
    }
    return {name: str(path) for name, path in names.items()}


def manifests(layout: Layout) -> list[dict[str, Any]]:
    """Return what it needs in the cluster: its namespace, its own secrets, its rights."""
    group, name = "rbac.authorization.k8s.io", "envoy-gateway"
    metadata = {"namespace": CONTROLLER_NAMESPACE}
    rules = [{"apiGroups": [group], "resources": list(kinds), "verbs": list(verbs)} for group, kinds, verbs in RULES]
    certificate = {
        "tls.crt": _base64(layout.pki / "xds-envoy.crt"),
        "tls.key": _base64(layout.pki / "xds-envoy.key"),
        "ca.crt": _base64(layout.pki / "xds-ca.crt"),
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CONTROLLER_NAMESPACE}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "envoy-oidc-hmac", **metadata},
         "data": {"hmac-secret": _base64(_hmac(layout))}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "envoy", **metadata},
         "type": "kubernetes.io/tls", "data": certificate},
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
         "subjects": [{"apiGroup": group, "kind": "User", "name": name}]},
    ]  # fmt: skip


def component(layout: Layout, supply: Gateway, ports: Mapping[str, int], enter: tuple[str, ...]) -> Component:
    """Lay its files out and return what runs it; `enter` is what brings it into the network."""
    make_private(layout.gateway)
    configuration = json.dumps(_configuration(layout)).encode()
    kubeconfig = layout.pki / "envoy-gateway.kubeconfig"
    write_private(kubeconfig, controlplane.kubeconfig(layout.pki.parent, "envoy-gateway", ports["kube-apiserver"]))
    write_private(layout.gateway / "config.yaml", configuration)  # JSON is YAML
    stand_in = _stand_in(layout, supply)
    for name, source in (("ca.crt", "xds-ca.crt"), ("tls.crt", "xds-envoy.crt"), ("tls.key", "xds-envoy.key")):
        place = layout.gateway / "config" / "certs" / "envoy" / name
        make_private(place.parent)
        write_private(place, (layout.pki / source).read_bytes())
    argv = (*enter, "--root", str(layout.root), "--", str(supply.program),
            "server", "--config-path", str(layout.gateway / "config.yaml"))  # fmt: skip
    own = sha256("\0".join(argv).encode())
    for part in (configuration, stand_in, kubeconfig.read_bytes(), (layout.pki / "xds-gateway.crt").read_bytes()):
        own.update(sha256(part).digest())
    return Component(
        name="envoy-gateway",
        argv=argv,
        ports=(ports["envoy-gateway"],),
        is_ready=probe(ports["envoy-gateway"], "/readyz"),
        log=layout.log("envoy-gateway"),
        fingerprint=own.hexdigest(),
        environment=(
            ("KUBECONFIG", str(kubeconfig)),
            ("ENVOY_GATEWAY_NAMESPACE", CONTROLLER_NAMESPACE),
            ("ENVOY_VERSION", ENVOY_VERSION),  # else an EnvoyProxy that names none sends it looking on the net
        ),
    )


def has_envoy(port: int) -> bool:
    """Tell whether Envoy answers on the window's plain port, whatever it answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PROBE_SECONDS)
    try:
        with suppress(OSError, HTTPException):
            connection.request("GET", "/")
            return connection.getresponse().status > 0
    finally:
        connection.close()
    return False


def issue(layout: Layout, now: datetime) -> None:
    """Make or renew the certificates that do not depend on agencies."""
    login = Leaf(file="login", authority="window-ca", common_name="national login", usages=(SERVER,),
                 hosts=(layout.login_host,))  # fmt: skip
    certificates.issue(layout.pki, now, (*LEAVES, login))


def _configuration(layout: Layout) -> dict[str, Any]:
    folders = {f"{name}Home": str(layout.gateway / name) for name in ("config", "data", "state")}
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyGateway",
        "gateway": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
        "extensionApis": {"enableLua": True},  # keeps tokens from services; off unless asked for
        "provider": {
            "type": "Custom",
            "custom": {
                "resource": {
                    "type": "Kubernetes",
                    "kubernetes": {
                        "leaderElection": {"disable": True},
                        "client": {"rateLimit": {"qps": 200, "burst": 400}},  # an estate has thousands of routes
                    },
                },
                "infrastructure": {"type": "Host", "host": {**folders, "runtimeDir": str(layout.gateway / "run")}},
            },
        },
    }


def _stand_in(layout: Layout, supply: Gateway) -> bytes:
    """Put our restarting stand-in where Envoy Gateway looks for Envoy's program."""
    program = layout.gateway / "data" / "envoy-versions" / ENVOY_VERSION / "bin" / "envoy"
    command = (sys.executable, "-I", "-m", "scripts.localcloud.window.envoy", str(supply.envoy),
               str(layout.log("envoy")), str(layout.asked), f"{layout.cluster}:envoy")  # fmt: skip
    quoted = " ".join(f"'{part}'" for part in command)
    script = f'#!/bin/sh\nexec {quoted} "$@"\n'.encode()
    make_private(program.parent)
    write_private(program, script)
    program.chmod(0o700)
    return script


def _hmac(layout: Layout) -> Path:
    path = layout.pki / "hmac"
    if not path.exists():
        write_private(path, secrets.token_bytes(32))
    return path


def _base64(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()
