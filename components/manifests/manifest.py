"""A manifest: a plain mapping as Kubernetes reads it, and the names, labels and annotations that all of ours bear."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Manifest: TypeAlias = dict[str, Any]
"""`apiVersion`, `kind`, `metadata` and the rest. Builders make it, nobody changes it afterwards."""

DOMAIN: Final = "govcloud.internal"
AGENCY_LABEL: Final = f"{DOMAIN}/agency"
ENVIRONMENT_LABEL: Final = f"{DOMAIN}/environment"
NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace; the only label by which a peer namespace is named (NP-07)."""
APP_LABEL: Final = "app.kubernetes.io/name"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "govcloud"
PLATFORM_OWNER: Final = "platform"
"""Owner of what all agencies share; no agency may have this id."""


def owner_labels(owner: str, environment: str | None = None) -> dict[str, str]:
    """Return the labels that say whose an object is; the platform's own objects bear no agency label."""
    labels = {MANAGED_BY_LABEL: MANAGED_BY, "app.kubernetes.io/part-of": "govcloud"}
    if owner != PLATFORM_OWNER:
        labels[AGENCY_LABEL] = owner
    if environment is not None:
        labels[ENVIRONMENT_LABEL] = str(environment)  # of a StrEnum: manifests hold plain values only
    return labels


def manifest(  # noqa: PLR0913  # the parts of every Kubernetes object, all but two by keyword
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str | None = None,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
    **body: Any,
) -> Manifest:
    """Return a manifest with its metadata in place and the keys of `body` beside it."""
    metadata: dict[str, Any] = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def identity(body: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return what names an object in a cluster: apiVersion, kind, namespace (or empty), name."""
    metadata = body["metadata"]
    return body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"]
