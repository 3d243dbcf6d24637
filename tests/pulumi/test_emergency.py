"""`pulumi up` in an emergency: what is registered, and what must be able to go again."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from components.estate.emergencies import REGISTER
from tests.pulumi.conftest import Program
from tests.pulumi.recorder import Recording

TERM = {"decidedBy": "Security centre", "reason": "Synthetic"}
ENTERED = {"agency": "irica", "environment": "production", "group": "irica:operator"} | TERM
SHUT = {"agency": "irica"} | TERM


def hours(*, begun: int, left: int) -> dict[str, str]:
    """Return an interval about now: the program has no other clock."""
    now = datetime.now(UTC)
    return {"from": (now - timedelta(hours=begun)).isoformat(), "until": (now + timedelta(hours=left)).isoformat()}


def up(record: Program, *, quarantines: tuple[object, ...] = (), break_glass: tuple[object, ...] = ()) -> Recording:
    spec = {"quarantines": quarantines, "breakGlass": break_glass}
    path = record.root / REGISTER
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"apiVersion": "govcloud.internal/v1", "kind": "EmergencyRegister", "spec": spec}
    path.write_bytes(msgspec.json.encode(content))
    recording = record("irica")
    if recording.error is not None:
        raise recording.error
    return recording


def policies(recording: Recording) -> set[str]:
    return {r.name for r in recording.objects if r.type.endswith(":NetworkPolicy")}


def test_of_a_quarantined_agency_only_what_shuts_is_registered(record: Program) -> None:
    calm = up(record)
    shut = up(record, quarantines=(SHUT | hours(begun=1, left=1),))
    spaces = ("irica-production", "irica-staging")
    assert policies(shut) == {f"{space}/{name}" for space in spaces for name in ("default-deny", "allow-dns")}
    assert policies(calm) > policies(shut)
    assert {r.name for r in calm.objects} - {r.name for r in shut.objects} == policies(calm) - policies(shut)


def test_nothing_that_a_quarantine_takes_away_is_protected(record: Program) -> None:
    """The engine would refuse to delete it, and the agency would stay open."""
    calm, shut = up(record), up(record, quarantines=(SHUT | hours(begun=1, left=1),))
    gone = [r for r in calm.objects if r.name in policies(calm) - policies(shut)]
    assert gone
    assert not [r.name for r in gone if r.protect]


@pytest.mark.parametrize(("begun", "left", "holds"), [(1, 1, True), (2, -1, False), (-1, 2, False)])
def test_break_glass_in_production_is_there_in_its_time_and_may_go(
    record: Program,
    begun: int,
    left: int,
    holds: bool,  # noqa: FBT001  # the verdict
) -> None:
    recording = up(record, break_glass=(ENTERED | hours(begun=begun, left=left),))
    found = [r for r in recording.objects if "break-glass" in r.name]
    assert [r.name for r in found] == ["irica-production/break-glass-irica:operator"] * holds
    assert not [r.name for r in found if r.protect]
    assert recording.one("irica-production/operator").protect
