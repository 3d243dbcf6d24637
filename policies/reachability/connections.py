"""Sets of connections: which ports of which protocols, as small sets of intervals. Knows no peers."""

from collections.abc import Iterable
from functools import cache
from typing import Final, TypeAlias

import msgspec

Interval: TypeAlias = tuple[int, int]
"""First and last port, both included."""
Ports: TypeAlias = tuple[Interval, ...]
"""Intervals in order, with a gap between any two: one set has one spelling."""

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
"""All that the API knows; what a policy means for others (ICMP) is left to the network plugin."""
PORT_MIN: Final = 1
PORT_MAX: Final = 65535
EVERY_PORT: Final[Ports] = ((PORT_MIN, PORT_MAX),)


class Connections(msgspec.Struct, frozen=True, order=True):
    """Which ports of which protocols; an empty one is false."""

    tcp: Ports = ()
    udp: Ports = ()
    sctp: Ports = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.tcp or self.udp or self.sctp)

    def __or__(self, other: "Connections") -> "Connections":
        """Return what is in either."""
        return _union(self, other)

    def __and__(self, other: "Connections") -> "Connections":
        """Return what is in both."""
        return _intersection(self, other)

    def ports(self, protocol: str) -> Ports:
        """Return the ports of one protocol of `PROTOCOLS`."""
        return {"TCP": self.tcp, "UDP": self.udp, "SCTP": self.sctp}[protocol]

    def allows(self, port: int, protocol: str) -> bool:
        """Tell whether this port of this protocol is among them."""
        return any(first <= port <= last for first, last in self.ports(protocol))

    def __str__(self) -> str:
        """Return it as people write it: `TCP 80, 8000-8080; UDP 53`."""
        if self == EVERYTHING:
            return "all ports"
        said = ((name, self.ports(name)) for name in PROTOCOLS)
        return "; ".join(f"{name} {', '.join(map(_said, ports))}" for name, ports in said if ports) or "nothing"


NOTHING: Final = Connections()
EVERYTHING: Final = Connections(EVERY_PORT, EVERY_PORT, EVERY_PORT)


def of(protocol: str, intervals: Iterable[Interval]) -> Connections:
    """Return the ports of one protocol as a set, in whatever order and however overlapping they come."""
    ports = _joined(intervals)
    return Connections(**{protocol.lower(): ports})


@cache  # a cluster has few different sets, and the same two meet again and again
def _union(left: Connections, right: Connections) -> Connections:
    return Connections(
        _joined(left.tcp + right.tcp), _joined(left.udp + right.udp), _joined(left.sctp + right.sctp)
    )  # fmt: skip


@cache
def _intersection(left: Connections, right: Connections) -> Connections:
    return Connections(_common(left.tcp, right.tcp), _common(left.udp, right.udp), _common(left.sctp, right.sctp))


def _joined(intervals: Iterable[Interval]) -> Ports:
    joined: list[Interval] = []
    for first, last in sorted(intervals):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def _common(left: Ports, right: Ports) -> Ports:
    pairs = ((max(a, c), min(b, d)) for a, b in left for c, d in right)
    return _joined((first, last) for first, last in pairs if first <= last)


def _said(interval: Interval) -> str:
    first, last = interval
    return str(first) if first == last else f"{first}-{last}"
