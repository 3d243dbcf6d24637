"""IN-22 to 24: how the gateway reads requests, who may keep a connection open, and how much it takes."""

import re
from collections.abc import Iterator
from typing import Any, Final

from components.estate.finding import Level, PathPart, Words
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from policies.rules.attachments import GATEWAY
from policies.rules.network import found
from policies.rules.ownership import objects
from policies.rules.places import served
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.targets import named, targets

_CLIENTS: Final = f"{ENVOY_API}/ClientTrafficPolicy"
_BACKENDS: Final = f"{ENVOY_API}/BackendTrafficPolicy"
_ROUTE: Final = f"{GATEWAY_API}/HTTPRoute"
_UPGRADE: Final = [{"type": "websocket"}]
_HSTS: Final = "strict-transport-security"
_HSTS_SECONDS_MIN: Final = 31_536_000  # a year
_GENERATED: Final = frozenset({Mark.GENERATED})
Path = tuple[PathPart, ...]


def _is_the_platforms(body: Object, scene: Scene) -> bool:
    gateway = scene.platform.spec.gateway
    return (namespace(body), name(body)) == (gateway.namespace, gateway.name)


def _reads_one_way(body: Object, scene: Scene) -> Iterator[Problem]:
    if kind_of(body) == GATEWAY:
        yield from _has_policy(body, _CLIENTS, scene)
        return
    for path, allowed in (
        (("path", "escapedSlashesAction"), ("RejectRequest",)),
        (("path", "disableMergeSlashes"), (None, False)),
        (("headers", "withUnderscoresAction"), ("RejectRequest", "DropHeader")),
    ):
        stated = at(body, "spec", *path)
        if not _is_one_of(stated, allowed):
            yield found(("spec", *path), stated)


def _is_one_of(value: Any, allowed: tuple[Any, ...]) -> bool:
    return (type(value), value) in [(type(one), one) for one in allowed]


def _has_policy(body: Object, kind: str, scene: Scene) -> Iterator[Problem]:
    if not _is_the_platforms(body, scene):
        return
    if not any(targets(policy, body) for policy in objects(scene, kind, namespace(body))):
        short = kind.rpartition("/")[2]
        yield Problem(
            ("metadata", "name"),
            Words(f"no {short} is attached to it", f"هیچ {short} به آن پیوسته نیست"),
        )


def _opens_declared_sockets(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge what lets connections stay open: the window's own pages only, where the profile says `webSocket`.

    Another agency's page is of the same site, so a browser would send this window's session along.
    """
    spec, path = mapping(body, "spec"), ("spec", "httpUpgrade")
    if spec.get("httpUpgrade") in (None, []):
        return
    if spec.get("httpUpgrade") != _UPGRADE:
        yield found(path, spec.get("httpUpgrade"))
    if "targetSelectors" in spec or not [*named(body)]:
        yield Problem(path, Words("it opens more than one rule", "بیش از یک قاعده را باز می‌کند"))
    for target in named(body):
        rules = [
            (route, rule)
            for route in objects(scene, _ROUTE, namespace(body))
            if target.kind == _ROUTE and name(route) == target.name
            for rule in items(route, "spec", "rules")
            if target.section and text(rule, "name") == target.section
        ]
        if not rules or not all(_is_declared(route, rule, scene) for route, rule in rules):
            shown = f"{target.name}/{target.section or '*'}"
            yield Problem(
                path,
                Words(
                    f"{shown} is no WebSocket of a profile, asked for by the window's own pages only",
                    f"{shown} آن WebSocket نمایه نیست که تنها صفحه‌های همان پنجره آن را بخواهند",
                ),
            )


def _is_declared(route: Object, rule: object, scene: Scene) -> bool:
    hosts = [host for host in items(route, "spec", "hostnames") if isinstance(host, str)]
    origins = [scene.platform.home(host).removesuffix("/") for host in hosts]
    matches = items(rule, "matches")
    is_declared = all(place is not None and place.has_web_socket for _, _, place in served(route, rule, scene))
    return is_declared and bool(matches) and len(origins) == 1 and all(_asks_for(one, origins[0]) for one in matches)


def _asks_for(match: object, origin: str) -> bool:
    """Tell whether a match takes only what comes from pages of this origin."""
    return any(
        text(header, "name").lower() == "origin"
        and text(header, "value") == origin
        and mapping(header).get("type", "Exact") == "Exact"
        for header in items(match, "headers")
    )


def _has_limits(body: Object, scene: Scene) -> Iterator[Problem]:
    kind = kind_of(body)
    if kind == GATEWAY:
        yield from _has_policy(body, _BACKENDS, scene)
    elif kind == _BACKENDS:
        if not text(body, "spec", "requestBuffer", "limit") and not at(body, "spec", "httpUpgrade"):
            yield found(("spec", "requestBuffer", "limit"), at(body, "spec", "requestBuffer", "limit"))
    else:
        for path in (
            ("timeout", "http", "requestReceivedTimeout"),
            ("timeout", "http", "idleTimeout"),
            ("connection", "bufferLimit"),
        ):
            if not text(body, "spec", *path):
                yield found(("spec", *path), at(body, "spec", *path))
        yield from _stays_on_https(body)


def _stays_on_https(body: Object) -> Iterator[Problem]:
    """Judge whether browsers are told to come by https only (RFC 6797)."""
    path: Path = ("spec", "headers", "lateResponseHeaders", "set")
    for header in items(body, *path):
        stated = re.search(r"max-age=([0-9]{1,12})", text(header, "value"))
        is_long = stated is not None and int(stated[1]) >= _HSTS_SECONDS_MIN
        if text(header, "name").lower() == _HSTS and is_long:
            return
    yield Problem(path, Words(f"{_HSTS} is not said for a year", f"{_HSTS} برای یک سال گفته نشده است"))


RULES: Final = (
    Rule(
        id="IN-22",
        name="gateway-reads-one-way",
        title=Words(
            "The gateway refuses what it and a service could read differently",
            "دروازه آنچه را که خودش و خدمت می‌توانند دوگونه بخوانند نمی‌پذیرد",
        ),
        marks=_GENERATED,
        controls=("CWE-436: interpretation conflict", "Envoy: best practices for edge proxies"),
        remedy=Words(
            "in the gateway's ClientTrafficPolicy and in each other, set `path.escapedSlashesAction: RejectRequest` "
            "and `headers.withUnderscoresAction: RejectRequest`, and leave slashes merged",
            "در ClientTrafficPolicy دروازه و هر سیاست دیگر `path.escapedSlashesAction: RejectRequest` و "
            "`headers.withUnderscoresAction: RejectRequest` بگذارید و یکی شدن خط‌های مورب را خاموش نکنید",
        ),
        kinds=frozenset({GATEWAY, _CLIENTS}),
        check=_reads_one_way,
    ),
    Rule(
        id="IN-23",
        name="websocket-declared",
        title=Words(
            "A connection stays open only where a profile says so, and only for the window's own pages",
            "اتصال تنها جایی باز می‌ماند که نمایه‌ای گفته باشد و تنها برای صفحه‌های خود پنجره",
        ),
        marks=_GENERATED,
        controls=("CWE-1385: missing origin validation in WebSockets",),
        remedy=Words(
            "declare `backend.webSocket` in the profile; the upgrade hangs on one named rule whose matches all demand "
            "the window's own `origin`",
            "`backend.webSocket` را در نمایه اعلام کنید؛ ارتقا به یک قاعدهٔ نام‌دار می‌پیوندد که همهٔ matchهایش `origin` "
            "خود پنجره را می‌خواهند",
        ),
        kinds=frozenset({_BACKENDS}),
        check=_opens_declared_sockets,
        waivable=False,
    ),
    Rule(
        id="IN-24",
        name="gateway-limits",
        title=Words(
            "The gateway bounds how large, how slow and how long a request may be, and keeps browsers on https",
            "دروازه اندازه و کندی و درازای درخواست را محدود می‌کند و مرورگر را بر https نگه می‌دارد",
        ),
        level=Level.ADVISORY,
        marks=_GENERATED,
        controls=("OWASP API Security Top 10: API4 Unrestricted Resource Consumption", "RFC 6797"),
        remedy=Words(
            "set `requestBuffer.limit` in the gateway's BackendTrafficPolicy, and in its ClientTrafficPolicy both "
            f"timeouts, `connection.bufferLimit` and the header {_HSTS} for a year",
            "`requestBuffer.limit` را در BackendTrafficPolicy دروازه، و در ClientTrafficPolicy آن هر دو زمان‌سنج و "
            f"`connection.bufferLimit` و سرآیند {_HSTS} برای یک سال را تعیین کنید",
        ),
        kinds=frozenset({GATEWAY, _CLIENTS, _BACKENDS}),
        check=_has_limits,
    ),
)
