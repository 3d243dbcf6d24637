"""What our evaluator says of a generated world: both of its ways, held together."""

from ipaddress import ip_network

from policies.reachability import query
from policies.reachability.endpoint import Endpoint, NamedPort, Outside, Pod
from policies.reachability.graph import Graph
from policies.reachability.world import World as Judged
from tests.reachability.worlds import Workload, World


def judged(world: World) -> tuple[Judged, list[Endpoint]]:
    """Return the world as it is judged, and its endpoints in the order of its peers."""
    outside = [Outside(network=ip_network(address)) for address in world.outside]
    if not world.has_addresses:
        read = Judged(world.objects, outside)
        by_name = {pod.name: pod for pod in read.pods}
        return read, [*(by_name[f"{pod.kind}/{pod.name}"] for pod in world.pods), *outside]
    pods = [_pod(pod) for pod in world.pods]
    kept = [body for body in world.objects if body["kind"] in ("Namespace", "NetworkPolicy")]
    return Judged(kept, [*pods, *outside]), [*pods, *outside]


def answers(world: World) -> list[bool]:
    """Return the answer to each question."""
    read, peers = judged(world)
    assert not read.unreadable, read.unreadable
    edges = {
        (id(source), id(target)): edge.connections
        for edge in Graph(read).edges()
        for source in edge.source.members
        for target in edge.target.members
    }
    found = []
    for asked in world.questions:
        source, target = peers[asked.source], peers[asked.target]
        connections = edges.get((id(source), id(target)))
        answer = connections is not None and connections.allows(asked.port, asked.protocol)
        why = query.why(read, source, target, asked.port, asked.protocol)
        assert (why.answer is query.Answer.YES) is answer, (world.seed, asked)
        found.append(answer)
    return found


def _pod(workload: Workload) -> Pod:
    labels, ports = workload.labels, tuple(map(_named, workload.ports))
    address = (ip_network(workload.address),) if workload.address else ()
    return Pod(namespace=workload.namespace, labels=labels, ports=ports, addresses=address, name=workload.name)


def _named(port: tuple[str, int, str]) -> NamedPort:
    return NamedPort(*port)
