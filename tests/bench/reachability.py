"""`python -m tests.bench.reachability`: who can reach whom in 150 agencies with 5,200 services: time, memory, a peer.

Exit 0 whatever the figures are, 1 where a step failed. The peer is the faster one of the two oracles; it answers one
question at a time, so some are asked and the rest is reckoned.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from components.estate import loader
from components.estate.estate import Estate
from components.manifests.manifest import APP_LABEL
from policies.reachability.endpoint import Pod
from policies.reachability.graph import Graph
from policies.reachability.query import why
from policies.reachability.world import World
from stacks.declaration import declarations
from tests.bench.measure import CommandFailedError, run
from tests.bench.scene import PROJECT
from tests.estates.generate import generate
from tests.reachability.oracles import ORACLES, UnavailableError

_FILE: Final = PROJECT / ".govcloud" / "bench-reachability.json"
_ASKED: Final = 5000
_PORT: Final = 8080


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    value: str


def main() -> int:
    """Measure; or, in a process of its own, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reachability", description=__doc__)
    parser.add_argument("--agencies", type=int, default=150)
    parser.add_argument("--services", type=int, default=5200)
    parser.add_argument("--output", type=Path, default=_FILE, metavar="FILE", help="the figures as JSON")
    parser.add_argument("--nca", action="store_true", help="ask network-config-analyzer too, which takes minutes")
    parser.add_argument("--judge", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.judge:
        args.output.write_text(json.dumps(_judged(args.judge)), encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        try:
            figures = list(_measured(Path(folder), args))
        except CommandFailedError as error:
            sys.stderr.write(f"bench: {error}\n")
            return 1
    args.output.parent.mkdir(exist_ok=True)
    args.output.write_text(json.dumps(dict(figures), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write("| what | figure |\n| --- | --- |\n")
    sys.stdout.writelines(f"| {figure.name} | {figure.value} |\n" for figure in figures)
    return 0


def _measured(folder: Path, args: argparse.Namespace) -> Iterator[Figure]:
    generate(folder / "estate", agencies_wanted=args.agencies, services=args.services, seed=1)
    estate = loader.load(folder / "estate").estate
    if estate is None:
        raise CommandFailedError("the generated estate cannot be read")
    objects = [manifest for one in declarations(estate) for manifest in one.manifests]
    pods = list(_expected(estate))
    scene, result = folder / "scene.json", folder / "result.json"
    scene.write_text(
        json.dumps({"objects": objects, "pods": [(pod.namespace, pod.labels) for pod in pods]}), encoding="utf-8"
    )
    command = (sys.executable, "-m", "tests.bench.reachability", "--judge", str(scene), "--output", str(result))
    usage = run(command)
    ours = json.loads(result.read_text("utf-8"))
    pairs = len(pods) ** 2
    policies = sum(body["kind"] == "NetworkPolicy" for body in objects)
    yield Figure("objects, policies among them", f"{len(objects):,}, {policies:,}")
    yield Figure("pods that somebody runs, and pairs of them", f"{len(pods):,}, {pairs:,}")
    yield Figure("classes that no policy tells apart, edges between them", f"{ours['classes']:,}, {ours['edges']:,}")
    yield Figure("all pairs: reading, finding all edges", f"{ours['read']:.2f} s, {ours['found']:.2f} s")
    yield Figure("for each pair", f"{(ours['read'] + ours['found']) / pairs * 1e9:.1f} ns")
    yield Figure("one question with its reasons", f"{ours['question'] * 1e6:.0f} µs")
    yield Figure("peak memory of the process, the objects included", f"{usage.peak_mb:.0f} MB")
    yield from _peer(objects, pods, (ours["read"] + ours["found"]) / pairs)
    if args.nca:
        yield from _nca(objects, pods, ours["read"] + ours["found"])


def _judged(path: Path) -> Mapping[str, float]:
    scene = json.loads(path.read_text("utf-8"))
    pods = [Pod(namespace=namespace, labels=labels) for namespace, labels in scene["pods"]]
    start = time.perf_counter()
    world = World(scene["objects"], pods)
    read = time.perf_counter()
    graph = Graph(world)
    edges = sum(1 for _ in graph.edges())
    found = time.perf_counter()
    for source, target in _some(pods):
        why(world, pods[source], pods[target], _PORT)
    asked = time.perf_counter()
    return {
        "read": read - start,
        "found": found - read,
        "question": (asked - found) / _ASKED,
        "classes": len(graph.classes),
        "edges": edges,
    }


def _expected(estate: Estate) -> Iterator[Pod]:
    """Yield a pod for each service in each environment, and those of the platform that policies name."""
    for agency in estate.agencies:
        for environment in agency.profile.spec.environments:
            for service in agency.profile.spec.services:
                if service.backend is not None:
                    yield Pod(namespace=agency.profile.namespace(environment), labels={APP_LABEL: service.backend.app})
    spec = estate.platform.spec
    for peer in (spec.dns, spec.gateway, spec.gateway.controller):
        yield Pod(namespace=peer.namespace, labels=dict(peer.pod_labels))


def _some(pods: list[Pod]) -> list[tuple[int, int]]:
    dice = random.Random(1)  # noqa: S311  # repeatable, not secret
    return [(dice.randrange(len(pods)), dice.randrange(len(pods))) for _ in range(_ASKED)]


def _peer(objects: list[Any], pods: list[Pod], ours: float) -> Iterator[Figure]:
    """Ask cyclonus some of the pairs; what it needs to read the policies is taken off."""
    oracle = next(oracle for oracle in ORACLES if oracle.name == "cyclonus")
    try:
        command = oracle.command()
    except UnavailableError as error:
        yield Figure("cyclonus", f"cannot be had here: {error}")
        return
    labels = {b["metadata"]["name"]: b["metadata"].get("labels", {}) for b in objects if b["kind"] == "Namespace"}
    scene = {
        "policies": [body for body in objects if body["kind"] == "NetworkPolicy"],
        "peers": [
            {
                "namespace": p.namespace,
                "namespaceLabels": labels.get(p.namespace, {}),
                "labels": p.labels,
                "ip": "100::1",
            }
            for p in pods
        ],
    }
    questions = [{"source": a, "target": b, "port": _PORT, "portName": "", "protocol": "TCP"} for a, b in _some(pods)]
    seconds = []
    for asked in ([], questions):
        start = time.perf_counter()
        text = json.dumps({**scene, "questions": asked})
        subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
    each = (seconds[1] - seconds[0]) / _ASKED
    yield Figure("cyclonus: one pair, one port", f"{each * 1e6:.0f} µs")
    yield Figure("cyclonus: all pairs, one port, reckoned", f"{each * len(pods) ** 2 / 3600:.1f} h")
    yield Figure("times as fast as cyclonus, for all pairs and ports", f"{each / ours:,.0f}")


def _nca(objects: list[Any], pods: list[Pod], ours: float) -> Iterator[Figure]:
    """Let network-config-analyzer find all edges; of pods that look the same it is given one."""
    oracle = next(oracle for oracle in ORACLES if oracle.name != "cyclonus")
    alike = {(pod.namespace, *sorted(pod.labels.items())): pod for pod in pods}
    bodies = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}", "namespace": pod.namespace, "labels": dict(pod.labels)},
            "spec": {"containers": [{"name": "main", "image": "main"}]},
        }
        for number, pod in enumerate(alike.values())
    ]
    kept = [body for body in objects if body["kind"] in ("Namespace", "NetworkPolicy")]
    text = json.dumps({"objects": [*kept, *bodies], "peers": [], "questions": []})
    command = oracle.command()
    start = time.perf_counter()
    subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    yield Figure(f"network-config-analyzer: all pairs of {len(bodies):,} pods that differ", f"{seconds:.0f} s")
    yield Figure("times as fast as network-config-analyzer", f"{seconds / ours:,.0f}")


if __name__ == "__main__":
    sys.exit(main())
