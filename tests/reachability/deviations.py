"""Where an oracle answers otherwise than the specification says: each with its reason, and as a rewriting.

Rewritten, a world says in Kubernetes' own terms what the oracle takes it for. So a difference is explained only where
our evaluator, asked about the rewritten world, says exactly what the oracle says; nothing is passed over.
Refusals are worlds that the API server accepts and the oracle does not read; these are not compared.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tests.reachability.worlds import METADATA_NAME, VALUES, World


class Deviation(NamedTuple):
    """One of them."""

    oracle: str
    id: str
    reason: str
    rewritten: Callable[[World], World]


class Refused(NamedTuple):
    """What an oracle refuses; `said` is a part of its message."""

    oracle: str
    said: str
    reason: str


def understood(world: World, deviations: Iterable[Deviation]) -> World:
    """Return the world as an oracle with these deviations understands it."""
    for deviation in deviations:
        world = deviation.rewritten(world)
    return world


def _in_policies(change: Callable[[dict[str, Any]], None]) -> Callable[[World], World]:
    def rewritten(world: World) -> World:
        policies = copy.deepcopy(world.policies)
        for policy in policies:
            change(policy)
        return replace(world, policies=policies)

    return rewritten


def _name_has_one_protocol(world: World) -> World:
    pods = [replace(pod, ports=list({port[0]: port for port in pod.ports}.values())) for pod in world.pods]
    return replace(world, pods=pods)


def _not_in_wants_the_label(policy: dict[str, Any]) -> None:
    for selector in _selectors(policy):
        demands = selector.get("matchExpressions") or []
        demands += [{"key": d["key"], "operator": "Exists"} for d in demands if d["operator"] == "NotIn"]


def _empty_is_absent(policy: dict[str, Any]) -> None:
    for selector in _selectors(policy):
        _loosen_empty_labels(selector)


def _empty_is_absent_of_namespaces(policy: dict[str, Any]) -> None:
    for selector in _selectors(policy, ("namespaceSelector",)):
        demands: list[dict[str, Any]] = []
        for demand in selector.get("matchExpressions") or []:
            demands += _loosened(demand) if "" in (demand.get("values") or ()) else [demand]
        if "matchExpressions" in selector:
            selector["matchExpressions"] = demands
        _loosen_empty_labels(selector)


def _loosen_empty_labels(selector: dict[str, Any]) -> None:
    """Say of each empty label of matchLabels that it may be absent too; the values of these worlds are all known."""
    labels = selector.get("matchLabels") or {}
    empty = [key for key, value in labels.items() if value == ""]
    if empty:
        demands = [demand for key in empty for demand in _loosened({"key": key, "operator": "In", "values": [""]})]
        selector["matchExpressions"] = [*(selector.get("matchExpressions") or []), *demands]
    for key in empty:
        del labels[key]


def _loosened(demand: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a demand with an empty value among its values as one that takes an absent label for an empty one."""
    key, others = demand["key"], [value for value in VALUES if value not in demand["values"]]
    if demand["operator"] == "In":
        return [{"key": key, "operator": "NotIn", "values": others}] if others else []
    if others:
        return [{"key": key, "operator": "In", "values": others}]
    return [{"key": key, "operator": operator} for operator in ("Exists", "DoesNotExist")]  # nothing is left


def _empty_egress_isolates(policy: dict[str, Any]) -> None:
    spec = policy["spec"]
    if not spec.get("policyTypes") and "egress" in spec:
        spec["policyTypes"] = ["Ingress", "Egress"]


def _exists_is_at_home(policy: dict[str, Any]) -> None:
    home = {"key": METADATA_NAME, "operator": "In", "values": [policy["metadata"]["namespace"]]}
    for peer in _peers(policy):
        demands = (peer.get("podSelector") or {}).get("matchExpressions") or []
        if "namespaceSelector" in peer and any(d["operator"] in ("Exists", "DoesNotExist") for d in demands):
            selector = peer["namespaceSelector"]
            selector["matchExpressions"] = [*(selector.get("matchExpressions") or []), home]


def _peers(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"].get(direction) or ():
            yield from rule.get(peers) or ()


def _selectors(
    policy: dict[str, Any], halves: Sequence[str] = ("podSelector", "namespaceSelector")
) -> Iterator[dict[str, Any]]:
    if "podSelector" in halves:
        yield policy["spec"]["podSelector"]
    for peer in _peers(policy):
        yield from (peer[half] for half in halves if half in peer)


DEVIATIONS: Final = (
    Deviation(
        "cyclonus",
        "not-in-wants-the-label",
        "It lets NotIn match only what bears the label. Kubernetes, Labels and Selectors: `tier notin (frontend, "
        "backend)` selects also all resources with no label with the `tier` key; so does labels.Requirement.Matches.",
        _in_policies(_not_in_wants_the_label),
    ),
    Deviation(
        "cyclonus",
        "empty-value-is-absent",
        "It reads an absent label as an empty one in matchLabels. LabelSelector: a pair of matchLabels is equivalent "
        "to an `In` with that one value, and `In` wants the label.",
        _in_policies(_empty_is_absent),
    ),
    Deviation(
        "network-config-analyzer",
        "empty-egress-isolates",
        "Without policyTypes it lets an `egress` that is empty or null isolate. The server's default (SetDefaults_"
        "NetworkPolicy) adds Egress only where there are egress rules; NetworkPolicySpec.policyTypes: default by "
        "the existence of rules.",
        _in_policies(_empty_egress_isolates),
    ),
    Deviation(
        "network-config-analyzer",
        "empty-value-is-absent-of-namespaces",
        "It reads an absent label of a namespace (not of a pod) as an empty one, in matchLabels, In and NotIn. Labels "
        "and Selectors: `In` wants the label; `NotIn` selects also what lacks it.",
        _in_policies(_empty_is_absent_of_namespaces),
    ),
    Deviation(
        "network-config-analyzer",
        "exists-is-at-home",
        "It looks for pods with, or without, a label (Exists, DoesNotExist) only in the policy's own namespace, also "
        "where a namespaceSelector stands beside it. NetworkPolicyPeer.podSelector: selects the pods in the "
        "namespaces selected by namespaceSelector.",
        _in_policies(_exists_is_at_home),
    ),
    Deviation(
        "network-config-analyzer",
        "name-has-one-protocol",
        "Of two ports of a container with one name it keeps the last. ContainerPort: name and protocol together are "
        "unique, as of DNS; NetworkPolicyPort: traffic matches the named port by protocol and port.",
        _name_has_one_protocol,
    ),
)
REFUSED: Final = (
    Refused(
        "network-config-analyzer",
        "policyTypes has invalid value",
        "policyTypes is a set to the server: [Egress, Ingress] is valid.",
    ),
    Refused(
        "network-config-analyzer",
        "in its policyTypes",
        "The server accepts rules of a direction that policyTypes does not name; they have no effect.",
    ),
)
