"""Answers questions about small worlds with network-config-analyzer: a world a line in, its answers a line out.

Runs in that program's own environment. `null` is a question about pods that it merges with others; an object with
`refused` is a world that it does not read.
"""

import contextlib
import importlib
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

handler = importlib.import_module("nca.NetworkConfig.ResourcesHandler").ResourcesHandler
peers_module = importlib.import_module("nca.CoreDS.Peer")


def answers(asked: dict[str, Any], path: Path) -> Any:
    path.write_text("---\n".join(json.dumps(body) + "\n" for body in asked["objects"]))
    peers_module.BasePeerSet.reset()
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            config = handler().get_network_config(None, None, None, [str(path)])
            found = config.allowed_connections().all_allowed_conns
    except Exception as error:  # noqa: BLE001  # whatever it does not read is told
        return {"refused": f"{error} {noise.getvalue()}"[:2000]}
    cubes = [found.get_connectivity_cube(cube) for cube in found]
    known = {peer.workload_name: peer for peer in config.peer_container.get_all_peers_group()}
    sides = [(list(cube["src_peers"]), list(cube["dst_peers"]), cube) for cube in cubes]
    return [answer(asked["peers"], known, sides, question) for question in asked["questions"]]


def answer(peers: list[str], known: dict[str, Any], sides: list[Any], question: list[Any]) -> bool | None:
    source, target, port, protocol = question
    if any("/" in peers[each] and peers[each] not in known for each in (source, target)):
        return None
    for sources, targets, cube in sides:
        is_open = port in cube["dst_ports"].port_set and protocol in cube["protocols"]
        if is_open and any(holds(sources, peers[source], known)) and any(holds(targets, peers[target], known)):
            return True
    return False


def holds(found: list[Any], peer: str, known: dict[str, Any]) -> Iterator[bool]:
    for each in found:
        if isinstance(each, peers_module.IpBlock):
            address = peers_module.IPNetworkAddress(ip_address(peer)) if "/" not in peer else None
            yield address is not None and any(i.start <= address <= i.end for i in same_family(each, address))
        else:
            yield "/" in peer and each == known[peer]


def same_family(block: Any, address: Any) -> Iterator[Any]:
    return (i for i in block.interval_set if i.start.address.version == address.address.version)


with tempfile.TemporaryDirectory() as folder:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answers(json.loads(line), Path(folder) / "world.yaml")) + "\n")
