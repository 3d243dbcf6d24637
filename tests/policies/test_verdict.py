"""How objects are judged: which rules, whom a finding concerns, and where it stands."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from components.estate.finding import Finding, Status, Where, Words
from components.manifests.manifest import AGENCY_LABEL, ENVIRONMENT_LABEL
from policies.catalogue import CATALOGUE
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.verdict import SOURCE, Placed, judge, subject_of
from tests.policies.cases import platform

LABELS = {AGENCY_LABEL: "one", ENVIRONMENT_LABEL: "production"}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one-production", "labels": LABELS}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "one-production"}}
PLACE = Where("f.yaml", ("spec", 0))


def refuse(_body: Object, _scene: Scene) -> Iterator[Problem]:
    yield Problem(("metadata", "labels", "a"), Words("is wrong", "نادرست است"), "main")


def rule(**given: Any) -> Rule:
    return replace(CATALOGUE[0], **{"check": refuse, "kinds": frozenset({"Pod"}), "marks": frozenset(Mark), **given})


def scene(*objects: Object) -> Scene:
    return Scene(objects, platform())


def found(*, is_made: bool) -> Finding:
    (finding,) = judge([Placed(POD, PLACE, is_made)], scene(NAMESPACE, POD), Mark.GENERATED, [rule()]).findings
    return finding


def test_in_a_file_a_finding_stands_at_the_place_inside_the_object() -> None:
    finding = found(is_made=False)
    assert finding.where == Where("f.yaml", ("spec", 0, "metadata", "labels", "a"))
    assert finding.summary == Words("Pod web: is wrong", "Pod web: نادرست است")


def test_of_a_generated_object_it_stands_in_the_profile_and_names_the_place() -> None:
    finding = found(is_made=True)
    assert finding.where == PLACE
    assert finding.summary == Words("Pod web metadata.labels.a: is wrong", "Pod web metadata.labels.a: نادرست است")


def test_of_a_generated_object_as_a_whole_it_names_the_object_only() -> None:
    whole = rule(check=lambda _body, _scene: [Problem((), Words("is wrong", "نادرست است"))])
    (finding,) = judge([Placed(POD, PLACE, is_made=True)], scene(POD), Mark.LIVE, [whole]).findings
    assert finding.summary.en == "Pod web: is wrong"
    assert finding.where == PLACE


def test_a_finding_is_the_rules_own() -> None:
    finding, own = found(is_made=True), rule()
    assert (finding.rule, finding.level, finding.remedy) == (own.id, own.level, own.remedy)
    assert (finding.status, finding.source) == (Status.FAIL, SOURCE)
    assert finding.subject == "one/production/Pod/web/main"


def test_only_rules_of_the_mark_and_the_kind_are_asked() -> None:
    rules = [rule(id="A"), rule(id="B", marks=frozenset({Mark.LIVE})), rule(id="C", kinds=frozenset({"apps/Pod"}))]
    placed = [Placed(POD, PLACE, is_made=True)] * 2
    assert [one.rule for one in judge(placed, scene(POD), Mark.TENANT, rules).findings] == ["A", "A"]
    assert {one.rule for one in judge(placed, scene(POD), Mark.LIVE, rules).findings} == {"A", "B"}


def test_who_passes_is_counted_rule_by_rule() -> None:
    named = rule(id="A", check=lambda body, _scene: () if body["metadata"]["name"] == "web" else refuse(body, _scene))
    other = POD | {"metadata": {"name": "shop"}}
    placed = [Placed(body, PLACE, is_made=True) for body in (POD, other, POD)]
    assert judge(placed, scene(), Mark.LIVE, [named, rule(id="B")]).passed == {"A": 2, "B": 0}


def test_what_could_not_be_judged_says_why() -> None:
    def breaks(_body: Object, _scene: Scene) -> Iterator[Problem]:
        raise KeyError("spec")

    (finding,) = judge([Placed(POD, PLACE, is_made=True)], scene(POD), Mark.LIVE, [rule(check=breaks)]).findings
    assert finding.status is Status.UNKNOWN
    assert "KeyError('spec')" in finding.summary.en
    assert "KeyError('spec')" in finding.summary.fa
    assert finding.where == PLACE


def test_whom_a_finding_concerns() -> None:
    known = scene(NAMESPACE, POD)
    elsewhere = {"kind": "ListenerSet", "metadata": {"name": "one", "namespace": "gateway", "labels": LABELS}}
    nobodys = {"kind": "Pod", "metadata": {"name": "web", "namespace": "nobody"}}
    assert subject_of(NAMESPACE, known) == "one/production/Namespace/one-production"
    assert subject_of(POD, known) == "one/production/Pod/web"
    assert subject_of(POD, known, "main") == "one/production/Pod/web/main"
    assert subject_of(elsewhere, known) == "one/production/ListenerSet/one"
    assert subject_of(nobodys, known) == "platform//Pod/web"
    assert subject_of({}, known) == "platform///"
