"""Starts, recognises and stops programs that outlive us; knows nothing of what they are."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scripts.localcloud.errors import StartError

READY_SECONDS = 90.0
STOP_SECONDS = 10.0  # an API server whose store is gone would take a minute
POLL_SECONDS = 0.05
MARK = "GOVCLOUD_COMPONENT"  # in the environment of all that we start: finds them when the state file is lost
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A program to be kept running; one whose fingerprint changed is to be restarted."""

    name: str
    argv: tuple[str, ...]
    ports: tuple[int, ...]
    is_ready: Callable[[], bool]
    log: Path
    fingerprint: str
    environment: tuple[tuple[str, str], ...] = ()
    ready_seconds: float = READY_SECONDS


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A program that was started; its `birth` tells it from a later one with the same pid."""

    pid: int
    birth: str
    since: str
    fingerprint: str = ""


def spawn(component: Component, mark: str) -> Process:
    """Start it in a session of its own, so that Ctrl-C in our terminal does not reach it."""
    if component.log.exists():
        component.log.replace(component.log.with_suffix(".previous.log"))
    # Nothing else of our environment: etcd reads every ETCD_*, and others can read it under /proc.
    environment = {"PATH": os.defpath, "HOME": str(component.log.parent), MARK: mark, **dict(component.environment)}
    create = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        component.argv[0], component.argv, environment, setsid=True, setsigmask=(), setsigdef=IGNORED,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(component.log), create, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )  # fmt: skip
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Process(pid=pid, birth=_observe(pid)[1], since=since, fingerprint=component.fingerprint)


def is_alive(process: Process) -> bool:
    """Tell whether this very process still runs, not another that got its pid."""
    state, birth = _observe(process.pid)
    if not birth or birth != process.birth:
        return False
    if state not in "ZX":
        return True
    try:
        return os.waitpid(process.pid, os.WNOHANG) == (0, 0)  # our own child: let it go once it has ended
    except ChildProcessError:
        # Its first thread ended; while others do, it still holds its ports and files.
        return len(list(Path(f"/proc/{process.pid}").glob("task/*"))) > 1


def wait_ready(component: Component, process: Process) -> None:
    """Return once it serves.

    Raises:
        StartError: It ended, or does not serve in time.
    """
    deadline = time.monotonic() + component.ready_seconds
    while not component.is_ready():
        if not is_alive(process):
            raise StartError(_failure(component, "ended instead of starting"))
        if time.monotonic() > deadline:
            raise StartError(_failure(component, f"does not answer after {component.ready_seconds:.0f} s"))
        time.sleep(POLL_SECONDS)


def stop(process: Process, *, kill: bool = False) -> None:
    """Ask it to end, make it after a while, and wait until it has."""
    deadline = time.monotonic() + (0 if kill else STOP_SECONDS)
    if not kill:
        _send(process, signal.SIGTERM)
    while is_alive(process):
        if time.monotonic() >= deadline:
            _send(process, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def strays(mark: str) -> Iterator[Process]:
    """Find what we started but have no record of (Linux; elsewhere the record is all there is)."""
    wanted = f"{MARK}={mark}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # ended meanwhile, or another user's
            if wanted in path.read_bytes().split(b"\0"):
                pid = int(path.parent.name)
                since = datetime.fromtimestamp(path.parent.stat().st_ctime, UTC).isoformat(timespec="seconds")
                yield Process(pid=pid, birth=_observe(pid)[1], since=since)


def _send(process: Process, number: signal.Signals) -> None:
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _observe(pid: int) -> tuple[str, str]:
    """Return the state and the birth of whatever has this pid, in the system's own words."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ("", "") if Path("/proc/self/stat").exists() else _observe_without_proc(pid)
    return state, f"{boot}/{fields[18]}"  # proc(5): field 22, the start time in ticks since boot


def _observe_without_proc(pid: int) -> tuple[str, str]:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    state, _, birth = result.stdout.strip().partition(" ")
    return state[:1], birth.strip()


def _failure(component: Component, what: str) -> str:
    try:
        lines = component.log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    full = any("no space left on device" in line for line in lines[-20:])
    hint = "The disk is full: free some space and run it again." if full else (
        "Run it again; if the data are broken, `govcloud cloud down --delete` starts afresh."
    )  # fmt: skip
    last = lines[-1][:400] if lines else "it wrote nothing"
    return f"{component.name} {what}. Its last line: {last}. {hint} Log: {component.log}"
