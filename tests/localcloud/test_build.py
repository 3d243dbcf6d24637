"""Finding Go, building with it, and what it says when it cannot; with stand-ins for Go."""

import json
import os
import stat
from pathlib import Path

import pytest

from scripts.localcloud import binaries, crds, toolchain
from scripts.localcloud.errors import BuildError, ToolchainError, UnreachableError
from scripts.localcloud.files import silent


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "go"
    monkeypatch.setattr(binaries, "go", lambda *_: toolchain.Go(path=path, version="go1.26.0 test/test"))
    return path


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(stat.S_IRWXU)


def test_without_go_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(ToolchainError, match=r"there is no `go`.*requirements-go\.txt"):
        toolchain.find("1.26.0")


def test_an_old_go_beside_python_does_not_hide_a_new_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, version in (("venv", "go1.21.3"), ("path", "go1.26.8")):
        (tmp_path / name).mkdir()
        _script(tmp_path / name / "go", f"echo go version {version} linux/amd64")
    monkeypatch.setattr("sys.executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))

    assert toolchain.find("1.26.0").path == tmp_path / "path" / "go"
    with pytest.raises(ToolchainError, match=r"Go 1\.27\.0 or newer, but .*go1\.21\.3.*go1\.26\.8"):
        toolchain.find("1.27.0")


@pytest.mark.parametrize(
    ("said", "error", "remedy"),
    [
        ("write /tmp/x: no space left on device", BuildError, "Free about 4 GB"),
        ('Get "https://p/": dial tcp: lookup p: no such host', UnreachableError, "Check that the Go module proxy"),
        ("undefined: x", BuildError, "The whole output tells more"),
    ],
)
def test_a_failed_build_leaves_no_program(fake_go: Path, said: str, error: type[BuildError], remedy: str) -> None:
    _script(fake_go, f"echo half > $5; echo '{said}' >&2; exit 1")

    with pytest.raises(error, match=remedy):
        binaries.build("etcd")
    assert sorted(path.name for path in binaries.cache().iterdir()) == ["etcd.log", "lock"]


def test_ctrl_c_ends_the_compilers_and_leaves_no_program(
    fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _script(fake_go, f"echo half > $5; echo $$ > {tmp_path}/pid; exec sleep 60")
    monkeypatch.setattr(binaries, "REPORT_SECONDS", 0.5)

    def interrupt(text: str) -> None:
        if text.endswith(" s"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        binaries.build("etcd", progress=interrupt)
    assert sorted(path.name for path in binaries.cache().iterdir()) == ["etcd.log", "lock"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_built_program_is_not_built_again(fake_go: Path) -> None:
    _script(fake_go, "echo program > $5")
    first = binaries.build("kubectl")
    _script(fake_go, "exit 1")

    assert binaries.build("kubectl") == first
    assert first.read_text() == "program\n"


def test_a_module_other_than_the_pinned_one_is_refused(fake_go: Path) -> None:
    answer = json.dumps({"Zip": "/nowhere", "Sum": "h1:other"})
    _script(fake_go, f"echo '{answer}'")

    with pytest.raises(BuildError, match=r"is not what was pinned.*h1:other"):
        crds.load(binaries.go(), binaries.cache(), silent)


def test_modules_that_cannot_be_fetched_are_named(fake_go: Path) -> None:
    answer = json.dumps({"Error": "dial tcp: i/o timeout"})
    _script(fake_go, f"echo '{answer}'; exit 1")

    with pytest.raises(UnreachableError, match=r"sigs\.k8s\.io/gateway-api v1\.7\.0 could not be fetched"):
        crds.load(binaries.go(), binaries.cache(), silent)
