"""NP-06: names are resolved by the cluster's own DNS. A way to another is a way out for all that fits into a name."""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import Words
from policies.rules.network import POLICY, is_number, openings
from policies.rules.ownership import objects
from policies.rules.reading import at, items, name, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import demands, is_everything, named_namespaces

_DNS_PORT: Final = 53


def _asks_only_the_clusters_dns(body: Object, scene: Scene) -> Iterator[Problem]:
    if text(body, "kind") == "Namespace":
        yield from _reaches_dns(body, scene)
        return
    for path, side, rule in openings(body):
        if side != "to" or not _opens_dns(rule):
            continue
        named = items(rule, "to")
        strangers = [index for index, peer in enumerate(named) if not _is_dns(peer, scene)]
        for place in [(*path, "to", index) for index in strangers] if named else [(*path, "to")]:
            yield Problem(
                place,
                Words(
                    f"port {_DNS_PORT} leads past the cluster's DNS",
                    f"درگاه {_DNS_PORT} به جایی جز DNS خوشه می‌رسد",
                ),
            )


def _reaches_dns(body: Object, scene: Scene) -> Iterator[Problem]:
    if scene.tenant(name(body)) is None:
        return
    open_ = {
        text(port, "protocol")
        for policy in objects(scene, POLICY, name(body))
        if is_everything(at(policy, "spec", "podSelector")) and "Egress" in items(policy, "spec", "policyTypes")
        for _, side, rule in openings(policy)
        if side == "to" and any(_is_dns(peer, scene) for peer in items(rule, "to"))
        for port in items(rule, "ports")
        if at(port, "port") == _DNS_PORT
    }
    for protocol in ("UDP", "TCP"):
        if protocol not in open_:
            yield Problem(
                ("metadata", "name"),
                Words(
                    f"no policy lets all pods ask the cluster's DNS over {protocol}",
                    f"هیچ سیاستی نمی‌گذارد همهٔ پادها با {protocol} از DNS خوشه بپرسند",
                ),
            )


def _opens_dns(rule: object) -> bool:
    """Tell whether the rule opens port 53, or may: what names no port opens all, a name is anybody's guess."""
    ports = items(rule, "ports")
    return not ports or any(_may_be_dns(port) for port in ports)


def _may_be_dns(port: object) -> bool:
    first, last = at(port, "port"), at(port, "endPort")
    if not is_number(first):
        return True
    return bool(first <= _DNS_PORT <= (last if is_number(last) else first))


def leads_to_dns(rule: object, scene: Scene) -> bool:
    """Tell whether a rule of a policy opens the way to the cluster's DNS, and no other."""
    named, ports = items(rule, "to"), items(rule, "ports")
    are_dns = all(_is_dns(peer, scene) for peer in named) and all(_is_dns_port(port) for port in ports)
    return bool(named) and bool(ports) and are_dns


def _is_dns_port(port: object) -> bool:
    is_udp_or_tcp = text(port, "protocol") in {"UDP", "TCP"}
    return is_udp_or_tcp and at(port, "port") == _DNS_PORT and at(port, "endPort") is None


def _is_dns(peer: object, scene: Scene) -> bool:
    dns, node_local = scene.platform.spec.dns, scene.platform.spec.node_local_dns
    if at(peer, "ipBlock") is not None:
        return node_local is not None and peer == {"ipBlock": {"cidr": f"{node_local}/32"}}
    is_there = named_namespaces(at(peer, "namespaceSelector")) == {dns.namespace}
    return is_there and demands(at(peer, "podSelector"), dns.pod_labels)


RULES: Final = (
    Rule(
        id="NP-06",
        name="networkpolicy-dns-to-cluster-only",
        title=Words(
            "Pods ask the cluster's DNS over UDP and TCP, and no other",
            "پادها با UDP و TCP از DNS خوشه می‌پرسند و از هیچ DNS دیگری نه",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("cyclonus DNSBlockedOn*", "kyverno add-networkpolicy-dns"),
        remedy=Words(
            f"keep `allow-dns`, and let port {_DNS_PORT} lead only to the DNS pods that the platform names",
            f"`allow-dns` را نگه دارید و درگاه {_DNS_PORT} را تنها به پادهای DNS سکو باز کنید",
        ),
        kinds=frozenset({"Namespace", POLICY}),
        check=_asks_only_the_clusters_dns,
    ),
)
