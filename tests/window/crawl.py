"""Asks every host and path that the cluster's own routes name, and tells what is open."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from components.estate.estate import Estate
from components.manifests.login import client_id
from components.manifests.window import open_window
from tests.window.conftest import Site
from tests.window.wire import get

LOGIN_PATHS = ("/oauth2/callback", "/logout")
"""Answered by the gateway itself in every window; tests/window/test_login.py says how."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A host and a path that a route takes."""

    host: str
    path: str


def places(site: Site) -> Iterator[Place]:
    """Yield what the routes in the cluster say, whoever made them; test_exchange.py asks those of the exchange."""
    inner = site.estate.platform.spec.exchange
    routes: list[dict[str, Any]] = site.cluster.request("GET", "/apis/gateway.networking.k8s.io/v1/httproutes")[1][
        "items"
    ]
    for route in routes:
        if inner is not None and route["metadata"]["namespace"] == inner.namespace:
            continue
        for host in route["spec"].get("hostnames", []):
            for rule in route["spec"]["rules"]:
                for match in rule.get("matches") or [{}]:
                    yield Place(host, match.get("path", {}).get("value", "/"))


def approved(estate: Estate) -> set[Place]:
    """Return what may answer without a login: services that are declared public, bare hosts, the national window."""
    portal = estate.platform.spec.national_window
    assert portal
    open_places = {Place(portal.host, "/")}
    hosts = {agency.id: window.host for agency in estate.agencies if (window := open_window(agency))}
    for agency in estate.agencies:
        if agency.id in hosts:
            open_places.add(Place(hosts[agency.id], "/"))
        whose = {"own": agency.id, "parent": agency.profile.spec.identity.parent or ""}
        for service in agency.profile.spec.services:
            if service.window is not None and service.access.policy == "public":
                open_places.add(Place(hosts[whose[service.window.offered_in]], service.window.path))
    return open_places


def open_without_reason(site: Site) -> list[Place]:
    """Return each place that neither sends to the national login as its window's own client, nor is approved."""
    clients = {w.host: client_id(agency, w) for agency in site.estate.agencies if (w := open_window(agency))}
    allowed = approved(site.estate)
    asked = sorted({place for place in places(site) if place.path not in LOGIN_PATHS} - allowed)
    assert len(asked) > 250
    return [place for place in asked if not _asks(site, place, clients.get(place.host))]


def _asks(site: Site, place: Place, client: str | None) -> bool:
    answer = get(site.window, place.path, host=place.host, sni=place.host)
    to = urlsplit(answer.location)
    at_issuer = answer.location.startswith(f"{site.window.issuer}/protocol/openid-connect/auth?")
    return answer.status == 302 and at_issuer and parse_qs(to.query)["client_id"] == [client]
