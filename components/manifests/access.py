"""Who may do what in a tenant: four ClusterRoles of the platform, bound in each namespace to the agency's groups.

Nobody in a tenant writes network policies, quotas, routes, gateway policies or grants: the profile is the way.
Nobody has exec, attach or port-forward (RB-08), nobody lists or watches Secrets (RB-07).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.manifests.manifest import PLATFORM_OWNER, Manifest, manifest, owner_labels

_RBAC: Final = "rbac.authorization.k8s.io"
_READ: Final = ["get", "list", "watch"]
_WRITE: Final = ["create", "delete", "get", "list", "patch", "update", "watch"]

_WORKLOADS: Final = {
    "apps": ["deployments", "statefulsets", "daemonsets"],
    "batch": ["cronjobs", "jobs"],
    "autoscaling": ["horizontalpodautoscalers"],
    "policy": ["poddisruptionbudgets"],
    "": ["configmaps", "persistentvolumeclaims", "services"],
}
_SEEN: Final = {
    "": ["configmaps", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims", "pods",
         "resourcequotas", "serviceaccounts", "services"],
    "apps": ["daemonsets", "deployments", "replicasets", "statefulsets"],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "discovery.k8s.io": ["endpointslices"],
    "events.k8s.io": ["events"],
    "gateway.networking.k8s.io": ["grpcroutes", "httproutes", "listenersets", "referencegrants", "tlsroutes"],
    "networking.k8s.io": ["networkpolicies"],
    "policy": ["poddisruptionbudgets"],
    _RBAC: ["rolebindings", "roles"],
}  # fmt: skip


def _rules(resources: Mapping[str, list[str]], verbs: list[str]) -> list[dict[str, Any]]:
    return [{"apiGroups": [group], "resources": names, "verbs": verbs} for group, names in sorted(resources.items())]


_DEVELOPER: Final = [
    *_rules(_SEEN, _READ),
    *_rules(_WORKLOADS, _WRITE),
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "delete", "get", "patch", "update"]},
]
_OPERATOR: Final = [
    *_DEVELOPER,
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {
        "apiGroups": ["apps"],
        "resources": ["deployments/scale", "statefulsets/scale"],
        "verbs": ["get", "patch", "update"],
    },
]
_READER: Final = _rules(_SEEN, _READ)

ROLES: Final[dict[str, list[dict[str, Any]]]] = {
    "auditor": _READER,
    "developer": _DEVELOPER,
    "operator": _OPERATOR,
    "security-centre": _READER,
}
"""Rules of each role. An agency's group for a role is `<id>:<role>`, in the claims of the national login."""


def cluster_roles() -> Iterator[Manifest]:
    """Yield the roles that all tenants share; none is aggregated into a built-in one (RB-14)."""
    for role, rules in ROLES.items():
        labels = owner_labels(PLATFORM_OWNER)
        yield manifest(f"{_RBAC}/v1", "ClusterRole", _cluster_role(role), labels=labels, rules=rules)


def role_bindings(agency_id: str, namespace: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield the bindings of the agency's groups in one namespace; never cluster-wide (RB-01)."""
    for role in ROLES:
        yield manifest(
            f"{_RBAC}/v1",
            "RoleBinding",
            role,
            namespace=namespace,
            labels=labels,
            roleRef={"apiGroup": _RBAC, "kind": "ClusterRole", "name": _cluster_role(role)},
            subjects=[{"apiGroup": _RBAC, "kind": "Group", "name": f"{agency_id}:{role}"}],
        )


def _cluster_role(role: str) -> str:
    return f"govcloud-tenant-{role}"
