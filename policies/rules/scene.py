"""Everything that rules may look at beside the object that they judge: the other objects, and the platform."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from components.estate.estate import Estate
from components.estate.platform import Platform
from components.manifests.manifest import AGENCY_LABEL, ENVIRONMENT_LABEL

FoundT = TypeVar("FoundT")

_NOTHING: Final[tuple[Any, ...]] = ()


class Scene:
    """The objects that are judged together.

    Args:
        objects: All of them; what has no readable kind, name or namespace is in no list.
        platform: What its owners decided for all.
        estate: The profiles, where they are known; then their namespaces are known as tenants', whether or not a
            Namespace is among the objects.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any]], platform: Platform, estate: Estate | None = None) -> None:
        """Sort the objects by kind and namespace."""
        self.platform = platform
        self.estate = estate
        self._memory: dict[Hashable, Any] = {}
        self._by_kind: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._inside: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        self._tenants: dict[str, tuple[str, str]] = {}
        self._bindings: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        if estate is not None:
            for agency in estate.agencies:
                for environment in agency.profile.spec.environments:
                    self._tenants[agency.profile.namespace(environment)] = (agency.id, str(environment.name))
        for body in objects:
            kind = body.get("kind")
            if not isinstance(kind, str):
                continue
            self._by_kind[kind].append(body)
            metadata = body.get("metadata")
            if not isinstance(metadata, Mapping):
                continue
            namespace = metadata.get("namespace")
            if isinstance(namespace, str):
                self._inside[namespace, kind].append(body)
            if kind == "Namespace":
                self._remember_tenant(metadata)
            if kind in {"RoleBinding", "ClusterRoleBinding"}:
                self._remember_binding(body)
        self._agencies = {agency for agency, _ in self._tenants.values()}

    def of_kind(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Return the objects of a kind, named without its group."""
        return self._by_kind.get(kind, _NOTHING)

    def inside(self, namespace: str, kind: str) -> Sequence[Mapping[str, Any]]:
        """Return the objects of a kind in one namespace."""
        return self._inside.get((namespace, kind), _NOTHING)

    def tenant(self, namespace: str) -> str | None:
        """Return the id of the agency whose namespace this is; None where it is nobody's."""
        return self._tenants.get(namespace, (None, ""))[0]

    def environment(self, namespace: str) -> str:
        """Return which environment of its agency the namespace is; empty where it is nobody's."""
        return self._tenants.get(namespace, ("", ""))[1]

    def is_agency(self, name: str) -> bool:
        """Tell whether an agency that has a namespace bears this id."""
        return name in self._agencies

    def bindings_of(self, cluster_role: str) -> Sequence[Mapping[str, Any]]:
        """Return the RoleBindings and ClusterRoleBindings that refer to this ClusterRole."""
        return self._bindings.get(cluster_role, _NOTHING)

    def kept(self, key: Hashable, find: Callable[[], FoundT]) -> FoundT:
        """Return what `find` finds under this key; it is asked once, however many objects are judged."""
        if key not in self._memory:
            self._memory[key] = find()
        found: FoundT = self._memory[key]
        return found

    def remembered(self, find: Callable[["Scene"], FoundT]) -> FoundT:
        """Return what `find` finds in this scene; it is asked once, however many objects are judged."""
        return self.kept(find, lambda: find(self))

    def _remember_binding(self, body: Mapping[str, Any]) -> None:
        reference = body.get("roleRef")
        if isinstance(reference, Mapping) and reference.get("kind") == "ClusterRole":
            name = reference.get("name")
            if isinstance(name, str):
                self._bindings[name].append(body)

    def _remember_tenant(self, metadata: Mapping[str, Any]) -> None:
        name, labels = metadata.get("name"), metadata.get("labels")
        if isinstance(name, str) and isinstance(labels, Mapping):
            agency, environment = labels.get(AGENCY_LABEL), labels.get(ENVIRONMENT_LABEL)
            if isinstance(agency, str) and agency:
                self._tenants.setdefault(name, (agency, environment if isinstance(environment, str) else ""))
