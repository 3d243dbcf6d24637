"""A document's data to the Kubernetes objects in it, and to what keeps it from being some. Pure.

Decides what counts as an object. Whether an object is right is what the rules say.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from components.estate.finding import PathPart, Words, quoted
from policies.rules.reading import text
from policies.rules.rule import Object, kind_of
from scripts.foreign.tree import TEMPLATE, TEMPLATE_WORDS

Path: TypeAlias = tuple[PathPart, ...]

INCOMPLETE: Final = "manifest-incomplete"
ENCRYPTED: Final = "manifest-encrypted"

_FILE_GROUPS: Final = frozenset(
    ("audit.k8s.io", "govcloud.internal", "kind.x-k8s.io", "kubeadm.k8s.io", "kustomize.config.k8s.io")
)
_SIGNS: Final = frozenset(("kind", "metadata"))
_CLUSTER_SCOPED: Final = {
    "": "ComponentStatus Namespace Node PersistentVolume",
    "admissionregistration.k8s.io/": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
    " MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
    " ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/": "CustomResourceDefinition",
    "apiregistration.k8s.io/": "APIService",
    "certificates.k8s.io/": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io/": "FlowSchema PriorityLevelConfiguration",
    "gateway.networking.k8s.io/": "GatewayClass",
    "networking.k8s.io/": "IngressClass IPAddress ServiceCIDR",
    "node.k8s.io/": "RuntimeClass",
    "policy.networking.k8s.io/": "ClusterNetworkPolicy",
    "rbac.authorization.k8s.io/": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io/": "DeviceClass ResourceSlice",
    "scheduling.k8s.io/": "PriorityClass",
    "storage.k8s.io/": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
}
CLUSTER_SCOPED: Final = frozenset(
    f"{group}{kind}" for group, kinds in _CLUSTER_SCOPED.items() for kind in kinds.split()
)
"""The kinds of Kubernetes that lie in no namespace, as rules name them; of others only their definitions know."""


class Placed(NamedTuple):
    """An object and its path inside its document."""

    body: Object
    path: Path


class Flaw(NamedTuple):
    """What keeps a document from being an object, or from being a whole one."""

    rule: str
    path: Path
    summary: Words
    remedy: Words


def foreign(data: Any) -> Words | None:
    """Say what a document is that was never meant for a cluster; None where it may be an object.

    Neither kubectl nor a cluster takes such a one, so nobody evades a rule by it.
    """
    if isinstance(data, list):
        return Words("no Kubernetes object: a list", "شیء کوبرنتیز نیست: یک فهرست")
    if not isinstance(data, dict):
        return Words("no Kubernetes object: a single value", "شیء کوبرنتیز نیست: یک مقدار تنها")
    if isinstance(data.get("items"), list):
        return None
    group = text(data, "apiVersion").rpartition("/")[0]
    if group in _FILE_GROUPS or group.endswith(".config.k8s.io"):
        return Words(f"no Kubernetes object: {quoted(group)} is a format of files",
                     f"شیء کوبرنتیز نیست: {quoted(group)} قالب پرونده است")  # fmt: skip
    if not _SIGNS & {key.lower() for key in data}:
        return Words("no Kubernetes object: neither kind nor metadata", "شیء کوبرنتیز نیست: نه kind دارد و نه metadata")
    return None


def objects(data: Any, path: Path = (), outer: Object | None = None) -> Iterator[Placed | Flaw]:
    """Yield the objects of a document with what is wrong with their frame; of a list, those of its items.

    Args:
        data: The document, or an item of a list.
        path: Where that lies.
        outer: The list.
    """
    if not isinstance(data, dict):
        yield _flaw(path, Words(f"an item that is {_shown(data)}", f"عضوی که {_shown(data)} است"))
        return
    body = data if outer is None else _as_item(data, outer)
    items, kind = body.get("items"), body.get("kind")
    if isinstance(items, list):  # for kubectl whatever has `items` is a list, whatever its kind says
        for index, item in enumerate(items):
            yield from objects(item, (*path, "items", index), body)
        if isinstance(kind, str) and kind.endswith("List"):
            return
    if kind_of(body) == "List":
        found = f"a List whose items are {_shown(items)}", f"فهرستی که items آن {_shown(items)} است"
        yield _flaw((*path, "items"), Words(*found))
        return
    unreadable = [flaw for field in ("apiVersion", "kind") for flaw in _against(body.get(field), (*path, field))]
    yield from unreadable
    if not unreadable:
        yield from _against_metadata(body.get("metadata"), (*path, "metadata"))
        yield Placed(body, path)


def in_namespace(body: Object, default: str) -> Object:
    """Return the object in the namespace `default` if it names none and its kind lies in one."""
    metadata = body.get("metadata")
    if not default or not isinstance(metadata, dict) or metadata.get("namespace") or kind_of(body) in CLUSTER_SCOPED:
        return body
    return {**body, "metadata": {**metadata, "namespace": default}}


def _as_item(data: dict[str, Any], outer: Object) -> dict[str, Any]:
    """Fill in what an item of a `DeploymentList` may leave to its list."""
    kind = text(outer, "kind").removesuffix("List")
    if "kind" in data or not kind:
        return data
    return {"apiVersion": outer.get("apiVersion"), **data, "kind": kind}


def _against_metadata(metadata: Any, path: Path) -> Iterator[Flaw]:
    if not isinstance(metadata, dict):
        yield _flaw(path, Words(f"metadata is {_shown(metadata)}", f"metadata {_shown(metadata)} است"))
        return
    if metadata.get("name") is not None or not text(metadata, "generateName"):
        yield from _against(metadata.get("name"), (*path, "name"))
    if metadata.get("namespace") is not None:
        yield from _against(metadata["namespace"], (*path, "namespace"))


def _against(value: Any, path: Path) -> Iterator[Flaw]:
    """Yield what keeps a field of the frame from saying which object this is."""
    field = path[-1]
    if not isinstance(value, str) or not value:
        yield _flaw(path, Words(f"{field} is {_shown(value)}", f"{field} {_shown(value)} است"))
    elif value.startswith("ENC["):
        found = (
            f"{field} is encrypted: nobody can judge this object",
            f"{field} رمز شده است: این شیء را نمی‌توان داوری کرد",
        )
        yield Flaw(ENCRYPTED, path, Words(*found), _ENCRYPTED_REMEDY)
    elif "{{" in value:
        yield Flaw(TEMPLATE, path, *TEMPLATE_WORDS)


def _flaw(path: Path, summary: Words) -> Flaw:
    return Flaw(INCOMPLETE, path, summary, _INCOMPLETE_REMEDY)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    return "null" if value is None else repr(value)


_INCOMPLETE_REMEDY: Final = Words(
    "an object has apiVersion, kind and metadata.name, each of them text; a List has a list of objects as items",
    "هر شیء apiVersion و kind و metadata.name دارد و هر سه متن است؛ items در List فهرستی از شیءهاست",
)
_ENCRYPTED_REMEDY: Final = Words(
    "encrypt values only: sops --encrypted-regex '^(data|stringData)$'",
    "تنها مقدارها را رمز کنید: sops --encrypted-regex '^(data|stringData)$'",
)
