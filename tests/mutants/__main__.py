"""`make test-mutants`: change the code that decides, one thing at a time, and see whether a test notices.

mutmut makes the changes and runs the tests, each in a fork of its own, as `tool.mutmut` in pyproject.toml says. Words
stay as they are: they are no verdicts. Exit 0 where enough is noticed (`score.LEAST`), else 1.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from mutmut.__main__ import cli, collect_source_file_mutation_data
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import NEVER_MUTATE_FUNCTION_CALLS
from mutmut.stats import status_by_exit_code

from tests.mutants.score import LEAST, Mutant, table, total

_FOLDER: Final = Path("mutants")  # mutmut's own; it takes no other
_UNNOTICED: Final = _FOLDER / "unnoticed.diff"


def main() -> int:
    """Try the mutants that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="patterns of mutants, such as 'policies.rules.peers*' (default: all)")
    names = parser.parse_args().names
    shutil.rmtree(_FOLDER, ignore_errors=True)  # what was noticed by yesterday's cases is no answer
    NEVER_MUTATE_FUNCTION_CALLS.add("Words")
    for module in [module for module in sys.modules if module.partition(".")[0] == "tests"]:
        del sys.modules[module]  # the tests to run are mutmut's copies, beside the changed code
    cli.main(["run", *names], standalone_mode=False)
    mutants = _results()
    _UNNOTICED.write_text("".join(map(_diff, mutants)), encoding="utf-8")
    sys.stdout.write("\n".join(["", *table(mutants), f"unnoticed, one by one: {_UNNOTICED}"]) + "\n")
    tally = total(mutants)
    if not tally.is_enough:
        sys.stderr.write(f"at least {LEAST} % have to be noticed: add the cases that are missing\n")
    return 0 if tally.is_enough else 1


def _results() -> list[Mutant]:
    found, _ = collect_source_file_mutation_data(mutant_names=())
    return [Mutant(str(data.path), name, status_by_exit_code[code]) for data, name, code in found]


def _diff(mutant: Mutant) -> str:
    if mutant.is_noticed or not mutant.is_tried:
        return ""
    lines = get_diff_for_mutant(mutant.name, path=mutant.module).splitlines()[2:]
    changed = [line for line in lines if line.startswith(("-", "+"))]
    return "\n".join([f"# {mutant.name}: {mutant.status}", *changed]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
