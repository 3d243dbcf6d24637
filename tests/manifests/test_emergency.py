"""What an emergency makes of manifests, for how long, and what it leaves alone."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
import pytest

from components.estate.estate import Estate
from components.estate.flows import flows, is_open
from components.estate.profile import Spec
from components.manifests.access import BREAK_GLASS
from components.manifests.manifest import Manifest, identity
from components.manifests.realm import realm
from policies.declared import judge_declared
from policies.engine import evaluate
from stacks.declaration import Declaration, declaration, declarations
from tests.estate.halves import changed
from tests.manifests.emergency import BEGINS, ENDS, entered, shut

AGENCY = "irica"  # two environments, a window, flows and egress
PARENT = "mefa"
SECOND = timedelta(seconds=1)
DOMAIN = "govcloud.internal"
CLOCK = [(BEGINS - SECOND, False), (BEGINS, True), (ENDS - SECOND, True), (ENDS, False), (ENDS + SECOND, False)]


def of_kind(manifests: Iterable[Manifest], kind: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def policies(one: Declaration) -> set[tuple[str, str]]:
    return {identity(manifest)[2:] for manifest in of_kind(one.manifests, "NetworkPolicy")}


def without(one: Declaration, *kinds: str) -> list[Manifest]:
    return [manifest for manifest in one.manifests if manifest["kind"] not in kinds]


EXCHANGED = {("SecurityPolicy", "govcloud-exchange"), ("HTTPRoute", "govcloud-exchange")} | {
    (kind, f"{AGENCY}-production") for kind in ("ReferenceGrant", "ServiceAccount")
}
"""What an agency has for the exchange besides ways: whom it lets pass, to what, and who it is itself."""


def is_exchanged(manifest: Manifest) -> bool:
    _, kind, namespace, name = identity(manifest)
    return (kind, namespace) in EXCHANGED and name != "default"


def without_flows(estate: Estate, agency_id: str) -> Estate:
    """Return the estate in which this agency asks nobody and lets nobody ask."""

    def silent(spec: Spec) -> Spec:
        apis = tuple(msgspec.structs.replace(api, consents=()) for api in spec.apis)
        return msgspec.structs.replace(spec, inquiries=(), apis=apis)

    return changed(estate, agency_id, silent)


def gating(estate: Estate) -> list[tuple[str, str, str]]:
    estate = msgspec.structs.replace(estate, waivers=())  # some are of a later day
    found = (*evaluate(estate), *judge_declared(estate, declarations(estate)).findings)
    return [(one.rule, one.subject, one.summary.en) for one in found if one.gates]


@pytest.mark.parametrize(("as_of", "holds"), CLOCK)
def test_a_quarantine_leaves_the_default_deny_and_dns_and_nothing_else(
    as_of: datetime,
    holds: bool,  # noqa: FBT001  # the verdict
    estate: Estate,
) -> None:
    calm = declaration(estate, AGENCY)
    spaces = {space["metadata"]["name"] for space in of_kind(calm.manifests, "Namespace")}
    assert len(spaces) > 1
    assert policies(calm) > {(space, name) for space in spaces for name in ("allow-dns", "default-deny")}
    assert ("govcloud-gateway", f"allow-to-{AGENCY}") in policies(calm)
    found = declaration(shut(estate, AGENCY, as_of), AGENCY)
    kept = {(space, name) for space in spaces for name in ("allow-dns", "default-deny")}
    assert policies(found) == (kept if holds else policies(calm))


def test_a_quarantine_changes_nothing_but_ways_and_what_the_namespace_says(estate: Estate) -> None:
    """Routes, logins, roles and quotas stay: people find the window, and nobody who answers. The exchange is shut."""
    calm, found = declaration(estate, AGENCY), declaration(shut(estate, AGENCY), AGENCY)
    exchanged = [manifest for manifest in calm.manifests if is_exchanged(manifest)]
    assert {identity(manifest)[1:3] for manifest in exchanged} == EXCHANGED
    kept = [manifest for manifest in without(calm, "NetworkPolicy", "Namespace") if manifest not in exchanged]
    assert without(found, "NetworkPolicy", "Namespace") == kept
    assert of_kind(found.manifests, "HTTPRoute")
    assert of_kind(found.manifests, "SecurityPolicy")
    left = {identity(manifest): manifest for manifest in of_kind(calm.manifests, "NetworkPolicy")}
    assert all(left[identity(one)] == one for one in of_kind(found.manifests, "NetworkPolicy"))


def test_every_namespace_says_who_shut_it_why_and_until_when(estate: Estate) -> None:
    spaces = of_kind(declaration(shut(estate, AGENCY), AGENCY).manifests, "Namespace")
    for space in spaces:
        said = {key: value for key, value in space["metadata"]["annotations"].items() if "quarantine" in key}
        assert said == {
            f"{DOMAIN}/quarantine-decided-by": "مرکز امنیت سکو",
            f"{DOMAIN}/quarantine-from": "2026-06-01T09:30:00+03:30",
            f"{DOMAIN}/quarantine-reason": "A stolen account: its traffic is shut",
            f"{DOMAIN}/quarantine-until": "2026-06-01T21:30:00+03:30",
        }
    assert len(spaces) > 1
    assert "quarantine" not in str(of_kind(declaration(estate, AGENCY).manifests, "Namespace"))


@pytest.mark.parametrize("shut_one", [AGENCY, PARENT])
def test_a_quarantine_is_of_one_agency(shut_one: str, estate: Estate) -> None:
    """Neither its parent's nor its children's. Others lose their half of what they exchanged with it, and no more."""
    agency = estate.agency(AGENCY)
    assert agency
    assert agency.profile.spec.identity.parent == PARENT
    alone = without_flows(estate, shut_one)
    touched = set()
    for one in declarations(shut(estate, shut_one)):
        if one.owner != shut_one:
            assert one == declaration(alone, one.owner)
            if one != declaration(estate, one.owner):
                touched.add(one.owner)
    mine = [flow for flow in flows(estate) if is_open(estate, flow) and shut_one in (flow.consumer, flow.provider)]
    answering = {flow.provider for flow in mine} - {shut_one}
    assert answering
    assert answering <= touched <= answering | {flow.consumer for flow in mine}


def test_under_quarantine_no_rule_is_broken(estate: Estate) -> None:
    assert gating(estate) == []
    for agency in (AGENCY, PARENT, "ashayer"):
        assert gating(shut(estate, agency)) == []
    assert gating(entered(estate, AGENCY, f"{AGENCY}:operator", "production")) == []


def test_a_way_that_is_left_open_is_found(estate: Estate) -> None:
    """What a builder forgets: each policy of calmer days, alone in the midst of a quarantine."""
    closed = shut(estate, AGENCY)
    declared = {one.owner: one for one in declarations(closed)}
    there = {identity(manifest) for manifest in declared[AGENCY].manifests}
    forgotten = [
        manifest
        for manifest in of_kind(declaration(estate, AGENCY).manifests, "NetworkPolicy")
        if identity(manifest) not in there
    ]
    assert len(forgotten) > 3
    for manifest in forgotten:
        open_ = Declaration(AGENCY, (*declared[AGENCY].manifests, manifest))
        found = judge_declared(closed, [*(declared | {AGENCY: open_}).values()], {AGENCY}).findings
        assert "NP-20" in {one.rule for one in found if one.gates}, identity(manifest)


@pytest.mark.parametrize(("as_of", "holds"), CLOCK)
def test_break_glass_is_one_binding_in_one_namespace(
    as_of: datetime,
    holds: bool,  # noqa: FBT001  # the verdict
    estate: Estate,
) -> None:
    calm = declaration(estate, AGENCY).manifests
    found = declaration(entered(estate, AGENCY, f"{AGENCY}:operator", "production", as_of), AGENCY).manifests
    more = [manifest for manifest in found if manifest not in calm]
    assert len(found) == len(calm) + len(more)
    assert [identity(one)[1:] for one in more] == (
        [("RoleBinding", f"{AGENCY}-production", f"break-glass-{AGENCY}:operator")] if holds else []
    )
    for one in more:
        assert one["roleRef"]["name"] == BREAK_GLASS
        assert [subject["name"] for subject in one["subjects"]] == [f"{AGENCY}:operator"]
        assert one["metadata"]["annotations"] == {
            f"{DOMAIN}/break-glass-decided-by": "مرکز امنیت سکو",
            f"{DOMAIN}/break-glass-from": "2026-06-01T09:30:00+03:30",
            f"{DOMAIN}/break-glass-reason": "A stolen account: its traffic is shut",
            f"{DOMAIN}/break-glass-until": "2026-06-01T21:30:00+03:30",
        }


def test_break_glass_outside_its_time_is_found(estate: Estate) -> None:
    """A binding that outlives its record, and the role with which it lets people in."""
    open_ = entered(estate, AGENCY, f"{AGENCY}:operator", "production")
    later = entered(estate, AGENCY, f"{AGENCY}:operator", "production", ENDS)
    found = judge_declared(later, declarations(open_)).findings
    assert {one.rule for one in found if one.gates} == {"RB-08", "RB-13"}


def test_the_break_glass_role_enters_pods_and_writes_nothing_of_the_floor(estate: Estate) -> None:
    (role,) = (
        one for one in of_kind(declaration(estate, "platform").manifests, "ClusterRole")
        if one["metadata"]["name"] == BREAK_GLASS
    )  # fmt: skip
    given = {resource: set(rule["verbs"]) for rule in role["rules"] for resource in rule["resources"]}
    assert given.keys() == {
        "events", "pods", "pods/attach", "pods/ephemeralcontainers", "pods/exec", "pods/log", "pods/portforward",
    }  # fmt: skip
    assert {group for rule in role["rules"] for group in rule["apiGroups"]} == {""}
    assert given["pods/exec"] == {"create", "get"}
    assert not given["pods"] & {"create", "delete", "patch", "update"}


def test_the_platforms_own_groups_are_known_to_the_login(estate: Estate) -> None:
    spec = msgspec.structs.replace(estate.platform.spec, break_glass_groups=("platform:on-call",))
    with_group = msgspec.structs.replace(estate, platform=msgspec.structs.replace(estate.platform, spec=spec))
    assert {"name": "platform:on-call"} in realm(with_group)["groups"]
    assert gating(entered(with_group, AGENCY, "platform:on-call", "production")) == []
    assert "emergency-group-unknown" in str(gating(entered(estate, AGENCY, "platform:on-call", "production")))
