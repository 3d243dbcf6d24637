"""All edges at once: who may open which connections to whom.

Each destination is looked at once. What its own policies let in and what the others' policies let out to it are sets of
sources, few for each set of connections; an edge is where the two overlap.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from policies.reachability.classes import Classes, EndpointClass, Mask, places
from policies.reachability.connections import EVERYTHING, NOTHING, Connections
from policies.reachability.policy import Direction, PortSelector, resolved
from policies.reachability.unreadable import UnreadableError
from policies.reachability.world import World

_Opening: TypeAlias = tuple[Mask, tuple[PortSelector, ...]]
"""Sources, and the ports that one rule opens for them."""


class Edge(NamedTuple):
    """Connections that any endpoint of one class may open to any other endpoint of another, or of the same class."""

    source: EndpointClass
    target: EndpointClass
    connections: Connections


class Graph:
    """All edges of a world.

    Args:
        world: What is judged.
        but_unknown: Leave out what cannot be known; whoever asks so shows `world.unreadable` beside the edges.

    Raises:
        UnreadableError: Something cannot be read, and it was not asked to leave it out.
    """

    def __init__(self, world: World, *, but_unknown: bool = False) -> None:
        """Find who isolates and who lets through, but no edge yet."""
        if world.unreadable and not but_unknown:
            raise UnreadableError(world.unreadable)
        self._classes = Classes(world)
        self.classes = self._classes.all
        size = len(self.classes)
        self._shut: dict[Direction, Mask] = dict.fromkeys(Direction, 0)
        self._let_in: list[list[_Opening]] = [[] for _ in range(size)]
        self._let_out: list[list[_Opening]] = [[] for _ in range(size)]
        self._let_out_to_all: list[_Opening] = []
        self._hidden: Mask = sum(
            1 << place for place, each in enumerate(self.classes) if any(world.hidden(m) for m in each.members[:1])
        )
        self._read_ingress(world)
        self._read_egress(world)

    def edges(self) -> Iterator[Edge]:
        """Yield every edge, in the order of the classes; between outside addresses there are none."""
        for place, target in enumerate(self.classes):
            for sources, connections in self._arrivals(place, target):
                for source in places(sources):
                    yield Edge(self.classes[source], target, connections)

    def _arrivals(self, place: int, target: EndpointClass) -> Iterator[tuple[Mask, Connections]]:
        able = self._able(place, target)
        if not able:
            return
        shut_in = bool(self._shut[Direction.INGRESS] >> place & 1)
        let_in = _by_connections(self._let_in[place], target) if shut_in else [(able, EVERYTHING)]
        let_out = _by_connections((*self._let_out[place], *self._let_out_to_all), target)
        let_out.append((able & ~self._shut[Direction.EGRESS], EVERYTHING))
        for come, wide in _disjoint(let_in):
            for go, narrow in _disjoint(let_out):
                both, connections = come & go & able, wide & narrow
                if both and connections:
                    yield both, connections

    def _able(self, place: int, target: EndpointClass) -> Mask:
        """Return the sources that could send anything to it, were there no policies."""
        if self._hidden >> place & 1:
            return 0
        able = self._classes.everyone & ~self._hidden
        if target.piece is not None:
            able &= ~self._classes.families[target.piece.version]
        if target.namespace is None:
            able &= ~self._classes.outside
        return able & ~(1 << place) if target.is_one_pod else able

    def _read_ingress(self, world: World) -> None:
        for policy in world.policies:
            if policy.ingress is None:
                continue
            selected = self._classes.selected(policy.namespace, policy.pods)
            self._shut[Direction.INGRESS] |= selected
            for rule in policy.ingress:
                opening = self._classes.meant(policy, rule), rule.ports
                for place in places(selected):
                    self._let_in[place].append(opening)

    def _read_egress(self, world: World) -> None:
        sources: dict[_Opening, Mask] = defaultdict(int)
        for policy in world.policies:
            if policy.egress is None:
                continue
            selected = self._classes.selected(policy.namespace, policy.pods)
            self._shut[Direction.EGRESS] |= selected
            for rule in policy.egress:
                sources[self._classes.meant(policy, rule), rule.ports] |= selected
        for (targets, ports), selected in sources.items():
            if targets == self._classes.everyone:
                self._let_out_to_all.append((selected, ports))
                continue
            for place in places(targets):
                self._let_out[place].append((selected, ports))


def _by_connections(openings: Iterable[_Opening], target: EndpointClass) -> list[tuple[Mask, Connections]]:
    found: dict[Connections, Mask] = defaultdict(int)
    for sources, ports in openings:
        found[resolved(ports, target.ports)] |= sources
    return [(sources, connections) for connections, sources in found.items()]


def _disjoint(sets: Iterable[tuple[Mask, Connections]]) -> list[tuple[Mask, Connections]]:
    """Return the same so that each source is in one set only, with the union of its connections."""
    found: list[tuple[Mask, Connections]] = []
    for sources, connections in sets:
        left, parts = sources, list[tuple[Mask, Connections]]()
        for mask, known in found:
            both = mask & left
            left &= ~both
            parts += ((part, c) for part, c in ((both, known | connections), (mask & ~both, known)) if part)
        found = [*parts, *([(left, connections)] if left else [])]
    return [(sources, connections) for sources, connections in found if connections != NOTHING]
