"""WL-03, WL-19: what a pod mounts. WL-03 is exactly what Pod Security `restricted` of Kubernetes 1.36 has."""

import posixpath
from collections.abc import Iterator
from functools import partial
from typing import Final

from components.estate.finding import Words
from policies.rules.containers import Found, Pod, judging, stated
from policies.rules.reading import WORKLOADS, at, items, mapping, text
from policies.rules.rule import Mark, Rule

_VOLUMES: Final = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
)  # fmt: skip
_SOCKETS: Final = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/buildkit/buildkitd.sock",
)


def _allowed_volumes(pod: Pod) -> Iterator[Found]:
    # A volume of no type at all passes: the API makes it an emptyDir.
    for index, volume in enumerate(items(pod.spec, "volumes")):
        for kind, source in mapping(volume).items():
            if kind not in (*_VOLUMES, "name") and source is not None:
                yield Found(
                    ("spec", "volumes", index, kind),
                    Words(f"the volume is of type {kind}", f"نوع این حجم {kind} است"),
                )


def _no_sockets(pod: Pod) -> Iterator[Found]:
    for index, volume in enumerate(items(pod.spec, "volumes")):
        if at(volume, "hostPath") is not None and _leads_to_socket(text(volume, "hostPath", "path")):
            path = ("spec", "volumes", index, "hostPath", "path")
            yield Found(path, stated("path", at(volume, "hostPath", "path")))


def _leads_to_socket(path: str) -> bool:
    """Return whether it is a socket of a container runtime, or a folder above one; so is what cannot be read."""
    normal = posixpath.normpath("/" + path.lstrip("/")).removeprefix("/var")  # /var/run is /run
    return any(f"{socket}/".startswith(normal.rstrip("/") + "/") for socket in _SOCKETS)


_workload = partial(Rule, marks=frozenset({Mark.TENANT}), kinds=WORKLOADS)

RULES: Final = (
    _workload(
        id="WL-03",
        name="workload-volume-types",
        title=Words(
            "Volumes are of the types that Pod Security restricted allows, never of the node's disk",
            "نوع حجم‌ها همان است که امنیت پاد restricted اجازه می‌دهد و هرگز دیسک گره نیست",
        ),
        controls=(
            "Pod Security Standards: restricted, Volume Types",
            "trivy KSV-0023, 0028",
            "kubescape C-0045, C-0048",
        ),
        remedy=Words(f"use one of {', '.join(_VOLUMES)}", f"یکی از این‌ها را به کار ببرید: {'، '.join(_VOLUMES)}"),
        check=judging(pod=_allowed_volumes),
    ),
    _workload(
        id="WL-19",
        name="workload-no-runtime-socket",
        title=Words(
            "No pod reaches the socket of the container runtime", "هیچ پادی به سوکت محیط اجرای کانتینر دست ندارد"
        ),
        controls=("checkov CKV_K8S_27", "trivy KSV-0006", "kubescape C-0074"),
        remedy=Words(
            "remove the hostPath volume; whoever holds this socket is root on the node",
            "حجم hostPath را بردارید؛ هر که این سوکت را دارد روی گره root است",
        ),
        check=judging(pod=_no_sockets),
    ),
)
