"""Sets of connections and pieces of the address space, against sets of single ports and addresses."""

from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.reachability.addresses import Space
from policies.reachability.connections import EVERYTHING, NOTHING, Connections, Interval, of
from policies.reachability.endpoint import Outside, Pod
from policies.reachability.graph import Graph
from policies.reachability.policy import Block, compiled
from policies.reachability.query import Answer, connections, why
from policies.reachability.unreadable import MixedAddressesError
from policies.reachability.world import World

INTERVALS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4)).map(lambda t: (t[0], t[0] + t[1])), max_size=4)
NETWORKS = ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/32", "10.0.0.0/29", "10.0.0.4/30", "0.0.0.0/0"]


def _ports(intervals: list[Interval]) -> set[int]:
    return {port for first, last in intervals for port in range(first, last + 1)}


@given(INTERVALS, INTERVALS)
def test_sets_of_ports(left: list[Interval], right: list[Interval]) -> None:
    a, b = of("UDP", left), of("UDP", right)
    for found, expected in (
        (a, _ports(left)),
        (a | b, _ports(left) | _ports(right)),
        (a & b, _ports(left) & _ports(right)),
    ):
        assert _ports(list(found.udp)) == expected
        assert {port for port in range(1, 20) if found.allows(port, "UDP")} == expected
        assert bool(found) is bool(expected)
        # One spelling of one set: in order, with gaps.
        assert all(before[1] + 1 < after[0] for before, after in pairwise(found.udp))
        assert not found.tcp
        assert not found.allows(5, "TCP")


def test_sets_as_people_write_them() -> None:
    assert str(of("TCP", [(80, 80), (8000, 8080)]) | of("SCTP", [(9, 9)])) == "TCP 80, 8000-8080; SCTP 9"
    assert str(EVERYTHING) == "all ports"
    assert str(NOTHING) == "nothing"
    assert of("TCP", [(81, 90), (80, 80), (85, 100)]) == Connections(tcp=((80, 100),))


@given(st.lists(st.tuples(st.sampled_from(NETWORKS), st.lists(st.sampled_from(NETWORKS), max_size=2)), max_size=3))
def test_pieces_of_the_address_space(drawn: list[tuple[str, list[str]]]) -> None:
    blocks = []
    for cidr, excepted in drawn:
        around = ip_network(cidr)
        inside = [e for e in map(ip_network, excepted) if e != around and e.subnet_of(around)]  # type: ignore[arg-type]
        blocks.append(Block(around, tuple(inside)))
    rules = [{"from": [_peer(block)]} for block in blocks]
    space = Space([compiled("a", "b", {"ingress": rules})])
    for version in (4, 6):
        ranges = sorted(r for piece in space.pieces if piece.version == version for r in piece.ranges)
        assert ranges[0][0] == 0
        assert ranges[-1][1] == 2 ** (32 if version == 4 else 128) - 1
        assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))
    for number in range(int(ip_address("9.255.255.254")), int(ip_address("10.0.0.10"))):
        (piece,) = space.within(ip_network(number))
        for block in blocks:
            expected = ip_address(number) in block.network and all(ip_address(number) not in e for e in block.excepted)
            assert piece.is_in(block) is expected


def _peer(block: Block) -> dict[str, Any]:
    return {"ipBlock": {"cidr": str(block.network), "except": [str(each) for each in block.excepted]}}


def _world(*pods: Pod) -> World:
    """Return a world in which pods of `shop` reach 10.0.0.0/9 only, on TCP 80."""
    rule = {"to": [{"ipBlock": {"cidr": "10.0.0.0/9"}}], "ports": [{"port": 80}]}
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "out", "namespace": "shop"},
        "spec": {"policyTypes": ["Egress"], "egress": [rule]},
    }
    return World([policy], pods)


SHOP = Pod(namespace="shop")


def test_a_network_that_is_treated_in_two_ways_has_no_one_answer() -> None:
    world = _world(SHOP)
    whole, inside = (Outside(network=ip_network(text)) for text in ("10.0.0.0/8", "10.1.0.0/16"))
    with pytest.raises(MixedAddressesError) as refused:
        why(world, SHOP, whole, 80)
    assert refused.value.words.fa
    with pytest.raises(MixedAddressesError):
        connections(world, SHOP, whole)
    assert why(world, SHOP, whole, 81).answer is Answer.NO  # all parts alike
    assert why(world, SHOP, inside, 80).answer is Answer.YES
    assert str(connections(world, SHOP, inside)) == "TCP 80"


def test_pods_somewhere_in_a_network_are_known_by_its_parts() -> None:
    bank = Pod(namespace="bank", addresses=(ip_network("10.0.0.0/8"),))
    open_ones = [edge for edge in Graph(_world(SHOP, bank)).edges() if edge.source.namespace == "shop"]
    assert [str(e.target.piece) for e in open_ones if e.target.namespace == "bank"] == ["10.0.0.0-10.127.255.255"]
    with pytest.raises(MixedAddressesError):
        why(_world(), SHOP, bank, 80)
    assert {str(e.target.piece) for e in open_ones if e.target.namespace is None} == {"10.0.0.0-10.127.255.255"}


def test_nothing_goes_between_families() -> None:
    four, six = (Pod(namespace="shop", addresses=(ip_network(text),)) for text in ("10.1.0.1/32", "fd00::1/128"))
    both = Pod(namespace="bank", addresses=(*four.addresses, *six.addresses))
    world = World([], [four, six, both])
    with pytest.raises(MixedAddressesError):
        why(world, four, six, 80)
    assert why(world, four, both, 80).answer is Answer.YES
    pairs = [
        (source, target)
        for edge in Graph(world).edges()
        for source in edge.source.members
        for target in edge.target.members
        if isinstance(source, Pod) and isinstance(target, Pod)
    ]
    assert (four, six) not in pairs
    assert (four, both) in pairs
    assert (both, six) in pairs
