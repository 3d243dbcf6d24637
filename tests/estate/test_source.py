"""Files that are odd on disk: what is said of them, and that nothing else comes of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from components.estate import loader
from components.estate.source import SIZE_MAX, read
from tests.estate.expectation import PROFILES, Expected, assert_exactly, judge, make_root
from tests.estate.odd import MINIMAL, ODD, UNREADABLE, Odd

ODD_FILE = f"{loader.PROFILES}/odd.yaml"


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_file_gives_one_sentence(odd: Odd, tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [PROFILES / "valid" / "minimal.yaml"])
    odd.make(root / ODD_FILE)
    assert_exactly(judge(root), [odd.expected])


@contextmanager
def unprivileged() -> Iterator[None]:
    """Act as nobody, whom permissions bind, where the tests run as the superuser."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_file_without_permission_gives_one_sentence() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "odd.yaml"
        UNREADABLE.make(path)
        with unprivileged():
            problem = read(path)
    assert not isinstance(problem, str)
    assert problem.rule == UNREADABLE.rule
    assert UNREADABLE.fragment in f"{problem.summary.en}; {problem.remedy.en}"


def test_a_missing_platform_gives_one_sentence_beside_the_profiles_own(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [PROFILES / "invalid" / "boolean-no.yaml"])
    (root / loader.PLATFORM).unlink()
    missing, own = judge(root)[::-1]
    assert_exactly([missing], [Expected(0, 0, "unreadable-file", "", "the file cannot be read: No such file")])
    assert own.rule == "ambiguous-boolean"


@pytest.mark.parametrize("name", ["gone.yaml", "root/gone.yaml", "file/gone.yaml", "n" * 300])
def test_a_path_that_leads_nowhere_is_said_in_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    problem = read(tmp_path / name)
    assert not isinstance(problem, str)
    assert problem.rule == "unreadable-file"


def test_the_largest_file_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * SIZE_MAX)
    assert read(path) == "#" * SIZE_MAX


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["bare", "byte order mark"])
def test_line_breaks_and_byte_order_marks_change_nothing(break_: str, mark: str, tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [PROFILES / "valid" / "minimal.yaml"])
    before, _ = loader.load(root)
    (root / loader.PROFILES / "minimal.yaml").write_bytes((mark + MINIMAL.replace("\n", break_)).encode())
    after, findings = loader.load(root)
    assert findings == ()
    assert before is not None
    assert after is not None
    assert after.agencies == before.agencies


def test_the_byte_order_mark_takes_no_column(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    (root / ODD_FILE).write_bytes(b"\xef\xbb\xbfkind: no\n")
    assert_exactly(judge(root), [Expected(1, 7, "ambiguous-boolean", "", "'no'")])


def test_a_profile_that_ends_in_yml_is_refused_not_forgotten(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [PROFILES / "valid" / "minimal.yaml"])
    (root / loader.PROFILES / "minimal.yml").write_text("", encoding="utf-8")
    (finding,) = judge(root)
    assert (finding.rule, finding.subject) == ("file-ending", "minimal")
    assert finding.where.file == f"{loader.PROFILES}/minimal.yml"
    assert "let its name end in .yaml" in finding.remedy.en


@pytest.mark.parametrize("name", [b"\xff\xfe.yaml", b"\x1b[31m.yaml", b"a\nb: ok.yaml"])
def test_names_of_files_cannot_speak_to_the_terminal(name: bytes, tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    path = os.fsencode(root / loader.PROFILES) + b"/" + name
    Path(os.fsdecode(path)).write_text(MINIMAL, encoding="utf-8")
    (finding,) = judge(root)
    assert finding.rule == "id-not-file-name"
    for text in (str(finding.where), finding.subject, finding.summary.en, finding.summary.fa, finding.remedy.en):
        assert text.replace("\u200c", "").isprintable()
        assert text.encode()
    assert finding.where.line == 4
