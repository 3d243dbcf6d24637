"""Every kind that we emit: how the API server spells it, and when it is created."""

from enum import IntEnum
from typing import Any, Final, NamedTuple


class Order(IntEnum):
    """When a kind is created. A step begins when the one before is complete, so nothing lands in an open namespace."""

    NAMESPACE = 1
    DEFAULT_DENY = 2
    REST = 3
    ACCESS = 4


class Kind(NamedTuple):
    """The plural of a kind in the API's paths, and whether it lives in a namespace."""

    plural: str
    namespaced: bool


KINDS: Final[dict[tuple[str, str], Kind]] = {
    ("v1", "Namespace"): Kind("namespaces", namespaced=False),
    ("networking.k8s.io/v1", "NetworkPolicy"): Kind("networkpolicies", namespaced=True),
    ("v1", "ResourceQuota"): Kind("resourcequotas", namespaced=True),
    ("v1", "LimitRange"): Kind("limitranges", namespaced=True),
    ("v1", "ServiceAccount"): Kind("serviceaccounts", namespaced=True),
    ("v1", "ConfigMap"): Kind("configmaps", namespaced=True),
    ("scheduling.k8s.io/v1", "PriorityClass"): Kind("priorityclasses", namespaced=False),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): Kind("clusterroles", namespaced=False),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): Kind("rolebindings", namespaced=True),
}

DEFAULT_DENY: Final = "default-deny"
"""Name of the NetworkPolicy without which nothing else may be in a namespace."""


def order_of(manifest: dict[str, Any]) -> Order:
    """Return when `manifest` is created."""
    kind = manifest["kind"]
    if kind == "Namespace":
        return Order.NAMESPACE
    if kind == "NetworkPolicy" and manifest["metadata"]["name"] == DEFAULT_DENY:
        return Order.DEFAULT_DENY
    return Order.ACCESS if kind == "RoleBinding" else Order.REST
