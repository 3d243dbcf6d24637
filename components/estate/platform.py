"""What the platform's owners decide for all agencies: the typed form of `schema/platform.json`."""

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from components.estate.profile import Cidr, Record, Resources

HTTP_PORT: Final = 80
DEFAULT_HTTPS_PORT: Final = 443
DEFAULT_SESSION_MINUTES: Final = 60
CALLBACK_PATH: Final = "/oauth2/callback"
LOGOUT_PATH: Final = "/logout"


class Cluster(Record, frozen=True, kw_only=True):
    """A cluster and what it can promise to tenants (R6)."""

    name: str
    capacity: Resources


class Size(Record, frozen=True, kw_only=True):
    """The quota of one namespace."""

    name: str
    cpu_cores: int
    memory_gib: int = msgspec.field(name="memoryGiB")
    storage_gib: int = msgspec.field(name="storageGiB")
    limit_factor: int
    pods: int
    objects: int


class Amount(Record, frozen=True, kw_only=True):
    """CPU and memory as Kubernetes quantities."""

    cpu: str
    memory: str


class Container(Record, frozen=True, kw_only=True):
    """Defaults and ceiling of one container."""

    request: Amount
    limit: Amount
    max: Amount


class Networks(Record, frozen=True, kw_only=True):
    """The platform's networks, and the government's outside of it."""

    pods: tuple[Cidr, ...]
    services: tuple[Cidr, ...]
    nodes: tuple[Cidr, ...]
    metadata: tuple[Cidr, ...]
    government: tuple[Cidr, ...]
    login: tuple[Cidr, ...] = ()

    @property
    def own(self) -> tuple[Cidr, ...]:
        """The platform's own, to which no way out of the cloud leads."""
        return (*self.pods, *self.services, *self.nodes, *self.metadata)


class Peer(Record, frozen=True, kw_only=True):
    """Pods of the platform: their namespace and their labels, never one without the other."""

    namespace: str
    pod_labels: Mapping[str, str]


class Proxies(Peer, frozen=True, kw_only=True):
    """A gateway's pods, the name that it has in the Gateway API, and its port."""

    name: str
    replicas: int = 2
    https_port: int = DEFAULT_HTTPS_PORT


class Gateway(Proxies, frozen=True, kw_only=True):
    """The gateway that serves all windows, its class, its controller, and who issues its certificates."""

    class_name: str
    controller: Peer = Peer(namespace="envoy-gateway-system", pod_labels={"control-plane": "envoy-gateway"})
    clients: tuple[Cidr, ...] = (Cidr("0.0.0.0/0"),)
    certificate_issuer: str | None = None


class Exchange(Proxies, frozen=True, kw_only=True):
    """The internal gateway of the national exchange (R40): its host, and who issues the tokens of pods."""

    host: str
    token_issuer: str


class Session(Record, frozen=True, kw_only=True):
    """How long a login lasts at agencies of one level in the national incident system."""

    incident_system_level: int
    minutes: int


class NationalWindow(Record, frozen=True, kw_only=True):
    """The portal of the national window: its host, and the app that serves its pages."""

    host: str
    namespace: str
    app: str
    port: int


class Monitoring(Peer, frozen=True, kw_only=True):
    """What scrapes metrics, and at which port of every pod."""

    port: int


class EgressProxy(Peer, frozen=True, kw_only=True):
    """What carries connections to hosts outside the cloud, and at which TCP port."""

    port: int


class PriorityClass(Record, frozen=True, kw_only=True):
    """A PriorityClass that the platform makes."""

    name: str
    value: int
    description: str


class Spec(Record, frozen=True, kw_only=True):
    """The platform."""

    zone: str
    reserved_hosts: tuple[str, ...]
    issuer: str
    time_zone: str
    pod_security_version: str
    clusters: tuple[Cluster, ...]
    sizes: tuple[Size, ...]
    container: Container
    storage_classes: tuple[str, ...]
    networks: Networks
    dns: Peer
    gateway: Gateway
    priority_classes: tuple[PriorityClass, ...]
    registries: tuple[str, ...] = ()
    issuer_keys: str | None = None
    sessions: tuple[Session, ...] = ()
    claims: tuple[str, ...] = ()
    break_glass_groups: tuple[str, ...] = ()
    national_window: NationalWindow | None = None
    exchange: Exchange | None = None
    egress_proxy: EgressProxy | None = None
    node_local_dns: IPv4Address | None = None
    monitoring: Monitoring | None = None


class Platform(Record, frozen=True, kw_only=True, dict=True):
    """The platform's declaration."""

    api_version: str
    kind: str
    spec: Spec

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin."""
        return ZoneInfo(self.spec.time_zone)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that all agencies share, of the platform or of the cluster."""
        spec = self.spec
        shared = (
            spec.gateway,
            spec.gateway.controller,
            spec.dns,
            spec.monitoring,
            spec.national_window,
            spec.exchange,
            spec.egress_proxy,
        )
        return frozenset(one.namespace for one in shared if one is not None)

    @property
    def keys(self) -> str:
        """Where the national login publishes its signing keys; unset, where Keycloak does."""
        return self.spec.issuer_keys or f"{self.spec.issuer}/protocol/openid-connect/certs"

    @property
    def issuer_port(self) -> int:
        """The port at which the national login answers."""
        return urlsplit(self.spec.issuer).port or DEFAULT_HTTPS_PORT

    def session_minutes(self, level: int) -> int:
        """Return how long a login lasts at this incident-system level; the shortest for a level not listed."""
        sessions = {session.incident_system_level: session.minutes for session in self.spec.sessions}
        return sessions.get(level, min(sessions.values(), default=DEFAULT_SESSION_MINUTES))

    def home(self, host: str) -> str:
        """Return the address of the window at `host`, with a slash at its end."""
        port = self.spec.gateway.https_port
        return f"https://{host}{'' if port == DEFAULT_HTTPS_PORT else f':{port}'}/"

    def callback(self, host: str) -> str:
        """Return the one URI to which the national login may send a person back to the window at `host`."""
        return self.home(host).removesuffix("/") + CALLBACK_PATH

    def size(self, name: str) -> Size | None:
        """Return the size called `name`."""
        return next((size for size in self.spec.sizes if size.name == name), None)
