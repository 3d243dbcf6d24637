"""The real thing: the `pulumi` CLI with its Kubernetes plugin, a project of its own, and the embedded cluster."""

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components.estate.loader import load
from components.manifests.kinds import KINDS
from components.manifests.manifest import PLATFORM_OWNER, Manifest, identity
from scripts.cluster.connection import connect
from scripts.cluster.read_back import read_back
from stacks.declaration import declaration
from tests.live_cluster import Cluster

PROFILES = Path(__file__).parents[2] / "agency_profiles"
REQUIRE = "GOVCLOUD_REQUIRE_ENGINE"
SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a preview would do to one resource."""

    op: str
    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command of the CLI ended."""

    code: int
    text: str

    @property
    def words(self) -> str:
        """The output without the line breaks of terminals."""
        return " ".join(self.text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A copy of the project's data with a state of its own; the code is the installed one."""

    root: Path
    cli: str
    cluster: Cluster | None
    environment: Mapping[str, str] = field(repr=False)

    def pulumi(self, *arguments: str) -> Ran:
        """Run the CLI, however it ends."""
        done = subprocess.run(
            [self.cli, *arguments, "--non-interactive", "--color", "never"],
            cwd=self.root,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ran(code=done.returncode, text=done.stdout)

    def must(self, *arguments: str) -> str:
        """Run the CLI; it must succeed."""
        ran = self.pulumi(*arguments)
        assert ran.code == 0, f"pulumi {' '.join(arguments)}\n{ran.text}"
        return ran.text

    def make(self, stack: str, **config: str) -> None:
        """Make a stack for the cluster; an agency's keeps the client secret of the agency's window."""
        self.must("stack", "init", stack)
        self.set(stack, kubeconfig=str(self.cluster.kubeconfig) if self.cluster else "Pulumi.yaml", **config)
        if stack != PLATFORM_OWNER:
            self.keep(stack, "client-secret-for-tests")

    def set(self, stack: str, **config: str) -> None:
        for key, value in config.items():
            self.must("config", "set", "--stack", stack, f"govcloud:{key}", value)

    def keep(self, stack: str, client_secret: str) -> None:
        """Set the client secret, encrypted."""
        self.must("config", "set", "--stack", stack, "--secret", "govcloud:oidcClientSecret", client_secret)

    def up(self, stack: str, *arguments: str) -> str:
        return self.must("up", "--stack", stack, "--yes", "--skip-preview", *arguments)

    def refresh(self, stack: str, *arguments: str) -> str:
        return self.must("refresh", "--stack", stack, "--yes", "--skip-preview", *arguments)

    def unchanged(self, stack: str) -> None:
        """Neither the program nor the cluster has anything to change."""
        self.up(stack, "--expect-no-changes")
        self.refresh(stack, "--expect-no-changes")
        self.up(stack, "--expect-no-changes")

    def plan(self, stack: str) -> list[Step]:
        """Return what a preview would do, without what stays as it is."""
        text = self.must("preview", "--stack", stack, "--json")
        steps = json.loads(text[text.index("{") :])["steps"]
        found = [
            Step(op=s["op"], type=s["urn"].split("::")[2].split("$")[-1], name=s["urn"].split("::")[3])
            for s in steps
            if s["op"] not in ("same", "read", "refresh")
        ]
        return [step for step in found if step.type != "pulumi:pulumi:Stack"]

    def outputs(self, stack: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.must("stack", "output", "--stack", stack, "--json"))
        return answer

    def resources(self, stack: str) -> list[dict[str, Any]]:
        state = json.loads(self.must("stack", "export", "--stack", stack))
        resources: list[dict[str, Any]] = state["deployment"].get("resources", [])
        return resources

    def manifests(self, owner: str) -> tuple[Manifest, ...]:
        estate = load(self.root).estate
        assert estate is not None
        return declaration(estate, owner).manifests

    def live(self, owner: str) -> dict[tuple[str, str, str, str], dict[str, Any] | None]:
        """Return the owner's declared objects as the API server has them, None where it has none."""
        return {identity(manifest): self._get(manifest) for manifest in self.manifests(owner)}

    def uids(self, owner: str) -> dict[tuple[str, str, str, str], str]:
        """Return who the owner's objects are; all of them are there."""
        found = self.live(owner)
        missing = [subject for subject, body in found.items() if body is None]
        assert not missing
        return {subject: body["metadata"]["uid"] for subject, body in found.items() if body is not None}

    def differences(self, owner: str) -> list[str]:
        """Return what the API server does not hold as it is declared."""
        assert self.cluster is not None
        found = read_back(connect(self.cluster.kubeconfig), self.manifests(owner))
        return [difference.shown for difference in found]

    def profile(self, agency_id: str) -> Path:
        return self.root / "agency_profiles" / f"{agency_id}.yaml"

    def edit(self, agency_id: str, old: str, new: str) -> None:
        """Replace the first `old` of the profile."""
        text = self.profile(agency_id).read_text(encoding="utf-8")
        assert old in text
        self.profile(agency_id).write_text(text.replace(old, new, 1), encoding="utf-8")

    def restore(self, agency_id: str) -> None:
        """Give the profile back its own content."""
        shutil.copy(PROFILES / f"{agency_id}.yaml", self.profile(agency_id))

    def _get(self, manifest: Manifest) -> dict[str, Any] | None:
        assert self.cluster is not None
        api_version, kind, namespace, name = identity(manifest)
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        within = f"/namespaces/{namespace}" if namespace else ""
        status, body = self.cluster.request("GET", f"{base}{within}/{KINDS[api_version, kind].plural}/{name}")
        return body if status == 200 else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the engine is required, what is skipped for want of it, or of a cluster, has failed."""
    report = yield
    if report.skipped and os.environ.get(REQUIRE):
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE} is set, and this was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def cli() -> str:
    """The path of the CLI."""
    found = shutil.which("pulumi")
    if found is None:
        pytest.skip("no `pulumi` on PATH: it comes from Pulumi's own downloads and is in no package registry")
    return found


@pytest.fixture(scope="module")
def engine(cli: str, cluster: Cluster, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose platform is up."""
    made = new_project(cli, cluster, project, tmp_path_factory.mktemp("engine"))
    made.make("platform")
    made.up("platform")
    yield made
    made.must("state", "unprotect", "--all", "--yes", "--stack", "platform")
    made.must("destroy", "--stack", "platform", "--yes", "--skip-preview")


def new_project(cli: str, cluster: Cluster | None, project: Path, directory: Path) -> Project:
    """Return a copy of the project with an empty state in `directory`."""
    root, state = directory / "project", directory / "state"
    state.mkdir()
    (root / "stacks" / "config").mkdir(parents=True)
    for name in ("Pulumi.yaml", "stacks/__main__.py", "stacks/platform.yaml"):
        shutil.copy(project / name, root / name)
    shutil.copytree(project / "agency_profiles", root / "agency_profiles")
    (root / ".venv").symlink_to(project / ".venv")
    environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"} | {
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "a state for tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return Project(root=root, cli=cli, cluster=cluster, environment=environment)


def kinds(steps: list[Step]) -> Counter[tuple[str, str]]:
    """Return how often each operation meets each type."""
    return Counter((step.op, step.type.rpartition(":")[2]) for step in steps)
