"""What a rule of the security centre is: a record with an id that is never used again, and a pure function.

The catalogue is data (`policies.catalogue`): the reference page, the reports, the pack and the admission policies are
all made from these records.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from components.estate.finding import Level, PathPart, Words
from policies.rules.scene import Scene

ANY_KIND: Final = "*"
"""Among a rule's kinds: it judges every object, also one that does not say of what kind it is."""

Object: TypeAlias = Mapping[str, Any]
"""A Kubernetes object as its file or the API has it; nothing in it is sure to be there, or of the right type."""


class Mark(StrEnum):
    """Where a rule is judged; it runs on the paths of its marks only."""

    GENERATED = "G"
    """On the objects that we generate: offline, in the Pulumi program, in the pack."""
    TENANT = "W"
    """On what tenants create themselves: on any files, and at admission."""
    LIVE = "L"
    """On the live cluster."""


class Problem(NamedTuple):
    """What a rule found in one object.

    Attributes:
        path: The place inside the object; where something is missing, the place where it should be.
        summary: What was found there; not what is allowed, which is the rule's remedy.
        container: The container of a pod that it concerns, if it concerns one.
    """

    path: tuple[PathPart, ...]
    summary: Words
    container: str = ""


Check: TypeAlias = Callable[[Object, Scene], Iterable[Problem]]
"""Yields a problem for each thing that is wrong with an object; nothing where all is well. Reads only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The rule's twin at admission, for what Pod Security and RBAC do not refuse: an expression in CEL.

    Attributes:
        expression: True where the object may pass; `object` is the object, `variables.containers` all containers of
            its pod template (see `policies.guardrails`).
        resources: Plurals by API group, such as `{"apps": ("deployments",)}`.
    """

    expression: str
    resources: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: Stable, never used for anything else (`NS-01`).
        name: Readable (`namespace-pod-security-restricted`).
        title: What it demands, in one sentence.
        level: Mandatory or advisory.
        marks: On which paths it is judged.
        controls: The published controls that it follows; the basis of all of them is a default of the platform.
        remedy: What is allowed, and what to do.
        kinds: Which objects: `group/Kind`, or `Kind` alone in the core group, of any version; or
            `ANY_KIND`.
        check: What is wrong with one object.
        waivable: Whether the committee may excuse from it.
        guard: Its twin at admission.
    """

    id: str
    name: str
    title: Words
    level: Level = Level.MANDATORY
    marks: frozenset[Mark]
    controls: tuple[str, ...]
    remedy: Words
    kinds: frozenset[str]
    check: Check
    waivable: bool = True
    guard: Guard | None = None


def kind_of(body: Object) -> str:
    """Return the kind as rules name it: `group/Kind`, `Kind` in the core group; empty where the object has none."""
    api, kind = body.get("apiVersion"), body.get("kind")
    if not isinstance(api, str) or not isinstance(kind, str):
        return ""
    group, slash, _ = api.rpartition("/")
    return f"{group}{slash}{kind}"
