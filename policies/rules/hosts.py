"""IN: whose a host is: an agency's lie at and below its own name in the zone, whatever kind of object claims them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from components.estate.finding import Words
from components.manifests.gateway import GATEWAY_API
from components.manifests.manifest import PLATFORM_OWNER
from policies.rules.attachments import GATEWAY, INGRESS, LISTENER_SET, LISTENERS, ROUTES, hosts, lies_in
from policies.rules.network import found
from policies.rules.ownership import NOBODY, objects, owner, parent
from policies.rules.reading import at, namespace
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene

_HOSTLESS: Final = frozenset(f"{GATEWAY_API}/{kind}" for kind in ("TCPRoute", "UDPRoute"))
_CLAIMANTS: Final = ROUTES | LISTENERS | {INGRESS}
_GENERATED_AND_TENANTS: Final = frozenset({Mark.GENERATED, Mark.TENANT})


def _lies_in_own_zone(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge each host against the zones of the object's owner; in its parent's window a child has the parent's host.

    The platform has its whole zone, and its reserved hosts wherever they are. Who is neither has none.
    """
    whose, platform = owner(body, scene), scene.platform.spec
    zones = _zones(whose, scene)
    for host in hosts(body, scene):
        if not host.name:
            yield found(host.path, at(body, *host.path))
        elif not any(lies_in(host.name, zone) for zone in zones):
            yield Problem(
                host.path,
                Words(
                    f"{host.name!r} is no host of {whose or 'anybody known'} in {platform.zone}",
                    f"{host.name!r} میزبانی از {whose or 'هیچ دستگاه شناخته‌ای'} در {platform.zone} نیست",
                ),
            )


def _zones(whose: str, scene: Scene) -> tuple[str, ...]:
    platform = scene.platform.spec
    if whose == PLATFORM_OWNER:
        return (platform.zone, *platform.reserved_hosts)
    agencies = [agency for agency in (whose, parent(whose, scene)) if agency]
    return tuple(f"{agency}.{platform.zone}" for agency in agencies)


def _has_hosts_at_all(body: Object, scene: Scene) -> Iterator[Problem]:
    if kind_of(body) in _HOSTLESS:
        yield Problem(("kind",), Words("has no host to judge it by", "میزبانی ندارد که بتوان درباره‌اش داوری کرد"))
    else:
        yield from _lies_in_own_zone(body, scene)


def _is_claimed_once(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge who else claims a host. Several routes of one agency may share one, and so may its children's."""
    if owner(body, scene) == NOBODY and namespace(body):
        return
    claims = scene.remembered(_claims)
    for host in hosts(body, scene):
        others = sorted(claims.get(host.name, frozenset()) - {_claimant(body, host.name, scene)})
        if not host.name:
            yield found(host.path, at(body, *host.path))
        elif others:
            yield Problem(
                host.path,
                Words(
                    f"{host.name!r} is also claimed by {', '.join(others)}",
                    f"{host.name!r} را {'، '.join(others)} نیز آورده است",
                ),
            )


def _claims(scene: Scene) -> Mapping[str, frozenset[str]]:
    claims: dict[str, set[str]] = defaultdict(set)
    for kind in sorted(_CLAIMANTS):
        for body in objects(scene, kind):
            for host in hosts(body, scene):
                claims[host.name].add(_claimant(body, host.name, scene))
    return {host: frozenset(claimants) for host, claimants in claims.items()}


def _claimant(body: Object, host: str, scene: Scene) -> str:
    """Return in whose name a host is claimed: a child in its parent's window claims nothing for itself."""
    whose = owner(body, scene)
    above = parent(whose, scene)
    if above and lies_in(host, f"{above}.{scene.platform.spec.zone}"):
        return above
    return whose or f"namespace {namespace(body)}"


def _is_not_reserved(body: Object, scene: Scene) -> Iterator[Problem]:
    if owner(body, scene) == PLATFORM_OWNER:
        return
    for host in hosts(body, scene):
        if not host.name:
            yield found(host.path, at(body, *host.path))
        for reserved in scene.platform.spec.reserved_hosts:
            is_covered = host.name.startswith("*.") and reserved.endswith(host.name[1:])
            if is_covered or lies_in(host.name, reserved):
                yield Problem(
                    host.path, Words(f"{host.name!r} takes {reserved!r}", f"{host.name!r} جای {reserved!r} را می‌گیرد")
                )


RULES: Final = (
    Rule(
        id="IN-05",
        name="route-host-in-zone",
        title=Words(
            "Routes and listeners name hosts, and only those of their agency",
            "مسیرها و شنونده‌ها میزبان دارند و تنها میزبان‌های دستگاه خود را",
        ),
        marks=_GENERATED_AND_TENANTS,
        controls=("cozystack pull request 3475", "cozystack issue 3868"),
        remedy=Words(
            "list hosts that are `<id>.<zone>` or below it; without hosts a route takes all of its listener's",
            "میزبان‌هایی را بیاورید که `<id>.<zone>` یا زیر آن باشند؛ مسیر بی‌میزبان همهٔ میزبان‌های شنونده را می‌گیرد",
        ),
        kinds=ROUTES | {LISTENER_SET},
        check=_lies_in_own_zone,
        waivable=False,
    ),
    Rule(
        id="IN-06",
        name="route-kinds-alike",
        title=Words(
            "The rule of hosts holds for every kind that opens a door; kinds without hosts are refused",
            "قاعدهٔ میزبان‌ها برای هر نوعی که دری باز کند یکی است؛ نوع‌های بی‌میزبان پذیرفته نمی‌شوند",
        ),
        marks=frozenset({Mark.TENANT}),
        controls=("cozystack issue 3868", "deckhouse issue 22217"),
        remedy=Words(
            "offer services as HTTPRoute, on the agency's own host; what TCPRoute and UDPRoute open has no host and no "
            "login",
            "خدمت را با HTTPRoute و روی میزبان خود دستگاه ارائه دهید؛ آنچه TCPRoute و UDPRoute باز می‌کنند نه میزبان "
            "دارد و نه ورود",
        ),
        kinds=_HOSTLESS | {GATEWAY, INGRESS},
        check=_has_hosts_at_all,
    ),
    Rule(
        id="IN-07",
        name="route-host-unique",
        title=Words("No two agencies claim one host", "هیچ میزبانی از آن دو دستگاه نیست"),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("gatekeeper uniqueingresshost", "kyverno unique-ingress-host-and-path"),
        remedy=Words(
            "leave the host to the agency in whose zone it lies", "میزبان را به دستگاهی واگذارید که در دامنهٔ آن است"
        ),
        kinds=_CLAIMANTS,
        check=_is_claimed_once,
    ),
    Rule(
        id="IN-08",
        name="route-host-not-reserved",
        title=Words("The platform's own hosts are nobody else's", "میزبان‌های خود سکو از آن هیچ‌کس دیگری نیست"),
        marks=_GENERATED_AND_TENANTS,
        controls=("deckhouse issue 22217",),
        remedy=Words(
            "choose another host; `reservedHosts` in stacks/platform.yaml lists those of the platform",
            "میزبان دیگری برگزینید؛ `reservedHosts` در stacks/platform.yaml میزبان‌های سکو را می‌آورد",
        ),
        kinds=_CLAIMANTS,
        check=_is_not_reserved,
    ),
)
