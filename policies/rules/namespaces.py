"""NS: what a tenant's namespace must say, before anything is in it."""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import Words
from policies.rules.reading import mapping, name
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene

_POD_SECURITY: Final = "pod-security.kubernetes.io"
_RESTRICTED: Final = "restricted"
_NAMESPACE: Final = frozenset({"Namespace"})


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
)
