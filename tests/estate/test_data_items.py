"""The once-only register: read with the platform, complete for the examples, and advice to whoever asks twice."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from components.estate import loader, schema
from components.estate.data_items import REGISTER
from components.estate.estate import Estate
from components.estate.finding import Finding
from policies.engine import found
from policies.rules import data_items
from tests.estate.expectation import AS_OF, PROFILES, by_file, judge, make_root

ESTATES = PROFILES / "estates"
MINIMAL = PROFILES / "valid" / "minimal.yaml"
GATING = {"datum-repeated", "datum-holder-unknown"}


def laid_out(folder: str, root: Path, *, with_register: bool = True) -> Path:
    files = {path.stem: path for path in (ESTATES / folder).iterdir()}
    register = files.pop("data-items", None)
    return make_root(root / "root", files.values(), data_items=register if with_register else None)


def loaded(root: Path, as_of: datetime = AS_OF) -> Estate:
    estate, _ = loader.load(root, as_of=lambda _: as_of)
    assert estate is not None
    return estate


def said(estate: Estate) -> Iterator[Finding]:
    return (finding for finding in found(estate, data_items.RULES))


@pytest.mark.parametrize("folder", sorted(path.name for path in ESTATES.glob("datum-*")))
def test_only_what_the_register_says_against_itself_stops_a_run(folder: str, tmp_path: Path) -> None:
    findings = [*said(loaded(laid_out(folder, tmp_path)))]
    assert findings
    for finding in findings:
        assert finding.gates is (finding.rule in GATING)
        assert finding.source == "once-only (R38)"
        assert (finding.subject == "platform") is finding.gates


def test_a_service_without_a_request_cites_its_own_requirement(tmp_path: Path) -> None:
    findings = [*said(loaded(laid_out("trigger-without-inquiry", tmp_path)))]
    assert {(finding.rule, finding.source, finding.gates) for finding in findings} == {
        ("trigger-without-inquiry", "services without a request (R45)", False)
    }


@pytest.mark.parametrize("folder", ["datum-asked-again", "datum-foreign", "datum-unregistered", "datum-repeated"])
def test_without_a_register_nothing_is_known_of_any_datum(folder: str, tmp_path: Path) -> None:
    estate = loaded(laid_out(folder, tmp_path, with_register=False))
    assert estate.data_items == ()
    assert list(said(estate)) == []


def test_what_needs_no_register_is_said_without_one(tmp_path: Path) -> None:
    estate = loaded(laid_out("datum-elsewhere", tmp_path, with_register=False))
    assert [(one.rule, one.where.path[4]) for one in said(estate) if one.rule == "datum-elsewhere"] == [
        ("datum-elsewhere", 1),
        ("datum-elsewhere", 3),
    ]


def test_a_datum_comes_until_its_consent_ends_and_not_a_moment_longer(tmp_path: Path) -> None:
    root = laid_out("datum-without-inquiry", tmp_path)
    place = ("spec", "services", 0, "dataItems", 0, "obtainedFrom")
    end = datetime(2028, 2, 20, tzinfo=loaded(root).platform.zone)  # 1406-12-01
    for as_of, is_there in ((end.replace(day=19, hour=23, minute=59), True), (end, False)):
        ended = [finding for finding in said(loaded(root, as_of)) if finding.where.path == place]
        assert (ended == []) is is_there
        assert all("(ended)" in finding.summary.en for finding in ended)


def test_a_datum_comes_only_while_both_sides_say_so(tmp_path: Path) -> None:
    estate = loaded(laid_out("datum-without-inquiry", tmp_path))
    one, two = estate.agency("one"), estate.agency("two")
    assert one is not None
    assert two is not None
    replace = msgspec.structs.replace
    (matched, *others), (person, *rest) = one.profile.spec.inquiries, two.profile.spec.apis
    assert (matched.api, person.id) == ("person", "person")
    silent = replace(one, profile=replace(one.profile, spec=replace(one.profile.spec, inquiries=tuple(others))))
    shut = replace(person, consents=())
    closed = replace(two, profile=replace(two.profile, spec=replace(two.profile.spec, apis=(shut, *rest))))
    other = replace(person, data_items=("other",))
    empty = replace(two, profile=replace(two.profile, spec=replace(two.profile.spec, apis=(other, *rest))))
    for agencies, fragment in (
        ((silent, two), "no electronic inquiry asks for it"),
        ((one, closed), "waits for the provider"),
        ((one, empty), "no electronic inquiry asks for it"),
    ):
        (finding,) = [f for f in said(replace(estate, agencies=agencies)) if f.where.path[4:5] == (0,)]
        assert (finding.rule, finding.subject) == ("datum-without-inquiry", "one")
        assert fragment in finding.summary.en


def test_an_empty_register_is_kept_and_a_repeated_file_ending_is_not_read(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [MINIMAL])
    (root / REGISTER).parent.mkdir(parents=True)
    (root / REGISTER).write_text(
        "apiVersion: govcloud.internal/v1\nkind: DataItemRegister\nspec: {items: []}\n", encoding="utf-8"
    )
    assert judge(root) == ()
    (root / REGISTER).with_suffix(".yml").write_text("", encoding="utf-8")
    (finding,) = judge(root)
    assert (finding.rule, str(finding.where)) == ("file-ending", "policies/registers/data-items.yml")
    assert loader.load(root).estate is None


def test_what_is_there_and_cannot_be_read_is_no_absent_register(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [MINIMAL])
    (root / REGISTER).mkdir(parents=True)
    assert loader.load(root).estate is None
    assert [finding.rule for finding in by_file(judge(root))[REGISTER]] == ["not-a-file"]


def test_the_register_of_the_project_has_each_datum_at_the_agency_whose_api_gives_it(project: Path) -> None:
    estate = loaded(project)
    given = sorted(
        (item, agency.id) for agency in estate.agencies for api in agency.profile.spec.apis for item in api.data_items
    )
    assert sorted((datum.id, datum.held_by) for datum in estate.data_items) == given
    assert len(given) > 50


def test_the_examples_show_one_datum_asked_again_and_one_that_an_ended_consent_keeps_back(project: Path) -> None:
    findings = [(f.rule, f.subject, f.where.path[2:5:2]) for f in said(loaded(project))]
    assert findings == [("datum-without-inquiry", "msrt", (7, 0)), ("datum-asked-again", "msrt", (8, 0))]


def test_an_editor_finds_the_schema_of_the_register_by_its_first_line(project: Path) -> None:
    first, second, *_ = (project / REGISTER).read_text(encoding="utf-8").splitlines()
    target = Path(
        os.path.normpath((project / REGISTER).parent / first.removeprefix("# yaml-language-server: $schema="))
    )
    assert target == project / "components" / "estate" / "schema" / "data-items.json"
    assert json.loads(target.read_text(encoding="utf-8")) == schema.load(schema.DATA_ITEMS)
    assert second.startswith("# Synthetic")


def test_keys_titles_and_holders_follow_the_same_rules_as_in_a_profile() -> None:
    profile = schema.load(schema.AGENCY_PROFILE)
    entry = schema.load(schema.DATA_ITEMS)["properties"]["spec"]["properties"]["items"]["items"]["properties"]
    assert entry["id"]["pattern"] == profile["$defs"]["key"]["pattern"]
    assert entry["heldBy"]["pattern"] == profile["$defs"]["id"]["pattern"]
