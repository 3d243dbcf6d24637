"""What the running control plane refuses, hides and serves."""

import json
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud import binaries, crds
from scripts.localcloud.certificates import ensure
from scripts.localcloud.client import Client
from tests.live_cluster import Cluster
from tests.localcloud.test_certificates import NOW

pytestmark = pytest.mark.live

LISTEN = "0A"
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1 as /proc/net/tcp and tcp6 write it


def test_it_says_the_version_it_was_built_from(cluster: Cluster) -> None:
    pinned = f"k8s.io/kubernetes {cluster.cloud.status().version} "

    assert pinned in (binaries.SOURCE / "go.mod").read_text()
    assert "v1.36." in pinned


def test_kubeconfig_works_for_kubectl_and_is_private(cluster: Cluster) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in cluster.kubeconfig.parent.rglob("*")}
    secret = [path for path in modes if path.suffix == ".key" or "kubeconfig" in path.name or path.is_dir()]

    assert secret
    assert {modes[path] for path in secret} == {0o600, 0o700}
    assert "insecure" not in cluster.kubeconfig.read_text()


def test_anonymous_is_refused(cluster: Cluster) -> None:
    context = ssl.create_default_context(cafile=cluster.pki / "ca.crt")

    for path in ("/api", "/readyz", "/version"):
        assert _status_line(context, cluster.port, path) == "HTTP/1.1 401 Unauthorized"


def test_a_client_with_another_authority_refuses_the_server(cluster: Cluster, tmp_path: Path) -> None:
    ensure(tmp_path, NOW)

    with pytest.raises(ssl.SSLCertVerificationError):
        _status_line(ssl.create_default_context(cafile=tmp_path / "ca.crt"), cluster.port, "/readyz")


def test_the_store_refuses_the_clients_of_the_api_server(cluster: Cluster) -> None:
    ports = {component.name: component.port for component in cluster.cloud.status().components}
    etcd = ports["etcd"] or 0

    assert Client(cluster.pki, etcd, authority="etcd-ca", identity="etcd-client").get("/readyz") is not None
    assert Client(cluster.pki, etcd, authority="etcd-ca", identity="admin").get("/readyz") is None


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")
def test_it_listens_on_the_loopback_interface_only(cluster: Cluster) -> None:
    addresses = [address for pid in _pids(cluster) for address in _listening(pid)]

    assert len(addresses) == 4  # etcd has two
    assert set(addresses) <= LOOPBACK


def test_the_process_list_shows_no_secret(cluster: Cluster) -> None:
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    providers = json.loads((cluster.pki / "encryption.json").read_text())["resources"][0]["providers"]

    assert str(cluster.pki) in listed  # it is our processes that are looked at
    assert "token" not in "".join(line for line in listed.splitlines() if str(cluster.pki) in line)
    assert providers[0]["secretbox"]["keys"][0]["secret"] not in listed


def test_secrets_are_encrypted_in_the_store(cluster: Cluster) -> None:
    for kind, path in (("ConfigMap", "configmaps"), ("Secret", "secrets")):
        body = {"kind": kind, "apiVersion": "v1", "metadata": {"name": "at-rest"}}
        field = {"data": {"k": "plain-needle"}} if kind == "ConfigMap" else {"stringData": {"k": "hidden-needle"}}
        assert cluster.request("POST", f"/api/v1/namespaces/default/{path}", body | field)[0] == 201
    store = b"".join(path.read_bytes() for path in (cluster.kubeconfig.parent / "etcd").rglob("*") if path.is_file())

    assert b"plain-needle" in store
    assert b"k8s:enc:secretbox" in store
    assert b"hidden-needle" not in store


def test_a_namespace_gets_its_account_and_authority_and_pod_security(cluster: Cluster) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    _create(cluster, "/api/v1/namespaces", {"metadata": {"name": "guarded", "labels": labels}})
    accounts = _eventually(cluster, "/api/v1/namespaces/guarded/serviceaccounts/default")
    authority = _eventually(cluster, "/api/v1/namespaces/guarded/configmaps/kube-root-ca.crt")
    containers = [{"name": "c", "image": "i", "securityContext": {"privileged": True}}]
    status, answer = cluster.request(
        "POST", "/api/v1/namespaces/guarded/pods", {"metadata": {"name": "p"}, "spec": {"containers": containers}}
    )

    assert accounts["metadata"]["name"] == "default"
    assert authority["data"]["ca.crt"] == (cluster.pki / "ca.crt").read_text()
    assert status == 403
    assert 'violates PodSecurity "restricted' in answer["message"]


def test_rbac_gives_nobody_anything_by_itself(cluster: Cluster) -> None:
    status, _ = cluster.request("GET", "/api/v1/secrets", headers={"Impersonate-User": "somebody"})

    assert status == 403


def test_admission_policies_and_the_gateway_kinds_are_served(cluster: Cluster) -> None:
    client = Client(cluster.pki, cluster.port)
    served = crds._served(client)  # noqa: SLF001 - what `up` itself waits for

    assert {"validatingadmissionpolicies.admissionregistration.k8s.io",
            "validatingadmissionpolicybindings.admissionregistration.k8s.io"} <= served  # fmt: skip
    assert {"listenersets.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io",
            "securitypolicies.gateway.envoyproxy.io"} <= served  # fmt: skip
    assert cluster.request("GET", "/apis/gateway.networking.k8s.io/v1/listenersets")[0] == 200


def _status_line(context: ssl.SSLContext, port: int, path: str) -> str:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        connection.makefile("rwb") as stream,
    ):
        stream.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        stream.flush()
        return stream.readline().decode().strip()


def _pids(cluster: Cluster) -> list[int]:
    return [component.pid for component in cluster.cloud.status().components if component.pid]


def _listening(pid: int) -> Iterator[str]:
    inodes = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTEN and f"socket:[{inode}]" in inodes:
                yield local.partition(":")[0]


def _create(cluster: Cluster, path: str, body: dict[str, Any]) -> None:
    status, answer = cluster.request("POST", path, body)
    assert status == 201, answer


def _eventually(cluster: Cluster, path: str) -> dict[str, Any]:
    for _ in range(200):
        status, answer = cluster.request("GET", path)
        if status == 200:
            return dict(answer)
        time.sleep(0.1)
    pytest.fail(f"{path} never came to be")
