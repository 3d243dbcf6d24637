"""What the admission policies have in common: how they are called, whom they leave alone, and what they may read.

`policies.guardrails` makes them of it, and MT-02 holds what is there against it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from components.estate.finding import Level
from components.estate.platform import Platform
from components.manifests.manifest import DOMAIN
from policies.rules.rule import Rule
from policies.rules.workloads import priority_classes

GROUP: Final = "admissionregistration.k8s.io"
ACTIONS: Final[Mapping[Level, Sequence[str]]] = {Level.MANDATORY: ("Deny",), Level.ADVISORY: ("Warn", "Audit")}
OPERATIONS: Final = ("CREATE", "UPDATE")
WAIVER_ANNOTATION: Final = f"waiver.{DOMAIN}/"
"""What an annotation that names a waiver begins with; its value is the waiver's end."""
EXCUSED: Final = "is-not-excused"
"""The condition that leaves out what waivers name."""
_PREFIX: Final = "govcloud-"

_MAKERS: Final = (
    "system:kube-controller-manager",
    *(
        f"system:serviceaccount:kube-system:{name}"
        for name in (
            "cronjob-controller",
            "daemon-set-controller",
            "deployment-controller",
            "ephemeral-volume-controller",
            "job-controller",
            "replicaset-controller",
            "replication-controller",
            "statefulset-controller",
        )
    ),
)
"""Controllers that make objects from templates; the first where they have no accounts of their own."""

CONDITIONS: Final[Mapping[str, str]] = {
    "is-not-made-from-a-template": f"!(request.userInfo.username in {json.dumps(_MAKERS)})",
    "is-new-or-changed": "oldObject == null || !has(object.spec) || object.spec != oldObject.spec",
}
"""Who and what no policy judges."""


def name_of(rule: Rule) -> str:
    """Return how the policy of a rule and its binding are called."""
    return f"{_PREFIX}{rule.id.lower()}"


def is_ours(name: str) -> bool:
    """Tell whether a policy or binding of this name is one of ours."""
    return name.startswith(_PREFIX)


def variables(platform: Platform) -> Mapping[str, str]:
    """Return every variable that a guard may use, each before those that use it.

    `dyn` where the kinds differ: the server checks the types of an expression against each kind that it may meet.
    """
    return {
        "pod": (
            'object.kind == "Pod" ? dyn(object).spec : object.kind == "CronJob" '
            "? dyn(object).spec.jobTemplate.spec.template.spec : dyn(object).spec.template.spec"
        ),
        "ordinary": "variables.pod.containers",
        "lasting": "variables.pod.?initContainers.orValue([]) + variables.pod.containers",
        "containers": (
            "variables.pod.?initContainers.orValue([]) + variables.pod.containers + "
            "variables.pod.?ephemeralContainers.orValue([])"
        ),
        "images": (
            'variables.containers.map(c, c.?image.orValue("")) + variables.pod.?volumes.orValue([])'
            '.filter(v, has(v.image)).map(v, v.image.?reference.orValue(""))'
        ),
        "claims": (
            'object.kind == "PersistentVolumeClaim" ? [dyn(object).spec] : '
            '(object.kind == "StatefulSet" ? dyn(object).spec.?volumeClaimTemplates.orValue([]) : []).map(t, t.spec) + '
            "variables.pod.?volumes.orValue([]).filter(v, has(v.ephemeral))"
            ".map(v, v.ephemeral.volumeClaimTemplate.spec)"
        ),
        "registries": json.dumps(platform.spec.registries),
        "priorityClasses": json.dumps(priority_classes(platform)),
        "storageClasses": json.dumps(platform.spec.storage_classes),
    }
