"""Estates in which one profile says something else: most of all without its half of a flow."""

from collections.abc import Callable

import msgspec

from components.estate.estate import Agency, Estate
from components.estate.flows import Flow
from components.estate.profile import Spec

replaced = msgspec.structs.replace


def changed(estate: Estate, agency_id: str, change: Callable[[Spec], Spec]) -> Estate:
    """Return the estate with another specification of one agency."""

    def other(agency: Agency) -> Agency:
        if agency.id != agency_id:
            return agency
        return replaced(agency, profile=replaced(agency.profile, spec=change(agency.profile.spec)))

    return replaced(estate, agencies=tuple(other(agency) for agency in estate.agencies))


def without_inquiry(flow: Flow) -> Callable[[Spec], Spec]:
    """Return what takes the consumer's half away."""
    return lambda spec: replaced(
        spec, inquiries=tuple(one for one in spec.inquiries if (one.provider, one.api) != (flow.provider, flow.api))
    )


def with_offer(flow: Flow, **fields: object) -> Callable[[Spec], Spec]:
    """Return what changes the provider's API."""
    return lambda spec: replaced(
        spec, apis=tuple(replaced(api, **fields) if api.id == flow.api else api for api in spec.apis)
    )


def without_consent(flow: Flow) -> Callable[[Spec], Spec]:
    """Return what takes the provider's half away."""
    assert flow.offer
    return with_offer(flow, consents=tuple(one for one in flow.offer.consents if one.consumer != flow.consumer))
