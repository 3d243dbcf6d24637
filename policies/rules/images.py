"""WL-13, WL-14, WL-16: where the images of containers and of image volumes come from."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from components.estate.finding import Words
from policies.rules.containers import WORKLOAD_RESOURCES, Found, Path, Pod, inside, judging, only, stated
from policies.rules.reading import WORKLOADS, at, items, mapping
from policies.rules.rule import Guard, Mark, Object, Rule

_DIGEST: Final = "^[^@]+@(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$"  # the algorithms that the OCI registers
_LATEST: Final = ":latest@"


def _volumes(pod: Pod) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the image volumes: their files are run like those of a container's image."""
    for index, volume in enumerate(items(pod.spec, "volumes")):
        if at(volume, "image") is not None:
            yield ("spec", "volumes", index, "image"), mapping(volume, "image")


def _container_registry(container: Object, pod: Pod) -> Iterator[Found]:
    yield from _registry(container, "image", pod)


def _volume_registry(pod: Pod) -> Iterator[Found]:
    for path, image in _volumes(pod):
        yield from inside(path, _registry(image, "reference", pod))


def _registry(node: Object, field: str, pod: Pod) -> Iterator[Found]:
    image = at(node, field)
    registries = pod.scene.platform.spec.registries
    if not isinstance(image, str) or not any(image.startswith(f"{registry}/") for registry in registries):
        yield Found((field,), stated(field, image))


def _container_digest(container: Object, _pod: Pod) -> Iterator[Found]:
    yield from _digest(container, "image")


def _volume_digest(pod: Pod) -> Iterator[Found]:
    for path, image in _volumes(pod):
        yield from inside(path, _digest(image, "reference"))


def _digest(node: Object, field: str) -> Iterator[Found]:
    image = at(node, field)
    if not isinstance(image, str) or not re.fullmatch(_DIGEST, image) or _LATEST in image:
        yield Found((field,), stated(field, image))


def _container_pull(container: Object, _pod: Pod) -> Iterator[Found]:
    yield from only(container, ("imagePullPolicy",), ("Always",))


def _volume_pull(pod: Pod) -> Iterator[Found]:
    for path, image in _volumes(pod):
        yield from inside(path, only(image, ("pullPolicy",), ("Always",)))


_workload = partial(Rule, marks=frozenset({Mark.TENANT}), kinds=WORKLOADS)

RULES: Final = (
    _workload(
        id="WL-13",
        name="workload-image-registry",
        title=Words("Images come from the registries of the platform", "تصویرها از مخزن‌هایی می‌آیند که سکو مجاز می‌داند"),
        controls=("gatekeeper allowedreposv2", "trivy KSV-0125", "kubescape C-0078"),
        remedy=Words(
            "push the image to one of the registries that the platform lists, and name it in full",
            "تصویر را در یکی از مخزن‌هایی بگذارید که سکو برمی‌شمارد و نام آن را کامل بنویسید",
        ),
        check=judging(pod=_volume_registry, container=_container_registry),
        guard=Guard(
            expression='variables.images.all(i, variables.registries.exists(r, i.startsWith(r + "/")))',
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    _workload(
        id="WL-14",
        name="workload-image-digest",
        title=Words(
            "Images are named by their digest, never as latest",
            "تصویرها با چکیده (digest) نام برده می‌شوند و هرگز با latest",
        ),
        controls=("gatekeeper imagedigests", "checkov CKV_K8S_14, 43", "trivy KSV-0013", "kubescape C-0306"),
        remedy=Words(
            "name the image as registry/name@sha256:<64 digits>, with another tag than latest or none",
            "تصویر را به شکل registry/name@sha256:<64 رقم> بنویسید، بی برچسب یا با برچسبی جز latest",
        ),
        check=judging(pod=_volume_digest, container=_container_digest),
        guard=Guard(
            expression=f'variables.images.all(i, i.matches("{_DIGEST}") && !i.contains("{_LATEST}"))',
            resources=WORKLOAD_RESOURCES,
        ),
    ),
    _workload(
        id="WL-16",
        name="workload-image-pull-always",
        title=Words(
            "Images are pulled each time, so that the registry decides who may run them",
            "تصویرها هر بار از مخزن گرفته می‌شوند تا مخزن تصمیم بگیرد چه کسی اجرایشان کند",
        ),
        controls=("Multi-Tenancy Benchmarks MTB-PL1-CC-DI-1", "checkov CKV_K8S_15"),
        remedy=Words(
            "set imagePullPolicy to Always, and pullPolicy of image volumes: on a shared node another agency's pull "
            "has left the image there",
            "imagePullPolicy را Always بگذارید و pullPolicy حجم‌های تصویری را هم؛ تصویر دستگاه دیگر روی گره می‌ماند",
        ),
        check=judging(pod=_volume_pull, container=_container_pull),
        guard=Guard(
            expression=(
                'variables.containers.all(c, c.?imagePullPolicy.orValue("") == "Always") && '
                "variables.pod.?volumes.orValue([]).all(v, !has(v.image) || "
                'v.image.?pullPolicy.orValue("") == "Always")'
            ),
            resources=WORKLOAD_RESOURCES,
        ),
    ),
)
