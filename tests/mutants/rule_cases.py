"""What a mutant is tried on: all cases of a rule in one test. To find 1,500 tests takes pytest longer than to run them.

Not named `test_…`: in `make test` each case is a test of its own (tests/policies/test_catalogue.py).
"""

import pytest

from policies.catalogue import CATALOGUE
from policies.rules.rule import Rule
from tests.policies.cases import platform
from tests.policies.test_catalogue import CASES
from tests.policies.test_catalogue import test_a_case_gives_exactly_what_it_announces as announces


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_the_cases_of_a_rule(rule: Rule) -> None:
    for case in CASES:
        if case.rule == rule.id:
            announces(case, platform())
