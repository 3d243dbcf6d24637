"""NP-21: only apps that declare hosts reach the platform's egress proxy, and it leads them nowhere else.

No network policy knows a host name. What stands for it is judged by the profiles, each part alone: the app's way to the
proxy, the proxy's way in, its way out, and the list by which it lets pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final, NamedTuple

import msgspec

from components.estate.finding import Words
from components.estate.networks import contains
from components.estate.platform import EgressProxy
from components.manifests.egress_proxy import HOSTS
from components.manifests.manifest import APP_LABEL, PLATFORM_OWNER
from policies.rules.addresses import network_of
from policies.rules.dns import leads_to_dns
from policies.rules.network import POLICY, Path, found, names_port, openings
from policies.rules.ownership import owner
from policies.rules.reading import at, items, mapping, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.selectors import demands, named_namespaces


class _Way(NamedTuple):
    """A host that an app of a namespace may reach now, at these TCP ports."""

    namespace: str
    app: str
    host: str
    ports: tuple[int, ...]
    until: str


def _is_declared(body: Object, scene: Scene) -> Iterator[Problem]:
    proxy = scene.platform.spec.egress_proxy
    if proxy is None:
        return
    is_there = namespace(body) == proxy.namespace
    if kind_of(body) != POLICY:
        yield from _lists_what_is_declared(body, scene) if is_there else ()
    elif is_there:
        yield from _at_the_proxy(body, scene, proxy)
    elif owner(body, scene) != PLATFORM_OWNER:
        yield from _to_the_proxy(body, scene, proxy)


def _to_the_proxy(body: Object, scene: Scene, proxy: EgressProxy) -> Iterator[Problem]:
    for path, side, rule in openings(body):
        for index, peer in enumerate(items(rule, side)):
            place: Path = (*path, side, index)
            if proxy.namespace not in named_namespaces(at(peer, "namespaceSelector")):
                continue
            if side != "to":
                yield Problem(place, Words("lets the egress proxy in", "پروکسی خروجی را راه می‌دهد"))
                continue
            if not demands(at(peer, "podSelector"), proxy.pod_labels):
                yield found((*place, "podSelector"), at(peer, "podSelector"))
            yield from _is_the_port(path, rule, proxy)
            app = namespace(body), text(body, "spec", "podSelector", "matchLabels", APP_LABEL)
            if app not in scene.remembered(_apps):
                yield _undeclared(("spec", "podSelector"), *app)


def _at_the_proxy(body: Object, scene: Scene, proxy: EgressProxy) -> Iterator[Problem]:
    rules = [one for one in openings(body) if one[1] != "to" or not leads_to_dns(one[2], scene)]
    if rules and not demands(at(body, "spec", "podSelector"), proxy.pod_labels):
        yield found(("spec", "podSelector"), at(body, "spec", "podSelector"))
    for path, side, rule in rules:
        if not items(rule, side):
            yield found((*path, side), at(rule, side))
        if side == "from":
            yield from _is_the_port(path, rule, proxy)
            yield from _lets_declared_apps_in(path, rule, scene)
        else:
            yield from _leads_outside(path, rule, scene)


def _lets_declared_apps_in(path: Path, rule: object, scene: Scene) -> Iterator[Problem]:
    for index, peer in enumerate(items(rule, "from")):
        app = text(peer, "podSelector", "matchLabels", APP_LABEL)
        named = sorted(named_namespaces(at(peer, "namespaceSelector"))) or [""]
        for place in named:
            if (place, app) not in scene.remembered(_apps):
                yield _undeclared((*path, "from", index), place, app)


def _leads_outside(path: Path, rule: object, scene: Scene) -> Iterator[Problem]:
    government = [ip_network(one) for one in scene.platform.spec.networks.government]
    declared = {port for way in scene.remembered(_ways) for port in way.ports}
    for index, peer in enumerate(items(rule, "to")):
        cidr = at(peer, "ipBlock", "cidr")
        network = network_of(cidr)
        if network is None or not any(contains(one, network) for one in government):
            yield found((*path, "to", index), cidr or peer)
    for index, port in enumerate(items(rule, "ports") or [None]):
        if not any(names_port(port, number, "TCP") for number in declared):
            yield found((*path, "ports", index), port)


def _lists_what_is_declared(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge each entry of the list; that one is missing opens nothing."""
    data, place = mapping(body, "data"), ("data", HOSTS)
    for path in (("binaryData",), *(("data", key) for key in data if key != HOSTS)):
        if at(body, *path) is not None:
            yield found(path, at(body, *path))
    try:
        listed = msgspec.json.decode(text(data, HOSTS))
    except msgspec.DecodeError:
        listed = None
    if not isinstance(listed, list):
        yield found(place, data.get(HOSTS))
        return
    declared = [_entry(way) for way in scene.remembered(_ways)]
    for entry in listed:
        if entry not in declared:
            yield Problem(place, Words(f"no profile declares {entry!r}", f"هیچ نمایه‌ای {entry!r} را اعلام نکرده است"))


def _entry(way: _Way) -> Mapping[str, Any]:
    return way._asdict() | {"ports": list(way.ports)}


def _is_the_port(path: Path, rule: object, proxy: EgressProxy) -> Iterator[Problem]:
    ports = items(rule, "ports")
    if not ports or not all(names_port(port, proxy.port, "TCP") for port in ports):
        yield found((*path, "ports"), at(rule, "ports"))


def _undeclared(path: Path, place: str, app: str) -> Problem:
    shown = f"{place or '*'}/{app or '*'}"
    return Problem(
        path, Words(f"{shown} declares no host that is open now", f"{shown} میزبانی که اکنون باز باشد ندارد")
    )


def _apps(scene: Scene) -> frozenset[tuple[str, str]]:
    return frozenset((way.namespace, way.app) for way in scene.remembered(_ways))


def _ways(scene: Scene) -> Sequence[_Way]:
    """Return every host that is open now.

    Raises:
        LookupError: The profiles are not at hand, so that nobody can tell.
    """
    estate = scene.estate
    if estate is None:
        raise LookupError("the profiles are not at hand")
    return [
        _Way(
            namespace=agency.profile.namespace(environment),
            app=egress.app,
            host=egress.host,
            ports=tuple(sorted({port.port for port in egress.ports})),
            until=egress.until.begins(estate.platform.zone).isoformat(),
        )
        for agency in estate.agencies
        for environment in agency.profile.spec.environments
        for egress in estate.outgoing(agency)
        if egress.host is not None
    ]


RULES: Final = (
    Rule(
        id="NP-21",
        name="egress-proxy-declared",
        title=Words(
            "Only apps whose profile names a host reach the egress proxy, and it leads them outside the cloud only",
            "تنها برنامه‌هایی که نمایه‌شان میزبانی را نام برده به پروکسی خروجی می‌رسند، و پروکسی تنها به بیرون ابر "
            "راه دارد",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("NSA/CISA Kubernetes Hardening Guide: network separation", "CWE-441: confused deputy"),
        remedy=Words(
            "declare the host under spec.egress; at the proxy, name its pods, its port and the app's namespace, and "
            "let it out to the government's networks at declared ports",
            "میزبان را زیر spec.egress اعلام کنید؛ در پروکسی پادها، درگاه آن و فضای نام برنامه را نام ببرید و راه "
            "بیرون را تنها به شبکه‌های دولت و درگاه‌های اعلام‌شده باز کنید",
        ),
        kinds=frozenset({POLICY, "ConfigMap"}),
        check=_is_declared,
        waivable=False,
    ),
)
