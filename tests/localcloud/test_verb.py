import argparse
import json
from pathlib import Path

import pytest

from scripts import cloud
from scripts.localcloud.errors import LocalCloudError, NotRunningError
from scripts.localcloud.window.layout import ISSUER


def _run(root: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    cloud.register(parser.add_subparsers())
    return cloud.run(parser.parse_args(["cloud", *arguments]), root)


def test_status_of_nothing_is_told_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, "status") == 1
    assert "etcd                     stopped" in capsys.readouterr().out
    assert _run(tmp_path, "status", "--format", "json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert [component["state"] for component in answer["components"]] == ["stopped"] * 3
    assert not list(tmp_path.iterdir())


def test_kubeconfig_of_nothing_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=r"not up \(etcd stopped.*`govcloud cloud up`"):
        _run(tmp_path, "kubeconfig")


def test_down_of_nothing_is_fine(tmp_path: Path) -> None:
    assert _run(tmp_path, "down", "--delete") == 0


def test_a_file_where_the_folder_should_be_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / ".govcloud").touch()

    with pytest.raises(LocalCloudError, match=r"\.govcloud.*Not a directory"):
        _run(tmp_path, "status")


def test_the_login_is_the_platforms(tmp_path: Path, project: Path) -> None:
    assert cloud._issuer(project) == ISSUER  # noqa: SLF001 - what `run` hands on
    assert cloud._issuer(tmp_path) == ISSUER  # noqa: SLF001 - as above
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "platform.yaml").write_text("spec: {issuer: https://other.test/realms/r}")
    assert cloud._issuer(tmp_path) == "https://other.test/realms/r"  # noqa: SLF001 - as above
