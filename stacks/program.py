"""A stack is one owner's: an agency's or the platform's. This finds out whose, judges it, and declares it.

Nothing is registered before everything has been judged: a refusal leaves the stack as it was.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from components.estate import loader
from components.estate.cache import LOCATION, ParseCache
from components.manifests.manifest import PLATFORM_OWNER
from stacks import agency, settings, shared, verdict


async def declare(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> pulumi.Inputs:
    """Declare the stack and return its outputs.

    Args:
        now: The clock. No setting moves it: a stack could keep an ended waiver alive with one.

    Raises:
        pulumi.RunError: A setting is missing, the owner is unknown, a mandatory rule is broken, or the platform
            is not there yet.
    """
    root = Path(pulumi.get_root_directory())
    chosen = settings.read(root)
    parser = ParseCache(root / LOCATION)  # an agency's stack judges the whole estate, of which little changed
    loaded = loader.load(root, as_of=lambda _: now(), parser=parser)
    parser.save()
    judged = verdict.judge(root, loaded, chosen.owner)
    if chosen.owner == PLATFORM_OWNER:
        return shared.declare(judged.estate, chosen)
    return await agency.declare(judged, chosen)
