"""The example estate at one fixed moment, and everything that is declared for it."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from components.estate import loader
from components.estate.estate import Estate
from stacks.declaration import Declaration, declarations

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


def load(root: Path, as_of: datetime = AS_OF) -> Estate:
    """Return the estate below `root`, which has no errors."""
    estate, findings = loader.load(root, as_of=lambda _: as_of)
    assert findings == ()
    assert estate is not None
    return estate


@pytest.fixture(scope="session")
def estate(project: Path) -> Estate:
    return load(project)


@pytest.fixture(scope="session")
def declared(estate: Estate) -> tuple[Declaration, ...]:
    return declarations(estate)


@pytest.fixture(scope="session")
def certified(estate: Estate) -> Estate:
    """The same estate where cert-manager makes the certificates, at another port."""
    spec = estate.platform.spec
    gateway = msgspec.structs.replace(spec.gateway, certificate_issuer="government-ca", https_port=8443)
    platform = msgspec.structs.replace(estate.platform, spec=msgspec.structs.replace(spec, gateway=gateway))
    return msgspec.structs.replace(estate, platform=platform)
