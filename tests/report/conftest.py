"""The example estate, and what the national window lists of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.estate import loader
from components.estate.estate import Estate
from scripts.report.portal_catalogue import Catalogue, catalogue
from stacks.declaration import declarations

AS_OF = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)  # the next day in Tehran


@pytest.fixture(scope="session")
def estate(project: Path) -> Estate:
    estate, _ = loader.load(project, as_of=lambda _: AS_OF)
    assert estate is not None
    return estate


@pytest.fixture(scope="session")
def listed(estate: Estate) -> Catalogue:
    return catalogue(estate, declarations(estate))
