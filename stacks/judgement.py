"""Judges an estate whole: what the profiles say together, and every object that would be made of them.

The one place that `govcloud check` and the Pulumi program share, so that neither knows a rule that the other does not.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from components.estate.dates import Day
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Status, Where, Words
from components.estate.loader import PLATFORM
from components.manifests.manifest import PLATFORM_OWNER
from policies.declared import judge_declared
from policies.engine import found, settled
from policies.ledger_advice import Read
from policies.rules.rule import Mark
from policies.verdict import Judgement
from stacks.declaration import Declaration, declaration
from stacks.verdict_cache import VerdictCache, digest, key


class Judged(NamedTuple):
    """What was found, how many objects passed each rule, and what was made of whose profiles.

    Attributes:
        declared: By owner, as far as it could be made; also of owners against whom something was found.
    """

    findings: tuple[Finding, ...]
    passed: Mapping[str, int]
    declared: Mapping[str, Declaration]


NOTHING: Final = Judged((), {}, {})
"""Of an estate that cannot be read."""


def judge(estate: Estate, owners: Collection[str] | None = None, verdicts: VerdictCache | None = None) -> Judged:
    """Judge the estate, and the objects of these owners or of all.

    An owner whose profile contradicts itself or others is not judged further: it is refused already, alone. What is
    wrong with the platform is wrong with everybody, so nothing is made then.

    Args:
        estate: What is declared.
        owners: Whose objects are made and judged; None is everybody's.
        verdicts: Families that were found clean before; only for whoever changes nothing.
    """
    findings = [*found(estate)]
    before = settled(findings, estate)
    refused = {finding.subject.partition("/")[0] for finding in before if finding.gates}
    if PLATFORM_OWNER in refused:
        return Judged(before, {}, {})
    asked = {PLATFORM_OWNER, *(agency.id for agency in estate.agencies)} if owners is None else set(owners)
    families = [family for family in _families(estate) if PLATFORM_OWNER in asked or family & asked]
    declared: dict[str, Declaration] = {}
    for owner in (PLATFORM_OWNER, *sorted(frozenset[str]().union(*families))):
        try:
            declared[owner] = declaration(estate, owner)
        except Exception as error:  # noqa: BLE001  # what cannot be made cannot be judged: fail closed
            findings += [] if owner in refused else [_unmade(estate, owner, error)]
    judged = (asked & declared.keys()) - refused
    passed: Counter[str] = Counter()
    for judgement in _judgements(estate, declared, families, judged, verdicts):
        findings += judgement.findings
        passed.update(judgement.passed)
    read = Read(frozenset({Mark.GENERATED}), frozenset(judged))
    return Judged(settled(findings, estate, read), dict(sorted(passed.items())), declared)


def _judgements(
    estate: Estate,
    declared: Mapping[str, Declaration],
    families: Iterable[frozenset[str]],
    judged: Collection[str],
    verdicts: VerdictCache | None,
) -> Iterator[Judgement]:
    """Yield a judgement for the platform, among everything, and one for each family, among itself and the platform.

    A family's rules are shown a part of the estate and of its objects: they cannot depend on anything else, so that a
    verdict can be kept under the digest of what they were shown.
    """
    if PLATFORM_OWNER in judged:
        yield judge_declared(estate, declared.values(), {PLATFORM_OWNER})
    digests = {} if verdicts is None else {owner: digest(one.manifests) for owner, one in declared.items()}
    for family in families:
        members = sorted(family & set(judged))
        if not members:
            continue
        seen = [owner for owner in (PLATFORM_OWNER, *sorted(family)) if owner in declared]
        part = _part(estate, family)
        known_by = "" if verdicts is None else key(part, {owner: digests[owner] for owner in seen}, members)
        passed = None if verdicts is None else verdicts.passed(known_by)
        if passed is not None:
            yield Judgement((), passed)
            continue
        judgement = judge_declared(part, [declared[owner] for owner in seen], members)
        if verdicts is not None and not judgement.findings:
            verdicts.keep(known_by, judgement.passed)
        yield judgement


def _families(estate: Estate) -> list[frozenset[str]]:
    """Return the agencies in groups: who is whose parent, near or far, is in one; in order of their first ids.

    Families share windows: a child's services stand behind its parent's listener and login.
    """
    family_of: dict[str, set[str]] = {agency.id: {agency.id} for agency in estate.agencies}
    for agency in estate.agencies:
        parent = agency.profile.spec.identity.parent
        if parent in family_of and family_of[parent] is not family_of[agency.id]:
            family_of[parent] |= family_of[agency.id]
            family_of |= dict.fromkeys(family_of[agency.id], family_of[parent])
    return list(dict.fromkeys(frozenset(family) for family in family_of.values()))


def _part(estate: Estate, family: frozenset[str]) -> Estate:
    """Return the estate of one family, at the last moment at which anything of it may have begun or ended."""
    agencies: tuple[Agency, ...] = tuple(agency for agency in estate.agencies if agency.id in family)
    return msgspec.structs.replace(estate, agencies=agencies, as_of=_since(estate))


def _since(estate: Estate) -> datetime:
    """Return the beginning of the day: whatever begins or ends does so then."""
    today = estate.as_of.astimezone(estate.platform.zone).date()
    return Day(today.year, today.month, today.day).begins(estate.platform.zone)


def _unmade(estate: Estate, owner: str, error: Exception) -> Finding:
    agency = estate.agency(owner)
    return Finding(
        rule="objects-not-made",
        status=Status.UNKNOWN,
        subject=owner,
        where=Where(agency.file, ("metadata", "id")) if agency else Where(PLATFORM, ("spec",)),
        summary=Words(f"its objects cannot be made: {error!r}", f"شیءهای آن ساخته نمی‌شود: {error!r}"),
        remedy=Words("report it as a defect of govcloud", "آن را به‌عنوان ایراد govcloud گزارش کنید"),
    )
