from typing import Any

from scripts.cluster.diff import unified


def body(kind: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "n", "namespace": "s"}, **more}


CONFIG_MAP = ("v1", "ConfigMap", "s", "n")
SECRET = ("v1", "Secret", "s", "n")


def test_changed_lines_and_nothing_of_the_servers_bookkeeping() -> None:
    before, after = body("ConfigMap", data={"a": "1\n2\n"}), body("ConfigMap", data={"a": "1\n3\n"})
    before["metadata"] |= {"resourceVersion": "1", "managedFields": [1], "uid": "u", "generation": 1}
    after["metadata"] |= {"resourceVersion": "2", "managedFields": [2], "uid": "u", "generation": 2}
    diff = unified(CONFIG_MAP, before | {"status": 1}, after | {"status": 2})
    assert [line for line in diff.splitlines() if line[0] in "+-"] == [
        "--- ConfigMap s/n (live)",
        "+++ ConfigMap s/n (declared)",
        "-    2",
        "+    3",
    ]


def test_no_change_is_no_text() -> None:
    assert unified(CONFIG_MAP, body("ConfigMap"), body("ConfigMap")) == ""


def test_created_and_deleted() -> None:
    assert "+kind: ConfigMap" in unified(CONFIG_MAP, None, body("ConfigMap"))
    assert "-kind: ConfigMap" in unified(CONFIG_MAP, body("ConfigMap"), None)


def test_persian_stays_readable() -> None:
    assert "+  a: گمرک" in unified(CONFIG_MAP, None, body("ConfigMap", data={"a": "گمرک"}))


def test_secrets_are_never_shown_but_their_change_is() -> None:
    copy = {"kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0"}
    before = body("Secret", data={"a": "c2VjcmV0", "b": "c2FtZQ=="})
    before["metadata"]["annotations"] = copy
    after = body("Secret", data={"a": "bmV3", "b": "c2FtZQ=="}, stringData={"c": "plain"})
    diff = unified(SECRET, before, after)
    assert "-  a: (hidden)\n+  a: (hidden, new)\n" in diff
    assert " b: (hidden)" in diff
    for text in (diff, unified(SECRET, None, after), unified(SECRET, before, None)):
        assert not any(secret in text for secret in ("c2VjcmV0", "bmV3", "c2FtZQ==", "plain"))
