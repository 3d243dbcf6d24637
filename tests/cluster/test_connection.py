import time
from pathlib import Path

import pytest

from scripts.cluster.connection import IMPATIENT, connect
from scripts.cluster.errors import ClusterError, CredentialsError, ForbiddenError, KubeconfigError, UnreachableError
from tests.cluster.scripted_server import QUICK, Reply, ScriptedServer, kubeconfig

OK = Reply(body={"done": True})


def status(code: int, message: str = "no") -> Reply:
    return Reply(status=code, body={"kind": "Status", "message": message, "reason": "R"})


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "PUT", "POST"])
@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(status(429), id="429"),
        pytest.param(status(500), id="500"),
        pytest.param(status(502), id="502"),
        pytest.param(status(503), id="503"),
        pytest.param(status(504), id="504"),
        pytest.param(Reply(drop="before"), id="lost"),
        pytest.param(Reply(drop="middle"), id="lost-in-body"),
    ],
)
def test_what_may_be_retried_is_retried(server: ScriptedServer, tmp_path: Path, method: str, trouble: Reply) -> None:
    connection = server.connect(tmp_path)
    server.say(trouble, trouble, OK)
    answer = connection.request(method, "/x", body=None if method == "GET" else b"{}")
    assert (answer.status, answer.tries, len(server.requests)) == (200, 3, 3)
    assert {request.method for request in server.requests} == {method}


def test_the_server_says_how_long_to_wait(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(Reply(status=429, headers=(("Retry-After", "1"),)), OK)
    begin = time.monotonic()
    assert connection.request("PATCH", "/x", body=b"{}").status == 200
    assert time.monotonic() - begin >= 1


@pytest.mark.parametrize("code", [400, 404, 409, 422])
def test_an_answer_is_not_asked_for_twice(server: ScriptedServer, tmp_path: Path, code: int) -> None:
    connection = server.connect(tmp_path)
    server.say(status(code))
    assert connection.request("PATCH", "/x", body=b"{}").status == code
    assert len(server.requests) == 1


def test_patience_ends_and_says_how_often_and_what(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(status(503, "etcd is away"))
    with pytest.raises(UnreachableError, match=r"503 \(etcd is away\) to 5 tries"):
        connection.request("PATCH", "/x", body=b"{}")
    server.say(Reply(drop="before"))
    with pytest.raises(UnreachableError, match=r"does not answer .*; 5 tries"):
        connection.request("PATCH", "/x", body=b"{}")


def test_a_broken_object_gives_its_answer(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(status(500, "webhook"))
    answer = connection.request("PATCH", "/x", body=b"{}")
    assert (answer.status, answer.tries, answer.refusal().message) == (500, 5, "webhook")


def test_expired_token(server: ScriptedServer, tmp_path: Path) -> None:
    server.say(status(401, "Unauthorized"))
    with pytest.raises(CredentialsError, match=r"does not accept the credentials of .*kubeconfig\.yaml"):
        server.connect(tmp_path, token="old")  # noqa: S106 - none
    assert server.requests[0].headers["authorization"] == "Bearer old"


def test_forbidden_to_read(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(status(403, 'User "u" cannot list namespaces'))
    with pytest.raises(ForbiddenError, match='User "u" cannot list namespaces'):
        connection.get("/x")


def test_somebody_else_answers(server: ScriptedServer, tmp_path: Path) -> None:
    server.say(Reply(body=b"<html>Sign in</html>"))
    with pytest.raises(UnreachableError, match="not a Kubernetes API server"):
        server.connect(tmp_path)


def test_redirects_are_not_followed(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(Reply(status=302, headers=(("Location", "/elsewhere"),)), OK)
    assert connection.request("PATCH", "/x", body=b"{}").status == 302


def test_warnings_are_read(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(Reply(headers=(("Warning", '299 - "a \\"b\\", c"'), ("Warning", '299 - "d"'))))
    assert connection.request("PATCH", "/x", body=b"{}").warnings == ('a "b", c', "d")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.connect(tmp_path)
    assert server.requests  # it was reached, and not the proxy


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"does not answer \(.*refused; 3 tries\)"):
        connect(kubeconfig(tmp_path, "http://127.0.0.1:1"), retry=QUICK)


def test_no_such_name(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="cannot be resolved"):
        connect(kubeconfig(tmp_path, "http://cluster.invalid"), retry=QUICK)


def test_no_tls(server: ScriptedServer, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="cannot be trusted or does not speak TLS"):
        connect(kubeconfig(tmp_path, server.url.replace("http:", "https:")), retry=QUICK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "a: 1",
        "text",
        "- a",
        "\t",
        "\0",
        "current-context: x",
        "{clusters: [], users: [], contexts: [], current-context: x}",
        "{clusters: 1, users: 2, contexts: 3, current-context: 4}",
        (
            "{clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: nowhere.crt}}], users: "
            "[{name: u, user: {}}], contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}"
        ),
        (
            "{clusters: [{name: c, cluster: {server: 'https://h', certificate-authority-data: '%%%'}}], users: "
            "[{name: u, user: {}}], contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}"
        ),
    ],
)
def test_a_broken_kubeconfig_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ClusterError, match=str(path)):
        connect(path, retry=IMPATIENT.new(total=0, other=0))


def test_no_kubeconfig_and_no_context(server: ScriptedServer, tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="There is no kubeconfig at"):
        connect(tmp_path / "nowhere")
    with pytest.raises(KubeconfigError, match=r"cannot be used: .*other"):
        connect(kubeconfig(tmp_path, server.url), "other")


def test_no_ambient_kubeconfig_is_used(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, server.url)))
    with pytest.raises(KubeconfigError):
        connect(tmp_path / "nowhere")
    assert not server.requests


def test_a_500_about_the_object_is_an_answer(server: ScriptedServer, tmp_path: Path) -> None:
    connection = server.connect(tmp_path)
    server.say(status(500, "failed to create typed patch object (/x; v1, Kind=A): .b: field not declared in schema"))
    answer = connection.request("PATCH", "/x", body=b"{}")
    assert (answer.status, answer.tries, len(server.requests)) == (500, 1, 1)
