"""What cannot be had is named and left out; with stand-ins for what would be had."""

import stat
import zipfile
from pathlib import Path

import pytest

from scripts.localcloud import binaries
from scripts.localcloud.errors import BuildError, UnavailableError
from scripts.localcloud.files import silent
from scripts.localcloud.window import keycloak, supplies


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "cache" / "govcloud"


def _program(path: Path, body: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(stat.S_IRWXU)
    return path


def test_without_namespaces_nothing_else_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "subprocess.run", lambda *_, **__: type("R", (), {"returncode": 1, "stderr": "Operation not permitted"})
    )
    found = supplies.gather(silent)

    assert (found.has_network, found.gateway, found.login) == (False, None, None)
    assert "user.max_user_namespaces" in found.missing[0]
    assert "Operation not permitted" in found.missing[0]
    assert len(found.missing) == 1


def test_each_part_is_left_out_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> Path:
        raise BuildError("Building envoy-gateway failed: it is raining.")

    monkeypatch.setattr(supplies, "_network", lambda _: True)
    monkeypatch.setattr(binaries, "build", fails)
    monkeypatch.setattr(supplies, "_package", lambda name: Path("/nowhere") if name == "envoy" else None)
    monkeypatch.setattr("importlib.metadata.version", lambda _: supplies.ENVOY_VERSION)
    found = supplies.gather(silent)

    assert found.has_network
    assert found.missing[0] == "Building envoy-gateway failed: it is raining."
    assert "needs Java 17 or newer" in found.missing[1]


def test_another_envoy_than_the_pinned_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplies, "_package", lambda _: Path("/nowhere"))
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1.0.0")

    with pytest.raises(UnavailableError, match=r"installed is 1\.0\.0.*requirements-window\.txt"):
        supplies._gateway(silent)  # noqa: SLF001 - one part of `gather`


@pytest.mark.parametrize(("version", "is_enough"), [("17.0.15", True), ("1.8.0_412", False), ("25.0.2", True)])
def test_the_java_on_path_has_to_be_new_enough(tmp_path: Path, version: str, *, is_enough: bool) -> None:
    java = _program(tmp_path / "bin" / "java", f"""echo 'openjdk version "{version}" 2025-04-15' >&2""")
    found = supplies._java_version(java)  # noqa: SLF001 - what find_java compares

    assert (found >= supplies.MINIMUM_JAVA) is is_enough


def test_without_maven_keycloak_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="there is no `mvn` on PATH"):
        keycloak.build(tmp_path / "java", silent)


def test_maven_that_fails_is_quoted(tmp_path: Path, cache: Path) -> None:
    _program(tmp_path / "bin" / "mvn", "echo '[ERROR] no route to host'; exit 1")

    with pytest.raises(UnavailableError, match=r"Fetching Keycloak by Maven failed: \[ERROR\] no route to host"):
        keycloak.build(tmp_path / "java", silent)
    assert not list(cache.glob("*keycloak*/"))


def test_another_keycloak_than_the_pinned_one_is_refused(tmp_path: Path, cache: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a", "b")
    folder = 'for a in "$@"; do case $a in -DoutputDirectory=*) read=${a#*=};; esac; done; '
    _program(tmp_path / "bin" / "mvn", f"{folder}/bin/cp {tmp_path}/other.zip $read/keycloak.zip")

    with pytest.raises(UnavailableError, match="is not what was pinned"):
        keycloak.build(tmp_path / "java", silent)
    assert not list(cache.glob("*keycloak*/"))
