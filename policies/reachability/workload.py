"""The pods of a workload, as its template has them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.estate.finding import Words
from policies.reachability.connections import PORT_MAX, PORT_MIN, PROTOCOLS
from policies.reachability.endpoint import NamedPort, Pod
from policies.reachability.policy import FormError, Path, labels_of

_TEMPLATE: Final[Path] = ("spec", "template")
KINDS: Final[Mapping[tuple[object, str], Path]] = {
    ("v1", "Pod"): (),
    ("v1", "ReplicationController"): _TEMPLATE,
    ("apps/v1", "Deployment"): _TEMPLATE,
    ("apps/v1", "StatefulSet"): _TEMPLATE,
    ("apps/v1", "DaemonSet"): _TEMPLATE,
    ("apps/v1", "ReplicaSet"): _TEMPLATE,
    ("batch/v1", "Job"): _TEMPLATE,
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
}
"""Where the pod, or the template of one, lies in each kind of workload, by apiVersion and kind."""


def pod(body: Mapping[str, Any], namespace: str, name: str, path: Path) -> Pod:
    """Return the pods of a workload.

    Raises:
        FormError: Labels, ports or the network cannot be read.
    """
    template: Any = body
    for part in path:
        template = template.get(part) if isinstance(template, Mapping) else None
    if not isinstance(template, Mapping):
        raise FormError(path, Words("no template of a pod", "الگوی پاد ندارد"))
    metadata, spec = template.get("metadata"), template.get("spec")
    if not isinstance(spec, Mapping):
        raise FormError((*path, "spec"), Words("no specification of a pod", "مشخصات پاد ندارد"))
    if metadata is not None and not isinstance(metadata, Mapping):
        raise FormError((*path, "metadata"), Words("no mapping", "نگاشت نیست"))
    on_node = spec.get("hostNetwork")
    if on_node is not None and not isinstance(on_node, bool):
        raise FormError((*path, "spec", "hostNetwork"), Words("neither true nor false", "نه true است و نه false"))
    return Pod(
        namespace=namespace,
        labels=labels_of((metadata or {}).get("labels"), (*path, "metadata", "labels")),
        ports=tuple(_named_ports(spec, (*path, "spec"))),
        is_one=not path,
        on_node=bool(on_node),
        name=f"{body['kind']}/{name}",
    )


def _named_ports(spec: Mapping[str, Any], path: Path) -> Iterator[NamedPort]:
    """Yield those of all containers that serve while the pod runs: ordinary ones, and init ones that never end."""
    for field in ("containers", "initContainers"):
        for index, container in _entries(spec, field, path):
            if field == "containers" or container.get("restartPolicy") == "Always":
                for number, port in _entries(container, "ports", (*path, field, index)):
                    yield from _named_port(port, (*path, field, index, "ports", number))


def _named_port(port: Mapping[str, Any], path: Path) -> Iterator[NamedPort]:
    name, number, protocol = port.get("name"), port.get("containerPort"), port.get("protocol") or "TCP"
    if name is None or name == "":
        return
    is_known = isinstance(name, str) and protocol in PROTOCOLS
    if not is_known or type(number) is not int or not PORT_MIN <= number <= PORT_MAX:
        raise FormError(path, Words("a port that is not as the API has it", "درگاهی که به شکل API نیست"))
    yield NamedPort(name, number, protocol)


def _entries(body: Mapping[str, Any], field: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = body.get(field)
    if entries is not None and not isinstance(entries, list | tuple):
        raise FormError((*path, field), Words("no list", "فهرست نیست"))
    for index, entry in enumerate(entries or ()):
        if not isinstance(entry, Mapping):
            raise FormError((*path, field, index), Words("no mapping", "نگاشت نیست"))
        yield index, entry
