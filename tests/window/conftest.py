"""One cluster with the windows of all example agencies for the whole session, and people who log in to them."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.estate import loader
from components.estate.estate import Estate
from scripts.cluster import summary
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.errors import ToolchainError, UnreachableError
from scripts.localcloud.files import Progress, silent
from scripts.localcloud.window import opening
from scripts.localcloud.window.reach import Window
from scripts.report import portal
from stacks.declaration import declarations
from tests.live_cluster import Cluster
from tests.window import person as browser

ROOT = Path(__file__).parents[2]
PASSWORD = "a-password-of-the-tests"  # noqa: S105  # of a realm that lives as long as the tests
PEOPLE = {
    "citizen": (),
    "broker": ("irica:broker",),
    "licensed": ("operator", "operator:hamrah-nemuneh"),
    "ended": ("operator:pishkhan-nemuneh",),
    "unregistered": ("operator",),
}
"""Who can log in, and the groups of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Windows in service."""

    cluster: Cluster
    window: Window
    estate: Estate

    def person(self) -> browser.Person:
        """Return somebody new, who knows no cookie yet."""
        return browser.Person(self.window.ca, self.window.places)

    def logged_in(self, user: str, url: str) -> browser.Person:
        """Return somebody who has logged in at this address."""
        person = self.person()
        assert person.log_in(person.visit(url), user, PASSWORD).url == url
        return person

    def open_windows(self) -> None:
        """Put everything beside the manifests as it ought to be, whatever a test did to it."""
        opening.open_windows(self.cluster.cloud, self.estate, people(), portal.pages(self.estate))


def people() -> list[opening.Person]:
    """Return the accounts."""
    return [opening.Person(username=name, password=PASSWORD, groups=groups) for name, groups in PEOPLE.items()]


def start(directory: Path, progress: Progress = silent) -> Site:
    """Bring the windows into service, or skip where there can be none."""
    cloud = LocalCloud(directory, progress=progress, durable=False, window=True)
    try:
        cloud.up()
    except (ToolchainError, UnreachableError) as error:
        pytest.skip(f"no embedded control plane here: {error}")
    window = cloud.window
    assert window
    if window.missing:
        pytest.skip(f"no whole window here: {' '.join(window.missing)}")
    estate = loader.load(ROOT).estate
    assert estate
    report = apply(connect(cloud.kubeconfig), declarations(estate), progress=silent)
    assert report.is_good, summary.text(report)
    cluster = Cluster(cloud=cloud, kubeconfig=cloud.kubeconfig, pki=directory / "pki")
    site = Site(cluster=cluster, window=window, estate=estate)
    site.open_windows()
    assert not opening.wait_until_asked(cloud, opening.entrances(estate))
    return site


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The session's window; stopped and deleted at its end."""
    directory = tmp_path_factory.mktemp("window") / "cloud"
    try:
        yield start(directory, _shown(request))
    finally:
        cloud = LocalCloud(directory, progress=silent)
        pids = [component.pid for component in cloud.status().components if component.pid]
        cloud.down(delete=True)
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _shown(request: pytest.FixtureRequest) -> Callable[[str], None]:
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(text: str) -> None:  # the first build takes minutes: CI must not look hung
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\ncloud: {text}")
            sys.stderr.flush()

    return show
