"""Every window of the examples: not a sample."""

import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from scripts import discovery
from scripts.localcloud.window import opening
from tests.window.conftest import PASSWORD, Site

pytestmark = [pytest.mark.live, pytest.mark.login]

ENVOY = "/apis/gateway.envoyproxy.io/v1alpha1"
GATEWAY = "/apis/gateway.networking.k8s.io/v1"


def test_somebody_logs_in_to_every_window_with_one_password(site: Site) -> None:
    urls = sorted(opening.entrances(site.estate).values())
    windows = {agency.id for agency in site.estate.agencies if agency.profile.spec.window}
    empty = {"ngschools"}  # has a window, and no service in it yet
    assert {urlsplit(url).hostname for url in urls} == {f"{agency}.gov.test" for agency in windows - empty}
    person = site.logged_in("citizen", urls[0])
    hosts = set()
    for url in urls:
        page = person.visit(url)  # goes by the national login, which asks for nothing any more
        assert (page.status, page.url) == (200, url)
        hosts.add(urlsplit(url).hostname)
        told = json.loads(page.text)
        assert told["path"] == urlsplit(url).path
        assert "govcloud" not in told["headers"].get("cookie", "")
    sessions = Counter(cookie.domain for cookie in person.cookies if cookie.name.startswith("govcloud-access-"))
    assert sessions == dict.fromkeys(hosts, 1)


def test_every_route_is_accepted_and_finds_its_backend(site: Site) -> None:
    routes = _items(site, f"{GATEWAY}/httproutes")
    states = {
        (condition["type"], condition["status"])
        for route in routes
        for parent in route["status"]["parents"]
        for condition in parent["conditions"]
    }
    assert len(routes) > 100
    assert all(route["status"]["parents"] for route in routes)
    assert states == {("Accepted", "True"), ("ResolvedRefs", "True")}


@pytest.mark.parametrize(
    "kind", ["securitypolicies", "backendtrafficpolicies", "clienttrafficpolicies", "envoyextensionpolicies"]
)
def test_every_policy_is_accepted(site: Site, kind: str) -> None:
    policies = _items(site, f"{ENVOY}/{kind}")
    assert policies
    for policy in policies:
        conditions = [c for ancestor in policy["status"]["ancestors"] for c in ancestor["conditions"]]
        assert ("Accepted", "True") in {(c["type"], c["status"]) for c in conditions}, policy["metadata"]["name"]
        assert not [c for c in conditions if c["type"] == "Accepted" and c["status"] != "True"]


def test_every_listener_is_accepted(site: Site) -> None:
    listeners = _items(site, f"{GATEWAY}/listenersets")
    assert len(listeners) > 20
    for one in listeners:
        states = {c["type"]: c["status"] for c in one["status"]["conditions"]}
        assert states["Accepted"] == "True", one["metadata"]["name"]
        (listener,) = one["status"]["listeners"]
        assert {c["type"]: c["status"] for c in listener["conditions"]}["ResolvedRefs"] == "True"


def test_both_gateways_listen_with_their_certificates(site: Site) -> None:
    gateways = {one["metadata"]["name"]: one["status"] for one in _items(site, f"{GATEWAY}/gateways")}
    spec = site.estate.platform.spec
    assert spec.exchange
    assert gateways.keys() == {spec.gateway.name, spec.exchange.name}
    for name, status in gateways.items():
        assert {c["type"]: c["status"] for c in status["conditions"]}["Accepted"] == "True", name
        for listener in status["listeners"]:
            states = {c["type"]: c["status"] for c in listener["conditions"]}
            assert (states["Accepted"], states["ResolvedRefs"]) == ("True", "True"), name


# Who may enter


def _status(site: Site, user: str, url: str, first: str = "https://irica.gov.test/declaration-status") -> int:
    """Log in somewhere else first if `first` says so: membership decides, not how one came."""
    person = site.person()
    page = person.log_in(person.visit(first), user, PASSWORD)
    assert urlsplit(page.url).hostname == urlsplit(first).hostname
    return person.visit(url).status


BROKERS, MAP = "https://irica.gov.test/broker-desk", "https://irica.gov.test/transit-map"
STATUS, DUTIES = "https://irica.gov.test/declaration-status", "https://irica.gov.test/duties"


@pytest.mark.parametrize(
    ("user", "url", "status"),
    [
        ("citizen", DUTIES, 200),
        ("citizen", BROKERS, 403),
        ("citizen", MAP, 403),
        ("broker", BROKERS, 200),
        ("broker", DUTIES, 200),
        ("broker", "https://irica.gov.test/warehouse-receipts", 403),
        ("licensed", STATUS, 200),
        ("licensed", MAP, 200),
        ("licensed", DUTIES, 403),
        ("licensed", BROKERS, 403),
        ("licensed", "https://tamin.gov.test/my-record", 403),
        ("ended", "https://tamin.gov.test/my-record", 403),
        ("ended", STATUS, 403),
        ("unregistered", DUTIES, 403),
        ("unregistered", STATUS, 403),
    ],
)
def test_who_may_enter_where(site: Site, user: str, url: str, status: int) -> None:
    assert _status(site, user, url) == status


def test_a_public_service_asks_nobody_and_learns_of_nobody(site: Site) -> None:
    url = "https://irica.gov.test/tariff-book"
    assert site.person().get(url).status == 200
    known = site.logged_in("citizen", DUTIES)
    headers = json.loads(known.get(url).text)["headers"]
    assert "cookie" not in headers
    assert not [name for name in headers if name.startswith("x-govcloud")]


def test_people_abroad_log_in_as_everybody(site: Site) -> None:
    """An identity flow of its own is a work item, not an exemption (R32)."""
    abroad = [
        f"https://{agency.profile.spec.window.host}{service.window.path}"
        for agency in site.estate.agencies
        for service in agency.profile.spec.services
        if service.identity_flow == "nonResidentEmail" and service.window and agency.profile.spec.window
    ]
    assert abroad
    for url in abroad:
        assert site.person().get(url).location.startswith(site.window.issuer)


# The bare host and the national window


def test_the_bare_host_sends_to_the_agencys_services(site: Site) -> None:
    page = site.person().visit("https://irica.gov.test/")
    assert (page.status, page.url) == (200, "https://window.gov.test/?agency=irica")
    assert 'dir="rtl"' in page.text


def test_the_national_window_lists_what_is_served_and_all_of_it_answers(site: Site) -> None:
    listed = json.loads(site.person().get("https://window.gov.test/catalogue.json").text)["services"]
    assert len(listed) > 250
    person = site.person()
    for service in listed[::10]:
        page = person.get(service["url"])
        wanted = 200 if service["access"] == "public" else 302
        assert page.status == wanted, service["url"]


def _items(site: Site, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = site.cluster.request("GET", path)[1]["items"]
    return items


def test_the_live_login_is_what_the_windows_expect(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert discovery.check(site.estate, site.window, None) == 0
    keys = msgspec.structs.replace(site.estate.platform.spec, issuer_keys="https://login.gov.test/keys")
    platform = msgspec.structs.replace(site.estate.platform, spec=keys)
    assert discovery.check(msgspec.structs.replace(site.estate, platform=platform), site.window, None) == 1
    assert "set `issuerKeys`" in capsys.readouterr().out
