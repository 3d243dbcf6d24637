"""Runs a program inside the window's network: `python -m …enter PID [--root DIR] -- PROGRAM ARGUMENT…`.

The process stays the same one, so whoever started it still knows it. PID is that of the network's own program;
DIR, where given, becomes the root of the file system, with the name service and the trust store of the window.
"""

import argparse
import os
import sys
from pathlib import Path

from scripts.localcloud.window import namespaces


def main() -> None:
    """Enter and become the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pid", type=int)
    parser.add_argument("--root", type=Path)
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    enter(arguments.pid, arguments.root)
    os.execv(arguments.program[0], arguments.program)  # noqa: S606 - what we were asked to become


def enter(pid: int, root: Path | None) -> None:
    """Join the namespaces of the process; change the root where one is given."""
    there, here = Path(f"/proc/{pid}/ns"), Path("/proc/self/ns")
    wanted = {"user": namespaces.NEW_USER, "net": namespaces.NEW_NETWORK}
    if root:
        wanted["mnt"] = namespaces.NEW_MOUNTS
    for kind, flag in wanted.items():
        if (there / kind).readlink() != (here / kind).readlink():
            namespaces.join(there / kind, flag)
    if root:
        os.chroot(root)
        os.chdir("/")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"The window's network cannot be entered: {error}.")
