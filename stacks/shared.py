"""The platform's stack: what all agencies share. Their stacks refer to it."""

import pulumi

from components.estate.estate import Estate
from components.manifests.manifest import PLATFORM_OWNER
from components.shared import BASELINE, PlatformBaseline, PlatformBaselineArgs
from stacks import settings
from stacks.agency import counts
from stacks.declaration import declaration
from stacks.settings import Settings


def declare(estate: Estate, chosen: Settings) -> pulumi.Inputs:
    """Declare the platform's baseline and return what agencies' stacks and people read of it."""
    manifests = declaration(estate, PLATFORM_OWNER).manifests
    provider = settings.provider(chosen, estate.platform.spec.clusters[0].name)
    PlatformBaseline(
        PLATFORM_OWNER, PlatformBaselineArgs(manifests=manifests), pulumi.ResourceOptions(provider=provider)
    )
    return {
        "baseline": BASELINE,
        "sharedNamespaces": [m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"],
        "objects": counts(manifests),
    }
