"""The committee's records as files: read beside the profiles, and never silently left out."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.estate import loader, schema
from components.estate.cache import ParseCache
from components.estate.dates import Day
from components.estate.estate import Estate
from components.estate.waiver import WAIVERS, DecisionStatus, both_calendars
from tests.estate.expectation import PROFILES, Expected, assert_exactly, judge, make_root

HOLDS = PROFILES / "estates" / "waiver-holds"
MINIMAL = PROFILES / "valid" / "minimal.yaml"
BROKEN = PROFILES / "invalid-waivers" / "days.yaml"


def loaded(root: Path) -> Estate:
    estate, findings = loader.load(root, as_of=lambda _: datetime.now(UTC))
    assert findings == ()
    assert estate is not None
    return estate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root", [MINIMAL])


def test_without_a_folder_or_with_an_empty_one_nothing_is_waived(root: Path) -> None:
    assert loaded(root).waivers == ()
    (root / WAIVERS).mkdir(parents=True)
    assert loaded(root).waivers == ()


def test_records_come_in_order_of_their_ids_and_know_their_files(tmp_path: Path) -> None:
    files = {path.stem.removeprefix("waiver-"): path for path in HOLDS.glob("waiver-*.yaml")}
    estate = loaded(make_root(tmp_path / "root", waivers=dict(reversed(files.items()))))
    assert [waiver.id for waiver in estate.waivers] == sorted(files)
    first = estate.waivers[0]
    assert first.file == "policies/waivers/W-1405-001.yaml"
    assert first.is_justified
    assert (first.spec.since, first.spec.until) == (Day.parse("1405-08-02"), Day.parse("1405-10-30"))
    assert first.spec.decision.status is DecisionStatus.JUSTIFIED
    assert str(estate.waivers[1].spec.subject) == "one/production/Namespace/one-production"


def test_a_broken_record_gives_no_estate_and_hides_no_error_of_a_profile(tmp_path: Path) -> None:
    profile = PROFILES / "invalid" / "boolean-no.yaml"
    root = make_root(tmp_path / "root", [profile], waivers={"W-1405-001": BROKEN})
    estate, findings = loader.load(root)
    assert estate is None
    assert {finding.rule for finding in findings} == {"ambiguous-boolean", "wrong-day"}


def test_a_remembered_record_gives_the_same_findings_at_the_same_places(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", waivers={"W-1405-001": BROKEN})
    first = ParseCache(root / "cache.json")
    found = loader.load(root, parser=first)
    first.save()
    assert loader.load(root, parser=ParseCache(root / "cache.json")) == found
    assert found.findings[0].where.line > 0


def _a_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("", encoding="utf-8")


def _dangling(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "fragment"),
    [(_a_file, "Not a directory"), (_dangling, "No such file")],
)
def test_what_is_there_and_cannot_be_listed_is_no_absent_folder(
    make: Callable[[Path], None], fragment: str, root: Path
) -> None:
    make(root / WAIVERS)
    assert loader.load(root).estate is None
    assert_exactly(judge(root), [Expected(0, 0, "unreadable-file", "", fragment)])


@pytest.mark.parametrize(("name", "rule"), [("W-1405-001.yml", "file-ending"), ("W-1405-001.yaml", "empty-document")])
def test_a_record_that_is_there_is_never_no_record(name: str, rule: str, root: Path) -> None:
    (root / WAIVERS).mkdir(parents=True)
    (root / WAIVERS / name).write_text("", encoding="utf-8")
    estate, (finding,) = loader.load(root)
    assert estate is None
    assert (finding.rule, finding.subject, finding.where.file) == (rule, "platform", f"{WAIVERS}/{name}")


def test_a_link_or_folder_is_no_record(root: Path) -> None:
    (root / WAIVERS / "W-1405-002.yaml").mkdir(parents=True)
    (root / WAIVERS / "W-1405-001.yaml").symlink_to(HOLDS / "waiver-W-1405-001.yaml")
    estate, findings = loader.load(root)
    assert estate is None
    assert [finding.rule for finding in findings] == ["link", "not-a-file"]


def test_hidden_files_of_editors_are_nobodys_records(root: Path) -> None:
    (root / WAIVERS).mkdir(parents=True)
    (root / WAIVERS / ".W-1405-001.yaml").write_text("", encoding="utf-8")
    assert loaded(root).waivers == ()


def test_subjects_and_bodies_follow_the_same_rules_as_in_a_profile() -> None:
    profile = schema.load(schema.AGENCY_PROFILE)
    spec = schema.load(schema.WAIVER)["properties"]["spec"]["properties"]
    environments = profile["properties"]["spec"]["properties"]["environments"]["items"]["properties"]
    assert spec["subject"]["properties"]["agency"]["pattern"] == profile["$defs"]["id"]["pattern"]
    assert spec["requestedBy"]["pattern"] == profile["$defs"]["id"]["pattern"]
    assert spec["subject"]["properties"]["environment"]["enum"] == environments["name"]["enum"]
    assert (
        spec["renews"]["pattern"] == schema.load(schema.WAIVER)["properties"]["metadata"]["properties"]["id"]["pattern"]
    )


def test_a_day_is_said_in_both_calendars_the_readers_first() -> None:
    words = both_calendars(Day.parse("1405-11-20"))
    assert words.en == "2027-02-09 (1405-11-20)"
    assert words.fa == "1405-11-20 (2027-02-09)"


def test_an_editor_finds_the_schema_of_a_record_by_its_first_line(project: Path) -> None:
    paths = sorted((project / WAIVERS).glob("*.yaml"))
    assert paths
    for path in paths:
        first, second, *_ = path.read_text(encoding="utf-8").splitlines()
        target = Path(os.path.normpath(path.parent / first.removeprefix("# yaml-language-server: $schema=")))
        assert json.loads(target.read_text(encoding="utf-8")) == schema.load(schema.WAIVER)
        assert second.startswith("# Synthetic")
