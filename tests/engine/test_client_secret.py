"""The client secret of a window, kept by a stack: rotated on a real cluster, and in clear nowhere else."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.engine.conftest import Project, Step

pytestmark = [pytest.mark.engine, pytest.mark.live]

FIRST = "the-first-4vUdT0rZ"
SECOND = "the-second-9cXn2LqK"
NAME = "govcloud-gateway/ncro-oidc"
KIND = "kubernetes:core/v1:Secret"


@pytest.fixture
def kept(engine: Project) -> Iterator[Project]:
    """An agency whose stack keeps its client secret."""
    engine.make("ncro")
    engine.keep("ncro", FIRST)
    engine.up("ncro")
    yield engine
    leave(engine)


def leave(project: Project) -> None:
    project.must("state", "unprotect", "--all", "--yes", "--stack", "ncro")
    project.must("destroy", "--stack", "ncro", "--yes", "--skip-preview")
    project.must("stack", "rm", "ncro", "--yes")


def live(project: Project) -> dict[str, Any]:
    assert project.cluster is not None
    namespace, name = NAME.split("/")
    status, body = project.cluster.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
    assert status == 200, body
    assert isinstance(body, dict)
    return body


def held(project: Project) -> str:
    """Return what the login reads."""
    return base64.b64decode(live(project)["data"]["client-secret"]).decode()


def shows(text: str, value: str) -> bool:
    """Return whether the value can be read in the text, as it is or as Kubernetes writes it."""
    return value in text or base64.b64encode(value.encode()).decode() in text


def in_clear(project: Project, value: str) -> list[str]:
    """Return where the value can be read: in an export, in the backend's files, in the stack's own."""
    state = Path(urlsplit(project.environment["PULUMI_BACKEND_URL"]).path)
    files = [path for folder in (state, project.root / "stacks") for path in folder.rglob("*") if path.is_file()]
    texts = {str(path): path.read_bytes().decode(errors="replace") for path in files}
    texts["export"] = project.must("stack", "export", "--stack", "ncro")
    assert NAME in texts["export"]
    assert len([path for path in texts if "ncro" in path]) > 2  # the state, its history, the stack's file
    return [where for where, text in texts.items() if shows(text, value)]


def test_rotation_updates_one_object_and_nothing_shows_the_secret(kept: Project) -> None:
    before = live(kept)
    assert held(kept) == FIRST
    kept.unchanged("ncro")
    objects = kept.uids("ncro")

    kept.keep("ncro", SECOND)
    shown = kept.must("preview", "--stack", "ncro", "--diff")
    assert kept.plan("ncro") == [Step(op="update", type=KIND, name=NAME)]
    shown += kept.up("ncro", "--diff")
    assert "[secret]" in shown
    assert held(kept) == SECOND
    assert live(kept)["metadata"]["uid"] == before["metadata"]["uid"]
    assert kept.uids("ncro") == objects
    kept.unchanged("ncro")

    shown += kept.must("stack", "--stack", "ncro") + kept.must("config", "--stack", "ncro")
    assert shows(kept.must("stack", "export", "--stack", "ncro", "--show-secrets"), SECOND)  # it is there to be found
    for value in (FIRST, SECOND):
        assert value not in shown
        assert in_clear(kept, value) == []


def test_a_value_that_somebody_changed_is_put_back(kept: Project) -> None:
    assert kept.cluster is not None
    namespace, name = NAME.split("/")
    path = f"/api/v1/namespaces/{namespace}/secrets/{name}?fieldManager=somebody"
    merge = {"Content-Type": "application/merge-patch+json"}
    body = {"stringData": {"client-secret": "somebody's"}}
    assert kept.cluster.request("PATCH", path, body, merge)[0] == 200
    kept.up("ncro", "--refresh")
    assert held(kept) == FIRST
    kept.unchanged("ncro")


def test_it_can_be_taken_over_and_handed_over(engine: Project) -> None:
    """Taken over under its name; handed over by pointing the login to another one, before its own goes."""
    assert engine.cluster is not None
    namespace, name = NAME.split("/")
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": {"client-secret": base64.b64encode(FIRST.encode()).decode()},
    }
    path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
    apply = {"Content-Type": "application/apply-patch+yaml"}
    assert engine.cluster.request("PATCH", f"{path}?fieldManager=somebody", theirs, apply)[0] == 201
    uid = live(engine)["metadata"]["uid"]
    engine.make("ncro", takeOver="true")
    engine.keep("ncro", SECOND)
    engine.up("ncro")
    assert (live(engine)["metadata"]["uid"], held(engine)) == (uid, SECOND)
    engine.unchanged("ncro")

    engine.must("config", "rm", "--stack", "ncro", "govcloud:oidcClientSecret")
    host = "    host: ncro.gov.test\n"
    engine.edit("ncro", host, f"{host}    sso: {{clientSecretRef: from-the-vault}}\n")
    steps = [(step.op, step.type.rpartition(":")[2]) for step in engine.plan("ncro")]
    others = [step for step in steps if step != ("update", "Namespace")]  # the digest of the profile
    assert others == [("update", "SecurityPolicy"), ("delete", "Secret")]
    engine.up("ncro")
    engine.unchanged("ncro")
    assert engine.cluster.request("GET", path)[0] == 404
    engine.restore("ncro")
    leave(engine)
