"""Judges an estate whole: what the profiles say together, and every object that would be made of them.

The one place that `govcloud check` and the Pulumi program share, so that neither knows a rule that the other does not.
"""

from collections.abc import Collection

from components.estate.estate import Estate
from components.estate.finding import is_clean
from policies.declared import judge_declared
from policies.engine import found, settled
from policies.ledger_advice import Read
from policies.rules.rule import Mark
from policies.verdict import Judgement
from stacks.declaration import declarations


def judge(estate: Estate, owners: Collection[str] | None = None) -> Judgement:
    """Judge the estate, and the objects of these owners or of all.

    Nothing is made of profiles that contradict each other, so objects are judged only where nothing gates before.
    """
    findings = found(estate)
    before = settled(findings, estate)
    if not is_clean(before):
        return Judgement(before, {})
    objects = judge_declared(estate, declarations(estate), owners)
    if not objects.findings and not estate.waivers:
        return Judgement(before, objects.passed)
    read = Read(frozenset({Mark.GENERATED}), None if owners is None else frozenset(owners))
    return Judgement(settled([*findings, *objects.findings], estate, read), objects.passed)
