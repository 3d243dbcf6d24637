"""Every file under tests/profiles/ gives exactly the diagnostics that its comments announce."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.estate import loader
from components.estate.data_items import REGISTER as DATA_ITEMS
from components.estate.emergencies import REGISTER as EMERGENCIES
from components.estate.finding import Finding
from components.estate.operators import REGISTER
from components.estate.waiver import WAIVERS
from tests.estate.expectation import (
    AS_OF,
    DEFAULT_PLATFORM,
    PROFILES,
    announced,
    assert_exactly,
    by_file,
    judge,
    make_root,
)

INVALID = sorted((PROFILES / "invalid").iterdir())
INVALID_PLATFORMS = sorted((PROFILES / "invalid-platform").iterdir())
INVALID_REGISTERS = sorted((PROFILES / "invalid-operators").iterdir())
INVALID_EMERGENCIES = sorted((PROFILES / "invalid-emergencies").iterdir())
INVALID_DATA_ITEMS = sorted((PROFILES / "invalid-data-items").iterdir())
INVALID_WAIVERS = sorted((PROFILES / "invalid-waivers").iterdir())
ESTATES = sorted((PROFILES / "estates").iterdir())
VALID = sorted((PROFILES / "valid").iterdir())

PERSIAN = re.compile("[\u0600-\u06ff]")


def by_name(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Finding]]:
    """What one single run finds in all invalid files together: nobody hides anybody else's errors."""
    return by_file(judge(make_root(tmp_path_factory.mktemp("invalid") / "root", INVALID)))


@pytest.mark.parametrize("path", INVALID, ids=by_name)
def test_an_invalid_profile_gives_exactly_its_diagnostics(path: Path, found: Mapping[str, list[Finding]]) -> None:
    wanted = announced(path)
    assert wanted
    assert_exactly(found[f"{loader.PROFILES}/{path.name}"], wanted)


@pytest.mark.parametrize("path", INVALID_PLATFORMS, ids=by_name)
def test_an_invalid_platform_gives_exactly_its_diagnostics(path: Path, tmp_path: Path) -> None:
    wanted = announced(path)
    assert wanted
    assert_exactly(judge(make_root(tmp_path / "root", platform=path)), wanted)


@pytest.mark.parametrize(
    ("register", "shown", "path"),
    [
        pytest.param(register, shown, path, id=f"{register}-{path.stem}")
        for register, shown, paths in (
            ("operators", REGISTER, INVALID_REGISTERS),
            ("emergencies", EMERGENCIES, INVALID_EMERGENCIES),
            ("data_items", DATA_ITEMS, INVALID_DATA_ITEMS),
        )
        for path in paths
    ],
)
def test_an_invalid_register_gives_exactly_its_diagnostics(
    register: str, shown: str, path: Path, tmp_path: Path
) -> None:
    wanted = announced(path)
    assert wanted
    registers: dict[str, Any] = {register: path}
    root = make_root(tmp_path / "root", **registers)
    findings = judge(root)
    assert_exactly(findings, wanted)
    for finding in findings:
        assert (finding.where.file, finding.subject, finding.gates) == (shown, "platform", True)
        assert PERSIAN.search(finding.summary.fa)
        assert PERSIAN.search(finding.remedy.fa)
    assert loader.load(root).estate is None


@pytest.mark.parametrize("path", INVALID_WAIVERS, ids=by_name)
def test_an_invalid_waiver_gives_exactly_its_diagnostics(path: Path, tmp_path: Path) -> None:
    wanted = announced(path)
    assert wanted
    findings = judge(make_root(tmp_path / "root", waivers={"W-1405-001": path}))
    assert_exactly(findings, wanted)
    for finding in findings:
        assert (finding.where.file, finding.subject, finding.gates) == (f"{WAIVERS}/W-1405-001.yaml", "platform", True)
        assert PERSIAN.search(finding.summary.fa)
        assert PERSIAN.search(finding.remedy.fa)


@pytest.mark.parametrize("folder", ESTATES, ids=by_name)
def test_an_estate_gives_exactly_its_diagnostics(folder: Path, tmp_path: Path) -> None:
    files = {path.stem: path for path in folder.iterdir()}
    platform = files.pop("platform", DEFAULT_PLATFORM)
    registers = {
        shown: path
        for shown, stem in ((REGISTER, "operators"), (EMERGENCIES, "emergencies"), (DATA_ITEMS, "data-items"))
        if (path := files.pop(stem, None)) is not None
    }
    waivers = {stem.removeprefix("waiver-"): files.pop(stem) for stem in [*files] if stem.startswith("waiver-")}
    operators, emergencies, data_items = (registers.get(shown) for shown in (REGISTER, EMERGENCIES, DATA_ITEMS))
    root = make_root(
        tmp_path / "root",
        files.values(),
        platform,
        operators,
        waivers,
        emergencies=emergencies,
        data_items=data_items,
    )
    found = judge(root, AS_OF)
    assert all(PERSIAN.search(words.fa) for finding in found for words in (finding.summary, finding.remedy))
    findings = by_file(found)
    assert findings
    for path in files.values():
        assert_exactly(findings.get(f"{loader.PROFILES}/{path.name}", []), announced(path))
    assert_exactly(findings.get(loader.PLATFORM, []), announced(platform))
    for shown, path in registers.items():
        assert_exactly(findings.get(shown, []), announced(path))
    for waiver_id, path in waivers.items():
        assert_exactly(findings.get(f"{WAIVERS}/{waiver_id}.yaml", []), announced(path))
    assert findings.keys() <= {
        loader.PLATFORM,
        *registers,
        *(f"{WAIVERS}/{waiver_id}.yaml" for waiver_id in waivers),
        *(f"{loader.PROFILES}/{file.name}" for file in files.values()),
    }


def test_valid_profiles_give_models_and_nothing_else(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", VALID)
    assert judge(root) == ()
    estate, _ = loader.load(root)
    assert estate is not None
    assert [agency.id for agency in estate.agencies] == [path.stem for path in VALID]


def test_every_diagnostic_speaks_both_languages(found: Mapping[str, list[Finding]]) -> None:
    for finding in _all(found):
        for words in (finding.summary, finding.remedy):
            assert words.en
            assert words.en.isprintable()
            assert len(words.en) < 1000
            assert PERSIAN.search(words.fa), words


def test_every_diagnostic_is_mandatory_and_names_its_agency(found: Mapping[str, list[Finding]]) -> None:
    for finding in _all(found):
        assert finding.gates
        assert finding.subject == Path(finding.where.file).stem
        assert finding.source


def _all(found: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    for findings in found.values():
        yield from findings
