"""Looks at a pod and at each of its containers, of whatever kind; all of no containers is a finding, never a pass."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from components.estate.finding import PathPart, Words, quoted
from policies.rules.reading import CONTAINERS, at, items, mapping, pod_path, text
from policies.rules.rule import Check, Object, Problem
from policies.rules.scene import Scene

Path: TypeAlias = tuple[PathPart, ...]


class Found(NamedTuple):
    """What a rule found in a part of an object, with the place inside that part."""

    path: Path
    summary: Words


class Pod(NamedTuple):
    """A pod, or the template of one: what has `metadata` and `spec`."""

    template: Object
    scene: Scene

    @property
    def spec(self) -> Object:
        """Its specification; empty where there is none."""
        return mapping(self.template, "spec")

    @property
    def is_windows(self) -> bool:
        """Whether it says that it runs on Windows; then the API allows no Linux fields, and nobody asks for them."""
        return text(self.spec, "os", "name") == "windows"


PodCheck: TypeAlias = Callable[[Pod], Iterable[Found]]
"""Paths are inside the template: `("spec", "hostPID")`."""
ContainerCheck: TypeAlias = Callable[[Object, Pod], Iterable[Found]]
"""Paths are inside the container."""

LASTING: Final = CONTAINERS[:2]
"""Init and ordinary containers: without the ephemeral ones, which the API allows neither resources nor probes."""
ORDINARY: Final = CONTAINERS[1:2]
WORKLOAD_RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("pods", "pods/ephemeralcontainers", "replicationcontrollers"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
}
"""The same kinds as `reading.WORKLOADS`, as guards name them."""


def judging(
    pod: PodCheck | None = None, container: ContainerCheck | None = None, fields: Iterable[str] = CONTAINERS
) -> Check:
    """Return a check of workloads that judges the pod, and each container in `fields`."""

    def check(body: Object, scene: Scene) -> Iterator[Problem]:
        path = pod_path(body) or ()
        template = mapping(body, *path[:-1])
        judged = Pod(template, scene)
        for found in _lists(judged):
            yield Problem((*path[:-1], *found.path), found.summary)
        for found in pod(judged) if pod else ():
            yield Problem((*path[:-1], *found.path), found.summary)
        if container:
            spec = judged.spec
            for field in fields:
                for index, entry in enumerate(items(spec, field)):
                    for found in _in_container(entry, judged, container):
                        yield Problem((*path, field, index, *found.path), found.summary, text(entry, "name"))

    return check


def only(node: Any, path: Path, allowed: Iterable[Any]) -> Iterator[Found]:
    """Yield what lies at `path`, unless it is one of `allowed` and of its type; None is what is missing or null."""
    value = at(node, *path)
    if (type(value), value) not in [(type(one), one) for one in allowed]:
        yield Found(path, stated(path[-1], value))


def inside(path: Path, found: Iterable[Found]) -> Iterator[Found]:
    """Yield the same with `path` before each place."""
    for one in found:
        yield Found((*path, *one.path), one.summary)


def stated(field: PathPart, value: Any) -> Words:
    """Return what a field says, or that it says nothing."""
    if value is None:
        return Words(f"{field} is not set", f"{field} تعیین نشده است")
    shown = str(value).lower() if isinstance(value, bool) else quoted(str(value))
    return Words(f"{field} is {shown}", f"{field} برابر با {shown} است")


def _in_container(entry: Any, pod: Pod, check: ContainerCheck) -> Iterable[Found]:
    if isinstance(entry, Mapping):
        return check(entry, pod)
    return [Found((), Words("this is not a container", "این یک کانتینر نیست"))]


def _lists(pod: Pod) -> Iterator[Found]:
    spec = pod.spec
    for field in CONTAINERS:
        found = spec.get(field)
        if field == "containers" and not found:
            yield Found(("spec", field), Words("there are no containers", "هیچ کانتینری وجود ندارد"))
        elif found is not None and not isinstance(found, list):
            yield Found(("spec", field), Words(f"{field} is not a list", f"{field} فهرست نیست"))
