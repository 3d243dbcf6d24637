"""One run at a time: a Lease that a run holds while it writes, and that ends by itself when the run is killed."""

import getpass
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import msgspec

from scripts.cluster.connection import IMPATIENT, Connection
from scripts.cluster.errors import ClusterError, ForbiddenError, LeaseError

DURATION_SECONDS: Final = 15
WAIT_SECONDS: Final = 60
NAME: Final = "govcloud-apply"
NAMESPACE: Final = "kube-system"

_POLL_SECONDS: Final = 1
_LEASES: Final = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"


class _Metadata(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str = ""
    resource_version: str = ""


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    holder_identity: str = ""
    lease_duration_seconds: int = DURATION_SECONDS
    renew_time: str = ""


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    """The Lease as it lies in the cluster; one that nobody holds has no holder."""

    metadata: _Metadata
    spec: _Spec = _Spec()
    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"


class Lease:
    """The right to write."""

    def __init__(self, connection: Connection, seconds: int = DURATION_SECONDS) -> None:
        """Hold nothing yet."""
        self._connection = connection
        self._seconds = seconds
        self._holder = f"{_user()}@{socket.gethostname()}, process {os.getpid()}, {secrets.token_hex(4)}"
        self._renewed = 0.0
        self._robber = ""
        self._released = threading.Event()

    def check(self) -> None:
        """Return if this run may still write.

        Raises:
            LeaseError: Another run took the lease, or may by now have taken it.
        """
        if self._robber:
            raise LeaseError(f"Another run took over: {self._robber}. This one stopped.")
        if time.monotonic() - self._renewed > self._seconds:
            raise LeaseError(
                f"The lease {NAMESPACE}/{NAME} could not be renewed for {self._seconds} s, so another run may hold it "
                "now. This one stopped; run it again."
            )

    def acquire(self, progress: Callable[[str], None], wait_seconds: float) -> None:
        """Take the lease, having waited for whoever holds it.

        Raises:
            LeaseError: Another run still holds it.
        """
        begin = time.monotonic()
        seen, since, told = None, begin, ""
        while True:
            record = self._read()
            now = time.monotonic()
            if record != seen:
                seen, since = record, now
            # Nobody's clock but ours decides, as in client-go: a lease ends when it was not seen renewed for so long.
            holder = record.spec.holder_identity if record else ""
            if not holder or holder == self._holder or now - since > record.spec.lease_duration_seconds:  # type: ignore[union-attr]
                if self._write(record, self._holder):
                    return
                continue
            if now - begin > wait_seconds:
                raise LeaseError(
                    f"Another run of `govcloud apply` is at work: {holder}. This one waited {wait_seconds:.0f} s "
                    "for it; run it again later."
                )
            if told != holder:
                progress(f"waiting for another run: {holder} (if it was killed, its lease ends soon)")
                told = holder
            time.sleep(_POLL_SECONDS)

    def keep(self) -> None:
        """Renew until released or robbed; a thread's whole life."""
        while not self._robber and not self._released.wait(self._seconds / 3):
            with suppress(ClusterError):  # the next round may fare better; `check` knows when it is too late
                record = self._read()
                if record is not None and record.spec.holder_identity == self._holder:
                    self._write(record, self._holder)
                else:
                    self._robber = (record.spec.holder_identity if record else "") or "somebody removed the lease"

    def release(self) -> None:
        """Let the next one in at once."""
        self._released.set()
        with suppress(ClusterError):
            record = self._read()
            if record is not None and record.spec.holder_identity == self._holder:
                self._write(record, "")

    def _read(self) -> _Record | None:
        answer = self._connection.get(f"{_LEASES}/{NAME}", retry=IMPATIENT)
        return answer.read(_Record) if answer.status == HTTPStatus.OK else None

    def _write(self, record: _Record | None, holder: str) -> bool:
        """Return whether nobody else wrote since `record` was read."""
        now = time.monotonic()
        written = _Record(
            metadata=_Metadata(NAME, record.metadata.resource_version if record else ""),
            spec=_Spec(holder, self._seconds, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")),
        )
        method, path = ("PUT", f"{_LEASES}/{NAME}") if record else ("POST", _LEASES)
        answer = self._connection.request(method, path, body=msgspec.json.encode(written), retry=IMPATIENT)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise ForbiddenError(
                f"The lease {NAMESPACE}/{NAME}, which keeps two runs apart, cannot be written: "
                f"{answer.refusal().message}"
            )
        if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED):
            self._renewed = now
            return True
        return False


@contextmanager
def hold(
    connection: Connection,
    progress: Callable[[str], None],
    *,
    seconds: int = DURATION_SECONDS,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator[Lease]:
    """Hold the lease.

    Raises:
        LeaseError: Another run holds it.
        ClusterError: It could not be had.
    """
    lease = Lease(connection, seconds)
    lease.acquire(progress, wait_seconds)
    keeper = threading.Thread(target=lease.keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        lease.release()
        keeper.join(timeout=seconds)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return f"uid {os.getuid()}"
