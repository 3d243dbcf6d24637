"""The national window's data: what has a route is in it, what has none is not, and the reason is said."""

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from components.estate.estate import Estate
from components.estate.profile import Kind, ServiceWindow
from scripts.report.portal_catalogue import Catalogue, Reason, catalogue, document
from stacks.declaration import Declaration, declarations
from tests.manifests.emergency import shut
from tests.report.altered import changed, listed_in, only_staging, with_service

EXCHANGE = "govcloud-exchange"
"""Where agencies' apps, and nobody else, call each other: no window."""


def high_use(estate: Estate) -> set[str]:
    """Return the cards that belong in the national window (R29)."""
    services = (service for agency in estate.agencies for service in agency.profile.spec.services)
    return {service.card_id for service in services if service.kind is Kind.DEDICATED and service.high_use}


def served(declared: Iterable[Declaration]) -> list[str]:
    """Return host and path of every rule of a window that leads to a workload. Those of the login lead to none."""
    return [
        f"{host}{match['path']['value']}"
        for one in declared
        if one.owner != "platform"
        for route in one.manifests
        if route["kind"] == "HTTPRoute" and route["metadata"]["namespace"] != EXCHANGE
        for host in route["spec"]["hostnames"]
        for rule in route["spec"]["rules"]
        if rule.get("backendRefs")
        for match in rule["matches"]
    ]


def without(declared: Iterable[Declaration], drop: Callable[[dict[str, Any]], bool]) -> tuple[Declaration, ...]:
    return tuple(Declaration(one.owner, tuple(m for m in one.manifests if not drop(m))) for one in declared)


def cards(listed: Catalogue) -> set[str]:
    return {one.service.card_id for one in listed.connected}


def reasons(listed: Catalogue) -> dict[str, str]:
    return {one.service.card_id: str(one.reason) for one in listed.missing}


def test_every_dedicated_high_use_service_is_in_it_or_missing(estate: Estate, listed: Catalogue) -> None:
    wanted = high_use(estate)
    assert len(wanted) > 150
    assert wanted <= cards(listed) | reasons(listed).keys()
    assert not cards(listed) & reasons(listed).keys()
    assert reasons(listed).keys() <= wanted


def test_who_is_missing_among_the_examples_and_why(listed: Catalogue) -> None:
    assert reasons(listed) == {
        **{f"BANK-NEMUNEH-{number:03}": "no window" for number in (1, 2, 3, 5, 6, 7, 8, 9, 10)},
        **{f"NGSCHOOLS-{number:03}": "not offered in a window" for number in (2, 3, 5)},
    }


def test_every_address_is_a_route_and_every_route_an_address(estate: Estate, listed: Catalogue) -> None:
    addresses = [one.url.removeprefix("https://") for one in listed.connected]
    assert len(addresses) == len(set(addresses)) > 300
    assert set(addresses) == set(served(declarations(estate)))


def test_every_card_leads_to_its_own_path(listed: Catalogue) -> None:
    for one in listed.connected:
        assert one.service.window is not None
        assert one.path == one.service.window.path, one.service.card_id


def test_another_port_stands_in_the_address(estate: Estate) -> None:
    spec = estate.platform.spec
    gateway = msgspec.structs.replace(spec.gateway, https_port=8443)
    platform = msgspec.structs.replace(estate.platform, spec=msgspec.structs.replace(spec, gateway=gateway))
    moved = listed_in(msgspec.structs.replace(estate, platform=platform))
    assert {urlsplit(one.url).port for one in moved.connected} == {8443}


def test_a_service_in_the_parents_window_is_at_the_parents_host(listed: Catalogue) -> None:
    (one,) = [one for one in listed.connected if one.service.card_id == "ASHAYER-001"]
    assert (one.agency.id, one.owner, one.url) == ("ashayer", "maj", "https://maj.gov.test/nomads-household")


def test_a_service_with_a_websocket_is_listed_once(estate: Estate) -> None:
    (one,) = [a for a in estate.agencies if a.id == "irica"]
    (service,) = [s for s in one.profile.spec.services if s.card_id == "IRICA-002"]
    assert service.backend is not None
    socket = msgspec.structs.replace(service.backend, web_socket=True)
    with_socket = listed_in(with_service(estate, "IRICA-002", backend=socket))
    assert [(c.service.card_id, c.url) for c in with_socket.connected] == [
        (c.service.card_id, c.url) for c in listed_in(estate).connected
    ]


def test_without_its_route_a_service_is_gone_and_said_to_be(estate: Estate, listed: Catalogue) -> None:
    declared = declarations(estate)
    routes = [m for one in declared for m in one.manifests if m["kind"] == "HTTPRoute"]
    marked = [route for route in routes if "govcloud.internal/cards" in route["metadata"].get("annotations", {})]
    assert len(marked) > 40
    for route in marked:
        lost = set(route["metadata"]["annotations"]["govcloud.internal/cards"].split(","))
        left = catalogue(estate, without(declared, lambda m, route=route: m is route))  # type: ignore[misc]
        assert cards(left) == cards(listed) - lost
        assert reasons(left) == reasons(listed) | dict.fromkeys(lost & high_use(estate), "no route")


def test_without_its_listener_a_window_is_gone_with_its_childrens_services(estate: Estate, listed: Catalogue) -> None:
    def is_window(manifest: dict[str, Any]) -> bool:
        return (manifest["kind"], manifest["metadata"]["name"]) == ("ListenerSet", "maj")

    lost = {one.service.card_id for one in listed.connected if one.owner == "maj"}
    assert {"ASHAYER-001", "MAJ-001"} <= lost
    assert cards(catalogue(estate, without(declarations(estate), is_window))) == cards(listed) - lost


def test_a_route_for_a_host_that_the_listener_does_not_serve_connects_nothing(
    estate: Estate, listed: Catalogue
) -> None:
    def moved(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "HTTPRoute":
            return manifest
        return manifest | {"spec": manifest["spec"] | {"hostnames": ["elsewhere.gov.test"]}}

    declared = declarations(estate)
    strayed = [
        Declaration(one.owner, tuple(moved(m) if one.owner == "post" else m for m in one.manifests)) for one in declared
    ]
    assert cards(catalogue(estate, strayed)) == {c for c in cards(listed) if not c.startswith("POST-")}


def test_a_route_whose_paths_are_not_its_cards_is_an_error(estate: Estate) -> None:
    (one,) = [d for d in declarations(estate) if d.owner == "post"]
    (route,) = [m for m in one.manifests if m["metadata"]["name"] == "post-window-1"]
    fewer = route | {"spec": route["spec"] | {"rules": route["spec"]["rules"][:-1]}}
    broken = tuple(fewer if m is route else m for m in one.manifests)
    with pytest.raises(ValueError, match="shorter"):
        catalogue(estate, [Declaration("post", broken)])


def test_each_reason_is_the_first_thing_that_is_lacking(estate: Estate) -> None:
    place = ServiceWindow(offered_in="parent", path="/elsewhere")
    cases = {
        Reason.NO_PRODUCTION: (only_staging(estate, "irica"), "IRICA-001"),
        Reason.NO_WINDOW: (changed(estate, "irica", window=None), "IRICA-001"),
        Reason.NOT_OFFERED: (with_service(estate, "IRICA-001", window=None), "IRICA-001"),
        Reason.NO_BACKEND: (with_service(estate, "IRICA-001", window=None, backend=None), "IRICA-001"),
        Reason.NO_PARENT_WINDOW: (changed(estate, "maj", window=None), "ASHAYER-001"),
    }
    for reason, (without_it, card_id) in cases.items():
        found = listed_in(without_it)
        assert reasons(found)[card_id] == reason
        assert card_id not in cards(found)
    orphan = with_service(estate, "BANK-NEMUNEH-001", window=place)
    assert reasons(listed_in(orphan))["BANK-NEMUNEH-001"] == Reason.NO_PARENT_WINDOW
    assert reasons(listed_in(only_staging(estate, "maj")))["ASHAYER-001"] == Reason.NO_PARENT_WINDOW


def test_a_general_or_ordinary_service_is_never_missing(estate: Estate) -> None:
    for fields in ({"kind": Kind.GENERAL}, {"high_use": False}):
        assert "BANK-NEMUNEH-001" not in reasons(listed_in(with_service(estate, "BANK-NEMUNEH-001", **fields)))


def test_the_catalogue_as_data(listed: Catalogue) -> None:
    content = json.loads(document(listed))
    assert content.keys() == {"services", "missing"}
    assert [service["cardId"] for service in content["services"]] == [one.service.card_id for one in listed.connected]
    by_card = {service["cardId"]: service for service in content["services"]}
    assert by_card["PBO-007"] == {
        "cardId": "PBO-007",
        "titleFa": "انتشار فهرست‌بهای پایه رشته‌های عمرانی",
        "titleEn": "Base price lists of construction",
        "agency": "pbo",
        "agencyNameFa": "سازمان برنامه و بودجه کشور",
        "agencyNameEn": "Plan and Budget Organization",
        "kind": "dedicated",
        "highUse": False,
        "access": "public",
        "url": "https://pbo.gov.test/price-lists",
        "closed": False,
    }
    assert content["missing"][0].keys() == {"cardId", "titleFa", "agency", "reason"}
    assert {one["cardId"]: one["reason"] for one in content["missing"]} == reasons(listed)


def test_services_of_an_agency_in_quarantine_are_listed_as_closed_and_no_others(
    estate: Estate, listed: Catalogue
) -> None:
    in_parents = {one.agency.id for one in listed.connected if one.owner != one.agency.id}
    for agency in ("irica", min(in_parents)):
        found = listed_in(shut(estate, agency))
        assert [one._replace(is_closed=False) for one in found.connected] == list(listed.connected)
        assert {one.agency.id for one in found.connected if one.is_closed} == {agency}
        closed = {one["cardId"] for one in json.loads(document(found))["services"] if one["closed"]}
        assert closed == {one.service.card_id for one in listed.connected if one.agency.id == agency}
