"""The places of all windows: what stands at which host and path, and who may enter, as the profiles say it.

Computed from the estate alone, beside the builders, so that a rule holds what is made against what was declared.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from components.estate.estate import Agency, Estate, production
from components.estate.operators import GROUP_PREFIX, Operator
from components.estate.platform import Platform
from components.estate.profile import Service
from components.manifests.manifest import PLATFORM_OWNER
from policies.rules.reading import at, items, text
from policies.rules.rule import Object
from policies.rules.scene import Scene

ALLOW: Final = "Allow"
DENY: Final = "Deny"
_PREFIX: Final = "PathPrefix"
_PATHS: Final = (None, _PREFIX, "Exact")


class Entry(NamedTuple):
    """Who may enter: the groups of the first step that names one of a person's decide, else `default`."""

    default: str
    steps: tuple[tuple[str, frozenset[str]], ...] = ()

    @property
    def shown(self) -> str:
        """It as messages show it."""
        steps = (f"{action} {', '.join(sorted(groups))}; " for action, groups in self.steps)
        return f"{''.join(steps)}{self.default} all others"


class Place(NamedTuple):
    """What stands at a host and a path.

    Attributes:
        owner: Whose it is: an agency's id, or `platform`.
        namespace: Where its route and its backend are.
        entry: Who may enter; None is everybody, without a login.
        has_web_socket: Whether it may keep connections open.
    """

    owner: str
    namespace: str
    app: str
    port: int
    entry: Entry | None
    has_web_socket: bool


def places(scene: Scene) -> Mapping[tuple[str, str], Place]:
    """Return what stands where, by host and path without a slash at its end.

    Raises:
        LookupError: The profiles are not at hand: nobody can tell.
    """
    return scene.remembered(_places)


def windows(scene: Scene) -> Mapping[str, Agency]:
    """Return whose window stands at which host.

    Raises:
        LookupError: The profiles are not at hand: nobody can tell.
    """
    return scene.remembered(_windows)


def path_of(match: object) -> str | None:
    """Return the path of a route's match, `/` where it names none, as `places` has it; None if it is no plain path."""
    path = at(match, "path")
    if path is None:
        return ""
    is_plain = at(path, "type") in _PATHS and text(path, "value").startswith("/")
    return text(path, "value").rstrip("/") if is_plain else None


def is_redirect(rule: object) -> bool:
    """Tell whether a rule of a route only sends elsewhere, and leads to no backend."""
    filters = items(rule, "filters")
    return len(filters) == 1 and text(filters[0], "type") == "RequestRedirect" and not at(rule, "backendRefs")


def served(route: Object, rule: object, scene: Scene) -> Iterator[tuple[str, str | None, Place | None]]:
    """Yield host, path and what the profiles have there, for each host and match of a rule of a route."""
    hosts = [host if isinstance(host, str) else "" for host in items(route, "spec", "hostnames")] or [""]
    known = places(scene)
    for host in hosts:
        for match in items(rule, "matches") or [{}]:
            path = path_of(match)
            yield host, path, None if path is None else known.get((host, path))


def _estate(scene: Scene) -> Estate:
    if scene.estate is None:
        raise LookupError("the profiles are not at hand")
    return scene.estate


def _windows(scene: Scene) -> Mapping[str, Agency]:
    return {
        agency.profile.spec.window.host: agency
        for agency in _estate(scene).agencies
        if agency.profile.spec.window is not None
    }


def _places(scene: Scene) -> Mapping[tuple[str, str], Place]:
    estate, found = _estate(scene), dict(_portal(scene.platform))
    operators = frozenset(operator.group for operator in estate.operators) | {GROUP_PREFIX}
    by_id = {agency.id: agency for agency in estate.agencies}
    for agency in estate.agencies:
        for service in agency.profile.spec.services:
            owner = by_id.get(agency.window_of(service) or "")
            window = None if owner is None else owner.profile.spec.window
            if window is None or service.window is None or service.backend is None:
                continue
            found[window.host, service.window.path.rstrip("/")] = Place(
                owner=agency.id,
                namespace=production(agency.id),
                app=service.backend.app,
                port=service.backend.port,
                entry=_entry(agency, service, operators, estate.licensed(service.card_id)),
                has_web_socket=service.backend.web_socket,
            )
    return found


def _portal(platform: Platform) -> Iterator[tuple[tuple[str, str], Place]]:
    portal = platform.spec.national_window
    if portal is not None:
        yield (
            (portal.host, ""),
            Place(PLATFORM_OWNER, portal.namespace, portal.app, portal.port, entry=None, has_web_socket=False),
        )


def _entry(agency: Agency, service: Service, operators: frozenset[str], let_in: Iterable[Operator]) -> Entry | None:
    """Return who may enter: members of groups, or all but operators, of whom a licence that holds lets some in (R9)."""
    if service.access.policy == "public":
        return None
    licensed = frozenset(operator.group for operator in let_in)
    if service.access.policy == "groups":
        return Entry(DENY, ((ALLOW, licensed | {f"{agency.id}:{role}" for role in service.access.groups}),))
    return Entry(ALLOW, (*([(ALLOW, licensed)] if licensed else []), (DENY, operators - licensed)))
