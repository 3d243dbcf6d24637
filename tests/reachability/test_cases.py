"""The semantics that the documentation of Kubernetes states, case by case, each with the lines that decide it."""

from pathlib import Path

import pytest

from policies.reachability.endpoint import Outside, Pod
from policies.reachability.graph import Graph
from policies.reachability.query import Answer, connections, why
from policies.reachability.unreadable import Hides, UnreadableError
from policies.reachability.world import World
from tests.reachability.cases import CASES, UNREADABLE, case, cluster, endpoint, read, said, world


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_case(path: Path) -> None:
    judged = case(path)
    of_case = world(judged.objects)
    assert not of_case.unreadable
    for asked in judged.questions:
        source, target = endpoint(of_case, asked.source), endpoint(of_case, asked.target)
        found = why(of_case, source, target, asked.port, asked.protocol)
        told = (str(found.answer), said(found, found.egress), said(found, found.ingress))
        assert told == (asked.answer, asked.egress, asked.ingress), asked
        every = connections(of_case, source, target)
        assert every is not None
        assert every.allows(asked.port, asked.protocol) is (asked.answer == "yes"), asked


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_graph_has_the_same_edges(path: Path) -> None:
    judged = case(path)
    of_case = world(judged.objects, judged.questions)
    edges = list(Graph(of_case).edges())
    for asked in judged.questions:
        source, target = endpoint(of_case, asked.source), endpoint(of_case, asked.target)
        if isinstance(source, Pod) and source.is_one and source == target:
            # Its way to itself is no edge, and there is nobody else in its class.
            assert not any(edge.source is edge.target and edge.source.members == (source,) for edge in edges)
            continue
        if isinstance(source, Outside) and isinstance(target, Outside):
            continue  # nor is what no policy is between
        found = [edge for edge in edges if source in edge.source.members and target in edge.target.members]
        is_open = any(edge.connections.allows(asked.port, asked.protocol) for edge in found)
        assert is_open is (asked.answer == "yes"), asked


@pytest.mark.parametrize("path", UNREADABLE, ids=_name)
def test_what_cannot_be_read_is_unknown(path: Path) -> None:
    head, objects = read(path)
    judged = world(objects)
    (found,) = judged.unreadable
    assert ".".join(map(str, found.path)) == head["path"]
    assert found.hides is Hides(head["hides"])
    assert found.summary.en
    assert found.summary.fa
    assert found.remedy.en
    assert found.remedy.fa
    inside, beside = endpoint(judged, "bank/web"), endpoint(judged, "bare/any")
    expected = Answer.UNKNOWN if found.hides is Hides.EVERYTHING else Answer.YES
    assert why(judged, inside, beside, 80).answer is expected
    touched = Answer.YES if found.hides is Hides.ITSELF else Answer.UNKNOWN
    shop = Pod(namespace="shop", labels={"app": "expected"})
    for source, target in ((shop, beside), (inside, shop)):
        assert why(judged, source, target, 80).answer is touched
        assert (connections(judged, source, target) is None) is (touched is Answer.UNKNOWN)
    with pytest.raises(UnreadableError) as refused:
        Graph(judged)
    assert refused.value.unreadable == (found,)
    assert refused.value.words.fa
    known = list(Graph(judged, but_unknown=True).edges())
    assert any(edge.target.namespace == "shop" for edge in known) is (touched is Answer.YES)
    assert any(edge.source.namespace == "shop" for edge in known) is (touched is Answer.YES)
    assert any(edge.target.namespace == "bank" for edge in known) is (found.hides is not Hides.EVERYTHING)


def test_namespace_labels_that_nobody_knows_are_unknown() -> None:
    """A selector looks at labels of a namespace that no object declares: whether it means it, nobody knows."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "in", "namespace": "bank"},
        "spec": {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]}]},
    }
    unseen = Pod(namespace="unseen")
    judged = World([*cluster(), policy], [unseen])
    (found,) = judged.unreadable
    assert (found.kind, found.name, found.path) == ("Namespace", "unseen", ("metadata", "labels", "team"))
    bank, shop = (endpoint(judged, name) for name in ("bank/web", "shop/web"))
    assert why(judged, unseen, bank, 80).answer is Answer.UNKNOWN
    assert why(judged, shop, bank, 80).answer is Answer.YES
    with pytest.raises(UnreadableError, match="unseen"):
        Graph(judged)
    declared = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "unseen"}}
    assert why(world([policy, declared]), unseen, bank, 80).answer is Answer.NO
