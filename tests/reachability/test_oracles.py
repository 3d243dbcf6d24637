"""Generated worlds, judged by our evaluator and by two independent ones; every difference has its listed reason.

A sample by default; GOVCLOUD_WORLDS=N asks about N worlds (`make test-oracles`). A world's seed is its number.
"""

import os

import pytest

from tests.reachability.deviations import DEVIATIONS, REFUSED, Deviation, understood
from tests.reachability.oracles import ORACLES, Oracle, Refusal, UnavailableError
from tests.reachability.ours import answers
from tests.reachability.worlds import World, world

SAMPLE = 150
WORLDS = int(os.environ.get("GOVCLOUD_WORLDS", SAMPLE))
WHOLE = 2000
"""So many worlds show every deviation."""


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [world(seed) for seed in range(WORLDS)]


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.name)
def test_oracle_says_the_same(oracle: Oracle, worlds: list[World]) -> None:
    deviations = [deviation for deviation in DEVIATIONS if deviation.oracle == oracle.name]
    given: dict[bool, int] = {True: 0, False: 0}
    refused = 0
    try:
        for each, said in oracle.answers(worlds):
            if isinstance(said, Refusal):
                assert any(r.oracle == oracle.name and r.said in said.said for r in REFUSED), said
                refused += 1
                continue
            for question, theirs, ours in zip(each.questions, said, answers(understood(each, deviations)), strict=True):
                if theirs is not None:
                    assert theirs == ours, f"world {each.seed}: {oracle.name} says {theirs} of {question}"
                    given[theirs] += 1
    except UnavailableError as error:
        if WORLDS >= WHOLE:  # who asks for the whole wants an answer
            raise
        pytest.skip(f"{oracle.name} cannot be had here: {error}")
    # Neither answer may be rare, and few worlds refused, or the comparison shows little.
    assert min(given.values()) > sum(given.values()) / 5
    assert sum(given.values()) > 30 * WORLDS
    assert refused < WORLDS / 5


@pytest.mark.skipif(WORLDS < WHOLE, reason="a sample need not show every deviation: make test-oracles")
@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.id)
def test_deviation_is_needed(deviation: Deviation, worlds: list[World]) -> None:
    assert any(answers(each) != answers(understood(each, [deviation])) for each in worlds)


def test_a_seed_is_always_the_same_world() -> None:
    assert world(7) == world(7)
    assert world(7) != world(8)
