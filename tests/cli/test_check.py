"""`govcloud check`: every way to ask, and what comes back."""

import json
import re
from pathlib import Path

import pytest

from components.estate import loader
from tests.cli.conftest import Run
from tests.estate.expectation import PROFILES, make_root

BROKEN = PROFILES / "invalid" / "boolean-no.yaml"
MINIMAL = PROFILES / "valid" / "minimal.yaml"


def test_a_clean_project(run: Run) -> None:
    assert run("check") == (0, "✓ 2 profiles, 2 services: nothing to correct\n", "")
    assert run("check", "--lang", "fa").out == "✓ 2 نمایه، 2 خدمت: چیزی برای اصلاح نیست\n"


def test_a_broken_profile_is_said_in_one_line_that_editors_understand(run: Run, root: Path) -> None:
    (root / loader.PROFILES / BROKEN.name).write_bytes(BROKEN.read_bytes())
    code, out, err = run("check")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        (
            "agency_profiles/boolean-no.yaml:6:14: error [ambiguous-boolean] 'no' without quotes; "
            "write true or false, or put it in quotes if it is text"
        ),
        "✗ 1 to correct: boolean-no",
    ]
    assert "خطا [ambiguous-boolean] 'no' بدون گیومه؛ true یا false بنویسید" in run("check", "--lang", "fa").out


def test_one_agency_is_not_bothered_with_the_errors_of_another(run: Run, root: Path) -> None:
    (root / loader.PROFILES / BROKEN.name).write_bytes(BROKEN.read_bytes())
    assert run("check", "minimal") == (0, "✓ 1 profile, 1 service: nothing to correct\n", "")
    assert run("check", "minimal", "boolean-no").code == 1
    assert run("check", "boolean-no").out.endswith("✗ 1 to correct: boolean-no\n")


def test_one_agency_hears_what_concerns_the_platform(run: Run, root: Path) -> None:
    platform = root / loader.PLATFORM
    platform.write_text(platform.read_text(encoding="utf-8").replace("zone: gov.test", "zone: GOV"), encoding="utf-8")
    code, out, _ = run("check", "minimal")
    assert code == 1
    assert "stacks/platform.yaml:6:3: error [wrong-host] spec.zone:" in out


def test_a_file_takes_the_place_of_the_profile_of_its_agency(run: Run, root: Path, tmp_path: Path) -> None:
    profile, draft = root / loader.PROFILES / "minimal.yaml", tmp_path / "draft.yml"
    text = profile.read_text(encoding="utf-8")
    draft.write_text(text.replace("size: small", "size: tiny"), encoding="utf-8")
    code, out, _ = run("check", draft)
    assert code == 1
    assert out.startswith(f"{draft}:15:20: error [size-unknown] spec.environments[0].size: ")
    assert profile.read_text(encoding="utf-8") == text
    profile.write_text("a: no", encoding="utf-8")
    draft.write_text(text, encoding="utf-8")
    assert run("check").code == 1
    assert run("check", draft) == (0, "✓ 1 profile, 1 service: nothing to correct\n", "")


def test_a_file_of_a_new_agency_is_judged_beside_the_others(run: Run, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    text = MINIMAL.read_text(encoding="utf-8")
    draft.write_text(text.replace("id: minimal", "id: newcomer"), encoding="utf-8")
    code, out, _ = run("check", draft)
    assert code == 1
    assert {"card-taken", "name-taken"} == set(re.findall(r"\[([a-z-]+)\]", out))
    assert "is also claimed by minimal" in out
    assert str(draft) in out
    assert "agency_profiles/minimal.yaml" not in out


def test_two_files_of_one_agency_are_wrong_use(run: Run, tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_bytes(MINIMAL.read_bytes())
    code, out, err = run("check", tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert (code, out) == (2, "")
    assert err == f"govcloud: {tmp_path / 'a.yaml'} and {tmp_path / 'b.yaml'} are both of 'minimal': name one of them\n"
    assert run("check", tmp_path / "a.yaml", tmp_path / "a.yaml").code == 0


def test_a_file_may_be_named_as_it_lies(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("check", "agency_profiles/minimal.yaml").code == 0
    monkeypatch.chdir(root / "stacks")
    assert run("check", "../agency_profiles/minimal.yaml").code == 0


@pytest.mark.parametrize("what", ["gone.yaml", "gone/profile.yml"])
def test_a_file_that_is_not_there_is_wrong_use(what: str, run: Run) -> None:
    assert run("check", what) == (2, "", f"govcloud: {what}: there is no such file\n")


def test_a_draft_that_is_no_file_or_a_dangling_link_is_a_finding(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("nowhere")
    (tmp_path / "b.yaml").mkdir()
    code, out, _ = run("check", tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert code == 1
    assert "[link]" in out
    assert "[not-a-file]" in out


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("minimum", "did you mean 'minimal'?"),
        ("zzz", "there are 2 profiles in agency_profiles/"),
        ("", "there are 2 profiles"),
    ],
)
def test_an_unknown_agency_is_wrong_use_with_a_hint(asked: str, hint: str, run: Run) -> None:
    code, out, err = run("check", asked)
    assert (code, out) == (2, "")
    assert err.startswith(f"govcloud: no agency {asked!r}: {hint}")


def test_the_nearest_project_is_found_from_below(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = root / "stacks" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert run("check").code == 0


def test_the_project_may_be_named(run: Run, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("check")
    assert (code, out) == (2, "")
    assert err == f"govcloud: {tmp_path} holds no Pulumi.yaml: go to the project's folder, or name it with --root\n"
    assert run("--root", root, "check").code == 0
    assert run("--root", root.name, "check").code == 0
    assert run("--root", root / "stacks", "check").code == 2
    assert run("--root", "gone", "check").code == 2


def test_a_project_without_profiles_is_wrong_use_not_clean(run: Run, root: Path) -> None:
    for path in (root / loader.PROFILES).iterdir():
        path.unlink()
    assert run("check").code == 0
    (root / loader.PROFILES).rmdir()
    code, out, err = run("check")
    assert (code, out) == (2, "")
    assert "holds no folder agency_profiles/" in err


@pytest.mark.parametrize(
    "moment", ["1405-09-30", "۱۴۰۵-۰۹-۳۰", "2026-12-21", "2026-12-21T09:00:00+03:30", "2026-12-21T05:30:00Z"]
)
def test_every_form_of_a_moment_is_taken(moment: str, run: Run) -> None:
    code, out, _ = run("check", "--as-of", moment, "--format", "json")
    assert code == 0
    assert json.loads(out)["asOf"][:10] in {"2026-12-20", "2026-12-21"}


@pytest.mark.parametrize(
    "moment", ["soon", "1402-12-30", "2026-02-29", "2026-12-21T09:00:00", "0001-01-01T00:00:00+03:30"]
)
def test_another_moment_is_wrong_use(moment: str, run: Run) -> None:
    code, out, err = run("check", "--as-of", moment)
    assert (code, out) == (2, "")
    assert err.startswith(f"govcloud: --as-of: '{moment}' ")


def test_json_says_what_text_says(run: Run, root: Path) -> None:
    make_invalid(root)
    code, out, err = run("check", "--format", "json", "--as-of", "1405-01-01")
    assert (code, err) == (1, "")
    report = json.loads(out)
    assert report["format"] == "govcloud.internal/report/v1"
    assert report["asOf"] == "2026-03-21T00:00:00+03:30"
    lines = run("check").out.splitlines()[:-1]
    assert len(report["findings"]) == len(lines)
    assert list(report["rules"]) == sorted(report["rules"])
    assert sum(sum(counts.values()) for counts in report["rules"].values()) == len(lines)
    for finding, line in zip(report["findings"], lines, strict=True):
        where = finding["where"]
        assert line.startswith(where["file"])
        assert f"[{finding['rule']}]" in line
        assert line.endswith(f"{finding['summary']['en']}; {finding['remedy']['en']}")
        assert finding.keys() == {"rule", "level", "status", "subject", "where", "summary", "remedy", "source"}


def test_json_is_the_same_on_every_run_with_and_without_the_cache(run: Run, root: Path) -> None:
    make_invalid(root)
    asked = ("check", "--format", "json", "--as-of", "1405-01-01")
    first, second, third = run(*asked), run(*asked), run(*asked, "--no-cache")
    assert first == second == third
    assert (root / ".govcloud" / "cache" / "parsed.json").is_file()


def test_no_cache_leaves_no_trace(run: Run, root: Path) -> None:
    run("check", "--no-cache")
    assert not (root / ".govcloud").exists()


def make_invalid(root: Path) -> None:
    for path in (PROFILES / "invalid").iterdir():
        (root / loader.PROFILES / path.name).write_bytes(path.read_bytes())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["check", "--nonsense"],
        ["check", "--lang", "de"],
        ["check", "--format", "xml"],
        ["check", "--as-of"],
    ],
)
def test_wrong_use_is_said_with_the_usage(arguments: list[str], run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert "usage: govcloud" in capsys.readouterr().err


def test_the_examples_of_the_project_are_clean(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    code, out, err = run("check", "--no-cache")
    assert (code, err) == (0, ""), out


def test_a_project_may_be_called_like_anything(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = make_root(tmp_path / "پروژهٔ من [x] 'y'", [MINIMAL])
    monkeypatch.chdir(odd)
    assert run("check").code == 0
