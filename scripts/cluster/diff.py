"""What a change looks like to people: a unified diff of YAML, without the server's bookkeeping and without secrets."""

import difflib
from typing import Any, Final

import yaml

from scripts.cluster import address
from scripts.cluster.address import Identity

_BOOKKEEPING: Final = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
_COPY: Final = "kubectl.kubernetes.io/last-applied-configuration"  # the whole object once more, a Secret's too
_SECRETS: Final = ("data", "stringData")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes text of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def unified(subject: Identity, before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    """Return how an object changes; None stands for an object that is not there."""
    name = address.shown(subject)
    lines = difflib.unified_diff(
        _lines(before, before), _lines(after, before), f"{name} (live)", f"{name} (declared)", lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _lines(body: dict[str, Any] | None, before: dict[str, Any] | None) -> list[str]:
    if body is None:
        return []
    clean = {key: value for key, value in body.items() if key != "status"}
    metadata = {key: value for key, value in body["metadata"].items() if key not in _BOOKKEEPING}
    if _COPY in metadata.get("annotations", {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _COPY}
    clean["metadata"] = metadata
    if body["kind"] == "Secret":
        clean |= {key: _hidden(clean[key], (before or {}).get(key) or {}) for key in _SECRETS if key in clean}
    return str(yaml.dump(clean, Dumper=_Dumper, allow_unicode=True, width=10_000)).splitlines()


def _hidden(values: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    return {key: "(hidden)" if before.get(key) == value else "(hidden, new)" for key, value in values.items()}
