"""Changes of a generated world that must change nothing, only open, or only close; and reasons that must be true."""

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.reachability.connections import NOTHING, Connections
from policies.reachability.graph import Graph
from policies.reachability.policy import Direction
from policies.reachability.query import Answer, connections, why
from policies.reachability.world import World as Judged
from tests.reachability.ours import judged
from tests.reachability.worlds import KEYS, METADATA_NAME, VALUES, World, world

SEEDS = st.integers(0, 10**6)
PEERS = {"ingress": "from", "egress": "to"}
Edges = Mapping[tuple[int, int], Connections]


def edges(of: World) -> Edges:
    """Return all edges by the places of the peers; what is no edge has no entry."""
    read, peers = judged(of)
    assert not read.unreadable
    places = {id(peer): place for place, peer in enumerate(peers)}
    return {
        (places[id(source)], places[id(target)]): edge.connections
        for edge in Graph(read).edges()
        for source in edge.source.members
        for target in edge.target.members
        if source is not target
    }


def rules(policy: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for direction, peers in PEERS.items():
        for rule in policy["spec"].get(direction) or ():
            yield rule, peers


def reordered(of: World, dice: random.Random) -> World:
    policies = copy.deepcopy(of.policies)
    dice.shuffle(policies)
    for policy in policies:
        for direction in PEERS:
            dice.shuffle(policy["spec"].get(direction) or [])
        for rule, peers in rules(policy):
            for key in (peers, "ports"):
                dice.shuffle(rule.get(key) or [])
    namespaces = dict(sorted(of.namespaces.items(), reverse=True))
    return replace(of, policies=policies, namespaces=namespaces)


def renamed(of: World, _dice: random.Random) -> World:
    """Give every label, value and namespace another name."""
    keys = {key: f"other.test/{key}-x" for key in KEYS}
    values = {value: f"v-{value}-v" for value in VALUES}
    names = {name: f"ns-{name}" for name in ("x", "y", "z", "nowhere")}

    def labels(found: Mapping[str, str]) -> dict[str, str]:
        return {keys.get(k, k): names[v] if k == METADATA_NAME else values[v] for k, v in found.items()}

    def rewritten(body: Any) -> Any:
        if isinstance(body, list):
            return [rewritten(each) for each in body]
        if not isinstance(body, dict):
            return body
        if "operator" in body:
            known = names if body["key"] == METADATA_NAME else values
            wanted = {"values": [known[value] for value in body["values"]]} if "values" in body else {}
            return {"key": keys.get(body["key"], body["key"]), "operator": body["operator"], **wanted}
        return {k: labels(v) if k == "matchLabels" else rewritten(v) for k, v in body.items()}

    policies = [rewritten(policy) for policy in of.policies]
    for policy in policies:
        policy["metadata"]["namespace"] = names[policy["metadata"]["namespace"]]
    return replace(
        of,
        namespaces={names[name]: labels(found) for name, found in of.namespaces.items()},
        pods=[replace(pod, namespace=names[pod.namespace], labels=labels(pod.labels)) for pod in of.pods],
        policies=policies,
    )


def split_rules(of: World, _dice: random.Random) -> World:
    """Make a rule of each peer with each port."""
    policies = copy.deepcopy(of.policies)
    for policy in policies:
        for direction, peers in PEERS.items():
            if policy["spec"].get(direction):
                policy["spec"][direction] = [
                    {key: [one] for key, one in ((peers, peer), ("ports", port)) if one is not None}
                    for rule in policy["spec"][direction]
                    for peer in rule.get(peers) or [None]
                    for port in rule.get("ports") or [None]
                ]
    return replace(of, policies=policies)


def _types(policy: dict[str, Any]) -> list[str]:
    spec = policy["spec"]
    return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def split_policies(of: World, _dice: random.Random) -> World:
    """Make a policy of each direction, and one more of each rule."""
    policies = []
    for policy in of.policies:
        for title in _types(policy):
            direction = title.lower()
            for number, one in enumerate([None, *(policy["spec"].get(direction) or ())]):
                part = copy.deepcopy(policy)
                part["metadata"]["name"] += f"-{direction}-{number}"
                part["spec"] = {"podSelector": policy["spec"]["podSelector"], "policyTypes": [title]}
                part["spec"][direction] = [] if one is None else [one]
                policies.append(part)
    return replace(of, policies=policies)


def merged_policies(of: World, _dice: random.Random) -> World:
    """Make one policy of all that select the same and isolate in the same directions."""
    together: dict[str, dict[str, Any]] = {}
    for policy in of.policies:
        types = sorted(_types(policy))
        key = repr((policy["metadata"]["namespace"], policy["spec"]["podSelector"], types))
        into = together.setdefault(key, copy.deepcopy(policy))
        if into["metadata"]["name"] == policy["metadata"]["name"]:
            into["spec"]["policyTypes"] = types
            continue
        for direction in PEERS:
            own, more = into["spec"].get(direction) or [], policy["spec"].get(direction) or []
            into["spec"][direction] = [*own, *copy.deepcopy(more)]
    return replace(of, policies=list(together.values()))


def written_twice(of: World, _dice: random.Random) -> World:
    again = copy.deepcopy(of.policies)
    for policy in again:
        policy["metadata"]["name"] += "-again"
    return replace(of, policies=[*of.policies, *again])


@pytest.mark.parametrize(
    "change",
    [reordered, renamed, split_rules, split_policies, merged_policies, written_twice],
    ids=lambda c: c.__name__,
)
@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_change_of_words_changes_no_edge(change: Callable[[World, random.Random], World], seed: int) -> None:
    before = world(seed)
    assert edges(change(before, random.Random(seed))) == edges(before)  # noqa: S311  # repeatable, not secret


def _isolating(of: World) -> World:
    """Return the world with everything shut, and what its policies open."""
    shut = [_policy(name, "shut", {}) for name in of.namespaces]
    return replace(of, policies=[*of.policies, *shut])


def _policy(namespace: str, name: str, selector: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": selector, "policyTypes": ["Ingress", "Egress"]},
    }


def _is_within(inner: Edges, outer: Edges) -> bool:
    return all(connections & outer.get(pair, NOTHING) == connections for pair, connections in inner.items())


@given(seed=SEEDS, other=SEEDS)
@settings(max_examples=60, deadline=None)
def test_policy_for_isolated_pods_closes_nothing(seed: int, other: int) -> None:
    before = _isolating(world(seed))
    more = [p for p in copy.deepcopy(world(other).policies) if p["metadata"]["namespace"] in before.namespaces]
    for policy in more:
        policy["metadata"]["name"] += "-more"
    assert _is_within(edges(before), edges(replace(before, policies=[*before.policies, *more])))


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_policy_without_rules_opens_nothing(seed: int) -> None:
    before = world(seed)
    place, *_ = before.namespaces
    after = replace(before, policies=[*before.policies, _policy(place, "shut", {"matchLabels": {"app": "a"}})])
    assert _is_within(edges(after), edges(before))
    assert _is_within(edges(_isolating(before)), edges(before))


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_another_pod_changes_nothing_among_the_others(seed: int) -> None:
    before = world(seed)
    last = replace(before.pods[-1], name="late", labels={"app": "a", "late": "b"})
    # At the end, so that all others keep their places.
    after = edges(replace(before, pods=[*before.pods, last]))
    number = len(before.pods)
    kept = {
        tuple(place - (place > number) for place in pair): found for pair, found in after.items() if number not in pair
    }
    assert kept == edges(before)


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_reasons_are_true(seed: int) -> None:
    """Without what allows, a connection is refused; without what isolates, it is let through."""
    of = world(seed)
    read, peers = judged(of)
    for asked in of.questions[:15]:
        source, target = peers[asked.source], peers[asked.target]
        found = why(read, source, target, asked.port, asked.protocol)
        all_of_them = connections(read, source, target)
        assert all_of_them is not None
        assert all_of_them.allows(asked.port, asked.protocol) is (found.answer is Answer.YES)
        for side in (found.egress, found.ingress):
            named = {(policy.namespace, policy.name) for policy in side.isolating}
            without = [p for p in of.policies if (p["metadata"]["namespace"], p["metadata"]["name"]) not in named]
            freed, there = judged(replace(of, policies=without))
            again = why(freed, there[asked.source], there[asked.target], asked.port, asked.protocol)
            assert (again.egress if side.direction is Direction.EGRESS else again.ingress).is_open
            if side.allowing:
                shut = Judged(_without_rules(of.objects, side), list(there))
                after = why(shut, there[asked.source], there[asked.target], asked.port, asked.protocol)
                assert after.answer is Answer.NO


def _without_rules(objects: list[Any], side: Any) -> list[Any]:
    left = copy.deepcopy(objects)
    for body in left:
        if body["kind"] != "NetworkPolicy":
            continue
        named = (body["metadata"]["namespace"], body["metadata"]["name"])
        places = {m.rule[2] for m in side.allowing if (m.policy.namespace, m.policy.name) == named}
        found = body["spec"].get(side.direction) or []
        if places:
            body["spec"]["policyTypes"] = _types(body)
            body["spec"][side.direction] = [rule for place, rule in enumerate(found) if place not in places]
    return left
