"""The estate among which some cases are judged: `profiles.yaml`, each profile filled up from the least there can be."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from components.estate.document import parse
from components.estate.estate import Agency, Estate, record
from components.estate.operators import OperatorRegister
from components.estate.platform import EgressProxy, Platform
from components.estate.profile import AgencyProfile
from components.estate.waiver import Waiver
from tests.estate.expectation import AS_OF, PROFILES

_FILE = Path(__file__).with_name("profiles.yaml")


def estate(platform: Platform) -> Estate:
    """Return the estate, under this platform, at the moment of all test estates."""
    documents = _documents()
    (register,) = (record(body, OperatorRegister) for body in documents if body["kind"] == "OperatorRegister")
    profiles = [record(_filled(body), AgencyProfile) for body in documents if body["kind"] == "AgencyProfile"]
    return Estate(
        agencies=tuple(Agency(profile=one, file=f"agency_profiles/{one.id}.yaml", digest="") for one in profiles),
        platform=platform,
        as_of=AS_OF,
        operators=register.operators,
        waivers=tuple(record(body, Waiver) for body in documents if body["kind"] == "Waiver"),
    )


def with_egress_proxy(platform: Platform) -> Platform:
    """Return the same platform with an egress proxy."""
    proxy = EgressProxy(namespace="govcloud-egress", pod_labels={"app.kubernetes.io/name": "egress-proxy"}, port=3128)
    spec = msgspec.structs.replace(platform.spec, egress_proxy=proxy)
    return msgspec.structs.replace(platform, spec=spec)


@cache
def _documents() -> tuple[dict[str, Any], ...]:
    return tuple(parse(part).data for part in _FILE.read_text("utf-8").split("\n---\n"))


@cache
def _base() -> dict[str, Any]:
    least: dict[str, Any] = parse((PROFILES / "valid" / "minimal.yaml").read_text("utf-8")).data
    return least


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    base = _base()
    least, spec = base["spec"], given["spec"]
    services = [least["services"][0] | service for service in spec["services"]]
    identity = least["identity"] | spec["identity"]
    return base | given | {"spec": least | spec | {"services": services, "identity": identity}}
