"""Writes one object, or deletes it, and tells what became of it."""

import itertools
import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from components.manifests.manifest import identity
from scripts.cluster import address
from scripts.cluster.address import Identity
from scripts.cluster.answer import Answer, Head, Manager, Metadata, Status, tree
from scripts.cluster.connection import APPLY, HEAD, MANAGER, Connection
from scripts.cluster.diff import unified
from scripts.cluster.errors import UnreachableError
from scripts.cluster.inventory import Inventory
from scripts.cluster.refusal import owner_of
from scripts.cluster.result import Outcome, Result

_RACES: Final = 5
_RACE_SECONDS: Final = 0.1
_BROKEN_MAX: Final = 3
"""Objects that end in an error of the server's own; with more, the server is at fault and not the objects."""


class Writer:
    """Writes to a cluster; may be used by several threads."""

    def __init__(
        self,
        connection: Connection,
        inventory: Inventory,
        *,
        dry_run: bool,
        force_conflicts: bool,
        may_write: Callable[[], None],
    ) -> None:
        """Take what was there before, and what raises when we may write no more."""
        self._connection = connection
        self._inventory = inventory
        self._dry_run = dry_run
        self._force_conflicts = force_conflicts
        self._may_write = may_write
        self._broken = itertools.count(1)
        self.warnings: dict[str, None] = {}
        """What the server warned of, in order of appearance."""

    def write(self, owner: str, manifest: Mapping[str, Any]) -> Result:
        """Apply one manifest.

        Raises:
            ClusterError: Nothing can be written any more.
        """
        self._may_write()
        subject = identity(manifest)
        if self._dry_run and subject[2] and subject[2] not in self._inventory.namespaces:
            # Its namespace is to be created too, so that the server cannot be asked.
            return Result(
                owner=owner, subject=subject, outcome=Outcome.CREATED, diff=unified(subject, None, dict(manifest))
            )
        body = msgspec.json.encode(manifest)
        answer = self._apply(subject, body, force=False)
        message = ""
        if answer.status == HTTPStatus.CONFLICT:
            conflicts = _conflicts(answer.refusal())
            if conflicts and self._force_conflicts:
                message = f"took {conflicts}"
                answer = self._apply(subject, body, force=True)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            return Result(owner=owner, subject=subject, outcome=Outcome.FAILED, message=self._why(answer))
        for text in answer.warnings:
            self.warnings.setdefault(f"{address.shown(subject)}: {text}")
        outcome, diff = self._outcome(subject, answer)
        return Result(owner=owner, subject=subject, outcome=outcome, message=message, diff=diff)

    def delete(self, owner: str, subject: Identity) -> Result:
        """Delete one object if it is still the owner's and nobody changed it since we looked.

        Raises:
            ClusterError: Nothing can be written any more.
        """
        self._may_write()
        path = address.path(subject)
        message = "it changes all the time; run it again"
        for _ in range(_RACES):
            found = self._connection.get(path)
            if found.status == HTTPStatus.NOT_FOUND:
                return Result(owner=owner, subject=subject, outcome=Outcome.DELETED)
            metadata = found.read(Head).metadata
            if owner_of(metadata) != owner:
                message = "it is no longer ours; run it again"
                break
            answer = self._connection.request("DELETE", path, body=_delete_options(metadata, dry_run=self._dry_run))
            if answer.status in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND):
                diff = unified(subject, tree(found.body), None) if self._dry_run else ""
                return Result(owner=owner, subject=subject, outcome=Outcome.DELETED, diff=diff)
            message = self._why(answer)
            if answer.status != HTTPStatus.CONFLICT:
                break
        return Result(owner=owner, subject=subject, outcome=Outcome.FAILED, message=f"not deleted: {message}")

    def _apply(self, subject: Identity, body: bytes, *, force: bool) -> Answer:
        query = self._query(fieldManager=MANAGER, fieldValidation="Strict", force="true" if force else "false")
        for attempt in itertools.count(1):
            answer = self._connection.request(
                "PATCH",
                address.path(subject),
                query=query,
                body=body,
                content=APPLY,
                accept="application/json" if self._dry_run else HEAD,
            )
            # A controller wrote the same object at the same time: not our conflict, and soon over.
            is_race = answer.status == HTTPStatus.CONFLICT and not answer.refusal().conflicts
            if not is_race or attempt == _RACES:
                break
            time.sleep(_RACE_SECONDS)
        return answer

    def _query(self, **query: str) -> dict[str, str]:
        return query | {"dryRun": "All"} if self._dry_run else query

    def _outcome(self, subject: Identity, answer: Answer) -> tuple[Outcome, str]:
        before = self._inventory.ours.get(subject)
        after = answer.read(Head).metadata
        if not self._dry_run and before is not None and is_unchanged(before, after):
            return Outcome.UNCHANGED, ""
        is_new = answer.status == HTTPStatus.CREATED or bool(
            subject[2] and subject[2] not in self._inventory.namespaces  # made by a controller in our new namespace
        )
        if not self._dry_run:
            return Outcome.CREATED if is_new else Outcome.CHANGED, ""
        live = None if is_new else tree(self._connection.get(address.path(subject)).body)
        diff = unified(subject, live, tree(answer.body))
        return (Outcome.CREATED if is_new else Outcome.CHANGED if diff else Outcome.UNCHANGED), diff

    def _why(self, answer: Answer) -> str:
        status = answer.refusal()
        conflicts = _conflicts(status)
        if conflicts:
            return f"conflict: {conflicts}; agree with its owner, or take it over by --force-conflicts"
        if any(cause.reason == "NamespaceTerminating" for cause in (status.details.causes if status.details else ())):
            return "its namespace is being deleted: run it again when that is gone"
        if answer.tries > 1 and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = f"the server answered {answer.status} to {answer.tries} tries: {status.message}"
            if next(self._broken) > _BROKEN_MAX:
                raise UnreachableError(f"{self._connection.server} is not well: {message}. Look at its log.")
            return message
        return status.message


def is_unchanged(before: Metadata, after: Metadata) -> bool:
    """Return whether our request changed nothing, though others may have written meanwhile (a quota's status)."""
    if before.resource_version == after.resource_version:
        return True
    if before.generation:  # counts what is declared; a status that a definition defaults is kept with any next write
        same = before.generation == after.generation
        return same and before.labels == after.labels and before.annotations == after.annotations
    ours, others = _managers(before)
    ours_after, others_after = _managers(after)
    return ours == ours_after and others != others_after


def _managers(metadata: Metadata) -> tuple[set[Manager], set[Manager]]:
    entries = set(metadata.managed_fields)
    ours = {entry for entry in entries if entry.manager == MANAGER}
    return ours, entries - ours


def _conflicts(status: Status) -> str:
    fields = (f"{cause.field} from {_manager(cause.message)}" for cause in status.conflicts)
    return ", ".join(dict.fromkeys(fields))


def _manager(message: str) -> str:
    found = re.search(r'"([^"]*)"', message)  # conflict with "kubectl-edit" using v1
    return found[1] if found else message


def _delete_options(metadata: Metadata, *, dry_run: bool) -> bytes:
    # All of it in the body: where there is one, the server ignores the query, `dryRun` too.
    options = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": metadata.uid, "resourceVersion": metadata.resource_version},
    }
    return msgspec.json.encode(options | {"dryRun": ["All"]} if dry_run else options)
