"""Where an object lies in the API of a cluster."""

from urllib.parse import quote

from components.manifests.kinds import KINDS

Identity = tuple[str, str, str, str]
"""apiVersion, kind, namespace (or empty), name."""


def collection(api_version: str, kind: str, namespace: str = "") -> str:
    """Return the path of all objects of a kind, in one namespace or in all."""
    prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    within = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{prefix}{within}/{KINDS[api_version, kind].plural}"


def path(subject: Identity) -> str:
    """Return the path of one object."""
    api_version, kind, namespace, name = subject
    return f"{collection(api_version, kind, namespace)}/{quote(name, safe='')}"


def shown(subject: Identity) -> str:
    """Return an object's name as people read it."""
    _, kind, namespace, name = subject
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def home(subject: Identity) -> str:
    """Return the namespace that an object lies in, or is; empty for what lies in none."""
    _, kind, namespace, name = subject
    return name if kind == "Namespace" else namespace
