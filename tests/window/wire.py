"""Requests as no well-behaved client sends them: bytes on a TLS connection to the window."""

import re
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from scripts.localcloud.window.reach import Window

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; status 0 where none came."""

    status: int
    head: str
    body: bytes

    @property
    def location(self) -> str:
        """Where it sends to."""
        match = re.search(r"^location: (.*?)\r?$", self.head, re.IGNORECASE | re.MULTILINE)
        return match[1] if match else ""


def connect(window: Window, host: str, versions: tuple[Any, Any] | None = None) -> ssl.SSLSocket:
    """Open a TLS connection to the window, for a host by its name in the handshake."""
    context = ssl.create_default_context(cafile=window.ca)
    if versions:
        context.minimum_version, context.maximum_version = versions
    plain = socket.create_connection(("127.0.0.1", window.https_port), TIMEOUT_SECONDS)
    return context.wrap_socket(plain, server_hostname=host)


def ask(window: Window, request: str, host: str = "irica.gov.test") -> Answer:
    """Send the request as it is, and read the answer to its end."""
    with connect(window, host) as stream:
        stream.sendall(request.encode("latin-1"))
        return read(stream)


def get(
    window: Window, path: str, *, host: str = "irica.gov.test", sni: str = "irica.gov.test", headers: str = ""
) -> Answer:
    """Ask for a path and a host exactly as they are written, on a connection to `sni`."""
    return ask(window, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n", sni)


def read(stream: ssl.SSLSocket) -> Answer:
    """Read one answer, no further than its end: the gateway keeps a connection open a second longer."""
    response = HTTPResponse(stream)
    try:
        response.begin()
        head = "".join(f"{name}: {value}\r\n" for name, value in response.getheaders())
        return Answer(status=response.status, head=head, body=response.read())
    except (HTTPException, OSError):
        return Answer(status=0, head="", body=b"")
    finally:
        response.close()
