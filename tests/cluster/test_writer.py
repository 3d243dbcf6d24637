from pathlib import Path

import msgspec
import pytest

from scripts.cluster.answer import Manager, Metadata
from scripts.cluster.errors import LeaseError, UnreachableError
from scripts.cluster.inventory import Inventory
from scripts.cluster.result import Outcome
from scripts.cluster.writer import Writer, is_unchanged
from tests.cluster.scripted_server import QUICK, Reply, ScriptedServer

SPACE = {"n": Metadata(name="n")}
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}}
SUBJECT = ("v1", "ConfigMap", "n", "c")
CREATED = Reply(status=201, body={"metadata": {"resourceVersion": "7"}})


def writer(server: ScriptedServer, folder: Path, *, force: bool = False, before: Metadata | None = None) -> Writer:
    inventory = Inventory(ours={SUBJECT: before} if before else {}, namespaces=SPACE)
    return Writer(
        server.connect(folder, QUICK.new(total=1)),
        inventory,
        dry_run=False,
        force_conflicts=force,
        may_write=lambda: None,
    )


def refused(code: int, reason: str, message: str = "no", **details: object) -> Reply:
    return Reply(status=code, body={"kind": "Status", "reason": reason, "message": message, "details": details})


CONFLICT = refused(
    409,
    "Conflict",
    causes=[{"reason": "FieldManagerConflict", "message": 'conflict with "kubectl-edit" using v1', "field": ".data.a"}],
)


def test_what_is_asked_of_the_server(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(CREATED)
    assert subject.write("a", MANIFEST).outcome is Outcome.CREATED
    (request,) = server.requests
    assert request.path == (
        "/api/v1/namespaces/n/configmaps/c?fieldManager=govcloud&fieldValidation=Strict&force=false"
    )
    assert request.headers["Content-Type"] == "application/apply-patch+yaml"
    assert msgspec.json.decode(request.body) == MANIFEST


def test_a_race_with_a_controller_is_no_conflict(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(refused(409, "AlreadyExists"), refused(409, "Conflict"), CREATED)
    assert subject.write("a", MANIFEST).outcome is Outcome.CREATED


def test_a_conflict_is_reported_and_not_forced(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(CONFLICT)
    result = subject.write("a", MANIFEST)
    assert result.outcome is Outcome.FAILED
    assert "conflict: .data.a from kubectl-edit; " in result.message
    assert len(server.requests) == 1


def test_force_says_what_it_took_from_whom(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path, force=True, before=Metadata(resource_version="1"))
    server.say(CONFLICT, Reply(body={"metadata": {"resourceVersion": "2"}}))
    result = subject.write("a", MANIFEST)
    assert (result.outcome, result.message) == (Outcome.CHANGED, "took .data.a from kubectl-edit")
    assert "force=true" in server.requests[1].path


def test_a_namespace_that_is_being_deleted(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(refused(403, "Forbidden", causes=[{"reason": "NamespaceTerminating"}]))
    assert "is being deleted" in subject.write("a", MANIFEST).message


def test_a_refusal_is_told_in_the_servers_words(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(refused(422, "Invalid", "spec.value: field is immutable"))
    assert subject.write("a", MANIFEST).message == "spec.value: field is immutable"


def test_some_broken_objects_are_failures_and_many_a_broken_server(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(refused(500, "InternalError", "webhook"))
    for _ in range(3):
        assert subject.write("a", MANIFEST).message == "the server answered 500 to 2 tries: webhook"
    with pytest.raises(UnreachableError, match="is not well"):
        subject.write("a", MANIFEST)


def test_nothing_is_written_without_the_right(server: ScriptedServer, tmp_path: Path) -> None:
    def may_not() -> None:
        raise LeaseError("lost")

    inventory = Inventory(ours={}, namespaces=SPACE)
    subject = Writer(server.connect(tmp_path), inventory, dry_run=False, force_conflicts=False, may_write=may_not)
    server.say(CREATED)
    with pytest.raises(LeaseError):
        subject.write("a", MANIFEST)
    with pytest.raises(LeaseError):
        subject.delete("a", SUBJECT)
    assert not server.requests


FOUND = Reply(
    body={"metadata": {"uid": "u", "resourceVersion": "5", "labels": {"app.kubernetes.io/managed-by": "govcloud",
                                                                     "govcloud.internal/agency": "a"}}}
)  # fmt: skip


def test_deletes_only_what_it_looked_at(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(FOUND, refused(409, "Conflict"), FOUND, Reply())
    assert subject.delete("a", SUBJECT).outcome is Outcome.DELETED
    assert [request.method for request in server.requests] == ["GET", "DELETE", "GET", "DELETE"]
    assert msgspec.json.decode(server.requests[3].body)["preconditions"] == {"uid": "u", "resourceVersion": "5"}


def test_does_not_delete_what_is_no_longer_ours(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(FOUND)
    assert subject.delete("b", SUBJECT).outcome is Outcome.FAILED
    assert [request.method for request in server.requests] == ["GET"]


def test_gone_already_is_deleted(server: ScriptedServer, tmp_path: Path) -> None:
    subject = writer(server, tmp_path)
    server.say(Reply(status=404))
    assert subject.delete("a", SUBJECT).outcome is Outcome.DELETED


OURS = Manager(manager="govcloud", operation="Apply", time="1")
OURS_LATER = Manager(manager="govcloud", operation="Apply", time="2")
STATUS = Manager(manager="kube-controller-manager", operation="Update", subresource="status", time="3")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Metadata(resource_version="1"), Metadata(resource_version="1"), True),
        (Metadata(resource_version="1"), Metadata(resource_version="2"), False),
        (Metadata(resource_version="1", managed_fields=(OURS,)),
         Metadata(resource_version="2", managed_fields=(OURS, STATUS)), True),
        (Metadata(resource_version="1", managed_fields=(OURS,)),
         Metadata(resource_version="2", managed_fields=(OURS_LATER, STATUS)), False),
        (Metadata(resource_version="1", managed_fields=(OURS,)),
         Metadata(resource_version="2", managed_fields=(OURS,)), False),  # within the second
        (Metadata(resource_version="1", generation=1, managed_fields=(OURS,)),
         Metadata(resource_version="2", generation=1, managed_fields=(OURS_LATER,)), True),  # a status by default
        (Metadata(resource_version="1", generation=1), Metadata(resource_version="2", generation=2), False),
        (Metadata(resource_version="1", generation=1, labels={"a": "b"}),
         Metadata(resource_version="2", generation=1, labels={"a": "c"}), False),
    ],
)  # fmt: skip
def test_a_controllers_write_is_not_ours(before: Metadata, after: Metadata, *, expected: bool) -> None:
    assert is_unchanged(before, after) is expected
