"""Whatever is killed at whatever moment: the next run converges, and nobody was ever let into an open namespace.

A few kills by default; GOVCLOUD_FAULTS=N makes N. The seed is printed; GOVCLOUD_FAULTS_SEED repeats a run's moments.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.manifests.kinds import DEFAULT_DENY
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from scripts.cluster.read_back import read_back
from scripts.cluster.result import Outcome
from scripts.localcloud.cloud import LocalCloud
from tests.faults.applier import platform, tenants
from tests.faults.watcher import Watcher, watching
from tests.live_cluster import Cluster, start

pytestmark = pytest.mark.live

VICTIMS = ("apply", "kube-apiserver", "etcd")
FAULTS = int(os.environ.get("GOVCLOUD_FAULTS", len(VICTIMS)))
SEED = int(os.environ.get("GOVCLOUD_FAULTS_SEED", random.SystemRandom().randrange(10**6)))


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of its own: nobody else should see it die."""
    directory = tmp_path_factory.mktemp("faults") / "cloud"
    try:
        yield start(directory, lambda _: None)
    finally:
        LocalCloud(directory, progress=lambda _: None).down(delete=True)


@pytest.fixture(scope="module")
def span(fragile: Cluster, project: Path) -> float:
    """How long an undisturbed run takes, once it writes."""
    declared = tenants(project, "calm")
    connection = connect(fragile.kubeconfig)
    assert apply(connection, [platform(project)]).is_good
    begin = time.monotonic()
    assert apply(connection, declared).is_good
    return time.monotonic() - begin


@pytest.mark.parametrize("number", range(FAULTS))
def test_kill(fragile: Cluster, span: float, project: Path, number: int, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(f"{SEED}/{number}")  # noqa: S311 - moments, not secrets
    victim = VICTIMS[number % len(VICTIMS)]
    moment = chance.uniform(0, span * 1.5)
    with capfd.disabled():
        sys.stderr.write(f"\nkill {number}, seed {SEED}: {victim} after {moment:.2f} s of about {span:.2f} s ")
    agency_id = f"kill{number}"
    with watching(fragile) as watcher:
        _disturb(fragile, victim, moment, agency_id)
        declared = tenants(project, agency_id)
        connection = connect(fragile.kubeconfig)
        report = apply(connection, declared)
    assert (report.is_good, report.stopped) == (True, "")
    assert report.verified == report.declared
    assert read_back(connection, declared[0].manifests) == ()
    assert not report.counts[Outcome.DELETED]
    assert watcher.open_namespaces == set()
    assert watcher.looks > 1


def _disturb(cluster: Cluster, victim: str, moment: float, agency_id: str) -> None:
    # A short lease, so that the next run need not wait long for the killed one's.
    lease = "2" if victim == "apply" else "15"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.applier", str(cluster.kubeconfig), lease, agency_id],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "reading what is there\n"
    time.sleep(moment)
    if victim == "apply":
        process.kill()
    else:
        cluster.cloud.kill(victim)
        time.sleep(0.2)
        cluster.cloud.up()
    output, _ = process.communicate(timeout=180)
    assert "Traceback" not in output, output
    assert process.returncode in ((-9, 0) if victim == "apply" else (0, 1, 2)), output


def test_the_watcher_sees_an_open_namespace(fragile: Cluster, span: float) -> None:
    assert span > 0
    watcher = Watcher(fragile)
    assert watcher.look()
    assert (watcher.open_namespaces, watcher.sightings) == (set(), 1)
    path = f"/apis/networking.k8s.io/v1/namespaces/calm-production/networkpolicies/{DEFAULT_DENY}"
    assert fragile.request("DELETE", path)[0] == 200
    assert watcher.look()
    assert watcher.open_namespaces == {"calm-production"}
