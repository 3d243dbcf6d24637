"""A real HTTP server on a real socket that answers, or fails to, as it is told."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import urllib3
import yaml

from scripts.cluster.connection import PATIENT, Connection, connect

SLOW_SECONDS = 0.3
QUICK = PATIENT.new(total=4, backoff_factor=0.01, backoff_jitter=0)


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    drop: str = ""
    """When to break the connection: `before` the answer, or in the `middle` of its body."""


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    arrived: float


@dataclass(frozen=True)
class ScriptedServer:
    """Gives its replies one after the other, the last one for ever; `/version` is always answered unless scripted."""

    url: str
    script: list[Reply]
    requests: list[Request]
    slow: list[str]
    """Parts of the paths that take `SLOW_SECONDS`."""

    def say(self, *replies: Reply) -> None:
        self.script[:] = replies
        self.requests.clear()

    def connect(self, folder: Path, retry: urllib3.Retry = QUICK, **user: str) -> Connection:
        return connect(kubeconfig(folder, self.url, **user), retry=retry)


def kubeconfig(folder: Path, url: str, **user: str) -> Path:
    path = folder / "kubeconfig.yaml"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def serve() -> Iterator[ScriptedServer]:
    script: list[Reply] = [Reply(body={"gitVersion": "v1.36.0"})]
    requests: list[Request] = []
    slow: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script, requests, slow))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ScriptedServer(f"http://127.0.0.1:{server.server_port}", script, requests, slow)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: list[Reply], requests: list[Request], slow: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append(
                Request(
                    method=self.command,
                    path=self.path,
                    headers=dict(self.headers),
                    body=body,
                    arrived=time.monotonic(),
                )
            )
            if any(part in self.path for part in slow):
                time.sleep(SLOW_SECONDS)
            reply = script.pop(0) if len(script) > 1 else script[0]
            if reply.drop == "before":
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) + (10 if reply.drop == "middle" else 0)))
            self.end_headers()
            self.wfile.write(content)
            if reply.drop == "middle":
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        do_GET = do_PATCH = do_DELETE = do_PUT = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
            pass

    return Handler
