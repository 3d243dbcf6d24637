"""NP: network policies as a whole: everything shut, and each opening said in full.

Absent and empty are not the same in a NetworkPolicy: `ingress: []` lets nobody in, `ingress: [{}]` everybody, and so
does a rule whose `from` is absent or empty. These rules judge every policy that is generated or handed in, the
platform's own too; whom a policy lets in is the business of `peers`, `addresses` and `dns`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.estate.finding import PathPart, Words
from policies.rules.ownership import objects
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import is_everything

POLICY: Final = "networking.k8s.io/NetworkPolicy"
CLUSTER_POLICY: Final = "policy.networking.k8s.io/ClusterNetworkPolicy"
POLICIES: Final = frozenset({POLICY})
Path = tuple[PathPart, ...]

_SIDES: Final[Mapping[str, tuple[str, str]]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
"""By policy type: the field with its rules, and the field of a rule with its peers."""
_PROTOCOLS: Final = frozenset({"TCP", "UDP", "SCTP"})
_PORT_MAX: Final = 65535
_TIERS: Final = frozenset({"Admin", "Baseline"})
_PRIORITY_MAX: Final = 1000  # policy.networking.k8s.io/v1alpha2
_CLUSTER_RULES_MAX: Final = 25  # in each direction, by the same API
_GENERATED: Final = frozenset({Mark.GENERATED})
_GENERATED_AND_TENANTS: Final = frozenset({Mark.GENERATED, Mark.TENANT})


def openings(policy: Object) -> Iterator[tuple[Path, str, Any]]:
    """Yield every rule of a policy, readable or not: its place, the field of its peers (`from` or `to`), itself."""
    for field, side in _SIDES.values():
        for index, rule in enumerate(items(policy, "spec", field)):
            yield ("spec", field, index), side, rule


def peers(policy: Object) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every peer of a policy with its place."""
    for path, side, rule in openings(policy):
        for index, peer in enumerate(items(rule, side)):
            yield (*path, side, index), peer if isinstance(peer, Mapping) else {}


def unread(policy: Object) -> Iterator[Problem]:
    """Yield what hides rules of a policy: no specification, or something that is no list in place of its rules."""
    spec = policy.get("spec")
    if not isinstance(spec, Mapping):
        yield found(("spec",), spec)
        return
    for field, _ in _SIDES.values():
        if spec.get(field) is not None and not isinstance(spec.get(field), list):
            yield found(("spec", field), spec.get(field))


def names_port(port: object, number: int, protocol: str) -> bool:
    """Tell whether this port of a rule is exactly that one: no range, no name, its protocol said."""
    is_it = is_number(at(port, "port")) and at(port, "port") == number
    return is_it and text(port, "protocol") == protocol and at(port, "endPort") is None


def is_number(value: object) -> bool:
    """Tell whether the value is a whole number; Python counts true and false among them."""
    return isinstance(value, int) and not isinstance(value, bool)


def _shuts_everything(body: Object, scene: Scene) -> Iterator[Problem]:
    if scene.tenant(name(body)) is None:
        return
    policies = objects(scene, POLICY, name(body))
    for direction, (field, _) in _SIDES.items():
        if not any(_shuts(policy, direction, field) for policy in policies):
            yield Problem(
                ("metadata", "name"),
                Words(f"no policy shuts {direction} for all pods", f"هیچ سیاستی {direction} را برای همهٔ پادها نمی‌بندد"),
            )


def _shuts(policy: Object, direction: str, field: str) -> bool:
    spec = mapping(policy, "spec")
    is_for_all = is_everything(spec.get("podSelector")) and direction in items(spec, "policyTypes")
    return is_for_all and spec.get(field) in (None, [])


def _lets_nobody_in_unnamed(body: Object, _scene: Scene) -> Iterator[Problem]:
    yield from unread(body)
    for path, side, rule in openings(body):
        named = at(rule, side)
        if not isinstance(named, list) or not named:
            yield Problem(
                (*path, side),
                Words(f"`{side}` is {named!r}, which is everybody", f"`{side}` برابر {named!r} است، یعنی همه"),
            )
            continue
        for index, peer in enumerate(named):
            if not isinstance(peer, Mapping) or not peer:
                yield found((*path, side, index), peer)


def _has_explicit_types(body: Object, _scene: Scene) -> Iterator[Problem]:
    path = ("spec", "policyTypes")
    types = at(body, *path)
    if not isinstance(types, list) or not types:
        yield found(path, types)
        return
    for index, direction in enumerate(types):
        if not isinstance(direction, str) or direction not in _SIDES:
            yield found((*path, index), direction)
    for direction, (field, _) in _SIDES.items():
        if direction not in types and at(body, "spec", field) not in (None, []):
            yield Problem(
                path,
                Words(
                    f"there are rules under `{field}`, but {direction} is not among the types",
                    f"زیر `{field}` قاعده هست، ولی {direction} در نوع‌ها نیست",
                ),
            )


def _is_named_once(body: Object, scene: Scene) -> Iterator[Problem]:
    for field, value in (("namespace", namespace(body)), ("name", name(body))):
        if not value:
            yield found(("metadata", field), at(body, "metadata", field))
    same = scene.remembered(_names)[namespace(body), name(body)]
    if name(body) and same > 1:
        yield Problem(
            ("metadata", "name"),
            Words(f"{same} policies bear this name", f"{same} سیاست این نام را دارند"),
        )


def _names(scene: Scene) -> Counter[tuple[str, str]]:
    return Counter((namespace(body), name(body)) for body in objects(scene, POLICY))


def _names_every_port(body: Object, _scene: Scene) -> Iterator[Problem]:
    for path, _, rule in openings(body):
        ports = at(rule, "ports")
        if not isinstance(ports, list) or not ports:
            yield Problem(
                (*path, "ports"),
                Words(f"`ports` is {ports!r}, which is all ports", f"`ports` برابر {ports!r} است، یعنی همهٔ درگاه‌ها"),
            )
            continue
        for index, port in enumerate(ports):
            place: Path = (*path, "ports", index)
            if text(port, "protocol") not in _PROTOCOLS:
                yield found((*place, "protocol"), at(port, "protocol"))
            number = at(port, "port")
            if not is_number(number) or not 0 < number <= _PORT_MAX:
                yield found((*place, "port"), number)
            if at(port, "endPort") is not None:
                yield found((*place, "endPort"), at(port, "endPort"))


def _is_in_order(body: Object, scene: Scene) -> Iterator[Problem]:
    tier, priority = at(body, "spec", "tier"), at(body, "spec", "priority")
    if not isinstance(tier, str) or tier not in _TIERS:
        yield found(("spec", "tier"), tier)
    if not is_number(priority) or not 0 <= priority <= _PRIORITY_MAX:
        yield found(("spec", "priority"), priority)
    else:
        same = [
            other
            for other in objects(scene, CLUSTER_POLICY)
            if at(other, "spec", "tier") == tier and at(other, "spec", "priority") == priority
        ]
        if len(same) > 1:
            yield Problem(
                ("spec", "priority"),
                Words(
                    f"{len(same)} policies of the tier {tier!r} have the priority {priority}",
                    f"{len(same)} سیاست در ردهٔ {tier!r} اولویت {priority} دارند",
                ),
            )
    for field, _ in _SIDES.values():
        number = len(items(body, "spec", field))
        if number > _CLUSTER_RULES_MAX:
            yield Problem(("spec", field), Words(f"there are {number} rules", f"{number} قاعده هست"))


def found(path: Path, value: object) -> Problem:
    """Return the problem that at `path` there is nothing that the rule can accept."""
    return Problem(path, Words(f"found {value!r}", f"یافته شد: {value!r}"))


RULES: Final = (
    Rule(
        id="NP-01",
        name="namespace-default-deny",
        title=Words(
            "In a tenant's namespace everything is shut in both directions until a policy opens it",
            "در فضای نام هر دستگاه همه چیز در هر دو جهت بسته است تا سیاستی آن را باز کند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            "NSA/CISA Kubernetes Hardening Guide: network separation",
            "CIS Kubernetes Benchmark 5.3.2",
            "kubescape C-0206",
            "kubescape C-0260",
            "checkov CKV2_K8S_6",
            "diki 2000",
            "kyverno add-network-policy",
            "polaris missingNetworkPolicy",
        ),
        remedy=Words(
            "keep one policy with `podSelector: {}`, both policy types and no rules: `default-deny`",
            "سیاستی با `podSelector: {}`، هر دو نوع و بی هیچ قاعده نگه دارید: `default-deny`",
        ),
        kinds=frozenset({"Namespace"}),
        check=_shuts_everything,
        waivable=False,
    ),
    Rule(
        id="NP-02",
        name="networkpolicy-no-allow-all",
        title=Words("A network policy never lets everybody in or out", "هیچ سیاست شبکه‌ای راه را بر همه باز نمی‌کند"),
        marks=_GENERATED_AND_TENANTS,
        controls=("diki issue 439", "cyclonus TargetAll*Allowed"),
        remedy=Words(
            "name the peers of every rule under `from` or `to`; to shut a direction, leave its rules away",
            "طرف‌های هر قاعده را زیر `from` یا `to` نام ببرید؛ برای بستن یک جهت، قاعده‌هایش را ننویسید",
        ),
        kinds=POLICIES,
        check=_lets_nobody_in_unnamed,
        waivable=False,
    ),
    Rule(
        id="NP-03",
        name="networkpolicy-types-explicit",
        title=Words("A network policy says for which directions it is", "هر سیاست شبکه می‌گوید برای کدام جهت‌هاست"),
        marks=_GENERATED_AND_TENANTS,
        controls=("cyclonus MissingPolicyTypes*", "kube-score issue 180"),
        remedy=Words(
            "list in `policyTypes` Ingress, Egress or both: each direction that has rules, or shall be shut",
            "در `policyTypes` هر جهتی را که قاعده دارد یا باید بسته باشد بیاورید: Ingress، Egress یا هر دو",
        ),
        kinds=POLICIES,
        check=_has_explicit_types,
    ),
    Rule(
        id="NP-04",
        name="networkpolicy-namespace-explicit",
        title=Words(
            "A network policy says in which namespace it is, and no other there bears its name",
            "هر سیاست شبکه فضای نام خود را می‌گوید و نامش در آنجا یکتاست",
        ),
        marks=_GENERATED,
        controls=("cyclonus MissingNamespace", "cyclonus DuplicateName"),
        remedy=Words(
            "write `metadata.namespace`, and give each policy a name of its own",
            "`metadata.namespace` را بنویسید و به هر سیاست نامی جداگانه بدهید",
        ),
        kinds=POLICIES,
        check=_is_named_once,
    ),
    Rule(
        id="NP-05",
        name="networkpolicy-ports-explicit",
        title=Words(
            "Every opening names its ports, each with its protocol",
            "هر راه باز، درگاه‌هایش را با پروتکل هر یک نام می‌برد",
        ),
        marks=_GENERATED,
        controls=("cyclonus PortMissingProtocol",),
        remedy=Words(
            "list under `ports` each port as a number with its protocol; no names, no ranges",
            "زیر `ports` هر درگاه را با شماره و پروتکل بنویسید؛ نه نام و نه بازه",
        ),
        kinds=POLICIES,
        check=_names_every_port,
    ),
    Rule(
        id="NP-19",
        name="clusternetworkpolicy-order",
        title=Words(
            "Cluster-wide network policies have an order, and a size that the API takes",
            "سیاست‌های شبکهٔ سراسری ترتیب روشن و اندازه‌ای پذیرفتنی دارند",
        ),
        marks=_GENERATED,
        controls=("Network Policy API v1alpha2 (ClusterNetworkPolicy)",),
        remedy=Words(
            f"give each policy of a tier a priority of its own from 0 to {_PRIORITY_MAX}, and at most "
            f"{_CLUSTER_RULES_MAX} rules in each direction",
            f"به هر سیاستِ یک رده اولویتی جداگانه از 0 تا {_PRIORITY_MAX} بدهید و در هر جهت دست بالا "
            f"{_CLUSTER_RULES_MAX} قاعده",
        ),
        kinds=frozenset({CLUSTER_POLICY}),
        check=_is_in_order,
    ),
)
