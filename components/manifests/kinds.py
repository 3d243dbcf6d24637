"""Every kind that we emit: how the API server spells it, and when it is created."""

from enum import IntEnum
from typing import Any, Final, NamedTuple


class Order(IntEnum):
    """When a kind is created. A step begins when the one before is complete.

    So nothing lands in an open namespace, and no route is there before the policy that puts it behind the login.
    """

    NAMESPACE = 1
    DEFAULT_DENY = 2
    REST = 3
    ROUTE = 4
    ACCESS = 5


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
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): Kind(
        "validatingadmissionpolicies", namespaced=False
    ),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): Kind(
        "validatingadmissionpolicybindings", namespaced=False
    ),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): Kind("clusterroles", namespaced=False),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): Kind("rolebindings", namespaced=True),
    ("gateway.networking.k8s.io/v1", "GatewayClass"): Kind("gatewayclasses", namespaced=False),
    ("gateway.networking.k8s.io/v1", "Gateway"): Kind("gateways", namespaced=True),
    ("gateway.networking.k8s.io/v1", "ListenerSet"): Kind("listenersets", namespaced=True),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): Kind("httproutes", namespaced=True),
    ("gateway.networking.k8s.io/v1", "ReferenceGrant"): Kind("referencegrants", namespaced=True),
    ("policy/v1", "PodDisruptionBudget"): Kind("poddisruptionbudgets", namespaced=True),
    ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"): Kind("backendtrafficpolicies", namespaced=True),
    ("gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy"): Kind("envoyextensionpolicies", namespaced=True),
    ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"): Kind("envoyproxies", namespaced=True),
    ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy"): Kind("clienttrafficpolicies", namespaced=True),
    ("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy"): Kind("securitypolicies", namespaced=True),
    ("cert-manager.io/v1", "Certificate"): Kind("certificates", namespaced=True),
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
    return {"HTTPRoute": Order.ROUTE, "RoleBinding": Order.ACCESS}.get(kind, Order.REST)
