"""MT: the rules about the rules: that objects are such as can be judged, and that the guardrails hold.

MT-03, of the committee's records, is in `policies.ledger`: it judges no objects.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from components.estate.finding import Words
from components.manifests.login import ENVOY_API
from components.manifests.manifest import AGENCY_LABEL
from policies.rules import admission
from policies.rules.network import found
from policies.rules.ownership import objects
from policies.rules.reading import at, items, mapping, name, text
from policies.rules.rule import ANY_KIND, Check, Guard, Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.selectors import is_everything, matches

_POLICY: Final = f"{admission.GROUP}/ValidatingAdmissionPolicy"
_BINDING: Final = f"{admission.GROUP}/ValidatingAdmissionPolicyBinding"
_GENERATED: Final = frozenset({Mark.GENERATED})

_VERSIONS: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"v1"}),
    "admissionregistration.k8s.io": frozenset({"v1"}),
    "apiextensions.k8s.io": frozenset({"v1"}),
    "apps": frozenset({"v1"}),
    "autoscaling": frozenset({"v2"}),
    "batch": frozenset({"v1"}),
    "cert-manager.io": frozenset({"v1"}),
    "discovery.k8s.io": frozenset({"v1"}),
    "gateway.networking.k8s.io": frozenset({"v1"}),
    "networking.k8s.io": frozenset({"v1"}),
    "policy": frozenset({"v1"}),
    "rbac.authorization.k8s.io": frozenset({"v1"}),
    "scheduling.k8s.io": frozenset({"v1"}),
    "storage.k8s.io": frozenset({"v1"}),
    # Of these there is no stable version yet: the platform's gateway reads v1alpha1 (Envoy Gateway 1.9), and
    # cluster-wide network policies are v1alpha2.
    ENVOY_API: frozenset({"v1alpha1"}),
    "policy.networking.k8s.io": frozenset({"v1alpha2"}),
}
"""The versions that the platform uses, by API group; every other one is refused, a newer one too."""

_STABLE_VERSIONS: Final = {
    f"{group}/{one}".removeprefix("/") for group, versions in _VERSIONS.items() for one in versions
}
_READ_WITH_OTHERS: Final = frozenset(
    {
        "ResourceQuota",  # QU-01 to QU-03, at its namespace
        "LimitRange",  # QU-04, at its namespace
        "scheduling.k8s.io/PriorityClass",  # WL-21 judges who names one; its value is the platform's choice
    }
)
"""Kinds that no rule has as its own, and why none is needed."""


def about(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return the rules about these rules."""
    listed = tuple(rules)
    guards = {admission.name_of(rule): (rule, rule.guard) for rule in listed if rule.guard is not None}
    judged = {kind for rule in listed if Mark.GENERATED in rule.marks for kind in rule.kinds}
    return _STABLE, _guarded(guards), _judged(frozenset(judged) | {_POLICY, _BINDING} | _READ_WITH_OTHERS)


def not_made(error: Exception) -> Words:
    """Return what is said of a check that could not be made: it is `unknown`, and never a pass (MT-04)."""
    return Words(f"the check could not be made: {error!r}", f"این بررسی انجام نشد: {error!r}")


def _is_stable(body: Object, _scene: Scene) -> Iterator[Problem]:
    if text(body, "apiVersion") not in _STABLE_VERSIONS:
        yield found(("apiVersion",), at(body, "apiVersion"))


def _judging(judged: frozenset[str]) -> Check:
    """Return a check that an object says what it is, and is of one of these kinds."""

    def check(body: Object, _scene: Scene) -> Iterator[Problem]:
        if kind_of(body) not in judged:
            kind = at(body, "kind")
            yield Problem(("kind",), Words(f"no rule judges {kind!r}", f"هیچ قاعده‌ای {kind!r} را نمی‌سنجد"))
        if not name(body):
            yield found(("metadata", "name"), at(body, "metadata", "name"))

    return check


_Guards = Mapping[str, tuple[Rule, Guard]]


def _guarding(guards: _Guards) -> Check:
    """Return a check that these guards, by the names of their policies, are in force."""

    def check(body: Object, scene: Scene) -> Iterable[Problem]:
        if kind_of(body) == "Namespace":
            return _is_guarded(body, scene, guards)
        if not admission.is_ours(name(body)):
            return ()
        if name(body) not in guards:
            return (found(("metadata", "name"), name(body)),)
        rule, guard = guards[name(body)]
        return _binds(body, rule, scene) if kind_of(body) == _BINDING else _refuses(body, rule, guard, scene)

    return check


def _is_guarded(body: Object, scene: Scene, guards: _Guards) -> Iterator[Problem]:
    """Judge a tenant's namespace: what a rule refuses in files is refused there too."""
    if scene.tenant(name(body)) is None:
        return
    labels, selectors = mapping(body, "metadata", "labels"), scene.remembered(_selectors)
    missing = sorted(
        rule.id
        for guard, (rule, _) in guards.items()
        if guard not in selectors or not (selectors[guard] is None or matches(selectors[guard], labels))
    )
    if missing:
        yield Problem(
            ("metadata", "labels"),
            Words(f"not guarded by {', '.join(missing)}", f"این قاعده‌ها نگهبان آن نیستند: {'، '.join(missing)}"),
        )


def _selectors(scene: Scene) -> Mapping[str, object]:
    """Return which namespaces each bound policy of ours selects; None is all."""
    bound = {text(body, "spec", "policyName") for body in objects(scene, _BINDING)}
    return {
        name(body): at(body, "spec", "matchConstraints", "namespaceSelector")
        for body in objects(scene, _POLICY)
        if name(body) in bound
    }


def _binds(body: Object, rule: Rule, scene: Scene) -> Iterator[Problem]:
    spec = mapping(body, "spec")
    policies = {name(policy) for policy in objects(scene, _POLICY)}
    if spec.get("policyName") != name(body) or name(body) not in policies:
        yield found(("spec", "policyName"), spec.get("policyName"))
    if sorted(map(str, items(spec, "validationActions"))) != sorted(admission.ACTIONS[rule.level]):
        yield found(("spec", "validationActions"), spec.get("validationActions"))
    for field in ("matchResources", "paramRef"):
        if spec.get(field) is not None:
            yield found(("spec", field), spec.get(field))


def _refuses(body: Object, rule: Rule, guard: Guard, scene: Scene) -> Iterator[Problem]:
    spec = mapping(body, "spec")
    if spec.get("failurePolicy") != "Fail":
        yield found(("spec", "failurePolicy"), spec.get("failurePolicy"))
    if spec.get("paramKind") is not None:
        yield found(("spec", "paramKind"), spec.get("paramKind"))
    if guard.expression not in [at(validation, "expression") for validation in items(spec, "validations")]:
        yield found(("spec", "validations"), spec.get("validations"))
    yield from _looks_everywhere(body, guard)
    excused = mapping(body, "metadata", "annotations")
    waivers = [key for key in excused if str(key).startswith(admission.WAIVER_ANNOTATION)]
    for key in waivers:
        if not _is_waived(str(key).removeprefix(admission.WAIVER_ANNOTATION), rule, scene):
            yield found(("metadata", "annotations", key), excused[key])
    for index, condition in enumerate(items(spec, "matchConditions")):
        named, expression = text(condition, "name"), text(condition, "expression")
        is_excuse = named == admission.EXCUSED and bool(waivers)
        if not is_excuse and (not expression or admission.CONDITIONS.get(named) != expression):
            yield found(("spec", "matchConditions", index), condition)
    yield from _reads_what_is_known(spec, guard.expression, scene, is_excusing=bool(waivers))


def _looks_everywhere(body: Object, guard: Guard) -> Iterator[Problem]:
    path, constraints = ("spec", "matchConstraints"), mapping(body, "spec", "matchConstraints")
    selector = constraints.get("namespaceSelector")
    if selector is not None and not is_everything(selector) and not _demands_agency_only(selector):
        yield found((*path, "namespaceSelector"), selector)
    for field, allowed in (
        ("objectSelector", (None, {})),
        ("excludeResourceRules", (None, [])),
        ("matchPolicy", (None, "Equivalent")),
    ):
        if constraints.get(field) not in allowed:
            yield found((*path, field), constraints.get(field))
    rules = items(constraints, "resourceRules")
    for group, resources in sorted(guard.resources.items()):
        for resource in resources:
            if not any(_looks_at(rule, group, resource) for rule in rules):
                yield Problem(
                    (*path, "resourceRules"),
                    Words(f"nobody looks at {resource!r}", f"کسی به {resource!r} نگاه نمی‌کند"),
                )


def _demands_agency_only(selector: object) -> bool:
    demand = {"key": AGENCY_LABEL, "operator": "Exists"}
    return not at(selector, "matchLabels") and at(selector, "matchExpressions") == [demand]


def _looks_at(rule: object, group: str, resource: str) -> bool:
    wanted = {"apiGroups": {group}, "apiVersions": {"v1"}, "resources": {resource}}
    return (
        all(any(one in {*values, "*"} for one in map(str, items(rule, field))) for field, values in wanted.items())
        and {*admission.OPERATIONS} <= {*map(str, items(rule, "operations"))}
        and not at(rule, "resourceNames")
        and at(rule, "scope") in (None, "*", "Namespaced")
    )


def _is_waived(waiver_id: str, rule: Rule, scene: Scene) -> bool:
    """Tell whether the committee's record is there, names the rule and has not ended; CEL has no clock."""
    estate = scene.estate
    return estate is not None and any(
        waiver.id == waiver_id and rule.id in waiver.spec.rules and not estate.has_ended(waiver.spec.until)
        for waiver in estate.waivers
    )


def _reads_what_is_known(spec: Object, expression: str, scene: Scene, *, is_excusing: bool) -> Iterator[Problem]:
    """Judge what an expression reads: each variable is as the platform has it, or leaves out what is excused."""
    known = scene.remembered(_variables)
    given = {text(variable, "name"): text(variable, "expression") for variable in items(spec, "variables")}
    waiting = _names(expression)
    seen: set[str] = set()
    while waiting:
        variable = waiting.pop()
        seen.add(variable)
        wanted, is_ = known[variable], given.get(variable, "")
        if is_ != wanted and not (is_excusing and is_.startswith(f"({wanted}).filter(c, !(")):
            yield Problem(
                ("spec", "variables"),
                Words(f"{variable} is {is_!r}", f"{variable} برابر {is_!r} است"),
            )
        waiting |= _names(wanted) - seen


def _variables(scene: Scene) -> Mapping[str, str]:
    return admission.variables(scene.platform)


def _names(expression: str) -> set[str]:
    return set(re.findall(r"\bvariables\.(\w+)", expression))


_STABLE: Final = Rule(
    id="MT-01",
    name="object-stable-version",
    title=Words(
        "Every object is of a version of its API that the platform uses, and that is stable where there is one",
        "هر شیء از نسخه‌ای از API خود است که سکو به کار می‌برد و اگر نسخهٔ پایدار باشد همان است",
    ),
    marks=_GENERATED,
    controls=("gatekeeper verifydeprecatedapi", "kube-score stable-version", "kubeconform"),
    remedy=Words(
        "use the stable version; whether the rest of an object follows its schema is shown by the tests, against the "
        "official schemas, and by the API server, which is asked to be strict",
        "نسخهٔ پایدار را به کار ببرید؛ اینکه بقیهٔ شیء با شِمای خود می‌خواند با آزمون‌ها روی شِماهای رسمی و با سرور API "
        "که سخت‌گیر فراخوانده می‌شود نشان داده می‌شود",
    ),
    kinds=frozenset({ANY_KIND}),
    check=_is_stable,
)


def _guarded(guards: _Guards) -> Rule:
    return Rule(
        id="MT-02",
        name="guardrails-in-force",
        title=Words(
            "What the rules refuse in files is refused in every tenant's namespace too, and a guard that fails refuses",
            "آنچه قاعده‌ها در پرونده‌ها نمی‌پذیرند در فضای نام هر دستگاه هم پذیرفته نمی‌شود و نگهبان ازکارافتاده راه "
            "نمی‌دهد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("gatekeeper failing-closed", "kubescape C-0192"),
        remedy=Words(
            "bring the platform's stack up to date: each guarded rule has a ValidatingAdmissionPolicy of our making "
            "with `failurePolicy: Fail`, and a binding that denies (of an advisory rule, warns and audits) and narrows "
            "nothing",
            "پشتهٔ سکو را به‌روز کنید: هر قاعدهٔ نگهبان‌دار یک ValidatingAdmissionPolicy ساختهٔ ما با "
            "`failurePolicy: Fail` دارد و یک binding که رد می‌کند (برای قاعدهٔ توصیه‌ای هشدار می‌دهد و ثبت می‌کند) "
            "و چیزی را تنگ‌تر نمی‌کند",
        ),
        kinds=frozenset({"Namespace", _POLICY, _BINDING}),
        check=_guarding(guards),
        waivable=False,
    )


def _judged(kinds: frozenset[str]) -> Rule:
    return Rule(
        id="MT-04",
        name="object-judged",
        title=Words(
            "Every object says what it is and is of a kind that rules judge; a check that cannot be made is `unknown`, "
            "and fails the run where its rule is mandatory",
            "هر شیء می‌گوید چیست و از نوعی است که قاعده‌ها آن را می‌سنجند؛ بررسی‌ای که انجام نشود `unknown` است و اگر "
            "قاعده‌اش الزامی باشد اجرا را متوقف می‌کند",
        ),
        marks=_GENERATED,
        controls=("kubescape issue 2373",),
        remedy=Words(
            "write `apiVersion`, `kind` and `metadata.name`; a new kind needs a rule before it is made",
            "`apiVersion` و `kind` و `metadata.name` را بنویسید؛ نوع تازه پیش از ساخته شدن قاعده می‌خواهد",
        ),
        kinds=frozenset({ANY_KIND}),
        check=_judging(kinds),
        waivable=False,
    )
