"""Endpoints that no policy tells apart, and sets of them: each class is one bit of a number."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple, TypeAlias

import msgspec

from components.manifests.manifest import NAMESPACE_LABEL
from policies.reachability.addresses import Piece
from policies.reachability.endpoint import Endpoint, NamedPort, Network, Pod
from policies.reachability.policy import Block, PeerSelector, Policy, Rule
from policies.reachability.selector import Operator, Selector, matches
from policies.reachability.world import World

Mask: TypeAlias = int
"""A set of classes: the bit of each one's place."""


class EndpointClass(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Endpoints that no policy tells apart; each class is itself only, and of one graph.

    Attributes:
        namespace: Where its pods are; None of outside addresses.
        labels: Those labels of its pods that some policy looks at, in order.
        ports: Those named ports of its pods that some policy names, in order.
        piece: Where its addresses lie; None of pods whose addresses are not known.
        on_node: Its pods use the network of their nodes.
        members: The endpoints; of outside addresses those that the caller named and that reach into the piece.
    """

    namespace: str | None
    labels: tuple[tuple[str, str], ...] = ()
    ports: tuple[NamedPort, ...] = ()
    piece: Piece | None = None
    on_node: bool = False
    members: tuple[Endpoint, ...] = ()

    @property
    def is_one_pod(self) -> bool:
        """Whether it is a single pod, which can only reach itself in its own class."""
        return len(self.members) == 1 and isinstance(self.members[0], Pod) and self.members[0].is_one


class _Key(NamedTuple):
    """All of a pod that policies look at."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    ports: tuple[NamedPort, ...]
    piece: Piece | None
    on_node: bool


class Classes:
    """All classes of a world, and which of them selectors and peers mean."""

    def __init__(self, world: World) -> None:
        """Group the world's endpoints."""
        self._world = world
        self._space = world.space
        self.all = (*self._pods(), *self._outside())
        self.everyone: Mask = (1 << len(self.all)) - 1
        self._by_label: dict[tuple[str, str, str], Mask] = defaultdict(int)
        self._by_namespace: dict[str, Mask] = defaultdict(int)
        self._by_network: dict[Network, Mask] = defaultdict(int)
        self._selected: dict[tuple[str, Selector], Mask] = {}
        self._meant: dict[tuple[str, PeerSelector], Mask] = {}
        for place, each in enumerate(self.all):
            bit = 1 << place
            for network in each.piece.networks if each.piece else ():
                self._by_network[network] |= bit
            if each.namespace is not None and not each.on_node:
                self._by_namespace[each.namespace] |= bit
                for key, value in each.labels:
                    self._by_label[each.namespace, key, value] |= bit

    def selected(self, namespace: str, selector: Selector) -> Mask:
        """Return the classes of a namespace whose pods the selector selects."""
        key = namespace, selector
        if key not in self._selected:
            self._selected[key] = self._select(namespace, selector)
        return self._selected[key]

    def meant(self, policy: Policy, rule: Rule) -> Mask:
        """Return the classes that are a peer of the rule."""
        if not rule.peers:
            return self.everyone
        mask = 0
        for peer in rule.peers:
            mask |= self._peers(policy.namespace, peer) if isinstance(peer, PeerSelector) else self._inside(peer)
        return mask

    @cached_property
    def outside(self) -> Mask:
        """All outside addresses."""
        return sum(1 << place for place, each in enumerate(self.all) if each.namespace is None)

    @cached_property
    def families(self) -> Mapping[int, Mask]:
        """By version of IP, those whose addresses are known to be of the other one."""
        masks = {4: 0, 6: 0}
        for place, each in enumerate(self.all):
            if each.piece is not None:
                masks[10 - each.piece.version] |= 1 << place
        return masks

    def _select(self, namespace: str, selector: Selector) -> Mask:
        candidates = self._by_namespace.get(namespace, 0)
        for key, operator, values in selector:
            if operator is Operator.IN:
                bearers = 0
                for value in values:
                    bearers |= self._by_label.get((namespace, key, value), 0)
                candidates &= bearers
        if all(requirement.operator is Operator.IN for requirement in selector):
            return candidates
        return sum(1 << place for place in places(candidates) if matches(selector, dict(self.all[place].labels)))

    def _peers(self, own: str, peer: PeerSelector) -> Mask:
        key = "" if peer.namespaces is not None else own, peer
        if key not in self._meant:
            there = (own,) if peer.namespaces is None else self._namespaces(peer.namespaces)
            mask = 0
            for namespace in there:
                mask |= self.selected(namespace, peer.pods)
            self._meant[key] = mask
        return self._meant[key]

    def _namespaces(self, selector: Selector) -> Iterator[str]:
        named = [r.values for r in selector if r.key == NAMESPACE_LABEL and r.operator is Operator.IN]
        for name in named[0] if named else self._by_namespace:
            if matches(selector, self._world.namespace_labels(name)):
                yield name

    def _inside(self, block: Block) -> Mask:
        mask = self._by_network.get(block.network, 0)
        for excepted in block.excepted:
            mask &= ~self._by_network.get(excepted, 0)
        return mask

    def _pods(self) -> Iterator[EndpointClass]:
        keys, names = _asked(self._world)
        found: dict[_Key, list[Pod]] = defaultdict(list)
        pieces: dict[tuple[Network, ...], tuple[Piece | None, ...]] = {(): (None,)}
        for pod in self._world.pods:
            labels = tuple(sorted((key, value) for key, value in pod.labels.items() if key in keys))
            ports = tuple(sorted(port for port in pod.ports if port.name in names))
            if pod.addresses not in pieces:
                pieces[pod.addresses] = tuple(p for network in pod.addresses for p in self._space.within(network))
            for piece in pieces[pod.addresses]:
                found[_Key(pod.namespace, labels, ports, piece, pod.on_node)].append(pod)
        for key in sorted(found, key=repr):
            yield EndpointClass(
                namespace=key.namespace,
                labels=key.labels,
                ports=key.ports,
                piece=key.piece,
                on_node=key.on_node,
                members=tuple(found[key]),
            )

    def _outside(self) -> Iterator[EndpointClass]:
        named = [(each, {p.networks for p in self._space.within(each.network)}) for each in self._world.outside]
        for piece in self._space.pieces:
            members = tuple(
                each for each, reached in named if each.network.version == piece.version and piece.networks in reached
            )
            yield EndpointClass(namespace=None, piece=piece, members=members)


def places(mask: Mask) -> Iterator[int]:
    """Yield the places of the classes in the set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _asked(world: World) -> tuple[frozenset[str], frozenset[str]]:
    """Return the labels of pods and the named ports that policies look at."""
    keys, names = set[str](), set[str]()
    for policy in world.policies:
        keys.update(requirement.key for requirement in policy.pods)
        for rule in (*(policy.ingress or ()), *(policy.egress or ())):
            names.update(port.name for port in rule.ports if port.name)
            for peer in rule.peers:
                if isinstance(peer, PeerSelector):
                    keys.update(requirement.key for requirement in peer.pods)
    return frozenset(keys), frozenset(names)
