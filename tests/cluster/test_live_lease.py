"""Two runs at once, against a real API server."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from components.estate.estate import Estate
from scripts.cluster.apply import apply
from scripts.cluster.connection import Connection, connect
from scripts.cluster.errors import LeaseError
from scripts.cluster.lease import Lease, hold
from tests.cluster.conftest import renamed
from tests.live_cluster import Cluster

pytestmark = pytest.mark.live

PATH = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/govcloud-apply"


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    cluster.request("DELETE", PATH)
    yield connect(cluster.kubeconfig)
    cluster.request("DELETE", PATH)


def steal(cluster: Cluster) -> None:
    patch = {"spec": {"holderIdentity": "somebody else"}}
    code, _ = cluster.request("PATCH", PATH, patch, {"Content-Type": "application/merge-patch+json"})
    assert code == 200


def test_the_second_run_waits_for_the_first(connection: Connection, estate: Estate) -> None:
    declared = renamed(estate, "ashayer", "t-second")
    said: list[str] = []
    waiting = threading.Event()

    def progress(line: str) -> None:
        said.append(line)
        if line.startswith("waiting for another run: "):
            waiting.set()

    outcome = []
    second = threading.Thread(target=lambda: outcome.append(apply(connection, [declared], progress=progress)))
    with hold(connection, lambda _: None) as first:
        second.start()
        assert waiting.wait(30)
        first.check()
        assert not outcome
    second.join(60)
    assert outcome[0].is_good
    assert f"process {os.getpid()}" in said[0]
    assert sum(line.startswith("waiting") for line in said) == 1


def test_waiting_has_an_end(connection: Connection, cluster: Cluster, estate: Estate) -> None:
    declared = renamed(estate, "ashayer", "t-refused")
    with hold(connection, lambda _: None), pytest.raises(LeaseError, match=r"Another run .* is at work: .*@"):
        apply(connection, [declared], wait_seconds=1)
    assert cluster.request("GET", "/api/v1/namespaces/t-refused-production")[0] == 404


def test_a_killed_runs_lease_ends(connection: Connection) -> None:
    killed = Lease(connection, seconds=2)
    killed.acquire(lambda _: None, 10)  # and nobody renews it
    begin = time.monotonic()
    with hold(connection, lambda _: None) as lease:
        assert time.monotonic() - begin > 2
        lease.check()
        with pytest.raises(LeaseError, match="could not be renewed"):
            killed.check()
        killed.release()  # not its own any more: leaves the other's alone
        lease.check()
        with pytest.raises(LeaseError):
            Lease(connection).acquire(lambda _: None, 0)


def test_a_lease_that_is_renewed_does_not_end(connection: Connection) -> None:
    with hold(connection, lambda _: None, seconds=2), pytest.raises(LeaseError, match="at work"):
        Lease(connection).acquire(lambda _: None, 5)


def test_a_lease_that_was_taken_stops_the_run(connection: Connection, cluster: Cluster) -> None:
    with hold(connection, lambda _: None, seconds=2) as lease:
        steal(cluster)
        time.sleep(1.5)  # until the next renewal
        with pytest.raises(LeaseError, match=r"took over: somebody else|could not be renewed"):
            lease.check()
    assert cluster.request("GET", PATH)[1]["spec"]["holderIdentity"] == "somebody else"


def test_the_next_run_need_not_wait_for_one_that_ended(connection: Connection) -> None:
    for _ in range(2):
        begin = time.monotonic()
        with hold(connection, lambda _: None):
            assert time.monotonic() - begin < 10


def test_losing_the_lease_stops_the_run_cleanly(connection: Connection, cluster: Cluster, estate: Estate) -> None:
    declared = renamed(estate, "ashayer", "t-robbed")
    stolen = threading.Event()

    def progress(line: str) -> None:
        if line == "reading what is there":
            steal(cluster)
            stolen.set()
            time.sleep(2)  # until the renewal notices

    report = apply(connection, [declared], progress=progress, lease_seconds=2)
    assert stolen.is_set()
    assert "took over: somebody else" in report.stopped
    assert not report.is_good
    assert report.results == ()
