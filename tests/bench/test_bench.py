"""The frame of the benchmark: whole processes, paired runs, one table. No figure is judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.foreign.manifests import RULES
from tests.bench import evaluations
from tests.bench.evaluations import Figure
from tests.bench.measure import CommandFailedError, Pair, Usage, pairs, run
from tests.bench.result import Result, document, table
from tests.bench.rows import ROWS, Peer, Row

PYTHON = sys.executable


def _usage(cpu: float, peak_mb: float = 10) -> Usage:
    return Usage(cpu=cpu, wall=2 * cpu, peak_mb=peak_mb)


def _row(bound: float | None) -> Row:
    return Row("group", "name", lambda _: (), Peer("peer", lambda _: ()), bound=bound)


def test_run_tells_what_a_process_took() -> None:
    usage = run((PYTHON, "-c", "x = bytearray(64 * 1024 * 1024)"))
    assert usage.cpu > 0
    assert usage.wall > 0
    assert usage.peak_mb > 64


def test_run_tells_why_a_command_failed() -> None:
    with pytest.raises(CommandFailedError, match=r"(?s)ended with 3.*no such luck"):
        run((PYTHON, "-c", "import sys; print('no such luck'); sys.exit(3)"))


def test_pairs_go_in_turn_and_each_run_is_prepared(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    ours, peer = ((PYTHON, "-c", append, str(log), letter) for letter in "AB")

    def prepare() -> None:
        with log.open("a") as file:
            file.write(".")

    measured = list(pairs(ours, peer, prepare, warm_up=True, repeat=2))
    assert len(measured) == 2
    assert log.read_text() == ".A.B.A.B.A.B"


@pytest.mark.parametrize(("bound", "held"), [(2, "yes"), (1.5, "**no**"), (None, "—")])
def test_the_ratio_is_the_median_of_the_pairs(bound: float | None, held: str) -> None:
    runs = [Pair(_usage(2), _usage(1)), Pair(_usage(20), _usage(5)), Pair(_usage(4), _usage(4))]
    result = Result(_row(bound), runs)
    assert result.ratio == 2
    assert f" | 2.00 | {f'≤ {bound}' if bound else '—'} | {held} | " in table([result])


def test_a_failed_row_is_in_the_table_without_figures() -> None:
    assert "| name | — | peer | — | — | ≤ 1 | — | — |" in table([Result(_row(1), ())])


def test_memory_is_held_against_its_bound() -> None:
    assert "≤ 500, aim 250 | **no** | 501 |" in table([Result(_row(1), [Pair(_usage(1, 501), None)])])


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert json.dumps(document([Result(row, ()) for row in ROWS], {}))


def test_measures_a_small_estate(project: Path, tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    size = ("--agencies", "2", "--services", "10", "--repeat", "1", "--rows", "check")
    command = (PYTHON, "-m", "tests.bench", *size, "--output", str(output))
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(output.read_text("utf-8"))["rows"]
    assert [row["row"] for row in rows] == ["check, cold", "check, one changed profile"]
    assert all(row["ratio"] > 0 for row in rows)


def test_a_code_that_means_findings_may_be_allowed() -> None:
    command = (PYTHON, "-c", "raise SystemExit(1)")
    assert run(command, (0, 1)).cpu > 0
    with pytest.raises(CommandFailedError, match="ended with 1"):
        run(command)


def test_evaluations_are_compared_with_as_many_rules() -> None:
    figures = [
        Figure("PyYAML's C loader, load only", 0, 4.0, None),
        Figure("govcloud", 5, 5.0, 100.0), Figure("conftest", 5, 20.0, 25.0),
        Figure("govcloud", 41, 6.0, 820.0), Figure("conftest", 40, 32.0, 82.0),
    ]  # fmt: skip
    told = evaluations.table(100, figures)
    assert "With the same five rules: 4.0 × conftest" in told
    assert "With all our rules: 10.0 × conftest" in told
    assert "takes 1/5.0 of conftest's time" in told
    assert "×" not in evaluations.table(100, figures[:2])


def test_objects_of_a_folder_are_counted(project: Path) -> None:
    folder = project / "tests" / "cli" / "manifests"
    objects, rules = evaluations.counted(project, [folder])
    assert objects > 3
    assert rules > 40
    with pytest.raises(CommandFailedError):
        evaluations.counted(project / "docs", [folder])


def test_five_rules_are_named_as_in_the_catalogue_and_in_rego() -> None:
    rego = (evaluations.POLICY / "workloads.rego").read_text("utf-8")
    assert set(evaluations.FIVE) <= {rule.id for rule in RULES}
    assert all(rule in rego for rule in evaluations.FIVE)
    assert rego.count("deny contains") == len(evaluations.FIVE)


def test_copied_rules_are_not_one_rule(tmp_path: Path) -> None:
    folder = evaluations.copied(evaluations.POLICY / "workloads.rego", tmp_path / "rego")
    text = (folder / "workloads.rego").read_text("utf-8")
    rules = text.split("deny contains")[1:]
    assert len(set(rules)) == len(rules) == len(evaluations.FIVE) * evaluations.COPIES
    assert text.count("package main") == 1
