"""The scanners, pinned here and kept in the user's cache as the control plane's programs are.

Each has its own dependencies, which are none of ours: checkov gets a virtual environment, kube-score its own go.mod.
"""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.localcloud import binaries
from scripts.localcloud.errors import BuildError, UnreachableError
from scripts.localcloud.files import Progress, locked, silent

_HERE: Final = Path(__file__).parent
_REQUIREMENTS: Final = _HERE / "requirements-checkov.txt"
_NOT_OFFERED: Final = "No matching distribution found"  # pip also says so where it reaches no index at all


def kube_score(progress: Progress = silent) -> Path:
    """Return kube-score's path, having built it if that was never done.

    Raises:
        ToolchainError: There is no adequate Go.
        BuildError: It could not be built.
    """
    program = binaries.Program("github.com/zegl/kube-score/cmd/kube-score", _HERE)
    return binaries.build("kube-score", program, progress=progress)


def checkov(progress: Progress = silent) -> Path:
    """Return checkov's path, having installed it if that was never done.

    Raises:
        BuildError: It could not be installed.
    """
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = binaries.base() / f"checkov-{digest}"
    stamp = folder / ".installed"  # an environment cannot be moved when it is whole, as a binary can
    with locked(folder.with_suffix(".lock"), progress, "installation"):
        if not stamp.exists():
            progress("installing checkov into an environment of its own (once, a minute or two)")
            _run([sys.executable, "-m", "venv", "--clear", str(folder)])
            pip = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "--require-hashes"]
            _run([*pip, "-r", str(_REQUIREMENTS)])
            stamp.touch()
    return folder / "bin" / "checkov"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        error = UnreachableError if _NOT_OFFERED in done.stderr else BuildError
        raise error(f"checkov could not be installed: {' | '.join(done.stderr.strip().splitlines()[-3:])}")
