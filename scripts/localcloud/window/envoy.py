"""Stands in Envoy's place under Envoy Gateway: runs the real one, and again whenever it ends.

`python -m …envoy PROGRAM LOG WANTED MARK ARGUMENT…`; a container's restart policy would do the same. It ends with
Envoy Gateway, and then Envoy with it; MARK is how our own supervisor recognises that process.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from scripts.localcloud.process import MARK
from scripts.localcloud.window import namespaces

POLL_SECONDS = 0.2
RESTART_SECONDS = 1.0
STOP_SECONDS = 5.0


def main() -> None:
    """Keep it running until told to stop."""
    program, log, wanted, mark, *arguments = sys.argv[1:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    Path(wanted).touch(mode=0o600)
    parent = os.getppid()
    try:
        while os.getppid() == parent:
            # An Envoy takes a socket of its number; a second gateway's would find that taken.
            _run([program, "--use-dynamic-base-id", *arguments], Path(log), {**os.environ, MARK: mark}, parent)
            time.sleep(RESTART_SECONDS)
    finally:
        Path(wanted).unlink(missing_ok=True)


def _run(command: list[str], log: Path, environment: dict[str, str], parent: int) -> None:
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the program that we stand for
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            preexec_fn=_die_with_us,  # noqa: PLW1509 - no threads here
        )  # fmt: skip
    try:
        while process.poll() is None and os.getppid() == parent:
            time.sleep(POLL_SECONDS)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _die_with_us() -> None:
    namespaces.die_with_parent(signal.SIGKILL)


def _stop(_: int, __: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
