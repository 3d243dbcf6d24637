"""The window's own network: namespaces of its own, and the few connections that pass between it and the host.

Runs as a program: `python -m …network FILE`, the file holding a `Plan`. Inside, the window has the ports of
production (443, 80) and addresses like those of pods; outside, only the loopback interface is listened on.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import IPv4Interface
from pathlib import Path

import msgspec

from scripts.localcloud.window import namespaces

CHUNK = 1 << 16
BACKLOG = 512
READY = b"ready\n"
PROBE_SECONDS = 2.0
Open = Callable[[], socket.socket]
Address = tuple[str, int]


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """Connections to one address that go on to another; each lies inside the window's network or on the host."""

    listen: Address
    to: Address
    from_inside: bool
    to_inside: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the network is to be."""

    control_port: int  # on the host: whoever connects is told that all is ready
    network: str  # every address in it is the window's own
    root: str
    files: dict[str, str]  # what lies inside at these paths, and where it comes from
    forwards: tuple[Forward, ...]


def is_ready(control_port: int) -> bool:
    """Tell whether the network whose control port this is stands."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", control_port), PROBE_SECONDS) as connection:
        return connection.recv(len(READY)) == READY
    return False


def main() -> None:
    """Make the network, then carry connections until stopped; with `--check DIR`, only tell whether it can be."""
    if sys.argv[1] == "--check":
        separate(Plan(control_port=0, network="10.244.0.1/16", root=sys.argv[2], files={}, forwards=()))
        return
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    control = _listen(("127.0.0.1", plan.control_port))
    outer = [(f, _listen(f.listen)) for f in plan.forwards if not f.from_inside]
    host = separate(plan)
    inner = [(f, _listen(f.listen)) for f in plan.forwards if f.from_inside]
    asyncio.run(_serve(control, [*outer, *inner], host))


def separate(plan: Plan) -> Open:
    """Put this process into namespaces of its own; return what still opens sockets on the host."""
    uid, gid = os.getuid(), os.getgid()
    try:
        namespaces.unshare(namespaces.NEW_MOUNTS)
    except PermissionError:
        namespaces.become_root_of_own(uid, gid)
        namespaces.unshare(namespaces.NEW_MOUNTS)
    _make_root(plan)
    # A thread's network is its own: this one stays on the host, and the sockets that it opens are the host's.
    thread = ThreadPoolExecutor(1)
    thread.submit(int).result()
    namespaces.unshare(namespaces.NEW_NETWORK)
    namespaces.configure_loopback(IPv4Interface(plan.network))
    return lambda: thread.submit(socket.socket).result()


def _make_root(plan: Plan) -> None:
    """Mirror the host's file system, with an `/etc` of our own; seen by those who enter it only."""
    namespaces.mount("none", Path("/"), None, namespaces.RECURSIVE | namespaces.PRIVATE)
    root = Path(plan.root)
    root.mkdir(parents=True, exist_ok=True)
    entries = sorted(Path("/").iterdir())
    namespaces.mount("window", root, "tmpfs")
    for entry in entries:
        place = root / entry.name
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
        elif entry.is_dir() and entry.name not in {"etc", "certs"}:
            place.mkdir()
            namespaces.mount(str(entry), place, None, namespaces.BIND | namespaces.RECURSIVE)
    for name, source in plan.files.items():
        place = root / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)


def _listen(address: Address) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Envoy takes every address of its port and shares it: ours is the more specific one.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(address)
    listener.listen(BACKLOG)
    listener.settimeout(0)
    return listener


async def _serve(control: socket.socket, listeners: list[tuple[Forward, socket.socket]], host: Open) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_answer(control))
        for forward, listener in listeners:
            group.create_task(_accept(forward, listener, socket.socket if forward.to_inside else host))


async def _answer(control: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        connection, _ = await loop.sock_accept(control)
        with connection:
            connection.send(READY)


async def _accept(forward: Forward, listener: socket.socket, opener: Open) -> None:
    loop = asyncio.get_running_loop()
    carried = set()
    while True:
        connection, _ = await loop.sock_accept(listener)
        task = asyncio.create_task(_carry(connection, opener(), forward.to))
        carried.add(task)
        task.add_done_callback(carried.discard)


async def _carry(near: socket.socket, far: socket.socket, to: Address) -> None:
    with near, far:
        for end in (near, far):
            end.settimeout(0)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(far, to)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(near, far))
                both.create_task(_pump(far, near))
        except* OSError:  # refused or reset: closing tells the other end
            pass


async def _pump(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, CHUNK):
        await loop.sock_sendall(sink, data)
    sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"A network of the window's own cannot be made: {error}.")
