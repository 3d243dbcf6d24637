"""The platform and three agencies, brought up by the real engine on a real API server."""

import subprocess
import sys

import pytest

from components.manifests.kinds import DEFAULT_DENY
from tests.engine.conftest import Project, Ran, Step, kinds

pytestmark = [pytest.mark.engine, pytest.mark.live]

AGENCIES = ("irica", "ncro", "tamin")
FLOW = "  flows:\n    - {name: engine-test, from: engine-a, to: engine-b, port: 8443}\n"
RENAMING = """\
import pulumi

from components import register
from stacks.program import declare

register.RENAMED = {"irica-production/quota": "irica-production/resource-quota"}
pulumi.run(declare)
"""


def leave(engine: Project, agency: str) -> None:
    """Take an agency away with its state, and what the test did to its profile."""
    engine.must("state", "unprotect", "--all", "--yes", "--stack", agency)
    engine.must("destroy", "--stack", agency, "--yes", "--skip-preview")
    engine.must("stack", "rm", agency, "--yes")
    assert not any(engine.live(agency).values())
    engine.restore(agency)


def add_a_flow(engine: Project, agency: str) -> None:
    text = engine.profile(agency).read_text(encoding="utf-8")
    if "\n  flows:\n" in text:
        engine.edit(agency, "  flows:\n", FLOW)
    else:
        engine.profile(agency).write_text(f"{text.rstrip()}\n{FLOW}", encoding="utf-8")


def apply(engine: Project, agency: str) -> Ran:
    """Apply the agency without Pulumi, as `make up` does where there is no CLI."""
    assert engine.cluster is not None
    kubeconfig = str(engine.cluster.kubeconfig)
    done = subprocess.run(
        [sys.executable, "-m", "scripts.cli", "--root", str(engine.root), "apply", "--kubeconfig", kubeconfig, agency],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return Ran(code=done.returncode, text=done.stdout)


def urn(engine: Project, agency: str, name: str, kind: str) -> str:
    (found,) = (
        str(r["urn"])
        for r in engine.resources(agency)
        if r["urn"].endswith(f"::{name}") and r["type"].endswith(f":{kind}")
    )
    return found


def test_the_platform_stays_as_it_is(engine: Project) -> None:
    engine.unchanged("platform")
    assert engine.differences("platform") == []


@pytest.mark.parametrize("agency", AGENCIES)
def test_up_again_and_refresh_change_nothing(engine: Project, agency: str) -> None:
    engine.make(agency)
    engine.up(agency)
    before = engine.uids(agency)
    engine.unchanged(agency)
    assert engine.uids(agency) == before
    assert engine.differences(agency) == []
    assert engine.outputs(agency)["agency"] == agency
    leave(engine, agency)


def test_apply_leaves_alone_what_pulumi_manages(engine: Project) -> None:
    engine.make("ncro")
    engine.up("ncro")
    add_a_flow(engine, "ncro")
    refused = apply(engine, "ncro")
    assert refused.code != 0
    assert "managed by Pulumi" in refused.words
    assert len(engine.plan("ncro")) > 1  # the flow is not there
    leave(engine, "ncro")


def test_a_changed_profile_changes_just_that(engine: Project) -> None:
    engine.make("ncro")
    engine.up("ncro")
    before = engine.uids("ncro")
    environments = len([subject for subject in before if subject[1] == "Namespace"])
    add_a_flow(engine, "ncro")
    plan = engine.plan("ncro")
    assert kinds(plan) == {
        ("update", "Namespace"): environments,  # the digest of the profile
        ("create", "NetworkPolicy"): 2 * environments,
    }
    engine.up("ncro")
    after = engine.uids("ncro")
    assert {subject: after[subject] for subject in before} == before
    engine.unchanged("ncro")
    leave(engine, "ncro")


def test_destroy_is_refused_while_production_is_protected_and_complete_afterwards(engine: Project) -> None:
    engine.make("tamin")
    engine.up("tamin")
    before = engine.uids("tamin")
    refused = engine.pulumi("destroy", "--stack", "tamin", "--yes")
    assert refused.code != 0
    assert "tamin-production" in refused.text
    assert "cannot be deleted" in refused.words
    assert engine.uids("tamin") == before

    hasty = engine.pulumi("destroy", "--stack", "tamin", "--yes", "--skip-preview")
    assert hasty.code != 0
    there = {subject: body["metadata"]["uid"] for subject, body in engine.live("tamin").items() if body is not None}
    kept = {"tamin-production", "govcloud-gateway"}  # the window is production's, too
    assert there == {subject: uid for subject, uid in before.items() if kept & set(subject)}
    leave(engine, "tamin")


def test_a_take_over_recreates_nothing_and_leaves_nothing_to_change(engine: Project) -> None:
    assert apply(engine, "irica").code == 0
    before = engine.uids("irica")
    engine.make("irica")
    refused = engine.pulumi("up", "--stack", "irica", "--yes", "--skip-preview")
    assert refused.code != 0
    assert "already exists" in refused.text
    assert engine.uids("irica") == before

    engine.set("irica", takeOver="true")
    engine.up("irica")
    assert engine.uids("irica") == before
    engine.unchanged("irica")

    engine.set("irica", takeOver="false")
    assert engine.plan("irica") == [Step(op="update", type="pulumi:providers:kubernetes", name="cluster")]
    engine.up("irica")
    add_a_flow(engine, "irica")
    engine.up("irica")
    engine.edit("irica", FLOW.partition("\n")[2], "")
    engine.up("irica")
    engine.unchanged("irica")
    assert engine.uids("irica") == before
    assert engine.differences("irica") == []
    leave(engine, "irica")


def test_a_renamed_resource_stays_what_it_is(engine: Project) -> None:
    engine.make("irica")
    engine.up("irica")
    before = engine.uids("irica")
    former = urn(engine, "irica", "irica-production/quota", "ResourceQuota")
    engine.must("state", "rename", former, "irica-production/resource-quota", "--stack", "irica", "--yes")
    assert kinds(engine.plan("irica")) == {("create", "ResourceQuota"): 1, ("delete", "ResourceQuota"): 1}

    program = engine.root / "stacks" / "__main__.py"
    plain = program.read_text(encoding="utf-8")
    program.write_text(RENAMING, encoding="utf-8")
    assert engine.plan("irica") == []
    engine.up("irica")
    assert urn(engine, "irica", "irica-production/quota", "ResourceQuota")
    assert engine.uids("irica") == before
    program.write_text(plain, encoding="utf-8")
    engine.unchanged("irica")
    leave(engine, "irica")


def test_a_declared_value_that_somebody_changed_is_put_back(engine: Project) -> None:
    """Refresh sees it, and the next run takes it back, whoever manages the field by now."""
    assert engine.cluster is not None
    engine.make("ncro")
    engine.up("ncro")
    (subject,) = (s for s in engine.uids("ncro") if s[3] == DEFAULT_DENY and s[2].endswith("-production"))
    path = f"/apis/networking.k8s.io/v1/namespaces/{subject[2]}/networkpolicies/{DEFAULT_DENY}?fieldManager=somebody"
    merge = {"Content-Type": "application/merge-patch+json"}
    assert engine.cluster.request("PATCH", path, {"spec": {"policyTypes": ["Ingress"]}}, merge)[0] == 200
    engine.up("ncro", "--refresh")
    live = engine.live("ncro")[subject]
    assert live is not None
    assert live["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    engine.unchanged("ncro")
    leave(engine, "ncro")
