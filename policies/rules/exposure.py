"""NP: doors beside the gateway: Services that are reachable from outside, and endpoints that are not a tenant's own."""

from collections.abc import Iterator, Mapping
from typing import Final

from components.estate.finding import Words
from policies.rules.network import found
from policies.rules.ownership import is_tenants
from policies.rules.permissions import KINDS, WRITE, Barred, cannot
from policies.rules.reading import at, items
from policies.rules.rule import Guard, Mark, Object, Problem, Rule
from policies.rules.scene import Scene

_ENDPOINTS: Final = (Barred("", "endpoints", WRITE), Barred("discovery.k8s.io", "endpointslices", WRITE))
_OUTWARD: Final = ("externalIPs", "externalName", "loadBalancerIP", "loadBalancerClass")


def _stays_inside(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge a tenant's Service. A type that is not said is ClusterIP, by the API's own default."""
    if not is_tenants(body, scene):
        return
    spec = body.get("spec")
    if not isinstance(spec, Mapping) or not spec:
        yield found(("spec",), spec)
        return
    if spec.get("type", "ClusterIP") != "ClusterIP":
        yield found(("spec", "type"), spec.get("type"))
    for field in _OUTWARD:
        if spec.get(field) not in (None, []):
            yield found(("spec", field), spec.get(field))
    for index, port in enumerate(items(spec, "ports")):
        if at(port, "nodePort") is not None:
            yield found(("spec", "ports", index, "nodePort"), at(port, "nodePort"))


def _leaves_endpoints_alone(body: Object, scene: Scene) -> Iterator[Problem]:
    return cannot(body, scene, _ENDPOINTS)


RULES: Final = (
    Rule(
        id="NP-17",
        name="service-cluster-only",
        title=Words(
            "A tenant's Services are reachable inside the cluster only",
            "سرویس‌های هر دستگاه تنها از درون خوشه در دسترس‌اند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "Multi-Tenancy Benchmarks: host isolation",
            "UDS DisallowNodePortServices",
            "UDS RestrictExternalNames",
            "gatekeeper block-nodeport-services",
            "gatekeeper block-loadbalancer-services",
            "gatekeeper externalip",
            "trivy KSV-0108",
        ),
        remedy=Words(
            "use type ClusterIP without external addresses or names; people come through the window, programs by "
            "declared flows",
            "نوع ClusterIP را بی نشانی و نام بیرونی به کار ببرید؛ مردم از پنجره می‌آیند و برنامه‌ها از جریان‌های اعلام‌شده",
        ),
        kinds=frozenset({"Service"}),
        check=_stays_inside,
        guard=Guard(
            expression=(
                'object.spec.type == "ClusterIP" && object.spec.?externalIPs.orValue([]).size() == 0 && '
                "!has(object.spec.externalName) && !has(object.spec.loadBalancerIP) && "
                "!has(object.spec.loadBalancerClass) && object.spec.?ports.orValue([]).all(p, !has(p.nodePort))"
            ),
            resources={"": ("services",)},
        ),
    ),
    Rule(
        id="NP-18",
        name="role-no-endpoint-edit",
        title=Words(
            "No role of a tenant edits endpoints",
            "هیچ نقشی از دستگاه نقطه‌های پایانی سرویس‌ها را ویرایش نمی‌کند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("gatekeeper block-endpoint-edit-default-role", "kyverno restrict-edit-for-endpoints"),
        remedy=Words(
            "allow only reading of endpoints and endpointslices: who writes them sends a Service's requests to "
            "another tenant's pods",
            "تنها خواندن endpoints و endpointslices را مجاز کنید: هر که آن‌ها را بنویسد درخواست‌های یک سرویس را به "
            "پادهای دستگاهی دیگر می‌فرستد",
        ),
        kinds=KINDS,
        check=_leaves_endpoints_alone,
    ),
)
