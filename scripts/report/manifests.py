"""Manifests as YAML text: the same bytes on every run and machine."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import yaml

from components.manifests.manifest import Manifest
from stacks.declaration import Declaration


class _Dumper(yaml.CSafeDumper):
    """Writes values out: no anchors, no line breaks inside text."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


# Text that YAML 1.2, or YAML 1.1 as Go reads it, takes for something else is written in quotes.
_Dumper.add_implicit_resolver(
    "tag:govcloud.internal,2026:ambiguous",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|0o[0-7]+$|[yYnN]$", re.ASCII),
    list("-+.0123456789yYnN"),
)


def files(declared: Declaration) -> Iterator[tuple[str, str]]:
    """Yield file name and content: one file a namespace, and `cluster.yaml` for what lies in none."""
    by_namespace: dict[str, list[Manifest]] = defaultdict(list)
    for manifest in declared.manifests:
        name = manifest["metadata"]["name"]
        is_namespace = manifest["kind"] == "Namespace"
        by_namespace[name if is_namespace else manifest["metadata"].get("namespace", "cluster")].append(manifest)
    for namespace, manifests in sorted(by_namespace.items()):
        yield f"{namespace}.yaml", dump(manifests)


def dump(manifests: list[Manifest]) -> str:
    """Return YAML documents with the keys in the builders' order."""
    return yaml.dump_all(
        manifests, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, explicit_start=True
    )
