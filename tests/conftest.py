"""What every test may use."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.live_cluster"]

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root."""
    return ROOT
