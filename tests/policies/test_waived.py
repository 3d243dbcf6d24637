"""Every rule's waived cases, made of its fail cases: the waiver that the committee would write for exactly that.

Of a rule that may be waived it excuses that finding and no other; of one that may not, the record itself is refused.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from components.estate.dates import Day
from components.estate.estate import Estate, record
from components.estate.finding import Finding, Level, Status, Where
from components.estate.platform import Platform
from components.estate.waiver import Waiver
from components.manifests.manifest import AGENCY_LABEL, ENVIRONMENT_LABEL, PLATFORM_OWNER
from policies.catalogue import CATALOGUE
from policies.ledger import flawed_waivers, unknown_subjects
from policies.rules.reading import mapping, name, namespace
from policies.rules.rule import Mark, Rule
from policies.verdict import Placed, judge
from policies.waivers import Flaw, apply
from tests.estate.expectation import AS_OF
from tests.policies.cases import Case, cases, judged, platform

CASES = list(cases())
UNTIL = "2027-01-20"  # 1405-10-30
PLATFORMS = {
    "IN-17",  # classes and gateways
    "IN-22",
    "IN-24",
    "NP-19",  # cluster-wide policies
    "RB-14",  # cluster roles
}
"""Rules that may be waived, whose cases are all of the platform's own objects: for those no waiver can be written."""
HOME = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "one-production", "labels": {AGENCY_LABEL: "one", ENVIRONMENT_LABEL: "production"}},
}
CLUSTER_WIDE = {
    "ClusterNetworkPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "GatewayClass",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
FIELDS = ("agency", "environment", "kind", "name", "container")


@pytest.fixture(scope="module")
def chosen() -> Platform:
    return platform()


def found(rule: Rule, chosen: Platform) -> Iterator[Finding]:
    for case in CASES:
        if case.rule == rule.id and case.sort == "fail":
            yield from judged(case, rule, chosen).findings
            yield from _at_home(case, rule, chosen)


def _at_home(case: Case, rule: Rule, chosen: Platform) -> Iterator[Finding]:
    """Judge what lies in nobody's namespace once more, in an agency's: most files over workloads name none."""
    whole = case.objects
    known = {name(body) for body in whole if body.get("kind") == "Namespace"} | chosen.namespaces
    moved = [_moved(body) for body in whole if body.get("kind") not in CLUSTER_WIDE and namespace(body) not in known]
    objects = [*(body for body in whole if namespace(body) in known or body.get("kind") in CLUSTER_WIDE), HOME, *moved]
    placed = [Placed(body, Where(case.path.name), is_made=False) for body in moved]
    yield from judge(placed, case.scene(objects, chosen), min(rule.marks, key=list(Mark).index), [rule]).findings


def _moved(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {**mapping(body, "metadata"), "namespace": name(HOME)}}


def waiver(rule: Rule, finding: Finding) -> Waiver:
    """Return the record that names the rule and every part of the finding's subject."""
    subject = {field: part for field, part in zip(FIELDS, finding.subject.split("/"), strict=False) if part}
    spec = {
        "rules": [rule.id],
        "subject": subject,
        "reasonClass": "other",
        "reason": "A reason.",
        "requestedBy": "one",
        "decision": {
            "ref": "COM-1",
            "status": "justified",
            "decidedOn": "1405-08-01",
            "signedBy": ["aeo", "pbo", "eitc"],
        },
        "from": "1405-08-02",
        "until": UNTIL,
        "reviewOn": (Day.parse(UNTIL) - timedelta(days=1)).isoformat(),
    }
    data = {"apiVersion": "govcloud.internal/v1", "kind": "Waiver", "metadata": {"id": "W-1405-001"}, "spec": spec}
    return record(data, Waiver)


def refusals(waiver: Waiver, chosen: Platform) -> list[tuple[str, Level, Status]]:
    estate = Estate(agencies=(), platform=chosen, as_of=AS_OF, waivers=(waiver,))
    return [(one.rule, one.level, one.status) for one in flawed_waivers(estate)]


@pytest.mark.parametrize("rule", [rule for rule in CATALOGUE if rule.waivable], ids=lambda rule: rule.id)
def test_what_was_found_is_waived_by_its_exact_waiver_and_by_no_other(rule: Rule, chosen: Platform) -> None:
    owned = [one for one in found(rule, chosen) if not one.subject.startswith(f"{PLATFORM_OWNER}/")]
    assert bool(owned) is (rule.id not in PLATFORMS), "a rule without a waived case"
    for finding in owned:
        exact = waiver(rule, finding)
        (excused,) = apply([finding], [exact], AS_OF, chosen.zone)
        assert (excused.status, excused.waiver, excused.until) == (Status.WAIVED, "W-1405-001", UNTIL)
        assert not excused.gates
        assert excused.summary == finding.summary
        assert refusals(exact, chosen) == []
        for field in ("agency", "name"):
            subject = msgspec.structs.replace(exact.spec.subject, **{field: "another"})
            other = msgspec.structs.replace(exact, spec=msgspec.structs.replace(exact.spec, subject=subject))
            assert apply([finding], [other], AS_OF, chosen.zone) == (finding,)


@pytest.mark.parametrize("rule", [rule for rule in CATALOGUE if not rule.waivable], ids=lambda rule: rule.id)
def test_what_is_never_waivable_stays_and_the_waiver_is_refused(rule: Rule, chosen: Platform) -> None:
    listed = list(found(rule, chosen))
    assert listed, "a rule without a waived case"
    for finding in listed:
        exact = waiver(rule, finding)
        assert apply([finding], [exact], AS_OF, chosen.zone) == (finding,)
        assert refusals(exact, chosen) == [(Flaw.NOT_WAIVABLE, Level.MANDATORY, Status.FAIL)]


@pytest.mark.parametrize("rule", [rule for rule in CATALOGUE if rule.id in PLATFORMS], ids=lambda rule: rule.id)
def test_of_the_platforms_own_objects_no_waiver_can_be_written(rule: Rule, chosen: Platform) -> None:
    for finding in found(rule, chosen):
        estate = Estate(agencies=(), platform=chosen, as_of=AS_OF, waivers=(waiver(rule, finding),))
        refused = [(one.rule, one.level) for one in unknown_subjects(estate)]
        assert refused == [("waiver-subject-unknown", Level.MANDATORY)]
