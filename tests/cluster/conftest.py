"""What the tests of `scripts.cluster` share."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from components.estate.estate import Estate
from components.estate.loader import load
from stacks.declaration import Declaration, declaration
from tests.cluster.scripted_server import ScriptedServer, serve


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def estate(project: Path) -> Estate:
    loaded = load(project)
    assert loaded.estate is not None
    assert loaded.estate.agencies
    return loaded.estate


def renamed(estate: Estate, model: str, agency_id: str) -> Declaration:
    """What an agency like `model`, but with an id of its own, declares."""
    agency = estate.agency(model)
    assert agency is not None
    profile = msgspec.structs.replace(
        agency.profile, metadata=msgspec.structs.replace(agency.profile.metadata, id=agency_id)
    )
    return declaration(
        msgspec.structs.replace(estate, agencies=(msgspec.structs.replace(agency, profile=profile),)), agency_id
    )
