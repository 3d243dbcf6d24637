"""Linux namespaces through the C library: what Python 3.12's `os` has and 3.11's has not."""

import ctypes
import fcntl
import os
import socket
import struct
from ipaddress import IPv4Interface
from pathlib import Path

NEW_MOUNTS, NEW_USER, NEW_NETWORK = 0x00020000, 0x10000000, 0x40000000  # linux/sched.h
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000  # linux/mount.h
SET_ADDRESS, SET_NETMASK, SET_FLAGS = 0x8916, 0x891C, 0x8914  # linux/sockios.h
IS_UP, IS_RUNNING = 0x1, 0x40  # linux/if.h
SET_PARENT_DEATH_SIGNAL = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave these namespaces for new ones."""
    _check(_libc.unshare(flags), "unshare")


def join(path: Path, flags: int) -> None:
    """Enter the namespace at the path, of the kind that the flags name."""
    with path.open("rb") as file:
        _check(_libc.setns(file.fileno(), flags), str(path))


def mount(source: str, target: Path, kind: str | None, flags: int = 0) -> None:
    """Mount it in this mount namespace."""
    arguments = (source.encode(), bytes(target), kind.encode() if kind else None, ctypes.c_ulong(flags), None)
    _check(_libc.mount(*arguments), str(target))


def die_with_parent(signal: int) -> None:
    """Ask the kernel to send this process the signal when the one that started it ends."""
    _check(_libc.prctl(SET_PARENT_DEATH_SIGNAL, signal), "prctl")


def become_root_of_own(uid: int, gid: int) -> None:
    """Enter a user namespace in which this user counts as root; elsewhere it stays who it is."""
    unshare(NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def configure_loopback(network: IPv4Interface) -> None:
    """Bring `lo` up; every address of the network is then this machine's own, as 127.0.0.0/8 is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SET_FLAGS, struct.pack("16sH14x", b"lo", IS_UP | IS_RUNNING))
        for number, value in ((SET_ADDRESS, network.ip), (SET_NETMASK, network.netmask)):
            request = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, value.packed)
            fcntl.ioctl(control, number, request)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
