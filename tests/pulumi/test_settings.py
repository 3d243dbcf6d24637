"""The stack's settings decide the cluster, and nothing in the environment does."""

from pathlib import Path

import pulumi
import pytest

from tests.pulumi.conftest import CONFIG, Program
from tests.pulumi.recorder import PROVIDER, SECRET, SIGNATURE


@pytest.mark.parametrize("config", [{}, {"kubeconfig": ""}, {"kubeconfig": " "}])
def test_a_missing_kubeconfig_is_refused_with_the_command_that_sets_it(
    record: Program, config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somebody/else")
    recording = record("irica", config=config)
    assert isinstance(recording.error, pulumi.RunError)
    assert 'pulumi config set govcloud:kubeconfig "$(govcloud cloud kubeconfig)"' in str(recording.error)
    assert not recording.registered


def test_a_kubeconfig_that_is_not_there_is_refused(record: Program) -> None:
    recording = record("irica", config={"kubeconfig": "missing"})
    assert isinstance(recording.error, pulumi.RunError)
    assert str(record.root / "missing") in str(recording.error)


def test_a_wrong_take_over_is_refused(record: Program) -> None:
    recording = record("irica", config={**CONFIG, "takeOver": "perhaps"})
    assert isinstance(recording.error, pulumi.RunError)
    assert not recording.registered


def test_a_path_is_passed_on_whole(record: Program) -> None:
    provider = record("irica").one("cluster", PROVIDER)
    assert provider.inputs["kubeconfig"] == str(record.root / "kubeconfig")


def test_content_is_a_secret(record: Program) -> None:
    provider = record("irica", config={**CONFIG, "kubeconfig": "apiVersion: v1\nkind: Config\n"}).one(
        "cluster", PROVIDER
    )
    assert provider.inputs["kubeconfig"] == {SIGNATURE: SECRET, "value": "apiVersion: v1\nkind: Config\n"}


def test_the_environment_decides_nothing(record: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = record("irica").one("cluster", PROVIDER).inputs
    for name in (
        "DELETE_UNREACHABLE",
        "ENABLE_CONFIGMAP_MUTABLE",
        "ENABLE_PATCH_FORCE",
        "ENABLE_SECRET_MUTABLE",
        "ENABLE_SERVER_SIDE_APPLY",
        "SKIP_UPDATE_UNREACHABLE",
        "UPSERT_EXISTING_OBJECTS",
    ):
        for value in ("true", "false"):
            monkeypatch.setenv(f"PULUMI_K8S_{name}", value)
            assert record("irica").one("cluster", PROVIDER).inputs == plain, name
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "other"))
    assert record("irica").one("cluster", PROVIDER).inputs == plain


def test_a_context_can_be_chosen(record: Program) -> None:
    provider = record("irica", config={**CONFIG, "context": "second"}).one("cluster", PROVIDER)
    assert provider.inputs["context"] == "second"


@pytest.mark.parametrize(("setting", "adopts"), [("true", "true"), ("false", "false")])
def test_only_the_take_over_adopts_what_exists(record: Program, setting: str, adopts: str) -> None:
    provider = record("irica", config={**CONFIG, "takeOver": setting}).one("cluster", PROVIDER)
    assert provider.inputs["upsertExistingObjects"] == adopts


def test_the_cluster_is_known_by_its_name_in_the_profile(record: Program) -> None:
    assert record("irica").one("cluster", PROVIDER).inputs["clusterIdentifier"] == "primary"


def test_an_agency_may_have_a_stack_of_another_name(record: Program) -> None:
    recording = record("customs", config={**CONFIG, "agency": "irica"})
    assert recording.error is None
    assert recording.outputs["agency"] == "irica"
