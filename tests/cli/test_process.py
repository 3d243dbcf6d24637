"""The command as a process: what reaches the terminal when things go wrong, and what is never imported."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.estate import loader
from scripts import check, cli
from tests.cli.conftest import Run
from tests.cli.test_check import make_invalid

GOVCLOUD = Path(sys.executable).with_name("govcloud")


def shell(command: str, root: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in the project, with `govcloud` on the path."""
    path = f"{GOVCLOUD.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=root,
        env={**os.environ, "PATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reader_that_has_seen_enough_hears_no_complaint(root: Path) -> None:
    make_invalid(root)
    ran = shell("govcloud check --format json | head -1; govcloud check | true", root)
    assert ran.stdout == "{\n"
    assert ran.stderr == ""


def test_a_full_disk_behind_the_output_is_said_in_a_sentence(root: Path) -> None:
    ran = shell("govcloud check > /dev/full", root)
    assert ran.returncode == 2
    assert ran.stderr == "govcloud: the system: No space left on device\n"


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_persian_is_written_whatever_the_locale_says(env: dict[str, str], root: Path) -> None:
    ran = shell("govcloud check --lang fa", root, **env)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "چیزی برای اصلاح نیست" in ran.stdout


def test_the_command_says_by_its_exit_code_what_it_found(root: Path) -> None:
    assert shell("govcloud check", root).returncode == 0
    (root / loader.PROFILES / "minimal.yaml").write_text("", encoding="utf-8")
    assert shell("govcloud check", root).returncode == 1
    assert shell("govcloud check nobody", root).returncode == 2


IMPORTS = """
import sys
from scripts.cli import main
code = main(sys.argv[1:])
heavy = ("pulumi", "pulumi_kubernetes", "kubernetes", "jsonschema", "grpc", "cryptography", "urllib3", "http.client")
print([name for name in heavy if name in sys.modules], code, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "--format", "json", "minimal"], ["render", "--output", "out"]]
)
def test_what_needs_no_cluster_imports_no_client(arguments: list[str], root: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stderr == "[] 0\n"


SLOW = """
import sys, time
from scripts import check, cli
def wait(*_):
    print("waiting", flush=True)
    time.sleep(60)
check.run = wait
sys.exit(cli.main(["check"]))
"""


def test_ctrl_c_is_answered_with_one_line(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "govcloud: stopped; run the same command again to continue\n")


def test_a_defect_shows_no_traceback_unless_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(check, "run", broken)
    monkeypatch.delenv("GOVCLOUD_DEBUG", raising=False)
    code, out, err = run("check")
    assert (code, out) == (2, "")
    assert err == (
        "govcloud: unexpected: ZeroDivisionError('oops'). This is a defect; GOVCLOUD_DEBUG=1 shows where it happened\n"
    )
    monkeypatch.setenv("GOVCLOUD_DEBUG", "1")
    assert "Traceback" in run("check").err


def test_an_error_of_the_system_names_the_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> int:
        raise OSError(5, "Input/output error", "/dev/broken")

    monkeypatch.setattr(check, "run", failing)
    assert run("check").err == "govcloud: /dev/broken: Input/output error\n"


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help_with_an_example(verb: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(verb, "--help")
    assert stopped.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"govcloud {verb}" in said.split("example", 1)[1]


def test_the_command_itself_has_help_that_names_every_verb(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    said = capsys.readouterr().out
    assert "example: govcloud" in said
    for verb in cli.VERBS:
        assert f"    {verb} " in said
