"""IN-20 and 25: what a route leads to: the service that the profile has at that place, and no other site."""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import PathPart, Words
from policies.rules.attachments import ROUTES
from policies.rules.logins import is_strangers
from policies.rules.network import found
from policies.rules.places import Place, is_redirect, served
from policies.rules.reading import at, items, mapping, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene

_GENERATED: Final = frozenset({Mark.GENERATED})


def _serves_what_is_declared(body: Object, scene: Scene) -> Iterator[Problem]:
    if is_strangers(body, scene):
        return
    if not items(body, "spec", "rules"):
        yield found(("spec", "rules"), at(body, "spec", "rules"))
    for index, rule in enumerate(items(body, "spec", "rules")):
        if is_redirect(rule):
            continue
        path = ("spec", "rules", index)
        for host, value, place in served(body, rule, scene):
            if place is None or place.namespace != namespace(body):
                yield Problem((*path, "matches"), _nothing(host, value, place))
            elif not _leads_to(rule, place):
                shown = f"{place.app}:{place.port}"
                yield Problem(
                    (*path, "backendRefs"),
                    Words(
                        f"{host}{value or '/'} is served by {shown}, and this leads elsewhere",
                        f"{host}{value or '/'} را {shown} ارائه می‌کند و این به جای دیگری می‌رود",
                    ),
                )


def _leads_to(rule: object, place: Place) -> bool:
    """Tell whether a rule leads to the place's own backend, and nowhere else beside it."""
    backends = items(rule, "backendRefs")
    return bool(backends) and all(
        (text(one, "kind") or "Service", text(one, "name"), at(one, "port")) == ("Service", place.app, place.port)
        and not at(one, "group")
        for one in backends
    )


def _nothing(host: str, path: str | None, place: Place | None) -> Words:
    shown = f"{host}{'…' if path is None else path or '/'}"
    if place is None:
        return Words(f"no profile has a service at {shown}", f"هیچ نمایه‌ای در {shown} خدمتی ندارد")
    return Words(f"{shown} is a place of {place.owner}", f"{shown} جای {place.owner} است")


def _sends_home(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge whoever is sent elsewhere: in plain text, or to a host that is neither the route's nor the portal's."""
    for index, rule in enumerate(items(body, "spec", "rules")):
        for place, one in _filters(rule):
            path = ("spec", "rules", index, *place, "requestRedirect")
            redirect = mapping(one, "requestRedirect")
            if redirect.get("scheme") != "https":
                yield found((*path, "scheme"), redirect.get("scheme"))
            host = redirect.get("hostname")
            if host is not None and host not in [*items(body, "spec", "hostnames"), *_portal(scene)]:
                yield found((*path, "hostname"), host)


def _portal(scene: Scene) -> list[str]:
    portal = scene.platform.spec.national_window
    return [] if portal is None else [portal.host]


def _filters(rule: object) -> Iterator[tuple[tuple[PathPart, ...], object]]:
    """Yield the redirects of a rule and of its backends, each with its place in the rule."""
    nodes: list[tuple[tuple[PathPart, ...], object]] = [((), rule)]
    nodes += [(("backendRefs", index), backend) for index, backend in enumerate(items(rule, "backendRefs"))]
    for path, node in nodes:
        for index, one in enumerate(items(node, "filters")):
            if text(one, "type") == "RequestRedirect" or at(one, "requestRedirect") is not None:
                yield (*path, "filters", index), one


RULES: Final = (
    Rule(
        id="IN-20",
        name="route-serves-declared",
        title=Words(
            "A route serves what a profile declares at that host and path, from the declared backend",
            "هر مسیر همان را ارائه می‌کند که نمایه‌ای در آن میزبان و مسیر اعلام کرده است، از همان برنامه",
        ),
        marks=_GENERATED,
        controls=("Gateway API: merging of routes, precedence", "OWASP API Security Top 10: API9 Improper Inventory"),
        remedy=Words(
            "declare the service in the profile (`window.path`, `backend`); a path of another service, or another "
            "program behind a path, takes what is meant for others",
            "خدمت را در نمایه اعلام کنید (`window.path` و `backend`)؛ مسیرِ خدمت دیگر یا برنامهٔ دیگر پشت آن، درخواست‌های "
            "دیگران را می‌گیرد",
        ),
        kinds=ROUTES,
        check=_serves_what_is_declared,
        waivable=False,
    ),
    Rule(
        id="IN-25",
        name="redirect-stays-home",
        title=Words(
            "A redirect leads to https, at the route's own host or the national window's",
            "هر تغییر مسیر به https می‌رود، در میزبان خود مسیر یا پنجرهٔ ملی",
        ),
        marks=_GENERATED,
        controls=("CWE-601: URL redirection to an untrusted site",),
        remedy=Words(
            "set `scheme: https`, and leave `hostname` out or write one of these hosts",
            "`scheme: https` بگذارید و `hostname` را ننویسید یا یکی از همین میزبان‌ها را بنویسید",
        ),
        kinds=frozenset({"gateway.networking.k8s.io/HTTPRoute"}),
        check=_sends_home,
    ),
)
