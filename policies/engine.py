"""Runs the rules over an estate. What a rule cannot judge is `unknown`, never a pass."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from components.estate.estate import Estate
from components.estate.finding import Finding, Status, Where, Words, in_order
from components.manifests.manifest import PLATFORM_OWNER
from policies import ledger, ledger_advice
from policies.ledger_advice import PROFILES_ONLY, Read, unused_waivers
from policies.rules import (
    centre,
    claims,
    committee,
    connection,
    data_items,
    egress,
    emergencies,
    inquiries,
    operators,
    parents,
    placement,
    window,
)
from policies.rules.meta import not_made
from policies.waivers import apply

Rule: TypeAlias = Callable[[Estate], Iterable[Finding]]

ESTATE_RULES: Final[tuple[Rule, ...]] = (
    claims.reserved_ids,
    claims.repeated_names,
    claims.cards,
    claims.persian_names,
    claims.taken_hosts,
    claims.foreign_hosts,
    parents.parents,
    window.missing_windows,
    window.foreign_issuers,
    window.foreign_redirects,
    window.taken_clients,
    window.foreign_secrets,
    window.unlisted_claims,
    window.shadowed_paths,
    placement.placements,
    placement.quotas,
    placement.own_namespaces,
    *egress.RULES,
    operators.reserved_operators,
    operators.taken_operators,
    operators.licensed_services,
    operators.impossible_licences,
    operators.ended_licences,
    emergencies.unknown_subjects,
    emergencies.impossible_terms,
    emergencies.overlapping_emergencies,
    emergencies.quarantines,
    emergencies.accesses,
    *centre.RULES,
    committee.committee_seats,
    connection.overclaimed_connections,
    *inquiries.RULES,
    *data_items.RULES,
    *ledger.REFUSALS,
    *ledger_advice.REPORTS,
)
"""What the profiles, the registers and the waivers must say together; each rule is a pure function of the estate."""


def evaluate(estate: Estate, rules: Iterable[Rule] = ESTATE_RULES) -> tuple[Finding, ...]:
    """Return what `rules` find in `estate`, in the order of the places, waived where a waiver covers it."""
    return settled(found(estate, rules), estate)


def found(estate: Estate, rules: Iterable[Rule] = ESTATE_RULES) -> tuple[Finding, ...]:
    """Return what `rules` find in `estate`, as if there were no waivers."""
    findings: list[Finding] = []
    for rule in rules:
        try:
            findings += rule(estate)
        except Exception as error:  # noqa: BLE001  # a rule that breaks has judged nothing: fail closed
            findings.append(_unknown(rule, error))
    return tuple(findings)


def settled(findings: Iterable[Finding], estate: Estate, read: Read = PROFILES_ONLY) -> tuple[Finding, ...]:
    """Return the findings in the order of the places, waived where a waiver covers them, and which waivers do nothing.

    Args:
        findings: All that was found; what object rules found beside `evaluate` has to pass through here as well.
        estate: With the committee's records.
        read: What was judged beside the profiles.
    """
    found = list(findings)
    waived = apply(found, estate.waivers, estate.as_of, estate.platform.zone)
    return in_order((*waived, *unused_waivers(estate, found, read)))


def concerning(findings: Iterable[Finding], *owners: str) -> tuple[Finding, ...]:
    """Return the findings that concern `owners`: their own, and those of the whole platform."""
    return tuple(f for f in findings if f.subject.partition("/")[0] in (*owners, PLATFORM_OWNER))


def _unknown(rule: Rule, error: Exception) -> Finding:
    name = getattr(rule, "__name__", "rule").replace("_", "-")
    return Finding(
        rule=name,
        status=Status.UNKNOWN,
        subject="platform",
        where=Where("policies/rules"),
        summary=not_made(error),
        remedy=Words("report it as a defect of govcloud", "آن را به‌عنوان ایراد govcloud گزارش کنید"),
    )
