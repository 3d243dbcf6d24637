"""Who may do what in a tenant: four ClusterRoles of the platform, bound in each namespace to the agency's groups.

Nobody in a tenant writes network policies, quotas, routes, gateway policies or grants: the profile is the way.
Nobody has exec, attach or port-forward (RB-08), nobody lists or watches Secrets (RB-07). Only break-glass access leads
into running pods: a fifth ClusterRole, bound in one namespace as long as the register of emergencies says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.estate.estate import Estate
from components.manifests import emergency
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


BREAK_GLASS: Final = "govcloud-break-glass"
"""The ClusterRole of who enters pods in an emergency; bound by `break_glass` and by nobody else (RB-13)."""

_INTO_PODS: Final[list[dict[str, Any]]] = [
    {"apiGroups": [""], "resources": ["events", "pods"], "verbs": _READ},  # a group of the platform has no other role
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    # Since WebSockets, clients connect by a GET, for which the API server asks for both verbs (KEP-4006).
    {"apiGroups": [""], "resources": ["pods/attach", "pods/exec", "pods/portforward"], "verbs": ["create", "get"]},
    {"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["get", "patch", "update"]},
]
"""Of break-glass access; what it may not write is judged as with every role of a tenant (RB-12)."""


def cluster_roles() -> Iterator[Manifest]:
    """Yield the roles that all tenants share; none is aggregated into a built-in one (RB-14)."""
    labels = owner_labels(PLATFORM_OWNER)
    named = {_cluster_role(role): rules for role, rules in ROLES.items()} | {BREAK_GLASS: _INTO_PODS}
    for name, rules in named.items():
        yield manifest(f"{_RBAC}/v1", "ClusterRole", name, labels=labels, rules=rules)


def role_bindings(agency_id: str, namespace: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield the bindings of the agency's groups in one namespace; never cluster-wide (RB-01)."""
    for role in ROLES:
        yield _binding(role, namespace, labels, _cluster_role(role), f"{agency_id}:{role}")


def break_glass(
    estate: Estate, agency_id: str, environment: str, namespace: str, labels: Mapping[str, str]
) -> Iterator[Manifest]:
    """Yield a binding for each group that may enter the pods of this environment now.

    Kubernetes has no clock: the binding goes with the first run after its end, which it says itself.
    """
    for one in sorted(estate.break_glass(agency_id, environment), key=lambda one: one.binding):
        said = emergency.annotations(estate, one)
        yield _binding(one.binding, namespace, labels, BREAK_GLASS, one.group, said)


def is_temporary(manifest: Manifest) -> bool:
    """Tell whether a manifest is of break-glass access, which must be able to go."""
    return bool(manifest["kind"] == "RoleBinding" and manifest["roleRef"]["name"] == BREAK_GLASS)


def _binding(  # noqa: PLR0913, PLR0917  # the parts of a binding
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    cluster_role: str,
    group: str,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    return manifest(
        f"{_RBAC}/v1",
        "RoleBinding",
        name,
        namespace=namespace,
        labels=labels,
        annotations=annotations,
        roleRef={"apiGroup": _RBAC, "kind": "ClusterRole", "name": cluster_role},
        subjects=[{"apiGroup": _RBAC, "kind": "Group", "name": group}],
    )


def _cluster_role(role: str) -> str:
    return f"govcloud-tenant-{role}"
