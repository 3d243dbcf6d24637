"""What counts as noticed, and how much of it is enough."""

from pathlib import Path

import pytest
from mutmut.mutation import file_mutation
from mutmut.stats import status_by_exit_code

from tests.mutants.score import Mutant, Tally, by_module, table, total

MUTANTS = [
    Mutant("policies/rules/a.py", "1", "killed"),
    Mutant("policies/rules/a.py", "2", "survived"),
    Mutant("policies/rules/a.py", "3", "not checked"),
    Mutant("policies/verdict.py", "1", "timeout"),
    Mutant("policies/waivers.py", "1", "not checked"),
]


def test_only_a_failed_or_endless_test_counts_as_noticed() -> None:
    noticed = {status for status in status_by_exit_code.values() if Mutant("m", "1", status).is_noticed}
    assert noticed == {"killed", "timeout"}
    assert not Mutant("m", "1", status_by_exit_code[77]).is_noticed


def test_what_was_not_tried_counts_neither_way() -> None:
    assert status_by_exit_code[None] == "not checked"
    assert total(MUTANTS) == Tally(2, 3)
    assert by_module(MUTANTS) == {"policies/rules/a.py": Tally(1, 2), "policies/verdict.py": Tally(1, 1)}
    assert [line.split()[-2] for line in table(MUTANTS)] == ["50.0", "100.0", "66.7"]


@pytest.mark.parametrize(
    ("tally", "is_enough"), [(Tally(0, 0), False), (Tally(899, 1000), False), (Tally(900, 1000), True)]
)
def test_nine_in_ten_are_enough_and_nothing_is_not(tally: Tally, *, is_enough: bool) -> None:
    assert tally.is_enough is is_enough


def test_words_are_spared_by_the_name_that_mutmut_asks_for(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.chdir(project)  # mutmut reads pyproject.toml where it is
    source = 'def f():\n    return Words("one", "yek") or "two"\n'
    monkeypatch.setattr(file_mutation, "NEVER_MUTATE_FUNCTION_CALLS", {"Words"})
    changed = file_mutation.mutate_file_contents("f.py", source).code
    assert "XXtwoXX" in changed
    assert "XXoneXX" not in changed
