"""The Gateway API as rules read it: which hosts an object claims, where a route attaches, whether it only redirects."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from components.estate.finding import PathPart
from components.manifests.gateway import GATEWAY_API
from components.manifests.manifest import PLATFORM_OWNER
from policies.rules.ownership import is_exchanges, objects, owner
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Object, kind_of
from policies.rules.scene import Scene

GATEWAY: Final = f"{GATEWAY_API}/Gateway"
LISTENER_SET: Final = f"{GATEWAY_API}/ListenerSet"
INGRESS: Final = "networking.k8s.io/Ingress"
LISTENERS: Final = frozenset({GATEWAY, LISTENER_SET})
"""What opens listeners."""
ROUTES: Final = frozenset(f"{GATEWAY_API}/{kind}" for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute"))
"""What attaches to them and has hosts; TCPRoute and UDPRoute have none (IN-06)."""


class Host(NamedTuple):
    """A host that an object claims, and where; empty where none can be read: then it claims all that it can get."""

    path: tuple[PathPart, ...]
    name: str


class Door(NamedTuple):
    """A Gateway or a ListenerSet; what cannot be read, or is of another kind, is empty."""

    kind: str
    namespace: str
    name: str


class Parent(NamedTuple):
    """Where a route attaches: at which door, and at which of its listeners; empty means at all of them."""

    path: tuple[PathPart, ...]
    door: Door
    section: str


def hosts(body: Object, scene: Scene) -> Iterator[Host]:
    """Yield each host that a route, a door or an Ingress claims.

    Nothing for the platform's redirect of plain HTTP, and nothing at the exchange.
    """
    if not is_exchanges(body, scene):
        yield from _hosts(body, scene)


def _hosts(body: Object, scene: Scene) -> Iterator[Host]:
    kind = kind_of(body)
    if kind in ROUTES:
        if owner(body, scene) != PLATFORM_OWNER or not only_redirects(body):
            yield from _listed(body, "spec", "hostnames")
    elif kind in LISTENERS:
        for index, listener in enumerate(items(body, "spec", "listeners")):
            if not is_plain_door(body, listener, scene):
                yield Host(("spec", "listeners", index, "hostname"), text(listener, "hostname"))
        if not items(body, "spec", "listeners"):
            yield Host(("spec", "listeners"), "")
    else:
        for index, rule in enumerate(items(body, "spec", "rules")):
            yield Host(("spec", "rules", index, "host"), text(rule, "host"))
        if not items(body, "spec", "rules"):
            yield Host(("spec", "rules"), "")
        for index, _ in enumerate(items(body, "spec", "tls")):
            yield from _listed(body, "spec", "tls", index, "hosts")


def lies_in(host: str, zone: str) -> bool:
    """Tell whether the host is the zone or below it; `*.zone` is below."""
    return host == zone or host.endswith(f".{zone}")


def is_plain_door(body: Object, listener: object, scene: Scene) -> bool:
    """Tell whether this is the platform's own listener for plain HTTP, which only redirects (IN-01)."""
    is_platforms = kind_of(body) == GATEWAY and owner(body, scene) == PLATFORM_OWNER
    return is_platforms and text(listener, "protocol") == "HTTP"


def only_redirects(route: Object) -> bool:
    """Tell whether all that a route does is to send to https at the same host."""
    rules = items(route, "spec", "rules")
    return bool(rules) and all(_redirects(rule) for rule in rules)


def parents(route: Object) -> Iterator[Parent]:
    """Yield where a route attaches, the API's defaults filled in."""
    for index, ref in enumerate(items(route, "spec", "parentRefs")):
        yield Parent(("spec", "parentRefs", index), door_of(ref, namespace(route)), text(ref, "sectionName"))


def door_of(ref: object, place: str) -> Door:
    """Return the door that a reference names, read in the namespace `place`."""
    group, kind = mapping(ref).get("group", GATEWAY_API), mapping(ref).get("kind", "Gateway")
    full = f"{group}/{kind}"
    return Door(full if full in LISTENERS else "", text(ref, "namespace") or place, text(ref, "name"))


def door(body: Object) -> Door:
    """Return the door that this object is."""
    return Door(kind_of(body), namespace(body), name(body))


def find_door(wanted: Door, scene: Scene) -> Object | None:
    """Return the object that is this door, where it is at hand."""
    return scene.remembered(_doors).get(wanted)


def attached(wanted: Door, section: str, scene: Scene) -> Iterator[Object]:
    """Yield the routes that attach to a listener of a door."""
    for route, at_section in scene.remembered(_attached).get(wanted, ()):
        if at_section in {"", section}:
            yield route


def _doors(scene: Scene) -> Mapping[Door, Object]:
    return {door(body): body for kind in sorted(LISTENERS) for body in objects(scene, kind)}


def _attached(scene: Scene) -> Mapping[Door, Sequence[tuple[Object, str]]]:
    found: dict[Door, list[tuple[Object, str]]] = defaultdict(list)
    for kind in sorted(ROUTES):
        for route in objects(scene, kind):
            for parent in parents(route):
                found[parent.door].append((route, parent.section))
    return found


def _listed(body: Object, *path: PathPart) -> Iterator[Host]:
    listed = items(body, *path)
    for index, host in enumerate(listed):
        yield Host((*path, index), host if isinstance(host, str) else "")
    if not listed:
        yield Host(path, "")


def _redirects(rule: Any) -> bool:
    filters = items(rule, "filters")
    if len(filters) != 1 or text(filters[0], "type") != "RequestRedirect" or at(rule, "backendRefs") not in (None, []):
        return False
    target = mapping(filters[0], "requestRedirect")
    return target.get("scheme") == "https" and target.get("hostname") is None
