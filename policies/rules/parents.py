"""Parents: they exist, they form no circle, and nothing is offered in the window of one that is not named (R11)."""

from collections.abc import Iterator

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Words


def parents(estate: Estate) -> Iterator[Finding]:
    """Refuse unknown parents, circles of parents, and services in a window of nobody."""
    parent_of = {agency.id: agency.profile.spec.identity.parent for agency in estate.agencies}
    for agency in estate.agencies:
        parent = parent_of[agency.id]
        if parent is None:
            yield from _in_no_window(agency)
        elif parent not in parent_of and parent not in estate.unread:
            yield agency.fails(
                "parent-unknown",
                ("spec", "identity", "parent"),
                Words(f"no agency has the id {parent!r}", f"هیچ دستگاهی شناسهٔ {parent!r} ندارد"),
                Words(
                    "write the id of an existing profile, or leave the parent out",
                    "شناسهٔ نمایه‌ای موجود را بنویسید یا parent را بردارید",
                ),
            )
        elif agency.id in _ancestors(agency.id, parent_of):
            yield agency.fails(
                "parent-cycle",
                ("spec", "identity", "parent"),
                Words("the agency is its own ancestor", "دستگاه نیای خودش است"),
                Words("break the circle of parents", "زنجیرهٔ بستهٔ parent را باز کنید"),
            )


def _in_no_window(agency: Agency) -> Iterator[Finding]:
    for index, service in enumerate(agency.profile.spec.services):
        if service.window is not None and service.window.offered_in == "parent":
            yield agency.fails(
                "parent-missing",
                ("spec", "services", index, "window", "offeredIn"),
                Words("the agency names no parent", "دستگاه مادری نام برده نشده است"),
                Words(
                    "name it in spec.identity.parent, or offer the service in the own window",
                    "آن را در spec.identity.parent بنویسید یا خدمت را در پنجرهٔ خود عرضه کنید",
                ),
            )


def _ancestors(agency_id: str, parent_of: dict[str, str | None]) -> set[str]:
    ancestors: set[str] = set()
    parent = parent_of[agency_id]
    while parent is not None and parent not in ancestors:
        ancestors.add(parent)
        parent = parent_of.get(parent)
    return ancestors
