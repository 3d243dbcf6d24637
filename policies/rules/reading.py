"""Reads objects of which nothing is sure: what is missing, null or of another type reads as nothing."""

from collections.abc import Mapping
from typing import Any, Final

from components.estate.finding import PathPart

_PODS: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
WORKLOADS: Final = frozenset(
    {"Pod", "ReplicationController", "batch/Job", "batch/CronJob"}
    | {f"apps/{kind}" for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")}
)
"""All kinds that hold a pod or a template of one, as rules name them."""
CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


def at(body: Any, *path: PathPart) -> Any:
    """Return what lies at `path`; None where anything on the way is missing, null or of another type."""
    for part in path:
        # Exact types first: asking for an abstract one takes longer than all the rest of a rule.
        if type(body) is dict or (type(part) is str and isinstance(body, Mapping)):
            body = body.get(part)
        elif type(part) is int and isinstance(body, list) and part < len(body):
            body = body[part]
        else:
            return None
    return body


def text(body: Any, *path: PathPart) -> str:
    """Return the text at `path`; empty where there is none."""
    found = at(body, *path)
    return found if isinstance(found, str) else ""


def mapping(body: Any, *path: PathPart) -> Mapping[str, Any]:
    """Return the mapping at `path`; an empty one where there is none."""
    found = at(body, *path)
    return found if type(found) is dict or isinstance(found, Mapping) else {}


def items(body: Any, *path: PathPart) -> list[Any]:
    """Return the list at `path`; an empty one where there is none."""
    found = at(body, *path)
    return found if isinstance(found, list) else []


def name(body: Any) -> str:
    """Return the object's name; empty where it has none."""
    return _named(body, "name")


def namespace(body: Any) -> str:
    """Return the object's namespace; empty where it has none."""
    return _named(body, "namespace")


def _named(body: Any, field: str) -> str:
    """Return a text of the metadata: what `text` would, without a walk, for this is asked most of all."""
    metadata = body.get("metadata") if type(body) is dict else at(body, "metadata")
    found = metadata.get(field) if type(metadata) is dict else at(metadata, field)
    return found if isinstance(found, str) else ""


def pod_path(body: Any) -> tuple[str, ...] | None:
    """Return where the object's pod specification lies; None where the kind has none."""
    return _PODS.get(text(body, "kind"))
