"""What an object says of the emergency for which it is as it is: who decided it, why, and from when until when."""

from typing import Final

from components.estate.emergencies import BreakGlass, Emergency, Quarantine
from components.estate.estate import Estate
from components.manifests.manifest import DOMAIN

_NAMES: Final[dict[type[Emergency], str]] = {Quarantine: "quarantine", BreakGlass: "break-glass"}


def annotations(estate: Estate, emergency: Emergency) -> dict[str, str]:
    """Return the annotations; the moments as in RFC 3339, on the platform's clocks."""
    zone, prefix = estate.platform.zone, f"{DOMAIN}/{_NAMES[type(emergency)]}"
    return {
        f"{prefix}-decided-by": emergency.decided_by,
        f"{prefix}-from": emergency.since.begins(zone).isoformat(timespec="seconds"),
        f"{prefix}-reason": emergency.reason,
        f"{prefix}-until": emergency.until.begins(zone).isoformat(timespec="seconds"),
    }
