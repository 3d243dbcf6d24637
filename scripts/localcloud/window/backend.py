"""The sample backend of every service: `python -m …backend PORT FILE`.

It tells a program as JSON what it was asked and as which service, and a person the same as a page in two languages.
FILE says which service each of its addresses stands for. It echoes on a WebSocket too. A service with a folder beside
FILE (pages/NAMESPACE/APP) serves the files in it instead.
"""

import base64
import functools
import hashlib
import html
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
CLOSE = 0x8  # opcode of RFC 6455, section 5.2
EXTENDED_16, EXTENDED_64 = 126, 127
CHUNK = 1 << 16
TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}
PAGE = """<!doctype html>
<html lang="fa" dir="rtl"><meta charset="utf-8"><title>{app}</title>
<body style="font-family:sans-serif;max-width:40em;margin:3em auto">
<h1>خدمت «<bdi>{app}</bdi>»</h1>
<p>این صفحه نمونه است: درخواست شما به خدمت «<bdi>{app}</bdi>» در فضای «<bdi>{namespace}</bdi>» رسید.</p>
<section lang="en" dir="ltr"><h2>Service “{app}”</h2>
<p>This is a sample: your request reached the service “{app}” in the namespace “{namespace}”.</p></section>
</body></html>
"""


class Handler(BaseHTTPRequestHandler):
    """Answers every request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer in one piece, not its head and then, some 40 ms later, its body
    table: Path

    def do_GET(self) -> None:
        """Answer, or become a WebSocket."""
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._echo()
        else:
            self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    do_PUT = do_PATCH = do_DELETE = do_HEAD = do_POST  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing: Envoy logs every request."""

    def _answer(self) -> None:
        size, digest = self._read_body()
        service = self._service()
        file = _file(self.table.parent / "pages" / service["namespace"] / service["app"], self.path)
        if file is not None:
            self._send(file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))
            return
        told = {
            **service,
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": {"bytes": size, "sha256": digest},
        }
        body, kind = json.dumps(told, ensure_ascii=False).encode(), "application/json"
        if "text/html" in self.headers.get("Accept", ""):
            body = PAGE.format(**{key: html.escape(value) for key, value in service.items()}).encode()
            kind = "text/html; charset=utf-8"
        self._send(body, kind)

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _service(self) -> dict[str, str]:
        address = self.connection.getsockname()[0]
        with suppress(OSError, ValueError, KeyError):
            namespace, app = _services(self.table, self.table.stat().st_mtime_ns)[address]
            return {"namespace": namespace, "app": app}
        return {"namespace": "", "app": address}

    def _read_body(self) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks():
            digest.update(chunk)
            size += len(chunk)
        return size, digest.hexdigest()

    def _chunks(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (chunk := self.rfile.read(min(left, CHUNK))):
            left -= len(chunk)
            yield chunk

    def _echo(self) -> None:
        key = self.headers.get("Sec-WebSocket-Key", "")
        accept = base64.b64encode(hashlib.sha1((key + WEBSOCKET_GUID).encode(), usedforsecurity=False).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            while self._echo_frame() not in {None, CLOSE}:
                pass

    def _echo_frame(self) -> int | None:
        head = self.rfile.read(2)
        if len(head) < len(b"12"):
            return None
        size = head[1] & 0x7F
        if size == EXTENDED_16:
            size = int.from_bytes(self.rfile.read(2))
        elif size == EXTENDED_64:
            size = int.from_bytes(self.rfile.read(8))
        mask, data = self.rfile.read(4), self.rfile.read(size)
        plain = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        length = bytes([size]) if size < EXTENDED_16 else bytes([EXTENDED_64]) + size.to_bytes(8)
        self.wfile.write(bytes([head[0]]) + length + plain)
        self.wfile.flush()
        return head[0] & 0x0F


def _file(folder: Path, path: str) -> Path | None:
    """Return the file that this path asks for: one of the folder itself, no other."""
    name = path.partition("?")[0].removeprefix("/") or "index.html"
    with suppress(OSError):
        return next((file for file in folder.iterdir() if file.name == name), None)
    return None


@functools.lru_cache(1)
def _services(table: Path, _changed: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(table.read_bytes())
    return found


class Server(ThreadingHTTPServer):
    """Many connections at once."""

    daemon_threads = True
    request_queue_size = 512


def main() -> None:
    """Serve until stopped."""
    Handler.table = Path(sys.argv[2])
    Server(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()  # noqa: S104 - of a network of our own


if __name__ == "__main__":
    main()
