"""The world that is judged: namespaces, pods, outside addresses and policies, read from manifests or given.

Not the estate: it knows labels and ports, not agencies. Everything that is no Namespace, workload or policy is passed
over; what cannot be read is kept as `Unreadable`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from components.estate.finding import Words
from components.manifests.manifest import NAMESPACE_LABEL
from policies.reachability.addresses import Space
from policies.reachability.endpoint import Endpoint, Outside, Pod
from policies.reachability.policy import FormError, PeerSelector, Policy, compiled, labels_of
from policies.reachability.selector import Selector
from policies.reachability.unreadable import Hides, Unreadable
from policies.reachability.workload import KINDS, pod

_POLICY: Final = "NetworkPolicy"
_API: Final = "networking.k8s.io/v1"


class World:
    """What is known of a cluster, or of a set of manifests as if they were all that it held.

    Args:
        objects: Manifests, Lists taken apart.
        endpoints: Pods and outside addresses that no manifest shows.
    """

    def __init__(self, objects: Iterable[object], endpoints: Iterable[Endpoint] = ()) -> None:
        """Read the objects."""
        self._declared: dict[str, Mapping[str, str]] = {}
        self._unreadable: list[Unreadable] = []
        self._policies: dict[tuple[str, str], Policy] = {}
        pods: list[Pod] = []
        for body in objects:
            self._read(body, pods)
        given = tuple(endpoints)
        self.pods: tuple[Pod, ...] = (*pods, *(each for each in given if isinstance(each, Pod)))
        self.outside: tuple[Outside, ...] = tuple(each for each in given if isinstance(each, Outside))
        self.policies: tuple[Policy, ...] = tuple(self._policies.values())

    @cached_property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """All that cannot be read, and namespaces of which too little is known; in the order of the objects."""
        return (*self._unreadable, *(gap for name in self.namespaces for gap in self._gaps(name)))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The names of all namespaces that are declared, or in which there is a pod."""
        return tuple(sorted({*self._declared, *(pod.namespace for pod in self.pods)}))

    @cached_property
    def space(self) -> Space:
        """All addresses, cut where the policies treat them differently."""
        return Space(self.policies)

    @cached_property
    def policies_in(self) -> Mapping[str, tuple[Policy, ...]]:
        """The policies by namespace."""
        found: dict[str, list[Policy]] = defaultdict(list)
        for policy in self.policies:
            found[policy.namespace].append(policy)
        return {name: tuple(policies) for name, policies in found.items()}

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a namespace, with the one that the API server sets by itself on every one."""
        return {**self._declared.get(name, {}), NAMESPACE_LABEL: name}

    def hidden(self, endpoint: Endpoint) -> tuple[Unreadable, ...]:
        """Return why nobody knows what reaches this endpoint; nothing where that is known."""
        everywhere = (each for each in self._unreadable if each.hides is Hides.EVERYTHING)
        if isinstance(endpoint, Outside):
            return tuple(everywhere)
        here = (
            each for each in self._unreadable if each.hides is Hides.NAMESPACE and each.namespace == endpoint.namespace
        )
        return (*everywhere, *here, *self._gaps(endpoint.namespace))

    def _gaps(self, name: str) -> Iterator[Unreadable]:
        """Yield that a namespace's labels are asked for and unknown, because no Namespace is among the objects."""
        if name in self._declared:
            return
        labels = self.namespace_labels(name)
        for selector, policy in self._namespace_selectors.items():
            open_ones = [r for r in selector if r.key != NAMESPACE_LABEL]
            if open_ones and all(r.is_met(labels) for r in selector if r.key == NAMESPACE_LABEL):
                asked = f"{policy.namespace}/{policy.name}"
                yield Unreadable(
                    kind="Namespace",
                    namespace=name,
                    name=name,
                    path=("metadata", "labels", open_ones[0].key),
                    summary=Words(
                        f"no such Namespace is among the objects, and {asked} asks for its labels",
                        f"این فضای نام در میان اشیا نیست و {asked} برچسب‌هایش را می‌خواهد",
                    ),
                    remedy=Words("add the Namespace", "این Namespace را بیفزایید"),
                    hides=Hides.NAMESPACE,
                )
                return

    @cached_property
    def _namespace_selectors(self) -> Mapping[Selector, Policy]:
        """All different selectors of namespaces, each with the first policy that has it."""
        found: dict[Selector, Policy] = {}
        for policy in self.policies:
            for rule in (*(policy.ingress or ()), *(policy.egress or ())):
                for peer in rule.peers:
                    if isinstance(peer, PeerSelector) and peer.namespaces:
                        found.setdefault(peer.namespaces, policy)
        return found

    def _read(self, body: object, pods: list[Pod]) -> None:
        kind = body.get("kind") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or type(kind) is not str or (kind.endswith("List") and "items" in body):
            self._unreadable.append(_unreadable(body, FormError(("kind",), _NO_OBJECT, _AN_OBJECT), Hides.EVERYTHING))
            return
        try:
            if kind == "Namespace" and body.get("apiVersion") == "v1":
                name, metadata = _named(body, "name")
                self._declare(name, labels_of(metadata.get("labels"), ("metadata", "labels")))
            elif kind.endswith(_POLICY):
                self._read_policy(body)
            elif (found := KINDS.get((body.get("apiVersion"), kind))) is not None:
                namespace, metadata = _named(body, "namespace")
                pods.append(pod(body, namespace, str(metadata.get("name", "")), found))
        except FormError as error:
            self._unreadable.append(_unreadable(body, error, _hides(kind, body)))

    def _declare(self, name: str, labels: Mapping[str, str]) -> None:
        if self._declared.setdefault(name, labels) != labels:
            raise FormError(("metadata", "name"), _TWICE, _ONCE)

    def _read_policy(self, body: Mapping[str, Any]) -> None:
        if body.get("kind") != _POLICY or body.get("apiVersion") != _API:
            raise FormError(("apiVersion",), _FOREIGN, _NATIVE)
        namespace, _ = _named(body, "namespace")
        name, _ = _named(body, "name")
        policy = compiled(namespace, name, body.get("spec"))
        if self._policies.setdefault((namespace, name), policy) != policy:
            raise FormError(("metadata", "name"), _TWICE, _ONCE)


def _named(body: Mapping[str, Any], field: str) -> tuple[str, Mapping[str, Any]]:
    metadata = body.get("metadata")
    found = metadata.get(field) if isinstance(metadata, Mapping) else None
    if type(found) is not str or not found:
        raise FormError(
            ("metadata", field),
            Words("missing, or no text", "نیامده یا متن نیست"),
            Words(f"give it a {field}", f"برایش {field} بنویسید"),
        )
    return found, metadata if isinstance(metadata, Mapping) else {}


def _hides(kind: str, body: Mapping[str, Any]) -> Hides:
    metadata = body.get("metadata")
    place = metadata.get("name" if kind == "Namespace" else "namespace") if isinstance(metadata, Mapping) else None
    if type(place) is not str or not place:
        return Hides.EVERYTHING
    return Hides.NAMESPACE if kind == "Namespace" or kind.endswith(_POLICY) else Hides.ITSELF


def _unreadable(body: object, error: FormError, hides: Hides) -> Unreadable:
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    kind = _text(body, "kind")
    name = _text(metadata, "name")
    return Unreadable(
        kind=kind,
        namespace=name if kind == "Namespace" else _text(metadata, "namespace"),
        name=name,
        path=error.path,
        summary=error.summary,
        remedy=error.remedy,
        hides=hides,
    )


def _text(body: object, field: str) -> str:
    found = body.get(field) if isinstance(body, Mapping) else None
    return found if isinstance(found, str) else ""


_NO_OBJECT: Final = Words("no Kubernetes object, or a List of them", "شیء Kubernetes نیست یا فهرستی از آن‌هاست")
_AN_OBJECT: Final = Words("give single objects with a `kind`", "شیءهای تکی با `kind` بدهید")
_TWICE: Final = Words("another one bears the same name", "شیء دیگری همین نام را دارد")
_ONCE: Final = Words("keep one: the server holds only one", "یکی را نگه دارید: سرور تنها یکی را دارد")
_FOREIGN: Final = Words("a policy of another kind", "سیاستی از گونه‌ای دیگر")
_NATIVE: Final = Words(
    f"only NetworkPolicy of {_API} is evaluated; others may open or shut what it says",
    f"تنها NetworkPolicy از {_API} سنجیده می‌شود؛ گونه‌های دیگر می‌توانند گفتهٔ آن را باز یا بسته کنند",
)
