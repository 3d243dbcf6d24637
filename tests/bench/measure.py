"""Runs whole processes, each on its own, and tells what they took; two of them in turn, so that noise meets both."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

Command: TypeAlias = Sequence[str]

_TAIL = 2000


class CommandFailedError(Exception):
    """A command that is measured ended with another code than 0."""


class Usage(NamedTuple):
    """What one process took, with the processes that it waited for."""

    cpu: float
    wall: float
    peak_mb: float


class Pair(NamedTuple):
    """One run of ours and the peer's run right after it, if there is a peer."""

    ours: Usage
    peer: Usage | None


def run(command: Command, codes: Sequence[int] = (0,)) -> Usage:
    """Run `command` and return what it took; it may end with one of `codes`.

    The kernel starts a child's peak memory at its parent's, so this process must stay small.

    Raises:
        CommandFailedError: It failed; the end of its output is told.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            output.seek(0)
            said = output.read().decode(errors="replace")[-_TAIL:]
            raise CommandFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def pairs(
    ours: Command, peer: Command | None, prepare: Callable[[], None], *, warm_up: bool, repeat: int
) -> Iterator[Pair]:
    """Yield `repeat` pairs of runs; `prepare` goes before every single run and is not measured."""

    def prepared(command: Command) -> Usage:
        prepare()
        return run(command)

    for number in range(repeat + warm_up):
        pair = Pair(prepared(ours), prepared(peer) if peer else None)
        if number >= warm_up:
            yield pair


def median(values: Sequence[float]) -> float:
    """Return the median, of at least one value."""
    return statistics.median(values)
