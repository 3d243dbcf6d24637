"""The catalogue: every rule over Kubernetes objects, in the order of their ids."""

from collections.abc import Mapping
from typing import Final

from components.estate.finding import Words
from policies.rules import (
    access,
    accounts,
    addresses,
    availability,
    backends,
    bindings,
    consents,
    credentials,
    dns,
    egress_proxy,
    entrances,
    exchange,
    exposure,
    hosts,
    images,
    ingress,
    logins,
    meta,
    namespaces,
    network,
    peers,
    pods,
    quarantine,
    quotas,
    redundancy,
    routes,
    served,
    sessions,
    tokens,
    traffic,
    volumes,
    workloads,
)
from policies.rules.rule import Rule

_FAMILIES: Final = (
    access,
    accounts,
    addresses,
    availability,
    backends,
    bindings,
    consents,
    credentials,
    dns,
    egress_proxy,
    entrances,
    exchange,
    exposure,
    hosts,
    images,
    ingress,
    logins,
    namespaces,
    network,
    peers,
    pods,
    quarantine,
    quotas,
    redundancy,
    routes,
    served,
    sessions,
    tokens,
    traffic,
    volumes,
    workloads,
)

_RULES: Final = tuple(rule for family in _FAMILIES for rule in family.RULES)

CATALOGUE: Final[tuple[Rule, ...]] = tuple(sorted((*_RULES, *meta.about(_RULES)), key=lambda rule: rule.id))

ELSEWHERE: Final[Mapping[str, Words]] = {
    "NP-11": Words(
        "Between agencies exactly the flows are open to which both consent, by all policies together "
        "(`policies.isolation`); nobody is excused",
        "میان دستگاه‌ها تنها همان ارتباط‌هایی باز است که هر دو رضایت داده‌اند، با همهٔ سیاست‌ها در کنار هم "
        "(`policies.isolation`)؛ هیچ‌کس معاف نمی‌شود",
    ),
    "MT-03": Words(
        "The committee's records can be read and hold what they promise: findings waiver-… of every run, against "
        "the record itself",
        "سوابق کمیته خواندنی و درست‌اند: یافته‌های waiver-… در هر اجرا، دربارهٔ خود سابقه",
    ),
}
"""Ids of the catalogue that have no record here, because they judge no single Kubernetes object."""
