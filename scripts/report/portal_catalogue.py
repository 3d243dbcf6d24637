"""What the national window lists (R29): the services that have a route, and the high-use ones that still have none.

Knows no page. That a service is connected, and where, is read from the manifests; profiles give it its title only.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from components.estate.estate import Agency, Estate
from components.estate.platform import DEFAULT_HTTPS_PORT
from components.estate.profile import Kind, Service
from components.manifests.manifest import DOMAIN, Manifest
from components.manifests.window import open_window
from stacks.declaration import Declaration

CARDS: Final = f"{DOMAIN}/cards"
"""Annotation of a route that serves services: their cards, in the order of its paths."""


class Reason(StrEnum):
    """Why a service has no route: the first thing that is lacking. Not a finding; rules judge elsewhere."""

    NO_PRODUCTION = "no production"
    NO_WINDOW = "no window"
    NO_PARENT_WINDOW = "no window of the parent"
    NO_BACKEND = "no backend"
    NOT_OFFERED = "not offered in a window"
    NO_ROUTE = "no route"


class Connected(NamedTuple):
    """A service that has a route: whose it is, in whose window it stands, and where people open it.

    Attributes:
        is_closed: Whether its agency is in quarantine, so that nobody answers at present.
    """

    agency: Agency
    service: Service
    owner: str
    origin: str
    path: str
    is_closed: bool

    @property
    def url(self) -> str:
        """The address of the service."""
        return f"{self.origin}{self.path}"


class Missing(NamedTuple):
    """A dedicated high-use service that has no route."""

    agency: Agency
    service: Service
    reason: Reason


class Catalogue(NamedTuple):
    """Both lists, each in the order of agencies and cards."""

    connected: tuple[Connected, ...]
    missing: tuple[Missing, ...]


class _Listener(NamedTuple):
    owner: str
    host: str
    origin: str


_Listeners: TypeAlias = Mapping[tuple[str, str, str], _Listener]


def catalogue(estate: Estate, declared: Iterable[Declaration]) -> Catalogue:
    """Return what the agencies' manifests connect, and what they leave out.

    Raises:
        ValueError: A route does not have one path for each of its cards.
    """
    declarations = {one.owner: one.manifests for one in declared if estate.agency(one.owner) is not None}
    listeners = dict(_listeners(declarations))
    connected: list[Connected] = []
    missing: list[Missing] = []
    for agency in sorted(estate.agencies, key=lambda one: one.id):
        routed = dict(_routed(declarations.get(agency.id, ()), listeners))
        is_closed = estate.quarantine(agency.id) is not None
        for service in sorted(agency.profile.spec.services, key=lambda one: one.card_id):
            if service.card_id in routed:
                listener, path = routed[service.card_id]
                connected.append(Connected(agency, service, listener.owner, listener.origin, path, is_closed))
            elif service.kind is Kind.DEDICATED and service.high_use:
                missing.append(Missing(agency, service, _reason(estate, agency, service)))
    return Catalogue(tuple(connected), tuple(missing))


def document(listed: Catalogue) -> str:
    """Return the catalogue as JSON text."""
    content = {
        "services": [_service(one) for one in listed.connected],
        "missing": [
            {
                "cardId": one.service.card_id,
                "titleFa": one.service.title_fa,
                "agency": one.agency.id,
                "reason": str(one.reason),
            }
            for one in listed.missing
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _service(one: Connected) -> dict[str, Any]:
    identity, service = one.agency.profile.spec.identity, one.service
    return {
        "cardId": service.card_id,
        "titleFa": service.title_fa,
        "titleEn": service.title_en,
        "agency": one.agency.id,
        "agencyNameFa": identity.name_fa,
        "agencyNameEn": identity.name_en,
        "kind": str(service.kind),
        "highUse": service.high_use,
        "access": service.access.policy,
        "url": one.url,
        "closed": one.is_closed,
    }


def _listeners(declarations: Mapping[str, Iterable[Manifest]]) -> Iterator[tuple[tuple[str, str, str], _Listener]]:
    """Yield the listeners of the agencies' windows, by namespace, ListenerSet and section."""
    for owner, manifests in declarations.items():
        for manifest in manifests:
            if manifest["kind"] == "ListenerSet":
                metadata = manifest["metadata"]
                for listener in manifest["spec"]["listeners"]:
                    host, port = listener["hostname"], listener["port"]
                    origin = f"https://{host}" if port == DEFAULT_HTTPS_PORT else f"https://{host}:{port}"
                    where = metadata["namespace"], metadata["name"], listener["name"]
                    yield where, _Listener(owner, host, origin)


def _routed(manifests: Iterable[Manifest], listeners: _Listeners) -> Iterator[tuple[str, tuple[_Listener, str]]]:
    """Yield card, listener and path of what is really served: on a listener that is there, for that listener's host."""
    for manifest in manifests:
        cards = manifest["metadata"].get("annotations", {}).get(CARDS)
        if manifest["kind"] == "HTTPRoute" and cards:
            spec = manifest["spec"]
            paths = dict.fromkeys(match["path"]["value"] for rule in spec["rules"] for match in rule["matches"])
            for ref in spec["parentRefs"]:
                listener = listeners.get((ref["namespace"], ref["name"], ref["sectionName"]))
                if listener is not None and listener.host in spec["hostnames"]:
                    for card, path in zip(cards.split(","), paths, strict=True):
                        yield card, (listener, path)


def _reason(estate: Estate, agency: Agency, service: Service) -> Reason:
    in_parents = service.window is not None and service.window.offered_in == "parent"
    owner = estate.agency(agency.profile.spec.identity.parent or "") if in_parents else agency
    lacking = (
        (not agency.has_production, Reason.NO_PRODUCTION),
        (owner is None or open_window(owner) is None, Reason.NO_WINDOW),
        (service.backend is None, Reason.NO_BACKEND),
        (service.window is None, Reason.NOT_OFFERED),
    )
    reason = next((reason for is_lacking, reason in lacking if is_lacking), Reason.NO_ROUTE)
    return Reason.NO_PARENT_WINDOW if in_parents and reason is Reason.NO_WINDOW else reason
