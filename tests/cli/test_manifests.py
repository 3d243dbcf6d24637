"""`govcloud check --manifests`: any manifests, of whatever quality, each file announcing what is wrong with it."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import Finding, Status
from scripts.foreign import folder
from scripts.foreign.data import documents
from scripts.foreign.manifests import judged, load
from scripts.foreign.scalar import resolve
from tests.cli.conftest import VALID, Run
from tests.estate.expectation import announced, assert_exactly, make_root

DATA = Path(__file__).parent / "manifests"
FILES = sorted(DATA.glob("*.yaml"))
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: minimal-test}\n"
PRIVILEGED = """\
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers:
  - name: main
    securityContext: {privileged: yes}
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    root = make_root(tmp_path_factory.mktemp("estate") / "root", VALID)
    loaded = loader.load(root, as_of=lambda _: datetime(2026, 11, 22, tzinfo=UTC))
    assert loaded.estate
    return loaded.estate


def _findings(path: Path, estate: Estate) -> list[Finding]:
    """Return what is said of the files themselves; the rules have cases of their own."""
    return [f for f in judged(load([path]), estate).findings if f.rule.startswith("manifest-")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_gives_exactly_what_it_announces(path: Path, estate: Estate) -> None:
    findings = _findings(path, estate)
    assert_exactly((f for f in findings if f.rule != "manifest-none"), announced(path))
    assert path.stem.startswith("pass-") is not bool(findings)
    for finding in findings:
        assert any("\u0600" <= letter <= "\u06ff" for letter in finding.summary.fa), finding
        assert any("\u0600" <= letter <= "\u06ff" for letter in finding.remedy.fa), finding


def test_json_is_read_with_its_tabs_and_halves(estate: Estate) -> None:
    (placed,) = load([DATA / "pass-objects.json"]).placed
    assert placed.body["data"] == {"smile": "😀"}
    assert _findings(DATA / "pass-objects.json", estate) == []


def test_a_broken_document_hides_no_other() -> None:
    assert len(load([DATA / "broken-between.yaml"]).placed) == 2


def test_lists_in_lists_are_unwrapped_and_their_kinds_inherited() -> None:
    placed = load([DATA / "pass-list.yaml"]).placed
    assert [(one.body["kind"], one.body["metadata"]["name"]) for one in placed] == [
        ("ConfigMap", "one"), ("ConfigMap", "two"), ("ConfigMap", "three"),
    ]  # fmt: skip
    assert placed[2].where.path == (0, "items", 2, "items", 0)


def test_an_object_with_items_is_judged_with_them(estate: Estate) -> None:
    manifests = load([DATA / "list-in-disguise.yaml"])
    assert [placed.body["kind"] for placed in manifests.placed] == ["ConfigMap"]
    assert judged(manifests, estate).findings[0].where.line == 8


@pytest.mark.parametrize(
    ("content", "rule", "place"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "manifest-not-utf-8", (1, 1)),
        ("a: متن\nb: ".encode() + b"\xff\n", "manifest-not-utf-8", (2, 4)),
        (b"a: b\x07\n", "manifest-syntax", (1, 5)),
        (b"a: b\x00\n", "manifest-syntax", (1, 5)),
        ("kind: x".encode("utf-16"), "manifest-not-utf-8", (1, 1)),
        (b"[" * 100_000, "manifest-too-deep", (1, 200)),
        (b"- " * 100_000, "manifest-too-deep", (1, 399)),
        (b"", "manifest-none", (0, 0)),
        (b"# nothing\n", "manifest-none", (0, 0)),
        (b"---\n" * 3, "manifest-none", (0, 0)),
    ],
)
def test_what_is_no_text_or_no_object(
    content: bytes, rule: str, place: tuple[int, int], tmp_path: Path, estate: Estate
) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    (finding,) = _findings(tmp_path / "a.yaml", estate)
    assert (finding.rule, finding.where.line, finding.where.column) == (rule, *place)
    assert finding.gates


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, estate: Estate) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + CONFIG_MAP.encode())
    assert _findings(tmp_path, estate) == []


def test_a_very_large_file_is_not_read(tmp_path: Path, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "SIZE_MAX", 20)
    (tmp_path / "a.yaml").write_text(CONFIG_MAP, encoding="utf-8")
    (finding,) = _findings(tmp_path, estate)
    assert (finding.rule, finding.status) == ("manifest-too-large", Status.UNKNOWN)


def test_many_broken_documents_end_at_a_bound() -> None:
    assert len(list(documents("a: [\n---\n" * 1000))) == 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path: Path, estate: Estate) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "a.yaml").touch(mode=0)
    assert [f.rule for f in _findings(tmp_path, estate)] == ["manifest-unreadable", "manifest-unreadable"]


def test_a_file_that_goes_while_it_is_read_is_said(
    tmp_path: Path, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text(CONFIG_MAP, encoding="utf-8")

    def gone(_: Path) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "read_bytes", gone)
    (finding,) = _findings(tmp_path, estate)
    assert finding.summary.en == "it cannot be read: No such file or directory"


def test_a_folder_is_walked_in_order_and_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    for name in ("b.yml", "a/z.yaml", "a/y.JSON", ".git/config.yaml", "a/.cache/x.yaml", ".hidden.yaml", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CONFIG_MAP, encoding="utf-8")
    manifests = load([tmp_path, tmp_path / "a", tmp_path / "b.yml"])
    assert [Path(shown).relative_to(tmp_path).as_posix() for shown in manifests.paths] == [
        ".hidden.yaml", "b.yml", "a/y.JSON", "a/z.yaml",
    ]  # fmt: skip
    assert (len(manifests.placed), manifests.others) == (4, 1)
    assert manifests.hidden == 3  # one of them twice: its folder was named twice


def test_links_are_followed_inside_the_folder_only(tmp_path: Path, estate: Estate) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "..data").mkdir(parents=True)
    outside.mkdir()
    for path in (inside / "..data" / "a.yaml", outside / "b.yaml", inside / "d.yaml"):
        path.write_text(CONFIG_MAP, encoding="utf-8")
    (inside / "a.yaml").symlink_to("..data/a.yaml")  # as a mounted ConfigMap has it
    (inside / "b.yaml").symlink_to(outside / "b.yaml")
    (inside / "c").symlink_to(outside)
    (inside / "e.yaml").symlink_to("d.yaml")
    (inside / "f.yaml").symlink_to("f.yaml")
    (inside / "g.yaml").symlink_to("nowhere")
    (inside / "h").symlink_to(".")
    (inside / "README.md").symlink_to("/etc/hostname")
    assert len(load([inside]).placed) == 2
    findings = _findings(inside, estate)
    assert [Path(f.where.file).name for f in findings] == ["b.yaml", "c", "f.yaml", "g.yaml"]
    assert {f.rule for f in findings} == {"manifest-link"}
    both = judged(load([inside, outside]), estate).findings
    assert [Path(f.where.file).name for f in both if f.rule == "manifest-link"] == ["f.yaml", "g.yaml"]
    assert len(load([inside, outside]).placed) == 3


def test_a_pipe_is_not_waited_for(tmp_path: Path, estate: Estate) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    (finding,) = _findings(tmp_path, estate)
    assert (finding.rule, finding.summary.en) == ("manifest-unreadable", "not a regular file")


def test_names_that_a_terminal_would_obey_are_escaped(tmp_path: Path, estate: Estate) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/\x1b\xff.yaml", os.O_CREAT | os.O_WRONLY))
    (finding,) = _findings(tmp_path, estate)
    assert finding.where.file == str(tmp_path)  # nothing is in it
    (tmp_path / "\x1b[31m.yaml").write_text("a: [", encoding="utf-8")
    assert "\\x1b[31m.yaml" in _findings(tmp_path, estate)[0].where.file


SCALARS = {
    "yes": True, "On": True, "y": True, "N": False, "off": False, "tRue": "tRue", "nULL": "nULL", "~": None, "": None,
    "0777": 511, "0o17": 15, "08": 8, "09.5": 9.5, "1_000": 1000, "0x_1F": 31, "-0b11": -3, "+5": 5, "-0": 0,
    "12:30:00": "12:30:00", "2020-01-01": "2020-01-01", "1401-06-31": "1401-06-31", "1e3": 1000, ".5": 0.5,
    "._5": "._5", ".1_3": 0.13, "1.": 1, "1e": "1e", "1e999": "1e999", "0b2": "0b2", "_1": "_1", "=": "=", "-": "-",
    "+.5": 0.5, "9" * 25: 1e25, "18446744073709551615": 2**64 - 1, "18446744073709551616": 2.0**64,
    "9" * 5000: "9" * 5000,
}  # fmt: skip
"""As `kubectl label --local` of 1.32 reads them; the last one is ours alone."""


@pytest.mark.parametrize(("written", "meant"), SCALARS.items(), ids=lambda value: repr(value)[:20])
def test_scalars_mean_what_kubectl_takes_them_for(written: str, meant: object) -> None:
    assert (resolve(written), type(resolve(written))) == (meant, type(meant))


MERGED = (
    CONFIG_MAP
    + """\
x: &a {b: 1, c: 9}
z: &b {b: 2, d: 8}
data:
  before: {b: 0, <<: *a}
  after: {<<: *a, b: 0}
  several: {<<: [*a, *b]}
  quoted: {"<<": *a}
  twice: {<<: *a, <<: *b}
  5: five
  yes: true
"""
)


def _kubectl(text: str, path: Path) -> Any:
    path.write_text(text, encoding="utf-8")
    command = ("kubectl", "label", "--local", "--filename", str(path), "--output", "json", "a=b")
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["data"]


def test_merge_keys_count_where_they_stand_as_kubectl_has_it() -> None:
    (document,) = documents(MERGED)
    assert document.problems == ()
    assert document.data["data"] == {
        "before": {"b": 1, "c": 9}, "after": {"b": 0, "c": 9}, "several": {"b": 1, "c": 9, "d": 8},
        "quoted": {"<<": {"b": 1, "c": 9}}, "twice": {"b": 2, "c": 9, "d": 8}, "5": "five", "true": True,
    }  # fmt: skip


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl on PATH")
def test_kubectl_reads_the_same(tmp_path: Path) -> None:
    (document,) = documents(MERGED)
    assert _kubectl(MERGED, tmp_path / "a.yaml") == document.data["data"]
    scalars = [written for written, meant in SCALARS.items() if meant is not None and len(written) < 100]
    text = (
        CONFIG_MAP
        + "data:\n"
        + "".join(f"  k{number}: {written}\n" for number, written in enumerate(scalars) if written != "-")
    )
    (document,) = documents(text)
    theirs = _kubectl(text, tmp_path / "b.yaml")
    assert theirs.keys() == document.data["data"].keys()
    for key, value in document.data["data"].items():
        assert float(value) == float(theirs[key]) if isinstance(value, int | float) else value == theirs[key], key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["apiVersion", "kind", "metadata", "items", "name", "spec", "{{"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


YAML = st.text(alphabet="ab:- \n\t{}[]*&!<|>'\"#%?~,0y", max_size=80)


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(content=YAML.map(str.encode) | st.binary(max_size=200) | JSON.map(lambda data: json.dumps(data).encode()))
def test_no_content_raises_and_none_passes_in_silence(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, estate: Estate
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    manifests = load([path])
    findings = judged(manifests, estate).findings
    assert manifests.placed or findings


def test_clean_manifests(run: Run, tmp_path: Path) -> None:
    tmp_path /= "app"
    tmp_path.mkdir()
    (tmp_path / "a.yaml").write_text(CONFIG_MAP, encoding="utf-8")
    code, out, err = run("check", "--manifests", tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("✓ 1 file, 1 object, ")
    assert out.endswith(" rules: nothing to correct\n")
    (tmp_path / "values.yaml").write_text("a: b", encoding="utf-8")
    (tmp_path / "README.md").touch()
    (tmp_path / ".git").mkdir()
    code, out, _ = run("check", "--manifests", tmp_path, "--lang", "fa")
    assert code == 0
    first, last = out.splitlines()
    assert first.startswith(f"{tmp_path / 'values.yaml'}:1:1: بی‌موضوع [manifest-not-kubernetes]")
    assert last.startswith("✓ 2 پرونده، 1 شیء، ")
    assert last.endswith("چیزی برای اصلاح نیست؛ داوری نشده: 1 سند از گونه‌ای دیگر، 1 پروندهٔ دیگر، 1 پوشهٔ پنهان")


def test_a_rule_is_told_at_its_line(run: Run, root: Path) -> None:
    (root / "app.yaml").write_text(f"---\n---\n{PRIVILEGED}", encoding="utf-8")
    code, out, _ = run("check", "--manifests", "app.yaml", "--namespace", "minimal-test")
    assert code == 1
    assert "app.yaml:9:23: error [WL-01] [1].spec.containers[0].securityContext.privileged: Pod one: " in out
    assert out.splitlines()[-1].startswith("✗ ")
    assert out.endswith(" to correct in 1 file\n")


def test_a_namespace_is_given_to_objects_that_name_none(run: Run, root: Path) -> None:
    (root / "app.yaml").write_text(PRIVILEGED, encoding="utf-8")
    said = json.loads(run("check", "--manifests", "app.yaml", "--namespace", "minimal-test", "--format", "json").out)
    (finding,) = [finding for finding in said["findings"] if finding["rule"] == "WL-01"]
    assert finding["subject"] == "minimal/test/Pod/one/main"
    assert said["rules"]["WL-02"] == {"pass": 1}
    assert "manifest-namespace" not in said["rules"]
    assert "[manifest-namespace]" in run("check", "--manifests", "app.yaml").out


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github", "markdown"])
def test_every_format_has_the_findings(form: str, run: Run, root: Path) -> None:
    (root / "app.yaml").write_text(PRIVILEGED + "---\na: [\n", encoding="utf-8")
    code, out, _ = run("check", "--manifests", "app.yaml", "--format", form)
    assert code == 1
    assert "manifest-syntax" in out
    assert "WL-01" in out


def test_findings_of_the_estate_are_not_repeated(run: Run, root: Path) -> None:
    (root / loader.PROFILES / "other.yaml").write_text("a: [", encoding="utf-8")
    (root / "app.yaml").write_text(CONFIG_MAP, encoding="utf-8")
    assert run("check").code == 1
    assert run("check", "--manifests", "app.yaml").code == 0


def test_without_a_platform_nothing_is_judged(run: Run, root: Path) -> None:
    (root / loader.PROFILES / "other.yaml").write_text("a: [", encoding="utf-8")
    (root / loader.PLATFORM).write_text("a: [", encoding="utf-8")
    code, out, _ = run("check", "--manifests", ".")
    assert code == 1
    assert out.startswith("stacks/platform.yaml:")
    assert "other.yaml" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--manifests", "gone"), "gone: there is no such file or folder"),
        (("minimal", "--manifests", "."), "name agencies, or manifests with --manifests, not both"),
        (("--namespace", "minimal-test"), "--namespace is for --manifests only"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], said: str, run: Run) -> None:
    assert run("check", *arguments) == (2, "", f"govcloud: {said}\n")
