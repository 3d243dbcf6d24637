"""Two independent evaluators, each built once into the user's cache and asked about many worlds by one process."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from scripts.localcloud import binaries, toolchain
from scripts.localcloud.errors import ToolchainError
from scripts.localcloud.files import locked, make_private, silent
from tests.reachability.worlds import Workload, World

HERE: Final = Path(__file__).parent
_NOWHERE: Final = "100::{}"
"""The address (RFC 6666) that cyclonus is told of pods whose address nobody knows: only ::/0 names it."""


class UnavailableError(Exception):
    """The oracle cannot be had on this machine."""


class Refusal(NamedTuple):
    """Why an oracle read no world."""

    said: str


class Oracle(NamedTuple):
    """One of them: how it is started, which worlds it can be asked about, and how it is asked."""

    name: str
    command: Callable[[], Sequence[str]]
    can_judge: Callable[[World], bool]
    asked: Callable[[World], Any]

    def answers(self, worlds: Iterable[World]) -> Iterator[tuple[World, Refusal | Sequence[bool | None]]]:
        """Yield what it says of each question of each world that it can judge.

        Raises:
            UnavailableError: It cannot be built here.
        """
        judged = [world for world in worlds if self.can_judge(world)]
        lines = "".join(json.dumps(self.asked(world)) + "\n" for world in judged)
        done = subprocess.run(self.command(), input=lines, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{self.name} ended with {done.returncode}: {done.stderr[-2000:]}")
        for world, line in zip(judged, done.stdout.splitlines(), strict=True):
            said = json.loads(line)
            yield world, Refusal(said["refused"]) if isinstance(said, dict) else said


def _nca() -> Sequence[str]:
    locks = HERE / "requirements-nca.txt"
    folder = binaries.base() / f"nca-{_digest(locks.read_bytes(), sys.version.encode())}"
    python = folder / "bin" / "python"
    make_private(folder.parent)
    with locked(folder.with_suffix(".lock"), silent, "build"):
        if not (folder / "whole").exists():
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            _run(str(python), "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", str(locks))
            (folder / "whole").touch()
    return (str(python), str(HERE / "nca_oracle.py"))


def _cyclonus() -> Sequence[str]:
    source = HERE / "cyclonus"
    try:
        go = toolchain.find("1.26")
    except ToolchainError as error:
        raise UnavailableError(str(error)) from error
    parts = [(source / name).read_bytes() for name in ("go.mod", "go.sum", "main.go")]
    binary = binaries.base() / f"cyclonus-{_digest(*parts, go.version.encode())}"
    make_private(binary.parent)
    with locked(binary.with_suffix(".lock"), silent, "build"):
        if not binary.exists():
            partial = binary.with_suffix(".partial")
            _run(str(go.path), "build", "-o", str(partial), ".", cwd=source, env=go.environment())
            partial.replace(binary)
    return (str(binary),)


def _run(*command: str, **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise UnavailableError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _asked_nca(world: World) -> Any:
    peers = [
        f"{peer.namespace}/{peer.name}({peer.kind})" if isinstance(peer, Workload) else peer for peer in world.peers
    ]
    # Its ReplicaSets are the one kind that it may rename: none of ours ends in hexadecimal digits alone.
    questions = [(q.source, q.target, q.port, q.protocol) for q in world.questions]
    return {"objects": world.objects, "peers": peers, "questions": questions}


def _asked_cyclonus(world: World) -> Any:
    return {
        "policies": world.policies,
        "peers": [_cyclonus_peer(world, peer, index) for index, peer in enumerate(world.peers)],
        "questions": [
            {
                "source": q.source,
                "target": q.target,
                "port": q.port,
                "protocol": q.protocol,
                "portName": _port_name(world.peers[q.target], q.port, q.protocol),
            }
            for q in world.questions
        ],
    }


def _cyclonus_peer(world: World, peer: Workload | str, index: int) -> dict[str, Any]:
    if isinstance(peer, str):
        return {"ip": peer}
    return {
        "namespace": peer.namespace,
        "namespaceLabels": world.namespaces[peer.namespace],
        "labels": peer.labels,
        "ip": peer.address or _NOWHERE.format(index + 1),
    }


def _port_name(peer: Workload | str, port: int, protocol: str) -> str:
    ports = peer.ports if isinstance(peer, Workload) else []
    return next((name for name, number, spoken in ports if (number, spoken) == (port, protocol)), "")


def _names_all_ipv6(world: World) -> bool:
    return '"cidr": "::/0"' in json.dumps(world.policies)


ORACLES: Final = (
    Oracle("network-config-analyzer", _nca, lambda world: not world.has_addresses, _asked_nca),
    Oracle("cyclonus", _cyclonus, lambda world: world.has_addresses or not _names_all_ipv6(world), _asked_cyclonus),
)
