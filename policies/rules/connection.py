"""What stands in an agency's own window, and what the agency says of its connection that this does not bear out."""

from collections.abc import Iterator

import msgspec

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, Words
from components.estate.profile import Service
from components.manifests.window import open_window


def is_routed(agency: Agency, service: Service) -> bool:
    """Tell whether the service has a route in the agency's own window; the parent's counts for nothing (R67)."""
    return open_window(agency) is not None and service.window is not None and service.window.offered_in == "own"


def overclaimed_connections(estate: Estate) -> Iterator[Finding]:
    """Report an agency that says it is connected and has no route in its own window: a contradiction (R33, R67)."""
    for agency in estate.agencies:
        spec = agency.profile.spec
        claims = spec.national_window is not None and spec.national_window.declared == "connected"
        if claims and not any(is_routed(agency, service) for service in spec.services):
            finding = agency.fails(
                "connection-overclaimed",
                ("spec", "nationalWindow", "declared"),
                Words(
                    "declared as connected, but no service stands in the agency's own window",
                    "اتصال اعلام شده است، ولی هیچ خدمتی در پنجرهٔ خود دستگاه نیست",
                ),
                Words(
                    "offer services in a window of its own; neither the parent's window nor meetings connect an agency",
                    "خدمت‌ها را در پنجرهٔ خود دستگاه عرضه کنید؛ نه پنجرهٔ دستگاه مادر اتصال است و نه جلسه‌های فنی",
                ),
            )
            yield msgspec.structs.replace(finding, level=Level.ADVISORY, source="R33, R67, statement 003")
