"""NP: the peers of a network policy: namespaces by their own names, pods by their labels, both in one peer."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.estate.finding import Level, Words
from policies.rules.network import POLICIES, found, peers
from policies.rules.ownership import is_tenants, objects
from policies.rules.reading import WORKLOADS, at, mapping, name, namespace, pod_path
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import is_everything, matches, named_namespaces

_HALVES: Final = ("namespaceSelector", "podSelector")


def _names_namespaces(body: Object, _scene: Scene) -> Iterator[Problem]:
    for path, peer in peers(body):
        if "namespaceSelector" in peer and not named_namespaces(peer["namespaceSelector"]):
            yield Problem(
                (*path, "namespaceSelector"),
                Words("names no namespace", "هیچ فضای نامی را نام نمی‌برد"),
            )


def _has_both_halves(body: Object, _scene: Scene) -> Iterator[Problem]:
    for path, peer in peers(body):
        if "ipBlock" in peer:
            for half in _HALVES:
                if half in peer:
                    yield Problem((*path, half), Words("stands beside an ipBlock", "در کنار یک ipBlock آمده است"))
            continue
        for half in _HALVES:
            if not isinstance(peer.get(half), Mapping) or is_everything(peer[half]):
                yield found((*path, half), peer.get(half))


def _leads_somewhere(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge what can be known: namespaces always; pods only where some pod of the namespace is at hand.

    Tenants make their pods themselves, so among generated objects there are none, and a new tenant has none either.
    """
    if not is_tenants(body, scene):
        return
    selector = at(body, "spec", "podSelector")
    if not isinstance(selector, Mapping):
        yield found(("spec", "podSelector"), selector)
    elif _is_void(selector, namespace(body), scene):
        yield Problem(("spec", "podSelector"), _VOID)
    for path, peer in peers(body):
        elsewhere = "namespaceSelector" in peer
        places = named_namespaces(peer["namespaceSelector"]) if elsewhere else frozenset({namespace(body)})
        unknown = sorted(place for place in places if elsewhere and not _is_known(place, scene))
        if unknown or not places:
            shown = ", ".join(unknown) or "at all"
            yield Problem(
                (*path, "namespaceSelector"),
                Words(f"there is no such namespace: {shown}", f"چنین فضای نامی نیست: {'، '.join(unknown) or 'هیچ'}"),
            )
        elif all(_is_void(peer.get("podSelector", {}), place, scene) for place in places):
            yield Problem((*path, "podSelector"), _VOID)


_VOID: Final = Words("selects none of the pods that are there", "هیچ یک از پادهای موجود را برنمی‌گزیند")


def _is_known(place: str, scene: Scene) -> bool:
    is_there = place in scene.platform.namespaces or scene.tenant(place) is not None
    return is_there or place in scene.remembered(_namespaces)


def _is_void(selector: object, place: str, scene: Scene) -> bool:
    pods = scene.remembered(_pods).get(place, ())
    return bool(pods) and not any(matches(selector, labels) for labels in pods)


def _namespaces(scene: Scene) -> frozenset[str]:
    return frozenset(name(body) for body in objects(scene, "Namespace"))


def _pods(scene: Scene) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the labels of all pods, and of templates of pods, by namespace."""
    labels: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for kind in sorted(WORKLOADS):
        for body in objects(scene, kind):
            path = (*(pod_path(body) or ())[:-1], "metadata", "labels")
            labels[namespace(body)].append(mapping(body, *path))
    return labels


RULES: Final = (
    Rule(
        id="NP-07",
        name="networkpolicy-peer-namespace-named",
        title=Words(
            "A policy names its peers' namespaces by their names",
            "هر سیاست فضای نام طرف‌هایش را با نام خودشان می‌آورد",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "Gateway API security guide: kubernetes.io/metadata.name",
            "kyverno restrict-networkpolicy-empty-podselector",
        ),
        remedy=Words(
            "write `namespaceSelector` with the label kubernetes.io/metadata.name, which only the API server sets; "
            "an empty selector is every namespace, and other labels are whoever bears them",
            "در `namespaceSelector` برچسب kubernetes.io/metadata.name را بنویسید که تنها سرور API می‌گذارد؛ "
            "گزینشگر تهی یعنی همهٔ فضاهای نام و برچسب‌های دیگر یعنی هر که آن‌ها را داشته باشد",
        ),
        kinds=POLICIES,
        check=_names_namespaces,
        waivable=False,
    ),
    Rule(
        id="NP-08",
        name="networkpolicy-peer-whole",
        title=Words(
            "A peer is a namespace and the labels of pods in it, together",
            "هر طرف یک فضای نام است همراه با برچسب پادهای آن، در یک مورد",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("Kubernetes NetworkPolicy semantics",),
        remedy=Words(
            "put `namespaceSelector` and a `podSelector` with labels into one peer; as two list items they mean "
            "one or the other",
            "`namespaceSelector` و `podSelector` برچسب‌دار را در یک طرف بیاورید؛ دو مورد جدا یعنی این یا آن",
        ),
        kinds=POLICIES,
        check=_has_both_halves,
    ),
    Rule(
        id="NP-13",
        name="networkpolicy-no-dangling",
        title=Words(
            "Policies and their peers select something that is there",
            "سیاست‌ها و طرف‌هایشان چیزی را برمی‌گزینند که هست",
        ),
        level=Level.ADVISORY,
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            "kubescape C-0299",
            "kube-linter dangling-networkpolicy",
            "kube-linter dangling-networkpolicypeer-podselector",
            "Network Config Analyzer: vacuity",
        ),
        remedy=Words(
            "correct the names and labels, or remove the policy: it opens a way for whoever takes the name next",
            "نام‌ها و برچسب‌ها را درست کنید یا سیاست را بردارید: راهی است برای هر که این نام را پس از این بگیرد",
        ),
        kinds=POLICIES,
        check=_leads_somewhere,
    ),
)
