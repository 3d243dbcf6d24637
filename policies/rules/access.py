"""RB-04, 05, 07, 08, 09, 12 and 14: what roles may allow."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from components.estate.finding import Words
from components.manifests.access import BREAK_GLASS
from policies.rules import break_glass
from policies.rules.permissions import ALL, KINDS, READ, WRITE, Barred, cannot, covers, permissions, unreadable
from policies.rules.reading import at, items, mapping, name
from policies.rules.rule import Check, Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.subjects import RBAC

_ESCALATES: Final = ("bind", "escalate", "impersonate")
"""Begins the verbs that make more of a role than it says; `impersonate:…` is constrained, and no better (KEP-5284)."""
_ESCALATED: Final = (
    (RBAC, "clusterroles"),
    (RBAC, "roles"),
    ("", "groups"),
    ("", "serviceaccounts"),
    ("", "users"),
    ("authentication.k8s.io", "uids"),
    ("authentication.k8s.io", "userextras"),
)
"""Where the verb `*` holds one of them."""

_SECRETS: Final = (Barred("", "secrets", frozenset({"list", "watch"})),)
_PROXIES: Final = (Barred("", "pods/proxy", READ | WRITE), Barred("", "services/proxy", READ | WRITE))
_SHELLS: Final = (
    *(Barred("", f"pods/{part}", READ | WRITE) for part in ("attach", "ephemeralcontainers", "exec", "portforward")),
    *_PROXIES,
)
"""Ways into a running pod that pass by every route and network policy."""
_CLUSTERS: Final = (
    Barred("", "nodes/proxy", READ | WRITE),
    Barred("", "persistentvolumes", WRITE),
    Barred("", "serviceaccounts/token", frozenset({"create"})),
    Barred("admissionregistration.k8s.io", "mutatingwebhookconfigurations", WRITE),
    Barred("admissionregistration.k8s.io", "validatingwebhookconfigurations", WRITE),
    Barred("certificates.k8s.io", "certificatesigningrequests", WRITE),
    Barred("certificates.k8s.io", "signers", WRITE | {"approve", "sign"}),
)
_FLOOR: Final = (
    *(Barred("", resource, WRITE) for resource in ("limitranges", "namespaces", "resourcequotas")),
    Barred("admissionregistration.k8s.io", ALL, WRITE),
    Barred("gateway.envoyproxy.io", ALL, WRITE),
    Barred("gateway.networking.k8s.io", ALL, WRITE),
    Barred("networking.k8s.io", "networkpolicies", WRITE),
    Barred("policy.networking.k8s.io", ALL, WRITE),
    Barred(RBAC, ALL, WRITE),
)
"""What the profile decides: nobody in a tenant writes it."""


def _barring(barred: tuple[Barred, ...]) -> Check:
    return partial(cannot, barred=barred)


def _enters_no_pod(body: Object, scene: Scene) -> Iterator[Problem]:
    """Refuse every way into a pod; of the break-glass role only those that are no shell, if none has it unbidden."""
    is_break_glass = kind_of(body) == f"{RBAC}/ClusterRole" and name(body) == BREAK_GLASS
    is_bidden = all(break_glass.is_granted(binding, scene) for binding in scene.bindings_of(BREAK_GLASS))
    return cannot(body, scene, _PROXIES if is_break_glass and is_bidden else _SHELLS)


def _names_all(body: Object, _scene: Scene) -> Iterator[Problem]:
    yield from unreadable(body)
    for index, rule in enumerate(items(body, "rules")):
        for field in ("apiGroups", "resources", "verbs"):
            for number, value in enumerate(items(rule, field)):
                if isinstance(value, str) and ALL in value:
                    yield Problem(
                        ("rules", index, field, number),
                        Words(f"the role allows {value!r}", f"این نقش {value!r} را مجاز می‌کند"),
                    )


def _escalates_nothing(body: Object, _scene: Scene) -> Iterator[Problem]:
    yield from unreadable(body)
    for one in permissions(body):
        is_open = any(
            {group, ALL} & one.groups and any(covers(pattern, resource) for pattern in one.resources)
            for group, resource in _ESCALATED
        )
        for number, verb in enumerate(one.verbs):
            if verb.startswith(_ESCALATES) or (verb == ALL and is_open):
                yield Problem(
                    (*one.path, "verbs", number),
                    Words(
                        f"the role allows {verb} on {', '.join(one.resources)}",
                        f"این نقش {verb} را بر {'، '.join(one.resources)} مجاز می‌کند",
                    ),
                )


def _aggregates_nothing(body: Object, _scene: Scene) -> Iterator[Problem]:
    labels = mapping(body, "metadata", "labels")
    if not labels:
        found = at(body, "metadata", "labels")
        yield Problem(("metadata", "labels"), Words(f"has the labels {found!r}", f"برچسب‌های {found!r} را دارد"))
    for label in labels:
        if isinstance(label, str) and "/aggregate-to-" in label:
            yield Problem(
                ("metadata", "labels", label),
                Words("becomes a part of another role", "بخشی از نقشی دیگر می‌شود"),
            )
    if body.get("aggregationRule") is not None:
        yield Problem(
            ("aggregationRule",),
            Words("other roles become a part of it", "نقش‌های دیگر بخشی از آن می‌شوند"),
        )


RULES: Final = (
    Rule(
        id="RB-04",
        name="role-no-wildcard",
        title=Words(
            "A role names its API groups, resources and verbs: no `*`",
            "هر نقش گروه‌های API و منابع و عمل‌های خود را نام می‌برد: `*` در کار نیست",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "CIS Kubernetes Benchmark 5.1.3",
            "kubescape C-0187",
            "Checkov CKV_K8S_49",
            "Trivy KSV-0044",
            "Trivy KSV-0045",
            "Trivy KSV-0046",
        ),
        remedy=Words("write out what is needed", "آنچه لازم است را یک‌یک بنویسید"),
        kinds=KINDS,
        check=_names_all,
    ),
    Rule(
        id="RB-05",
        name="role-no-escalation",
        title=Words(
            "No role may bind, escalate or impersonate",
            "هیچ نقشی اجازهٔ bind، escalate یا impersonate ندارد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "CIS Kubernetes Benchmark 5.1.8",
            "kubescape C-0191",
            "Checkov CKV_K8S_157",
            "Checkov CKV_K8S_158",
            "Checkov CKV2_K8S_3",
            "Trivy KSV-0043",
            "Trivy KSV-0050",
        ),
        remedy=Words(
            "remove the verb; roles are given by the platform only",
            "این عمل را بردارید؛ نقش را تنها سکو می‌دهد",
        ),
        kinds=KINDS,
        check=_escalates_nothing,
        waivable=False,
    ),
    Rule(
        id="RB-07",
        name="role-no-secret-listing",
        title=Words(
            "No role of a tenant lists or watches Secrets",
            "هیچ نقش دستگاهی Secretها را فهرست یا دنبال نمی‌کند",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=(
            "CIS Kubernetes Benchmark 5.1.2",
            "kubescape C-0186",
            "Trivy KSV-0041",
            "Trivy KSV-0113",
            "Checkov CKV2_K8S_5",
        ),
        remedy=Words(
            "remove list and watch on secrets; who needs a Secret gets it by its name",
            "list و watch را از secrets بردارید؛ هر که Secretی می‌خواهد آن را با نامش می‌گیرد",
        ),
        kinds=KINDS,
        check=_barring(_SECRETS),
    ),
    Rule(
        id="RB-08",
        name="role-no-exec",
        title=Words(
            "No role of a tenant reaches into a running pod: exec, attach, port-forward, proxy or debug containers",
            "هیچ نقش دستگاهی به درون پاد در حال اجرا راه ندارد: exec، attach، port-forward، proxy، کانتینر اشکال‌زدا",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=(
            "kubescape C-0002",
            "kubescape C-0063",
            "Trivy KSV-0053",
            "Trivy KSV-0054",
            "Polaris rolePodExecAttach",
        ),
        remedy=Words(
            f"remove it: reaching into a pod is break-glass access, by the role {BREAK_GLASS} and with an end in the "
            "register of emergencies, never a standing right",
            f"آن را بردارید: ورود به پاد دسترسی اضطراری است، با نقش {BREAK_GLASS} و پایانی در فهرست وضعیت‌های اضطراری، "
            "نه حقی همیشگی",
        ),
        kinds=KINDS,
        check=_enters_no_pod,
    ),
    Rule(
        id="RB-09",
        name="role-no-cluster-control",
        title=Words(
            "No role of a tenant reaches nodes, certificates, webhooks, account tokens or persistent volumes",
            "هیچ نقش دستگاهی به گره‌ها، گواهی‌ها، webhookها، توکن حساب‌ها یا حجم‌های ماندگار دست ندارد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            *(f"CIS Kubernetes Benchmark 5.1.{number}" for number in range(9, 14)),
            *(f"kubescape C-{number:04}" for number in range(278, 283)),
            "Checkov CKV_K8S_155",
            "Checkov CKV_K8S_156",
            "Checkov CKV2_K8S_2",
        ),
        remedy=Words("remove it: these are the cluster's", "آن را بردارید: این‌ها از آن کلاسترند"),
        kinds=KINDS,
        check=_barring(_CLUSTERS),
    ),
    Rule(
        id="RB-12",
        name="role-no-floor-write",
        title=Words(
            "No role of a tenant writes what isolates it: quotas, namespaces, policies, roles, the gateway and grants",
            "هیچ نقش دستگاهی آنچه را جدایش می‌کند نمی‌نویسد: سهمیه، فضای نام، سیاست‌ها، نقش‌ها، درگاه و اجازه‌ها",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("Multi-Tenancy Benchmarks TI-1", "Gateway API security guide"),
        remedy=Words(
            "remove the verbs that write; such things are changed in the agency's profile",
            "عمل‌های نوشتن را بردارید؛ این چیزها در پروفایل دستگاه عوض می‌شوند",
        ),
        kinds=KINDS,
        check=_barring(_FLOOR),
        waivable=False,
    ),
    Rule(
        id="RB-14",
        name="clusterrole-no-aggregation",
        title=Words(
            "The platform's ClusterRoles are part of no other role, and no other is part of them",
            "ClusterRoleهای سکو نه بخشی از نقش دیگری‌اند و نه نقشی دیگر بخشی از آن‌هاست",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("devantler-tech/platform#2740",),
        remedy=Words(
            "label it as the platform's, without `aggregate-to-…`, and write its rules out",
            "برچسب‌های سکو را بی `aggregate-to-…` بگذارید و قاعده‌هایش را در خودش بنویسید",
        ),
        kinds=frozenset({f"{RBAC}/ClusterRole"}),
        check=_aggregates_nothing,
    ),
)
