"""The other half of a way to a host name: in at the platform's egress proxy, and out of it (R3).

No NetworkPolicy knows host names. An app's own way leads to the proxy's pods alone; here the proxy is told who may
reach which host until when. To which address a name leads is known to the proxy only, and may change while nobody
looks; so its way out leads to the government's networks, never to pods, Services, nodes or their metadata.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

import msgspec

from components.estate.estate import Agency, Estate
from components.estate.networks import contains, joined
from components.estate.platform import Networks, Peer
from components.estate.profile import Egress
from components.manifests import network
from components.manifests.manifest import APP_LABEL, Manifest, manifest, owner_labels

HOSTS: Final = "hosts.json"
"""The key of the ConfigMap under which the proxy finds who may reach what."""


def proxied(estate: Estate, agency: Agency) -> Iterator[Manifest]:
    """Yield what lets the agency's apps reach hosts by the proxy: nothing where it names none that is open now."""
    proxy, hosts = estate.platform.spec.egress_proxy, [one for one in estate.outgoing(agency) if one.host is not None]
    if proxy is None or not hosts:
        return
    labels, spaces = (
        owner_labels(agency.id),
        [agency.profile.namespace(one) for one in agency.profile.spec.environments],
    )
    apps = sorted({(space, egress.app) for space in spaces for egress in hosts})
    peers = [Peer(namespace=space, pod_labels={APP_LABEL: app}) for space, app in apps]
    yield network.way_in(f"egress-from-{agency.id}", proxy.namespace, labels, proxy.pod_labels, peers, proxy.port)
    blocks = [*_blocks(estate.platform.spec.networks)]
    if blocks:  # an empty list of peers would be everybody
        ports = sorted({port for egress in hosts for port in egress.ports}, key=lambda one: (one.port, one.protocol))
        name = f"egress-of-{agency.id}"
        yield network.way_outside(name, proxy.namespace, labels, proxy.pod_labels, blocks, ports)
    listed = sorted((_entry(estate, space, egress) for space in spaces for egress in hosts), key=_order)
    text = msgspec.json.format(msgspec.json.encode(listed), indent=1).decode() + "\n"
    name = f"egress-{agency.id}"
    yield manifest("v1", "ConfigMap", name, namespace=proxy.namespace, labels=labels, data={HOSTS: text})


def _entry(estate: Estate, space: str, egress: Egress) -> dict[str, Any]:
    return {
        "namespace": space,
        "app": egress.app,
        "host": egress.host,
        "ports": sorted({port.port for port in egress.ports}),
        "until": egress.until.begins(estate.platform.zone).isoformat(),
    }


def _order(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return entry["namespace"], entry["app"], entry["host"], entry["until"], str(entry["ports"])


def _blocks(networks: Networks) -> Iterator[dict[str, Any]]:
    """Yield the government's networks, each without what of the platform's own lies in it."""
    closed = joined(ip_network(one) for one in networks.own)
    for cidr in networks.government:
        outer = ip_network(cidr)
        if not any(contains(one, outer) for one in closed):
            left_out = [str(one) for one in closed if contains(outer, one)]
            yield {"cidr": cidr, **({"except": left_out} if left_out else {})}
