"""The life of a window: what it shows, what it hides, and that it mends."""

import base64
import json
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.cloud import LocalCloud, Phase
from scripts.localcloud.errors import StartError
from scripts.localcloud.files import silent
from scripts.localcloud.window import layout, opening
from scripts.localcloud.window.objects import WindowSecrets
from tests.window.conftest import PASSWORD, Site, people

pytestmark = pytest.mark.live

LISTEN = "0A"
LOOPBACK = "0100007F"  # 127.0.0.1 as /proc/net/tcp writes it
IRICA = "https://irica.gov.test/duties"


def test_status_shows_every_part(site: Site) -> None:
    components = {c.name: c for c in site.cluster.cloud.status().components}

    assert set(layout.NAMES) <= set(components)
    assert {c.state for c in components.values()} == {Phase.RUNNING}
    assert components["envoy"].port == site.window.https_port
    assert all(c.log.exists() for c in components.values())


def test_up_again_changes_nothing(site: Site) -> None:
    before = site.cluster.cloud.status()
    site.cluster.cloud.up()

    assert site.cluster.cloud.status() == before


@pytest.mark.parametrize("victim", layout.NAMES)
def test_what_was_killed_is_mended(site: Site, victim: str) -> None:
    site.cluster.cloud.kill(victim)
    site.cluster.cloud.up()
    person = site.person()

    assert site.cluster.cloud.status().running
    assert person.log_in(person.visit(IRICA), "citizen", PASSWORD).status == 200


def test_envoy_comes_back_by_itself(site: Site) -> None:
    before = _pid(site, "envoy")
    site.cluster.cloud.kill("envoy")
    deadline = time.monotonic() + 20
    while _pid(site, "envoy") in {before, None} or not site.cluster.cloud.status().running:
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert site.person().get(IRICA).status == 302


def test_it_listens_on_the_loopback_interface_only(site: Site) -> None:
    """On the host, that is: inside its own network Envoy takes every address."""
    ours = [address for c in site.cluster.cloud.status().components if c.pid for address in _listening(c.pid)]

    assert len(ours) >= len(layout.PORTS)
    assert set(ours) == {LOOPBACK}


def test_the_process_list_shows_no_secret(site: Site) -> None:
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    pki = site.cluster.pki / "window"
    secrets = [json.loads(site.window.admin.read_bytes())["password"], *json.loads((pki / "clients.json").read_bytes())]

    assert str(site.window.admin.parent) in listed  # it is our processes that are looked at
    assert not [secret for secret in secrets if len(secret) > 20 and secret in listed]
    for path in (site.window.admin, pki / "clients.json", pki / "hmac", pki / "window-ca.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_windows_authority_opens_no_api_server(site: Site) -> None:
    server = (site.cluster.pki / "ca.crt").read_bytes()

    assert site.window.ca.read_bytes() != server


def test_an_unknown_host_is_not_served(site: Site) -> None:
    with pytest.raises(OSError, match=r"reset|EOF|closed"):
        site.person().get("https://nobody.gov.test/")


def test_a_realm_is_imported_once_and_replaced_when_it_changes(site: Site) -> None:
    cloud = site.cluster.cloud
    same: dict[str, Any] = {"realm": "another", "enabled": True, "users": [people()[0].account() | {"groups": []}]}
    other = same | {"displayName": "دولت"}

    assert cloud.import_realm(same)
    assert not cloud.import_realm(same)
    assert cloud.import_realm(other)
    with pytest.raises(StartError, match="Keycloak refused POST /admin/realms with 4"):
        cloud.import_realm(other | {"clients": [{"clientId": "x"}, {"clientId": "x"}]})
    assert cloud.import_realm(same)


def test_secrets_stay_the_same_and_lie_where_the_window_looks(site: Site) -> None:
    clients = json.loads((site.cluster.pki / "window" / "clients.json").read_bytes())
    names = WindowSecrets(host="irica.gov.test", certificate="irica-window-tls", client="irica-oidc")
    made = site.cluster.cloud.provision_secrets("govcloud-gateway", {"irica": names})
    status, secret = site.cluster.request("GET", "/api/v1/namespaces/govcloud-gateway/secrets/irica-oidc")

    assert made == {"irica": clients["irica"]}
    assert status == 200
    assert base64.b64decode(secret["data"]["client-secret"]).decode() == clients["irica"]


def test_a_service_that_is_not_declared_any_more_loses_its_backend(site: Site) -> None:
    cloud, path = site.cluster.cloud, "/api/v1/namespaces/irica-production/services"
    try:
        cloud.provision_backends({"irica-production": [("payments", 8443), ("extra", 9000)]})
        there = site.cluster.request("GET", f"{path}/extra")[0], site.cluster.request("GET", f"{path}/transit")[0]
    finally:
        site.open_windows()

    assert there == (200, 404)
    assert site.cluster.request("GET", f"{path}/extra")[0] == 404
    assert site.cluster.request("GET", f"{path}/transit")[0] == 200


def test_a_window_without_a_login_serves_without_it(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path_factory.mktemp("without") / "cloud"
    monkeypatch.setattr("scripts.localcloud.window.supplies.MINIMUM_JAVA", 999)
    cloud = LocalCloud(directory, progress=silent, durable=False, window=True)
    try:
        cloud.up()
        window, status = cloud.window, cloud.status()
    finally:
        cloud.down(delete=True)

    assert not any(Path(f"/proc/{c.pid}").exists() for c in status.components)
    assert not directory.exists()
    assert window
    assert window.names == ("window-network", "sample-backends", "envoy-gateway")
    assert len(window.missing) == 1
    assert "needs Java 999" in window.missing[0]
    assert status.running


def _pid(site: Site, name: str) -> int | None:
    return next((c.pid for c in site.cluster.cloud.status().components if c.name == name), None)


def _listening(pid: int) -> Iterator[str]:
    """Tell where the process listens in this network, not in one of its own."""
    inodes = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if state == LISTEN and f"socket:[{inode}]" in inodes:
            yield local.partition(":")[0]


def test_the_ports_are_really_free_for_others(site: Site) -> None:
    """The window's 443 and 80 are its own network's: the host's stay as they were."""
    for port in (443, 80, 8443):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert site.window.https_port not in {443, 80}


def test_a_rotated_client_secret_opens_the_window_again(site: Site) -> None:
    """docs/how-to/rotate-a-client-secret.md: both ends get the new one, and nobody else's changes."""
    place = site.cluster.pki / "window" / "clients.json"
    clients = json.loads(place.read_bytes())
    place.write_text(json.dumps({name: secret for name, secret in clients.items() if name != "irica"}))
    site.open_windows()
    after = json.loads(place.read_bytes())
    secret = site.cluster.request("GET", "/api/v1/namespaces/govcloud-gateway/secrets/irica-oidc")[1]

    assert after["irica"] != clients["irica"]
    assert after | {"irica": ""} == clients | {"irica": ""}, "nobody else's"
    assert base64.b64decode(secret["data"]["client-secret"]).decode() == after["irica"]
    assert opening.wait_until_asked(site.cluster.cloud, opening.entrances(site.estate)) == []
    assert site.logged_in("citizen", IRICA).get(IRICA).status == 200
