"""The window's own network alone: what passes, and that no root is needed for it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest

from scripts.localcloud.window import network
from scripts.localcloud.window.network import Forward, Plan

LOOPBACK = "127.0.0.1"
PROGRAM = (sys.executable, "-I", "-m", "scripts.localcloud.window.network")
ENTER = (sys.executable, "-I", "-m", "scripts.localcloud.window.enter")
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-sys_admin,-net_admin")  # uid 0 without what makes it root
ECHO = """
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read())
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("0.0.0.0", %d), Handler).serve_forever()
"""
ECHO_PORT = 443
Run = Callable[..., "subprocess.Popen[bytes]"]


def _is_possible() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        check = subprocess.run([*PROGRAM, "--check", folder], capture_output=True, check=False)
    return check.returncode == 0


pytestmark = pytest.mark.skipif(not _is_possible(), reason="this machine gives no namespaces")


@pytest.fixture
def run() -> Iterator[Run]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command))
        return started[-1]

    yield start
    for process in reversed(started):
        process.terminate()
        process.wait()


@pytest.fixture(params=[(), WITHOUT_RIGHTS], ids=["as we are", "without rights"])
def prefix(request: pytest.FixtureRequest) -> tuple[str, ...]:
    wanted: tuple[str, ...] = request.param
    if wanted and (os.getuid() != 0 or not shutil.which(wanted[0])):
        pytest.skip("we are without rights anyway" if os.getuid() else "there is no setpriv here")
    return wanted


def test_connections_pass_in_and_out_and_nothing_else(tmp_path: Path, run: Run, prefix: tuple[str, ...]) -> None:
    control, inward, outward = _free(), _free(), _free()
    (tmp_path / "hosts").write_text("10.244.0.2 login.gov.test\n")
    plan = Plan(
        control_port=control,
        network="10.244.0.1/16",
        root=str(tmp_path / "root"),
        files={"/etc/hosts": str(tmp_path / "hosts")},
        forwards=(
            Forward(listen=(LOOPBACK, inward), to=("10.244.77.7", ECHO_PORT), from_inside=False, to_inside=True),
            Forward(listen=(LOOPBACK, outward), to=(LOOPBACK, outward), from_inside=True, to_inside=False),
        ),
    )
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode(plan))
    holder = run(*prefix, *PROGRAM, str(tmp_path / "plan.json"))
    _until(lambda: network.is_ready(control))
    enter = (*prefix, *ENTER, str(holder.pid))
    run(*enter, "--", sys.executable, "-c", ECHO % ECHO_PORT)
    data = os.urandom(1 << 20)
    with closing(socket.create_server((LOOPBACK, outward))) as server:
        threading.Thread(target=_answer_once, args=(server, b"of the host"), daemon=True).start()
        fetch = f"import socket;print(socket.create_connection(('{LOOPBACK}',{outward})).recv(99).decode())"
        fetched = subprocess.run([*enter, "--", sys.executable, "-c", fetch], capture_output=True, check=True)
    hosts = subprocess.run(
        [*enter, "--root", plan.root, "--", "/bin/cat", "/etc/hosts"], capture_output=True, check=True
    )

    _until(lambda: _ask(inward, data) == data)
    assert fetched.stdout.strip() == b"of the host"
    assert hosts.stdout == b"10.244.0.2 login.gov.test\n"
    assert _ask(ECHO_PORT, b"x") is None
    assert not list((tmp_path / "root").iterdir())


def test_a_refused_connection_is_closed(tmp_path: Path, run: Run) -> None:
    control, inward = _free(), _free()
    plan = Plan(
        control_port=control,
        network="10.244.0.1/16",
        root=str(tmp_path / "root"),
        files={},
        forwards=(Forward(listen=(LOOPBACK, inward), to=(LOOPBACK, 9), from_inside=False, to_inside=True),),
    )
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode(plan))
    run(*PROGRAM, str(tmp_path / "plan.json"))
    _until(lambda: network.is_ready(control))

    assert _ask(inward, b"x") in {b"", None}
    assert network.is_ready(control)


def test_entering_what_is_gone_is_said_in_words(tmp_path: Path) -> None:
    result = subprocess.run(
        [*ENTER, "999999999", "--root", str(tmp_path), "--", "/bin/true"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert result.stderr.startswith("The window's network cannot be entered: ")


def _answer_once(server: socket.socket, data: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(data)


def _ask(port: int, data: bytes) -> bytes | None:
    try:
        with socket.create_connection((LOOPBACK, port), 10) as connection:
            sender = threading.Thread(target=_send, args=(connection, data))
            sender.start()
            found = b""
            while chunk := connection.recv(1 << 16):
                found += chunk
            sender.join()
            return found
    except OSError:
        return None


def _send(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # closed at once, in one of the tests
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def _free() -> int:
    with closing(socket.create_server((LOOPBACK, 0))) as server:
        return int(server.getsockname()[1])


def _until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
