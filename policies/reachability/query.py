"""One question: may this endpoint open connections to that one, and by which lines of which policies.

Asks policy by policy, as the API's text says it; `graph` finds all edges at once, and tests hold the two together.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import reduce
from typing import Final, NamedTuple, TypeAlias

import msgspec

from components.estate.finding import PathPart, Words
from policies.reachability.addresses import Space
from policies.reachability.connections import EVERYTHING, NOTHING, Connections
from policies.reachability.endpoint import Endpoint, NamedPort, Network, Outside, Pod
from policies.reachability.policy import Block, Direction, PeerSelector, Policy, Rule, is_inside, resolved
from policies.reachability.selector import matches
from policies.reachability.unreadable import MixedAddressesError, Unreadable
from policies.reachability.world import World


class Answer(StrEnum):
    """Whether connections may be opened; `UNKNOWN` is where something cannot be read, and is neither."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Match(NamedTuple):
    """What lets a connection through: a rule, by one of its peers and one of its ports.

    Attributes:
        rule: Where the rule lies in the policy.
        peer: Where the peer lies; None where the rule has none, which is everybody.
        port: Where the port lies; None where the rule has none, which is every port.
    """

    policy: Policy
    rule: tuple[PathPart, ...]
    peer: tuple[PathPart, ...] | None
    port: tuple[PathPart, ...] | None


class Side(NamedTuple):
    """What the policies of one end say: `egress` those of the source, `ingress` those of the destination.

    Attributes:
        isolating: The policies that select the pod in this direction; without any, all is open.
        allowing: What lets the connection through.
    """

    direction: Direction
    isolating: tuple[Policy, ...] = ()
    allowing: tuple[Match, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether this side lets the connection through."""
        return not self.isolating or bool(self.allowing)


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and its reasons.

    Attributes:
        unreadable: What makes the answer unknown; the sides tell only of what could be read.
        is_itself: Source and destination are one pod, which no policy keeps from itself.
    """

    answer: Answer
    egress: Side
    ingress: Side
    unreadable: tuple[Unreadable, ...] = ()
    is_itself: bool = False


_Wanted: TypeAlias = tuple[int, str]
"""A port and its protocol."""


class _Pair(NamedTuple):
    """Two endpoints, each with the one address that is asked about, or none that is known."""

    source: Endpoint
    source_address: Network | None
    target: Endpoint
    target_address: Network | None


def why(world: World, source: Endpoint, target: Endpoint, port: int, protocol: str = "TCP") -> Why:
    """Return whether `source` may open connections to this port of `target`, and why.

    Neither need be of the world: what is asked about a pod is known from its namespace and labels. `protocol` is one
    of `PROTOCOLS`.

    Raises:
        MixedAddressesError: They are of different families, or name networks of which some addresses are let through
            and some are not.
    """
    unreadable = tuple(dict.fromkeys((*world.hidden(source), *world.hidden(target))))
    if _is_itself(source, target):
        return Why(answer=Answer.YES, egress=_FREE_OUT, ingress=_FREE_IN, is_itself=True)
    found: dict[bool, Why] = {}
    for pair in _pairs(world, source, target):
        egress, ingress = (_side(world, pair, direction, (port, protocol)) for direction in _BOTH)
        is_open = egress.is_open and ingress.is_open
        answer = Answer.UNKNOWN if unreadable else Answer.YES if is_open else Answer.NO
        found.setdefault(is_open, Why(answer=answer, egress=egress, ingress=ingress, unreadable=unreadable))
    if len(found) > 1 and not unreadable:
        raise MixedAddressesError(_MIXED)
    return next(iter(found.values()))


def connections(world: World, source: Endpoint, target: Endpoint) -> Connections | None:
    """Return all connections that `source` may open to `target`; None where that is unknown.

    Raises:
        MixedAddressesError: They are of different families, or name networks of which not all addresses are treated
            alike.
    """
    if _is_itself(source, target):
        return EVERYTHING
    if world.hidden(source) or world.hidden(target):
        return None
    found = {
        _through(world, pair, Direction.EGRESS) & _through(world, pair, Direction.INGRESS)
        for pair in _pairs(world, source, target)
    }
    if len(found) > 1:
        raise MixedAddressesError(_MIXED)
    return found.pop()


def _is_itself(source: Endpoint, target: Endpoint) -> bool:
    return isinstance(source, Pod) and source.is_one and source == target


def _pairs(world: World, source: Endpoint, target: Endpoint) -> Iterator[_Pair]:
    """Yield the pair once for each way in which policies may look at its addresses."""
    sources, targets = _addresses(world.space, source), _addresses(world.space, target)
    pairs = [
        _Pair(source, a, target, b)
        for a in sources
        for b in targets
        if a is None or b is None or a.version == b.version
    ]
    if not pairs:
        raise MixedAddressesError(_FAMILIES)
    yield from pairs


def _addresses(space: Space, endpoint: Endpoint) -> list[Network | None]:
    networks = (endpoint.network,) if isinstance(endpoint, Outside) else endpoint.addresses
    return [piece.sample for network in networks for piece in space.within(network)] or [None]


def _side(world: World, pair: _Pair, direction: Direction, wanted: _Wanted) -> Side:
    isolating = _isolating(world, pair, direction)
    matched = (m for policy in isolating for m in _matches(world, policy, pair, direction, wanted))
    return Side(direction, isolating, tuple(matched))


def _isolating(world: World, pair: _Pair, direction: Direction) -> tuple[Policy, ...]:
    pod = pair.source if direction is Direction.EGRESS else pair.target
    if isinstance(pod, Outside) or pod.on_node:
        return ()
    return tuple(
        policy
        for policy in world.policies_in.get(pod.namespace, ())
        if policy.rules(direction) is not None and matches(policy.pods, pod.labels)
    )


def _matches(world: World, policy: Policy, pair: _Pair, direction: Direction, wanted: _Wanted) -> Iterator[Match]:
    for number, rule in enumerate(policy.rules(direction) or ()):
        path = ("spec", str(direction), number)
        for peer in _peers(world, policy, rule, pair, direction):
            for index in _ports(rule, pair.target, wanted):
                yield Match(
                    policy,
                    path,
                    None if peer is None else (*path, _PEERS[direction], peer),
                    None if index is None else (*path, "ports", index),
                )


def _peers(world: World, policy: Policy, rule: Rule, pair: _Pair, direction: Direction) -> Iterator[int | None]:
    """Yield which of the rule's peers the other endpoint is; None where the rule has none."""
    if not rule.peers:
        yield None
    other, address = pair[2:] if direction is Direction.EGRESS else pair[:2]
    for index, peer in enumerate(rule.peers):
        if _is_peer(world, policy, peer, other, address):
            yield index


def _is_peer(
    world: World, policy: Policy, peer: PeerSelector | Block, other: Endpoint, address: Network | None
) -> bool:
    if not isinstance(peer, PeerSelector):
        return address is not None and is_inside(address, peer)
    if isinstance(other, Outside) or other.on_node:
        return False
    is_there = (
        other.namespace == policy.namespace
        if peer.namespaces is None
        else matches(peer.namespaces, world.namespace_labels(other.namespace))
    )
    return is_there and matches(peer.pods, other.labels)


def _ports(rule: Rule, target: Endpoint, wanted: _Wanted) -> Iterator[int | None]:
    if not rule.ports:
        yield None
    for index, selector in enumerate(rule.ports):
        if resolved((selector,), _named(target)).allows(*wanted):
            yield index


def _through(world: World, pair: _Pair, direction: Direction) -> Connections:
    isolating = _isolating(world, pair, direction)
    if not isolating:
        return EVERYTHING
    through = (
        resolved(rule.ports, _named(pair.target))
        for policy in isolating
        for rule in policy.rules(direction) or ()
        if any(True for _ in _peers(world, policy, rule, pair, direction))
    )
    return reduce(Connections.__or__, through, NOTHING)


def _named(target: Endpoint) -> tuple[NamedPort, ...]:
    return () if isinstance(target, Outside) else target.ports


_BOTH: Final = (Direction.EGRESS, Direction.INGRESS)
_PEERS: Final = {Direction.EGRESS: "to", Direction.INGRESS: "from"}
_FREE_OUT, _FREE_IN = (Side(direction) for direction in _BOTH)
_MIXED: Final = Words(
    "policies treat some of these addresses in one way and some in another: ask for a smaller network",
    "سیاست‌ها با بخشی از این نشانی‌ها یک گونه و با بخشی دیگر گونه‌ای دیگر رفتار می‌کنند: شبکه‌ای کوچک‌تر بپرسید",
)
_FAMILIES: Final = Words(
    "one has only IPv4 addresses and the other only IPv6 ones: nothing goes between them",
    "یکی تنها نشانی IPv4 دارد و دیگری تنها IPv6: میانشان چیزی رد و بدل نمی‌شود",
)
