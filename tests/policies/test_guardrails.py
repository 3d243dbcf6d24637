"""The admission policies as they are made: what they hold, whom they reach, how waivers open them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from components.estate.finding import Level
from components.estate.platform import Platform
from components.manifests import access
from components.manifests.manifest import AGENCY_LABEL, Manifest
from policies.catalogue import CATALOGUE
from policies.guardrails import guarded, guardrails
from policies.rules.reading import WORKLOADS
from policies.rules.rule import Mark, Rule
from policies.rules.scene import Scene
from policies.waivers import Excuse
from tests.policies.cases import platform

BY_ID = {rule.id: rule for rule in CATALOGUE}
UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def chosen() -> Platform:
    return platform()


@pytest.fixture(scope="module")
def made(chosen: Platform) -> tuple[Manifest, ...]:
    return guardrails(chosen)


def policy(rule: str, chosen: Platform, *excused: Excuse) -> Mapping[str, Any]:
    body, _ = guardrails(chosen, excused, [BY_ID[rule]])
    return body


def variables(body: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["expression"] for one in body["spec"].get("variables", ())}


def conditions(body: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["expression"] for one in body["spec"]["matchConditions"]}


def excuse(rule: str = "WL-12", **named: str) -> Excuse:
    given = {"kind": None, "name": None, "container": None, **named}
    return Excuse("W-1405-014", rule, "one-production", given["kind"], given["name"], given["container"], UNTIL)


def test_each_rule_with_a_guard_has_one_policy_and_one_binding(made: tuple[Manifest, ...]) -> None:
    names = [(one["kind"].removeprefix("ValidatingAdmissionPolicy"), one["metadata"]["name"]) for one in made]
    rules = [rule for rule, _ in guarded()]
    assert names == [(kind, f"govcloud-{rule.id.lower()}") for rule in rules for kind in ("", "Binding")]
    assert {"WL-12", "WL-13", "WL-14", "RB-11"} <= {rule.id for rule in rules}


def test_what_pod_security_or_rbac_refuses_has_no_twin() -> None:
    guards = {rule.id for rule, _ in guarded()}
    assert not guards & {*(f"WL-{number:02}" for number in range(1, 11)), "WL-19", "WL-23"}
    assert all(Mark.TENANT in rule.marks for rule, _ in guarded())


def test_policies_refuse_or_warn_by_the_level_of_their_rule(made: tuple[Manifest, ...]) -> None:
    actions = {one["spec"]["policyName"]: one["spec"]["validationActions"] for one in made[1::2]}
    for rule, _ in guarded():
        wanted = ["Deny"] if rule.level is Level.MANDATORY else ["Warn", "Audit"]
        assert actions[f"govcloud-{rule.id.lower()}"] == wanted


def test_every_policy_fails_closed_and_reaches_all_tenants_and_nobody_else(made: tuple[Manifest, ...]) -> None:
    for body in made[::2]:
        assert body["spec"]["failurePolicy"] == "Fail"
        selected = body["spec"]["matchConstraints"]
        assert selected["namespaceSelector"] == {"matchExpressions": [{"key": AGENCY_LABEL, "operator": "Exists"}]}
        assert selected["objectSelector"] == {}
        assert {tuple(one["operations"]) for one in selected["resourceRules"]} == {("CREATE", "UPDATE")}
        assert list(conditions(body)) == ["is-not-made-from-a-template", "is-new-or-changed"]


@pytest.mark.parametrize("rule", [rule for rule, _ in guarded()], ids=lambda rule: rule.id)
@pytest.mark.parametrize("kind", ["", "Binding"])
def test_a_namespace_without_one_guard_is_told_which(rule: Rule, kind: str, chosen: Platform) -> None:
    labels = {AGENCY_LABEL: "one", "govcloud.internal/environment": "production"}
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one-production", "labels": labels}}
    whole = guardrails(chosen)
    lost = (f"ValidatingAdmissionPolicy{kind}", f"govcloud-{rule.id.lower()}")
    kept = [one for one in whole if (one["kind"], one["metadata"]["name"]) != lost]
    for objects, wanted in (([home, *whole], []), ([home, *kept], [f"not guarded by {rule.id}"])):
        problems = BY_ID["MT-02"].check(home, Scene(objects, chosen))
        assert [problem.summary.en for problem in problems] == wanted


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (None, []),
        ({}, []),
        ({"matchLabels": {AGENCY_LABEL: "one"}}, []),
        ({"matchLabels": {AGENCY_LABEL: "two"}}, ["not guarded by RB-11"]),
        ({"matchExpressions": [{"key": AGENCY_LABEL, "operator": "DoesNotExist"}]}, ["not guarded by RB-11"]),
    ],
)
def test_a_namespace_that_a_guard_does_not_select_is_told_so(
    selector: object, wanted: list[str], chosen: Platform
) -> None:
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one-test", "labels": {AGENCY_LABEL: "one"}}}
    body, binding = guardrails(chosen, (), [BY_ID["RB-11"]])
    body["spec"]["matchConstraints"]["namespaceSelector"] = selector
    others = [one for one in guardrails(chosen) if one["metadata"]["name"] != "govcloud-rb-11"]
    problems = BY_ID["MT-02"].check(home, Scene([home, body, binding, *others], chosen))
    assert [problem.summary.en for problem in problems] == wanted


def test_no_role_of_a_tenant_reaches_the_label_or_the_policies() -> None:
    for role, rules in access.ROLES.items():
        for rule in rules:
            assert "admissionregistration.k8s.io" not in rule["apiGroups"], role
            assert "namespaces" not in rule["resources"] or rule["verbs"] == ["get", "list", "watch"], role


@pytest.mark.parametrize("rule", [rule for rule, _ in guarded()], ids=lambda rule: rule.id)
def test_a_policy_looks_at_every_kind_of_its_rule(rule: Rule, chosen: Platform) -> None:
    rules = policy(rule.id, chosen)["spec"]["matchConstraints"]["resourceRules"]
    resources = {(one["apiGroups"][0], plural) for one in rules for plural in one["resources"]}
    for kind in rule.kinds:
        group, _, name = kind.rpartition("/")
        assert (group, f"{name.lower()}s") in resources
    if rule.kinds >= WORKLOADS:
        assert ("", "pods/ephemeralcontainers") in resources


@pytest.mark.parametrize("rule", [rule for rule, _ in guarded()], ids=lambda rule: rule.id)
def test_a_refusal_names_the_rule_and_the_remedy_in_both_languages(rule: Rule, chosen: Platform) -> None:
    (validation,) = policy(rule.id, chosen)["spec"]["validations"]
    message = validation["message"]
    assert message.startswith(f"{rule.id}: ")
    assert all(words in message for words in (rule.title.en, rule.title.fa, rule.remedy.en, rule.remedy.fa))
    assert "\n" not in message
    assert len(message) < 1024  # of 4,096 letters of warnings to one request, several must fit


def test_a_policy_holds_the_variables_that_it_uses_and_no_others(chosen: Platform) -> None:
    assert variables(policy("RB-11", chosen)) == {}
    assert list(variables(policy("WL-12", chosen))) == ["pod", "lasting"]
    assert list(variables(policy("WL-13", chosen))) == ["pod", "containers", "images", "registries"]


def test_the_platform_says_what_is_allowed(chosen: Platform) -> None:
    assert json.loads(variables(policy("WL-13", chosen))["registries"]) == list(chosen.spec.registries)
    assert chosen.spec.registries
    bare = msgspec.structs.replace(chosen.spec, registries=(), priority_classes=(), storage_classes=())
    without = msgspec.structs.replace(chosen, spec=bare)
    assert variables(policy("WL-13", without))["registries"] == "[]"  # nothing may be run
    classes = variables(policy("WL-21", without))
    assert (classes["priorityClasses"], classes["storageClasses"]) == ('[""]', "[]")


def test_an_excused_object_is_skipped_by_all_that_names_it(chosen: Platform) -> None:
    body = policy("WL-12", chosen, excuse(kind="Deployment", name="legacy-etl"))
    assert conditions(body)["is-not-excused"] == (
        '!((request.namespace == "one-production" && object.kind == "Deployment" && '
        'object.metadata.name == "legacy-etl"))'
    )
    assert variables(body) == variables(policy("WL-12", chosen))
    assert body["metadata"]["annotations"] == {"waiver.govcloud.internal/W-1405-014": "2026-03-01T00:00:00+00:00"}


def test_an_excused_container_is_in_no_variable_and_its_object_is_judged(chosen: Platform) -> None:
    body = policy("WL-12", chosen, excuse(kind="Deployment", name="legacy-etl", container="main"))
    assert "is-not-excused" not in conditions(body)
    assert variables(body)["lasting"].endswith(
        '.filter(c, !((request.namespace == "one-production" && object.kind == "Deployment" && '
        'object.metadata.name == "legacy-etl" && c.name == "main")))'
    )


def test_names_in_waivers_stay_names(chosen: Platform) -> None:
    body = policy("WL-12", chosen, excuse(name='x") || true || ("'))
    assert 'object.metadata.name == "x\\") || true || (\\""' in conditions(body)["is-not-excused"]


def test_a_waiver_of_one_rule_opens_no_other(chosen: Platform) -> None:
    assert policy("WL-13", chosen, excuse("WL-12", name="legacy")) == policy("WL-13", chosen)


def test_nobody_is_excused_from_what_is_not_waivable(chosen: Platform) -> None:
    rule = replace(BY_ID["WL-12"], waivable=False)
    with pytest.raises(ValueError, match="WL-12 is not waivable, but W-1405-014"):
        guardrails(chosen, [excuse(name="legacy")], [rule])
