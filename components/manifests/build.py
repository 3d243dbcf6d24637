"""Everything that is declared for one owner, in the order of creation."""

from collections.abc import Iterator, Mapping

from components.estate.estate import Agency, Estate
from components.estate.platform import Platform, Size
from components.estate.profile import Environment, EnvironmentName
from components.manifests import (
    access,
    catalogue,
    egress_proxy,
    exchange,
    gateway,
    namespace,
    national_window,
    network,
    quota,
    window,
)
from components.manifests.kinds import order_of
from components.manifests.manifest import PLATFORM_OWNER, Manifest, manifest, owner_labels


def tenant(estate: Estate, agency: Agency) -> tuple[Manifest, ...]:
    """Return all manifests of one agency.

    Raises:
        LookupError: An environment names a size that the platform does not have; `check` reports it first.
    """
    manifests = [
        m for environment in agency.profile.spec.environments for m in _environment(estate, agency, environment)
    ]
    manifests += window.window(estate, agency)
    manifests += egress_proxy.proxied(estate, agency)
    if agency.has_production:
        manifests += (*exchange.consumer(estate, agency), *exchange.provider(estate, agency))
    return tuple(sorted(manifests, key=order_of))


def shared(platform: Platform) -> tuple[Manifest, ...]:
    """Return all manifests of the platform itself, without guardrails."""
    labels = owner_labels(PLATFORM_OWNER)
    optional = (platform.spec.monitoring, platform.spec.egress_proxy)
    peers = [platform.spec.gateway, *(peer for peer in optional if peer is not None)]
    manifests: list[Manifest] = []
    for name in sorted({peer.namespace for peer in peers}):
        manifests += (
            manifest("v1", "Namespace", name, labels=labels | namespace.pod_security(platform)),
            network.default_deny(name, labels),
            network.allow_dns(name, platform.spec.dns, platform.spec.node_local_dns, labels),
        )
    manifests += gateway.gateway(platform)
    manifests += national_window.national_window(platform)
    manifests += exchange.exchange(platform)
    manifests += access.cluster_roles()
    manifests += (
        manifest(
            "scheduling.k8s.io/v1",
            "PriorityClass",
            priority.name,
            labels=labels,
            value=priority.value,
            description=priority.description,
            preemptionPolicy="PreemptLowerPriority",
        )
        for priority in platform.spec.priority_classes
    )
    return tuple(sorted(manifests, key=order_of))


def _environment(estate: Estate, agency: Agency, environment: Environment) -> Iterator[Manifest]:
    profile, platform = agency.profile, estate.platform.spec
    name, size = profile.namespace(environment), _size(estate.platform, environment)
    labels = owner_labels(profile.id, environment.name)
    yield namespace.namespace(estate, agency, environment)
    yield network.default_deny(name, labels)
    yield quota.resource_quota(name, size, platform.storage_classes, labels)
    yield quota.limit_range(name, platform.container, size, labels)
    yield namespace.default_service_account(name, labels)
    yield network.allow_dns(name, platform.dns, platform.node_local_dns, labels)
    if estate.quarantine(agency.id) is None:
        yield from _ways(estate, agency, environment, labels)
    if environment.name is EnvironmentName.PRODUCTION:  # where windows lead: nowhere else is a way to open
        yield from window.routes(estate, agency, name, labels)
        yield from window.budgets(profile.spec.services, name, labels)
    yield catalogue.catalogue(profile, name, labels)
    yield from access.role_bindings(profile.id, name, labels)
    yield from access.break_glass(estate, profile.id, environment.name, name, labels)


def _ways(estate: Estate, agency: Agency, environment: Environment, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield every way in and out but the one to DNS: a quarantine leaves none of them."""
    profile, platform = agency.profile, estate.platform.spec
    name = profile.namespace(environment)
    if platform.monitoring is not None:
        yield network.allow_monitoring(name, platform.monitoring, labels)
    yield from network.allow_flows(name, profile.spec.flows, labels)
    yield from network.allow_egress(name, estate.outgoing(agency), platform.egress_proxy, labels)
    if environment.name is EnvironmentName.PRODUCTION:
        yield from network.allow_gateway(name, network.window_backends(profile.spec.services), platform.gateway, labels)


def _size(platform: Platform, environment: Environment) -> Size:
    size = platform.size(environment.size)
    if size is None:
        raise LookupError(f"the platform has no size {environment.size!r}")
    return size
