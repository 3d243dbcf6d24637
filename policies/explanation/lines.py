"""By which lines of the profiles, and of the platform, a connection is declared; knows no objects."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from components.estate.emergencies import REGISTER, Quarantine, told
from components.estate.estate import Agency, Estate, production
from components.estate.finding import PathPart, Where, Words
from components.estate.flows import flows, is_open
from components.estate.loader import PLATFORM
from components.estate.profile import Egress
from components.estate.waiver import both_calendars
from components.manifests import network
from policies.explanation.answer import Reason, Role
from policies.explanation.scene import End
from policies.reachability.endpoint import Network, Outside

_DNS_PORT: Final = 53


def declared(estate: Estate, source: End, target: End, port: int, protocol: str) -> tuple[Reason, ...]:
    """Return the lines that open this connection."""
    if isinstance(target.endpoint, Outside):
        found = _egress(estate, source, target.endpoint.network, port, protocol)
    elif target.agency is None:
        found = _to_platform(estate, source, target, port, protocol)
    elif source.agency is None:
        found = _from_platform(estate, source, target, port, protocol)
    else:
        found = _flows(source, target, port, protocol)
    return tuple(found)


def blocked(estate: Estate, source: End, target: End, port: int | None) -> tuple[Reason, ...]:
    """Return the lines that shut it: quarantines, and ways out that have ended."""
    found = [*quarantined(estate, *(end.agency.id for end in (source, target) if end.agency is not None))]
    agency = source.agency
    if agency is not None and isinstance(target.endpoint, Outside):
        for index, egress in enumerate(agency.profile.spec.egress):
            is_port = port is None or any(one.port == port for one in egress.ports)
            is_meant = egress.app == source.app and is_port and _covers(egress, target.endpoint.network)
            if is_meant and estate.has_ended(egress.until):
                until = both_calendars(egress.until)
                said = Words(f"{egress.name} ended on {until.en}", f"{egress.name} در {until.fa} پایان یافت")
                found.append(_line(Role.BLOCKS, agency.file, ("spec", "egress", index, "until"), said))
    return tuple(found)


def quarantined(estate: Estate, *agency_ids: str) -> Iterator[Reason]:
    """Yield the quarantines in which these agencies are now."""
    holding = [estate.quarantine(agency_id) for agency_id in agency_ids]
    for placed in estate.emergencies.listed():
        one = placed.emergency
        if isinstance(one, Quarantine) and one in holding:
            until = told(one.until.begins(estate.platform.zone))
            said = Words(
                f"{one.agency} is in quarantine until {until.en}: {one.reason}",
                f"{one.agency} تا {until.fa} در قرنطینه است: {one.reason}",
            )
            yield _line(Role.BLOCKS, REGISTER, placed.path, said)


def _flows(source: End, target: End, port: int, protocol: str) -> Iterator[Reason]:
    if source.agency is None or source.namespace != target.namespace:
        return
    for index, flow in enumerate(source.agency.profile.spec.flows):
        if (flow.source, flow.target, flow.port, flow.protocol) == (source.app, target.app, port, protocol):
            yield _declares(source.agency.file, ("spec", "flows", index), flow.name)


def _egress(estate: Estate, source: End, outside: Network, port: int, protocol: str) -> Iterator[Reason]:
    if source.agency is None:
        return
    for index, egress in enumerate(source.agency.profile.spec.egress):
        is_port = any((one.port, one.protocol) == (port, protocol) for one in egress.ports)
        if egress.app == source.app and is_port and _covers(egress, outside) and not estate.has_ended(egress.until):
            until = both_calendars(egress.until)
            said = Words(f"{egress.name}, until {until.en}", f"{egress.name}، تا {until.fa}")
            yield _line(Role.DECLARES, source.agency.file, ("spec", "egress", index), said)


def _to_platform(estate: Estate, source: End, target: End, port: int, protocol: str) -> Iterator[Reason]:
    spec = estate.platform.spec
    if target.app == "dns" and port == _DNS_PORT and protocol in ("UDP", "TCP"):
        yield _declares(PLATFORM, ("spec", "dns"), "dns")
    exchange = spec.exchange
    if exchange is None or target.app != "exchange" or source.agency is None:
        return
    if (port, protocol, source.namespace) == (
        network.envoy_port(exchange.https_port),
        "TCP",
        production(source.agency.id),
    ):
        for flow in flows(estate):
            if flow.consumer == source.agency.id and is_open(estate, flow) and not flow.is_direct and flow.inquiry:
                index = source.agency.profile.spec.inquiries.index(flow.inquiry)
                if flow.inquiry.app == source.app:
                    said = Words(f"asks {flow.provider}/{flow.api}", f"از {flow.provider}/{flow.api} می‌پرسد")
                    yield _line(Role.ASKS, source.agency.file, ("spec", "inquiries", index), said)


def _from_platform(estate: Estate, source: End, target: End, port: int, protocol: str) -> Iterator[Reason]:
    agency, monitoring = target.agency, estate.platform.spec.monitoring
    if agency is None or protocol != "TCP":
        return
    if source.app == "monitoring" and monitoring is not None and port == monitoring.port:
        yield _declares(PLATFORM, ("spec", "monitoring"), "monitoring")
    if target.namespace == production(agency.id):
        led = {"gateway": _windows, "exchange": _consents}.get(source.app)
        yield from led(estate, agency, target.app, port) if led is not None else ()


def _windows(_: Estate, agency: Agency, app: str, port: int) -> Iterator[Reason]:
    """Yield the services in a window that an app serves at a port."""
    for index, service in enumerate(agency.profile.spec.services):
        backend = service.backend
        if backend is not None and service.window is not None and (backend.app, backend.port) == (app, port):
            said = Words(f"service {service.card_id} in a window", f"خدمت {service.card_id} در پنجره")
            yield _line(Role.DECLARES, agency.file, ("spec", "services", index, "backend"), said)


def _consents(estate: Estate, agency: Agency, app: str, port: int) -> Iterator[Reason]:
    """Yield the consents to what an app answers at a port, through the exchange."""
    for flow in flows(estate):
        api, consent = flow.offer, flow.consent
        if flow.provider != agency.id or api is None or consent is None or (api.app, api.port) != (app, port):
            continue
        if is_open(estate, flow) and not flow.is_direct:
            path = ("spec", "apis", agency.profile.spec.apis.index(api), "consents", api.consents.index(consent))
            said = Words(f"{api.id} for {flow.consumer}", f"{api.id} برای {flow.consumer}")
            yield _line(Role.AGREES, agency.file, path, said)


def _covers(egress: Egress, outside: Network) -> bool:
    around = ip_network(egress.cidr) if egress.cidr is not None else None
    return around is not None and around.version == outside.version and outside.subnet_of(around)  # type: ignore[arg-type]


def _declares(file: str, path: tuple[PathPart, ...], name: str) -> Reason:
    return _line(Role.DECLARES, file, path, Words(name, name))


def _line(role: Role, file: str, path: tuple[PathPart, ...], said: Words) -> Reason:
    return Reason(role=role, said=said, where=Where(file, path))
