"""NP: address blocks in network policies. What lies in the cluster is named by labels, never reached by its address."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Network
from ipaddress import ip_network as parse_network
from typing import Any, Final

from components.estate.finding import Words
from components.estate.networks import Network, contains, joined
from components.estate.platform import HTTP_PORT
from components.manifests.manifest import PLATFORM_OWNER
from components.manifests.network import envoy_port
from policies.rules.network import POLICIES, Path, found, peers
from policies.rules.ownership import owner
from policies.rules.reading import at, items, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import demands

_MAPPED: Final = IPv6Network("::ffff:0:0/96")
"""IPv4 written as IPv6, which Go reads as IPv4: no comparison of networks would see what it contains."""


@lru_cache(maxsize=4096)
def ip_network(cidr: str) -> Network:
    """Return the network; the same few stand in thousands of policies."""
    return parse_network(cidr)


def _leaves_the_cluster_out(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge what a block contains without saying so; a block inside the pods' or Services' networks is NP-10's.

    The platform's clients may be everybody: they open windows. So the platform's own policy in the gateway's
    namespace may let blocks of `gateway.clients` in, to the gateway's own pods and at its two doors.
    """
    networks = scene.platform.spec.networks
    inner = [ip_network(one) for one in (*networks.pods, *networks.services)]
    closed = [*inner, *(ip_network(one) for one in (*networks.nodes, *networks.metadata))]
    for path, block in _blocks(body, scene):
        network, left_out = network_of(at(block, "cidr")), _exceptions(block)
        if network is None:
            yield found((*path, "cidr"), at(block, "cidr"))
        elif left_out is None:
            yield found((*path, "except"), at(block, "except"))
        elif _is_client(body, path, network, scene) or any(contains(one, network) for one in inner):
            continue
        elif network.prefixlen == 0 and not left_out:
            yield Problem((*path, "cidr"), Words(f"{network} is everything", f"{network} یعنی همه جا"))
        else:
            for one in closed:
                if network.overlaps(one) and not any(contains(out, _smaller(network, one)) for out in left_out):
                    yield Problem((*path, "cidr"), Words(f"{network} covers {one}", f"{network} شامل {one} است"))


def _is_outside_the_cluster(body: Object, scene: Scene) -> Iterator[Problem]:
    networks = scene.platform.spec.networks
    for path, block in _blocks(body, scene):
        network = network_of(at(block, "cidr"))
        if network is None:
            yield found((*path, "cidr"), at(block, "cidr"))
            continue
        for one in (*networks.pods, *networks.services):
            if contains(ip_network(one), network):
                yield Problem((*path, "cidr"), Words(f"{network} lies inside {one}", f"{network} درون {one} است"))


def _blocks(body: Object, scene: Scene) -> Iterator[tuple[Path, Any]]:
    """Yield every address block, but the node-local DNS: it has no labels to name it by."""
    node_local = scene.platform.spec.node_local_dns
    for path, peer in peers(body):
        if "ipBlock" in peer and (node_local is None or peer["ipBlock"] != {"cidr": f"{node_local}/32"}):
            yield (*path, "ipBlock"), peer["ipBlock"]


def _is_client(body: Object, path: Path, network: Network, scene: Scene) -> bool:
    gateway = scene.platform.spec.gateway
    is_platforms = owner(body, scene) == PLATFORM_OWNER and namespace(body) == gateway.namespace
    is_gateways = demands(at(body, "spec", "podSelector"), gateway.pod_labels)
    is_known = str(network) in gateway.clients
    if path[1] != "ingress" or not (is_platforms and is_gateways and is_known):
        return False
    doors = [envoy_port(HTTP_PORT), envoy_port(gateway.https_port)]
    ports = items(body, *path[:3], "ports")
    return bool(ports) and all(
        text(port, "protocol") == "TCP" and at(port, "port") in doors and at(port, "endPort") is None for port in ports
    )


def _exceptions(block: object) -> list[Network] | None:
    """Return what the block leaves out, neighbours joined; None where that cannot be read."""
    listed = at(block, "except")
    if listed is None:
        return []
    read = [network_of(one) for one in listed] if isinstance(listed, list) else [None]
    if None in read:
        return None
    return joined(one for one in read if one is not None)


def network_of(cidr: object) -> Network | None:
    """Return the network that a policy names; None where it names none, or one that Go reads otherwise."""
    if not isinstance(cidr, str) or "/" not in cidr:
        return None
    try:
        network = ip_network(cidr)
    except ValueError:
        return None
    return None if network.overlaps(_MAPPED) and network.prefixlen >= _MAPPED.prefixlen else network


def _smaller(one: Network, other: Network) -> Network:
    return one if one.prefixlen >= other.prefixlen else other


RULES: Final = (
    Rule(
        id="NP-09",
        name="networkpolicy-address-block-bounded",
        title=Words(
            "No address block takes in the cluster, its nodes or their metadata service",
            "هیچ بازهٔ نشانی خوشه، گره‌ها یا سرویس فرادادهٔ آن‌ها را در بر نمی‌گیرد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=("kubescape C-0052",),
        remedy=Words(
            "name the networks that are meant; what is wider leaves the platform's networks out under `except`",
            "شبکه‌های مورد نظر را بنویسید؛ بازهٔ فراخ‌تر باید شبکه‌های سکو را در `except` کنار بگذارد",
        ),
        kinds=POLICIES,
        check=_leaves_the_cluster_out,
    ),
    Rule(
        id="NP-10",
        name="networkpolicy-no-cluster-address",
        title=Words(
            "No policy names pods or Services by their addresses",
            "هیچ سیاستی پادها یا سرویس‌ها را با نشانی‌شان نام نمی‌برد",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("curie issue 1155",),
        remedy=Words(
            "name pods by namespace and labels: their addresses change hands",
            "پادها را با فضای نام و برچسب نام ببرید: نشانی‌ها دست به دست می‌شوند",
        ),
        kinds=POLICIES,
        check=_is_outside_the_cluster,
    ),
)
