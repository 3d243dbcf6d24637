"""The catalogue: every rule over Kubernetes objects, in the order of their ids."""

from typing import Final

from policies.rules import namespaces
from policies.rules.rule import Rule

CATALOGUE: Final[tuple[Rule, ...]] = tuple(sorted((*namespaces.RULES,), key=lambda rule: rule.id))
