"""Estates and what they list, where one thing is other than in the examples."""

from typing import Any

import msgspec

from components.estate.estate import Agency, Estate
from components.estate.profile import EnvironmentName, Service
from scripts.report.portal_catalogue import Catalogue, catalogue
from stacks.declaration import declarations


def changed(estate: Estate, agency_id: str, **fields: Any) -> Estate:
    """Return the estate where parts of one agency's spec are other ones."""

    def change(agency: Agency) -> Agency:
        if agency.id != agency_id:
            return agency
        spec = msgspec.structs.replace(agency.profile.spec, **fields)
        return msgspec.structs.replace(agency, profile=msgspec.structs.replace(agency.profile, spec=spec))

    return msgspec.structs.replace(estate, agencies=tuple(change(agency) for agency in estate.agencies))


def with_service(estate: Estate, card_id: str, **fields: Any) -> Estate:
    """Return the estate where parts of one service are other ones."""
    agency, services = next(
        (agency, agency.profile.spec.services)
        for agency in estate.agencies
        if any(service.card_id == card_id for service in agency.profile.spec.services)
    )

    def change(service: Service) -> Service:
        return msgspec.structs.replace(service, **fields) if service.card_id == card_id else service

    return changed(estate, agency.id, services=tuple(change(service) for service in services))


def only_staging(estate: Estate, agency_id: str) -> Estate:
    agency = estate.agency(agency_id)
    assert agency is not None
    kept = tuple(e for e in agency.profile.spec.environments if e.name is not EnvironmentName.PRODUCTION)
    return changed(estate, agency_id, environments=kept)


def listed_in(estate: Estate) -> Catalogue:
    return catalogue(estate, declarations(estate))
