"""Each kind has a class, what Kubernetes makes itself is patched, and a new name is no new object."""

from typing import Any

import pulumi
import pytest

from components import register
from components.estate.profile import EnvironmentName
from components.manifests.kinds import KINDS
from components.manifests.manifest import ENVIRONMENT_LABEL, Manifest, manifest, owner_labels
from components.tenant import tenant_args
from tests.pulumi.conftest import Program
from tests.pulumi.recorder import Recording

ROUTE: Manifest = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "window", "namespace": "irica-production", "labels": {"a": "b"}},
    "spec": {"hostnames": ["irica.gov.test"], "rules": [{"backendRefs": [{"name": "app", "port": 8080}]}]},
}


def registering(record: Program, manifest: Manifest, **arguments: Any) -> Recording:
    return record("irica", program=lambda: register.register(manifest, pulumi.ResourceOptions(), **arguments))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_we_emit_has_a_class(kind: tuple[str, str]) -> None:
    assert kind in register.CLASSES or kind in register.CUSTOM


def test_no_kind_has_two_classes() -> None:
    assert not register.CUSTOM & set(register.CLASSES)


def test_a_custom_kind_is_registered_as_it_is(record: Program) -> None:
    recording = registering(record, ROUTE)
    assert recording.error is None
    registered = recording.one("irica-production/window")
    assert registered.type == "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    assert registered.inputs == ROUTE


def test_an_unknown_kind_is_an_error(record: Program) -> None:
    recording = registering(record, ROUTE | {"kind": "TCPRoute"})
    assert isinstance(recording.error, LookupError)
    assert "TCPRoute of gateway.networking.k8s.io/v1" in str(recording.error)
    assert not recording.registered


@pytest.mark.parametrize(("name", "kind"), [("default", "ServiceAccountPatch"), ("builder", "ServiceAccount")])
def test_the_default_service_account_is_patched_and_others_are_made(record: Program, name: str, kind: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "irica-production", "labels": {}},
        "automountServiceAccountToken": False,
    }
    registered = registering(record, manifest).one(f"irica-production/{name}")
    assert registered.type == f"kubernetes:core/v1:{kind}"
    assert registered.inputs == manifest


def test_a_renamed_resource_says_what_it_was_called(record: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "RENAMED", {"irica-production/quota": "irica-production/resource-quota"})
    recording = record("irica")
    assert recording.error is None
    renamed = {r.name: r.former_names for r in recording.registered if r.former_names}
    assert renamed == {"irica-production/quota": {"irica-production/resource-quota"}}


@pytest.mark.parametrize("labels", [{"a": "b"}, {ENVIRONMENT_LABEL: "production"}])
def test_a_manifest_of_none_of_the_agencys_environments_is_an_error(labels: dict[str, str]) -> None:
    space = manifest("v1", "Namespace", "irica-test", labels=owner_labels("irica", EnvironmentName.TEST))
    route = ROUTE | {"metadata": ROUTE["metadata"] | {"labels": labels}}
    with pytest.raises(ValueError, match="HTTPRoute window is in no environment of the agency"):
        tenant_args([space, route])


def test_the_window_goes_with_production_wherever_it_lies() -> None:
    labels = owner_labels("irica", EnvironmentName.PRODUCTION)
    space = manifest("v1", "Namespace", "irica-production", labels=labels)
    listener = manifest(ROUTE["apiVersion"], "ListenerSet", "irica", namespace="govcloud-gateway", labels=labels)
    (environment,) = tenant_args([space, listener]).environments
    assert (environment.namespace, environment.protect) == ("irica-production", True)
    assert environment.manifests == (space, listener)
