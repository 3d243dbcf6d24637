"""Where tenants live and how much is promised: sizes, clusters, and the sum of all quotas (R6)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, PathPart, Where, Words

_PLATFORM = "stacks/platform.yaml"
_OWN: Final = {
    "gateway": "gateway",
    "monitoring": "monitoring",
    "national_window": "nationalWindow",
    "exchange": "exchange",
    "egress_proxy": "egressProxy",
}
"""What the platform's own stack makes a namespace for: the field of the record, and as the file spells it."""
_CLUSTERS: Final = ("default", "kube-system")


def placements(estate: Estate) -> Iterator[Finding]:
    """Refuse sizes and clusters that the platform does not have."""
    clusters = [cluster.name for cluster in estate.platform.spec.clusters]
    sizes = [size.name for size in estate.platform.spec.sizes]
    for agency in estate.agencies:
        spec = agency.profile.spec
        if spec.placement.cluster not in clusters:
            words = Words("cluster", "خوشهٔ")
            yield _unknown(words, spec.placement.cluster, clusters, agency, ("spec", "placement", "cluster"))
        for index, environment in enumerate(spec.environments):
            if environment.size not in sizes:
                path = ("spec", "environments", index, "size")
                yield _unknown(Words("size", "اندازهٔ"), environment.size, sizes, agency, path)


def quotas(estate: Estate) -> Iterator[Finding]:
    """Refuse quotas that sum to more than a cluster's capacity."""
    for index, cluster in enumerate(estate.platform.spec.clusters):
        sums = _promised(estate, cluster.name)
        ceilings = {
            "cpuCores": cluster.capacity.cpu_cores,
            "memoryGiB": cluster.capacity.memory_gib,
            "storageGiB": cluster.capacity.storage_gib,
        }
        for key, ceiling in ceilings.items():
            if sums[key] > ceiling:
                yield Finding(
                    rule="quota-over-capacity",
                    subject="platform",
                    where=Where(_PLATFORM, ("spec", "clusters", index, "capacity", key)),
                    summary=Words(
                        f"quotas on {cluster.name!r} sum to {sums[key]} {key}; its capacity is {ceiling:g}",
                        f"جمع سهمیه‌ها در {cluster.name!r} برابر {sums[key]} {key} است و ظرفیت آن {ceiling:g}",
                    ),
                    remedy=Words(
                        "choose smaller sizes or another cluster, or raise the capacity when it is really there",
                        "اندازهٔ کوچک‌تر یا خوشهٔ دیگری برگزینید، یا ظرفیت را وقتی واقعاً هست بالا ببرید",
                    ),
                )


def _promised(estate: Estate, cluster: str) -> Counter[str]:
    sums: Counter[str] = Counter()
    for agency in estate.agencies:
        if agency.profile.spec.placement.cluster != cluster:
            continue
        for environment in agency.profile.spec.environments:
            size = estate.platform.size(environment.size)
            if size is not None:
                sums.update(cpuCores=size.cpu_cores, memoryGiB=size.memory_gib, storageGiB=size.storage_gib)
    return sums


def _unknown(what: Words, value: str, known: Iterable[str], agency: Agency, path: tuple[PathPart, ...]) -> Finding:
    return agency.fails(
        f"{what.en}-unknown",
        path,
        Words(f"the platform has no {what.en} {value!r}", f"سکو {what.fa} {value!r} ندارد"),
        Words(f"allowed: {', '.join(known)}", f"مقدارهای مجاز: {'، '.join(known)}"),
    )


def own_namespaces(estate: Estate) -> Iterator[Finding]:
    """Refuse a namespace of the platform's own that is somebody else's too: what is made there would shut it."""
    spec = estate.platform.spec
    taken = {spec.dns.namespace: "dns", spec.gateway.controller.namespace: "gateway.controller"}
    for field, key in _OWN.items():
        one = getattr(spec, field)
        if one is None or (field == "monitoring" and one.namespace == spec.gateway.namespace):
            continue  # those two may live together
        place = one.namespace
        other = taken.get(place, "Kubernetes" if place in _CLUSTERS or place.startswith("kube-") else None)
        if other is not None:
            yield Finding(
                rule="platform-namespace-taken",
                subject="platform",
                where=Where(_PLATFORM, ("spec", key, "namespace")),
                summary=Words(f"{place!r} is the namespace of {other} too", f"{place!r} فضای نام {other} هم هست"),
                remedy=Words(
                    "choose a namespace of its own: it is made shut, and held to the restricted level",
                    "فضای نامی جدا برگزینید: بسته ساخته می‌شود و در سطح restricted نگه داشته می‌شود",
                ),
            )
        taken.setdefault(place, key)
