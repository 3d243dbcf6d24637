"""Every example agency and the platform: what Pulumi registers is what is declared, in an order that is safe."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from components.estate.estate import Estate
from components.estate.loader import load
from components.manifests.kinds import DEFAULT_DENY
from components.manifests.manifest import AGENCY_LABEL, ENVIRONMENT_LABEL, Manifest
from components.register import resource_name
from stacks.declaration import declaration
from tests.conftest import ROOT
from tests.pulumi.recorder import PROVIDER, Recording, Registered, wire

AGENCIES = sorted(path.stem for path in (ROOT / "agency_profiles").glob("*.yaml"))
OWNERS = ["platform", *AGENCIES]

GATEWAY = "govcloud-gateway"
WINDOW = {"Certificate", "ListenerSet", "NetworkPolicy", "SecurityPolicy"}
"""What of an agency lies in the gateway's namespace, which no tenant can write."""
OUTSIDE = {GATEWAY: WINDOW, "govcloud-exchange": {"HTTPRoute", "NetworkPolicy", "SecurityPolicy"}}
"""The same of every namespace of the platform."""

Examples = tuple[Path, Callable[[str], Recording]]


@pytest.fixture
def recording(examples: Examples, owner: str) -> Recording:
    recording = examples[1](owner)
    if recording.error is not None:
        raise recording.error
    return recording


@pytest.fixture(scope="session")
def estate(examples: Examples) -> Estate:
    estate = load(examples[0]).estate
    assert estate is not None
    return estate


@pytest.fixture
def manifests(estate: Estate, owner: str) -> tuple[Manifest, ...]:
    return declaration(estate, owner).manifests


def namespace(registered: Registered) -> str | None:
    metadata = registered.inputs["metadata"]
    name = metadata["name"] if registered.type.endswith(":Namespace") else metadata.get("namespace")
    assert name is None or isinstance(name, str)
    return name


def home(registered: Registered) -> str | None:
    """Return the tenant's namespace to which an object belongs, wherever it lies; else the one in which it lies."""
    labels = registered.inputs["metadata"]["labels"]
    is_tenants = AGENCY_LABEL in labels and ENVIRONMENT_LABEL in labels
    return f"{labels[AGENCY_LABEL]}-{labels[ENVIRONMENT_LABEL]}" if is_tenants else namespace(registered)


@pytest.mark.parametrize("owner", OWNERS)
def test_the_inputs_are_the_manifests_and_nothing_else(recording: Recording, manifests: tuple[Manifest, ...]) -> None:
    declared = {(m["kind"], resource_name(m)): wire(m) for m in manifests}
    registered = {(r.inputs["kind"], r.name): r.inputs for r in recording.objects}
    assert registered == declared
    assert len(recording.objects) == len(manifests)


@pytest.mark.parametrize("owner", OWNERS)
def test_everything_waits_for_the_default_deny_of_its_tenant_wherever_it_lies(recording: Recording) -> None:
    gates = {
        namespace(r): (recording.one(str(namespace(r)), ":Namespace").urn, r.urn)
        for r in recording.objects
        if r.name.endswith(f"/{DEFAULT_DENY}")
    }
    for registered in recording.objects:
        needed = recording.needs(registered)
        if registered.type.endswith(":Namespace") or home(registered) is None:
            assert not needed
        elif registered.name.endswith(f"/{DEFAULT_DENY}"):
            assert needed == {gates[home(registered)][0]}
        else:
            assert needed >= set(gates[home(registered)])


@pytest.mark.parametrize("owner", AGENCIES)
def test_an_agency_has_nothing_outside_of_its_namespaces_but_its_window_and_its_part_of_the_exchange(
    recording: Recording,
) -> None:
    outside = [r for r in recording.objects if namespace(r) != home(r)]
    assert not [r.name for r in outside if r.inputs["kind"] not in OUTSIDE.get(str(namespace(r)), ())]
    assert {r.inputs["metadata"]["labels"][ENVIRONMENT_LABEL] for r in outside} <= {"production"}


@pytest.mark.parametrize("owner", AGENCIES)
def test_a_route_waits_for_every_policy_and_listener_of_its_environment(recording: Recording) -> None:
    for route in (r for r in recording.objects if r.type.endswith(":HTTPRoute")):
        doors = {r.urn for r in recording.objects if home(r) == home(route) and r.inputs["kind"] in WINDOW}
        assert recording.needs(route) >= doors
        assert not [r.name for r in recording.objects if r.urn in doors and route.urn in recording.needs(r)]


def test_routes_and_their_doors_are_among_the_examples(examples: Examples) -> None:
    kinds = Counter(r.inputs["kind"] for owner in AGENCIES for r in examples[1](owner).objects)
    assert min(kinds["HTTPRoute"], kinds["SecurityPolicy"], kinds["ListenerSet"], kinds["NetworkPolicy"]) > 5


@pytest.mark.parametrize("owner", OWNERS)
def test_access_comes_last(recording: Recording) -> None:
    for binding in (r for r in recording.objects if r.type.endswith(":RoleBinding")):
        others = {r.urn for r in recording.objects if home(r) == home(binding) and not r.type.endswith(":RoleBinding")}
        assert recording.needs(binding) == others


def frame(recording: Recording, spaces: set[str | None]) -> set[str]:
    """Return the namespaces, their default-denies and the access to them: all the rest lies between these."""
    return {
        r.urn
        for r in recording.objects
        if home(r) in spaces
        and (r.type.endswith((":Namespace", ":RoleBinding")) or r.name.endswith(f"/{DEFAULT_DENY}"))
    }


@pytest.mark.parametrize("owner", AGENCIES)
def test_the_frame_of_production_is_protected_and_nothing_else(recording: Recording) -> None:
    production = {
        home(r) for r in recording.objects if r.inputs["metadata"]["labels"].get(ENVIRONMENT_LABEL) == "production"
    }
    assert {r.urn for r in recording.registered if r.protect} == frame(recording, production)


def test_the_frame_of_shared_namespaces_is_protected_and_nothing_else(examples: Examples) -> None:
    recording = examples[1]("platform")
    shared = {namespace(r) for r in recording.objects} - {None}
    assert {r.urn for r in recording.registered if r.protect} == frame(recording, shared)


@pytest.mark.parametrize("owner", AGENCIES)
def test_the_preview_is_a_tree_of_agency_environment_and_objects(recording: Recording, owner: str) -> None:
    tenant = recording.one(owner, ":AgencyTenant")
    environments = {r.name: r for r in recording.registered if r.type == "govcloud:index:TenantEnvironment"}
    assert tenant.parent.endswith("::govcloud-" + owner)
    assert {r.parent for r in environments.values()} == {tenant.urn}
    assert set(environments) == {home(r) for r in recording.objects}
    for registered in recording.objects:
        assert registered.parent == environments[str(home(registered))].urn
    kinds = Counter(r.type for r in recording.registered if not r.is_object)
    assert kinds == {PROVIDER: 1, tenant.type: 1, "govcloud:index:TenantEnvironment": len(environments)}


@pytest.mark.parametrize("owner", OWNERS)
def test_only_the_explicit_provider_is_used(recording: Recording) -> None:
    provider = recording.one("cluster", PROVIDER)
    assert {r.provider.rpartition("::")[0] for r in recording.objects} == {provider.urn}


@pytest.mark.parametrize("owner", OWNERS)
def test_no_alias_renames_anything_at_present(recording: Recording) -> None:
    assert not [r.name for r in recording.registered if r.former_names]


@pytest.mark.parametrize("owner", AGENCIES)
def test_the_outputs_tell_what_there_is(recording: Recording, manifests: tuple[Manifest, ...], owner: str) -> None:
    assert recording.outputs["agency"] == owner
    assert recording.outputs["objects"] == wire(dict(Counter(m["kind"] for m in manifests)))
    assert recording.outputs["namespaces"] == [r.name for r in recording.objects if r.type.endswith(":Namespace")]


def test_the_platform_tells_agencies_what_they_ask_for(examples: Examples) -> None:
    outputs = examples[1]("platform").outputs
    assert outputs["baseline"] >= 1
    assert "govcloud-gateway" in outputs["sharedNamespaces"]
