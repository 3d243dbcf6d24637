"""Every rule of the catalogue: its cases, exactly; its words; that it fails closed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from components.estate.finding import Finding, Status, Where
from components.estate.platform import Platform
from policies.catalogue import CATALOGUE, ELSEWHERE
from policies.rules.reading import CONTAINERS, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.verdict import Placed, judge
from tests.policies.cases import SORTS, Case, cases, judged, platform

CASES = list(cases())
BY_ID = {rule.id: rule for rule in CATALOGUE}
PUBLISHED = {"NS": 6, "QU": 5, "NP": 19, "RB": 15, "IN": 17, "WL": 24, "MT": 4}
"""How many ids of each family the catalogue began with: 90, from 01 on, none of them ever given up."""
ABSENT = {
    "MT-03": "judges the committee's records, which are no Kubernetes objects (catalogue.ELSEWHERE)",
    "NP-11": "inter-agency edges against consents: comes with the exchange between agencies",
    "NP-15": "whether the network plugin enforces anything: a probe of the live cluster, comes with verify",
    "RB-15": "what a tenant can read: asked of the live cluster, comes with verify",
    "WL-15": "signatures of images: needs a webhook that asks the registry, which no object shows",
}
"""Ids that have no record over objects, and why."""
ODD: list[object] = [None, True, 7, 1.5, "text", [], {}, [None], [7], {"a": None}, [{"name": 7}]]


@pytest.fixture(scope="module")
def chosen() -> Platform:
    return platform()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}/{case.path.stem}")
def test_a_case_gives_exactly_what_it_announces(case: Case, chosen: Platform) -> None:
    findings = judged(case, BY_ID[case.rule], chosen).findings
    found = sorted(_shown(finding) for finding in findings)
    assert found == [(one.shown, one.pointer) for one in case.expected]
    assert {finding.status for finding in findings} <= {Status.FAIL}
    summaries = [finding.summary.en for finding in findings]
    for one in case.expected:
        assert any(one.words in summary for summary in summaries), summaries
    assert [finding.subject.split("/")[4:] for finding in findings] == [
        _container(finding, case) for finding in findings
    ]


def _container(finding: Finding, case: Case) -> list[str]:
    """Return the name of the container in which the place lies: a waiver may be for that one only."""
    index, *path = finding.where.path
    depth = next((depth for depth, part in enumerate(path) if part in CONTAINERS), None)
    if depth is None or not isinstance(index, int):
        return []
    name = text(case.objects[index], *path[: depth + 2], "name")
    return [name] if name else []


def _shown(finding: Finding) -> tuple[str, str]:
    _, _, kind, name, *_ = finding.subject.split("/")
    return f"{kind}/{name}", Where("", finding.where.path[1:]).pointer


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_every_rule_has_cases_of_every_sort(rule: Rule) -> None:
    sorts = Counter(case.sort for case in CASES if case.rule == rule.id)
    assert set(sorts) == set(SORTS), "see tests/policies/cases.py"
    for case in CASES:
        if case.rule == rule.id:
            assert bool(case.expected) is (case.sort != "pass"), case.path


def test_every_case_is_of_a_rule() -> None:
    assert {case.rule for case in CASES} == BY_ID.keys()
    assert {case.sort for case in CASES} <= set(SORTS)


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_rule_is_whole(rule: Rule) -> None:
    family, _, number = rule.id.partition("-")
    assert family in {"NS", "QU", "NP", "RB", "IN", "WL", "MT"}
    assert number.isdigit()
    assert rule.name == rule.name.lower()
    assert " " not in rule.name
    assert rule.kinds
    assert rule.marks
    assert rule.controls
    for words in (rule.title, rule.remedy):
        assert words.en
        assert any("\u0600" <= letter <= "\u06ff" for letter in words.fa)


def test_ids_and_names_are_used_once() -> None:
    assert len({rule.id for rule in CATALOGUE}) == len({rule.name for rule in CATALOGUE}) == len(CATALOGUE)
    assert [rule.id for rule in CATALOGUE] == sorted(rule.id for rule in CATALOGUE)


def test_every_id_of_the_catalogue_has_a_record_or_a_reason() -> None:
    assert not ABSENT.keys() & BY_ID.keys(), "it has a record now: take it off the table"
    known = {*BY_ID, *ABSENT}
    assert {f"{family}-{number:02}" for family, last in PUBLISHED.items() for number in range(1, last + 1)} <= known
    for family in PUBLISHED:
        numbers = sorted(int(one.removeprefix(f"{family}-")) for one in known if one.startswith(f"{family}-"))
        assert numbers == list(range(1, len(numbers) + 1)), f"a gap in {family}"
    assert ELSEWHERE.keys() <= ABSENT.keys()


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_wrong_types_anywhere_break_no_rule(rule: Rule, odd: object, chosen: Platform) -> None:
    """Each field of each case, replaced: a finding or none, but never a rule that breaks."""
    for case in (case for case in CASES if case.rule == rule.id and case.sort in {"pass", "fail"}):
        objects = case.objects
        for number, whole in enumerate(objects):
            for changed in _replaced(whole, odd):
                if not isinstance(changed, dict):
                    continue
                scene = case.scene([*objects[:number], changed, *objects[number + 1 :]], chosen)
                placed = [Placed(changed, Where("f", (0,)), is_made=False)]
                for mark in rule.marks:
                    findings = judge(placed, scene, mark, [rule]).findings
                    assert Status.UNKNOWN not in {f.status for f in findings}, (changed, findings)


def _replaced(node: object, odd: object) -> Iterator[object]:
    """Yield the tree with each of its parts in turn replaced by `odd`."""
    yield odd
    if isinstance(node, dict):
        for key, value in node.items():
            for changed in _replaced(value, odd):
                yield node | {key: changed}
    elif isinstance(node, list):
        for index, value in enumerate(node):
            for changed in _replaced(value, odd):
                yield [*node[:index], changed, *node[index + 1 :]]


def test_what_profiles_decide_is_unknown_without_them(chosen: Platform) -> None:
    (case,) = (case for case in CASES if case.rule == "IN-18" and case.path.stem == "pass-members")
    placed = [Placed(body, Where("f", (0,)), is_made=False) for body in case.objects]
    rules = [BY_ID[rule_id] for rule_id in ("IN-18", "IN-19", "IN-20", "IN-21")]
    findings = judge(placed, Scene(case.objects, chosen), Mark.GENERATED, rules).findings
    assert {finding.rule for finding in findings if finding.status is Status.UNKNOWN} == {rule.id for rule in rules}
    assert all(finding.gates for finding in findings)


def test_what_both_sides_agreed_to_is_unknown_without_the_profiles(chosen: Platform) -> None:
    (case,) = (case for case in CASES if case.rule == "NP-16" and case.path.stem == "pass-direct")
    placed = [Placed(body, Where("f", (0,)), is_made=False) for body in case.objects]
    findings = judge(placed, Scene(case.objects, chosen), Mark.TENANT, [BY_ID["NP-16"]]).findings
    assert [(finding.status, finding.gates) for finding in findings] == [(Status.UNKNOWN, True)] * len(placed)


def test_a_rule_that_breaks_is_unknown_and_gates(chosen: Platform) -> None:
    def breaks(_body: Object, _scene: Scene) -> Iterator[Problem]:
        raise KeyError("spec")

    whole = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    rule = replace(BY_ID["NS-01"], check=breaks)
    (finding,) = judge(
        [Placed(whole, Where("f", (0,)), is_made=False)], Scene([whole], chosen), min(rule.marks), [rule]
    ).findings
    assert finding.status is Status.UNKNOWN
    assert finding.gates
