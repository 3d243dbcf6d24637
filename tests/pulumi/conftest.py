"""A stack's program, run in this process: `record("irica")`."""

import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.shared import BASELINE
from tests.pulumi import recorder
from tests.pulumi.recorder import Recording

PLATFORM = "organization/govcloud/platform"
CONFIG = {"kubeconfig": "kubeconfig", "clientSecretExists": "true"}
"""The settings of a stack like those of the embedded cluster: it is not the stack that makes the client secret."""
STACKS = {PLATFORM: {"baseline": BASELINE}}


class Program:
    """The program over one project."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(
        self,
        stack: str,
        *,
        config: Mapping[str, str] = CONFIG,
        stacks: Mapping[str, Mapping[str, Any]] = STACKS,
        **changes: Any,
    ) -> Recording:
        return recorder.record(self.root, stack, config=config, stacks=stacks, **changes)

    def profile(self, agency_id: str) -> Path:
        return self.root / "agency_profiles" / f"{agency_id}.yaml"

    def edit(self, agency_id: str, old: str, new: str) -> None:
        text = self.profile(agency_id).read_text(encoding="utf-8")
        assert old in text
        self.profile(agency_id).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def record(project: Path, tmp_path: Path) -> Program:
    """The program over a project of two agencies, to change at will, beside a platform that is up."""
    return Program(_project(tmp_path, project, Path(__file__).parent / "estate" / "agency_profiles"))


@pytest.fixture(scope="session")
def examples(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Callable[[str], Recording]]:
    """The project of the example profiles, and what each of its stacks registers: run once, for all tests."""
    root = _project(tmp_path_factory.mktemp("examples"), project, project / "agency_profiles")
    return root, cache(Program(root))


def _project(root: Path, project: Path, profiles: Path) -> Path:
    (root / "stacks").mkdir()
    shutil.copy(project / "stacks" / "platform.yaml", root / "stacks")
    shutil.copytree(profiles, root / "agency_profiles")
    (root / "kubeconfig").touch()
    return root
