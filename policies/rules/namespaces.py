"""NS: what a tenant's namespace must say, before anything is in it."""

import re
from collections.abc import Iterator
from typing import Final

from components.estate.finding import Level, PathPart, Words
from components.estate.platform import Platform
from components.manifests.manifest import AGENCY_LABEL, DOMAIN, ENVIRONMENT_LABEL
from policies.rules.claims import is_reserved
from policies.rules.permissions import KINDS, WRITE, Barred, cannot
from policies.rules.reading import WORKLOADS, at, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.subjects import RBAC

_POD_SECURITY: Final = "pod-security.kubernetes.io"
_RESTRICTED: Final = "restricted"
_NAMESPACE: Final = frozenset({"Namespace"})
_MINOR: Final = re.compile(r"v1\.(0|[1-9][0-9]*)")
_OLDEST_MINOR: Final = 34  # from 1.34 on Pod Security refuses `host` in probes and hooks, too (KEP-4940, WL-10)
_OF_SHARED: Final = frozenset({"GRPCRoute", "HTTPRoute", "NetworkPolicy", "TLSRoute"})
"""Kinds that the platform declares in its shared namespaces, too."""
_OF_TENANTS: Final = (
    WORKLOADS
    | {"ConfigMap", "Namespace", "PersistentVolumeClaim", "Secret", "Service", "ServiceAccount"}
    | {"autoscaling/HorizontalPodAutoscaler", "policy/PodDisruptionBudget", f"{RBAC}/Role", f"{RBAC}/RoleBinding"}
    | {"networking.k8s.io/Ingress", "networking.k8s.io/NetworkPolicy"}
    | {f"gateway.networking.k8s.io/{route}" for route in ("GRPCRoute", "HTTPRoute", "TLSRoute")}
)
_OWNERSHIP: Final[tuple[tuple[str, str, re.Pattern[str]], ...]] = (
    ("labels", AGENCY_LABEL, re.compile(".+")),
    ("labels", ENVIRONMENT_LABEL, re.compile(".+")),
    ("annotations", f"{DOMAIN}/security-centre-contact", re.compile(r".*\S.*")),
    ("annotations", f"{DOMAIN}/incident-system-level", re.compile("[1-5]")),
    ("annotations", f"{DOMAIN}/profile-digest", re.compile("[0-9a-f]{64}")),
)
"""What says whose a namespace is: where, which key, and what its value looks like."""
_OWN_NAMESPACE: Final = (Barred("", "namespaces", WRITE),)


def _enforces_restricted(body: Object, scene: Scene) -> Iterator[Problem]:
    if scene.tenant(name(body)) is None:
        return
    key = f"{_POD_SECURITY}/enforce"
    found = mapping(body, "metadata", "labels").get(key)
    if found != _RESTRICTED:
        yield Problem(
            ("metadata", "labels", key),
            Words(f"Pod Security enforces {found!r}", f"امنیت پاد {found!r} را اعمال می‌کند"),
        )


def _audits_restricted(body: Object, scene: Scene) -> Iterator[Problem]:
    if scene.tenant(name(body)) is None:
        return
    for mode, mode_fa in (("audit", "ممیزی"), ("warn", "هشدار")):
        key = f"{_POD_SECURITY}/{mode}"
        found = mapping(body, "metadata", "labels").get(key)
        if found != _RESTRICTED:
            yield Problem(
                ("metadata", "labels", key),
                Words(f"Pod Security has {found!r} for {mode}", f"امنیت پاد برای {mode_fa} {found!r} را دارد"),
            )


def _pins_versions(body: Object, scene: Scene) -> Iterator[Problem]:
    if scene.tenant(name(body)) is None:
        return
    newest = _minor(scene.platform.spec.pod_security_version)
    for mode in ("enforce", "audit", "warn"):
        key = f"{_POD_SECURITY}/{mode}-version"
        found = mapping(body, "metadata", "labels").get(key)
        if _minor(found) not in range(min(_OLDEST_MINOR, newest), newest + 1):
            yield Problem(
                ("metadata", "labels", key),
                Words(f"Pod Security is pinned to {found!r}", f"نسخهٔ امنیت پاد {found!r} است"),
            )


def _minor(version: object) -> int:
    """Return the minor version; -1 where it is none."""
    found = _MINOR.fullmatch(version) if isinstance(version, str) else None
    return int(found[1]) if found else -1


def _is_at_home(body: Object, scene: Scene) -> Iterator[Problem]:
    if text(body, "kind") == "Namespace":
        path: tuple[PathPart, ...] = ("metadata", "name")
        is_open = scene.tenant(name(body)) is None
    else:
        path = ("metadata", "namespace")
        is_open = _is_the_platforms(body, scene.platform)
    place = text(body, *path)
    if not place:
        found = at(body, *path)
        yield Problem(path, Words(f"names no namespace: {found!r}", f"فضای نامی را نام نمی‌برد: {found!r}"))
    elif not is_open and is_reserved(place, scene.platform):
        yield Problem(path, Words(f"{place!r} is no tenant's", f"{place!r} از آن هیچ دستگاهی نیست"))


def _is_the_platforms(body: Object, platform: Platform) -> bool:
    """Tell whether an object may lie in a shared namespace; what it says there is judged by rules of its own."""
    proxy, place = platform.spec.egress_proxy, namespace(body)
    if text(body, "kind") == "ConfigMap":  # whom the egress proxy lets pass (NP-21)
        whose = text(body, "metadata", "labels", AGENCY_LABEL)
        return proxy is not None and place == proxy.namespace and name(body) == f"egress-{whose}"
    return text(body, "kind") in _OF_SHARED and place in _shared(platform)


def _shared(platform: Platform) -> frozenset[str]:
    """Return the namespaces that the platform's own stack fills."""
    spec = platform.spec
    shared = (spec.gateway, spec.monitoring, spec.national_window, spec.exchange, spec.egress_proxy)
    return frozenset(one.namespace for one in shared if one is not None)


def _says_whose_it_is(body: Object, scene: Scene) -> Iterator[Problem]:
    labels = mapping(body, "metadata", "labels")
    agency = scene.tenant(name(body))
    if agency is None and not {AGENCY_LABEL, ENVIRONMENT_LABEL} & labels.keys():
        return
    known = {AGENCY_LABEL: agency, ENVIRONMENT_LABEL: scene.environment(name(body))}
    for field, key, pattern in _OWNERSHIP:
        found = mapping(body, "metadata", field).get(key)
        is_well_formed = isinstance(found, str) and pattern.fullmatch(found) is not None
        if not is_well_formed or (known.get(key) or found) != found:
            yield Problem(("metadata", field, key), Words(f"{key} is {found!r}", f"مقدار {key} {found!r} است"))


def _cannot_write_namespace(body: Object, scene: Scene) -> Iterator[Problem]:
    return cannot(body, scene, _OWN_NAMESPACE)


RULES: Final = (
    Rule(
        id="NS-01",
        name="namespace-pod-security-restricted",
        title=Words(
            "A tenant's namespace enforces Pod Security restricted",
            "فضای نام هر دستگاه امنیت پاد را در سطح restricted اعمال می‌کند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("Pod Security Standards: restricted", "CIS Kubernetes Benchmark 5.2.1", "kubescape C-0192"),
        remedy=Words(
            f"set the label {_POD_SECURITY}/enforce to {_RESTRICTED}; anything less needs a waiver",
            f"برچسب {_POD_SECURITY}/enforce را {_RESTRICTED} بگذارید؛ هر سطح پایین‌تر معافیت می‌خواهد",
        ),
        kinds=_NAMESPACE,
        check=_enforces_restricted,
    ),
    Rule(
        id="NS-02",
        name="namespace-pod-security-audited",
        title=Words(
            "A tenant's namespace audits and warns at Pod Security restricted, too",
            "فضای نام هر دستگاه در ممیزی و هشدار نیز امنیت پاد را در سطح restricted می‌سنجد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("Kyverno psa/add-psa-labels",),
        remedy=Words(
            f"set the labels {_POD_SECURITY}/audit and {_POD_SECURITY}/warn to {_RESTRICTED}",
            f"برچسب‌های {_POD_SECURITY}/audit و {_POD_SECURITY}/warn را {_RESTRICTED} بگذارید",
        ),
        kinds=_NAMESPACE,
        check=_audits_restricted,
    ),
    Rule(
        id="NS-03",
        name="namespace-pod-security-pinned",
        title=Words(
            "A tenant's namespace pins Pod Security to a version that the servers have",
            "فضای نام هر دستگاه امنیت پاد را به نسخه‌ای که سرورها دارند پایبند می‌کند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("Gatekeeper library host-probes-lifecycle",),
        remedy=Words(
            f"set {_POD_SECURITY}/<mode>-version for enforce, audit and warn to the platform's podSecurityVersion; "
            f"older ones back to v1.{_OLDEST_MINOR} are allowed, `latest` is not",
            f"{_POD_SECURITY}/<mode>-version را برای enforce و audit و warn برابر podSecurityVersion سکو بگذارید؛ "
            f"نسخه‌های پیشین تا v1.{_OLDEST_MINOR} مجازند و `latest` نه",
        ),
        kinds=_NAMESPACE,
        check=_pins_versions,
    ),
    Rule(
        id="NS-04",
        name="object-not-in-reserved-namespace",
        title=Words(
            "Nothing of a tenant lies in default, kube-* or a namespace of the platform",
            "هیچ چیزی از دستگاه‌ها در default و kube-* و فضاهای نام سکو نیست",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "CIS Kubernetes Benchmark 5.7.4",
            "kubescape C-0212",
            "Checkov CKV_K8S_21",
            "Trivy KSV-0037",
            "Trivy KSV-0110",
        ),
        remedy=Words(
            "write metadata.namespace: `<agency>-<environment>`",
            "metadata.namespace را بنویسید: `<agency>-<environment>`",
        ),
        kinds=_OF_TENANTS,
        check=_is_at_home,
        waivable=False,
    ),
    Rule(
        id="NS-05",
        name="namespace-ownership",
        title=Words(
            "A tenant's namespace says whose it is, whom to call, and from which profile it was made",
            "فضای نام هر دستگاه می‌گوید از آن کیست، با که باید تماس گرفت و از کدام پروفایل ساخته شده است",
        ),
        level=Level.ADVISORY,
        marks=frozenset({Mark.GENERATED}),
        controls=(
            "Gatekeeper library requiredlabels",
            "kubescape C-0076",
            "kubescape C-0077",
            "kube-linter required-label-owner",
        ),
        remedy=Words(
            "let govcloud make the namespace from the agency's profile; the profile has all of it",
            "بگذارید govcloud فضای نام را از پروفایل دستگاه بسازد؛ همهٔ این‌ها در پروفایل هست",
        ),
        kinds=_NAMESPACE,
        check=_says_whose_it_is,
    ),
    Rule(
        id="NS-06",
        name="role-no-namespace-write",
        title=Words(
            "No role of a tenant writes namespaces: a tenant cannot relabel its own",
            "هیچ نقش دستگاهی فضای نام را نمی‌نویسد: دستگاه نمی‌تواند برچسب فضای نام خود را عوض کند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            "Multi-Tenancy Benchmarks CPI-1",
            "Kyverno namespace-protection",
            "Kyverno allowed-label-changes",
        ),
        remedy=Words(
            "allow no more than get, list and watch on namespaces",
            "بر namespaces بیش از get و list و watch مجاز نکنید",
        ),
        kinds=KINDS,
        check=_cannot_write_namespace,
        waivable=False,
    ),
)
