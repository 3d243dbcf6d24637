"""Destinations outside the cloud: only the government's networks, never the platform's own (R3, NP-09, NP-10).

A destination is a network, or a host that the platform's egress proxy reaches by its name. Which address a name has is
not known here, and may change: the proxy's own way out leads to the same networks and no others.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Final

import msgspec

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, Words
from components.estate.networks import Network, contains
from components.estate.profile import Egress, Port, Protocol
from components.estate.waiver import both_calendars

_OF_THE_CLUSTER: Final = ("svc", "cluster.local")
"""What names inside a cluster end with (Kubernetes, DNS for Services and Pods)."""


def destinations(estate: Estate) -> Iterator[Finding]:
    """Refuse a destination outside the government's networks, and a host name while there is no proxy for it."""
    allowed = estate.platform.spec.networks.government
    for agency in estate.agencies:
        for index, egress in enumerate(agency.profile.spec.egress):
            if egress.cidr is None and estate.platform.spec.egress_proxy is None:
                yield agency.fails(
                    "egress-host",
                    ("spec", "egress", index, "host"),
                    Words("the platform has no egress proxy for host names", "سکو برای نام میزبان پروکسی خروجی ندارد"),
                    Words("give the destination as cidr", "مقصد را با cidr بنویسید"),
                )
        for index, egress in outside(estate, agency):
            yield agency.fails(
                "egress-outside",
                ("spec", "egress", index, "cidr"),
                Words(
                    f"{egress.cidr} is not a network of the government outside the cloud",
                    f"{egress.cidr} شبکه‌ای از دولت در بیرون از ابر نیست",
                ),
                Words(
                    f"allowed are networks inside {', '.join(allowed)}",
                    f"شبکه‌های درون {'، '.join(allowed)} مجازند",
                ),
            )


def outside(estate: Estate, agency: Agency) -> Iterator[tuple[int, Egress]]:
    """Yield the destinations of an agency, with their index, that are no network of the government outside."""
    networks = estate.platform.spec.networks
    government = [ip_network(network) for network in networks.government]
    closed = [ip_network(network) for network in networks.own]
    for index, egress in enumerate(agency.profile.spec.egress):
        if egress.cidr is not None and not _is_open(ip_network(egress.cidr), government, closed):
            yield index, egress


def hosts(estate: Estate) -> Iterator[Finding]:
    """Refuse a host that lies inside the cloud, and a protocol that no proxy carries."""
    zone = estate.platform.spec.zone
    for agency, index, egress in _by_host(estate):
        if _ends_with(egress.host or "", (zone, *_OF_THE_CLUSTER)):
            yield agency.fails(
                "egress-host-inside",
                ("spec", "egress", index, "host"),
                Words(f"{egress.host!r} lies inside the cloud", f"{egress.host!r} درون ابر است"),
                Words(
                    "egress leads outside: another agency is asked by an inquiry, the own apps by spec.flows",
                    "خروجی به بیرون می‌رود: از دستگاه دیگر با استعلام بپرسید و از برنامه‌های خود با spec.flows",
                ),
            )
        for number, port in enumerate(egress.ports):
            if port.protocol is not Protocol.TCP:
                yield agency.fails(
                    "egress-host-protocol",
                    ("spec", "egress", index, "ports", number, "protocol"),
                    Words(
                        f"the egress proxy does not carry {port.protocol!s}",
                        f"پروکسی خروجی {port.protocol!s} را نمی‌برد",
                    ),
                    Words(
                        "a host is reached by TCP only; give the destination as cidr for other protocols",
                        "میزبان تنها با TCP در دسترس است؛ برای پروتکل‌های دیگر مقصد را با cidr بنویسید",
                    ),
                )


def ended_destinations(estate: Estate) -> Iterator[Finding]:
    """Report a destination whose end has come: its way is shut, and the app behind it may not know why."""
    for agency in estate.agencies:
        for index, egress in enumerate(agency.profile.spec.egress):
            if estate.has_ended(egress.until):
                day = both_calendars(egress.until)
                yield _advice(
                    agency.fails(
                        "egress-ended",
                        ("spec", "egress", index, "until"),
                        Words(
                            f"the way to {egress.name!r} ended on {day.en}",
                            f"راه {egress.name!r} در {day.fa} پایان یافت",
                        ),
                        Words(
                            "it is shut: write a new end while it is needed, else take it out",
                            "بسته است: تا نیاز هست پایان تازه‌ای بنویسید، وگرنه آن را بردارید",
                        ),
                    )
                )


def overlaps(estate: Estate) -> Iterator[Finding]:
    """Report a destination that others of the same app cover in part: the end of one would close nothing."""
    for agency in estate.agencies:
        held = [(i, one) for i, one in enumerate(agency.profile.spec.egress) if not estate.has_ended(one.until)]
        for place, (index, egress) in enumerate(held):
            others = [other.name for _, other in held[:place] if _meet(egress, other)]
            if others:
                yield _overlap(agency, index, egress, others)


def repeated_ports(estate: Estate) -> Iterator[Finding]:
    """Report a port that is twice in one destination."""
    for agency in estate.agencies:
        for index, egress in enumerate(agency.profile.spec.egress):
            for number, port in enumerate(egress.ports):
                if port in egress.ports[:number]:
                    yield _advice(
                        agency.fails(
                            "egress-port-repeated",
                            ("spec", "egress", index, "ports", number),
                            Words(f"{_shown(port)} is there twice", f"{_shown(port)} دو بار آمده است"),
                            Words("take one of the two out", "یکی از دو مورد را بردارید"),
                        )
                    )


def _overlap(agency: Agency, index: int, egress: Egress, others: Iterable[str]) -> Finding:
    named = [repr(name) for name in others]
    return _advice(
        agency.fails(
            "egress-overlap",
            ("spec", "egress", index, "host" if egress.cidr is None else "cidr"),
            Words(
                f"overlaps with {', '.join(named)} of the same app at the same port",
                f"با {'، '.join(named)} همین برنامه در همان درگاه همپوشانی دارد",
            ),
            Words(
                "the end of one closes nothing while the other holds: make one of them, or narrow one",
                "پایان یکی تا برقراری دیگری چیزی را نمی‌بندد: آن‌ها را یکی کنید یا یکی را تنگ‌تر بگیرید",
            ),
        )
    )


def _is_open(network: Network, government: Iterable[Network], closed: Iterable[Network]) -> bool:
    is_inside = any(contains(outer, network) for outer in government)
    return is_inside and not any(network.overlaps(one) for one in closed)


def _by_host(estate: Estate) -> Iterator[tuple[Agency, int, Egress]]:
    """Yield the destinations that are hosts; none where there is no proxy: those are refused already."""
    if estate.platform.spec.egress_proxy is not None:
        for agency in estate.agencies:
            for index, egress in enumerate(agency.profile.spec.egress):
                if egress.host is not None:
                    yield agency, index, egress


def _ends_with(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _meet(one: Egress, other: Egress) -> bool:
    """Tell whether two destinations open the same to the same app, as far as a profile shows it."""
    if one.app != other.app or not set(one.ports) & set(other.ports):
        return False
    if one.cidr is None or other.cidr is None:
        return one.host is not None and one.host == other.host
    return ip_network(one.cidr).overlaps(ip_network(other.cidr))


def _shown(port: Port) -> str:
    return f"{port.port}/{port.protocol}"


def _advice(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, level=Level.ADVISORY)


RULES: Final = (
    destinations,
    hosts,
    ended_destinations,
    overlaps,
    repeated_ports,
)
"""What a way out of the cloud may be."""
