"""WL-18, WL-24: where passwords and keys are, and where they should not be."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from components.estate.finding import Level, Words
from policies.rules.containers import WORKLOAD_RESOURCES, Found, Pod, judging
from policies.rules.reading import WORKLOADS, at, items, mapping
from policies.rules.rule import Guard, Mark, Object, Problem, Rule
from policies.rules.scene import Scene

_WORDS: Final = "passwords?|passwd|passphrase|secrets?|tokens?|credentials?|(api|access|private)[-_.]?keys?"
# Python's and RE2's syntax at once: admission uses the same patterns.
_NAME: Final = f"(?i)({_WORDS}|[.](key|jks|p12|pfx|keystore)|id_(rsa|ecdsa|ed25519))([.](txt|json|ya?ml|env))?$"
"""Ends of a key's name: `DB_PASSWORD` and `tls.key`, but not `TOKEN_URL`."""
_CONTENT: Final = (
    "-----BEGIN ([A-Z0-9]+ )*PRIVATE[ ]KEY( BLOCK)?-----",  # spelt so that scanners do not take it for one
    "(^|[^A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}($|[^A-Z0-9])",
    "eyJ[A-Za-z0-9_-]{8,}[.]eyJ[A-Za-z0-9_-]{8,}[.][A-Za-z0-9_-]{8,}",
    "[a-z][a-z0-9+.-]*://[^/@: \\r\\n]*:[^/@ $\\r\\n]+@",
    f"(?im)^[ \\t]*['\"]?[a-z0-9_.-]*({_WORDS})['\"]?[ \\t]*[:=][ \\t]*['\"]?[^ \\t\\r\\n'\"$<{{]{{4}}",
)
"""Keys of their own shape, addresses with a password, and lines such as `db.password=…` in a file."""


def _no_secret_in_environment(container: Object, _pod: Pod) -> Iterator[Found]:
    for index, variable in enumerate(items(container, "env")):
        if at(variable, "valueFrom", "secretKeyRef") is not None:
            yield Found(("env", index, "valueFrom", "secretKeyRef"), _IN_ENVIRONMENT)
    for index, source in enumerate(items(container, "envFrom")):
        if at(source, "secretRef") is not None:
            yield Found(("envFrom", index, "secretRef"), _IN_ENVIRONMENT)


_IN_ENVIRONMENT: Final = Words("a Secret is in the environment", "یک Secret در متغیرهای محیط است")


def _no_credentials(body: Object, _scene: Scene) -> Iterator[Problem]:
    for field in ("data", "binaryData"):
        if at(body, field) is not None and not isinstance(at(body, field), Mapping):
            yield Problem((field,), Words(f"{field} is not a mapping", f"{field} نگاشت نیست"))
        for key, value in mapping(body, field).items():
            content = _CONTENT if field == "data" else ()
            if value not in (None, "") and (_matches(_NAME, key) or any(_matches(one, value) for one in content)):
                yield Problem((field, key), Words("this looks like a credential", "این به گذرواژه یا کلید می‌ماند"))


def _matches(pattern: str, content: object) -> bool:
    return re.search(pattern, str(content)) is not None


RULES: Final = (
    Rule(
        id="WL-18",
        name="workload-secrets-as-files",
        title=Words(
            "Secrets reach a container as files, not in its environment",
            "رازها به شکل فایل به کانتینر می‌رسند، نه در متغیرهای محیط",
        ),
        level=Level.ADVISORY,
        marks=frozenset({Mark.TENANT}),
        controls=("CIS Kubernetes Benchmark 5.4.1", "kubescape C-0207", "checkov CKV_K8S_35"),
        remedy=Words(
            "mount the Secret as a volume: environments are inherited by every process and end in crash reports",
            "Secret را به شکل حجم سوار کنید: متغیرهای محیط به همهٔ فرایندها می‌رسند و در گزارش‌های خطا می‌مانند",
        ),
        kinds=WORKLOADS,
        check=judging(container=_no_secret_in_environment),
        guard=Guard(
            expression=(
                "variables.containers.all(c, c.?env.orValue([]).all(e, !has(e.valueFrom) || "
                "!has(e.valueFrom.secretKeyRef)) && c.?envFrom.orValue([]).all(e, !has(e.secretRef)))"
            ),
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    Rule(
        id="WL-24",
        name="configmap-no-credentials",
        title=Words("No ConfigMap holds a password or a key", "هیچ ConfigMap گذرواژه یا کلید در خود ندارد"),
        level=Level.ADVISORY,
        marks=frozenset({Mark.TENANT, Mark.LIVE}),
        controls=("trivy KSV-01010, 0109", "kubescape C-0012", "polaris sensitiveConfigmapContent"),
        remedy=Words(
            "move it to a Secret and renew it: whoever reads the namespace has seen it",
            "آن را به Secret ببرید و عوضش کنید: هر که فضای نام را می‌خواند آن را دیده است",
        ),
        kinds=frozenset({"ConfigMap"}),
        check=_no_credentials,
        guard=Guard(
            expression=(
                f"object.?data.orValue({{}}).all(k, object.data[k] == '' || !(k.matches({json.dumps(_NAME)}) || "
                f"[{', '.join(map(json.dumps, _CONTENT))}].exists(p, object.data[k].matches(p)))) && "
                "object.?binaryData.orValue({}).all(k, object.binaryData[k].size() == 0 || "
                f"!k.matches({json.dumps(_NAME)}))"
            ),
            resources={"": ("configmaps",)},
        ),
    ),
)
