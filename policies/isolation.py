"""NP-11: between agencies exactly the consented flows are open: computed from all policies together, not assumed.

A flow is open when a pod of the one reaches a pod of the other, or when both hops are there: to the exchange, on from
it, and a route of the exchange whose policy lets this consumer pass. Two agencies that can both reach the exchange,
without such a route, have nothing open between them.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from ipaddress import ip_network
from typing import Final, NamedTuple

from components.estate.estate import Agency, Estate, production
from components.estate.finding import Finding, PathPart, Status, Where, Words
from components.estate.flows import flows, is_open
from components.estate.platform import Exchange, Platform
from components.estate.profile import EnvironmentName
from components.manifests import exchange, network
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from components.manifests.manifest import APP_LABEL, PLATFORM_OWNER, Manifest
from policies.reachability.connections import Connections, of
from policies.reachability.endpoint import Pod
from policies.reachability.graph import Graph
from policies.reachability.unreadable import UnreadableError
from policies.reachability.world import World
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.verdict import SOURCE

RULE: Final = "NP-11"
_KINDS: Final = frozenset({"Namespace", "NetworkPolicy"})
_GATEWAYS: Final = (GATEWAY_API, ENVOY_API)
_ANY_APP: Final = "*"
_STRANGER: Final = "default"
"""A namespace of nobody, from which nothing may lead to an agency."""


class Way(NamedTuple):
    """Connections that pods of one application may open to those of another; `*` is any pod of a namespace."""

    source: tuple[str, str]
    target: tuple[str, str]
    connections: Connections

    def __str__(self) -> str:
        """Return it as people write it: `a-production/web → b-production/api TCP 8443`."""
        return f"{'/'.join(self.source)} → {'/'.join(self.target)} {self.connections}"

    def concerns(self, agency_id: str) -> bool:
        """Tell whether one of its ends is the agency's."""
        return bool({self.source[0], self.target[0]} & _namespaces(agency_id))


class Call(NamedTuple):
    """What the exchange lets pass: who (`sub` of a token, `*` everybody), by which path, to which Service and port."""

    bearer: str
    path: str
    target: tuple[str, str]
    port: int

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.bearer} → {self.path} → {'/'.join(self.target)}:{self.port}"

    def concerns(self, agency_id: str) -> bool:
        """Tell whether one of its ends is the agency's."""
        return self.target[0] in _namespaces(agency_id) or self.bearer == exchange.bearer(agency_id)


class Openings(NamedTuple):
    """All that is open between agencies, or that should be."""

    ways: frozenset[Way]
    calls: frozenset[Call]


def isolation(
    estate: Estate, objects: Iterable[Manifest], owners: Collection[str], made: Collection[str]
) -> Iterator[Finding]:
    """Yield what is open between agencies without the consent of both, and what is closed in spite of it.

    Args:
        estate: All profiles.
        objects: The owners' objects, the platform's, and those of whoever has a flow with one of the owners.
        owners: The agencies that are judged.
        made: Whose objects are among `objects`. Of all others it is taken that they shut nothing, and what only they
            could open is not missed.
    """
    try:
        found = opened(estate, objects)
    except UnreadableError as error:
        for one in error.unreadable:
            yield _finding(estate, min(owners, default=PLATFORM_OWNER), one.summary, Status.UNKNOWN)
        return
    wanted = consented(estate)
    too_open: list[Way | Call] = [*sorted(found.ways - wanted.ways), *sorted(found.calls - wanted.calls)]
    too_shut: list[Way | Call] = [*sorted(wanted.ways - found.ways), *sorted(wanted.calls - found.calls)]
    for owner in sorted(owners):
        yield from (_finding(estate, owner, _is_open(one)) for one in too_open if one.concerns(owner))
        missed = (one for one in too_shut if one.concerns(owner) and _makers(estate, one) <= set(made))
        yield from (_finding(estate, owner, _is_shut(one)) for one in missed)


def opened(estate: Estate, objects: Iterable[Manifest]) -> Openings:
    """Return what these objects open between agencies.

    Raises:
        UnreadableError: One of them cannot be read.
    """
    listed = [*telling(objects, estate.platform)]
    policies = [body for body in listed if body["kind"] in _KINDS]
    others = [body for body in listed if body["kind"] not in _KINDS]
    return Openings(frozenset(_ways(estate, policies)), frozenset(_calls(others)))


def telling(objects: Iterable[Manifest], platform: Platform) -> Iterator[Manifest]:
    """Yield the objects that have a say in what is open: policies, namespaces, and all of the exchange's.

    Of a namespace just what policies look at: its annotations change with every word of a profile.
    """
    chosen = platform.spec.exchange
    for body in objects:
        if body["kind"] == "Namespace":
            metadata = {key: value for key, value in body["metadata"].items() if key != "annotations"}
            yield body | {"metadata": metadata}
        elif body["kind"] == "NetworkPolicy" or _is_of(body, chosen):
            yield body


def _is_of(body: Manifest, chosen: Exchange | None) -> bool:
    group = str(at(body, "apiVersion")).partition("/")[0]
    return chosen is not None and namespace(body) == chosen.namespace and group in _GATEWAYS


def consented(estate: Estate) -> Openings:
    """Return what both sides of each flow declare."""
    chosen = estate.platform.spec.exchange
    ways: set[Way] = set()
    calls: set[Call] = set()
    for flow in flows(estate):
        if not is_open(estate, flow) or flow.inquiry is None or flow.offer is None:
            continue
        consumer, provider = map(production, (flow.consumer, flow.provider))
        asking, answering = (consumer, flow.inquiry.app), (provider, flow.offer.app)
        port = _tcp(flow.offer.port)
        if flow.is_direct:
            ways.add(Way(asking, answering, port))
        elif chosen is not None:
            inside = (chosen.namespace, _ANY_APP)
            ways.add(Way(asking, inside, _tcp(network.envoy_port(chosen.https_port))))
            ways.add(Way(inside, answering, port))
            path = exchange.path(flow.provider, flow.api)
            calls.add(Call(exchange.bearer(flow.consumer), path, answering, flow.offer.port))
    return Openings(frozenset(_joined(ways)), frozenset(calls))


def pods(estate: Estate) -> Iterator[Pod]:
    """Yield the pods that the profiles speak of, one more in each namespace, the exchange's, and a stranger."""
    places = tuple(ip_network(block) for block in estate.platform.spec.networks.pods)
    for agency in estate.agencies:
        apps = sorted({*_apps(agency)})
        for environment in agency.profile.spec.environments:
            here = agency.profile.namespace(environment)
            yield Pod(namespace=here, addresses=places, name=_ANY_APP)
            for app in apps:
                yield Pod(namespace=here, labels={APP_LABEL: app}, addresses=places, name=app)
    if (chosen := estate.platform.spec.exchange) is not None:
        yield Pod(namespace=chosen.namespace, labels=chosen.pod_labels, addresses=places, name=_ANY_APP)
    yield Pod(namespace=_STRANGER, addresses=places, name=_ANY_APP)


def _apps(agency: Agency) -> Iterator[str]:
    spec = agency.profile.spec
    yield from (service.backend.app for service in spec.services if service.backend is not None)
    yield from (app for flow in spec.flows for app in (flow.source, flow.target))
    yield from (api.app for api in spec.apis)
    yield from (inquiry.app for inquiry in spec.inquiries)
    yield from (egress.app for egress in spec.egress)


def _ways(estate: Estate, policies: Iterable[Manifest]) -> Iterator[Way]:
    """Yield what leads from one tenant's namespace into another's, to or from the exchange, or in from nobody's.

    What leads out to nobody's is no way between agencies: NP-07 and NP-09 judge it, and a waiver may excuse it (R3).
    """
    chosen = estate.platform.spec.exchange
    others = set() if chosen is None else {chosen.namespace}
    tenants = {agency.profile.namespace(one) for agency in estate.agencies for one in agency.profile.spec.environments}
    found: list[Way] = []
    for edge in Graph(World(policies, pods(estate))).edges():
        source, target = edge.source.namespace, edge.target.namespace
        if source is None or target is None or source == target or not {source, target} & tenants:
            continue
        if source in {*tenants, *others, _STRANGER} and target in tenants | others:
            found += (
                Way((source, one.name), (target, other.name), edge.connections)
                for one in edge.source.members
                for other in edge.target.members
                if isinstance(one, Pod) and isinstance(other, Pod)
            )
    yield from _joined(found)


def _joined(ways: Iterable[Way]) -> Iterator[Way]:
    found: dict[tuple[tuple[str, str], tuple[str, str]], Connections] = {}
    for way in ways:
        ends = (way.source, way.target)
        found[ends] = found[ends] | way.connections if ends in found else way.connections
    return (Way(*ends, connections) for ends, connections in found.items())


def _calls(objects: Iterable[Manifest]) -> Iterator[Call]:
    """Yield who may pass each route of the exchange, by the policy that is attached to it."""
    listed = list(objects)
    callers: dict[str, list[str]] = {}
    for body in listed:
        if body["kind"] == "SecurityPolicy":
            for target in items(body, "spec", "targetRefs"):
                if text(target, "kind") == "HTTPRoute":
                    callers.setdefault(text(target, "name"), []).extend(_bearers(body))
    for body in listed:
        if body["kind"] == "HTTPRoute":
            for bearer in callers.get(name(body), [_ANY_APP]):
                yield from (Call(bearer, *led) for rule in items(body, "spec", "rules") for led in _led(body, rule))


def _led(route: Manifest, rule: object) -> Iterator[tuple[str, tuple[str, str], int]]:
    """Yield by which path a rule leads where."""
    paths = [text(one, "path", "value") or "/" for one in items(rule, "matches")] or ["/"]
    for backend in items(rule, "backendRefs"):
        port = mapping(backend).get("port")
        target = (text(backend, "namespace") or namespace(route), text(backend, "name"))
        yield from ((path, target, port if isinstance(port, int) else 0) for path in paths)


def _bearers(policy: Manifest) -> Iterator[str]:
    """Yield whom a policy lets pass: `*` wherever it does not say by `sub` who that is."""
    authorization = mapping(policy, "spec", "authorization")
    if authorization.get("defaultAction", "Allow") != "Deny":
        yield _ANY_APP
    for rule in items(authorization, "rules"):
        if text(rule, "action") == "Deny":
            continue
        claims = items(rule, "principal", "jwt", "claims")
        named = [one for one in claims if text(one, "name") == "sub" and items(one, "values")]
        yield from (str(value) for one in named for value in items(one, "values")) if named else (_ANY_APP,)


@cache
def _tcp(port: int) -> Connections:
    return of("TCP", [(port, port)])


def _is_open(what: Way | Call) -> Words:
    return Words(f"open without the consent of both sides: {what}", f"بی‌رضایت هر دو سو باز است: {what}")


def _is_shut(what: Way | Call) -> Words:
    return Words(f"closed, though both sides consent: {what}", f"با وجود رضایت هر دو سو بسته است: {what}")


def _makers(estate: Estate, what: Way | Call) -> set[str]:
    """Return whose objects open something: both ends of a way, the provider of a call."""
    ends = (what.source[0], what.target[0]) if isinstance(what, Way) else (what.target[0],)
    return {agency.id for agency in estate.agencies if _namespaces(agency.id) & {*ends}}


@cache
def _namespaces(agency_id: str) -> frozenset[str]:
    return frozenset(f"{agency_id}-{environment}" for environment in EnvironmentName)


def _finding(estate: Estate, owner: str, summary: Words, status: Status = Status.FAIL) -> Finding:
    agency = estate.agency(owner)
    path: tuple[PathPart, ...] = ("spec", "inquiries")
    return Finding(
        rule=RULE,
        status=status,
        subject=owner,
        where=Where(agency.file if agency is not None else "", path),
        summary=summary,
        remedy=REMEDY,
        source=SOURCE,
    )


REMEDY: Final = Words(
    "let the network policies and the exchange's routes be made from the profiles alone; nobody is excused from this",
    "سیاست‌های شبکه و مسیرهای مرکز تبادل تنها از نمایه‌ها ساخته شود؛ هیچ‌کس از این معاف نمی‌شود",
)
