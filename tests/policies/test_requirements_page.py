"""The page of requirements is honest: what it names exists, what exists for them is named, and cites its source."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.estate import loader, schema
from components.estate.duties import DutyId
from components.estate.finding import Finding, Level
from components.estate.loader import read_duties as read
from policies.catalogue import CATALOGUE
from policies.duties import duties
from policies.engine import evaluate
from policies.rules import centre, committee, connection, data_items
from tests.estate.examples import resolved
from tests.estate.expectation import AS_OF, PROFILES, make_root
from tests.estate.test_coverage import possible, rules_of

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "reference" / "requirements.md").read_text(encoding="utf-8")
ROWS: Mapping[str, str] = dict(re.findall(r"^\| (R\d+) \| (.+) \|$", PAGE, re.MULTILINE))
MODULES = [Path(str(module.__file__)) for module in (centre, committee, connection)]
OURS = {rule for module in MODULES for rule in rules_of(module)}


def named(what: str) -> set[str]:
    return set(re.findall(rf"{what} `([^`]+)`", "\n".join(ROWS.values())))


def test_every_requirement_of_the_four_sections_has_a_row() -> None:
    assert list(ROWS) == [f"R{number}" for number in (*range(13, 46), *range(75, 81))]
    assert all(" | " in row for row in ROWS.values())


def test_every_rule_that_it_names_exists() -> None:
    assert named("rule") - possible() - {rule.id for rule in CATALOGUE} == set()
    assert len(named("rule")) > 20


def test_it_names_every_duty_and_no_other() -> None:
    assert named("duty") == set(DutyId)


def test_it_names_every_rule_of_the_centre_the_committee_and_the_connection() -> None:
    assert OURS
    assert OURS - named("rule") == set()


def test_it_names_every_rule_of_the_once_only_register() -> None:
    rules = set(rules_of(Path(str(data_items.__file__))))
    assert rules
    assert rules - named("rule") == set()


@pytest.mark.parametrize("path", sorted(named("field")))
def test_every_field_that_it_names_exists(path: str) -> None:
    root: dict[str, Any] = schema.load(schema.AGENCY_PROFILE)
    node = root
    for part in path.split("."):
        node = resolved(root, node)["properties"][part.removesuffix("[]")]
        node = resolved(root, node)["items"] if part.endswith("[]") else node
    assert resolved(root, node).keys() & {"type", "enum", "oneOf", "description"}


def test_what_it_says_of_a_duty_is_where_the_duty_comes_from() -> None:
    register, _ = read(PROJECT)
    assert register is not None
    for entry in register.spec.duties:
        for requirement in entry.requirement.split(", "):
            told = ROWS[requirement]
            assert f"duty `{entry.id}`" in told or "windowShares" in told, (entry.id, requirement)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bool, Finding]]:
    """What the cases of these rules give, and whether the agency is in production."""
    findings = []
    for folder in sorted(PROFILES.glob("estates/*")):
        if folder.name in OURS:
            root = make_root(tmp_path_factory.mktemp(folder.name) / "root", folder.iterdir())
            estate, _ = loader.load(root, as_of=lambda _: AS_OF)
            assert estate is not None
            for finding in evaluate(estate):
                agency = estate.agency(finding.subject)
                assert agency is not None
                is_production = any(e.name == "production" for e in agency.profile.spec.environments)
                findings.append((is_production, finding))
    return findings


def test_every_rule_of_these_names_its_requirement_and_its_text(found: list[tuple[bool, Finding]]) -> None:  # R79
    assert {finding.rule for _, finding in found} == OURS
    for _, finding in found:
        requirement, *_ = finding.source.split(", ")
        assert re.fullmatch(r"R\d+, (R\d+, )?(resolution 000|statement 003)", finding.source)
        assert f"rule `{finding.rule}`" in ROWS[requirement]


def test_the_centre_gates_production_only(found: list[tuple[bool, Finding]]) -> None:  # R22
    seen: dict[str, set[bool]] = {}
    for is_production, finding in found:
        if finding.rule == "connection-overclaimed":
            assert finding.level is Level.ADVISORY
            continue
        seen.setdefault(finding.rule, set()).add(is_production)
        assert finding.level is (Level.MANDATORY if is_production else Level.ADVISORY)
        assert finding.gates is is_production
    assert set(map(frozenset, seen.values())) == {frozenset((True, False))}


def test_every_duty_of_the_examples_names_its_source_and_none_is_unknown() -> None:  # R79
    register, _ = read(PROJECT)
    estate, _ = loader.load(PROJECT, as_of=lambda _: AS_OF)
    assert estate is not None
    listed = duties(estate, register)
    assert len(listed) == len(DutyId) * len(estate.agencies)
    for duty in listed:
        assert re.fullmatch(r"R\d+(, R\d+)?, (resolution 000|statement 003)", duty.source)
        assert duty.state != "unknown"
