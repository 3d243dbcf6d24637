"""The register of licensed operators: read with the platform, sorted, and open only in the days of its licences."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from components.estate import loader, schema
from components.estate.cache import ParseCache
from components.estate.dates import Day
from components.estate.estate import Estate
from components.estate.operators import REGISTER, Licence, Operator
from tests.estate.expectation import PROFILES, Expected, assert_exactly, judge, make_root

CASES = PROFILES / "invalid-operators"
UNSORTED = PROFILES / "estates" / "licence-ended" / "operators.yaml"
MINIMAL = PROFILES / "valid" / "minimal.yaml"

TEHRAN = ZoneInfo("Asia/Tehran")
SECOND = timedelta(seconds=1)
BEGINS = datetime(2026, 3, 21, tzinfo=TEHRAN)  # 1405-01-01
ENDS = datetime(2027, 3, 21, tzinfo=TEHRAN)  # 1406-01-01


def loaded(root: Path, as_of: datetime | None = None) -> Estate:
    estate, findings = loader.load(root, as_of=lambda _: as_of or datetime.now(UTC))
    assert findings == ()
    assert estate is not None
    return estate


def operator(name: str, *services: str, since: str | None = "1405-01-01", until: str = "1406-01-01") -> Operator:
    begins = Day.parse(since) if since else None
    licence = Licence(ref="R-1", since=begins, until=Day.parse(until), services=services)
    return Operator(id=name, name_fa="اپراتور", name_en="Operator", licence=licence)


def licensed(root: Path, as_of: datetime, card: str, *operators: Operator) -> list[str]:
    estate = msgspec.structs.replace(loaded(root, as_of), operators=operators)
    return [one.id for one in estate.licensed(card)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root", [MINIMAL])


def write(root: Path, text: str) -> None:
    (root / REGISTER).parent.mkdir(parents=True, exist_ok=True)
    (root / REGISTER).write_text(text, encoding="utf-8")


def test_without_a_register_nobody_is_licensed(root: Path) -> None:
    assert loaded(root).operators == ()
    assert loaded(root).licensed("MIN-1") == ()


def test_a_register_may_be_empty(root: Path) -> None:
    write(root, "apiVersion: govcloud.internal/v1\nkind: OperatorRegister\nspec: {operators: []}\n")
    assert loaded(root).operators == ()


def test_operators_come_in_order_of_their_ids_and_know_their_places(tmp_path: Path) -> None:
    estate = loaded(make_root(tmp_path / "root", operators=UNSORTED))
    assert [(one.id, one.index) for one in estate.operators] == [
        ("first", 1),
        ("later", 3),
        ("second", 0),
        ("third", 2),
    ]
    assert [one.group for one in estate.operators[:2]] == ["operator:first", "operator:later"]
    assert estate.operators[1].licence == Licence(
        ref="MICT-OP-1", since=Day.parse("1409-01-01"), until=Day.parse("1410-01-01"), services=("EX-one",)
    )


@pytest.mark.parametrize(
    ("as_of", "is_open"),
    [
        (BEGINS - SECOND, False),
        (BEGINS, True),
        (BEGINS.astimezone(UTC), True),
        (ENDS - SECOND, True),
        (ENDS, False),
        (ENDS + SECOND, False),
    ],
)
def test_a_licence_opens_from_the_first_moment_of_its_first_day_until_that_of_its_end(
    as_of: datetime,
    is_open: bool,  # noqa: FBT001  # the verdict
    root: Path,
) -> None:
    assert bool(licensed(root, as_of, "EX-1", operator("one", "EX-1"))) == is_open


def test_a_licence_without_first_day_has_always_begun_and_ends_all_the_same(root: Path) -> None:
    ever = operator("one", "EX-1", since=None)
    assert licensed(root, datetime(1970, 1, 1, tzinfo=UTC), "EX-1", ever) == ["one"]
    assert licensed(root, ENDS, "EX-1", ever) == []


def test_a_licence_that_ends_before_it_begins_never_opens_anything(root: Path) -> None:
    never = operator("one", "EX-1", since="1406-01-01", until="1405-01-01")
    for as_of in (BEGINS - SECOND, BEGINS, ENDS - SECOND, ENDS):
        assert licensed(root, as_of, "EX-1", never) == []


def test_a_licence_opens_its_services_and_no_others(root: Path) -> None:
    operators = (operator("a", "EX-1", "EX-2"), operator("b", "EX-2"), operator("c", "EX-22", "ex-2", "EX"))
    assert licensed(root, BEGINS, "EX-1", *operators) == ["a"]
    assert licensed(root, BEGINS, "EX-2", *operators) == ["a", "b"]
    assert licensed(root, BEGINS, "EX-3", *operators) == []


def test_a_broken_register_gives_no_estate_and_hides_no_error_of_a_profile(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", [PROFILES / "invalid" / "boolean-no.yaml"], operators=CASES / "days.yaml")
    estate, findings = loader.load(root)
    assert estate is None
    assert {finding.rule for finding in findings} == {"ambiguous-boolean", "wrong-day"}


def test_a_remembered_register_gives_the_same_findings_at_the_same_places(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", operators=CASES / "days.yaml")
    first, second = ParseCache(root / "cache.json"), ParseCache(root / "cache.json")
    found = loader.load(root, parser=first)
    first.save()
    second = ParseCache(root / "cache.json")
    assert second((root / REGISTER).read_text(encoding="utf-8")).root is None
    assert loader.load(root, parser=second) == found
    assert found.findings[0].where.line > 0


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _dangling(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("nowhere.yaml")


def _under_a_file(path: Path) -> None:
    path.parent.parent.mkdir()
    path.parent.write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "rule", "fragment"),
    [
        (_folder, "not-a-file", "not a regular file"),
        (_dangling, "link", "commit the file itself"),
        (_under_a_file, "unreadable-file", "Not a directory"),
    ],
)
def test_what_is_there_and_cannot_be_read_is_no_absent_register(
    make: Callable[[Path], None], rule: str, fragment: str, root: Path
) -> None:
    make(root / REGISTER)
    assert loader.load(root).estate is None
    found = [finding for finding in judge(root) if finding.where.file == REGISTER]
    assert_exactly(found, [Expected(0, 0, rule, "", fragment)])


@pytest.mark.parametrize("beside", [True, False])
def test_a_register_that_ends_in_yml_is_refused_not_forgotten(beside: bool, root: Path) -> None:  # noqa: FBT001
    if beside:
        write(root, UNSORTED.read_text(encoding="utf-8"))
    (root / REGISTER).parent.mkdir(parents=True, exist_ok=True)
    (root / REGISTER).with_suffix(".yml").write_text("", encoding="utf-8")
    estate, (finding,) = loader.load(root)
    assert estate is None
    assert (finding.rule, finding.subject) == ("file-ending", "platform")
    assert str(finding.where) == "policies/registers/operators.yml"


def test_ids_and_cards_follow_the_same_rules_as_in_a_profile() -> None:
    profile = schema.load(schema.AGENCY_PROFILE)
    entry = schema.load(schema.OPERATORS)["properties"]["spec"]["properties"]["operators"]["items"]["properties"]
    service = profile["properties"]["spec"]["properties"]["services"]["items"]["properties"]
    assert entry["id"]["pattern"] == profile["$defs"]["id"]["pattern"]
    assert entry["licence"]["properties"]["services"]["items"]["pattern"] == service["cardId"]["pattern"]


def test_the_register_of_the_project_licenses_one_operator_and_no_longer_the_other(project: Path) -> None:
    as_of = datetime(2026, 6, 1, tzinfo=UTC)
    estate = loaded(project, as_of)
    holding, ended = estate.operators
    assert not estate.has_ended(holding.licence.until)
    assert estate.has_ended(ended.licence.until)
    named = {
        service.card_id: (agency.id, service.access.policy)
        for agency in estate.agencies
        for service in agency.profile.spec.services
        if estate.licensed(service.card_id) == (holding,)
    }
    assert named.keys() == set(holding.licence.services)
    assert len({agency for agency, _ in named.values()}) >= 3
    assert {policy for _, policy in named.values()} == {"login", "groups"}
    assert not any(estate.licensed(card) for card in ended.licence.services)


def test_an_editor_finds_the_schema_of_the_register_by_its_first_line(project: Path) -> None:
    first, second, *_ = (project / REGISTER).read_text(encoding="utf-8").splitlines()
    named = first.removeprefix("# yaml-language-server: $schema=")
    target = Path(os.path.normpath((project / REGISTER).parent / named))
    assert target == project / "components" / "estate" / "schema" / "operators.json"
    assert json.loads(target.read_text(encoding="utf-8")) == schema.load(schema.OPERATORS)
    assert second.startswith("# Synthetic")
