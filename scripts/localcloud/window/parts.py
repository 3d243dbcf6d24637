"""The parts of the embedded window, in the order in which they start."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

import msgspec

from scripts.localcloud.client import Client
from scripts.localcloud.files import Progress, make_private, write_private
from scripts.localcloud.process import Component
from scripts.localcloud.supervisor import Supervisor
from scripts.localcloud.window import gateway, login, network, objects
from scripts.localcloud.window.layout import BACKEND_PORT, INSIDE, LOGIN_ADDRESS, NAMES, NETWORK, PORTS, Layout
from scripts.localcloud.window.reach import LOOPBACK, Window
from scripts.localcloud.window.supplies import Gateway, Supplies

MODULES = "scripts.localcloud.window"
ENVOY_SECONDS = 30.0
ENVOY_RESTART_SECONDS = 5.0
POLL_SECONDS = 0.2


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    names: tuple[str, ...]
    issuer: str
    missing: tuple[str, ...]


class Parts:
    """The programs of one window."""

    def __init__(self, layout: Layout, supervisor: Supervisor, progress: Progress) -> None:
        """Do nothing yet."""
        self._layout = layout
        self._supervisor = supervisor
        self._progress = progress

    def up(self, supplies: Supplies, client: Client) -> None:
        """Start what can be had and does not run; return when all of it serves.

        Raises:
            StartError: One does not come up.
        """
        for reason in supplies.missing:
            self._progress(f"left out: {reason}")
        make_private(self._layout.directory)
        if not supplies.has_network:
            self._remember((), supplies)
            return
        gateway.issue(self._layout, datetime.now(UTC))
        self._supervisor.start(PORTS, self._plan_network)
        enter = self._enter()
        login_before = self._supervisor.find("keycloak")
        self._supervisor.start({}, partial(self._plan_behind, supplies, enter), together=True)
        running = ["window-network", "sample-backends", *(["keycloak"] if supplies.login else ())]
        if supplies.gateway:  # after the login, which it asks for its endpoints
            objects.apply(client, gateway.manifests(self._layout))
            self._restart_gateway_without_envoy()
            self._supervisor.start({}, partial(self._plan_gateway, supplies.gateway, enter))
            if self._supervisor.find("keycloak") != login_before:
                objects.nudge(client, datetime.now(UTC))
            running.append("envoy-gateway")
            self._wait_for_envoy(client)
        self._supervisor.stop(set(NAMES) - {"envoy", *running})
        self._remember(tuple(running), supplies)

    def down(self) -> None:
        """Stop all of it, last started first."""
        self._supervisor.stop(reversed(NAMES))

    def names(self) -> tuple[str, ...]:
        """Return what the last `up` started, and Envoy where there is one or ought to be."""
        record = self._recorded()
        envoy = ("envoy",) if self._layout.asked.exists() or self._supervisor.find("envoy") else ()
        return (*record.names, *envoy) if record else ()

    def probe(self, name: str) -> Callable[[], bool]:
        """Return a function that tells whether it serves."""
        ports = self._ports()
        match name:
            case "window-network":
                return partial(network.is_ready, ports[name])
            case "keycloak":
                return login.probe(ports["keycloak-health"], "/health/ready")
            case "envoy-gateway":
                return login.probe(ports[name], "/readyz")
            case "envoy":
                return partial(gateway.has_envoy, ports["window-http"])
            case _:
                return login.probe(ports[name], "/")

    def window(self) -> Window | None:
        """Tell where it is reached; None if there never was one."""
        record, ports = self._recorded(), self._ports()
        if record is None:
            return None
        return Window(
            https_port=ports.get("window-https", 0),
            http_port=ports.get("window-http", 0),
            login_port=ports.get("keycloak", 0),
            exchange_port=ports.get("exchange", 0),
            issuer=record.issuer,
            login_host=self._layout.login_host,
            ca=self._layout.ca,
            admin=self._layout.admin,
            enter=self._enter(),
            names=record.names,
            missing=record.missing,
        )

    def _plan_network(self, ports: Mapping[str, int]) -> tuple[Component, ...]:
        plan = self._layout.directory / "network.json"
        (self._layout.directory / "hosts").write_text(
            f"127.0.0.1 localhost\n{LOGIN_ADDRESS} {self._layout.login_host}\n"
        )
        (self._layout.directory / "passwd").write_text("root:x:0:0:root:/:/bin/false\n")
        content = msgspec.json.encode(_network(self._layout, ports))
        write_private(plan, content)
        port = ports["window-network"]
        return (
            Component(
                name="window-network",
                argv=(sys.executable, "-I", "-m", f"{MODULES}.network", str(plan)),
                ports=tuple(ports[name] for name in PORTS),
                is_ready=partial(network.is_ready, port),
                log=self._layout.log("window-network"),
                fingerprint=sha256(content).hexdigest(),
            ),
        )

    def _plan_gateway(self, supply: Gateway, enter: tuple[str, ...], ports: Mapping[str, int]) -> tuple[Component, ...]:
        return (gateway.component(self._layout, supply, ports, enter),)

    def _plan_behind(
        self, supplies: Supplies, enter: tuple[str, ...], ports: Mapping[str, int]
    ) -> tuple[Component, ...]:
        backend = (sys.executable, "-I", "-m", f"{MODULES}.backend", str(BACKEND_PORT), str(self._layout.backends))
        argv = (*enter, "--", *backend)
        found = [
            Component(
                name="sample-backends",
                argv=argv,
                ports=(ports["sample-backends"],),
                is_ready=self.probe("sample-backends"),
                log=self._layout.log("sample-backends"),
                fingerprint=sha256("\0".join(argv).encode()).hexdigest(),
            )
        ]
        if supplies.login:
            certificate = sha256((self._layout.pki / "login.crt").read_bytes()).hexdigest()
            found.append(login.component(self._layout, supplies.login, ports, enter, certificate))
        return tuple(found)

    def _enter(self) -> tuple[str, ...]:
        """Return what brings a program into the network; another network is another command, so all start anew."""
        for holder in self._supervisor.find("window-network"):
            return (sys.executable, "-I", "-m", f"{MODULES}.enter", str(holder.pid))
        return ()

    def _restart_gateway_without_envoy(self) -> None:
        deadline = time.monotonic() + ENVOY_RESTART_SECONDS
        while self._layout.asked.exists() and not self._supervisor.find("envoy"):
            if time.monotonic() > deadline:
                self._supervisor.stop(["envoy-gateway"])
                self._layout.asked.unlink(missing_ok=True)
            time.sleep(POLL_SECONDS)

    def _wait_for_envoy(self, client: Client) -> None:
        body = client.get("/apis/gateway.networking.k8s.io/v1/gateways?limit=1")
        wanted = bool(body and msgspec.json.decode(body)["items"])
        answers = self.probe("envoy")
        deadline = time.monotonic() + ENVOY_SECONDS
        while wanted and not answers():
            if time.monotonic() > deadline:
                self._progress(f"Envoy does not answer yet; the reason is in {self._layout.log('envoy-gateway')}")
                return
            time.sleep(POLL_SECONDS)

    def _ports(self) -> dict[str, int]:
        return self._supervisor.remembered().ports

    def _remember(self, names: tuple[str, ...], supplies: Supplies) -> None:
        record = _Record(names=names, issuer=self._layout.issuer, missing=supplies.missing)
        write_private(self._layout.record, json.dumps(msgspec.to_builtins(record), indent=2).encode())

    def _recorded(self) -> _Record | None:
        try:
            return msgspec.json.decode(self._layout.record.read_bytes(), type=_Record)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def _network(layout: Layout, ports: Mapping[str, int]) -> network.Plan:
    api = (LOOPBACK, ports["kube-apiserver"])
    inward = tuple(
        network.Forward(listen=(LOOPBACK, ports[name]), to=(LOOPBACK, port), from_inside=False, to_inside=True)
        for name, port in INSIDE.items()
    )
    return network.Plan(
        control_port=ports["window-network"],
        network=NETWORK,
        root=str(layout.root),
        files=gateway.files(layout),
        forwards=(
            *inward,
            network.Forward(
                listen=(LOGIN_ADDRESS, 443), to=(LOOPBACK, INSIDE["keycloak"]), from_inside=True, to_inside=True
            ),
            network.Forward(listen=api, to=api, from_inside=True, to_inside=False),
        ),
    )
