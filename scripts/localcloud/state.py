"""What the cluster remembers between commands: its ports and its processes."""

import socket
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from scripts.localcloud.files import write_private
from scripts.localcloud.process import Process

# Below those that systems pick for outgoing connections, so that ours stay free while it is down.
PORTS = range(20000, 30000)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the state file."""

    ports: dict[str, int] = {}
    processes: dict[str, Process] = {}


def load(path: Path) -> State | None:
    """Return what was remembered, None if the file is broken."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except msgspec.DecodeError:
        return None


def save(path: Path, state: State) -> None:
    """Remember it."""
    write_private(path, msgspec.json.format(msgspec.json.encode(state)) + b"\n")


def is_free(port: int) -> bool:
    """Tell whether nobody listens there."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def free_ports(directory: Path) -> Iterator[int]:
    """Offer free ports, from a place that differs between directories and stays for one."""
    first = zlib.crc32(bytes(directory)) % len(PORTS)
    return (port for port in (*PORTS[first:], *PORTS[:first]) if is_free(port))
