"""Hosts outside the cloud: nothing without a proxy; with one, its pods and port only, and both halves end together."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest

from components.estate.dates import Day
from components.estate.estate import Agency, Estate
from components.estate.profile import Egress, Port
from components.manifests import build
from components.manifests.manifest import Manifest, identity
from policies.declared import judge_declared
from policies.engine import evaluate
from policies.rules.claims import is_reserved
from stacks.declaration import Declaration, declaration, declarations
from tests.manifests.emergency import shut
from tests.policies.profiles import with_egress_proxy
from tests.policies.weakening import weakenings

AGENCY = "ashayer"  # small, with more than one environment
PROXY = "govcloud-egress"
LABELS = {"app.kubernetes.io/name": "egress-proxy"}
PORT = [{"protocol": "TCP", "port": 3128}]
SECOND = timedelta(seconds=1)
PAY = Egress(
    name="pay",
    app="payments",
    host="pay.example.test",
    ports=(Port(port=8443), Port(port=443)),
    purpose="Settlement of duties",
    owner="Treasury office",
    until=Day.parse("1406-01-01"),
)
LAST = msgspec.structs.replace(PAY, name="last", app="archive", ports=(Port(port=9443),), until=Day.parse("1407-01-01"))


def with_egress(estate: Estate, *egress: Egress) -> Estate:
    agencies = (_with(agency, egress) if agency.id == AGENCY else agency for agency in estate.agencies)
    return msgspec.structs.replace(estate, agencies=tuple(agencies))


def _with(agency: Agency, egress: tuple[Egress, ...]) -> Agency:
    profile = agency.profile
    spec = msgspec.structs.replace(profile.spec, egress=(*profile.spec.egress, *egress))
    return msgspec.structs.replace(agency, profile=msgspec.structs.replace(profile, spec=spec))


def with_networks(estate: Estate, **changed: Any) -> Estate:
    spec = estate.platform.spec
    networks = msgspec.structs.replace(spec.networks, **changed)
    platform = msgspec.structs.replace(estate.platform, spec=msgspec.structs.replace(spec, networks=networks))
    return msgspec.structs.replace(estate, platform=platform)


@pytest.fixture(scope="module")
def proxied(estate: Estate) -> Estate:
    with_proxy = msgspec.structs.replace(estate, platform=with_egress_proxy(estate.platform))
    return with_egress(with_proxy, PAY, LAST)


def spaces(estate: Estate) -> list[str]:
    agency = estate.agency(AGENCY)
    assert agency
    return [agency.profile.namespace(environment) for environment in agency.profile.spec.environments]


def ways(estate: Estate) -> dict[tuple[str, ...], Manifest]:
    """What is there for hosts: the apps' ways, and all of the agency's in the proxy's namespace."""
    made = declaration(estate, AGENCY).manifests
    return {
        identity(one)[1:]: one
        for one in made
        if one["metadata"].get("namespace") == PROXY
        or one["metadata"]["name"] in {"allow-egress-pay", "allow-egress-last"}
    }


def test_an_app_reaches_the_proxys_pods_at_its_port_and_nothing_else(proxied: Estate) -> None:
    for space in spaces(proxied):
        way = ways(proxied)["NetworkPolicy", space, "allow-egress-pay"]
        peer = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": PROXY}},
            "podSelector": {"matchLabels": LABELS},
        }
        assert way["spec"] == {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "payments"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [peer], "ports": PORT}],
        }


def test_the_proxy_lets_in_the_apps_of_every_environment_and_no_others(proxied: Estate) -> None:
    policy = ways(proxied)["NetworkPolicy", PROXY, f"egress-from-{AGENCY}"]
    assert policy["spec"]["podSelector"] == {"matchLabels": LABELS}
    (rule,) = policy["spec"]["ingress"]
    assert rule["ports"] == PORT
    named = [
        (
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"],
        )
        for peer in rule["from"]
    ]
    assert named == sorted((space, app) for space in spaces(proxied) for app in ("archive", "payments"))
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert policy["metadata"]["labels"]["govcloud.internal/agency"] == AGENCY  # apply takes it away with the agency's


def test_the_proxys_operator_finds_who_may_reach_which_host_and_until_when(proxied: Estate) -> None:
    content = ways(proxied)["ConfigMap", PROXY, f"egress-{AGENCY}"]["data"]
    assert content.keys() == {"hosts.json"}
    assert json.loads(content["hosts.json"]) == [
        {
            "namespace": space,
            "app": egress.app,
            "host": "pay.example.test",
            "ports": sorted(port.port for port in egress.ports),
            "until": until,
        }
        for space in sorted(spaces(proxied))
        for egress, until in ((LAST, "2028-03-20T00:00:00+03:30"), (PAY, "2027-03-21T00:00:00+03:30"))
    ]


@pytest.mark.parametrize(
    ("government", "inside", "blocks"),
    [
        (("10.20.0.0/16",), {}, [("10.20.0.0/16", [])]),
        (("10.96.0.0/12",), {"services": ("10.96.0.0/16",)}, [("10.96.0.0/12", ["10.96.0.0/16"])]),
        (("10.96.1.0/24", "10.20.0.0/16"), {"services": ("10.96.0.0/16",)}, [("10.20.0.0/16", [])]),
        (("10.96.0.0/16",), {"services": ("10.96.0.0/16",)}, []),
        (
            ("2001:db8::/32", "10.20.0.0/16"),
            {"pods": ("10.244.0.0/16", "2001:db8:1::/48"), "nodes": ("2001:db8:0:1::/64", "2001:db8:1:2::/64")},
            [("2001:db8::/32", ["2001:db8:0:1::/64", "2001:db8:1::/48"]), ("10.20.0.0/16", [])],
        ),
        ((), {}, []),
    ],
)
def test_the_proxy_leads_to_the_governments_networks_and_never_to_the_platforms_own(
    government: tuple[str, ...],
    inside: dict[str, tuple[str, ...]],
    blocks: list[tuple[str, list[str]]],
    proxied: Estate,
) -> None:
    estate = with_networks(proxied, government=government, **inside)
    policy = ways(estate).get(("NetworkPolicy", PROXY, f"egress-of-{AGENCY}"))
    if not blocks:
        assert policy is None
        return
    assert policy is not None
    (rule,) = policy["spec"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": port} for port in (443, 8443, 9443)]
    assert [(peer["ipBlock"]["cidr"], peer["ipBlock"].get("except", [])) for peer in rule["to"]] == blocks
    for cidr, left_out in blocks:
        for one in map(ip_network, estate.platform.spec.networks.own):
            assert not ip_network(cidr).overlaps(one) or any(ip_network(out).overlaps(one) for out in left_out)


def test_without_a_proxy_a_host_opens_nothing(estate: Estate) -> None:
    assert ways(with_egress(estate, PAY)) == {}
    assert "egress-host" in {one.rule for one in evaluate(with_egress(estate, PAY)) if one.gates}


def test_an_agency_without_hosts_has_nothing_at_the_proxy(proxied: Estate) -> None:
    for one in declarations(proxied):
        if one.owner not in (AGENCY, "platform"):
            assert not [m for m in one.manifests if m["metadata"].get("namespace") == PROXY], one.owner


@pytest.mark.parametrize(("early", "is_open"), [(SECOND, True), (timedelta(), False), (-SECOND, False)])
def test_a_host_ends_on_all_sides_at_the_same_moment(early: timedelta, is_open: bool, proxied: Estate) -> None:  # noqa: FBT001
    as_of = PAY.until.begins(proxied.platform.zone) - early
    found = ways(msgspec.structs.replace(proxied, as_of=as_of))
    text = json.dumps(list(found.values()))
    assert any(key[2] == "allow-egress-pay" for key in found) is is_open
    assert ("payments" in text) is is_open
    assert ("8443" in text) is is_open
    assert "archive" in text


def test_with_the_last_host_everything_at_the_proxy_is_gone(proxied: Estate) -> None:
    as_of = LAST.until.begins(proxied.platform.zone)
    assert ways(msgspec.structs.replace(proxied, as_of=as_of)) == {}


def test_a_quarantine_shuts_the_proxy_too(proxied: Estate) -> None:
    assert len(ways(proxied)) > 3
    assert ways(shut(proxied, AGENCY)) == {}


def test_the_proxys_namespace_is_the_platforms_and_shut(proxied: Estate) -> None:
    made = {identity(one)[1:]: one for one in build.shared(proxied.platform)}
    assert made["Namespace", "", PROXY]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {key[2] for key in made if key[1] == PROXY} == {"default-deny", "allow-dns"}
    assert is_reserved(PROXY, proxied.platform)


def gating(estate: Estate) -> list[tuple[str, str, str]]:
    found = (*evaluate(estate), *judge_declared(estate, declarations(estate)).findings)
    return [(one.rule, one.subject, one.summary.en) for one in found if one.gates]


def test_two_hosts_of_an_app_are_one_way_to_the_proxy(proxied: Estate) -> None:
    more = with_egress(proxied, msgspec.structs.replace(PAY, name="older", host="older.example.test"))
    made = declaration(more, AGENCY)
    named = Counter(one["metadata"]["name"] for one in made.manifests if one["kind"] == "NetworkPolicy")
    many = len(spaces(more))
    assert [named[f"allow-egress-{one}"] for one in ("older", "pay", "last")] == [many, 0, many]
    assert "NP-14" not in {finding.rule for finding in judge_declared(more, [made]).findings}


def test_no_rule_is_broken_by_it(estate: Estate, proxied: Estate) -> None:
    assert gating(proxied) == gating(estate)
    assert gating(shut(proxied, AGENCY)) == gating(shut(estate, AGENCY))


def judged(estate: Estate, manifests: Iterable[Manifest]) -> set[tuple[str, str, str]]:
    declared = [declaration(estate, "platform"), Declaration(AGENCY, tuple(manifests))]
    return {(one.rule, one.subject, one.summary.en) for one in judge_declared(estate, declared).findings}


@pytest.mark.parametrize(
    "name", ["allow-egress-pay", f"egress-from-{AGENCY}", f"egress-of-{AGENCY}", f"egress-{AGENCY}"]
)
def test_a_way_of_calmer_days_is_found_in_quarantine_and_after_the_end(name: str, proxied: Estate) -> None:
    late = [one for key, one in ways(proxied).items() if key[2] == name]
    assert late
    for after in (
        shut(proxied, AGENCY),
        msgspec.structs.replace(proxied, as_of=datetime.fromisoformat("2028-03-21T00:00Z")),
    ):
        manifests = declaration(after, AGENCY).manifests
        for one in late:
            new = judged(after, [*manifests, one]) - judged(after, manifests)
            assert {rule for rule, _, _ in new} & {"NP-20", "NP-21"}, identity(one)


NARROWER = {
    ("spec.egress", "removed"): "no rule at all: shut",
    ("spec.ingress", "removed"): "no rule at all: shut",
    ("spec.egress.to", "removed"): "one network less",
    ("spec.ingress.from", "removed"): "one app less",
    ("spec.egress.ports", "removed"): "one port less",
}
"""What may be taken out of a list unseen. Of the last entry, or of the whole list, something is said."""


def test_nothing_of_it_can_be_widened_unseen(proxied: Estate) -> None:
    whole = declaration(proxied, AGENCY).manifests
    known = judged(proxied, whole)
    tried: Counter[str] = Counter()
    unseen: set[tuple[str, str]] = set()
    for index, manifest in enumerate(whole):
        if identity(manifest)[1:] in ways(proxied) and manifest["metadata"]["namespace"] in (PROXY, spaces(proxied)[0]):
            for one in weakenings(manifest):
                if one.body is None or one.pointer.startswith("metadata.labels"):
                    continue
                tried[manifest["metadata"]["name"]] += 1
                if not judged(proxied, [*whole[:index], one.body, *whole[index + 1 :]]) - known:
                    unseen.add((one.pointer, one.how))
    assert unseen == NARROWER.keys()
    assert len(tried) == 5
    assert min(tried.values()) > 1
