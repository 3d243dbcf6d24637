"""How many changes of the code the tests notice, by module."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

LEAST: Final = 90
"""Per cent of all mutants that the tests have to notice."""
_NOTICED: Final = frozenset({"killed", "timeout"})
_NOT_TRIED: Final = "not checked"


class Mutant(NamedTuple):
    """One changed function, and mutmut's word for what became of it.

    A word that is neither `killed` nor `timeout` counts as unnoticed: a crash, no test at all, another exit code.
    """

    module: str
    name: str
    status: str

    @property
    def is_tried(self) -> bool:
        """Whether it was among those asked for."""
        return self.status != _NOT_TRIED

    @property
    def is_noticed(self) -> bool:
        """Whether a test failed because of it, or never came to its end."""
        return self.status in _NOTICED


class Tally(NamedTuple):
    """Of so many mutants, so many noticed."""

    noticed: int
    tried: int

    @property
    def percent(self) -> float:
        """The share that is noticed; of nothing, none."""
        return 100 * self.noticed / self.tried if self.tried else 0.0

    @property
    def is_enough(self) -> bool:
        """Whether the share is as large as it has to be."""
        return self.percent >= LEAST


def total(mutants: Iterable[Mutant]) -> Tally:
    """Count those that were tried."""
    counted = Counter(mutant.is_noticed for mutant in mutants if mutant.is_tried)
    return Tally(counted[True], counted.total())


def by_module(mutants: Iterable[Mutant]) -> Mapping[str, Tally]:
    """Count those that were tried, module by module."""
    modules: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        if mutant.is_tried:
            modules.setdefault(mutant.module, []).append(mutant)
    return {module: total(modules[module]) for module in sorted(modules)}


def table(mutants: Iterable[Mutant]) -> Iterator[str]:
    """Yield the lines of the report."""
    listed = list(mutants)
    for module, tally in [*by_module(listed).items(), ("all", total(listed))]:
        yield f"{module:34} {tally.noticed:6} of {tally.tried:6} {tally.percent:6.1f} %"
