"""How the window is reached from this machine: by a program, by a browser, from beside Envoy."""

import base64
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPSConnection
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LOOPBACK = "127.0.0.1"


@contextmanager
def connected(
    authority: str, address: tuple[str, int], context: ssl.SSLContext, seconds: float
) -> Iterator[HTTPSConnection]:
    """Connect to `address` under the name of `authority` (a host, with its port if not 443); closed at the end.

    Raises:
        OSError: It cannot be reached, or its certificate is not for that host.
    """
    connection = HTTPSConnection(authority, timeout=seconds, context=context)
    try:
        plain = socket.create_connection(address, seconds)
        connection.sock = context.wrap_socket(plain, server_hostname=connection.host)
        yield connection
    finally:
        connection.close()


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Where the window is reached from this machine; `missing` says what was left out of `names` and why.

    Hosts and ports are those of production: connect to the ports named here instead of 443 and 80. A command put
    after `enter` and `--` runs inside the window's network, beside Envoy; empty where there is none.
    """

    https_port: int
    http_port: int
    login_port: int
    exchange_port: int
    issuer: str
    login_host: str
    ca: Path
    admin: Path
    enter: tuple[str, ...]
    names: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def places(self) -> dict[tuple[str, int], tuple[str, int]]:
        """Where to connect to instead, for a host (`*` for any other) and a port."""
        return {
            (self.login_host, 443): (LOOPBACK, self.login_port),
            ("*", 443): (LOOPBACK, self.https_port),
            ("*", 80): (LOOPBACK, self.http_port),
        }

    @property
    def browser_arguments(self) -> tuple[str, ...]:
        """What a Chromium needs to find the window, and to trust its authority and no other."""
        rules = (
            f"MAP {self.login_host}:443 {LOOPBACK}:{self.login_port}",
            f"MAP *:443 {LOOPBACK}:{self.https_port}",
            f"MAP *:80 {LOOPBACK}:{self.http_port}",
        )
        key = x509.load_pem_x509_certificate(self.ca.read_bytes()).public_key()
        digest = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        return (
            f"--host-resolver-rules={','.join(rules)}",
            f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",
        )
