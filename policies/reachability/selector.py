"""Label selectors, compiled: a tuple of requirements that must all be met, and an empty one is met by all."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Operator(StrEnum):
    """How a requirement looks at a label's value; the API's own names."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Requirement(NamedTuple):
    """What one label must be; an entry of `matchLabels` is an `In` with one value."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def is_met(self, labels: Mapping[str, str]) -> bool:
        """Tell whether these labels meet it; `NotIn` is met by whoever lacks the label (k8s.io/apimachinery labels)."""
        value = labels.get(self.key)
        if self.operator is Operator.IN:
            return value is not None and value in self.values
        if self.operator is Operator.NOT_IN:
            return value is None or value not in self.values
        return (value is not None) is (self.operator is Operator.EXISTS)


Selector: TypeAlias = tuple[Requirement, ...]
"""In order and without repetition: selectors that say the same in another order are equal."""


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Tell whether what bears these labels is selected."""
    return all(requirement.is_met(labels) for requirement in selector)
