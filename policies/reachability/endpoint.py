"""Who talks to whom: pods, which policies select, and outside addresses, which they only name."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, TypeAlias

import msgspec

Network: TypeAlias = IPv4Network | IPv6Network


class NamedPort(NamedTuple):
    """A port of a container that has a name, which policies may use instead of its number."""

    name: str
    number: int
    protocol: str = "TCP"


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod, or any number of pods that look the same: a workload's, or some that a caller expects. Not hashable.

    Attributes:
        namespace: Where it is; what the namespace is labelled with, the world knows.
        labels: All of its labels.
        ports: Those of its ports that have a name.
        addresses: Where its address lies, if that is known: an `ipBlock` then reaches it. Of a pod without any, it is
            taken that no `ipBlock` does, as the API advises to name only addresses outside of the cluster.
        is_one: It is one single pod, not some that look the same; to itself its way is always open.
        on_node: It uses the network of its node (`hostNetwork`): neither selected by policies nor by peers, as most
            network plugins do it. The API leaves it to them.
        name: What people call it, such as `Deployment/web`; means nothing to policies.
    """

    namespace: str
    labels: Mapping[str, str] = {}
    ports: tuple[NamedPort, ...] = ()
    addresses: tuple[Network, ...] = ()
    is_one: bool = False
    on_node: bool = False
    name: str = ""


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that are no pod's: one (`/32`, `/128`) or a whole network. Policies never isolate them."""

    network: Network
    name: str = ""


Endpoint: TypeAlias = Pod | Outside
