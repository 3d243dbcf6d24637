"""A NetworkPolicy as it is in force: with the server's defaults, and its selectors and ports compiled."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from ipaddress import IPv6Network, ip_network
from typing import Any, Final, NamedTuple

import msgspec

from components.estate.finding import PathPart, Words, quoted
from policies.reachability.connections import EVERYTHING, NOTHING, PORT_MAX, PORT_MIN, Connections, Interval, of
from policies.reachability.endpoint import NamedPort, Network
from policies.reachability.form import Egress, Ingress, IPBlock, LabelSelector, Peer, Port, Spec
from policies.reachability.selector import Operator, Requirement, Selector

Path = tuple[PathPart, ...]


class Direction(StrEnum):
    """Which way a rule looks from the pods that its policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Block(NamedTuple):
    """Addresses that a peer names; `excepted` lie inside and are not meant."""

    network: Network
    excepted: tuple[Network, ...] = ()


class PeerSelector(NamedTuple):
    """Pods that a peer names.

    Attributes:
        namespaces: Selects their namespaces; None is the policy's own namespace, and an empty one is all.
        pods: Selects them there.
    """

    namespaces: Selector | None
    pods: Selector


class PortSelector(NamedTuple):
    """Ports that a rule names: an interval, or a name that each destination pod gives a number to."""

    protocol: str
    interval: Interval | None
    name: str = ""


class Rule(NamedTuple):
    """What a policy lets through; no peers are all peers, and no ports are all ports."""

    peers: tuple[PeerSelector | Block, ...]
    ports: tuple[PortSelector, ...]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy.

    Attributes:
        ingress: Its rules; None where it does not isolate in this direction.
        egress: Likewise.
    """

    namespace: str
    name: str
    pods: Selector
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None

    def rules(self, direction: Direction) -> tuple[Rule, ...] | None:
        """Return the rules of one direction; None where it does not isolate in it."""
        return self.ingress if direction is Direction.INGRESS else self.egress


class FormError(Exception):
    """The specification is not as the API has it."""

    def __init__(self, path: Path, summary: Words, remedy: Words | None = None) -> None:
        """Keep where, what was found, what is allowed."""
        super().__init__(summary.en)
        self.path, self.summary, self.remedy = path, summary, remedy or _AS_THE_API


def compiled(namespace: str, name: str, spec: object) -> Policy:
    """Return the policy.

    Raises:
        FormError: The server would refuse it, or drop a part of it.
    """
    try:
        form = msgspec.convert({} if spec is None else spec, Spec)
    except msgspec.ValidationError as error:
        said, path = _parsed(str(error))
        raise FormError(("spec", *path), Words(said, f"با شکل API نمی‌خواند: {said}")) from error
    ingress = tuple(_rule(rule, ("spec", "ingress", index), "from") for index, rule in enumerate(form.ingress or ()))
    egress = tuple(_rule(rule, ("spec", "egress", index), "to") for index, rule in enumerate(form.egress or ()))
    # The server's defaults (pkg/apis/networking/v1/defaults.go): an empty list of types is as good as none.
    types = form.policy_types or (("Ingress", "Egress") if egress else ("Ingress",))
    return Policy(
        namespace=namespace,
        name=name,
        pods=_selector(form.pod_selector, ("spec", "podSelector")),
        ingress=ingress if "Ingress" in types else None,
        egress=egress if "Egress" in types else None,
    )


@cache
def resolved(ports: tuple[PortSelector, ...], named: tuple[NamedPort, ...]) -> Connections:
    """Return what a rule's ports are at a destination with these named ports; a name that it lacks is none."""
    if not ports:
        return EVERYTHING
    found = NOTHING
    for port in ports:
        found |= of(port.protocol, _intervals(port, named))
    return found


def is_inside(network: Network, block: Block) -> bool:
    """Tell whether the block names these addresses; they lie on one side of each of its borders."""
    return _lies(network, block.network) and not any(_lies(network, excepted) for excepted in block.excepted)


def _lies(network: Network, around: Network) -> bool:
    return network.version == around.version and network.subnet_of(around)  # type: ignore[arg-type]


def _intervals(port: PortSelector, named: Iterable[NamedPort]) -> Iterator[Interval]:
    if port.interval is not None:
        yield port.interval
        return
    for known in named:
        if known.name == port.name and known.protocol == port.protocol:
            yield known.number, known.number


def _rule(rule: Ingress | Egress, path: Path, peers: str) -> Rule:
    return Rule(
        tuple(_peer(peer, (*path, peers, index)) for index, peer in enumerate(rule.peers or ())),
        tuple(_port(port, (*path, "ports", index)) for index, port in enumerate(rule.ports or ())),
    )


def _peer(peer: Peer, path: Path) -> PeerSelector | Block:
    pods, namespaces = peer.pod_selector, peer.namespace_selector
    if peer.ip_block is not None:
        if pods is not None or namespaces is not None:
            raise FormError(path, Words("an ipBlock beside a selector", "ipBlock در کنار گزینشگر آمده است"), _ONE_PEER)
        return _block(peer.ip_block, (*path, "ipBlock"))
    if pods is None and namespaces is None:
        raise FormError(path, Words("a peer that names nobody", "طرفی که کسی را نام نمی‌برد"), _ONE_PEER)
    return PeerSelector(
        None if namespaces is None else _selector(namespaces, (*path, "namespaceSelector")),
        _selector(pods, (*path, "podSelector")),
    )


def _block(block: IPBlock, path: Path) -> Block:
    around = _network(block.cidr, (*path, "cidr"))
    excepted = tuple(_network(text, (*path, "except", index)) for index, text in enumerate(block.excepted or ()))
    for index, network in enumerate(excepted):
        if network == around or not _lies(network, around):
            raise FormError(
                (*path, "except", index),
                Words(f"{network} is no part of {around}", f"{network} بخشی از {around} نیست"),
                Words("except only what lies inside the cidr", "تنها آنچه را درون cidr است استثنا کنید"),
            )
    return Block(around, excepted)


def _network(text: str, path: Path) -> Network:
    network = _parsed_network(text)
    if network is None:
        raise FormError(
            path,
            Words(f"{quoted(text)} is no network", f"{quoted(text)} شبکه نیست"),
            Words("such as 10.0.0.0/8, with no bits of a host", "مانند 10.0.0.0/8 و بدون بیت‌های میزبان"),
        )
    return network


@cache  # the same few networks stand in most policies
def _parsed_network(text: str) -> Network | None:
    """Return the network; none where the server refuses the text: bits of the host, masks in dots, mapped addresses."""
    if not _CIDR.search(text):
        return None
    try:
        network = ip_network(text)
    except ValueError:
        return None
    return None if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped else network


def _port(port: Port, path: Path) -> PortSelector:
    protocol, first, last = port.protocol or "TCP", port.port, port.end_port
    if isinstance(first, str):
        if last is not None:
            raise FormError(
                (*path, "endPort"), Words("an endPort of a named port", "endPort برای درگاه نام‌دار"), _RANGE
            )
        if not _PORT_NAME.search(first):
            raise FormError(
                (*path, "port"),
                Words(f"{quoted(first)} is no name of a port", f"{quoted(first)} نام درگاه نیست"),
                _RANGE,
            )
        return PortSelector(protocol, None, first)
    if first is None:
        if last is not None:
            raise FormError((*path, "endPort"), Words("an endPort without a port", "endPort بدون port"), _RANGE)
        return PortSelector(protocol, (PORT_MIN, PORT_MAX))
    if not PORT_MIN <= first <= PORT_MAX:
        raise FormError((*path, "port"), Words(f"{first} is no port", f"{first} درگاه نیست"), _RANGE)
    if last is not None and not first <= last <= PORT_MAX:
        raise FormError(
            (*path, "endPort"),
            Words(f"{last} ends no range from {first}", f"{last} پایان بازه‌ای از {first} نیست"),
            _RANGE,
        )
    return PortSelector(protocol, (first, first if last is None else last))


def _selector(form: LabelSelector | None, path: Path) -> Selector:
    if form is None:
        return ()
    wanted = _bearing(tuple((form.match_labels or {}).items()))
    if not form.match_expressions:
        return wanted
    found = set(wanted)
    for index, demand in enumerate(form.match_expressions):
        operator, values = Operator(demand.operator), tuple(sorted(set(demand.values or ())))
        if bool(values) is not (operator in (Operator.IN, Operator.NOT_IN)):
            raise FormError(
                (*path, "matchExpressions", index, "values"),
                Words(f"{operator} with {len(values)} values", f"{operator} با {len(values)} مقدار"),
                Words(
                    "In and NotIn want values, Exists and DoesNotExist none",
                    "In و NotIn مقدار می‌خواهند و Exists و DoesNotExist نه",
                ),
            )
        found.add(Requirement(demand.key, operator, values))
    return tuple(sorted(found))


@cache  # the same few labels stand in most policies
def _bearing(labels: tuple[tuple[str, str], ...]) -> Selector:
    return tuple(sorted(Requirement(key, Operator.IN, (value,)) for key, value in labels))


def _parsed(message: str) -> tuple[str, Path]:
    """Return what msgspec says and where: `Expected ... - at `key` in `$.ingress[0].from[...]``."""
    said, _, place = message.partition(" - at ")
    path = re.findall(r"[\w-]+", place.rpartition("`$")[2])
    return said, tuple(int(part) if part.isdigit() else part for part in path)


def labels_of(found: object, path: Path) -> Mapping[str, str]:
    """Return labels as the API has them: text by text; none where they are absent or null.

    Raises:
        FormError: They are of other types.
    """
    labels: Mapping[Any, Any] = found if isinstance(found, Mapping) else {}
    if (found is not None and not isinstance(found, Mapping)) or not all(
        type(key) is str and type(value) is str for key, value in labels.items()
    ):
        raise FormError(path, Words("labels that are not all text", "برچسب‌هایی که همه متن نیستند"))
    return labels


_AS_THE_API: Final = Words("write it as the API has it", "آن را به شکل API بنویسید")
_ONE_PEER: Final = Words(
    "give an ipBlock, or a podSelector, a namespaceSelector or both",
    "یا ipBlock بنویسید، یا podSelector یا namespaceSelector یا این دو با هم",
)
_RANGE: Final = Words(
    f"a port is a number from {PORT_MIN} to {PORT_MAX} or a container port's name; an endPort ends a range of numbers",
    f"درگاه عددی از {PORT_MIN} تا {PORT_MAX} یا نام درگاه یک کانتینر است؛ endPort پایان بازه‌ای از عددهاست",
)
_CIDR: Final = re.compile(r"/(0|[1-9][0-9]{0,2})\Z", re.ASCII)
# RFC 6335, section 5.1: a letter at least, and no two hyphens in a row.
_PORT_NAME: Final = re.compile(r"^(?=.{1,15}\Z)(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
