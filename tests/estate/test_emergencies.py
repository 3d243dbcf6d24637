"""The register of emergencies: read with the platform, in force in its own moments and in no others."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from components.estate import loader, schema
from components.estate.emergencies import NONE, REGISTER, BreakGlass, Emergencies, Quarantine, told
from components.estate.estate import Estate, record
from components.estate.finding import Words
from tests.estate.expectation import PROFILES, Expected, assert_exactly, judge, make_root

CASES = PROFILES / "invalid-emergencies"
MINIMAL = PROFILES / "valid" / "minimal.yaml"
TEHRAN = ZoneInfo("Asia/Tehran")
SECOND = timedelta(seconds=1)
BEGINS = datetime(2026, 11, 22, 9, tzinfo=TEHRAN)
ENDS = datetime(2026, 11, 23, tzinfo=TEHRAN)
TERM = {
    "decidedBy": "Security centre",
    "reason": "A stolen account",
    "from": "1405-09-01T09:00+03:30",
    "until": "1405-09-02",
}
CLOCK = [
    (BEGINS - SECOND, False),
    (BEGINS, True),
    (BEGINS.astimezone(UTC), True),
    (ENDS - SECOND, True),
    (ENDS, False),
    (ENDS + SECOND, False),
]


def emergencies(**fields: list[dict[str, Any]]) -> Emergencies:
    return record({"quarantines": [], "breakGlass": []} | fields, Emergencies)


def quarantine(agency: str = "minimal", **changes: Any) -> dict[str, Any]:
    return {"agency": agency} | TERM | changes


def break_glass(group: str = "minimal:operator", environment: str = "production", **changes: Any) -> dict[str, Any]:
    return {"agency": "minimal", "environment": environment, "group": group} | TERM | changes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root", [MINIMAL])


def at(root: Path, as_of: datetime, held: Emergencies) -> Estate:
    estate, findings = loader.load(root, as_of=lambda _: as_of)
    assert findings == ()
    assert estate is not None
    return msgspec.structs.replace(estate, emergencies=held)


def write(root: Path, text: str) -> None:
    (root / REGISTER).parent.mkdir(parents=True, exist_ok=True)
    (root / REGISTER).write_text(text, encoding="utf-8")


def test_without_a_register_there_is_no_emergency(root: Path) -> None:
    estate, findings = loader.load(root)
    assert findings == ()
    assert estate is not None
    assert estate.emergencies == NONE == emergencies()
    assert estate.quarantine("minimal") is None


def test_a_register_is_read_with_the_places_of_its_records(root: Path) -> None:
    content = {"quarantines": [quarantine(), quarantine("other")], "breakGlass": [break_glass()]}
    write(root, json.dumps({"apiVersion": "govcloud.internal/v1", "kind": "EmergencyRegister", "spec": content}))
    estate, findings = loader.load(root, as_of=lambda _: BEGINS)
    assert findings == ()
    assert estate is not None
    assert [placed.path for placed in estate.emergencies.listed()] == [
        ("spec", "quarantines", 0),
        ("spec", "quarantines", 1),
        ("spec", "breakGlass", 0),
    ]
    first, _, last = (placed.emergency for placed in estate.emergencies.listed())
    assert estate.quarantine("minimal") == first
    assert estate.break_glass("minimal", "production") == (last,)
    assert (first.decided_by, first.reason, first.since) == ("Security centre", "A stolen account", TERM["from"])


@pytest.mark.parametrize(("as_of", "holds"), CLOCK)
def test_a_quarantine_holds_from_its_first_moment_until_its_end(as_of: datetime, holds: bool, root: Path) -> None:  # noqa: FBT001
    estate = at(root, as_of, emergencies(quarantines=[quarantine()]))
    assert (estate.quarantine("minimal") is not None) is holds
    assert estate.quarantine("another") is None


@pytest.mark.parametrize(("as_of", "holds"), CLOCK)
def test_break_glass_holds_from_its_first_moment_until_its_end(as_of: datetime, holds: bool, root: Path) -> None:  # noqa: FBT001
    estate = at(root, as_of, emergencies(breakGlass=[break_glass()]))
    assert bool(estate.break_glass("minimal", "production")) is holds
    assert estate.break_glass("minimal", "test") == estate.break_glass("another", "production") == ()


def test_of_several_records_the_one_in_force_counts(root: Path) -> None:
    ended = quarantine(reason="earlier", **{"from": "1405-08-01", "until": "1405-08-02"})
    held = emergencies(quarantines=[ended, quarantine("other", reason="another's"), quarantine()])
    found = at(root, BEGINS, held).quarantine("minimal")
    assert found is not None
    assert found.reason == "A stolen account"


def test_all_groups_with_access_at_a_time_are_given(root: Path) -> None:
    held = emergencies(breakGlass=[break_glass(), break_glass("minimal:developer"), break_glass(environment="test")])
    found = at(root, BEGINS, held).break_glass("minimal", "production")
    assert [one.group for one in found] == ["minimal:operator", "minimal:developer"]
    assert len({one.binding for one in found}) == 2


def test_two_groups_never_share_a_binding() -> None:
    similar = [break_glass("a-b:c"), break_glass("a:b-c")]
    assert len({one.binding for one in emergencies(breakGlass=similar).break_glass}) == 2


def test_a_quarantine_may_last_longer_than_a_way_into_pods() -> None:
    assert timedelta(hours=1) < BreakGlass.LONGEST < Quarantine.LONGEST


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (BEGINS, Words("2026-11-22 (1405-09-01) 09:00", "1405-09-01 (2026-11-22) ساعت 09:00")),
        (ENDS - SECOND, Words("2026-11-22 (1405-09-01) 23:59:59", "1405-09-01 (2026-11-22) ساعت 23:59:59")),
    ],
)
def test_a_moment_is_told_in_both_calendars(moment: datetime, words: Words) -> None:
    assert told(moment) == words


def test_a_broken_register_gives_no_estate_and_hides_no_error_of_a_profile(tmp_path: Path) -> None:
    root = make_root(
        tmp_path / "root", [PROFILES / "invalid" / "boolean-no.yaml"], emergencies=CASES / "another-kind.yaml"
    )
    estate, findings = loader.load(root)
    assert estate is None
    assert {finding.rule for finding in findings} == {"ambiguous-boolean", "not-allowed"}


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _dangling(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("nowhere.yaml")


@pytest.mark.parametrize(
    ("make", "rule", "fragment"),
    [(_folder, "not-a-file", "not a regular file"), (_dangling, "link", "commit the file itself")],
)
def test_what_is_there_and_cannot_be_read_is_no_absent_register(
    make: Callable[[Path], None], rule: str, fragment: str, root: Path
) -> None:
    make(root / REGISTER)
    assert loader.load(root).estate is None
    assert_exactly(judge(root), [Expected(0, 0, rule, "", fragment)])


def test_a_register_that_ends_in_yml_is_refused_not_forgotten(root: Path) -> None:
    write(root, "")
    (root / REGISTER).rename((root / REGISTER).with_suffix(".yml"))
    estate, (finding,) = loader.load(root)
    assert estate is None
    assert (finding.rule, finding.subject) == ("file-ending", "platform")


def test_the_register_of_the_project_holds_nothing_and_names_its_schema(project: Path) -> None:
    estate, _ = loader.load(project)
    assert estate is not None
    assert estate.emergencies == NONE
    first, second, *_ = (project / REGISTER).read_text(encoding="utf-8").splitlines()
    target = Path(
        os.path.normpath((project / REGISTER).parent / first.removeprefix("# yaml-language-server: $schema="))
    )
    assert json.loads(target.read_text(encoding="utf-8")) == schema.load(schema.EMERGENCIES)
    assert second.startswith("# Synthetic")


def test_ids_and_environments_follow_the_same_rules_as_in_a_profile() -> None:
    profile = schema.load(schema.AGENCY_PROFILE)
    spec = schema.load(schema.EMERGENCIES)["properties"]["spec"]["properties"]
    for field in ("quarantines", "breakGlass"):
        assert spec[field]["items"]["properties"]["agency"]["pattern"] == profile["$defs"]["id"]["pattern"]
