"""Builds the pinned Go programs once into the user's cache; go.mod and go.sum of each module here pin them."""

import functools
import hashlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from scripts.localcloud import toolchain
from scripts.localcloud.errors import BuildError, UnreachableError
from scripts.localcloud.files import Progress, locked, make_private, silent

SOURCE = Path(__file__).parent
GATEWAY = SOURCE / "envoy-gateway"  # a module of its own: what it requires must not move the control plane


class Program(NamedTuple):
    """A Go program: its package, and the folder whose go.mod and go.sum pin it."""

    package: str
    source: Path = SOURCE


PROGRAMS = {
    "etcd": Program("go.etcd.io/etcd/server/v3"),
    "kube-apiserver": Program("k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": Program("k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kubectl": Program("k8s.io/kubernetes/cmd/kubectl"),  # only for those who compare with it
    "envoy-gateway": Program("github.com/envoyproxy/gateway/cmd/envoy-gateway", GATEWAY),
}
REPORT_SECONDS = 10
# What Go says when, and what that means to us.
DISK_FULL = "no space left on device"
PROXY_REMEDY = "Check that the Go module proxy (`go env GOPROXY`) can be reached, and run it again."
NO_PROXY = ("dial tcp", "proxyconnect", "TLS handshake", "i/o timeout", "module lookup disabled")


@functools.cache
def go(source: Path = SOURCE) -> toolchain.Go:
    """Return the toolchain, at least the version that go.mod asks for."""
    return toolchain.find(_pinned(r"^go (\S+)$", source))


def cache(source: Path = SOURCE) -> Path:
    """Return the folder of these very sources built by this very toolchain."""
    digest = hashlib.sha256()
    for part in (*((source / name).read_bytes() for name in ("go.mod", "go.sum")), go(source).version.encode()):
        digest.update(hashlib.sha256(part).digest())
    return base() / digest.hexdigest()[:16]


def base() -> Path:
    """Return the folder in the user's cache that is ours."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "govcloud"


def build(name: str, program: Program | None = None, *, progress: Progress = silent, position: str = "") -> Path:
    """Return the program's path, having built it if that was never done.

    Args:
        name: What the binary is called.
        program: What to build; by default the one of `PROGRAMS` that has this name.
        progress: Is told what is built, and now and then for how long already.
        position: Follows the name where progress is told.

    Raises:
        ToolchainError: There is no adequate Go.
        BuildError: It could not be built.
    """
    program = program or PROGRAMS[name]
    binary = cache(program.source) / name
    if binary.exists():
        return binary
    make_private(binary.parent)
    with locked(binary.parent / "lock", progress, "build"):
        if not binary.exists():
            _build(program, binary, progress, f"building {name}{position}")
    return binary


def _build(program: Program, binary: Path, progress: Progress, title: str) -> None:
    name, source = binary.name, program.source
    for left in binary.parent.glob(f".{name}.*"):  # by a build that was killed
        left.unlink()
    partial = binary.with_name(f".{name}.{os.getpid()}")  # renamed when whole: a partial binary is never run
    log = binary.with_name(f"{name}.log")
    command = [str(go(source).path), "build", "-ldflags", _ldflags(source), "-o", str(partial), program.package]
    start = time.monotonic()
    progress(f"{title} from its Go modules (once, some minutes)")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - Go itself, fixed arguments
            command, cwd=source, env=go(source).environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        while (code := _wait(process)) is None:
            progress(f"{title}, {time.monotonic() - start:.0f} s")
    except BaseException:  # Ctrl-C above all: its compilers go with it
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        partial.unlink(missing_ok=True)
        raise
    if code != 0:
        partial.unlink(missing_ok=True)
        raise _failure(name, log)
    partial.replace(binary)
    progress(f"built {name} in {time.monotonic() - start:.0f} s")


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(REPORT_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _ldflags(source: Path) -> str:
    """Say the version that it is, which the published sources leave to the build; smaller without symbols."""
    if source == GATEWAY:
        version = _pinned(r"^\tgithub\.com/envoyproxy/gateway (v\S+)", source)
        return f"-s -w -X github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion={version}"
    if source != SOURCE:
        return "-s -w"
    version = _pinned(r"^\tk8s\.io/kubernetes (v\S+)")
    major, minor, *_ = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(["-s -w", *(f"-X {p}.{key}={value}" for p in packages for key, value in values.items())])


def _pinned(pattern: str, source: Path = SOURCE) -> str:
    match = re.search(pattern, (source / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise BuildError(f"{source / 'go.mod'} has no line like `{pattern}`. Restore it from the repository.")
    return match[1]


def _failure(name: str, log: Path) -> BuildError:
    text = log.read_text(errors="replace")
    tail = " | ".join(line.strip() for line in text.strip().splitlines()[-3:]) or "Go said nothing"
    error, hint = BuildError, "The whole output tells more."
    if DISK_FULL in text:
        hint = "Free about 4 GB where Go keeps its caches, and run it again."
    elif is_unreachable(text):
        error, hint = UnreachableError, PROXY_REMEDY
    return error(f"Building {name} failed: {tail}. {hint} Output: {log}")


def is_unreachable(text: str) -> bool:
    """Tell whether this, said by Go, means that no module proxy could be reached."""
    return any(sign in text for sign in NO_PROXY)
