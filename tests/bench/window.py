"""`python -m tests.bench.window`: the windows of 150 agencies on the embedded cloud: time, memory, cost of a request.

Exit 0 whatever the figures are, 1 where the machine cannot have the window or a step failed.
"""

import argparse
import json
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from components.estate import loader
from components.estate.estate import Estate
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.window import opening
from scripts.localcloud.window.reach import Window
from scripts.report import portal
from stacks.declaration import declarations
from tests.bench.scene import PROJECT
from tests.estates.generate import generate
from tests.live_cluster import Cluster
from tests.window.person import Person

_FILE: Final = PROJECT / ".govcloud" / "bench-window.json"
_PASSWORD: Final = "of-a-benchmark"  # noqa: S105  # of a realm that lives as long as the benchmark
_OPEN: Final = "/govcloud-bench-open"
_BOUND: Final = 1.3
_GATEWAY: Final = "gateway.networking.k8s.io"


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    value: str


class Latency(NamedTuple):
    """Milliseconds of one kind of request."""

    median: float
    p95: float


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.window", description=__doc__)
    parser.add_argument("--agencies", type=int, default=150)
    parser.add_argument("--services", type=int, default=7800, help="of which two thirds stand in a window")
    parser.add_argument("--requests", type=int, default=3000, help="of each kind, in turn")
    parser.add_argument("--output", type=Path, default=_FILE, metavar="FILE", help="the figures as JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        cloud = LocalCloud(Path(folder) / "cloud", progress=_tell, durable=False, window=True)
        try:
            figures = list(_measure(cloud, Path(folder) / "estate", args))
        except _LeftOutError as error:
            _tell(str(error))
            return 1
        finally:
            cloud.down(delete=True)
    args.output.parent.mkdir(exist_ok=True)
    args.output.write_text(json.dumps(dict(figures), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write("| what | figure |\n| --- | --- |\n")
    sys.stdout.writelines(f"| {figure.name} | {figure.value} |\n" for figure in figures)
    return 0


class _LeftOutError(Exception):
    """The machine cannot have it."""


def _measure(cloud: LocalCloud, root: Path, args: argparse.Namespace) -> Iterator[Figure]:
    generate(root, agencies_wanted=args.agencies, services=args.services, seed=1)
    estate = loader.load(root).estate
    if estate is None:
        raise _LeftOutError("the generated estate cannot be read")
    declared = declarations(estate)
    kinds = [m for one in declared for m in one.manifests]
    routed = sum(len(m["metadata"].get("annotations", {}).get("govcloud.internal/cards", "").split(","))
                 for m in kinds if m["kind"] == "HTTPRoute" and "annotations" in m["metadata"])  # fmt: skip
    counts = {kind: sum(m["kind"] == kind for m in kinds) for kind in ("ListenerSet", "HTTPRoute", "SecurityPolicy")}
    yield Figure("agencies, services behind a route", f"{len(estate.agencies)}, {routed:,}")
    yield Figure("objects", ", ".join(f"{number:,} {kind}" for kind, number in counts.items()))
    cloud.up()
    window = cloud.window
    if window is None or window.missing:
        raise _LeftOutError(f"no whole window here: {' '.join(window.missing if window else ())}")
    report, seconds = _timed(lambda: apply(connect(cloud.kubeconfig), declared, progress=lambda _: None))
    if not report.is_good:
        raise _LeftOutError("the estate was not applied as declared")
    yield Figure(f"apply of {len(kinds):,} objects", f"{seconds:.0f} s")
    person = opening.Person(username="bench", password=_PASSWORD)
    _, seconds = _timed(lambda: opening.open_windows(cloud, estate, [person], portal.pages(estate)))
    yield Figure("secrets, sample backends, realm", f"{seconds:.0f} s")
    urls = opening.entrances(estate)
    silent, seconds = _timed(lambda: opening.wait_until_asked(cloud, urls))
    if silent:
        raise _LeftOutError(f"{len(silent)} windows are not served, {silent[0]} first")
    yield Figure(f"until all {len(urls)} windows ask for the login, after that", f"{seconds:.0f} s")
    for name in ("envoy-gateway", "envoy", "keycloak"):
        yield Figure(f"peak memory of {name}", f"{_peak_mb(cloud, name):.0f} MB")
    with_session, without = _latencies(cloud, window, estate, urls, args.requests)
    yield Figure("a request with a session: median, p95", f"{with_session.median:.2f} ms, {with_session.p95:.2f} ms")
    yield Figure("the same without OIDC: median, p95", f"{without.median:.2f} ms, {without.p95:.2f} ms")
    ratio = with_session.p95 / without.p95
    yield Figure(f"ratio of the p95s (bound {_BOUND})", f"{ratio:.2f}{'' if ratio <= _BOUND else ' **not held**'}")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _peak_mb(cloud: LocalCloud, name: str) -> float:
    """Return the most memory that the component's process ever had."""
    pid = next(c.pid for c in cloud.status().components if c.name == name)
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _latencies(
    cloud: LocalCloud, window: Window, estate: Estate, urls: Mapping[str, str], requests: int
) -> tuple[Latency, Latency]:
    """Ask one service in turn with a session, and by a route without OIDC to the same backend."""
    client = min(urls)
    url = urlsplit(urls[client])
    host = url.hostname or ""
    agency = next(a for a in estate.agencies if a.profile.spec.window and a.profile.spec.window.host == host)
    backend = next(s.backend for s in agency.profile.spec.services if s.window and s.window.path == url.path)
    cluster = Cluster(cloud=cloud, kubeconfig=cloud.kubeconfig, pki=cloud.kubeconfig.parent / "pki")
    for path, body in _open_route(agency.id, host, backend.app if backend else "", backend.port if backend else 0):
        status, answer = cluster.request("POST", path, body)
        if status != 201:  # created
            raise _LeftOutError(f"the route without OIDC was refused: {answer}")
    browser = Person(window.ca, window.places)
    browser.log_in(browser.visit(urls[client]), "bench", _PASSWORD)
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.cookies if c.domain == host)
    context = ssl.create_default_context(cafile=window.ca)
    with closing(HTTPSConnection(host, context=context)) as connection:
        plain = socket.create_connection(("127.0.0.1", window.https_port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock = context.wrap_socket(plain, server_hostname=host)
        _wait_for(connection, _OPEN)
        kinds: tuple[tuple[str, dict[str, str]], ...] = ((url.path, {"Cookie": cookies}), (_OPEN, {}))
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(requests + 100):
            for times, (path, headers) in zip(taken, kinds, strict=True):
                status, seconds = _timed(partial(_status, connection, path, headers))
                if status != 200:  # OK
                    raise _LeftOutError(f"{path} answers {status}")
                if number >= 100:  # warm
                    times.append(seconds * 1000)
    with_session, without = (Latency(statistics.median(t), statistics.quantiles(t, n=20)[-1]) for t in taken)
    return with_session, without


def _status(connection: HTTPSConnection, path: str, headers: Mapping[str, str]) -> int:
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _wait_for(connection: HTTPSConnection, path: str) -> None:
    deadline = time.monotonic() + 120
    while _status(connection, path, {}) != 200:  # OK
        if time.monotonic() > deadline:
            raise _LeftOutError("the route without OIDC is not served")
        time.sleep(0.5)


def _open_route(agency: str, host: str, app: str, port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    namespace = f"{agency}-production"
    metadata = {"name": "bench-open", "namespace": namespace}
    policy = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "SecurityPolicy",
        "metadata": metadata,
        "spec": {
            "targetRefs": [{"group": _GATEWAY, "kind": "HTTPRoute", "name": "bench-open"}],
            "authorization": {"defaultAction": "Allow"},
        },
    }
    listener = {"group": _GATEWAY, "kind": "ListenerSet", "name": agency, "namespace": "govcloud-gateway"}
    rule = {"matches": [{"path": {"value": _OPEN}}], "backendRefs": [{"name": app, "port": port}]}
    route = {
        "apiVersion": f"{_GATEWAY}/v1",
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {"parentRefs": [listener], "hostnames": [host], "rules": [rule]},
    }
    yield f"/apis/gateway.envoyproxy.io/v1alpha1/namespaces/{namespace}/securitypolicies", policy
    yield f"/apis/{_GATEWAY}/v1/namespaces/{namespace}/httproutes", route


def _tell(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
