"""Destinations outside the cloud: only the government's networks, never the platform's own (R3, NP-09, NP-10)."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from components.estate.estate import Estate
from components.estate.finding import Finding, Words


def destinations(estate: Estate) -> Iterator[Finding]:
    """Refuse a destination outside the government's networks, and a host name while there is no proxy for it."""
    networks = estate.platform.spec.networks
    government = [ip_network(network) for network in networks.government]
    closed = [ip_network(n) for n in (*networks.pods, *networks.services, *networks.nodes, *networks.metadata)]
    for agency in estate.agencies:
        for index, egress in enumerate(agency.profile.spec.egress):
            if egress.cidr is None:
                yield agency.fails(
                    "egress-host",
                    ("spec", "egress", index, "host"),
                    Words("the platform has no egress proxy for host names", "سکو برای نام میزبان پروکسی خروجی ندارد"),
                    Words("give the destination as cidr", "مقصد را با cidr بنویسید"),
                )
            elif not _is_open(ip_network(egress.cidr), government, closed):
                yield agency.fails(
                    "egress-outside",
                    ("spec", "egress", index, "cidr"),
                    Words(
                        f"{egress.cidr} is not a network of the government outside the cloud",
                        f"{egress.cidr} شبکه‌ای از دولت در بیرون از ابر نیست",
                    ),
                    Words(
                        f"allowed are networks inside {', '.join(networks.government)}",
                        f"شبکه‌های درون {'، '.join(networks.government)} مجازند",
                    ),
                )


def _is_open(
    network: IPv4Network | IPv6Network,
    government: Iterable[IPv4Network | IPv6Network],
    closed: Iterable[IPv4Network | IPv6Network],
) -> bool:
    is_inside = any(_contains(outer, network) for outer in government)
    return is_inside and not any(network.overlaps(one) for one in closed)


def _contains(outer: IPv4Network | IPv6Network, inner: IPv4Network | IPv6Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)
