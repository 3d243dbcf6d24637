"""NP-12: the gateway's way to what serves in a window: its own pods, to declared ports of apps, and nothing else."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from components.estate.finding import Words
from components.manifests.manifest import APP_LABEL
from policies.rules.attachments import ROUTES
from policies.rules.network import POLICIES, Path, found, is_number, openings
from policies.rules.ownership import is_tenants, objects, owner
from policies.rules.reading import at, items, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import demands, named_namespaces

_Backends: TypeAlias = frozenset[tuple[str, int]]
"""Apps and their ports."""


def _is_the_gateways_way(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge both halves: into a tenant's pods, and out of the gateway's own in its namespace.

    A port is declared where a route of the agency leads to it, from whichever of its namespaces: Services bear the
    names of their apps, and staging may have the ways that production's routes use.
    """
    if not is_tenants(body, scene):
        return
    declared = scene.remembered(_backends).get(owner(body, scene), frozenset())
    is_outward = namespace(body) == scene.platform.spec.gateway.namespace
    yield from (_outward if is_outward else _inward)(body, scene, declared)


def _inward(body: Object, scene: Scene, declared: _Backends) -> Iterator[Problem]:
    for path, side, rule in openings(body):
        named = items(rule, "from") if side == "from" else []
        for index, peer in enumerate(named):
            half = _missing_half(peer, scene)
            if half:
                yield Problem(
                    (*path, side, index, half),
                    Words("is not only the gateway's own pods", "تنها پادهای خود دروازه نیست"),
                )
        if any(_is_gateway(peer, scene) for peer in named):
            selector = at(body, "spec", "podSelector")
            yield from _undeclared(("spec", "podSelector"), selector, path, rule, declared)


def _outward(body: Object, scene: Scene, declared: _Backends) -> Iterator[Problem]:
    if not demands(at(body, "spec", "podSelector"), scene.platform.spec.gateway.pod_labels):
        yield Problem(
            ("spec", "podSelector"),
            Words("is not only the gateway's own pods", "تنها پادهای خود دروازه نیست"),
        )
    for path, side, rule in openings(body):
        for index, peer in enumerate(items(rule, "to") if side == "to" else []):
            place: Path = (*path, "to", index)
            owners = {scene.tenant(one) for one in named_namespaces(at(peer, "namespaceSelector"))}
            if owners != {owner(body, scene)}:
                yield Problem(
                    (*place, "namespaceSelector"),
                    Words("does not lead to the agency's own namespaces", "به فضاهای نام خود دستگاه نمی‌رسد"),
                )
            yield from _undeclared((*place, "podSelector"), at(peer, "podSelector"), path, rule, declared)


def _undeclared(place: Path, selector: object, path: Path, rule: object, declared: _Backends) -> Iterator[Problem]:
    """Yield the ports of a rule at which no route of the agency looks for this app."""
    app = text(selector, "matchLabels", APP_LABEL)
    if not app:
        yield found((*place, "matchLabels", APP_LABEL), at(selector, "matchLabels", APP_LABEL))
        return
    ports = items(rule, "ports")
    if not ports:
        yield found((*path, "ports"), at(rule, "ports"))
    for index, port in enumerate(ports):
        number = at(port, "port")
        is_one = text(port, "protocol") == "TCP" and is_number(number) and at(port, "endPort") is None
        if not is_one or (app, number) not in declared:
            yield Problem(
                (*path, "ports", index),
                Words(f"no route leads to {app} at port {number!r}", f"هیچ مسیری به {app} در درگاه {number!r} نمی‌رسد"),
            )


def _is_gateway(peer: object, scene: Scene) -> bool:
    """Tell whether a peer is the gateway, or looks like it by one of its halves."""
    gateway = scene.platform.spec.gateway
    is_there = gateway.namespace in named_namespaces(at(peer, "namespaceSelector"))
    return is_there or demands(at(peer, "podSelector"), gateway.pod_labels)


def _missing_half(peer: object, scene: Scene) -> str:
    """Return the half of a peer that makes it more than the gateway; empty where it is the gateway, or another."""
    gateway = scene.platform.spec.gateway
    if not _is_gateway(peer, scene):
        return ""
    if named_namespaces(at(peer, "namespaceSelector")) != {gateway.namespace}:
        return "namespaceSelector"
    return "" if demands(at(peer, "podSelector"), gateway.pod_labels) else "podSelector"


def _backends(scene: Scene) -> Mapping[str, _Backends]:
    """Return where the routes of each agency lead."""
    led: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for kind in sorted(ROUTES):
        for route in objects(scene, kind):
            for rule in items(route, "spec", "rules"):
                for to in items(rule, "backendRefs"):
                    app, port = text(to, "name"), at(to, "port")
                    if app and is_number(port):
                        led[owner(route, scene)].add((app, port))
    return {agency: frozenset(backends) for agency, backends in led.items()}


RULES: Final = (
    Rule(
        id="NP-12",
        name="networkpolicy-gateway-to-backend",
        title=Words(
            "Only the gateway's own pods reach what serves in a window, at declared ports",
            "تنها پادهای خود دروازه و تنها در درگاه‌های اعلام‌شده به برنامه‌های پنجره می‌رسند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("UDS Package model",),
        remedy=Words(
            "name the gateway by namespace and pod labels in one peer, the app by its label, and as port the one that "
            "a route of the agency leads to",
            "دروازه را با فضای نام و برچسب پادهایش در یک طرف، برنامه را با برچسبش، و درگاه را همان بیاورید که مسیری "
            "از دستگاه به آن می‌رسد",
        ),
        kinds=POLICIES,
        check=_is_the_gateways_way,
    ),
)
