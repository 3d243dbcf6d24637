"""The rules over what is really generated: nothing to find, and nothing that could be taken away unseen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from components.estate import loader
from components.estate.estate import Estate
from components.manifests.manifest import Manifest, identity
from policies.declared import judge_declared
from stacks.declaration import declaration, declarations
from tests.policies.weakening import Weakening, weakenings

ROOT = Path(__file__).parents[2]
SAMPLE = "irica"
TRIES = 3
SURVIVORS = Path(__file__).with_name("survivors.yaml")
"""What may be weakened without a rule that says so, each with its reason: `kind`, `path` (patterns), `why`."""


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(ROOT).estate
    assert estate
    return estate


def test_nothing_that_we_generate_breaks_a_rule(estate: Estate) -> None:
    judgement = judge_declared(estate, declarations(estate))
    assert [(f.rule, f.subject, f.summary.en) for f in judgement.findings if f.gates] == []
    assert sum(judgement.passed.values()) > 1000


def _explained() -> list[dict[str, str]]:
    listed: list[dict[str, str]] = yaml.safe_load(SURVIVORS.read_text("utf-8")) or []
    return listed


def _weakened(estate: Estate) -> Iterator[tuple[Manifest, Weakening, bool]]:
    """Yield weakenings of the sample's and the platform's objects, and whether a rule noticed.

    Every object is deleted once; of each other sort (kind, place, manner) a few are tried, until one is noticed:
    hundreds of objects are of one shape.
    """
    declared = [declaration(estate, owner) for owner in (SAMPLE, "platform")]
    known = _found(estate, declared)
    tries: Counter[tuple[str, str, str]] = Counter()
    for number, (owner, manifests) in enumerate(declared):
        for index, manifest in enumerate(manifests):
            for one in weakenings(manifest):
                key = (manifest["kind"], one.pointer, one.how)
                if one.how != "deleted" and tries[key] >= TRIES:
                    continue
                changed = [*manifests[:index], *([one.body] if one.body is not None else []), *manifests[index + 1 :]]
                whole = [*declared[:number], (owner, changed), *declared[number + 1 :]]
                is_noticed = bool(_found(estate, whole) - known)
                tries[key] += TRIES if is_noticed else 1
                yield manifest, one, is_noticed


def _found(estate: Estate, declared: Iterable[tuple[str, Sequence[Manifest]]]) -> set[tuple[str, str, str]]:
    return {(f.rule, f.subject, f.summary.en) for f in judge_declared(estate, declared).findings}


def _explains(entry: dict[str, str], kind: str, what: str) -> bool:
    return fnmatchcase(kind, entry["kind"]) and fnmatchcase(what, entry["path"])


def test_nothing_can_be_taken_away_unseen(estate: Estate) -> None:
    explained = _explained()
    used = set()
    survivors: dict[str, set[str]] = defaultdict(set)
    number = 0
    noticed: set[tuple[str, str, str]] = set()
    open_: dict[tuple[str, str, str], str] = {}
    for manifest, one, is_noticed in _weakened(estate):
        number += 1
        key = (manifest["kind"], one.pointer, one.how)
        if is_noticed:
            noticed.add(key)
        else:
            open_[key] = "/".join(identity(manifest)[1:])
    for key, shown in open_.items():
        if key in noticed and key[2] != "deleted":
            continue  # seen where it matters: the same field of another object of the kind was noticed
        kind, pointer, how = key
        reasons = [i for i, e in enumerate(explained) if _explains(e, kind, f"{pointer} {how}")]
        used.update(reasons)
        if not reasons:
            survivors[kind].add(f"{pointer} {how} ({shown})")
    assert number > 500
    assert dict(survivors) == {}
    assert used == set(range(len(explained))), "an explanation that explains nothing"
