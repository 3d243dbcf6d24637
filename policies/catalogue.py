"""The catalogue: every rule over Kubernetes objects, in the order of their ids."""

from typing import Final

from policies.rules import (
    access,
    accounts,
    addresses,
    backends,
    bindings,
    credentials,
    dns,
    exposure,
    hosts,
    images,
    ingress,
    logins,
    namespaces,
    network,
    peers,
    pods,
    quotas,
    routes,
    volumes,
    workloads,
)
from policies.rules.rule import Rule

_FAMILIES: Final = (
    access,
    accounts,
    addresses,
    backends,
    bindings,
    credentials,
    dns,
    exposure,
    hosts,
    images,
    ingress,
    logins,
    namespaces,
    network,
    peers,
    pods,
    quotas,
    routes,
    volumes,
    workloads,
)

CATALOGUE: Final[tuple[Rule, ...]] = tuple(
    sorted((rule for family in _FAMILIES for rule in family.RULES), key=lambda rule: rule.id)
)
