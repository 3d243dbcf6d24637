"""NP-16: what tenants' own network policies open, held against what both sides of each inquiry declare.

Policies only add up: one that a tenant writes beside the generated ones opens whatever it names. Between agencies that
is a direct flow or nothing; to and from the exchange, what the exchange passes on; outside the cloud, what the profile
declares. What all agencies share beside the exchange, such as DNS, is nobody's data, and shut on its own side.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final, NamedTuple

from components.estate.estate import Agency, Estate, production
from components.estate.finding import Words
from components.estate.flows import flows, is_open
from components.estate.networks import contains
from components.estate.platform import Peer
from components.manifests.manifest import APP_LABEL
from components.manifests.network import envoy_port
from policies.rules.addresses import network_of
from policies.rules.network import POLICIES, Path, found, names_port, openings, unread
from policies.rules.ownership import is_tenants
from policies.rules.reading import at, items, mapping, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import demands, named_namespaces

_SELECTORS: Final = frozenset({"namespaceSelector", "podSelector"})


class _Way(NamedTuple):
    """What is agreed to: from some pods to one TCP port of others."""

    source: Peer
    target: Peer
    port: int


class _End(NamedTuple):
    """Pods that a policy names at one end: their namespace, and whatever selects them there."""

    namespace: str
    pods: Any

    def __str__(self) -> str:
        """Return it as people write it: `two-production/web`, with `*` where no app is named."""
        return f"{self.namespace}/{text(self.pods, 'matchLabels', APP_LABEL) or '*'}"

    def is_within(self, peer: Peer) -> bool:
        """Tell whether all of them are pods of the peer."""
        return demands(self.pods, peer.pod_labels)


def _stays_within_consents(body: Object, scene: Scene) -> Iterator[Problem]:
    agencies = scene.remembered(_agencies)
    agency = agencies.get(namespace(body))
    if agency is None:
        if is_tenants(body, scene) and namespace(body) not in scene.platform.namespaces:
            yield found(("metadata", "namespace"), at(body, "metadata", "namespace"))
        return
    yield from unread(body)
    for path, side, rule in openings(body):
        named = items(rule, side)
        if not named:
            yield Problem(
                (*path, side),
                Words("names nobody: it may be any agency", "کسی را نام نمی‌برد: می‌تواند هر دستگاهی باشد"),
            )
        for index, peer in enumerate(named):
            place: Path = (*path, side, index)
            if mapping(peer).keys() == {"ipBlock"}:
                yield from _leads_to_declared(body, place, rule, agency, scene)
            else:
                yield from _is_consented(body, place, rule, agency, scene)


def _is_consented(body: Object, place: Path, rule: object, agency: Agency, scene: Scene) -> Iterator[Problem]:
    peer = mapping(at(body, *place))
    if not peer or not peer.keys() <= _SELECTORS:
        yield found(place, at(body, *place))
        return
    if "namespaceSelector" not in peer:
        if not isinstance(peer["podSelector"], Mapping):
            yield found((*place, "podSelector"), peer["podSelector"])
        return
    named = named_namespaces(peer["namespaceSelector"])
    if not named:
        yield Problem(
            (*place, "namespaceSelector"),
            Words(
                "names no namespace: it may be any agency's",
                "فضای نامی را نام نمی‌برد: می‌تواند از آن هر دستگاهی باشد",
            ),
        )
    own = _End(namespace(body), at(body, "spec", "podSelector"))
    for one in sorted(named):
        far = _End(one, peer.get("podSelector"))
        source, target = (own, far) if place[1] == "egress" else (far, own)
        if not _is_free(one, agency, scene) and not _is_open(source, target, items(rule, "ports"), scene):
            shown = f"{source} → {target} {_shown(rule)}"
            yield Problem(
                place,
                Words(f"no consent opens {shown} now", f"اکنون هیچ رضایتی {shown} را باز نمی‌کند"),
            )


def _is_free(place: str, agency: Agency, scene: Scene) -> bool:
    """Tell whether no consent is needed: it is the agency's own namespace, or one that all share."""
    chosen = scene.platform.spec.exchange
    is_exchanges = chosen is not None and place == chosen.namespace
    if place in scene.platform.namespaces:
        return not is_exchanges
    return scene.remembered(_agencies).get(place) is agency


def _is_open(source: _End, target: _End, ports: Collection[object], scene: Scene) -> bool:
    ways = scene.remembered(_ways).get((source.namespace, target.namespace), ())
    agreed = {way.port for way in ways if source.is_within(way.source) and target.is_within(way.target)}
    return bool(ports) and all(any(names_port(port, number, "TCP") for number in agreed) for port in ports)


def _leads_to_declared(body: Object, place: Path, rule: object, agency: Agency, scene: Scene) -> Iterator[Problem]:
    cidr = at(body, *place, "ipBlock", "cidr")
    network = network_of(cidr)
    if place[1] != "egress":
        yield Problem(
            place,
            Words(
                "lets in whoever has an address: nobody consents to that",
                "هر که را نشانی‌ای دارد راه می‌دهد: کسی به آن رضایت نداده است",
            ),
        )
        return
    if network is None:
        yield found((*place, "ipBlock", "cidr"), cidr)
        return
    own = _End(namespace(body), at(body, "spec", "podSelector"))
    declared = {
        port
        for egress in _estate(scene).outgoing(agency)
        if egress.cidr is not None and demands(own.pods, {APP_LABEL: egress.app})
        if contains(ip_network(egress.cidr), network)
        for port in egress.ports
    }
    ports = items(rule, "ports")
    if not ports or not all(any(names_port(port, one.port, one.protocol) for one in declared) for port in ports):
        shown = f"{own} → {network} {_shown(rule)}"
        yield Problem(
            place,
            Words(f"the profile declares no {shown} now", f"نمایه اکنون {shown} را اعلام نکرده است"),
        )


def _shown(rule: object) -> str:
    """Return the ports of a rule as people write them: `8443/TCP`, `1-1024/TCP`; `*` is all."""
    ports = [
        f"{at(port, 'port')}{'' if last is None else f'-{last}'}/{at(port, 'protocol')}"
        for port in items(rule, "ports")
        for last in (at(port, "endPort"),)
    ]
    return ", ".join(ports) or "*"


def _estate(scene: Scene) -> Estate:
    if scene.estate is None:
        raise LookupError("the profiles are not at hand")
    return scene.estate


def _agencies(scene: Scene) -> Mapping[str, Agency]:
    """Return whose namespace is which: by the profiles, not by what a file says of a namespace.

    Raises:
        LookupError: The profiles are not at hand, so that nobody can tell.
    """
    return {
        agency.profile.namespace(environment): agency
        for agency in _estate(scene).agencies
        for environment in agency.profile.spec.environments
    }


def _ways(scene: Scene) -> Mapping[tuple[str, str], Sequence[_Way]]:
    """Return every way that both sides agreed to and that is open now, by the namespaces of its ends."""
    ways: dict[tuple[str, str], list[_Way]] = defaultdict(list)
    for way in _agreed(_estate(scene)):
        ways[way.source.namespace, way.target.namespace].append(way)
    return ways


def _agreed(estate: Estate) -> Iterator[_Way]:
    chosen = estate.platform.spec.exchange
    for flow in flows(estate):
        if not is_open(estate, flow) or flow.inquiry is None or flow.offer is None:
            continue
        consumer, provider = _app(flow.consumer, flow.inquiry.app), _app(flow.provider, flow.offer.app)
        if flow.is_direct:
            yield _Way(consumer, provider, flow.offer.port)
        elif chosen is not None:
            yield _Way(consumer, chosen, envoy_port(chosen.https_port))
            yield _Way(chosen, provider, flow.offer.port)


def _app(agency_id: str, app: str) -> Peer:
    return Peer(namespace=production(agency_id), pod_labels={APP_LABEL: app})


RULES: Final = (
    Rule(
        id="NP-16",
        name="networkpolicy-within-consents",
        title=Words(
            "A tenant's own policies open nothing to other agencies, or outside the cloud, beyond what is agreed to",
            "سیاست‌های خود دستگاه‌ها به روی دستگاه‌های دیگر یا بیرون ابر چیزی بیش از آنچه پذیرفته شده باز نمی‌کنند",
        ),
        marks=frozenset({Mark.TENANT}),
        controls=("Kubernetes NetworkPolicy semantics: policies are additive", "Multi-Tenancy Benchmarks OPS-4"),
        remedy=Words(
            "take the peer out: declare the inquiry and the consent, or the destination under spec.egress, in the "
            "profiles, and the policies for it are made; what you still write names the apps at both ends and each "
            "port with its protocol",
            "این طرف را بردارید: استعلام و رضایت، یا مقصد را زیر spec.egress در نمایه‌ها بنویسید تا سیاست‌هایش ساخته "
            "شود؛ آنچه باز هم خود می‌نویسید باید برنامه‌های هر دو سو و هر درگاه را با پروتکلش نام ببرد",
        ),
        kinds=POLICIES,
        check=_stays_within_consents,
    ),
)
