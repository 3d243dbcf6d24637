"""Who of one agency reaches whom of another, directly or by both hops and a route of the exchange."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from components.estate.estate import Estate, production
from components.estate.finding import Words
from components.manifests import exchange, network
from policies.explanation.party import EVERY_APP
from policies.explanation.scene import Scene
from policies.isolation import Call, Openings, Way, consented, opened
from policies.reachability.connections import Connections, of


class Edge(NamedTuple):
    """Connections from an app of one agency to an app of another; the path at the exchange, empty where past it."""

    source: tuple[str, str]
    target: tuple[str, str]
    connections: Connections
    path: str

    def __str__(self) -> str:
        """Return it as people write it."""
        by = f" ({self.path})" if self.path else ""
        return f"{'/'.join(self.source)} → {'/'.join(self.target)} {self.connections}{by}"


def computed(scene: Scene, consumer: str, provider: str) -> frozenset[Edge]:
    """Return what the declared objects open from the one agency to the other.

    Raises:
        UnreadableError: An object cannot be read.
    """
    both = tuple(one for one in scene.estate.agencies if one.id in (consumer, provider))
    part = msgspec.structs.replace(scene.estate, agencies=both)
    return edges(scene.estate, opened(part, (*scene.policies, *scene.routes)), consumer, provider)


def wanted(estate: Estate, consumer: str, provider: str) -> frozenset[Edge]:
    """Return what both sides of the flows from the one to the other declare."""
    return edges(estate, consented(estate), consumer, provider)


def calls(scene: Scene) -> frozenset[Call]:
    """Return whom the exchange lets pass to whom."""
    nobody = msgspec.structs.replace(scene.estate, agencies=())
    return opened(nobody, scene.routes).calls


def edges(estate: Estate, openings: Openings, consumer: str, provider: str) -> frozenset[Edge]:
    """Return the edges from the one agency to the other among these openings."""
    ours, theirs = _namespaces(estate, consumer), _namespaces(estate, provider)
    direct = (
        Edge(way.source, way.target, way.connections, "")
        for way in openings.ways
        if way.source[0] in ours and way.target[0] in theirs
    )
    return frozenset((*direct, *_exchanged(estate, openings, consumer, ours, theirs)))


def disagreements(found: frozenset[Edge], agreed: frozenset[Edge]) -> Iterator[Words]:
    """Yield where what is open is not what both sides agreed to."""
    for edge in sorted(found - agreed):
        yield Words(f"open without the consent of both sides: {edge}", f"بی‌رضایت هر دو سو باز است: {edge}")
    for edge in sorted(agreed - found):
        yield Words(f"closed, though both sides consent: {edge}", f"با وجود رضایت هر دو سو بسته است: {edge}")


def may_bear(call: Call, consumer: str, namespace: str) -> bool:
    """Tell whether pods of this namespace of the consumer can show the token that a call wants."""
    is_own = namespace == production(consumer) and call.bearer == exchange.bearer(consumer)
    return call.bearer == EVERY_APP or is_own


def _exchanged(
    estate: Estate, openings: Openings, consumer: str, ours: frozenset[str], theirs: frozenset[str]
) -> Iterator[Edge]:
    chosen = estate.platform.spec.exchange
    if chosen is None:
        return
    inside, door = (chosen.namespace, EVERY_APP), network.envoy_port(chosen.https_port)
    come = _ports(way for way in openings.ways if way.source[0] in ours and way.target == inside)
    go = _ports(way for way in openings.ways if way.source == inside and way.target[0] in theirs)
    for (source, _), first in come.items():
        for call in openings.calls:
            second = go.get((inside, call.target))
            is_through = second is not None and second.allows(call.port, "TCP") and first.allows(door, "TCP")
            if is_through and may_bear(call, consumer, source[0]):
                yield Edge(source, call.target, of("TCP", [(call.port, call.port)]), call.path)


def _ports(ways: Iterable[Way]) -> dict[tuple[tuple[str, str], tuple[str, str]], Connections]:
    return {(way.source, way.target): way.connections for way in ways}


def _namespaces(estate: Estate, agency_id: str) -> frozenset[str]:
    agency = estate.agency(agency_id)
    environments = agency.profile.spec.environments if agency is not None else ()
    return frozenset(agency.profile.namespace(one) for one in environments if agency is not None)
