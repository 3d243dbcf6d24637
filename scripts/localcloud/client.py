"""Talks to what listens on the loopback interface, always with certificates on both sides."""

import copy
import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path

from scripts.localcloud.errors import StartError

TIMEOUT_SECONDS = 10.0


class Client:
    """Requests to one port."""

    def __init__(self, pki: Path, port: int, *, authority: str = "ca", identity: str = "admin") -> None:
        """Trust that authority and be that identity, both named by their files."""
        self._files = (pki / f"{authority}.crt", pki / f"{identity}.crt", pki / f"{identity}.key")
        self._port = port
        self._kept: http.client.HTTPSConnection | None = None

    @cached_property
    def _context(self) -> ssl.SSLContext:
        authority, certificate, key = self._files
        context = ssl.create_default_context(cafile=authority)
        context.load_cert_chain(certificate, key)
        return context

    @contextmanager
    def kept(self) -> Iterator["Client"]:
        """Lend a client of this kind that does all over one connection, for one thread with much to do."""
        lent = copy.copy(self)
        with closing(self._connect(TIMEOUT_SECONDS)) as lent._kept:  # noqa: SLF001 - our own
            yield lent

    def get(self, path: str, *, timeout: float = TIMEOUT_SECONDS, accept: str = "application/json") -> bytes | None:
        """Return the answer's body if the answer is 200, else None."""
        try:
            status, body = self._send("GET", path, b"", {"Accept": accept}, timeout)
        except (OSError, http.client.HTTPException):
            return None
        return body if status == http.client.OK else None

    def apply(self, path: str, body: bytes, *, manager: str) -> None:
        """Apply an object on the server's side.

        Raises:
            StartError: The server refused it.
        """
        target = f"{path}?fieldManager={manager}&force=true"
        headers = {"Content-Type": "application/apply-patch+yaml"}  # JSON is YAML
        try:
            status, answer = self._send("PATCH", target, body, headers, TIMEOUT_SECONDS)
        except (OSError, http.client.HTTPException) as error:
            raise StartError(f"The API server dropped {path}: {error}. Run it again.") from error
        if status not in {http.client.OK, http.client.CREATED}:
            text = answer.decode(errors="replace")[:400]
            raise StartError(f"The API server refused {path} with {status}: {text}. Run it again.")

    def delete(self, path: str) -> None:
        """Delete an object; one that is not there is as good.

        Raises:
            StartError: The server refused it.
        """
        try:
            status, answer = self._send("DELETE", path, b"", {}, TIMEOUT_SECONDS)
        except (OSError, http.client.HTTPException) as error:
            raise StartError(f"The API server dropped the deletion of {path}: {error}. Run it again.") from error
        if status not in {http.client.OK, http.client.ACCEPTED, http.client.NOT_FOUND}:
            text = answer.decode(errors="replace")[:400]
            raise StartError(f"The API server refused to delete {path} with {status}: {text}. Run it again.")

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, bytes]:
        connection = self._kept or self._connect(timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            if not self._kept:
                connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=timeout)
