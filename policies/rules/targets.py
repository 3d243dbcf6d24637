"""What Envoy Gateway's policies are attached to: by name, or by labels of what lies in their own namespace."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from policies.rules.ownership import objects
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Object, kind_of
from policies.rules.scene import Scene
from policies.rules.selectors import matches

SECURITY_POLICY: Final = f"{ENVOY_API}/SecurityPolicy"


class Target(NamedTuple):
    """Something that a policy names; `section` is a listener of it, or a rule, or empty: the whole of it."""

    namespace: str
    kind: str
    name: str
    section: str


class Attached(NamedTuple):
    """A SecurityPolicy, and at which part of its target."""

    policy: Object
    section: str


def named(policy: Object) -> Iterator[Target]:
    """Yield what a policy names; a policy and its targets are in one namespace."""
    single = at(policy, "spec", "targetRef")
    for ref in [single] if single is not None else items(policy, "spec", "targetRefs"):
        kind = f"{text(ref, 'group')}/{text(ref, 'kind')}"
        yield Target(namespace(policy), kind, text(ref, "name"), text(ref, "sectionName"))


def targets(policy: Object, body: Object) -> bool:
    """Tell whether a policy is attached to the whole of an object."""
    whole = Target(namespace(body), kind_of(body), name(body), "")
    return whole in named(policy) or any(
        _selects(one, policy, body) for one in items(policy, "spec", "targetSelectors")
    )


def security_policies(body: Object, scene: Scene) -> Sequence[Attached]:
    """Return the SecurityPolicies that are attached to an object, or to a part of it."""
    by_name, by_labels = scene.remembered(_index)
    selecting = (
        Attached(policy, "")
        for policy in by_labels
        if any(_selects(one, policy, body) for one in items(policy, "spec", "targetSelectors"))
    )
    return [*by_name.get((namespace(body), kind_of(body), name(body)), ()), *selecting]


def targeted(policy: Object, kinds: Iterable[str], scene: Scene) -> Iterator[tuple[Object, str]]:
    """Yield the objects of these kinds, in the policy's namespace, that it is attached to, and at which section."""
    wanted, selectors = list(named(policy)), items(policy, "spec", "targetSelectors")
    for kind in sorted(kinds):
        for one in wanted:
            if one.kind == kind:
                yield from ((body, one.section) for body in _called(scene, kind, one.namespace).get(one.name, ()))
        for body in objects(scene, kind, namespace(policy)) if selectors else ():
            if any(_selects(one, policy, body) for one in selectors):
                yield body, ""


def _called(scene: Scene, kind: str, inside: str) -> Mapping[str, Sequence[Object]]:
    """Return the objects of a kind in a namespace by their names."""
    return scene.kept(("called", kind, inside), lambda: _by_name(objects(scene, kind, inside)))


def _by_name(bodies: Iterable[Object]) -> Mapping[str, Sequence[Object]]:
    called: dict[str, list[Object]] = defaultdict(list)
    for body in bodies:
        called[name(body)].append(body)
    return called


_Names = tuple[str, str, str]


def _index(scene: Scene) -> tuple[Mapping[_Names, Sequence[Attached]], Sequence[Object]]:
    """Return the SecurityPolicies by the names of their targets, and those that go by labels."""
    by_name: dict[_Names, list[Attached]] = defaultdict(list)
    by_labels: list[Object] = []
    for policy in objects(scene, SECURITY_POLICY):
        for target in named(policy):
            by_name[target[:3]].append(Attached(policy, target.section))
        if items(policy, "spec", "targetSelectors"):
            by_labels.append(policy)
    return by_name, by_labels


def _selects(selector: Any, policy: Object, body: Object) -> bool:
    """Tell whether a policy goes by labels that an object bears; in another namespace, where it says that it may."""
    reach = mapping(selector, "namespaces").get("from", "Same")
    if namespace(policy) != namespace(body) and reach == "Same":
        return False
    kind = f"{mapping(selector).get('group', GATEWAY_API)}/{text(selector, 'kind')}"
    return kind == kind_of(body) and matches(selector, mapping(body, "metadata", "labels"))
