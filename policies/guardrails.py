"""The guardrails: ValidatingAdmissionPolicies, in-cluster twins of the rules over what tenants write themselves.

Made of the rules' guards, one policy for each rule: a refusal names its rule, and a waiver opens one policy only.
They hold in the namespaces that bear the agency's label, which no tenant can change (NS-06). What Kubernetes' own
controllers make from a template is not judged again: the template was, under the name that a waiver knows.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from components.estate.platform import Platform
from components.manifests.manifest import AGENCY_LABEL, PLATFORM_OWNER, Manifest, manifest, owner_labels
from policies.catalogue import CATALOGUE
from policies.rules import admission
from policies.rules.rule import Guard, Rule
from policies.waivers import Excuse

_API: Final = f"{admission.GROUP}/v1"
_CONTAINERS: Final = ("containers", "lasting", "ordinary")
"""Variables that hold containers. A container that is excused is in none of them."""


def guarded(rules: Iterable[Rule] = CATALOGUE) -> Iterator[tuple[Rule, Guard]]:
    """Yield the rules that have a twin at admission, with it."""
    for rule in rules:
        if rule.guard is not None:
            yield rule, rule.guard


def guardrails(
    platform: Platform, excused: Sequence[Excuse] = (), rules: Iterable[Rule] = CATALOGUE
) -> tuple[Manifest, ...]:
    """Return a policy and its binding for each rule that has a guard.

    Args:
        platform: What its owners decided for all: the lists of what is allowed.
        excused: The active waivers. CEL has no clock, so their ends are annotations, which `verify` compares.
        rules: The catalogue.

    Raises:
        ValueError: A waiver excuses from a rule from which nobody can be excused.
    """
    return tuple(
        made
        for rule, guard in guarded(rules)
        for made in _policy_and_binding(rule, guard, platform, [one for one in excused if one.rule == rule.id])
    )


def _policy_and_binding(
    rule: Rule, guard: Guard, platform: Platform, excused: Sequence[Excuse]
) -> tuple[Manifest, Manifest]:
    if excused and not rule.waivable:
        raise ValueError(f"{rule.id} is not waivable, but {excused[0].waiver} excuses from it")
    name, labels = admission.name_of(rule), owner_labels(PLATFORM_OWNER)
    ends = {f"{admission.WAIVER_ANNOTATION}{one.waiver}": one.until.isoformat() for one in excused}
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": _constraints(guard),
        "matchConditions": _conditions([one for one in excused if one.container is None]),
        "validations": [{"expression": guard.expression, "message": _message(rule), "reason": "Forbidden"}],
    }
    variables = _variables(guard.expression, platform, [one for one in excused if one.container is not None])
    if variables:
        spec["variables"] = variables
    return (
        manifest(
            _API, "ValidatingAdmissionPolicy", name, labels=labels, annotations=dict(sorted(ends.items())), spec=spec
        ),
        manifest(
            _API,
            "ValidatingAdmissionPolicyBinding",
            name,
            labels=labels,
            spec={"policyName": name, "validationActions": list(admission.ACTIONS[rule.level])},
        ),
    )


def _constraints(guard: Guard) -> dict[str, Any]:
    """Return what the policy looks at, with every default of the server written out, so that it reads back exactly."""
    return {
        "matchPolicy": "Equivalent",
        "namespaceSelector": {"matchExpressions": [{"key": AGENCY_LABEL, "operator": "Exists"}]},
        "objectSelector": {},
        "resourceRules": [
            {
                "apiGroups": [group],
                "apiVersions": ["v1"],
                "operations": list(admission.OPERATIONS),
                "resources": list(resources),
                "scope": "Namespaced",
            }
            for group, resources in sorted(guard.resources.items())
        ],
    }


def _conditions(excused: Iterable[Excuse]) -> list[dict[str, str]]:
    """Return who and what is not judged.

    An update that leaves the specification as it is passes: otherwise a rule that is new, or a waiver that ended, would
    keep controllers from taking their finalizers off, and nothing could be deleted any more.
    """
    conditions = [{"name": name, "expression": text} for name, text in admission.CONDITIONS.items()]
    names = [_named(one) for one in excused]
    if names:
        conditions.append({"name": admission.EXCUSED, "expression": f"!({' || '.join(names)})"})
    return conditions


def _named(excuse: Excuse) -> str:
    """Return an expression that is true of the object that is excused, and of no other."""
    wanted = {
        "request.namespace": excuse.namespace,
        "object.kind": excuse.kind,
        "object.metadata.name": excuse.name,
        "c.name": excuse.container,
    }
    return f"({' && '.join(f'{place} == {json.dumps(is_)}' for place, is_ in wanted.items() if is_ is not None)})"


def _variables(expression: str, platform: Platform, excused: Iterable[Excuse]) -> list[dict[str, str]]:
    """Return the variables that an expression uses, each before those that use it."""
    known = dict(admission.variables(platform))
    names = " || ".join(_named(one) for one in excused)
    if names:
        known |= {name: f"({known[name]}).filter(c, !({names}))" for name in _CONTAINERS}
    used: set[str] = set()
    for name in reversed(known):
        if name in _names(expression) or any(name in _names(known[other]) for other in used):
            used.add(name)
    return [{"name": name, "expression": text} for name, text in known.items() if name in used]


def _names(expression: str) -> set[str]:
    return set(re.findall(r"\bvariables\.(\w+)", expression))


def _message(rule: Rule) -> str:
    """Return what the person is told who is refused; one line, because the API allows no more."""
    return f"{rule.id}: {rule.title.en}; {rule.remedy.en} / {rule.title.fa}؛ {rule.remedy.fa}"
