"""Networks of either IP version: which lies in which. Two of different versions share nothing."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


def contains(outer: Network, inner: Network) -> bool:
    """Tell whether every address of `inner` is one of `outer`."""
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def joined(networks: Iterable[Network]) -> list[Network]:
    """Return the same addresses in as few networks as can be, neighbours joined: of version 4, then of version 6."""
    listed = list(networks)
    four = collapse_addresses(one for one in listed if isinstance(one, IPv4Network))
    six = collapse_addresses(one for one in listed if isinstance(one, IPv6Network))
    return [*four, *six]
