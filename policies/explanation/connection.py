"""Connections of pods: what the evaluator says, by which rules on both sides, and the lines that they come from."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from itertools import product
from typing import Final, NamedTuple

from components.estate.estate import Agency, Estate
from components.estate.finding import PathPart, Where, Words
from components.estate.networks import contains
from components.manifests.kinds import DEFAULT_DENY
from policies.explanation import lines, write
from policies.explanation.answer import KubernetesObject, Reason, Role, Verdict
from policies.explanation.scene import End, Scene
from policies.reachability import query
from policies.reachability.connections import EVERYTHING, PROTOCOLS
from policies.reachability.endpoint import Network, Outside, Pod
from policies.reachability.policy import Direction
from policies.reachability.query import Answer, Side, Why
from policies.reachability.unreadable import MixedAddressesError, Unreadable

_ANY_PORT: Final = 443
"""Stands for every port where neither side names any."""


class Hop(NamedTuple):
    """One connection to one port, and its reasons."""

    answer: Answer
    reasons: tuple[Reason, ...]
    why: Why | None = None


def hop(scene: Scene, source: End, target: End, port: int, protocol: str = "TCP") -> Hop:
    """Return whether `source` may open a connection to this port of `target`, by the rules of both sides."""
    try:
        why = query.why(scene.world, source.endpoint, target.endpoint, port, protocol)
    except MixedAddressesError as error:
        return _mixed(source, target, error)
    if why.answer is Answer.UNKNOWN:
        return Hop(why.answer, tuple(map(unread, why.unreadable)), why)
    reasons = (*_side(why.egress, source, target), *_side(why.ingress, target, source))
    if why.answer is Answer.NO:
        reasons = tuple(one for one in reasons if one.role in (Role.SHUTS_OUT, Role.SHUTS_IN))
    return Hop(why.answer, reasons, why)


def verdicts(
    scene: Scene, source: End, target: End, port: int | None, protocol: str
) -> tuple[tuple[Verdict, ...], tuple[Words, ...]]:
    """Return the answers for this port, or for each that is open, or one that none is; and where lines disagree."""
    if port is not None:
        return _judged(scene, source, target, [(port, protocol)])
    try:
        found = query.connections(scene.world, source.endpoint, target.endpoint)
    except MixedAddressesError as error:
        mixed = _mixed(source, target, error)
        said = Words(f"{source} to {target}", f"از {source} به {target}")
        return (Verdict(answer=mixed.answer, said=said, reasons=mixed.reasons),), ()
    if found is None:
        return _judged(scene, source, target, [(_ANY_PORT, "TCP")])
    if found == EVERYTHING:
        return _judged(scene, source, target, [(_ANY_PORT, "TCP")], all_ports=True)
    if found:
        return _judged(scene, source, target, [(first, p) for p in PROTOCOLS for first, _ in found.ports(p)])
    return _shut(scene, source, target)


def every(
    scene: Scene, sources: Iterable[End], targets: Iterable[End], port: int | None, protocol: str
) -> tuple[list[Verdict], list[Words]]:
    """Return the answers for every pair; where there are several, only those that are not no."""
    pairs = [(source, target) for source, target in product(sources, targets) if source != target]
    answered, defects = list[Verdict](), list[Words]()
    for source, target in pairs:
        found, wrong = verdicts(scene, source, target, port, protocol)
        answered += (one for one in found if len(pairs) == 1 or one.answer is not Answer.NO)
        defects += wrong
    if not answered:
        said = Words(f"none of {len(pairs)} pairs of apps is open", f"از {len(pairs)} جفت برنامه هیچ‌یک باز نیست")
        answered = [Verdict(answer=Answer.NO, said=said, reasons=())]
    return answered, defects


def unread(gap: Unreadable) -> Reason:
    """Return what cannot be read of the objects as a reason."""
    said = Words(f"{gap.summary.en}; {gap.remedy.en}", f"{gap.summary.fa}؛ {gap.remedy.fa}")
    return Reason(
        role=Role.UNREAD, said=said, object=KubernetesObject(gap.kind, gap.namespace, gap.name, gap.path)
    )  # fmt: skip


def _judged(
    scene: Scene, source: End, target: End, ports: Iterable[tuple[int, str]], *, all_ports: bool = False
) -> tuple[tuple[Verdict, ...], tuple[Words, ...]]:
    answered, defects = list[Verdict](), list[Words]()
    for port, protocol in ports:
        found = hop(scene, source, target, port, protocol)
        declared = lines.declared(scene.estate, source, target, port, protocol)
        where = Words(*(["all ports", "همهٔ درگاه‌ها"] if all_ports else [f"{protocol} {port}"] * 2))
        said = Words(f"{source} to {target}, {where.en}", f"از {source} به {target}، {where.fa}")
        reasons = (*declared, *found.reasons)
        if found.answer is Answer.NO:
            blocks = lines.blocked(scene.estate, source, target, port)
            reasons = (
                *blocks,
                *found.reasons,
                *(() if blocks or found.why is None else _missing(scene, source, target, port, protocol)),
            )
            if declared and not blocks:
                defects.append(_closed(said))
        elif found.answer is Answer.YES and not declared and (source.agency or target.agency):
            defects.append(_open(said))
        answered.append(Verdict(answer=found.answer, said=said, reasons=reasons))
    return tuple(answered), tuple(defects)


def _shut(scene: Scene, source: End, target: End) -> tuple[tuple[Verdict, ...], tuple[Words, ...]]:
    """Say of two ends between which no port is open at which side it fails, and by which ports of the other side."""
    probed = {probe: hop(scene, source, target, *probe) for probe in _probes(scene, source, target)}
    chosen = next((probe for probe, one in probed.items() if one.why is not None and _is_half_open(one.why)), None)
    reasons = probed[chosen or next(iter(probed))].reasons
    said = Words(f"{source} to {target}: no port is open", f"از {source} به {target} هیچ درگاهی باز نیست")
    blocks = lines.blocked(scene.estate, source, target, None)
    port, protocol = chosen or _known_port(target) or (None, "TCP")
    reasons = (*blocks, *reasons, *(() if blocks else _missing(scene, source, target, port, protocol)))
    return (Verdict(answer=Answer.NO, said=said, reasons=reasons),), ()


def _is_half_open(why: Why) -> bool:
    """Tell whether one of the two sides has a rule for it, so that its port is the one that is meant."""
    return any(side.allowing for side in (why.egress, why.ingress))


def _probes(scene: Scene, source: End, target: End) -> list[tuple[int, str]]:
    """Return a port of every kind that the policies of both ends tell apart: the first of each interval they name."""
    found = {(_ANY_PORT, "TCP")}
    for end, direction in ((source, Direction.EGRESS), (target, Direction.INGRESS)):
        for policy in scene.world.policies_in.get(end.namespace, ()):
            for rule in policy.rules(direction) or ():
                found.update((port.interval[0], port.protocol) for port in rule.ports if port.interval is not None)
    return sorted(found)


def _known_port(target: End) -> tuple[int, str] | None:
    """Return a port at which the profile says that the app answers."""
    if target.agency is None:
        return None
    spec = target.agency.profile.spec
    found = [
        *((flow.port, str(flow.protocol)) for flow in spec.flows if flow.target == target.app),
        *((one.backend.port, "TCP") for one in spec.services if one.backend and one.backend.app == target.app),
        *((api.port, "TCP") for api in spec.apis if api.app == target.app),
    ]
    return found[0] if found else None


def _side(side: Side, own: End, other: End) -> Iterator[Reason]:
    """Yield the rules of one side that let the connection through, or that none of its policies does."""
    is_out = side.direction is Direction.EGRESS
    if isinstance(own.endpoint, Outside):
        return
    if not side.isolating:
        said = Words(
            f"no network policy of ours selects {own}: this side is open",
            f"هیچ سیاست شبکه‌ای از ما {own} را برنمی‌گزیند: این سو باز است",
        )
        yield Reason(role=Role.LETS_OUT if is_out else Role.LETS_IN, said=said)
    for match in side.allowing:
        role = Role.LETS_OUT if is_out else Role.LETS_IN
        path: tuple[PathPart, ...] = match.peer or match.rule
        yield Reason(role=role, said=Words("", ""), object=_policy(match.policy.namespace, match.policy.name, path))
    if not side.is_open:
        names = [policy.name for policy in side.isolating]
        name = DEFAULT_DENY if DEFAULT_DENY in names else names[0]
        role = Role.SHUTS_OUT if is_out else Role.SHUTS_IN
        said = Words(
            f"nothing in {own.namespace} lets {own.app} out to {other}",
            f"در {own.namespace} چیزی {own.app} را به {other} راه نمی‌دهد",
        )
        if not is_out:
            said = Words(
                f"nothing in {own.namespace} lets {other} in to {own.app}",
                f"در {own.namespace} چیزی {other} را به {own.app} راه نمی‌دهد",
            )
        yield Reason(role=role, said=said, object=_policy(own.namespace, name, ("spec", "policyTypes")))


def _policy(namespace: str, name: str, path: tuple[PathPart, ...]) -> KubernetesObject:
    return KubernetesObject("NetworkPolicy", namespace, name, path)


def _mixed(source: End, target: End, error: MixedAddressesError) -> Hop:
    """Nothing passes between two families of addresses; of a network of which parts differ nobody can say one thing."""
    reason = Reason(role=Role.NOTE, said=error.words)
    return Hop(Answer.UNKNOWN if _versions(source) & _versions(target) else Answer.NO, (reason,))


def _versions(end: End) -> set[int]:
    networks = end.endpoint.addresses if isinstance(end.endpoint, Pod) else (end.endpoint.network,)
    return {network.version for network in networks}


def _missing(scene: Scene, source: End, target: End, port: int | None, protocol: str) -> Iterator[Reason]:
    """Yield the line that would open it, or that none can."""
    agency = source.agency or target.agency
    if agency is None:
        return
    if source.agency is not None and isinstance(target.endpoint, Outside):
        yield _way_out(scene.estate, agency, source, target.endpoint.network, port, protocol)
    elif source.agency is not None and target.agency is not None and source.namespace == target.namespace:
        said = Words("a flow inside the agency", "ارتباطی درون دستگاه")
        yaml = write.flow(agency, source.app, target.app, port, protocol)
        yield Reason(role=Role.MISSING, said=said, where=Where(agency.file, ("spec", "flows")), write=yaml)
    elif source.agency is not None and target.agency is not None:
        yield Reason(role=Role.NOTE, said=_ENVIRONMENTS)
    elif source.app == "gateway":
        where = Where(agency.file, ("spec", "services"))
        said = Words(
            f"a service in a window, with `backend: {{app: {target.app}, port: {port or 'PORT'}}}`",
            f"خدمتی در یک پنجره با `backend: {{app: {target.app}, port: {port or 'PORT'}}}`",
        )
        yield Reason(role=Role.MISSING, said=said, where=where)
    else:
        yield Reason(role=Role.NOTE, said=_NO_LINE)


def _way_out(  # noqa: PLR0913, PLR0917  # both ends, and the port
    estate: Estate, agency: Agency, source: End, outside: Network, port: int | None, protocol: str
) -> Reason:
    allowed = estate.platform.spec.networks.government
    if not any(contains(ip_network(one), outside) for one in allowed):
        said = Words(
            f"no line opens this: allowed outside the cloud are {', '.join(allowed)}",
            f"هیچ سطری این را باز نمی‌کند: در بیرون از ابر {'، '.join(allowed)} مجازند",
        )
        return Reason(role=Role.NOTE, said=said)
    where, said = Where(agency.file, ("spec", "egress")), Words("a way out", "راهی به بیرون")
    return Reason(role=Role.MISSING, said=said, where=where, write=write.egress(source, outside, port, protocol))


def _open(said: Words) -> Words:
    return Words(f"open, and no line says so: {said.en}", f"باز است و هیچ سطری آن را نمی‌گوید: {said.fa}")


def _closed(said: Words) -> Words:
    return Words(f"declared, and closed: {said.en}", f"نوشته شده و بسته است: {said.fa}")


_ENVIRONMENTS: Final = Words(
    "two environments never reach each other: nothing that can be written opens this",
    "دو محیط هرگز به هم راه ندارند: چیزی که بتوان نوشت این را باز نمی‌کند",
)
_NO_LINE: Final = Words(
    "no line of a profile opens this", "هیچ سطری از نمایه این را باز نمی‌کند"
)  # fmt: skip
