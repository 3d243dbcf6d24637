"""Everything that is declared for one owner, in the order of creation."""

from collections.abc import Iterator

from components.estate.estate import Agency, Estate
from components.estate.platform import Platform, Size
from components.estate.profile import Environment, EnvironmentName
from components.manifests import access, catalogue, gateway, namespace, national_window, network, quota, window
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
    return tuple(sorted(manifests, key=order_of))


def shared(platform: Platform) -> tuple[Manifest, ...]:
    """Return all manifests of the platform itself, without guardrails."""
    labels = owner_labels(PLATFORM_OWNER)
    peers = [platform.spec.gateway, *([platform.spec.monitoring] if platform.spec.monitoring else [])]
    manifests: list[Manifest] = []
    for name in sorted({peer.namespace for peer in peers}):
        manifests += (
            manifest("v1", "Namespace", name, labels=labels | namespace.pod_security(platform)),
            network.default_deny(name, labels),
            network.allow_dns(name, platform.spec.dns, platform.spec.node_local_dns, labels),
        )
    manifests += gateway.gateway(platform)
    manifests += national_window.national_window(platform)
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
    yield namespace.namespace(agency, environment, estate.platform)
    yield network.default_deny(name, labels)
    yield quota.resource_quota(name, size, platform.storage_classes, labels)
    yield quota.limit_range(name, platform.container, size, labels)
    yield namespace.default_service_account(name, labels)
    yield network.allow_dns(name, platform.dns, platform.node_local_dns, labels)
    if platform.monitoring is not None:
        yield network.allow_monitoring(name, platform.monitoring, labels)
    yield from network.allow_flows(name, profile.spec.flows, labels)
    open_egress = [egress for egress in profile.spec.egress if not estate.has_ended(egress.until)]
    yield from network.allow_egress(name, open_egress, labels)
    if environment.name is EnvironmentName.PRODUCTION:  # where windows lead: nowhere else is a way to open
        backends = network.window_backends(profile.spec.services)
        yield from network.allow_gateway(name, backends, platform.gateway, labels)
        yield from window.routes(estate, agency, name, labels)
        yield from window.budgets(profile.spec.services, name, labels)
    yield catalogue.catalogue(profile, name, labels)
    yield from access.role_bindings(profile.id, name, labels)


def _size(platform: Platform, environment: Environment) -> Size:
    size = platform.size(environment.size)
    if size is None:
        raise LookupError(f"the platform has no size {environment.size!r}")
    return size
