"""The platform's share as a Pulumi component: shared namespaces, cluster roles, priority classes."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import pulumi

from components.manifests.manifest import Manifest
from components.register import register_in_order

BASELINE: Final = 2
"""Raised whenever tenants come to rely on something new of the platform; their stacks refuse an older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformBaselineArgs:
    """What all agencies share."""

    manifests: tuple[Manifest, ...]


class PlatformBaseline(pulumi.ComponentResource):
    """What all agencies share. Its namespaces are protected: they serve every agency's production."""

    baseline: pulumi.Output[int]

    def __init__(self, name: str, args: PlatformBaselineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register each shared namespace in order, and what lies in none."""
        super().__init__("govcloud:index:PlatformBaseline", name, None, opts)
        for manifests in _by_namespace(args.manifests):
            register_in_order(manifests, self, protect=True)
        self.baseline = pulumi.Output.from_input(BASELINE)
        self.register_outputs({"baseline": self.baseline})


def _by_namespace(manifests: tuple[Manifest, ...]) -> list[list[Manifest]]:
    groups: dict[str, list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        metadata = manifest["metadata"]
        name = metadata["name"] if manifest["kind"] == "Namespace" else metadata.get("namespace", "")
        groups[name].append(manifest)
    return [groups[name] for name in sorted(groups)]
