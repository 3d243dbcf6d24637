"""Emergencies of the examples: one agency in quarantine, one group with a way into pods, from `BEGINS` until `ENDS`."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from components.estate.emergencies import Emergencies
from components.estate.estate import Estate, record

BEGINS: Final = datetime(2026, 6, 1, 6, tzinfo=UTC)
ENDS: Final = datetime(2026, 6, 1, 18, tzinfo=UTC)
TERM: Final = {
    "decidedBy": "مرکز امنیت سکو",
    "reason": "A stolen account: its traffic is shut",
    "from": BEGINS.isoformat(),
    "until": ENDS.isoformat(),
}


def shut(estate: Estate, agency: str, as_of: datetime = BEGINS) -> Estate:
    """Return the estate at a moment, with a quarantine of this agency in its register."""
    return _with(estate, as_of, quarantines=[{"agency": agency} | TERM])


def entered(estate: Estate, agency: str, group: str, environment: str, as_of: datetime = BEGINS) -> Estate:
    """Return the estate at a moment, with this group's way into the pods of an environment in its register."""
    one = {"agency": agency, "group": group, "environment": environment} | TERM
    return _with(estate, as_of, breakGlass=[one])


def _with(estate: Estate, as_of: datetime, **lists: list[dict[str, Any]]) -> Estate:
    emergencies = record({"quarantines": [], "breakGlass": []} | lists, Emergencies)
    return msgspec.structs.replace(estate, as_of=as_of, emergencies=emergencies)
