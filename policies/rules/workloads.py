"""WL-11, 12, 17, 20 to 23: what a workload asks of the platform, beyond what Pod Security looks at."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from components.estate.finding import Level, Words
from components.estate.platform import Platform
from policies.rules.containers import (
    LASTING,
    ORDINARY,
    WORKLOAD_RESOURCES,
    Found,
    Path,
    Pod,
    inside,
    judging,
    only,
    stated,
)
from policies.rules.reading import WORKLOADS, at, items, mapping, text
from policies.rules.rule import Guard, Mark, Object, Problem, Rule
from policies.rules.scene import Scene

_NODE_LABELS: Final = "^(kubernetes[.]io/(os|arch)|topology[.]kubernetes[.]io/.+|node[.]kubernetes[.]io/.+)$"
"""Labels that say what a node is; all others may say whose it is, or which one."""
_NODE_TAINTS: Final = "^node[.]kubernetes[.]io/.+$"
"""Taints that say how a node is; all others say whose it is."""
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_SIDES: Final = ("podAffinity", "podAntiAffinity")
_NONE_AVAILABLE: Final = "^0+%?$"
_ALL_NEEDED: Final = "^0*100%$"
_REPLICAS_MIN: Final = 2


def _read_only(container: Object, pod: Pod) -> Iterator[Found]:
    if not pod.is_windows:
        yield from only(container, ("securityContext", "readOnlyRootFilesystem"), (True,))


def _resources(container: Object, _pod: Pod) -> Iterator[Found]:
    for side in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            amount = at(container, "resources", side, resource)
            if not _is_positive(amount):
                yield Found(("resources", side, resource), stated(f"{side}.{resource}", amount))


def _is_positive(quantity: Any) -> bool:
    """Return whether it is an amount, and more than none: a limit of 0 is no limit."""
    return not isinstance(quantity, bool) and re.match(r"\+?[0-9.]*[1-9]", str(quantity)) is not None


def _no_token(pod: Pod) -> Iterator[Found]:
    yield from only(pod.template, ("spec", "automountServiceAccountToken"), (False,))


def _no_foreign_node(pod: Pod) -> Iterator[Found]:
    yield from only(pod.template, ("spec", "nodeName"), (None, ""))
    for key in mapping(pod.spec, "nodeSelector"):
        if not _says(_NODE_LABELS, key):
            yield Found(("spec", "nodeSelector", key), stated("nodeSelector", key))
    for index, toleration in enumerate(items(pod.spec, "tolerations")):
        if not _says(_NODE_TAINTS, at(toleration, "key")):
            yield Found(("spec", "tolerations", index, "key"), stated("key", at(toleration, "key")))
    for path, term in _node_terms(pod.spec):
        for index, expression in enumerate(items(term, "matchExpressions")):
            if not _says(_NODE_LABELS, at(expression, "key")):
                yield Found((*path, "matchExpressions", index, "key"), stated("key", at(expression, "key")))
        if items(term, "matchFields"):
            yield Found((*path, "matchFields"), Words("one node is named", "یک گرهٔ معین نام برده شده است"))
    yield from _no_foreign_pods(pod)


def _no_foreign_pods(pod: Pod) -> Iterator[Found]:
    for path, term in _pod_terms(pod.spec):
        for field in ("namespaceSelector", "namespaces"):
            if at(term, field) not in (None, []):  # an empty selector is all namespaces
                yield Found((*path, field), Words("it looks at pods of others", "به پادهای دیگران نگاه می‌کند"))


def _pod_terms(spec: Object) -> Iterator[tuple[Path, Any]]:
    for side in _SIDES:
        yield from _terms(spec, ("affinity", side, _REQUIRED), ())
        yield from _terms(spec, ("affinity", side, _PREFERRED), ("podAffinityTerm",))


def _terms(spec: Object, path: Path, inside: Path) -> Iterator[tuple[Path, Any]]:
    for index, entry in enumerate(items(spec, *path)):
        yield ("spec", *path, index, *inside), at(entry, *inside)


def _node_terms(spec: Object) -> Iterator[tuple[Path, Any]]:
    path: Path = ("affinity", "nodeAffinity")
    yield from _terms(spec, (*path, _REQUIRED, "nodeSelectorTerms"), ())
    yield from _terms(spec, (*path, _PREFERRED), ("preference",))


def _says(pattern: str, key: object) -> bool:
    return isinstance(key, str) and re.search(pattern, key) is not None


def priority_classes(platform: Platform) -> tuple[str, ...]:
    """Return the classes that a pod may name; where the platform has none, that is to name none."""
    return tuple(one.name for one in platform.spec.priority_classes) or ("",)


def _allowed_classes(body: Object, scene: Scene) -> Iterator[Problem]:
    if text(body, "kind") == "PersistentVolumeClaim":
        for found in _storage_class(body, scene):
            yield Problem(found.path, found.summary)
        return
    yield from judging(pod=_pod_classes)(body, scene)
    if text(body, "kind") == "StatefulSet":
        for index, claim in enumerate(items(body, "spec", "volumeClaimTemplates")):
            for found in _storage_class(claim, scene):
                yield Problem(("spec", "volumeClaimTemplates", index, *found.path), found.summary)


def _pod_classes(pod: Pod) -> Iterator[Found]:
    if text(pod.spec, "priorityClassName") not in priority_classes(pod.scene.platform):
        path = ("spec", "priorityClassName")
        yield Found(path, stated("priorityClassName", at(pod.template, *path)))
    for index, volume in enumerate(items(pod.spec, "volumes")):
        if at(volume, "ephemeral") is not None:
            path = ("ephemeral", "volumeClaimTemplate")
            found = _storage_class(mapping(volume, *path), pod.scene)
            yield from inside(("spec", "volumes", index, *path), found)


def _storage_class(claim: object, scene: Scene) -> Iterator[Found]:
    yield from only(claim, ("spec", "storageClassName"), scene.platform.spec.storage_classes)


def _stays_available(body: Object, scene: Scene) -> Iterator[Problem]:
    if text(body, "kind") == "PodDisruptionBudget":
        yield from _budget(body)
        return
    yield from judging(container=_probes, fields=ORDINARY)(body, scene)
    replicas = at(body, "spec", "replicas")
    if text(body, "kind") != "DaemonSet" and not (type(replicas) is int and replicas >= _REPLICAS_MIN):
        yield Problem(("spec", "replicas"), stated("replicas", replicas))


def _probes(container: Object, _pod: Pod) -> Iterator[Found]:
    for probe in ("livenessProbe", "readinessProbe"):
        if not mapping(container, probe):
            yield Found((probe,), stated(probe, None))


def _budget(body: Object) -> Iterator[Problem]:
    for field, pattern in (("maxUnavailable", _NONE_AVAILABLE), ("minAvailable", _ALL_NEEDED)):
        value = at(body, "spec", field)
        if value is not None:
            if isinstance(value, bool) or re.search(pattern, str(value)):
                yield Problem(("spec", field), stated(field, value))
            return
    yield Problem(("spec", "maxUnavailable"), stated("maxUnavailable", None))


def _has_controller(body: Object, _scene: Scene) -> Iterator[Problem]:
    if not any(at(owner, "controller") is True for owner in items(body, "metadata", "ownerReferences")):
        yield Problem(
            ("metadata", "ownerReferences"), Words("no controller owns the pod", "هیچ کنترل‌گری مالک پاد نیست")
        )


_SPEC: Final = "dyn(object).spec"
_MAY_BE: Final = "variables.pod.?affinity.?nodeAffinity"
_EXPRESSIONS: Final = f't.?matchExpressions.orValue([]).all(e, e.key.matches("{_NODE_LABELS}")) && !has(t.matchFields)'

_tenants = partial(Rule, marks=frozenset({Mark.TENANT}))
_workload = partial(_tenants, kinds=WORKLOADS)

RULES: Final = (
    _workload(
        id="WL-11",
        name="workload-read-only-root",
        title=Words("The root filesystem of every container is read-only", "سیستم فایل ریشهٔ هر کانتینر فقط‌خواندنی است"),
        level=Level.ADVISORY,
        controls=("checkov CKV_K8S_22", "trivy KSV-0014", "kubescape C-0017"),
        remedy=Words(
            "set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir where the program writes",
            "securityContext.readOnlyRootFilesystem را true بگذارید و هر جا برنامه می‌نویسد emptyDir سوار کنید",
        ),
        check=judging(container=_read_only),
        guard=Guard(
            expression=(
                'variables.pod.?os.?name.orValue("") == "windows" || variables.containers.all(c, '
                "c.?securityContext.?readOnlyRootFilesystem.orValue(false) == true)"
            ),
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    _workload(
        id="WL-12",
        name="workload-requests-and-limits",
        title=Words(
            "Every init and ordinary container requests CPU and memory, and has a limit of both",
            "هر کانتینر آغازین و عادی پردازنده و حافظه درخواست می‌کند و برای هر دو سقف دارد",
        ),
        controls=("checkov CKV_K8S_10 to 13", "trivy KSV-0011, 0015, 0016, 0018", "kubescape C-0268 to C-0271"),
        remedy=Words(
            "set resources.requests and resources.limits, each with cpu and memory above zero; those of the whole pod "
            "do not count, because the platform's ceiling is one container's",
            "resources.requests و resources.limits را، هر یک با cpu و memory بیش از صفر، تعیین کنید؛ آنچه برای کل پاد "
            "نوشته شود به حساب نمی‌آید، چون سقف سکو برای هر کانتینر است",
        ),
        check=judging(container=_resources, fields=LASTING),
        guard=Guard(
            expression=(
                'variables.lasting.all(c, ["requests", "limits"].all(s, ["cpu", "memory"].all(r, '
                'quantity(string(c.?resources[?s][?r].orValue("0"))).isGreaterThan(quantity("0")))))'
            ),
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    _workload(
        id="WL-17",
        name="workload-no-automounted-token",
        title=Words(
            "No pod gets a token of the API that it does not declare",
            "هیچ پادی توکن API را بی آنکه اعلام کرده باشد نمی‌گیرد",
        ),
        controls=("checkov CKV_K8S_38", "trivy KSV-0036"),
        remedy=Words(
            "set automountServiceAccountToken to false; a pod that needs a token declares a projected volume with its "
            "audience and its end",
            "automountServiceAccountToken را false بگذارید؛ پادی که توکن می‌خواهد آن را با حجم projected و با مخاطب و "
            "پایانش اعلام می‌کند",
        ),
        check=judging(pod=_no_token),
        guard=Guard(
            expression="variables.pod.?automountServiceAccountToken.orValue(true) == false",
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    _workload(
        id="WL-20",
        name="workload-no-foreign-node",
        title=Words(
            "No pod chooses a node of the control plane, of somebody else, or by name, or by whose pods run there",
            "هیچ پادی گرهٔ کنترل، گرهٔ دیگری، گره‌ای به نام یا گره‌ای را به سبب پادهای دیگران برنمی‌گزیند",
        ),
        controls=("kyverno restrict-controlplane-scheduling", "kyverno restrict-node-selection"),
        remedy=Words(
            "select by kubernetes.io/os, kubernetes.io/arch, topology.kubernetes.io or node.kubernetes.io labels only, "
            "tolerate node.kubernetes.io taints only, name no node, and let pod affinities look at the own namespace "
            "only",
            "تنها با برچسب‌های kubernetes.io/os، kubernetes.io/arch، topology.kubernetes.io و node.kubernetes.io "
            "برگزینید، تنها taintهای node.kubernetes.io را بپذیرید، گره‌ای را نام نبرید و affinity پادها را به فضای نام "
            "خود محدود کنید",
        ),
        check=judging(pod=_no_foreign_node),
        guard=Guard(
            expression=(
                'variables.pod.?nodeName.orValue("") == "" && '
                f'variables.pod.?nodeSelector.orValue({{}}).all(k, k.matches("{_NODE_LABELS}")) && '
                f'variables.pod.?tolerations.orValue([]).all(t, t.?key.orValue("").matches("{_NODE_TAINTS}")) && '
                f"{_MAY_BE}.?{_REQUIRED}.?nodeSelectorTerms.orValue([]).all(t, {_EXPRESSIONS}) && "
                f"{_MAY_BE}.?{_PREFERRED}.orValue([]).map(p, p.preference).all(t, {_EXPRESSIONS}) && "
                f"{json.dumps(_SIDES)}.all(s, (variables.pod.?affinity[?s].?{_REQUIRED}.orValue([]) + "
                f"variables.pod.?affinity[?s].?{_PREFERRED}.orValue([]).map(p, p.podAffinityTerm)).all(t, "
                "!has(t.namespaceSelector) && t.?namespaces.orValue([]).size() == 0))"
            ),
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    _tenants(
        id="WL-21",
        name="workload-classes-of-the-platform",
        title=Words(
            "PriorityClass and StorageClass are the platform's", "PriorityClass و StorageClass همان‌های سکو هستند"
        ),
        controls=("kyverno allowed-pod-priorities", "gatekeeper storageclass"),
        remedy=Words(
            "name a class that the platform lists; what names none gets the cluster's default, whatever that is",
            "یکی از رده‌هایی را نام ببرید که سکو برمی‌شمارد؛ آنچه نام نبرد پیش‌فرض خوشه را می‌گیرد، هر چه باشد",
        ),
        kinds=WORKLOADS | {"PersistentVolumeClaim"},
        check=_allowed_classes,
        guard=Guard(
            expression=(
                'variables.claims.all(c, c.?storageClassName.orValue("") in variables.storageClasses) && '
                '(object.kind == "PersistentVolumeClaim" || '
                'variables.pod.?priorityClassName.orValue("") in variables.priorityClasses)'
            ),
            resources={**WORKLOAD_RESOURCES, "": (*WORKLOAD_RESOURCES[""], "persistentvolumeclaims")},
        ),
    ),
    _tenants(
        id="WL-22",
        name="workload-stays-available",
        title=Words(
            "A service has probes and two replicas or more, and its disruption budget leaves a node free to be drained",
            "هر سرویس کاوش و دست‌کم دو نسخه دارد و بودجهٔ اختلالش تخلیهٔ گره را ناممکن نمی‌کند",
        ),
        level=Level.ADVISORY,
        controls=(
            "checkov CKV_K8S_8, 9",
            "polaris deploymentMissingReplicas",
            "pulumi disallowZeroVoluntaryDisruption",
        ),
        remedy=Words(
            "set livenessProbe, readinessProbe and two replicas; in the budget, maxUnavailable above zero or "
            "minAvailable below 100%",
            "livenessProbe و readinessProbe و دو نسخه تعیین کنید؛ در بودجه maxUnavailable بیش از صفر یا minAvailable "
            "کمتر از 100% باشد",
        ),
        kinds=frozenset({"apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "policy/PodDisruptionBudget"}),
        check=_stays_available,
        guard=Guard(
            expression=(
                'object.kind == "PodDisruptionBudget" '
                f'? (has({_SPEC}.maxUnavailable) ? !string({_SPEC}.maxUnavailable).matches("{_NONE_AVAILABLE}") '
                f': has({_SPEC}.minAvailable) && !string({_SPEC}.minAvailable).matches("{_ALL_NEEDED}")) '
                f': (object.kind == "DaemonSet" || {_SPEC}.replicas >= {_REPLICAS_MIN}) && '
                "variables.ordinary.all(c, has(c.livenessProbe) && has(c.readinessProbe))"
            ),
            resources={
                "apps": ("daemonsets", "deployments", "statefulsets"),
                "policy": ("poddisruptionbudgets",),
            },
        ),
    ),
    _tenants(
        id="WL-23",
        name="pod-has-controller",
        title=Words("Pods belong to a controller, which replaces them", "هر پاد کنترل‌گری دارد که جایش را پر می‌کند"),
        level=Level.ADVISORY,
        controls=("kubescape C-0073", "pulumi disallowPod", "kyverno prevent-bare-pods"),
        remedy=Words("write a Deployment, StatefulSet or Job", "یک Deployment یا StatefulSet یا Job بنویسید"),
        kinds=frozenset({"Pod"}),
        check=_has_controller,
    ),
)
