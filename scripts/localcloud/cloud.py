"""One embedded cluster in one directory: brings it up, takes it down, tells how it is."""

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

import msgspec

from scripts.localcloud import binaries, certificates, controlplane, crds, process
from scripts.localcloud.client import Client
from scripts.localcloud.errors import LocalCloudError, NotRunningError
from scripts.localcloud.files import Progress, locked, make_private
from scripts.localcloud.process import Component
from scripts.localcloud.supervisor import Supervisor


class Phase(StrEnum):
    """How a component is; a stopped one has no process, an unready one has and does not serve."""

    RUNNING = "running"
    UNREADY = "unready"
    STOPPED = "stopped"


class ComponentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `cloud status`."""

    name: str
    state: Phase
    pid: int | None
    port: int | None
    since: str | None
    log: Path


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What `cloud status` tells; `version` is the API server's own word."""

    running: bool
    version: str | None
    kubeconfig: Path
    components: tuple[ComponentStatus, ...]


class LocalCloud:
    """The cluster in a directory; every method may be called at any time, by several callers at once.

    Args:
        directory: Its own; it need not exist.
        progress: Told what goes on, a line at a time.
        durable: False lets etcd skip fsync; for tests, whose data nobody misses after a power cut.
    """

    def __init__(self, directory: Path, *, progress: Progress, durable: bool = True) -> None:
        """Do nothing yet."""
        self._layout = controlplane.Layout(directory=directory.absolute())
        self._supervisor = Supervisor(self._layout.directory, progress)
        self._progress = progress
        self._durable = durable

    @property
    def kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig lies once the cluster was up."""
        return self._layout.kubeconfig

    def up(self) -> None:
        """Build what was never built, start what does not run, install the CRDs, return when all serve.

        Raises:
            LocalCloudError: It cannot be; the message says why and what to do.
        """
        with self._in_words():
            built = self._build()
            definitions = crds.load(binaries.go(), binaries.cache(), self._progress)
            with self._locked():
                make_private(self._layout.pki)
                digest = certificates.ensure(self._layout.pki, datetime.now(UTC))
                self._supervisor.start(controlplane.PORTS, partial(self._plan, built, digest))
                crds.install(self._client(), definitions, self._progress)

    def down(self, *, delete: bool = False) -> None:
        """Stop all that runs, last started first; with `delete`, remove the directory too."""
        with self._in_words():
            if not self._layout.directory.exists():
                return
            with self._locked():
                self._supervisor.stop(reversed(controlplane.NAMES))
                if delete:
                    shutil.rmtree(self._layout.directory)

    def status(self) -> Status:
        """Tell how each component is, by looking at it."""
        with self._in_words():
            components = tuple(self._component_status(name) for name in controlplane.NAMES)
            version = self._client().get("/version", timeout=controlplane.PROBE_SECONDS)
            return Status(
                running=all(component.state is Phase.RUNNING for component in components),
                version=str(msgspec.json.decode(version)["gitVersion"]) if version else None,
                kubeconfig=self.kubeconfig,
                components=components,
            )

    def kill(self, component: str) -> None:
        """Kill a component where it stands, as a crash would; for tests of faults."""
        if component not in controlplane.NAMES:
            raise LocalCloudError(f"{component!r} is no component. There are: {', '.join(controlplane.NAMES)}.")
        found = self._supervisor.find(component)
        if not found:
            raise NotRunningError(f"{component} does not run, so it cannot be killed.")
        for running in found:
            process.stop(running, kill=True)

    def _build(self) -> dict[str, Path]:
        total = len(controlplane.NAMES)
        return {
            name: binaries.build(name, progress=self._progress, position=f" ({number} of {total})")
            for number, name in enumerate(controlplane.NAMES, 1)
        }

    def _plan(self, built: Mapping[str, Path], digest: str, ports: Mapping[str, int]) -> tuple[Component, ...]:
        controlplane.configure(self._layout, ports)
        return controlplane.components(self._layout, built, ports, digest=digest, durable=self._durable)

    def _component_status(self, name: str) -> ComponentStatus:
        port = self._supervisor.remembered().ports.get(name)
        running = next(iter(self._supervisor.find(name)), None)
        phase = Phase.STOPPED
        if running:
            phase = Phase.RUNNING if port and controlplane.probe(self._layout, name, port)() else Phase.UNREADY
        return ComponentStatus(
            name=name,
            state=phase,
            pid=running.pid if running else None,
            port=port,
            since=running.since if running else None,
            log=self._layout.log(name),
        )

    def _client(self) -> Client:
        port = self._supervisor.remembered().ports.get("kube-apiserver", 0)
        return controlplane.client(self._layout, "kube-apiserver", port)

    def _locked(self) -> AbstractContextManager[None]:
        """Let one caller at a time change things."""
        return locked(self._layout.directory / "lock", self._progress, "`govcloud cloud`")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turn what the system refuses into a sentence."""
        try:
            yield
        except OSError as error:
            place = error.filename or self._layout.directory
            remedy = "Correct it and run it again."
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                remedy = "Free some space there and run it again; what is done is kept."
            raise LocalCloudError(f"{place}: {error.strerror or error}. {remedy}") from error
