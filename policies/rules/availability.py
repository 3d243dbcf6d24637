"""WL-25: round the clock (R36): nothing that serves a window goes away as a whole when a node is emptied."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from components.estate.finding import Level, Words
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from components.manifests.manifest import APP_LABEL
from policies.rules.network import found, is_number
from policies.rules.ownership import objects
from policies.rules.places import places
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.selectors import matches

_BUDGET: Final = "policy/PodDisruptionBudget"
_CLASS: Final = f"{GATEWAY_API}/GatewayClass"
_PROXY: Final = f"{ENVOY_API}/EnvoyProxy"
_REPLICAS_MIN: Final = 2
_PODS: Final = ("spec", "provider", "kubernetes")


def _stays_up(body: Object, scene: Scene) -> Iterator[Problem]:
    kind = kind_of(body)
    if kind == "Namespace":
        yield from _has_budgets(body, scene)
    elif kind == _BUDGET:
        yield from _drains_gently(body)
    elif kind == _CLASS:
        yield from _has_proxies(body, scene)
    else:
        yield from _is_more_than_one(body)


def _has_budgets(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge a namespace whose apps serve windows: each has a budget."""
    if scene.tenant(name(body)) is None:
        return
    budgets = objects(scene, _BUDGET, name(body))
    for app in sorted(scene.remembered(_apps).get(name(body), ())):
        if not any(matches(at(budget, "spec", "selector"), {APP_LABEL: app}) for budget in budgets):
            yield Problem(
                ("metadata", "name"),
                Words(f"{app} has no PodDisruptionBudget", f"{app} هیچ PodDisruptionBudget ندارد"),
            )


def _apps(scene: Scene) -> Mapping[str, set[str]]:
    """Return which apps of a namespace serve windows."""
    apps: dict[str, set[str]] = defaultdict(set)
    for place in places(scene).values():
        apps[place.namespace].add(place.app)
    return apps


def _drains_gently(body: Object) -> Iterator[Problem]:
    """Judge a budget of ours: one pod at a time, and a pod that is not ready holds nobody up."""
    if at(body, "spec", "maxUnavailable") != 1 or not is_number(at(body, "spec", "maxUnavailable")):
        yield found(("spec", "maxUnavailable"), at(body, "spec", "maxUnavailable"))
    if not text(body, "spec", "selector", "matchLabels", APP_LABEL):
        yield found(("spec", "selector"), at(body, "spec", "selector"))
    if text(body, "spec", "unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield found(("spec", "unhealthyPodEvictionPolicy"), at(body, "spec", "unhealthyPodEvictionPolicy"))


def _has_proxies(body: Object, scene: Scene) -> Iterator[Problem]:
    ref = mapping(body, "spec", "parametersRef")
    named = (f"{text(ref, 'group')}/{text(ref, 'kind')}", text(ref, "namespace"), text(ref, "name"))
    if named not in {(_PROXY, namespace(proxy), name(proxy)) for proxy in objects(scene, _PROXY)}:
        yield found(("spec", "parametersRef"), at(body, "spec", "parametersRef"))


def _is_more_than_one(body: Object) -> Iterator[Problem]:
    pods = mapping(body, *_PODS)
    replicas = at(pods, "envoyDeployment", "replicas")
    if not is_number(replicas) or replicas < _REPLICAS_MIN:
        yield found((*_PODS, "envoyDeployment", "replicas"), replicas)
    spread = items(pods, "envoyDeployment", "pod", "topologySpreadConstraints")
    if not any(_is_away_from_each_other(one) for one in spread):
        path = (*_PODS, "envoyDeployment", "pod", "topologySpreadConstraints")
        yield found(path, at(pods, "envoyDeployment", "pod", "topologySpreadConstraints"))
    if at(pods, "envoyPDB", "maxUnavailable") != 1 or not is_number(at(pods, "envoyPDB", "maxUnavailable")):
        yield found((*_PODS, "envoyPDB", "maxUnavailable"), at(pods, "envoyPDB", "maxUnavailable"))


def _is_away_from_each_other(constraint: object) -> bool:
    is_by_node = text(constraint, "topologyKey") == "kubernetes.io/hostname"
    return is_by_node and bool(mapping(constraint, "labelSelector", "matchLabels"))


RULES: Final = (
    Rule(
        id="WL-25",
        name="window-drained-gently",
        title=Words(
            "The gateway, and every app that serves a window, is drained one pod at a time",
            "دروازه و هر برنامهٔ پشت پنجره یک پاد یک پاد تخلیه می‌شود",
        ),
        level=Level.ADVISORY,
        marks=frozenset({Mark.GENERATED}),
        controls=("checkov CKV_K8S_8, 9", "pulumi disallowZeroVoluntaryDisruption"),
        remedy=Words(
            "give each app of a window a PodDisruptionBudget with `maxUnavailable: 1`, and the gateway's EnvoyProxy "
            "two replicas or more on different nodes with a budget of their own",
            "به هر برنامهٔ پنجره یک PodDisruptionBudget با `maxUnavailable: 1` بدهید و به EnvoyProxy دروازه دست‌کم دو "
            "نسخه روی گره‌های جدا با بودجهٔ خودشان",
        ),
        kinds=frozenset({"Namespace", _BUDGET, _CLASS, _PROXY}),
        check=_stays_up,
    ),
)
