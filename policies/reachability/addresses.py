"""The address space, cut at the borders of all networks that policies name: addresses of one piece are all alike."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, Literal, NamedTuple, TypeAlias

from policies.reachability.endpoint import Network
from policies.reachability.policy import Block, PeerSelector, Policy

Version: TypeAlias = Literal[4, 6]
Range: TypeAlias = tuple[int, int]
_SPACE: Final[tuple[Network, ...]] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


class Piece(NamedTuple):
    """Addresses of one family that lie in the very same networks.

    Attributes:
        ranges: First and last address, as numbers, in order.
        networks: All networks of policies in which they lie.
    """

    version: Version
    ranges: tuple[Range, ...]
    networks: frozenset[Network]

    @property
    def sample(self) -> Network:
        """One of the addresses."""
        first = self.ranges[0][0]
        return ip_network(_address(self.version, first))

    def __str__(self) -> str:
        """Return the addresses as people write them: `10.0.0.0-10.0.0.255, 192.0.2.1`."""
        ends = (dict.fromkeys(str(_address(self.version, end)) for end in ends) for ends in self.ranges)
        return ", ".join(map("-".join, ends))

    def is_in(self, block: Block) -> bool:
        """Tell whether the block, one of those the space was cut by, names these addresses."""
        return block.network in self.networks and self.networks.isdisjoint(block.excepted)


class Space:
    """All addresses, cut by the blocks of these policies."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Find the borders."""
        self._networks: dict[Version, set[Network]] = {4: set(), 6: set()}
        for policy in policies:
            for rule in (*(policy.ingress or ()), *(policy.egress or ())):
                for peer in rule.peers:
                    if not isinstance(peer, PeerSelector):
                        self._networks[peer.network.version].update((peer.network, *peer.excepted))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """All of them."""
        return tuple(piece for network in _SPACE for piece in self.within(network))

    def within(self, network: Network) -> tuple[Piece, ...]:
        """Return the pieces of one network, only with those of their addresses that lie in it."""
        starts, signatures = self._cuts[network.version]
        first, last = _range(network)
        found: dict[frozenset[Network], list[Range]] = defaultdict(list)
        for index in range(bisect_right(starts, first) - 1, bisect_right(starts, last)):
            end = starts[index + 1] - 1 if index + 1 < len(starts) else last
            found[signatures[index]].append((max(starts[index], first), min(end, last)))
        return tuple(Piece(network.version, tuple(ranges), signature) for signature, ranges in found.items())

    @cached_property
    def _cuts(self) -> dict[Version, tuple[list[int], list[frozenset[Network]]]]:
        """By family: where each stretch of alike addresses begins, and in which networks it lies."""
        return {version: _cut(networks) for version, networks in self._networks.items()}


def _cut(networks: Iterable[Network]) -> tuple[list[int], list[frozenset[Network]]]:
    events: dict[int, list[Network]] = defaultdict(list)
    for network in networks:
        first, last = _range(network)
        events[first].append(network)
        events[last + 1].append(network)
    starts, signatures, inside = [0], [frozenset[Network]()], set[Network]()
    for start in sorted(events):
        inside.symmetric_difference_update(events[start])  # the first time it begins there, the second it ends
        if start == starts[-1]:
            signatures[-1] = frozenset(inside)
        else:
            starts.append(start)
            signatures.append(frozenset(inside))
    return starts, signatures


def _address(version: Version, number: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number) if version == 4 else IPv6Address(number)  # noqa: PLR2004  # IPv4


def _range(network: Network) -> Range:
    return int(network.network_address), int(network.broadcast_address)
