"""The service catalogue: what the agency offers, as data beside its workloads. The portal is made from the same."""

from collections.abc import Mapping
from typing import Any

import msgspec

from components.estate.profile import AgencyProfile, Service
from components.manifests.manifest import Manifest, manifest


def catalogue(profile: AgencyProfile, namespace: str, labels: Mapping[str, str]) -> Manifest:
    """Return the catalogue as JSON in a ConfigMap, sorted by card."""
    services = sorted(profile.spec.services, key=lambda service: service.card_id)
    content = {
        "agency": profile.id,
        "nameFa": profile.spec.identity.name_fa,
        "nameEn": profile.spec.identity.name_en,
        "services": [_entry(profile, service) for service in services],
    }
    text = msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"
    return manifest(
        "v1",
        "ConfigMap",
        "service-catalogue",
        namespace=namespace,
        labels=labels,
        data={"catalogue.json": text},
    )


def _entry(profile: AgencyProfile, service: Service) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "cardId": service.card_id,
        "titleFa": service.title_fa,
        "titleEn": service.title_en,
        "kind": str(service.kind),
        "highUse": service.high_use,
        "stages": {
            "receive": str(service.stages.receive),
            "process": str(service.stages.process),
            "deliver": str(service.stages.deliver),
        },
    }
    window = profile.spec.window
    if window is not None and service.window is not None and service.window.offered_in == "own":
        entry["address"] = f"https://{window.host}{service.window.path}"
    return entry
