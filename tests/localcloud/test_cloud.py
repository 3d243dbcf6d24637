"""The life of a cluster: crashes, races, lost records, stolen ports."""

import errno
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from scripts.localcloud import state
from scripts.localcloud.cloud import ComponentStatus, LocalCloud, Phase
from scripts.localcloud.errors import LocalCloudError, NotRunningError
from scripts.localcloud.files import silent
from scripts.localcloud.process import Process
from tests.live_cluster import Cluster, start

pytestmark = pytest.mark.live

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults") / "cloud"


@pytest.fixture(scope="module")
def running(directory: Path) -> Iterator[Cluster]:
    try:
        yield start(directory)
    finally:
        LocalCloud(directory, progress=silent).down(delete=True)


def test_up_again_changes_nothing(running: Cluster) -> None:
    before = running.cloud.status()
    running.cloud.up()

    assert before.running
    assert running.cloud.status() == before
    # Each leads a session of its own: Ctrl-C in the terminal of `up` does not reach it.
    assert all(os.getsid(component.pid or 0) == component.pid for component in before.components)


@pytest.mark.parametrize("victim", NAMES)
def test_a_killed_component_comes_back_alone(running: Cluster, victim: str) -> None:
    running.cloud.up()
    path = "/api/v1/namespaces/default/configmaps"
    name = f"kept-{victim}"
    assert running.request("POST", path, {"metadata": {"name": name}})[0] == 201
    before = _components(running.cloud)
    running.cloud.kill(victim)
    broken = running.cloud.status()
    running.cloud.up()
    after = _components(running.cloud)

    assert not broken.running
    assert next(c.state for c in broken.components if c.name == victim) is Phase.STOPPED
    assert {name: c.port for name, c in after.items()} == {name: c.port for name, c in before.items()}
    assert {name for name in NAMES if after[name].pid != before[name].pid} == {victim}
    assert running.request("GET", f"{path}/{name}")[0] == 200


def test_killing_what_does_not_run_is_said_in_words(running: Cluster) -> None:
    running.cloud.up()
    running.cloud.kill("etcd")
    with pytest.raises(NotRunningError, match="etcd does not run"):
        running.cloud.kill("etcd")
    with pytest.raises(LocalCloudError, match="'etc' is no component"):
        running.cloud.kill("etc")


def test_two_ups_at_once_start_one_cluster(running: Cluster, directory: Path) -> None:
    running.cloud.up()
    running.cloud.down()
    stopped = running.cloud.status()
    (directory / "lock").write_text("left over by a process long dead")
    said: list[str] = []
    clouds = [LocalCloud(directory, progress=said.append, durable=False) for _ in range(2)]
    threads = [threading.Thread(target=cloud.up) for cloud in clouds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [component.state for component in stopped.components] == [Phase.STOPPED] * 3
    assert running.cloud.status().running
    assert [text.split()[1] for text in said if text.startswith("starting")] == list(NAMES)
    assert sum(text.startswith("waiting for another") for text in said) == 1


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds lost processes under /proc")
def test_half_written_files_lose_no_process(running: Cluster, directory: Path) -> None:
    running.cloud.up()
    before = _components(running.cloud)
    whole = (directory / "state.json").read_bytes()
    (directory / "state.json").write_bytes(whole[: len(whole) // 2])
    told = _components(running.cloud)
    (directory / "pki" / "kube-apiserver.crt").write_text("-----BEGIN CERTIFICATE-----\nhalf")
    running.cloud.up()
    after = _components(running.cloud)

    assert {name: c.pid for name, c in told.items()} == {name: c.pid for name, c in before.items()}
    assert all(c.state is not Phase.STOPPED for c in told.values())
    assert all(c.state is Phase.RUNNING for c in after.values())
    assert not any(_exists(c.pid) for c in before.values())


def test_a_reused_pid_is_left_alone(running: Cluster, directory: Path) -> None:
    running.cloud.down()
    with subprocess.Popen(["sleep", "60"]) as innocent:
        remembered = state.load(directory / "state.json") or state.State()
        stale = Process(pid=innocent.pid, birth="another boot/1", since="2026-01-01T00:00:00+00:00")
        state.save(directory / "state.json", msgspec.structs.replace(remembered, processes=dict.fromkeys(NAMES, stale)))
        told = running.cloud.status()
        running.cloud.down()
        survived = innocent.poll() is None
        innocent.kill()

    assert [component.state for component in told.components] == [Phase.STOPPED] * 3
    assert survived


def test_a_port_taken_meanwhile_is_replaced_everywhere(running: Cluster) -> None:
    running.cloud.down()
    ports = {c.name: c.port for c in running.cloud.status().components}
    with closing(socket.create_server(("127.0.0.1", ports["kube-apiserver"] or 0))):
        running.cloud.up()
        status = running.cloud.status()

    assert status.running
    assert running.port == next(c.port for c in status.components if c.name == "kube-apiserver")
    assert running.port != ports["kube-apiserver"]
    assert running.request("GET", "/api/v1/namespaces/default")[0] == 200


def test_a_lost_key_of_the_store_is_not_papered_over(running: Cluster, directory: Path) -> None:
    running.cloud.up()
    key = directory / "pki" / "encryption.json"
    shutil.move(key, directory / "aside")
    with pytest.raises(LocalCloudError, match="Put it back, or start afresh"):
        running.cloud.up()
    shutil.move(directory / "aside", key)
    running.cloud.up()

    assert running.cloud.status().running


def test_a_full_disk_is_said_in_words(running: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(state, "write_private", full)
    with pytest.raises(LocalCloudError, match=r"state\.json: No space left on device\. Free some space"):
        running.cloud.up()


def test_down_with_delete_leaves_nothing(running: Cluster, directory: Path) -> None:
    running.cloud.up()
    pids = [c.pid for c in running.cloud.status().components]
    running.cloud.down(delete=True)
    running.cloud.down(delete=True)

    assert not directory.exists()
    assert not any(_exists(pid) for pid in pids)


def _components(cloud: LocalCloud) -> dict[str, ComponentStatus]:
    return {component.name: component for component in cloud.status().components}


def _exists(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    return pid is not None
