"""What is refused: in a sentence, with nothing registered."""

import pulumi
import pytest

from components.shared import BASELINE
from tests.pulumi.conftest import PLATFORM, Program
from tests.pulumi.recorder import Recording


def refusal(recording: Recording) -> str:
    assert isinstance(recording.error, pulumi.RunError), recording.error
    assert not recording.registered
    assert not recording.outputs
    return str(recording.error)


@pytest.mark.parametrize(("stack", "near"), [("iricaa", "irica"), ("nrco", "ncro"), ("plattform", "platform")])
def test_an_unknown_stack_is_refused_with_the_nearest_name(record: Program, stack: str, near: str) -> None:
    sentence = refusal(record(stack))
    assert f"No agency is called {stack!r}" in sentence
    assert f"Did you mean {near!r}?" in sentence


def test_an_unknown_agency_of_a_known_stack_is_refused(record: Program) -> None:
    assert "No agency is called 'nrco'" in refusal(record("irica", config={"kubeconfig": "{}", "agency": "nrco"}))


def test_a_mandatory_finding_of_the_agency_is_refused_with_its_place(record: Program) -> None:
    record.edit("irica", "size: medium", "size: gigantic")
    sentence = refusal(record("irica"))
    assert "irica is not provisioned, nothing was changed. Mandatory findings: 1." in sentence
    assert "agency_profiles/irica.yaml:26:26 [size-unknown]" in sentence
    assert "'gigantic'" in sentence


def test_a_profile_that_cannot_be_read_is_refused_with_all_its_errors(record: Program) -> None:
    record.edit("irica", "legalScope: nationalAgency", "legalScop: nationalAgency")
    record.edit("irica", "incidentSystemLevel: 2", "incidentSystemLevel: two")
    sentence = refusal(record("irica"))
    assert "Mandatory findings: 3." in sentence
    assert "did you mean 'legalScope'?" in sentence


def test_a_finding_of_another_agency_does_not_stop_this_one(record: Program) -> None:
    record.edit("irica", "size: medium", "size: gigantic")
    recording = record("ncro")
    assert recording.error is None
    assert recording.objects


def test_a_platform_that_cannot_be_read_stops_everybody(record: Program) -> None:
    (record.root / "stacks" / "platform.yaml").write_text("zone: [", encoding="utf-8")
    for stack in ("irica", "platform", "nobody"):
        assert "stacks/platform.yaml:" in refusal(record(stack))


def test_a_platform_that_was_never_made_is_refused(record: Program) -> None:
    sentence = refusal(record("irica", stacks={}))
    assert f"The platform's stack {PLATFORM!r} cannot be read" in sentence
    assert "pulumi up --stack platform" in sentence


def test_a_platform_that_was_never_brought_up_is_refused(record: Program) -> None:
    assert "has no baseline: it was never brought up" in refusal(record("irica", stacks={PLATFORM: {}}))


def test_an_older_platform_is_refused(record: Program) -> None:
    sentence = refusal(record("irica", stacks={PLATFORM: {"baseline": BASELINE - 1}}))
    assert f"has baseline {BASELINE - 1}, this program needs {BASELINE} or later" in sentence


def test_a_newer_platform_is_fine(record: Program) -> None:
    assert record("irica", stacks={PLATFORM: {"baseline": BASELINE + 1}}).error is None


def test_the_platform_itself_asks_for_no_platform(record: Program) -> None:
    assert record("platform", stacks={}).error is None
