"""Small worlds, generated from a seed: every feature of NetworkPolicies, few names, so that much meets by chance."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final

METADATA_NAME: Final = "kubernetes.io/metadata.name"
KEYS: Final = ("app", "tier", "team")
VALUES: Final = ("", "a", "b", "c")
PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
PORT_NAMES: Final = ("http", "dns", "admin")
NUMBERS: Final = (1, 53, 80, 81, 443, 8080, 8081, 65535)
BLOCKS: Final = {
    4: (
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.244.0.0/16",
        "10.244.1.0/24",
        "10.244.1.0/26",
        "10.244.1.128/25",
        "192.0.2.9/32",
    ),
    6: ("::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::5/128", "fd00::/8"),
}  # fmt: skip
OUTSIDE: Final = {
    4: ("10.0.0.1", "10.244.1.129", "10.244.9.9", "192.0.2.9", "198.51.100.1"),
    6: ("2001:db8::1", "2001:db8:1::5", "fd00::1", "2600::1"),
}
_WORKLOADS: Final = {
    "Pod": "v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
    "Job": "batch/v1", "CronJob": "batch/v1",
}  # fmt: skip


@dataclass(frozen=True)
class Workload:
    """A workload; `ports` are name, number, protocol."""

    kind: str
    namespace: str
    name: str
    labels: dict[str, str]
    ports: list[tuple[str, int, str]]
    address: str | None

    @property
    def manifest(self) -> dict[str, Any]:
        ports = [{"name": n, "containerPort": number, "protocol": p} for n, number, p in self.ports]
        spec = {
            "containers": [{"name": "main", "image": "registry.gov.test/main", **({"ports": ports} if ports else {})}]
        }
        named = {"name": self.name, "namespace": self.namespace}
        head = {"apiVersion": _WORKLOADS[self.kind], "kind": self.kind}
        if self.kind == "Pod":
            return {**head, "metadata": {**named, "labels": self.labels}, "spec": spec}
        # The workload bears labels of its own, which are not its pods'.
        metadata = {**named, "labels": {"app": "workload", "tier": "workload"}}
        template: dict[str, Any] = {"template": {"metadata": {"labels": self.labels}, "spec": spec}}
        if self.kind == "CronJob":
            template = {"schedule": "0 0 * * *", "jobTemplate": {"spec": template}}
        return {**head, "metadata": metadata, "spec": template}


@dataclass(frozen=True)
class Question:
    """Places in `World.peers`, and what is asked."""

    source: int
    target: int
    port: int
    protocol: str


@dataclass(frozen=True)
class World:
    """A world and what to ask about it.

    Attributes:
        namespaces: Their labels, as the server holds them.
        has_addresses: Whether the pods' addresses are known, and blocks may name them.
    """

    seed: int
    namespaces: dict[str, dict[str, str]]
    pods: list[Workload]
    outside: list[str]
    policies: list[dict[str, Any]]
    has_addresses: bool
    questions: list[Question] = field(default_factory=list)

    @property
    def objects(self) -> list[dict[str, Any]]:
        spaces = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            for name, labels in self.namespaces.items()
        ]
        return [*spaces, *(pod.manifest for pod in self.pods), *self.policies]

    @property
    def peers(self) -> list[Workload | str]:
        return [*self.pods, *self.outside]


def world(seed: int) -> World:
    """Return the world of this seed, always the same."""
    dice = random.Random(seed)  # noqa: S311  # repeatable, not secret
    has_addresses = dice.random() < 0.25
    namespaces = {
        name: {**_labels(dice), METADATA_NAME: name} for name in ("x", "y", "z")[: dice.choice((1, 2, 2, 3, 3))]
    }
    pods = [_pod(dice, number, list(namespaces), has_address=has_addresses) for number in range(dice.randint(2, 6))]
    versions = [v for v in (4, 6) if not has_addresses or any(_version(p.address) == v for p in pods)]
    outside = [address for v in versions for address in dice.sample(OUTSIDE[v], 2)]
    policies = [_policy(dice, number, list(namespaces)) for number in range(dice.choice((1, 1, 2, 3, 4, 5)))]
    made = World(seed, namespaces, pods, outside, policies, has_addresses)
    made.questions.extend(_questions(dice, made, 60))
    return made


def _labels(dice: random.Random) -> dict[str, str]:
    return {key: dice.choice(VALUES) for key in KEYS if dice.random() < 0.6}


def _pod(dice: random.Random, number: int, namespaces: Sequence[str], *, has_address: bool) -> Workload:
    ports: dict[tuple[str, str], tuple[str, int, str]] = {}
    numbers = dice.sample(NUMBERS, 4)
    for name in PORT_NAMES:
        if dice.random() < 0.5:
            protocol, chosen = dice.choice(("TCP", "TCP", "UDP", "SCTP")), numbers.pop()
            ports[name, protocol] = (name, chosen, protocol)
            if dice.random() < 0.1:  # one name for two protocols, as DNS has it
                other = dice.choice([p for p in PROTOCOLS if p != protocol])
                ports[name, other] = (name, chosen, other)
    address = f"10.244.{dice.choice((1, 2))}.{number + 130 * dice.randint(0, 1)}"
    if dice.random() < 0.3:
        address = f"2001:db8:1::{number}"
    return Workload(
        kind=dice.choice(("Pod", "Pod", "Pod", *_WORKLOADS)),
        namespace=dice.choice(namespaces),
        name=f"p{number}",
        labels=_labels(dice),
        ports=list(ports.values()),
        address=address if has_address else None,
    )


def _policy(dice: random.Random, number: int, namespaces: Sequence[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": _selector(dice, 0.4)}
    ingress = [_rule(dice, "from", namespaces) for _ in range(dice.choice((0, 1, 1, 2)))]
    egress = [_rule(dice, "to", namespaces) for _ in range(dice.choice((0, 1, 1, 2)))]
    types = dice.choice((None, None, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Ingress", "Egress"]))
    if types == ["Ingress", "Egress"] and dice.random() < 0.1:
        types = ["Egress", "Ingress"]
    if types is not None:
        spec["policyTypes"] = types
    # A section may be there, empty, null or absent; and it may stand beside types that do not name it.
    for direction, rules in (("ingress", ingress), ("egress", egress)):
        is_named = types is None or types == [] or direction.title() in types
        if is_named or dice.random() < 0.05:
            if rules or dice.random() < 0.5:
                spec[direction] = rules
            elif dice.random() < 0.2:
                spec[direction] = None
    metadata = {"name": f"n{number}", "namespace": dice.choice(namespaces)}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _rule(dice: random.Random, peers: str, namespaces: Sequence[str]) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    shape = dice.random()
    if shape < 0.05:
        rule[peers] = []
    elif shape < 0.08:
        rule[peers] = None
    elif shape < 0.9:
        rule[peers] = [_peer(dice, namespaces) for _ in range(dice.choice((1, 1, 2, 3)))]
    shape = dice.random()
    if shape < 0.1:
        rule["ports"] = []
    elif shape < 0.13:
        rule["ports"] = None
    elif shape < 0.7:
        rule["ports"] = [_port(dice) for _ in range(dice.choice((1, 1, 2)))]
    return rule


def _peer(dice: random.Random, namespaces: Sequence[str]) -> dict[str, Any]:
    shape = dice.random()
    if shape < 0.25:
        return {"ipBlock": _block(dice)}
    if shape < 0.45:
        return {"podSelector": _selector(dice, 0.2)}
    elsewhere = _selector(dice, 0.2)
    if dice.random() < 0.4:
        name = dice.choice((*namespaces, "nowhere"))
        elsewhere = dice.choice((
            {"matchLabels": {METADATA_NAME: name}},
            {"matchExpressions": [{"key": METADATA_NAME, "operator": dice.choice(("In", "NotIn")), "values": [name]}]},
        ))  # fmt: skip
    return {"namespaceSelector": elsewhere} | ({"podSelector": _selector(dice, 0.2)} if shape < 0.75 else {})


def _selector(dice: random.Random, empty: float) -> dict[str, Any]:
    if dice.random() < empty:
        return dice.choice(({}, {}, {"matchLabels": {}}, {"matchExpressions": []}))
    selector: dict[str, Any] = {}
    if dice.random() < 0.6:
        selector["matchLabels"] = {key: dice.choice(VALUES) for key in dice.sample(KEYS, dice.choice((1, 1, 2)))}
    if dice.random() < 0.5 or not selector:
        selector["matchExpressions"] = [_demand(dice) for _ in range(dice.choice((1, 1, 2)))]
    return selector


def _demand(dice: random.Random) -> dict[str, Any]:
    operator = dice.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    demand: dict[str, Any] = {"key": dice.choice(KEYS), "operator": operator}
    if operator in ("In", "NotIn"):
        demand["values"] = dice.sample(VALUES, dice.choice((1, 2, 3)))
    elif dice.random() < 0.1:
        demand["values"] = []
    return demand


def _block(dice: random.Random) -> dict[str, Any]:
    version = dice.choice((4, 4, 6))
    cidr = dice.choice(BLOCKS[version])
    around = ip_network(cidr)
    inside = [b for b in BLOCKS[version] if (n := ip_network(b)) != around and n.subnet_of(around)]  # type: ignore[arg-type]
    block: dict[str, Any] = {"cidr": cidr}
    if inside and dice.random() < 0.5:
        block["except"] = dice.sample(inside, dice.randint(1, min(2, len(inside))))
    elif dice.random() < 0.05:
        block["except"] = []
    return block


def _port(dice: random.Random) -> dict[str, Any]:
    port: dict[str, Any] = {}
    protocol = dice.choice((None, "TCP", "UDP", "SCTP"))
    if protocol is not None:
        port["protocol"] = protocol
    shape = dice.random()
    if shape < 0.3:
        port["port"] = dice.choice(PORT_NAMES)
    elif shape < 0.85:
        port["port"] = dice.choice(NUMBERS)
        if shape > 0.6:
            port["endPort"] = min(65535, port["port"] + dice.choice((0, 1, 30, 9000)))
    return port


def _questions(dice: random.Random, made: World, wanted: int) -> Iterator[Question]:
    """Yield questions about pairs that any packet could go between, at the borders of what policies name."""
    ports = {1, 65535}
    for policy in made.policies:
        for rule in (*(policy["spec"].get("ingress") or ()), *(policy["spec"].get("egress") or ())):
            for port in rule.get("ports") or ():
                if isinstance(port.get("port"), int):
                    first, last = port["port"], port.get("endPort", port["port"])
                    ports.update((first - 1, first, last, last + 1))
    for pod in made.pods:
        ports.update(number for _, number, _ in pod.ports)
    usable = sorted(port for port in ports if 1 <= port <= 65535)
    peers = made.peers
    pairs = [(a, b) for a in range(len(peers)) for b in range(len(peers)) if _could_meet(peers[a], peers[b])]
    for _ in range(wanted):
        source, target = dice.choice(pairs)
        yield Question(source, target, dice.choice(usable), dice.choice(("TCP", "TCP", "UDP", "SCTP")))


def _could_meet(source: Workload | str, target: Workload | str) -> bool:
    if source is target or (isinstance(source, str) and isinstance(target, str)):
        return False
    versions = {_version(p.address if isinstance(p, Workload) else p) for p in (source, target)} - {None}
    return len(versions) < 2


def _version(address: str | None) -> int | None:
    return None if address is None else 6 if ":" in address else 4
