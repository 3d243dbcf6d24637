"""Judges an estate whole: what the profiles say together, and every object that would be made of them.

The one place that `govcloud check` and the Pulumi program share, so that neither knows a rule that the other does not.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from components.estate.dates import Day
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Status, Where, Words
from components.estate.flows import as_partner, partners
from components.estate.loader import PLATFORM
from components.estate.platform import Platform
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from policies import isolation
from policies.declared import judge_declared
from policies.engine import found, settled
from policies.ledger_advice import Read
from policies.rules.rule import Mark
from policies.verdict import Judgement
from stacks.declaration import Declaration, declaration
from stacks.verdict_cache import Kept, VerdictCache, digest

_SHARED: Final = frozenset({"ClusterRoleBinding", "HTTPRoute", "RoleBinding"})
"""Kinds of agencies' objects that have to do with the platform's, wherever they are."""


class Judged(NamedTuple):
    """What was found, how many objects passed each rule, and what was made of whose profiles.

    Attributes:
        declared: By owner, as far as it could be made; also of owners against whom something was found. With kept
            verdicts, only what had to be made.
    """

    findings: tuple[Finding, ...]
    passed: Mapping[str, int]
    declared: Mapping[str, Declaration]


NOTHING: Final = Judged((), {}, {})
"""Of an estate that cannot be read."""


class _Made:
    """What is made of the profiles, each owner's when it is first asked for; and who could not be made."""

    def __init__(self, estate: Estate) -> None:
        """Make nothing yet."""
        self._estate = estate
        self.declared: dict[str, Declaration] = {}
        self.failed: dict[str, Finding] = {}

    def of(self, owners: Iterable[str]) -> list[Declaration]:
        """Return what is declared for those owners for whom it can be made."""
        for owner in owners:
            if owner not in self.declared and owner not in self.failed:
                try:
                    self.declared[owner] = declaration(self._estate, owner)
                except Exception as error:  # noqa: BLE001  # what cannot be made cannot be judged: fail closed
                    self.failed[owner] = _unmade(self._estate, owner, error)
        return [self.declared[owner] for owner in owners if owner in self.declared]

    @cached_property
    def digest_of_platform(self) -> str:
        """The digest of the platform's objects, which every family sees."""
        return digest([one.manifests for one in self.of([PLATFORM_OWNER])])


class _Family(NamedTuple):
    """Agencies that are judged together.

    Attributes:
        ids: All of them.
        judged: Those whose objects are judged; never those who are refused already.
        part: As much of the estate as they see.
        known_by: The digest of all that; empty where no verdicts are kept.
    """

    ids: tuple[str, ...]
    judged: tuple[str, ...]
    part: Estate
    known_by: str


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
    asked = {PLATFORM_OWNER, *(agency.id for agency in estate.agencies)} if owners is None else {*owners}
    made = _Made(estate)
    families = [
        _family(estate, ids, (ids & asked) - refused, made if verdicts is not None else None)
        for ids in _families(estate)
        if PLATFORM_OWNER in asked or ids & asked
    ]
    judgements = [*_judgements(families, made, verdicts)]
    if PLATFORM_OWNER in asked:
        judgements.append(_of_platform(estate, families, made, verdicts))
    findings += (finding for judgement in judgements for finding in judgement.findings)
    findings += _isolated(estate, families, made, verdicts)
    findings += (finding for owner, finding in made.failed.items() if owner not in refused)
    passed = sum((Counter(judgement.passed) for judgement in judgements), Counter[str]())
    read = Read(frozenset({Mark.GENERATED}), frozenset(asked - refused - made.failed.keys()))
    return Judged(settled(findings, estate, read), dict(sorted(passed.items())), made.declared)


def _family(estate: Estate, ids: frozenset[str], judged: frozenset[str], made: _Made | None) -> _Family:
    everybody, wanted, part = tuple(sorted(ids)), tuple(sorted(judged)), _part(estate, ids)
    known_by = "" if made is None else digest((everybody, wanted, part, made.digest_of_platform))
    return _Family(everybody, wanted, part, known_by)


def _judgements(families: Iterable[_Family], made: _Made, verdicts: VerdictCache | None) -> Iterator[Judgement]:
    """Yield a judgement of each family, among itself and the platform.

    A family's rules are shown a part of the estate, the platform's objects, and objects that are made of nothing but
    that part: they cannot depend on anything else, so that a verdict can be kept under the digest of these.
    """
    for family in families:
        if not family.judged:
            continue
        kept = verdicts.kept(family.known_by) if verdicts is not None else None
        if kept is not None:
            yield Judgement((), kept.passed)
            continue
        declared = made.of((PLATFORM_OWNER, *family.ids))
        judgement = judge_declared(family.part, declared, family.judged)
        if verdicts is not None and not judgement.findings and not made.failed:
            objects = [body for one in declared if one.owner != PLATFORM_OWNER for body in one.manifests]
            platform = family.part.platform
            telling, shared = [*isolation.telling(objects, platform)], [*_shared(objects, platform)]
            verdicts.keep_clean(family.known_by, Kept(judgement.passed, digest(telling), digest(shared)))
        yield judgement


def _of_platform(estate: Estate, families: Sequence[_Family], made: _Made, verdicts: VerdictCache | None) -> Judgement:
    """Judge the platform's objects, among those of agencies that have to do with them.

    They are shown what partners are shown of each agency, and of its objects the shared ones.
    """
    agencies = tuple(as_partner(agency) for agency in estate.agencies)
    part = msgspec.structs.replace(estate, agencies=agencies, as_of=_since(estate))
    digests = _digests(families, verdicts)
    known_by = digest((part, made.digest_of_platform, [one.shared for one in digests])) if digests is not None else ""
    kept = verdicts.kept(known_by) if verdicts is not None and digests is not None else None
    if kept is not None:
        return Judgement((), kept.passed)
    others = [
        (one.owner, [*_shared(one.manifests, estate.platform)])
        for one in made.of((PLATFORM_OWNER, *_everybody(families)))
        if one.owner != PLATFORM_OWNER
    ]
    judgement = judge_declared(part, [*made.of([PLATFORM_OWNER]), *others], {PLATFORM_OWNER})
    if verdicts is not None and digests is not None and not judgement.findings and not made.failed:
        verdicts.keep_clean(known_by, Kept(judgement.passed, "", ""))
    return judgement


def _isolated(
    estate: Estate, families: Sequence[_Family], made: _Made, verdicts: VerdictCache | None
) -> Iterator[Finding]:
    """Yield what is open or shut between these agencies against their consents, by all objects together (NP-11)."""
    asked = sorted(one for family in families for one in family.judged)
    if not asked:
        return
    digests = _digests(families, verdicts)
    seen = (made.digest_of_platform, [*isolation.pods(estate)], isolation.consented(estate), asked)
    known_by = digest((seen, [one.telling for one in digests])) if digests is not None else ""
    if verdicts is not None and digests is not None and verdicts.kept(known_by) is not None:
        return
    declared = made.of((PLATFORM_OWNER, *_everybody(families)))
    objects = (body for one in declared for body in one.manifests)
    owners = [one.owner for one in declared]
    found = [*isolation.isolation(estate, objects, [one for one in asked if one in owners], owners)]
    yield from found
    if verdicts is not None and digests is not None and not found and not made.failed:
        verdicts.keep_clean(known_by, Kept({}, "", ""))


def _digests(families: Iterable[_Family], verdicts: VerdictCache | None) -> list[Kept] | None:
    """Return what is kept of every family; None where one is not known to be clean."""
    if verdicts is None:
        return None
    kept = [verdicts.kept(family.known_by) for family in families]
    return [one for one in kept if one is not None] if None not in kept else None


def _shared(objects: Iterable[Manifest], platform: Platform) -> Iterator[Manifest]:
    """Yield what of an agency's objects has to do with the platform's: what binds its roles, or claims a host."""
    for body in objects:
        if body["kind"] in _SHARED or body["metadata"].get("namespace") in platform.namespaces:
            yield body


def _everybody(families: Iterable[_Family]) -> list[str]:
    """Return the families and all with whom one of them exchanges data."""
    return sorted({agency.id for family in families for agency in family.part.agencies})


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


def _seen(estate: Estate, family: frozenset[str]) -> frozenset[str]:
    """Return the family and all with whom one of it exchanges data."""
    members = [agency for agency in estate.agencies if agency.id in family]
    named = {partner for agency in members for partner in partners(agency)}
    return family | {agency.id for agency in estate.agencies if agency.id in named}


def _part(estate: Estate, family: frozenset[str]) -> Estate:
    """Return what one family sees, at the last moment at which anything of it may have begun or ended."""
    seen = _seen(estate, family)
    agencies: tuple[Agency, ...] = tuple(
        agency if agency.id in family else as_partner(agency) for agency in estate.agencies if agency.id in seen
    )
    return msgspec.structs.replace(estate, agencies=agencies, as_of=_since(estate))


def _since(estate: Estate) -> datetime:
    """Return the last moment at which something may have begun or ended: the day's beginning, or an emergency's."""
    zone = estate.platform.zone
    today = estate.as_of.astimezone(zone).date()
    emergencies = [placed.emergency for placed in estate.emergencies.listed()]
    bounds = [bound.begins(zone) for one in emergencies for bound in (one.since, one.until)]
    return max([Day(today.year, today.month, today.day).begins(zone), *(b for b in bounds if b <= estate.as_of)])


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
