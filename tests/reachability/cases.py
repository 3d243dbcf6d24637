"""The case files: questions about the cluster of `cluster.yaml` with the policies of a file, and what is expected."""

from collections.abc import Iterable, Mapping
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from policies.reachability.endpoint import Endpoint, Outside, Pod
from policies.reachability.query import Match, Side, Why
from policies.reachability.world import World

_HERE: Final = Path(__file__).parent
CASES: Final = tuple(sorted((_HERE / "cases").glob("*.yaml")))
UNREADABLE: Final = tuple(sorted((_HERE / "unreadable").glob("*.yaml")))
AWAY: Final = (
    Pod(namespace="away", name="known", addresses=(ip_network("10.244.8.1/32"),)),
    Pod(namespace="away", name="other", addresses=(ip_network("10.244.9.0/28"),)),
)
"""Pods that no manifest shows; their addresses are known."""


class Question(NamedTuple):
    """One question of a case file; the sides as `said` writes them."""

    source: str
    target: str
    port: int
    protocol: str
    answer: str
    egress: str
    ingress: str


class Case(NamedTuple):
    """A case file: what it shows, and the policies."""

    objects: list[Any]
    questions: list[Question]


def read(path: Path) -> tuple[Mapping[str, Any], list[Any]]:
    """Return what stands in the first document, and the objects after it."""
    head, *objects = yaml.safe_load_all(path.read_text("utf-8"))
    return head, objects


def case(path: Path) -> Case:
    head, objects = read(path)
    return Case(objects, [_question(asked) for asked in head["ask"]])


def world(objects: list[Any], questions: Iterable[Question] = ()) -> World:
    """Return the world of a case; it knows of the outside addresses that are asked about."""
    asked = sorted({text for question in questions for text in (question.source, question.target)})
    outside = [Outside(network=ip_network(text)) for text in asked if text[0].isdigit()]
    return World([*cluster(), *objects], [*AWAY, *outside])


@cache
def cluster() -> tuple[Any, ...]:
    return tuple(yaml.safe_load_all((_HERE / "cluster.yaml").read_text("utf-8")))


def endpoint(world: World, text: str) -> Endpoint:
    """Return the endpoint that a file names: `namespace/name` of a pod or workload, an address or a network."""
    namespace, _, name = text.partition("/")
    for pod in world.pods:
        if (pod.namespace, pod.name.rpartition("/")[2]) == (namespace, name):
            return pod
    return Outside(network=ip_network(text))


def said(why: Why, side: Side) -> str:
    """Return one side as the files write it: `shop/web shuts`, or what lets the connection through."""
    if why.is_itself:
        return "itself"
    if not side.isolating:
        return "open"
    if not side.allowing:
        return ", ".join(sorted(f"{policy.namespace}/{policy.name} shuts" for policy in side.isolating))
    return ", ".join(sorted(map(_matched, side.allowing)))


def _matched(match: Match) -> str:
    words = [f"{match.policy.namespace}/{match.policy.name}", _pointer((match.peer or match.rule)[1:])]
    if match.port is not None:
        words.append(_pointer(match.port[-2:]))
    return " ".join(words)


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _question(asked: Mapping[str, Any]) -> Question:
    protocol, _, port = f"TCP/{asked['port']}".rpartition("/")
    protocol = protocol.rpartition("/")[2]
    expected = (asked["answer"], asked["egress"], asked["ingress"])
    return Question(asked["from"], asked["to"], int(port), protocol, *expected)
