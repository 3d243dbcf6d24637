"""`govcloud render`: files in a folder that is ours, and in no other."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.estate import loader
from scripts.report.folder import MARKER, MarkedFolder
from tests.cli.conftest import Run

ALL = {
    "platform/cluster.yaml",
    "platform/govcloud-gateway.yaml",
    "platform/govcloud-monitoring.yaml",
    "minimal/minimal-test.yaml",
    "spellings/govcloud-gateway.yaml",
    "spellings/spellings-production.yaml",
    "spellings/spellings-staging.yaml",
}

FIRST = {"platform/cluster.yaml": "GatewayClass", "spellings/govcloud-gateway.yaml": "NetworkPolicy"}
"""What a file begins with that holds no namespace."""


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_everything_is_one_folder_an_owner_and_one_file_a_namespace(run: Run, out: Path) -> None:
    code, said, err = run("render", "--output", out)
    assert (code, err) == (0, "")
    assert said == f"3 owners, {len(ALL)} files written, 0 unchanged, 0 removed: {out}\n"
    assert tree(out).keys() == ALL | {MARKER}
    for name in ALL:
        first = next(iter(yaml.safe_load_all((out / name).read_bytes())))
        assert first["kind"] == FIRST.get(name, "Namespace")


def test_a_second_run_touches_nothing(run: Run, out: Path) -> None:
    run("render", "--output", out)
    before = times(out)
    assert run("render", "--output", out).out == f"3 owners, 0 files written, {len(ALL)} unchanged, 0 removed: {out}\n"
    assert times(out) == before


def test_only_what_changed_is_written(run: Run, out: Path, root: Path) -> None:
    run("render", "--output", out)
    before = times(out)
    profile = root / loader.PROFILES / "minimal.yaml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("Minimal", "Changed"), encoding="utf-8")
    assert ", 1 files written," in run("render", "--output", out).out
    after = times(out)
    assert {name for name in after if after[name] != before[name]} == {"minimal/minimal-test.yaml"}


def test_what_is_no_longer_declared_is_removed_and_nothing_else(run: Run, out: Path, root: Path) -> None:
    run("render", "--output", out)
    (out / "README.md").write_text("ours? no", encoding="utf-8")
    (out / "minimal" / "notes.txt").write_text("mine", encoding="utf-8")
    spellings = root / loader.PROFILES / "spellings.yaml"
    without = spellings.read_text(encoding="utf-8").replace("    - {name: staging, size: small}\n", "")
    spellings.write_text(without, encoding="utf-8")
    assert run("render", "--output", out).out.endswith(f", 1 removed: {out}\n")
    spellings.unlink()
    (root / loader.PROFILES / "minimal.yaml").unlink()
    assert ", 3 removed" in run("render", "--output", out).out
    kept = {name for name in ALL if name.startswith("platform/")}
    assert tree(out).keys() == kept | {MARKER, "README.md", "minimal/notes.txt"}
    assert not (out / "spellings").exists()


def test_one_agency_alone_leaves_the_others_alone(run: Run, out: Path, root: Path) -> None:
    assert run("render", "minimal", "--output", out).code == 0
    assert tree(out).keys() == {"minimal/minimal-test.yaml", MARKER}
    run("render", "--output", out)
    before = times(out)
    (root / loader.PROFILES / "spellings.yaml").write_text("broken: no", encoding="utf-8")
    assert run("render", "minimal", "--output", out).out.startswith("1 owners, 0 files written, 1 unchanged, 0 removed")
    assert times(out) == before


def test_nothing_is_written_where_something_must_be_corrected(run: Run, out: Path, root: Path) -> None:
    (root / loader.PROFILES / "minimal.yaml").write_text("broken: no", encoding="utf-8")
    for asked in ([], ["minimal"]):
        code, said, err = run("render", *asked, "--output", out)
        assert (code, said) == (1, "")
        assert "[ambiguous-boolean]" in err
        assert err.endswith("nothing was written: correct the findings first\n")
        assert not out.exists()


def test_a_broken_platform_stops_everything(run: Run, out: Path, root: Path) -> None:
    (root / loader.PLATFORM).write_text("", encoding="utf-8")
    assert run("render", "minimal", "--output", out).code == 1
    assert not out.exists()


def test_an_unknown_agency_is_wrong_use(run: Run, out: Path) -> None:
    assert run("render", "minimall", "--output", out).err == "govcloud: no agency 'minimall': did you mean 'minimal'?\n"
    assert not out.exists()


def test_a_folder_with_files_of_others_is_refused_and_left_as_it_is(run: Run, out: Path) -> None:
    out.mkdir()
    (out / "precious.txt").write_text("mine", encoding="utf-8")
    code, said, err = run("render", "--output", out)
    assert (code, said) == (2, "")
    assert err == f"govcloud: {out} holds files that are not ours: name an empty folder, or a new one\n"
    assert tree(out) == {"precious.txt": b"mine"}


def test_a_file_is_no_folder(run: Run, out: Path) -> None:
    out.write_text("mine", encoding="utf-8")
    assert run("render", "--output", out).err == f"govcloud: {out} is not a folder\n"
    assert run("render", "--output", out / "below").code == 2
    assert out.read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_is_taken(run: Run, out: Path) -> None:
    out.mkdir()
    assert run("render", "--output", out).code == 0


def test_a_marker_cannot_point_outside_of_the_folder(run: Run, out: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine", encoding="utf-8")
    out.mkdir()
    (out / MARKER).write_text(f"../precious.txt\n{precious}\nplatform/../../precious.txt\n", encoding="utf-8")
    assert run("render", "--output", out).code == 0
    assert precious.read_text(encoding="utf-8") == "mine"


def test_a_run_that_was_killed_leaves_nothing_that_the_next_one_would_not_find(out: Path) -> None:
    killed = MarkedFolder(out, "manifests")
    killed.write("gone/a.yaml", "a\n")
    following = MarkedFolder(out, "manifests")
    following.write("kept/b.yaml", "b\n")
    assert following.finish() == 1
    assert tree(out).keys() == {"kept/b.yaml", MARKER}


def test_no_secret_is_written(run: Run, out: Path) -> None:
    run("render", "--output", out)
    for name in ALL:
        for manifest in yaml.safe_load_all((out / name).read_bytes()):
            assert manifest["kind"] != "Secret"  # references to Secrets are, further down
            assert not {"data", "stringData"} & manifest.keys() or manifest["kind"] == "ConfigMap"


PORTAL = {"catalogue.json", "en.html", "index.html", MARKER}


def test_the_portal_is_pages_and_their_data(run: Run, out: Path) -> None:
    code, said, err = run("render", "--what", "portal", "--output", out)
    assert (code, err) == (0, "")
    assert said == f"portal, 3 files written, 0 unchanged, 0 removed: {out}\n"
    assert tree(out).keys() == PORTAL
    assert b'<html lang="fa" dir="rtl">' in tree(out)["index.html"]
    assert json.loads(tree(out)["catalogue.json"])["services"][0]["agency"] == "spellings"


def test_a_second_run_of_the_portal_writes_what_changed(run: Run, out: Path, root: Path) -> None:
    asked = ("render", "--what", "portal", "--output", out, "--as-of", "1405-03-11")
    run(*asked)
    assert run(*asked).out == f"portal, 0 files written, 3 unchanged, 0 removed: {out}\n"
    (out / MARKER).write_text(f"{(out / MARKER).read_text(encoding='utf-8')}fr.html\n", encoding="utf-8")
    (out / "fr.html").write_text("of an earlier version", encoding="utf-8")
    profile = root / loader.PROFILES / "spellings.yaml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("Yes, no: on", "Renamed"), encoding="utf-8")
    assert run(*asked).out == f"portal, 3 files written, 0 unchanged, 1 removed: {out}\n"
    assert tree(out).keys() == PORTAL


def test_manifests_and_pages_never_share_a_folder(run: Run, out: Path, tmp_path: Path) -> None:
    """Else the pages would make all manifests stale, and what watches the folder would prune a cluster."""
    pages = tmp_path / "pages"
    run("render", "--output", out)
    run("render", "--what", "portal", "--output", pages)
    before = times(out), times(pages)
    assert run("render", "--what", "portal", "--output", out) == (
        2,
        "",
        f"govcloud: {out} holds manifests: name another folder for the portal\n",
    )
    for asked in ([], ["minimal"], ["--what", "manifests"]):
        assert run("render", *asked, "--output", pages) == (
            2,
            "",
            f"govcloud: {pages} holds portal: name another folder for the manifests\n",
        )
    assert (times(out), times(pages)) == before


def test_the_portal_of_one_agency_is_wrong_use(run: Run, out: Path) -> None:
    code, said, err = run("render", "minimal", "--what", "portal", "--output", out)
    assert (code, said) == (2, "")
    assert err == "govcloud: the portal is of all agencies together: name none\n"
    assert not out.exists()


def test_what_nobody_can_render_is_wrong_use(run: Run, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("render", "--what", "pages", "--output", out)
    assert "invalid choice: 'pages'" in capsys.readouterr().err
    assert not out.exists()


def test_no_page_is_written_where_something_must_be_corrected(run: Run, out: Path, root: Path) -> None:
    (root / loader.PROFILES / "minimal.yaml").write_text("broken: no", encoding="utf-8")
    assert run("render", "--what", "portal", "--output", out).code == 1
    assert not out.exists()


DISK_FULL = """
mount -t tmpfs -o size=40k none "$1" || exit 77
"$2" -m scripts.cli render --output "$1/out"; echo "first: $?"
find "$1" -name '*.new' | sed 's/^/left: /'
mount -o remount,size=8m "$1" || exit 77
"$2" -m scripts.cli render --output "$1/out"; echo "second: $?"
cp -r "$1/out" "$3"
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="a small disk of its own needs unshare (util-linux)")
def test_a_full_disk_is_said_and_the_next_run_completes(
    project: Path, root: Path, out: Path, tmp_path: Path, run: Run
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for path in (root / loader.PROFILES).iterdir():
        path.unlink()
    for path in (project / loader.PROFILES).glob("*.yaml"):  # all: whoever exchanges data needs its partners
        (root / loader.PROFILES / path.name).write_bytes(path.read_bytes())
    (root / loader.PLATFORM).write_bytes((project / loader.PLATFORM).read_bytes())
    shown = tmp_path / "shown"
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", DISK_FULL, "sh", str(disk), sys.executable, str(shown)],
        cwd=root,
        env={"PYTHONPATH": str(project), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == 77 or "unshare:" in ran.stderr:
        pytest.skip(f"no small disk can be mounted here: {ran.stderr.strip()}")
    assert "first: 2" in ran.stdout, ran
    assert "No space left on device; run render again" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "left:" not in ran.stdout
    assert "second: 0" in ran.stdout
    assert run("render", "--output", out).code == 0
    assert tree(shown) == tree(out)
