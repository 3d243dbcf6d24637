"""Guards of the repository itself."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("components", "policies", "scripts", "stacks")
LINES_MAX = 350


def sources(project: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((project / folder).rglob("*.py"))


def tracked(project: Path) -> list[Path]:
    """Return what is in the repository, or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=project, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [project / name for name in listed.stdout.split("\0") if name and (project / name).is_file()]


def test_imports_go_one_way(project: Path) -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "0 broken" in ran.stdout


def test_package_files_are_empty(project: Path) -> None:
    inits = [path for path in sources(project, *PACKAGES, "tests") if path.name == "__init__.py"]
    assert len(inits) > 10
    assert [path for path in inits if path.read_bytes()] == []


def test_every_folder_with_modules_is_a_package(project: Path) -> None:
    folders = {path.parent for path in sources(project, *PACKAGES, "tests")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_module_is_long(project: Path) -> None:
    long = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(project, *PACKAGES)}
    assert {path: lines for path, lines in long.items() if lines > LINES_MAX and path.stem != "profile"} == {}


def test_every_module_says_what_it_is(project: Path) -> None:
    for path in sources(project, *PACKAGES):
        text = path.read_text(encoding="utf-8")
        assert not text or ast.get_docstring(ast.parse(text)), path


def test_the_main_module_of_the_program_decides_nothing(project: Path) -> None:
    path = project / "stacks" / "__main__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 15
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.For | ast.While | ast.Try | ast.With)]


def test_locks_hold_hashes_and_name_no_registry(project: Path) -> None:
    locks = sorted((*project.glob("requirements*.txt"), *project.glob("tests/**/requirements*.txt")))
    assert {lock.name for lock in locks} >= {"requirements.txt", "requirements-dev.txt", "requirements-checkov.txt"}
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links|--trusted-host", text), lock
        pinned = re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)
        assert pinned
        assert text.count("--hash=sha256:") >= len(pinned)
        blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
        assert [block.split()[0] for block in blocks if "==" in block and "--hash=" not in block] == []


def test_no_file_names_a_private_registry_or_a_path_of_one_machine(project: Path) -> None:
    for path in tracked(project):
        if path.suffix in {".py", ".toml", ".txt", ".yaml", ".yml", ".json", ".md", ".mod"} and path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w./-])/(root|home/\w+|Users/\w+|work)/", text), path
            assert not re.search(r"PIP_INDEX_URL *=|GOPROXY *= *https?://", text), path


def test_nothing_large_and_no_key_is_in_the_repository(project: Path) -> None:
    for path in tracked(project):
        assert path.stat().st_size < 1024 * 1024, path
        if path.suffix != ".py":
            assert b"PRIVATE KEY-----" not in path.read_bytes(), path


def test_only_two_kinds_of_exemption_are_used(project: Path) -> None:
    """`type: ignore` always names the error, and no module is exempted from a linter as a whole."""
    for path in sources(project, *PACKAGES, "tests"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"type: ignore(?!\[)|# ruff: noqa|# mypy: ignore|# noqa(?!:)", text) or path == Path(
            __file__
        )


def test_profiles_are_data_only(project: Path) -> None:
    assert {path.suffix for path in (project / "agency_profiles").iterdir()} == {".yaml", ".md"}
    for path in (project / "agency_profiles").glob("*.yaml"):
        first, *_ = path.read_text(encoding="utf-8").splitlines()
        assert first == "# yaml-language-server: $schema=../components/estate/schema/agency-profile.json", path
        assert not path.is_symlink()
