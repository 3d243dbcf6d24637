"""Manifests to Pulumi resources, through the SDK's own classes, in an order that never leaves a namespace open.

Decides nothing about content: inputs are the manifest, with the top-level keys as the SDK spells them.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    LimitRange,
    Namespace,
    ResourceQuota,
    Secret,
    ServiceAccount,
    ServiceAccountPatch,
)
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import ClusterRole, RoleBinding
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from components.manifests.access import is_temporary
from components.manifests.kinds import Order, order_of
from components.manifests.manifest import Manifest

CLASSES: Final[Mapping[tuple[str, str], type[pulumi.CustomResource]]] = {
    ("v1", "ConfigMap"): ConfigMap,
    ("v1", "LimitRange"): LimitRange,
    ("v1", "Namespace"): Namespace,
    ("v1", "ResourceQuota"): ResourceQuota,
    ("v1", "Secret"): Secret,  # of components.client_secret alone: no manifest is one
    ("v1", "ServiceAccount"): ServiceAccount,
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): ValidatingAdmissionPolicy,
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): ValidatingAdmissionPolicyBinding,
    ("networking.k8s.io/v1", "NetworkPolicy"): NetworkPolicy,
    ("policy/v1", "PodDisruptionBudget"): PodDisruptionBudget,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): ClusterRole,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): RoleBinding,
    ("scheduling.k8s.io/v1", "PriorityClass"): PriorityClass,
}
"""The class of each kind that Kubernetes itself defines."""

CUSTOM: Final = frozenset(
    {
        ("cert-manager.io/v1", "Certificate"),
        ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"),
        ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy"),
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy"),
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"),
        ("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "GatewayClass"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("gateway.networking.k8s.io/v1", "ListenerSet"),
        ("gateway.networking.k8s.io/v1", "ReferenceGrant"),
    }
)
"""Kinds that CustomResourceDefinitions define: the SDK has one class for all of them."""

PATCHED: Final[Mapping[tuple[str, str, str], type[pulumi.CustomResource]]] = {
    ("v1", "ServiceAccount", "default"): ServiceAccountPatch,
}
"""Objects that Kubernetes makes in every namespace, so that creating them is refused. They are patched by
server-side apply, which also creates them where Kubernetes was not faster; destroying gives the fields back."""

_FRAME: Final = (Order.NAMESPACE, Order.DEFAULT_DENY, Order.ACCESS)
"""What is protected where anything is. The rest and the routes come and go with the profile."""

RENAMED: Mapping[str, str] = {}
"""Resource names of now, and what they were before, each with the reason. A resource whose name changes without an
entry is deleted and created anew. An entry may go when every stack was brought up with it once."""


def register(
    manifest: Manifest, opts: pulumi.ResourceOptions, renamed: Mapping[str, str] | None = None
) -> pulumi.CustomResource:
    """Register one manifest as a resource named `<namespace>/<name>`, or `<name>` outside of namespaces.

    Raises:
        LookupError: Nobody has said which class the kind has.
    """
    name = resource_name(manifest)
    former = (RENAMED if renamed is None else renamed).get(name)
    if former is not None:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former)]))
    kind = (manifest["apiVersion"], manifest["kind"])
    if kind in CUSTOM:
        return CustomResource(name, **_arguments(manifest), opts=opts)
    resource_class = PATCHED.get((*kind, manifest["metadata"]["name"])) or CLASSES.get(kind)
    if resource_class is None:
        raise LookupError(f"{kind[1]} of {kind[0]} has no class: add it to components/register.py")
    return resource_class(name, **_arguments(manifest), opts=opts)


def register_in_order(manifests: Iterable[Manifest], parent: pulumi.Resource, *, protect: bool) -> None:
    """Register the manifests of one namespace below `parent`, each after everything of the steps before it.

    So nothing is in the namespace before its default-deny, nobody has access before the rest is complete, and
    destroying goes the other way round.

    With `protect`, the namespace, its default-deny and the access to it cannot be deleted. The namespace alone would
    not do: the engine refuses each protected resource by itself and goes on with what does not depend on it, so that
    `pulumi destroy --skip-preview` would first strip the namespace of its policies. Access depends on all the rest;
    as long as it stays, all the rest does. Break-glass access is not among it: at its end it has to go.
    """
    earlier: list[pulumi.Resource] = []
    for order, step in groupby(sorted(manifests, key=order_of), key=order_of):
        before = list(earlier)
        for manifest in step:
            protected = True if protect and order in _FRAME and not is_temporary(manifest) else None
            opts = pulumi.ResourceOptions(parent=parent, depends_on=before, protect=protected)
            earlier.append(register(manifest, opts))


def resource_name(manifest: Manifest) -> str:
    """Return the name that a manifest's resource has in every stack, for ever."""
    metadata = manifest["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else str(metadata["name"])


def _arguments(manifest: Manifest) -> dict[str, Any]:
    return {_snake(key): value for key, value in manifest.items()}


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()
