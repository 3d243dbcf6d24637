"""The generator of estates: deterministic, of the size asked for, and nothing that `check` would say about it."""

from pathlib import Path

import pytest

from components.estate import loader
from components.estate.estate import Estate
from stacks.judgement import judge
from tests.estates.generate import generate

AGENCIES, SERVICES = 7, 100


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _estate(root: Path) -> Estate:
    estate, findings = loader.load(root)
    assert estate is not None
    assert [finding for finding in (*findings, *judge(estate).findings) if finding.gates] == []
    return estate


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("estate")
    generate(folder, agencies_wanted=AGENCIES, services=SERVICES, seed=1)
    return folder


def test_has_the_size_asked_for_and_nothing_to_correct(root: Path) -> None:
    estate = _estate(root)
    assert len(estate.agencies) == AGENCIES
    assert sum(len(agency.profile.spec.services) for agency in estate.agencies) == SERVICES


def test_same_seed_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    generate(tmp_path, agencies_wanted=AGENCIES, services=SERVICES, seed=1)
    assert _files(tmp_path) == _files(root)


def test_other_seed_gives_another_estate(root: Path, tmp_path: Path) -> None:
    generate(tmp_path, agencies_wanted=AGENCIES, services=SERVICES, seed=2)
    assert _files(tmp_path) != _files(root)


def test_more_agencies_than_examples_are_still_without_findings(tmp_path: Path) -> None:
    generate(tmp_path, agencies_wanted=60, services=150, seed=3)
    estate = _estate(tmp_path)
    known = {agency.id for agency in estate.agencies}
    partners = {inquiry.provider for agency in estate.agencies for inquiry in agency.profile.spec.inquiries}
    assert len(known) == 60
    assert partners
    assert partners <= known


def test_services_beyond_the_examples_have_addresses_of_their_own(tmp_path: Path) -> None:
    generate(tmp_path, agencies_wanted=1, services=400, seed=4)
    (agency,) = _estate(tmp_path).agencies
    services = agency.profile.spec.services
    paths = [service.window.path for service in services if service.window and service.window.offered_in == "own"]
    assert len(services) == 400
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize(("agencies", "services"), [(3, 2), (1, 501), (0, 5)])
def test_numbers_that_do_not_fit_are_refused(tmp_path: Path, agencies: int, services: int) -> None:
    with pytest.raises(ValueError, match="ask for other numbers"):
        generate(tmp_path, agencies_wanted=agencies, services=services, seed=1)
