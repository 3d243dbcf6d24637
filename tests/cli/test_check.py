"""`govcloud check`: every way to ask, and what comes back."""

import json
import re
from pathlib import Path

import pytest

from components.estate import loader
from components.estate.waiver import WAIVERS
from scripts import cli
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
    "moment", ["soon", "1402-12-30", "2026-02-29", "2026-12-21T09:00:00", "9999-12-31T23:59:59-03:30"]
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
    counted = [(status, number) for counts in report["rules"].values() for status, number in counts.items()]
    assert sum(number for status, number in counted if status != "pass") == len(lines)
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


FORMATS = {
    "text": "✗ ",
    "json": '"findings"',
    "sarif": '"2.1.0"',
    "junit": "<testsuites",
    "github": "::",
    "markdown": "|",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_format_says_all_and_ends_alike(form: str, language: str, run: Run, root: Path) -> None:
    make_invalid(root)
    asked = ("check", "--format", form, "--lang", language, "--as-of", "1405-01-01")
    code, out, err = run(*asked)
    assert (code, err) == (1, "")
    assert FORMATS[form] in out
    assert "boolean-no" in out
    assert run(*asked) == (code, out, err)
    assert run("check", "minimal", "--format", form, "--lang", language).code == 0


def test_the_formats_are_of_one_result(run: Run, root: Path) -> None:
    make_invalid(root)
    said = {form: run("check", "--format", form, "--as-of", "1405-01-01").out for form in FORMATS}
    report = json.loads(said["json"])
    (sarif,) = json.loads(said["sarif"])["runs"]
    assert [
        (result["ruleId"], result["locations"][0]["physicalLocation"]["region"]["startLine"])
        for result in sarif["results"]
    ] == [(one["rule"], one["where"]["line"]) for one in report["findings"]]
    number = len(report["findings"])
    assert number == len(said["text"].splitlines()) - 1 == len(said["github"].splitlines()) - 1
    assert said["junit"].count("file=") == number


def test_against_a_baseline_only_what_is_new_fails(run: Run, root: Path, tmp_path: Path) -> None:
    make_invalid(root)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run("check", "--format", "json").out, encoding="utf-8")
    known = len(json.loads(earlier.read_text(encoding="utf-8"))["findings"])
    (root / loader.PROFILES / BROKEN.name).unlink()
    code, out, err = run("check", "--baseline", earlier)
    assert (code, err) == (0, "")
    first, *_, last = out.splitlines()
    assert first == "known to the baseline:"
    assert last == (
        f"✓ 2 profiles, 2 services: nothing to correct; of the baseline: {known - 1} still there, 1 corrected"
    )
    assert "گزارش مبنا" in run("check", "--baseline", earlier, "--lang", "fa").out
    (root / loader.PROFILES / "newcomer.yaml").write_text("a: no\n", encoding="utf-8")
    code, out, _ = run("check", "--baseline", earlier)
    assert code == 1
    assert out.startswith("agency_profiles/newcomer.yaml:1:4: error [ambiguous-boolean]")
    assert "✗ 1 to correct: newcomer; of the baseline:" in out
    assert run("check", "minimal", "--baseline", earlier).out.endswith("of the baseline: 0 still there, 0 corrected\n")


def test_what_is_no_baseline_is_wrong_use(run: Run, tmp_path: Path) -> None:
    code, out, err = run("check", "--baseline", tmp_path / "gone.json")
    assert (code, out) == (2, "")
    assert err == f"govcloud: --baseline: {tmp_path / 'gone.json'} cannot be read: No such file or directory\n"


def test_waived_findings_are_left_out_of_sarif_only(run: Run) -> None:
    assert run("check", "--format", "sarif", "--omit-waived").code == 0
    code, out, err = run("check", "--omit-waived")
    assert (code, out) == (2, "")
    assert err.startswith("govcloud: --omit-waived is for --format sarif only")


def with_waivers(case: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go into a project of a case with waivers."""
    files = {path.stem: path for path in (PROFILES / "estates" / case).iterdir()}
    waivers = {stem.removeprefix("waiver-"): files.pop(stem) for stem in [*files] if stem.startswith("waiver-")}
    monkeypatch.chdir(make_root(root, files.values(), waivers=waivers))


def test_what_is_waived_is_said_with_its_waiver_and_its_end(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_waivers("waiver-holds", tmp_path / "one", monkeypatch)
    code, out, _ = run("check", "--as-of", "1405-09-01")
    assert code == 0
    line, *_, last = out.splitlines()
    assert line.startswith(
        "agency_profiles/one.yaml:38:32: waived by W-1405-001 until 2027-01-20 (1405-10-30) [egress-outside] spec.egr"
    )
    assert ", 1 waived" in last
    (said, *_) = run("check", "--as-of", "1405-09-01", "--lang", "fa").out.splitlines()
    assert "معاف با W-1405-001 تا 1405-10-30 (2027-01-20)" in said
    report = json.loads(run("check", "--as-of", "1405-09-01", "--format", "json").out)
    (waived,) = [one for one in report["findings"] if one["rule"] == "egress-outside"]
    assert (waived["status"], waived["level"], waived["waiver"], waived["until"]) == (
        "waived",
        "mandatory",
        "W-1405-001",
        "2027-01-20",
    )
    assert "waivers" not in report
    assert run("check", "--as-of", "1405-10-30").code == 1
    assert run("check", "--as-of", "2027-01-19T20:29:59Z").code == 0
    assert run("check", "--as-of", "2027-01-19T20:30:00Z").code == 1


def test_waivers_are_listed_the_active_ones_first_the_next_to_end_before_the_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_waivers("waiver-ended", tmp_path / "one", monkeypatch)
    code, out, _ = run("check", "--waivers", "--as-of", "1405-09-01")
    assert code == 0
    _, heading, *lines = out[out.index("\nwaivers:") :].splitlines()
    assert heading == "waivers: 1 active, 3 ended"
    assert lines[0] == (
        "W-1405-003: active; [egress-outside] one; until 2027-01-20 (1405-10-30); "
        "decided by AEO, PBO, EITC on 2026-10-23 (1405-08-01), COM-2; renewed 1 time"
    )
    assert [line[:10] for line in lines[1:-1]] == ["W-1404-009", "W-1405-001", "W-1405-002"]
    said = run("check", "--waivers", "--as-of", "1405-09-01", "--lang", "fa").out
    assert (
        "معافیت‌ها: 1 برقرار، 3 پایان‌یافته\nW-1405-003: برقرار؛ [egress-outside] one؛ تا 1405-10-30 (2027-01-20)؛ تصمیم"
        in said
    )


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("waiver-ending", "W-1405-002: active, unused, soon ending;"),
        ("waiver-ending", "W-1405-003: active, unused, soon ending, review due;"),
        ("waiver-too-broad", "W-1405-001: active, unused, too broad;"),
        ("waiver-unused", "W-1405-001: active, unused;"),
        ("waiver-too-long", "W-1405-001: without effect;"),
        ("waiver-rule-not-waivable", "W-1405-002: unjustified;"),
        (
            "waiver-rule-not-waivable",
            "W-1405-003: raised; [host-taken] one; until 2027-01-20 (1405-10-30); not decided, ",
        ),
        ("waiver-decision-future", "W-1405-003: planned;"),
    ],
)
def test_a_waiver_is_listed_with_what_the_committee_should_know(
    case: str, said: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_waivers(case, tmp_path / "one", monkeypatch)
    assert f"\n{said}" in run("check", "--waivers", "--as-of", "1405-09-01").out


def test_json_lists_the_same_waivers(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_waivers("waiver-ending", tmp_path / "one", monkeypatch)
    asked = ("check", "--waivers", "--as-of", "1405-09-01")
    lines = run(*asked).out.splitlines()
    listed = json.loads(run(*asked, "--format", "json").out)["waivers"]
    assert [one["id"] for one in listed] == [line[:10] for line in lines if line.startswith("W-")]
    third = next(one for one in listed if one["id"] == "W-1405-003")
    assert third["state"] == "active"
    assert third["remarks"] == ["waiver-unused", "waiver-ending", "waiver-review-due"]
    assert third["subject"] == {"agency": "one", "environment": "production", "kind": "Namespace"}
    assert third["until"] == {"gregorian": "2026-11-23", "solarHijri": "1405-09-02"}
    assert third["decision"]["signedBy"] == ["aeo", "pbo", "eitc"]
    assert (third["renews"], third["renewals"]) == (None, 0)


def test_only_the_waivers_of_the_agencies_that_are_named_are_listed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_waivers("waiver-subject-unknown", tmp_path / "one", monkeypatch)
    out = run("check", "one", "--waivers", "--as-of", "1405-09-01").out
    assert "\nW-1405-002: " in out
    assert "\nW-1405-001: " not in out


def test_where_there_is_no_waiver_or_none_can_be_read_that_is_said(run: Run, root: Path) -> None:
    assert run("check", "--waivers").out == "waivers: none\n✓ 2 profiles, 2 services: nothing to correct\n"
    assert json.loads(run("check", "--waivers", "--format", "json").out)["waivers"] == []
    (root / WAIVERS).mkdir(parents=True)
    (root / WAIVERS / "W-1-1.yaml").write_text("a: no\n", encoding="utf-8")
    code, out, _ = run("check", "--waivers")
    assert code == 1
    assert "policies/waivers/W-1-1.yaml:1:4: error [ambiguous-boolean]" in out
    assert "\nwaivers: not known, see the errors above\n" in out
    assert json.loads(run("check", "--waivers", "--format", "json").out)["waivers"] is None


def test_waivers_are_listed_in_text_and_json_only(run: Run) -> None:
    for form in ("sarif", "junit", "github", "markdown"):
        code, out, err = run("check", "--waivers", "--format", form)
        assert (code, out) == (2, "")
        assert err == "govcloud: --waivers is for profiles, and for --format text and json only\n"


def test_the_project_shows_one_waiver_that_holds_and_one_that_has_ended(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    code, out, _ = run("check", "inta", "--waivers", "--as-of", "1405-09-01")
    assert code == 0
    assert "waivers: 1 active, 1 ended\nW-1405-014: active; [WL-11] inta/production/Deployment/legacy-etl/main; " in out


def test_duties_are_listed_where_they_are_asked_for_and_fail_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    root = ["--root", str(Path(__file__).parents[2])]
    assert cli.main([*root, "check", "irica", "--duties"]) == 0
    *_, counts, verdict = capsys.readouterr().out.splitlines()
    assert " met" in counts
    assert verdict.startswith("✓")
    assert cli.main([*root, "check", "--duties", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["duties"]
    assert sum(told["states"].values()) == len(told["listed"]) > 200
    assert told["states"]["overdue"] > 0
    assert cli.main([*root, "check", "--duties", "--format", "sarif"]) == 2


def test_a_broken_register_of_duties_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_root(tmp_path / "root")
    (root / "policies" / "registers").mkdir(parents=True)
    (root / "policies" / "registers" / "duties.yaml").write_text("a: [", encoding="utf-8")
    assert cli.main(["--root", str(root), "check"]) == 1
    assert "policies/registers/duties.yaml:1:" in capsys.readouterr().out
