"""The clock table of waivers: the moments, one object and one duty, and what excuses from them until when.

Every path is held to it: `tests/policies/test_clock.py`, and admission in `tests/cluster/test_guardrails.py`.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.estate.duties import REGISTER
from tests.estate.expectation import make_root

DATA = Path(__file__).parent / "moments"
AGENCY, NAMESPACE = "t-clock", "t-clock-production"
RULE, DUTY = "NP-17", "own-window"
WAIVER, DUTY_WAIVER, UNTIL = "W-1405-001", "W-1405-002", "2027-01-20"
MANIFEST = DATA / "service.yaml"
"""A file of a tenant, with the one object that the waiver names."""


class Moment(NamedTuple):
    """A row of the table."""

    at: datetime
    is_waived: bool
    what: str


MOMENTS = [
    Moment(datetime.fromisoformat(row["at"]), row["isWaived"], row["what"])
    for row in yaml.safe_load((DATA / "moments.yaml").read_text("utf-8"))
]


def service() -> dict[str, Any]:
    """Return the object."""
    found: dict[str, Any] = yaml.safe_load(MANIFEST.read_text("utf-8"))
    return found


def project_at(root: Path) -> Path:
    """Lay out a project with the agency, both waivers and the register of duties."""
    waivers = {path.stem: path for path in DATA.glob("W-*.yaml")}
    make_root(root, [DATA / f"{AGENCY}.yaml"], waivers=waivers)
    (root / REGISTER).parent.mkdir(parents=True, exist_ok=True)
    (root / REGISTER).write_bytes((Path(__file__).parents[2] / REGISTER).read_bytes())
    return root
