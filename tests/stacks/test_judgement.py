"""The one judgement: who is refused is refused alone, and a verdict that was kept is a verdict of just the same."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from components.estate import loader
from components.estate.dates import Moment
from components.estate.emergencies import Emergencies, Quarantine
from components.estate.estate import Estate
from components.estate.finding import Finding
from components.estate.flows import partners
from components.manifests.kinds import DEFAULT_DENY
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from policies.declared import judge_declared
from policies.verdict import Judgement
from stacks import judgement, verdict_cache
from stacks.declaration import Declaration, declaration
from stacks.judgement import judge
from stacks.verdict_cache import VerdictCache
from tests.estate import halves

ROOT = Path(__file__).parents[2]
SAMPLE, OTHER = "irica", "ncro"
PARENT, SIBLING = "mefa", "inta"  # of the sample
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Made = dict[str, Callable[[tuple[Manifest, ...]], tuple[Manifest, ...]]]
"""By owner, what becomes of the objects that are made of it."""


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(ROOT).estate
    assert estate
    return estate


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Builders that can be spoiled: nothing that our own make breaks a rule."""
    spoilt: Made = {}

    def spoiled(estate: Estate, owner: str) -> Declaration:
        declared = declaration(estate, owner)
        return Declaration(owner, spoilt.get(owner, unspoilt)(declared.manifests))

    monkeypatch.setattr(judgement, "declaration", spoiled)
    return spoilt


def unspoilt(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    return manifests


def opened(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    return tuple(one for one in manifests if one["metadata"]["name"] != DEFAULT_DENY)


def unfiltered(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    return tuple(one | {"spec": {}} if one["kind"] == "Gateway" else one for one in manifests)


def unmakeable(_manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    raise LookupError("no size")


def changed(estate: Estate, agency_id: str, **fields: Any) -> Estate:
    """Return the estate with other values in one profile."""
    return halves.changed(estate, agency_id, lambda spec: msgspec.structs.replace(spec, **fields))


def contradicting(estate: Estate, agency_id: str) -> Estate:
    """Return the estate with an environment of a size that the platform does not have."""
    agency = estate.agency(agency_id)
    assert agency
    environments = tuple(msgspec.structs.replace(one, size="boundless") for one in agency.profile.spec.environments)
    return changed(estate, agency_id, environments=environments)


def gating(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.rule, finding.subject.partition("/")[0]) for finding in findings if finding.gates}


def test_whoever_contradicts_is_refused_alone_and_all_others_are_judged(estate: Estate, made: Made) -> None:
    whole = judge(estate)
    assert gating(whole.findings) == set()
    made[SAMPLE] = opened
    judged = judge(contradicting(estate, OTHER))
    assert gating(judged.findings) == {("size-unknown", OTHER), ("NP-01", SAMPLE)}
    assert OTHER not in judged.declared
    assert whole.declared.keys() - judged.declared.keys() == {OTHER}


def test_what_is_refused_already_is_not_judged_further(estate: Estate, made: Made) -> None:
    made[OTHER] = opened
    assert gating(judge(estate).findings) == {("NP-01", OTHER)}
    assert gating(judge(contradicting(estate, OTHER)).findings) == {("size-unknown", OTHER)}


@pytest.mark.parametrize("owner", [SAMPLE, PLATFORM_OWNER])
def test_objects_that_cannot_be_made_are_unknown_and_never_a_pass(estate: Estate, made: Made, owner: str) -> None:
    made[owner] = unmakeable
    judged = judge(estate)
    assert ("objects-not-made", owner) in gating(judged.findings)
    assert owner not in judged.declared
    assert {who for rule, who in gating(judged.findings) if rule == "objects-not-made"} == {owner}


def test_nothing_is_made_while_the_platform_is_wrong(estate: Estate) -> None:
    waiver = estate.waivers[-1]
    assert judge(estate).declared
    twice = msgspec.structs.replace(
        estate, waivers=(msgspec.structs.replace(waiver, spec=msgspec.structs.replace(waiver.spec, rules=("XX-1",))),)
    )
    judged = judge(twice)
    assert {who for _, who in gating(judged.findings)} == {PLATFORM_OWNER}
    assert (judged.declared, judged.passed) == ({}, {})


def test_whoever_asks_for_one_gets_its_family_and_the_platform_made(estate: Estate, made: Made) -> None:
    made |= {SAMPLE: opened, OTHER: opened, PLATFORM_OWNER: unfiltered}
    judged = judge(estate, {SAMPLE})
    family = [agency for agency in estate.agencies if agency.id in {PARENT, SAMPLE, SIBLING}]
    assert judged.declared.keys() == {PLATFORM_OWNER, *(one.id for one in family)}.union(*map(partners, family))
    assert judged.declared.keys() < judge(estate).declared.keys()
    assert gating(judged.findings) == {("NP-01", SAMPLE)}
    assert {who for _, who in gating(judge(estate, {PLATFORM_OWNER}).findings)} == {PLATFORM_OWNER}


# The cache: a run with it says what a run without it says.


@pytest.fixture
def judgements(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Whose objects were really judged, one set for each time that it was done."""
    counted: list[set[str]] = []

    def counting(estate: Estate, declared: Any, owners: Any) -> Judgement:
        counted.append(set(owners))
        return judge_declared(estate, declared, owners)

    monkeypatch.setattr(judgement, "judge_declared", counting)
    return counted


def said(judged: judgement.Judged) -> tuple[Any, ...]:
    return judged.findings, dict(judged.passed)


def remembering(estate: Estate, path: Path) -> judgement.Judged:
    verdicts = VerdictCache(path)
    judged = judge(estate, verdicts=verdicts)
    verdicts.save()
    return judged


def test_only_what_changed_is_judged_again(estate: Estate, judgements: list[set[str]], tmp_path: Path) -> None:
    path = tmp_path / "judged.json"
    first = remembering(estate, path)
    assert set().union(*judgements) == first.declared.keys()
    judgements.clear()
    again = remembering(estate, path)
    assert not judgements
    assert again.declared.keys() == {PLATFORM_OWNER}
    assert said(again) == said(first) == said(judge(estate))
    judgements.clear()
    agency = estate.agency(SAMPLE)
    assert agency
    contacts = tuple(msgspec.structs.replace(one, name="Another desk") for one in agency.profile.spec.contacts)
    after = changed(estate, SAMPLE, contacts=contacts)
    assert said(remembering(after, path)) == said(judge(after))
    assert judgements[0] == {PARENT, SAMPLE, SIBLING}
    assert all(SAMPLE not in judged and PARENT not in judged for judged in judgements[1:-1] if len(judged) == 1)


def test_what_was_found_is_never_kept(estate: Estate, made: Made, tmp_path: Path) -> None:
    made[SAMPLE] = opened
    for _ in range(2):
        judged = remembering(estate, tmp_path / "judged.json")
        assert gating(judged.findings) == {("NP-01", SAMPLE)}
        assert said(judged) == said(judge(estate))


def test_what_cannot_be_made_is_never_kept(estate: Estate, made: Made, tmp_path: Path) -> None:
    made[SAMPLE] = unmakeable
    for _ in range(2):
        judged = remembering(estate, tmp_path / "judged.json")
        assert gating(judged.findings) == {("objects-not-made", SAMPLE)}


def test_a_family_is_made_of_nothing_but_what_it_sees(estate: Estate) -> None:
    """Else a kept verdict could be of other objects."""
    for family in judgement._families(estate):  # noqa: SLF001  # the unit of what is kept
        part = judgement._part(estate, family)  # noqa: SLF001
        assert {one.id for one in part.agencies} >= family
        for owner in family:
            assert declaration(part, owner) == declaration(estate, owner)


def everything_that_may_change(estate: Estate) -> Iterator[tuple[str, Estate, Estate, set[str]]]:
    """Yield what changed, the estate before and after, and whose verdicts at least must be reached anew."""
    replaced = msgspec.structs.replace
    everybody = {agency.id for agency in estate.agencies}
    yield "a profile", estate, changed(estate, SAMPLE, flows=()), {SAMPLE}
    yield "a parent's profile", estate, changed(estate, PARENT, services=()), {PARENT, SAMPLE, SIBLING}
    hosts = replaced(estate.platform.spec, reserved_hosts=("reserved.gov.test",))
    yield "the platform", estate, replaced(estate, platform=replaced(estate.platform, spec=hosts)), everybody
    yield "an operator", estate, replaced(estate, operators=()), everybody
    yield "a waiver", estate, replaced(estate, waivers=()), everybody
    yield "the day", estate, replaced(estate, as_of=estate.as_of + timedelta(days=1)), everybody
    shut = quarantined(estate)
    for bound in (NOON, NOON + timedelta(hours=1)):
        before, after = (replaced(shut, as_of=bound - timedelta(seconds=1)), replaced(shut, as_of=bound))
        yield f"a quarantine at {bound}", before, after, {SAMPLE}


def quarantined(estate: Estate) -> Estate:
    """Return the estate with one agency shut from noon to one o'clock, and the moment one minute before."""
    shut = Quarantine(
        agency=SAMPLE,
        decided_by="security centre",
        reason="synthetic",
        since=Moment(NOON.isoformat()),
        until=Moment((NOON + timedelta(hours=1)).isoformat()),
    )
    emergencies = Emergencies(quarantines=(shut,), break_glass=())
    return msgspec.structs.replace(estate, emergencies=emergencies, as_of=NOON - timedelta(minutes=1))


def test_a_change_of_anything_that_rules_may_look_at_is_judged(
    estate: Estate, judgements: list[set[str]], tmp_path: Path
) -> None:
    for name, before, after, owners in everything_that_may_change(estate):
        path = tmp_path / name
        remembering(before, path)
        judgements.clear()
        remembering(after, path)
        assert set().union(*judgements) >= owners, name


def test_a_minute_in_which_nothing_ends_changes_nothing(
    estate: Estate, judgements: list[set[str]], tmp_path: Path
) -> None:
    before = quarantined(estate)
    remembering(before, tmp_path / "judged.json")
    judgements.clear()
    remembering(msgspec.structs.replace(before, as_of=NOON - timedelta(seconds=1)), tmp_path / "judged.json")
    assert judgements == []


def test_verdicts_of_another_code_are_none(
    estate: Estate, judgements: list[set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "judged.json"
    remembering(estate, path)
    judgements.clear()
    own = [*verdict_cache.sources()]
    assert Path(judgement.__file__) in own
    monkeypatch.setattr(verdict_cache, "sources", lambda: iter(own[:-1]))
    remembering(estate, path)
    assert len(judgements) > 2
    assert {path.suffix for path in own} == {".json", ".lua", ".py"}


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b'{"version": "", "data": {}}'])
def test_a_damaged_cache_is_an_empty_one(estate: Estate, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "judged.json"
    path.write_bytes(content)
    assert said(remembering(estate, path)) == said(judge(estate))


def test_what_is_no_verdict_is_none(estate: Estate, judgements: list[set[str]], tmp_path: Path) -> None:
    path = tmp_path / "judged.json"
    remembering(estate, path)
    kept = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**kept, "data": {key: ["NP-01", "", ""] for key in kept["data"]}}))
    judgements.clear()
    assert said(remembering(estate, path)) == said(judge(estate))
    assert set().union(*judgements) >= {agency.id for agency in estate.agencies}
