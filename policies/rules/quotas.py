"""QU: fair shares of what all tenants use."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from components.estate.finding import Level, Words
from policies.rules.permissions import KINDS, WRITE, Barred, cannot
from policies.rules.reading import at, items, mapping, name
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene

_NAMESPACE: Final = frozenset({"Namespace"})
_QUANTITY: Final = re.compile(r"[+]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
"""A Kubernetes quantity that is not negative, as apimachinery reads it."""

_Bounds: TypeAlias = Mapping[str, tuple[str, ...]]
"""What a quota bounds, and the names under which it may."""
_COMPUTE: Final = {
    "requests.cpu": ("requests.cpu", "cpu"),
    "requests.memory": ("requests.memory", "memory"),
    "limits.cpu": ("limits.cpu",),
    "limits.memory": ("limits.memory",),
}
_COUNTS: Final = {
    kind: (kind, f"count/{kind}") for kind in ("pods", "services", "configmaps", "secrets", "persistentvolumeclaims")
}
_NONE: Final = {kind: (kind,) for kind in ("services.nodeports", "services.loadbalancers")}
_SHARES: Final = tuple(
    (field, resource) for field in ("default", "defaultRequest", "max") for resource in ("cpu", "memory")
)
_OWN_QUOTA: Final = (Barred("", "resourcequotas", WRITE), Barred("", "limitranges", WRITE))


def _bounds_compute(body: Object, scene: Scene) -> Iterator[Problem]:
    return _bounds(body, scene, _COMPUTE)


def _bounds_objects(body: Object, scene: Scene) -> Iterator[Problem]:
    yield from _bounds(body, scene, _COUNTS)
    missing = _unbounded(body, scene, _NONE, _is_zero)
    if missing:
        yield Problem(
            ("metadata", "name"),
            Words(f"no quota forbids {', '.join(missing)}", f"هیچ سهمیه‌ای {'، '.join(missing)} را منع نمی‌کند"),
        )


def _bounds_storage(body: Object, scene: Scene) -> Iterator[Problem]:
    classes = (f"{one}.storageclass.storage.k8s.io/" for one in scene.platform.spec.storage_classes)
    return _bounds(body, scene, {f"{of}requests.storage": (f"{of}requests.storage",) for of in ("", *classes)})


def _gives_shares(body: Object, scene: Scene) -> Iterator[Problem]:
    if scene.tenant(name(body)) is None:
        return
    containers = [
        limit
        for one in scene.inside(name(body), "LimitRange")
        if kind_of(one) == "LimitRange"
        for limit in items(one, "spec", "limits")
        if at(limit, "type") == "Container"
    ]
    missing = [
        f"{field}.{resource}"
        for field, resource in _SHARES
        if not any(_is_quantity(at(limit, field, resource)) for limit in containers)
    ]
    if missing:
        yield Problem(
            ("metadata", "name"),
            Words(
                f"no LimitRange gives containers {', '.join(missing)}",
                f"هیچ LimitRange به کانتینرها {'، '.join(missing)} نمی‌دهد",
            ),
        )


def _cannot_write_quota(body: Object, scene: Scene) -> Iterator[Problem]:
    return cannot(body, scene, _OWN_QUOTA)


def _bounds(body: Object, scene: Scene, wanted: _Bounds) -> Iterator[Problem]:
    missing = _unbounded(body, scene, wanted, _is_quantity)
    if missing:
        yield Problem(
            ("metadata", "name"),
            Words(f"no quota bounds {', '.join(missing)}", f"هیچ سهمیه‌ای {'، '.join(missing)} را محدود نمی‌کند"),
        )


def _unbounded(body: Object, scene: Scene, wanted: _Bounds, is_bound: Callable[[Any], bool]) -> list[str]:
    """Return what no quota of a tenant's namespace bounds; nothing where the namespace is nobody's."""
    if scene.tenant(name(body)) is None:
        return []
    quotas = [mapping(one, "spec", "hard") for one in _quotas(scene.inside(name(body), "ResourceQuota"))]
    return [
        key
        for key, names in wanted.items()
        if not any(is_bound(hard.get(spelling)) for hard in quotas for spelling in names)
    ]


def _quotas(found: Iterable[Object]) -> Iterator[Object]:
    """Yield the quotas that hold for every pod: one with a scope leaves the others unbounded."""
    for one in found:
        spec = mapping(one, "spec")
        if kind_of(one) == "ResourceQuota" and not spec.get("scopes") and not spec.get("scopeSelector"):
            yield one


def _is_quantity(value: Any) -> bool:
    """Tell whether Kubernetes reads it as a quantity; YAML makes numbers of those without a unit."""
    if isinstance(value, bool):
        return False
    return _QUANTITY.fullmatch(value) is not None if isinstance(value, str) else _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value >= 0


def _is_zero(value: Any) -> bool:
    return _is_quantity(value) and str(value) == "0"


RULES: Final = (
    Rule(
        id="QU-01",
        name="namespace-compute-quota",
        title=Words(
            "A quota bounds the CPU and memory of each tenant's namespace, requested and at most",
            "سهمیه‌ای پردازنده و حافظهٔ فضای نام هر دستگاه را محدود می‌کند، هم درخواست و هم سقف",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            "Multi-Tenancy Benchmarks FNS-1",
            "Trivy KSV-0040",
            "NSA/CISA Kubernetes Hardening Guide 4.0",
            "Kyverno add-ns-quota",
        ),
        remedy=Words(
            f"write {', '.join(_COMPUTE)} into a ResourceQuota without scopes",
            f"{'، '.join(_COMPUTE)} را در یک ResourceQuota بی‌دامنه (scope) بنویسید",
        ),
        kinds=_NAMESPACE,
        check=_bounds_compute,
    ),
    Rule(
        id="QU-02",
        name="namespace-object-quota",
        title=Words(
            "A quota counts the objects of each tenant's namespace, and allows no node port and no load balancer",
            "سهمیه‌ای اشیای فضای نام هر دستگاه را می‌شمارد و هیچ NodePort و LoadBalancer را مجاز نمی‌کند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("Multi-Tenancy Benchmarks FNS-2",),
        remedy=Words(
            f"write {', '.join(_COUNTS)} into a ResourceQuota, and {' and '.join(_NONE)} as 0",
            f"{'، '.join(_COUNTS)} را در یک ResourceQuota بنویسید و {' و '.join(_NONE)} را 0 بگذارید",
        ),
        kinds=_NAMESPACE,
        check=_bounds_objects,
    ),
    Rule(
        id="QU-03",
        name="namespace-storage-quota",
        title=Words(
            "A quota bounds the storage of each tenant's namespace, in all and of each storage class",
            "سهمیه‌ای فضای ذخیره‌سازی فضای نام هر دستگاه را محدود می‌کند، هم روی‌هم و هم از هر StorageClass",
        ),
        level=Level.ADVISORY,
        marks=frozenset({Mark.GENERATED}),
        controls=("Multi-Tenancy Benchmarks FNS-1", "Gatekeeper library storageclass"),
        remedy=Words(
            "write requests.storage and `<class>.storageclass.storage.k8s.io/requests.storage` for every class of the "
            "platform into a ResourceQuota",
            "requests.storage و برای هر StorageClass سکو `<class>.storageclass.storage.k8s.io/requests.storage` را در "
            "یک ResourceQuota بنویسید",
        ),
        kinds=_NAMESPACE,
        check=_bounds_storage,
    ),
    Rule(
        id="QU-04",
        name="namespace-container-defaults",
        title=Words(
            "A LimitRange gives containers what they do not ask for, and a ceiling, so that no quota rejects them",
            "LimitRange به کانتینرها آنچه را نخواسته‌اند و یک سقف می‌دهد تا سهمیه هیچ‌یک را رد نکند",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("Trivy KSV-0039", "NSA/CISA Kubernetes Hardening Guide 4.1"),
        remedy=Words(
            "write default, defaultRequest and max, each with cpu and memory, for the type Container into a LimitRange",
            "در یک LimitRange برای نوع Container هر سه default و defaultRequest و max را با cpu و memory بنویسید",
        ),
        kinds=_NAMESPACE,
        check=_gives_shares,
    ),
    Rule(
        id="QU-05",
        name="role-no-quota-write",
        title=Words(
            "No role of a tenant writes quotas and limits",
            "هیچ نقش دستگاهی سهمیه‌ها و سقف‌ها را نمی‌نویسد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("Multi-Tenancy Benchmarks TI-1",),
        remedy=Words(
            "allow no more than get, list and watch on resourcequotas and limitranges; the size is the profile's",
            "بر resourcequotas و limitranges بیش از get و list و watch مجاز نکنید؛ اندازه را پروفایل تعیین می‌کند",
        ),
        kinds=KINDS,
        check=_cannot_write_quota,
        waivable=False,
    ),
)
