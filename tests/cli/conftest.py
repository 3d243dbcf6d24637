"""A small project, and the command as a user sees it: exit code, standard output, standard error."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.cli import main
from tests.estate.expectation import PROFILES, make_root

VALID = [PROFILES / "valid" / "minimal.yaml", PROFILES / "valid" / "spellings.yaml"]


class Ran(NamedTuple):
    """What became of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two valid profiles."""
    return make_root(tmp_path / "root", VALID)


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `govcloud` in the project."""
    monkeypatch.chdir(root)

    def run_there(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run_there
