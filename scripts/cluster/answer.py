"""What an API server answers, as far as we read it. Typed, so that decoding skips the rest."""

import re
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec

from scripts.cluster.errors import UnreachableError

RecordT = TypeVar("RecordT")

_WARNING: Final = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')  # RFC 9111, 5.5; Kubernetes sends code 299 only


class _Read(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of an answer; Kubernetes writes camelCase and leaves empty fields out."""


class Manager(_Read, frozen=True):
    """Who wrote fields of an object, and when last."""

    manager: str = ""
    operation: str = ""
    time: str = ""
    subresource: str = ""


class Metadata(_Read, frozen=True):
    """Metadata of an object or of a page of a list."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    deletion_timestamp: str | None = None
    managed_fields: tuple[Manager, ...] = ()
    next_page: str = msgspec.field(default="", name="continue")


class Head(_Read, frozen=True):
    """An object without anything but its metadata."""

    metadata: Metadata


class Heads(_Read, frozen=True):
    """A page of a metadata-only list."""

    metadata: Metadata
    items: tuple[Head, ...] | None = None  # null where it is empty


class Page(_Read, frozen=True):
    """A page of a list of whole objects, each still in JSON."""

    metadata: Metadata
    items: tuple[msgspec.Raw, ...] | None = None


class Cause(_Read, frozen=True):
    """One of the reasons of a refusal."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(_Read, frozen=True):
    """More about a refusal."""

    causes: tuple[Cause, ...] = ()


class Status(_Read, frozen=True):
    """Why a request was refused."""

    message: str = ""
    reason: str = ""
    details: Details | None = None

    @property
    def conflicts(self) -> tuple[Cause, ...]:
        """The fields that another manager owns."""
        causes = self.details.causes if self.details else ()
        return tuple(cause for cause in causes if cause.reason == "FieldManagerConflict")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with its warnings.

    Attributes:
        tries: How often the request was sent until this answer came.
    """

    status: int
    body: bytes
    warnings: tuple[str, ...] = ()
    tries: int = 1

    def read(self, kind: type[RecordT]) -> RecordT:
        """Return the body as a `kind`.

        Raises:
            UnreachableError: It is something else; a proxy or another program answered.
        """
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.MsgspecError as error:
            start = self.body[:80].decode(errors="replace")
            raise UnreachableError(
                "What answers is not a Kubernetes API server, to judge by its "
                f"{self.status} {start!r}. Check the address and the proxy."
            ) from error

    def refusal(self) -> Status:
        """Return why the request was refused; what is not a Status is its own message."""
        try:
            status = msgspec.json.decode(self.body, type=Status)
        except msgspec.MsgspecError:
            status = Status()
        return status if status.message else Status(message=f"{self.status} {self.body[:200].decode(errors='replace')}")


def texts(warnings: Iterable[str]) -> tuple[str, ...]:
    """Return the texts of `Warning` headers."""
    return tuple(re.sub(r"\\(.)", r"\1", text) for header in warnings for text in _WARNING.findall(header))


def tree(body: bytes | msgspec.Raw) -> Any:
    """Return a whole object as plain data."""
    return msgspec.json.decode(body)
