"""The OIDC client secret of a window: one keeper, one object, and nowhere in clear."""

import base64
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pulumi
import pytest

from components.client_secret import place
from components.estate.loader import load
from components.manifests.manifest import manifest, owner_labels
from stacks.declaration import declarations
from tests.conftest import ROOT
from tests.pulumi.conftest import CONFIG, Program
from tests.pulumi.recorder import SECRET, SIGNATURE, Encrypted, Recording, Registered
from tests.pulumi.test_refusals import refusal

FIRST = Encrypted("the-first-4vUdT0rZ")
SECOND = Encrypted("the-second-9cXn2LqK")
CLUSTER = {"kubeconfig": "kubeconfig"}
KEPT = {**CLUSTER, "oidcClientSecret": FIRST}

GATEWAY = "govcloud-gateway"
NAME = f"{GATEWAY}/irica-oidc"
KIND = "kubernetes:core/v1:Secret"

WINDOW = '  window: {host: window.irica.gov.test, requirementsVersion: "1.0"}\n'
NAMED = WINDOW.replace('"1.0"', '"1.0", sso: {clientSecretRef: irica-from-the-vault}')
SERVED = "      window: {offeredIn: own, path: /declarations}\n"

SET = "pulumi config set --secret govcloud:oidcClientSecret"
REMOVE = "pulumi config rm govcloud:oidcClientSecret"


def secrets(recording: Recording) -> list[Registered]:
    if recording.error is not None:
        raise recording.error
    return [registered for registered in recording.registered if registered.type == KIND]


def by_urn(registered: Iterable[Registered]) -> dict[str, Registered]:
    """Return them by what names them: those that do not wait for each other come in any order."""
    listed = list(registered)
    found = {one.urn: one for one in listed}
    assert len(found) == len(listed)
    return found


def texts_in_clear(value: Any) -> Iterator[str]:
    """Yield every text that is not inside of a value marked secret."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) != SECRET:
            for key, item in value.items():
                yield key
                yield from texts_in_clear(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in_clear(item)
    elif isinstance(value, str):
        yield value


# What is registered


def test_it_becomes_one_secret_where_the_login_looks_for_it(record: Program) -> None:
    (registered,) = secrets(record("irica", config=KEPT))
    assert registered.name == NAME
    assert registered.inputs == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "irica-oidc", "namespace": GATEWAY, "labels": owner_labels("irica", "production")},
        "type": "Opaque",
        "stringData": {SIGNATURE: SECRET, "value": {"client-secret": FIRST}},
    }


def test_it_is_the_one_that_the_login_names(record: Program) -> None:
    recording = record("irica", config=KEPT)
    login = recording.one(f"{GATEWAY}/irica", ":SecurityPolicy").inputs["spec"]["oidc"]
    (metadata,) = (registered.inputs["metadata"] for registered in secrets(recording))
    assert login["clientSecret"]["name"] == metadata["name"]
    assert login["clientSecret"]["namespace"] == metadata["namespace"]


def test_it_comes_after_the_default_deny_and_before_every_route_and_access(record: Program) -> None:
    recording = record("irica", config=KEPT)
    (registered,) = secrets(recording)
    assert recording.one("irica-production/default-deny").urn in recording.needs(registered)
    later = [r for r in recording.objects if r.type.endswith((":HTTPRoute", ":RoleBinding"))]
    production = [r for r in later if r.name.startswith("irica-production/")]
    assert {r.type.rpartition(":")[2] for r in production} == {"HTTPRoute", "RoleBinding"}
    for r in production:
        assert registered.urn in recording.needs(r), r.name


def test_it_belongs_to_production_and_goes_when_it_is_wanted_no_more(record: Program) -> None:
    recording = record("irica", config=KEPT)
    (registered,) = secrets(recording)
    assert registered.parent == recording.one("irica-production", ":TenantEnvironment").urn
    assert not registered.protect


def test_everything_else_is_as_without_it(record: Program) -> None:
    with_it, without = record("irica", config=KEPT), record("irica", config=CONFIG)
    (registered,) = secrets(with_it)
    rest = [r for r in with_it.registered if r is not registered]
    assert by_urn(replace(r, dependencies=r.dependencies - {registered.urn}) for r in rest) == by_urn(
        without.registered
    )
    assert with_it.outputs["objects"] == without.outputs["objects"] | {"Secret": 1.0}


def test_rotation_changes_that_one_object(record: Program) -> None:
    before = record("irica", config=KEPT)
    after = record("irica", config={**CLUSTER, "oidcClientSecret": SECOND})
    first, second = by_urn(before.registered), by_urn(after.registered)
    assert first.keys() == second.keys()
    ((old, new),) = ((first[urn], second[urn]) for urn in first if first[urn] != second[urn])
    assert (old.urn, old.type) == (new.urn, KIND)
    assert new == replace(old, inputs={**old.inputs, "stringData": new.inputs["stringData"]})
    assert new.inputs["stringData"]["value"] == {"client-secret": SECOND}
    assert before.outputs == after.outputs


def test_a_policy_in_the_agencys_own_namespace_does_not_count() -> None:
    """It may stand in the window of the parent, and carry the parent's login."""
    login = {"oidc": {"clientSecret": {"name": "parent-oidc", "namespace": GATEWAY}}}
    labels = owner_labels("irica", "production")
    policy = partial(manifest, "gateway.envoyproxy.io/v1alpha1", "SecurityPolicy", "irica", labels=labels)
    assert place([policy(namespace="irica-production", spec=login)], GATEWAY) is None
    assert place([policy(namespace=GATEWAY, spec={"authorization": {}})], GATEWAY) is None
    assert place([policy(namespace=GATEWAY, spec=login)], GATEWAY) == (GATEWAY, "parent-oidc", labels)


# Nowhere in clear


def test_no_request_and_no_output_shows_it(record: Program) -> None:
    recording = record("irica", config=KEPT)
    (registered,) = secrets(recording)
    assert FIRST in json.dumps(registered.inputs)  # the search would find it
    requests = [
        {**r.inputs, "urn": r.urn, "parent": r.parent, "names": [*r.former_names]} for r in recording.registered
    ]
    said = list(texts_in_clear([*requests, recording.outputs]))
    assert "irica-oidc" in said
    for form in (FIRST, base64.b64encode(FIRST.encode()).decode()):
        assert not [text for text in said if form in text]


def test_what_the_provider_answers_is_a_secret_too(record: Program) -> None:
    (registered,) = secrets(record("irica", config=KEPT))
    assert registered.secret_outputs >= {"data", "stringData"}


def test_no_log_shows_it(record: Program, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    assert len(secrets(record("irica", config=KEPT))) == 1
    refused = [
        record("irica", config={**KEPT, "clientSecretExists": "true"}),
        record("irica", config={**CLUSTER, "oidcClientSecret": str(FIRST)}),
        record("irica", config={**CLUSTER, "oidcClientSecret": Encrypted(f"{FIRST} ")}),
        record("ncro", config=KEPT),
        record("platform", config=KEPT),
        record("irica", config=KEPT, stacks={}),
    ]
    captured = capfd.readouterr()
    for said in (captured.out, captured.err, caplog.text, *(str(r.error) for r in refused)):
        assert FIRST not in said
    assert [type(r.error) for r in refused] == [pulumi.RunError] * len(refused)


def test_no_declaration_holds_a_secret() -> None:
    estate = load(ROOT).estate
    assert estate is not None
    kinds = {declared["kind"] for owner in declarations(estate) for declared in owner.manifests}
    assert "SecurityPolicy" in kinds
    assert "Secret" not in kinds


# Who keeps it


def test_a_window_whose_secret_nobody_keeps_is_refused_with_every_way_out(record: Program) -> None:
    sentence = refusal(record("irica", config=CLUSTER))
    assert "irica has a window, and nobody keeps its OIDC client secret" in sentence
    assert f"the Secret {NAME}, key 'client-secret'" in sentence
    assert SET in sentence
    assert "name it in agency_profiles/irica.yaml, spec.window.sso.clientSecretRef" in sentence
    assert "pulumi config set govcloud:clientSecretExists true" in sentence


def test_it_is_refused_before_a_platform_is_asked(record: Program) -> None:
    assert "nobody keeps" in refusal(record("irica", config=CLUSTER, stacks={}))


def test_a_secret_that_somebody_else_keeps_under_the_default_name_is_left_alone(record: Program) -> None:
    assert not secrets(record("irica", config={**CLUSTER, "clientSecretExists": "true"}))


def test_false_keeps_nothing(record: Program) -> None:
    assert "nobody keeps" in refusal(record("irica", config={**CLUSTER, "clientSecretExists": "false"}))


@pytest.mark.parametrize("config", [CLUSTER, {**CLUSTER, "clientSecretExists": "true"}])
def test_a_secret_that_the_profile_names_is_left_alone(record: Program, config: dict[str, str]) -> None:
    record.edit("irica", WINDOW, NAMED)
    recording = record("irica", config=config)
    assert not secrets(recording)
    login = recording.one(f"{GATEWAY}/irica", ":SecurityPolicy").inputs["spec"]["oidc"]
    assert login["clientSecret"]["name"] == "irica-from-the-vault"


def test_two_keepers_by_the_profile_are_refused(record: Program) -> None:
    record.edit("irica", WINDOW, NAMED)
    sentence = refusal(record("irica", config=KEPT))
    assert "has two keepers" in sentence
    assert "spec.window.sso.clientSecretRef: irica-from-the-vault in its profile" in sentence
    assert REMOVE in sentence


def test_two_keepers_by_the_settings_are_refused(record: Program) -> None:
    sentence = refusal(record("irica", config={**KEPT, "clientSecretExists": "true"}))
    assert "has two keepers" in sentence
    assert "somebody else, by govcloud:clientSecretExists" in sentence
    assert REMOVE in sentence


def without_a_window(record: Program) -> None:
    record.edit("irica", WINDOW, "")
    record.edit("irica", SERVED, "")


def without_production(record: Program) -> None:
    record.edit("irica", "{name: production", "{name: test")


@pytest.mark.parametrize("change", [without_a_window, without_production])
def test_it_is_refused_where_no_window_is(record: Program, change: Any) -> None:
    change(record)
    sentence = refusal(record("irica", config=KEPT))
    assert "irica has no window in production that would use it" in sentence
    assert REMOVE in sentence


@pytest.mark.parametrize("change", [without_a_window, without_production])
@pytest.mark.parametrize("config", [CLUSTER, {**CLUSTER, "clientSecretExists": "true"}])
def test_no_window_asks_for_none(record: Program, change: Any, config: dict[str, str]) -> None:
    change(record)
    assert not secrets(record("irica", config=config))


def test_a_child_in_its_parents_window_has_none_of_its_own(examples: Any) -> None:
    root, _ = examples
    recording = Program(root)("ashayer", config=CLUSTER)
    assert not secrets(recording)
    assert recording.objects
    assert "ashayer has no window in production" in refusal(Program(root)("ashayer", config=KEPT))


def test_the_platform_has_none(record: Program) -> None:
    sentence = refusal(record("platform", config=KEPT))
    assert "The platform has no window" in sentence
    assert REMOVE in sentence
    assert SET in sentence


# How it is set


def test_plain_text_is_refused_and_counts_as_known(record: Program) -> None:
    sentence = refusal(record("irica", config={**CLUSTER, "oidcClientSecret": str(FIRST)}))
    assert "The stack 'irica' has govcloud:oidcClientSecret in plain text" in sentence
    assert "Let the login make a new one" in sentence
    assert SET in sentence


def test_plain_text_from_the_environment_is_refused_too(record: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_GOVCLOUD_OIDCCLIENTSECRET", FIRST)
    assert "in plain text" in refusal(record("irica", config=CLUSTER))


@pytest.mark.parametrize("value", ["", " ", f"{FIRST}\n", f" {FIRST}", "two\nlines", "۱۲۳۴۵۶۷۸", "a\u200cb", "a\tb"])
def test_what_no_login_accepts_is_refused(record: Program, value: str) -> None:
    sentence = refusal(record("irica", config={**CLUSTER, "oidcClientSecret": Encrypted(value)}))
    assert "no login accepts" in sentence
    assert SET in sentence
    assert not value.strip() or value not in sentence


@pytest.mark.parametrize("value", ["x", "a b", "~!@#$%^&*(){}[]|;:'\",.<>/?", "A1" * 200])
def test_what_a_login_may_give_is_taken_as_it_is(record: Program, value: str) -> None:
    (registered,) = secrets(record("irica", config={**CLUSTER, "oidcClientSecret": Encrypted(value)}))
    assert registered.inputs["stringData"]["value"] == {"client-secret": value}


def test_a_wrong_answer_to_whether_it_exists_is_refused(record: Program) -> None:
    assert "clientSecretExists" in refusal(record("irica", config={**CLUSTER, "clientSecretExists": "perhaps"}))
