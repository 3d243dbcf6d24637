"""The CrossGuard pack through the SDK's own servicer: the same verdicts as offline, and unknown is never a pass."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import Level
from components.manifests import build
from components.manifests.manifest import Manifest
from policies.catalogue import CATALOGUE
from policies.rules.rule import Mark
from stacks.declaration import Declaration, declarations
from tests.policies.cases import Case, cases, judged

pytest.importorskip("pulumi_policy", reason="the policy SDK is not installed")

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]  # no stubs
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, Policy
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.pack import plain, policy

ROOT = Path(__file__).parents[2]
GENERATED = {rule.id: rule for rule in CATALOGUE if Mark.GENERATED in rule.marks}
FAMILY = "child"
"""In the name of a case about a child and its parent: the pack asks the profiles who is whose, and there are none."""
CASES = [case for case in cases() if case.rule in GENERATED and FAMILY not in case.path.stem]


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(ROOT).estate
    assert estate
    return estate


def analyze(estate: Estate | None, objects: Iterable[Any], declared: Sequence[Any] = ()) -> list[tuple[str, str, bool]]:
    """Return what the pack tells of these objects among what is declared."""
    return told([policy(level, estate, declared) for level in Level], objects)


def told(policies: Iterable[Policy], objects: Iterable[Any]) -> list[tuple[str, str, bool]]:
    """Return rule id, message and whether it is mandatory for each diagnostic of the pack."""
    servicer = _PolicyAnalyzerServicer("govcloud", "1.0.0", [*policies], EnforcementLevel.MANDATORY)
    request = analyzer_pb2.AnalyzeStackRequest(resources=list(_resources(objects)))
    answer = servicer.AnalyzeStack(request, None)  # type: ignore[no-untyped-call]  # the SDK's own
    return [
        (d.message.split("\n", 1)[1].split("]")[0].removeprefix("["), d.message, d.enforcementLevel == 1)
        for d in answer.diagnostics
    ]


def _resources(objects: Iterable[Any]) -> Iterator[analyzer_pb2.AnalyzerResource]:
    yield analyzer_pb2.AnalyzerResource(type="pulumi:providers:kubernetes", urn="urn:provider", name="cluster")
    for number, body in enumerate(objects):
        properties = struct_pb2.Struct()
        properties.update(body)
        yield analyzer_pb2.AnalyzerResource(
            type=f"kubernetes:{body.get('apiVersion')}:{body.get('kind')}",
            properties=properties,
            urn=f"urn:{number}",
            name=f"object-{number}",
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}/{case.path.stem}")
def test_the_pack_says_what_the_offline_check_says(case: Case, estate: Estate) -> None:
    nobody = case.estate(estate.platform) or msgspec.structs.replace(estate, agencies=())
    rule = GENERATED[case.rule]
    offline = Counter(finding.rule for finding in judged(case, rule, estate.platform).findings)
    whole = [body for body in case.objects if "name" in (body.get("metadata") or {})]
    if len(whole) != len(case.objects):
        pytest.skip("an object without a name reaches no engine")
    found = [(rule_id, is_mandatory) for rule_id, _, is_mandatory in analyze(nobody, case.objects)]
    assert Counter(rule_id for rule_id, _ in found if rule_id == case.rule) == offline
    assert {m for rule_id, m in found if rule_id == case.rule} <= {rule.level is Level.MANDATORY}


@pytest.mark.parametrize("owner", ["irica", "ashayer", "platform"])
def test_what_we_declare_passes(owner: str, estate: Estate) -> None:
    declared = declarations(estate)
    (own,) = [one.manifests for one in declared if one.owner == owner]
    assert [found for found in analyze(estate, own, everything(declared)) if found[2]] == []


def everything(declared: Iterable[Declaration]) -> list[Manifest]:
    return [manifest for one in declared for manifest in one.manifests]


def test_what_cannot_be_known_is_a_mandatory_violation(estate: Estate) -> None:
    agency = estate.agency("irica")
    assert agency
    manifests, declared = [*build.tenant(estate, agency)], everything(declarations(estate))
    (number,) = (i for i, m in enumerate(manifests) if m["metadata"]["name"] == "irica-production")
    labels = manifests[number]["metadata"] | {"labels": {"a": UNKNOWN_STRING_VALUE}}
    manifests[number] = manifests[number] | {"metadata": labels}
    assert ("unknown", True) in {(rule, mandatory) for rule, _, mandatory in analyze(estate, manifests, declared)}
    manifests[number] = build.tenant(estate, agency)[number] | {"status": {"phase": UNKNOWN_STRING_VALUE}}
    assert not [found for found in analyze(estate, manifests, declared) if found[2]]


def test_without_profiles_nothing_passes() -> None:
    found = analyze(None, [])
    assert [(rule, mandatory) for rule, _, mandatory in found] == [("unknown", True), ("unknown", False)]


def test_properties_become_what_the_manifest_was(estate: Estate) -> None:
    agency = estate.agency("irica")
    assert agency
    for manifest in build.tenant(estate, agency):
        struct = struct_pb2.Struct()
        struct.update(manifest)
        assert plain(json_format.MessageToDict(struct)) == manifest
