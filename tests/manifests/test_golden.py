"""Sample manifests, byte for byte. `make golden` writes them anew; the difference is then read in the review."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.estate.estate import Estate
from scripts.report.manifests import files
from stacks.declaration import declaration

OWNERS = ("platform", "irica", "ashayer", "bank-nemuneh")
"""The platform; a full national agency; one without centre and window; a bank-like body of one environment."""

GOLDEN = Path("tests/golden")
IS_WRITING = os.environ.get("GOVCLOUD_GOLDEN") == "1"

PRINT_DIGEST = """
import hashlib, pathlib
from tests.manifests.conftest import load
from scripts.report.manifests import files
from stacks.declaration import declarations
estate = load(pathlib.Path("."))
print(len(estate.agencies))
for declared in declarations(estate):
    for name, content in files(declared):
        print(declared.owner, name, hashlib.sha256(content.encode()).hexdigest())
"""


@pytest.mark.parametrize("owner", OWNERS)
def test_manifests_are_as_they_were_reviewed(owner: str, estate: Estate, project: Path) -> None:
    folder = project / GOLDEN / owner
    rendered = dict(files(declaration(estate, owner)))
    if IS_WRITING:
        write(folder, rendered)
    golden = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*")}
    assert golden == rendered, "read the difference; if it is right, `make golden`"


def write(folder: Path, rendered: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in rendered.items():
        (folder / name).write_text(content, encoding="utf-8")


def test_no_other_folder_is_golden(project: Path) -> None:
    assert {path.name for path in (project / GOLDEN).iterdir()} == set(OWNERS)


def test_two_processes_with_different_hash_seeds_render_the_same_bytes(project: Path) -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            cwd=project,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tehran"))
    }
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) > len(OWNERS)
