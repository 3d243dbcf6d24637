"""IN: where a route attaches and where it leads. Whether a login stands before it is the business of `logins`."""

from collections.abc import Iterator
from typing import Any, Final

from components.estate.finding import Level, PathPart, Words
from components.manifests.gateway import GATEWAY_API
from policies.rules.attachments import GATEWAY, INGRESS, ROUTES, find_door, hosts, parents
from policies.rules.network import found, is_number
from policies.rules.ownership import is_exchanges, objects
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene

_GRANT: Final = f"{GATEWAY_API}/ReferenceGrant"
_SERVICE: Final = "Service"
_SNIPPET: Final = "snippet"
_Path = tuple[PathPart, ...]
_GENERATED_AND_TENANTS: Final = frozenset({Mark.GENERATED, Mark.TENANT})


def _names_its_door(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge each parent, and where its door is at hand, whether that has such a listener.

    In the gateway's own namespace a route may leave the namespace to the default, which is there.
    """
    if is_exchanges(body, scene):
        return
    gateway = scene.platform.spec.gateway
    listed = list(parents(body))
    if not listed:
        yield found(("spec", "parentRefs"), at(body, "spec", "parentRefs"))
    for parent in listed:
        ref = mapping(body, *parent.path)
        if not parent.door.kind:
            yield found((*parent.path, "kind"), ref.get("kind"))
        place = ref.get("namespace", namespace(body))
        if place != gateway.namespace:
            yield found((*parent.path, "namespace"), ref.get("namespace"))
        if not parent.door.name or (parent.door.kind == GATEWAY and parent.door.name != gateway.name):
            yield found((*parent.path, "name"), ref.get("name"))
        known = find_door(parent.door, scene)
        listeners = [text(listener, "name") for listener in items(known, "spec", "listeners")]
        if not parent.section or (known is not None and parent.section not in listeners):
            yield found((*parent.path, "sectionName"), ref.get("sectionName"))


def _backends(body: Object) -> Iterator[tuple[_Path, Any]]:
    """Yield every place that a route leads to, and every one to which it mirrors requests."""
    for index, rule in enumerate(items(body, "spec", "rules")):
        path: _Path = ("spec", "rules", index)
        yield from _mirrors(path, rule)
        for number, to in enumerate(items(rule, "backendRefs")):
            yield (*path, "backendRefs", number), to
            yield from _mirrors((*path, "backendRefs", number), to)


def _mirrors(path: _Path, part: Any) -> Iterator[tuple[_Path, Any]]:
    for index, one in enumerate(items(part, "filters")):
        if text(one, "type") == "RequestMirror":
            yield (*path, "filters", index, "requestMirror", "backendRef"), at(one, "requestMirror", "backendRef")


def _leads_home(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge where requests go: to Services, in the route's own namespace or where a grant lets it in.

    Other kinds lead anywhere: a `Backend` of Envoy Gateway to any address.
    """
    if not items(body, "spec", "rules"):
        yield found(("spec", "rules"), at(body, "spec", "rules"))
    for index, rule in enumerate(items(body, "spec", "rules")):
        kinds = {text(one, "type") for one in items(rule, "filters")}
        if not items(rule, "backendRefs") and "RequestRedirect" not in kinds:
            yield found(("spec", "rules", index, "backendRefs"), at(rule, "backendRefs"))
    for path, to in _backends(body):
        ref = mapping(to)
        if (ref.get("group", ""), ref.get("kind", _SERVICE)) != ("", _SERVICE):
            yield found((*path, "kind"), f"{ref.get('group', '')}/{ref.get('kind')}")
        if not text(to, "name"):
            yield found((*path, "name"), ref.get("name"))
        place = ref.get("namespace", namespace(body))
        if not isinstance(place, str) or (place != namespace(body) and not _is_granted(body, place, to, scene)):
            yield Problem(
                (*path, "namespace"),
                Words(f"no grant lets it into {place!r}", f"هیچ اجازه‌ای آن را به {place!r} راه نمی‌دهد"),
            )


def _is_granted(route: Object, place: str, to: Any, scene: Scene) -> bool:
    wanted = {"group": GATEWAY_API, "kind": text(route, "kind"), "namespace": namespace(route)}
    return any(
        wanted in items(grant, "spec", "from")
        and any(
            (text(one, "kind"), text(one, "name")) == (_SERVICE, text(to, "name")) for one in items(grant, "spec", "to")
        )
        for grant in objects(scene, _GRANT, place)
    )


def _grants_one_thing(body: Object, scene: Scene) -> Iterator[Problem]:
    sources, granted = items(body, "spec", "from"), items(body, "spec", "to")
    if len(sources) != 1:
        yield Problem(
            ("spec", "from"), Words(f"{len(sources)} sources are named", f"{len(sources)} مبدأ نام برده شده است")
        )
    for index, source in enumerate(sources):
        for field in ("group", "kind", "namespace"):
            if not text(source, field):
                yield found(("spec", "from", index, field), at(source, field))
    if not granted:
        yield found(("spec", "to"), at(body, "spec", "to"))
    strangers = [one for one in sources if not _is_akin(body, text(one, "namespace"), scene)]
    for index, one in enumerate(granted):
        if not text(one, "name"):
            yield found(("spec", "to", index, "name"), at(one, "name"))
        if not text(one, "kind") or (text(one, "kind") == "Secret" and strangers):
            yield found(("spec", "to", index, "kind"), at(one, "kind"))


def _is_akin(body: Object, place: str, scene: Scene) -> bool:
    """Tell whether Secrets may be read from `place`: by the same agency, or by the gateway for its certificate."""
    whose = scene.tenant(namespace(body))
    return place == scene.platform.spec.gateway.namespace or (whose is not None and scene.tenant(place) == whose)


def _leads_to_something(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge that a backend has a name and a port; and, where Services are at hand, that there is one with that port.

    Tenants make their Services themselves: among generated objects there are none. A live cluster always has some.
    """
    are_known = scene.remembered(_has_services)
    for path, to in _backends(body):
        if not text(to, "name"):
            yield found((*path, "name"), at(to, "name"))
        elif not is_number(at(to, "port")):
            yield found((*path, "port"), at(to, "port"))
        elif are_known and mapping(to).get("kind", _SERVICE) == _SERVICE:
            place = text(to, "namespace") or namespace(body)
            service = next((one for one in objects(scene, _SERVICE, place) if name(one) == text(to, "name")), None)
            ports = [at(port, "port") for port in items(service, "spec", "ports")]
            if service is None or at(to, "port") not in ports:
                yield Problem(
                    (*path, "name" if service is None else "port"),
                    Words(
                        f"there is no Service {place}/{text(to, 'name')} with port {at(to, 'port')}",
                        f"سرویس {place}/{text(to, 'name')} با درگاه {at(to, 'port')} نیست",
                    ),
                )


def _has_services(scene: Scene) -> bool:
    return bool(objects(scene, _SERVICE))


def _catches_nothing_else(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge what answers for hosts that nobody named, or does what no field of the API says."""
    for host in hosts(body, scene):
        if not host.name or "*" in host.name:
            yield found(host.path, at(body, *host.path))
    if kind_of(body) == INGRESS:
        if at(body, "spec", "defaultBackend") is not None:
            yield found(("spec", "defaultBackend"), at(body, "spec", "defaultBackend"))
        for key in sorted(map(str, mapping(body, "metadata", "annotations"))):
            if _SNIPPET in key:
                yield found(("metadata", "annotations", key), at(body, "metadata", "annotations", key))
    for path, one in _extensions(body):
        yield found(path, one)


def _extensions(body: Object) -> Iterator[tuple[_Path, Any]]:
    """Yield the filters of other APIs: an `HTTPRouteFilter` answers, rewrites, or adds credentials."""
    for index, rule in enumerate(items(body, "spec", "rules")):
        parts: list[tuple[_Path, Any]] = [(("spec", "rules", index), rule)]
        parts += [(("spec", "rules", index, "backendRefs", n), to) for n, to in enumerate(items(rule, "backendRefs"))]
        for path, part in parts:
            for number, one in enumerate(items(part, "filters")):
                if text(one, "type") == "ExtensionRef":
                    yield (*path, "filters", number), at(one, "extensionRef")


RULES: Final = (
    Rule(
        id="IN-09",
        name="route-parent-explicit",
        title=Words(
            "A route names the listener at which it attaches, at the platform's gateway",
            "هر مسیر شنونده‌ای را که به آن می‌پیوندد نام می‌برد و آن از دروازهٔ سکوست",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("Gateway API: ParentReference",),
        remedy=Words(
            "write `name`, `namespace` and `sectionName` of every parent; without a section a route attaches to all "
            "listeners",
            "برای هر `parentRef` نام، فضای نام و `sectionName` را بنویسید؛ بی آن، مسیر به همهٔ شنونده‌ها می‌پیوندد",
        ),
        kinds=ROUTES,
        check=_names_its_door,
    ),
    Rule(
        id="IN-10",
        name="route-backend-own",
        title=Words(
            "A route leads to Services of its own namespace, or of one that lets it in",
            "هر مسیر به سرویس‌های فضای نام خود می‌رسد یا به فضایی که اجازه داده است",
        ),
        marks=_GENERATED_AND_TENANTS,
        controls=("Gateway API security guide: ReferenceGrant",),
        remedy=Words(
            "name a Service of the route's own namespace; another's needs a ReferenceGrant there",
            "سرویسی از فضای نام همین مسیر بیاورید؛ سرویس دیگران ReferenceGrant همان‌جا را می‌خواهد",
        ),
        kinds=ROUTES,
        check=_leads_home,
    ),
    Rule(
        id="IN-11",
        name="referencegrant-narrow",
        title=Words(
            "A grant lets one kind of one namespace reach one thing, and no other agency a Secret",
            "هر اجازه یک نوع از یک فضای نام را به یک چیز می‌رساند و هیچ دستگاه دیگری را به Secret",
        ),
        marks=_GENERATED_AND_TENANTS,
        controls=("Gateway API security guide: ReferenceGrant",),
        remedy=Words(
            "name one `from` with group, kind and namespace, and under `to` each thing by its name",
            "یک `from` با گروه، نوع و فضای نام بنویسید و در `to` هر چیز را با نامش بیاورید",
        ),
        kinds=frozenset({_GRANT}),
        check=_grants_one_thing,
    ),
    Rule(
        id="IN-12",
        name="route-backend-exists",
        title=Words("What a route leads to is there", "آنچه مسیر به آن می‌رسد وجود دارد"),
        level=Level.ADVISORY,
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("kubescape C-0302", "kube-score ingress-targets-service"),
        remedy=Words(
            "create the Service with this port beside the route, or correct the profile",
            "سرویس را با همین درگاه کنار مسیر بسازید یا پرونده را درست کنید",
        ),
        kinds=ROUTES,
        check=_leads_to_something,
    ),
    Rule(
        id="IN-15",
        name="route-no-catch-all",
        title=Words(
            "No route answers for hosts that nobody named, or with code of its own",
            "هیچ مسیری به جای میزبان‌های نام‌نبرده یا با کد خودش پاسخ نمی‌دهد",
        ),
        marks=_GENERATED_AND_TENANTS,
        controls=(
            "checkov CKV_K8S_152",
            "checkov CKV_K8S_153",
            "checkov CKV_K8S_154",
            "kubescape C-0059",
            "kubescape C-0292",
            "kyverno restrict-ingress-defaultbackend",
            "kyverno disallow-empty-ingress-host",
        ),
        remedy=Words(
            "name each host in full; leave default backends, snippets and filters of other APIs away",
            "هر میزبان را کامل بنویسید؛ defaultBackend، snippet و فیلترهای APIهای دیگر را بردارید",
        ),
        kinds=ROUTES | {INGRESS},
        check=_catches_nothing_else,
    ),
)
