"""One embedded cluster in one directory: brings it up, takes it down, tells how it is."""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from scripts.localcloud import binaries, certificates, controlplane, crds, process
from scripts.localcloud.client import Client
from scripts.localcloud.errors import LocalCloudError, NotRunningError
from scripts.localcloud.files import Progress, locked, make_private
from scripts.localcloud.process import Component
from scripts.localcloud.supervisor import Supervisor
from scripts.localcloud.window import layout as window_layout
from scripts.localcloud.window import objects
from scripts.localcloud.window.layout import ISSUER
from scripts.localcloud.window.objects import WindowSecrets
from scripts.localcloud.window.parts import Parts
from scripts.localcloud.window.reach import Window
from scripts.localcloud.window.realm import Realms
from scripts.localcloud.window.supplies import gather


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
        window: True makes `up` start the embedded window too, as far as this machine can have it.
        issuer: The national login's, as the platform names it.
    """

    def __init__(
        self, directory: Path, *, progress: Progress, durable: bool = True, window: bool = False, issuer: str = ISSUER
    ) -> None:
        """Do nothing yet."""
        self._layout = controlplane.Layout(directory=directory.absolute())
        self._supervisor = Supervisor(self._layout.directory, progress)
        self._progress = progress
        self._durable = durable
        self._has_window = window
        self._window_layout = window_layout.Layout(cluster=self._layout.directory, issuer=issuer)
        self._parts = Parts(self._window_layout, self._supervisor, progress)

    @property
    def kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig lies once the cluster was up."""
        return self._layout.kubeconfig

    @property
    def window(self) -> Window | None:
        """Where the embedded window is reached; None if it never was up."""
        return self._parts.window()

    def up(self) -> None:
        """Build what was never built, start what does not run, install the CRDs, return when all serve.

        Raises:
            LocalCloudError: It cannot be; the message says why and what to do.
        """
        with self._in_words():
            built = self._build()
            definitions = crds.load(binaries.go(), binaries.cache(), self._progress)
            supplies = gather(self._progress) if self._has_window else None
            with self._locked():
                make_private(self._layout.pki)
                digest = certificates.ensure(self._layout.pki, datetime.now(UTC))
                self._supervisor.start(controlplane.PORTS, partial(self._plan, built, digest))
                crds.install(self._client(), definitions, self._progress)
                if supplies:
                    self._parts.up(supplies, self._client())

    def provision_secrets(self, namespace: str, windows: Mapping[str, WindowSecrets]) -> dict[str, str]:
        """Make the certificate and the OIDC secret of each window in `namespace`; return the OIDC secrets by window."""
        with self._in_words(), self._locked():
            return objects.provision_secrets(self._client(), self._window_layout, namespace, windows, datetime.now(UTC))

    def remembered_secret(self, name: str) -> str:
        """Return a secret of this cloud alone, made when it was first asked for."""
        with self._in_words(), self._locked():
            return objects.remembered_secrets(self._window_layout, [name])[name]

    def provision_pages(self, pages: Mapping[tuple[str, str], Mapping[str, bytes]]) -> None:
        """Let the sample backend of each service (namespace, application) serve these files, by name."""
        with self._in_words(), self._locked():
            objects.provision_pages(self._window_layout, pages)

    def provision_backends(self, services: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        """Give each service (application and port, by namespace) a sample backend; take it from all others."""
        with self._in_words(), self._locked():
            objects.provision_backends(self._client(), self._window_layout, services)

    def provision_keys(self, namespace: str, name: str) -> None:
        """Put the keys that sign the cluster's tokens into a ConfigMap, under `jwks`."""
        with self._in_words(), self._locked():
            objects.provision_keys(self._client(), namespace, name)

    def import_realm(self, realm: Mapping[str, Any]) -> bool:
        """Make the national login's realm exactly this one; tell whether it was not before.

        Raises:
            NotRunningError: There is no national login here.
        """
        with self._in_words(), self._locked():
            if not self._supervisor.find("keycloak"):
                raise NotRunningError("The embedded national login does not run, so no realm can be imported.")
            port = self._supervisor.remembered().ports["keycloak"]
            changed = Realms(self._window_layout, port).put(realm)
            objects.nudge(self._client(), datetime.now(UTC))
            if changed and realm["realm"] == self._window_layout.realm:
                self.restart_envoy()  # a replaced realm signs with new keys, and Envoy keeps the old for minutes
            return changed

    def restart_envoy(self) -> None:
        """End Envoy; its stand-in starts it again, and it asks Envoy Gateway for everything anew."""
        self._progress("starting Envoy anew")
        for running in self._supervisor.find("envoy"):
            process.stop(running, kill=True)

    def down(self, *, delete: bool = False) -> None:
        """Stop all that runs, last started first; with `delete`, remove the directory too."""
        with self._in_words():
            if not self._layout.directory.exists():
                return
            with self._locked():
                self._parts.down()
                self._supervisor.stop(reversed(controlplane.NAMES))
                if delete:
                    shutil.rmtree(self._layout.directory)

    def status(self) -> Status:
        """Tell how each component is, by looking at it."""
        with self._in_words():
            components = tuple(self._component_status(name) for name in (*controlplane.NAMES, *self._parts.names()))
            version = self._client().get("/version", timeout=controlplane.PROBE_SECONDS)
            return Status(
                running=all(component.state is Phase.RUNNING for component in components),
                version=str(msgspec.json.decode(version)["gitVersion"]) if version else None,
                kubeconfig=self.kubeconfig,
                components=components,
            )

    def kill(self, component: str) -> None:
        """Kill a component where it stands, as a crash would; for tests of faults."""
        names = (*controlplane.NAMES, *window_layout.NAMES)
        if component not in names:
            raise LocalCloudError(f"{component!r} is no component. There are: {', '.join(names)}.")
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
        port = self._supervisor.remembered().ports.get(window_layout.ENVOY_PORT if name == "envoy" else name)
        running = next(iter(self._supervisor.find(name)), None)
        phase = Phase.STOPPED
        if running:
            phase = Phase.RUNNING if port and self._probe(name, port)() else Phase.UNREADY
        return ComponentStatus(
            name=name,
            state=phase,
            pid=running.pid if running else None,
            port=port,
            since=running.since if running else None,
            log=self._layout.log(name),
        )

    def _probe(self, name: str, port: int) -> Callable[[], bool]:
        if name in controlplane.NAMES:
            return controlplane.probe(self._layout, name, port)
        return self._parts.probe(name)

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
