"""IN: the doors: what listens, with which TLS, for which hosts, and who may attach a route there."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.estate.finding import Level, PathPart, Words
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from components.manifests.manifest import PLATFORM_OWNER
from policies.rules.attachments import (
    GATEWAY,
    INGRESS,
    LISTENER_SET,
    LISTENERS,
    Door,
    attached,
    door,
    door_of,
    hosts,
    is_plain_door,
    lies_in,
    only_redirects,
)
from policies.rules.network import found
from policies.rules.ownership import is_exchanges, objects, owner, parent
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene
from policies.rules.selectors import named_namespaces
from policies.rules.targets import targets

_CLASS: Final = f"{GATEWAY_API}/GatewayClass"
_CLIENTS: Final = f"{ENVOY_API}/ClientTrafficPolicy"
_CERTIFICATE: Final = "cert-manager.io/Certificate"
_CONTROLLER: Final = f"{ENVOY_API}/gatewayclass-controller"
_LISTENERS_MAX: Final = 64  # of one Gateway or ListenerSet, by the API's own schema
_MODES: Final[Mapping[str, frozenset[str]]] = {
    "HTTPS": frozenset({"Terminate"}),
    "TLS": frozenset({"Terminate", "Passthrough"}),
}
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "HTTP": frozenset({"HTTPRoute"}),
    "HTTPS": frozenset({"HTTPRoute", "GRPCRoute"}),
    "TLS": frozenset({"TLSRoute"}),
}
_TLS_VERSIONS: Final = frozenset({"1.2", "1.3"})
_GENERATED: Final = frozenset({Mark.GENERATED})


def _listeners(body: Object) -> Iterator[tuple[tuple[PathPart, ...], Any]]:
    for index, listener in enumerate(items(body, "spec", "listeners")):
        yield ("spec", "listeners", index), listener


def _has_listeners(body: Object) -> Iterator[Problem]:
    if not items(body, "spec", "listeners"):
        yield found(("spec", "listeners"), at(body, "spec", "listeners"))


def _speaks_tls(body: Object, scene: Scene) -> Iterator[Problem]:
    if kind_of(body) == INGRESS:
        yield from _covers_hosts(body)
        return
    yield from _has_listeners(body)
    for path, listener in _listeners(body):
        protocol = text(listener, "protocol")
        if is_plain_door(body, listener, scene):
            for route in attached(door(body), text(listener, "name"), scene):
                if not only_redirects(route):
                    shown = f"{text(route, 'kind')} {namespace(route)}/{name(route)}"
                    yield Problem(
                        (*path, "protocol"),
                        Words(f"{shown} is served without TLS", f"{shown} بی TLS ارائه می‌شود"),
                    )
        elif protocol not in _MODES:
            yield found((*path, "protocol"), at(listener, "protocol"))
        else:
            yield from _has_certificate(path, listener, _MODES[protocol])


def _has_certificate(path: tuple[PathPart, ...], listener: Any, modes: frozenset[str]) -> Iterator[Problem]:
    mode = text(listener, "tls", "mode")
    if mode not in modes:
        yield found((*path, "tls", "mode"), at(listener, "tls", "mode"))
    elif mode == "Terminate":
        place, refs = (*path, "tls", "certificateRefs"), items(listener, "tls", "certificateRefs")
        if not refs:
            yield found(place, at(listener, "tls", "certificateRefs"))
        for index, ref in enumerate(refs):
            is_secret = (mapping(ref).get("group", ""), mapping(ref).get("kind", "Secret")) == ("", "Secret")
            if not is_secret or not text(ref, "name"):
                yield found((*place, index), ref)


def _covers_hosts(body: Object) -> Iterator[Problem]:
    entries = items(body, "spec", "tls")
    if not entries:
        yield found(("spec", "tls"), at(body, "spec", "tls"))
        return
    covered = [host for entry in entries for host in items(entry, "hosts")]
    for index, rule in enumerate(items(body, "spec", "rules")):
        if at(rule, "host") not in covered:
            yield Problem(
                ("spec", "rules", index, "host"),
                Words(
                    f"no certificate is named for {at(rule, 'host')!r}",
                    f"گواهی‌ای برای {at(rule, 'host')!r} نام برده نشده است",
                ),
            )


def _has_own_hosts(body: Object, scene: Scene) -> Iterator[Problem]:
    zone = f"{owner(body, scene)}.{scene.platform.spec.zone}"
    for host in hosts(body, scene):
        if not host.name:
            yield found(host.path, at(body, *host.path))
        elif "*" in host.name and not lies_in(host.name.removeprefix("*."), zone):
            yield Problem(
                host.path,
                Words(f"{host.name!r} takes in hosts of others", f"{host.name!r} میزبان‌های دیگران را هم در بر می‌گیرد"),
            )


def _names_who_attaches(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge who may attach routes, and, at a Gateway, ListenerSets: those would be doors of their own."""
    is_platforms = namespace(body) == scene.platform.spec.gateway.namespace or is_exchanges(body, scene)
    yield from _has_listeners(body)
    for path, listener in _listeners(body):
        chosen = mapping(listener, "allowedRoutes", "namespaces")
        place = (*path, "allowedRoutes", "namespaces")
        if chosen.get("from") == "Same" and is_platforms:
            continue
        if chosen.get("from") != "Selector":
            yield found((*place, "from"), chosen.get("from"))
            continue
        names = named_namespaces(chosen.get("selector"))
        strangers = sorted(one for one in names if not _may_attach(one, owner(body, scene), scene))
        if not names:
            yield Problem((*place, "selector"), Words("names no namespace", "هیچ فضای نامی را نام نمی‌برد"))
        if strangers:
            yield Problem(
                (*place, "selector"),
                Words(f"lets {', '.join(strangers)} attach", f"{'، '.join(strangers)} را هم راه می‌دهد"),
            )
    sets = at(body, "spec", "allowedListeners")
    if sets is not None and not (is_platforms and text(sets, "namespaces", "from") in {"Same", "None"}):
        yield found(("spec", "allowedListeners", "namespaces", "from"), at(sets, "namespaces", "from"))


def _may_attach(place: str, whose: str, scene: Scene) -> bool:
    """Tell whether a namespace is the owner's: an agency's own, a child's in its parent's window, the platform's."""
    agency = scene.tenant(place)
    if agency is None:
        return whose == PLATFORM_OWNER and place in scene.platform.namespaces
    return whose in {agency, parent(agency, scene)}


def _pins_kinds(body: Object, _scene: Scene) -> Iterator[Problem]:
    yield from _has_listeners(body)
    for path, listener in _listeners(body):
        kinds, place = items(listener, "allowedRoutes", "kinds"), (*path, "allowedRoutes", "kinds")
        fitting = _KINDS.get(text(listener, "protocol"), frozenset())
        if not kinds:
            yield found(place, at(listener, "allowedRoutes", "kinds"))
        for index, kind in enumerate(kinds):
            if text(kind, "group") != GATEWAY_API or text(kind, "kind") not in fitting:
                yield found((*place, index), kind)


def _is_the_platforms(body: Object, scene: Scene) -> Iterator[Problem]:
    gateway, kind = scene.platform.spec.gateway, kind_of(body)
    if kind == _CLASS:
        if name(body) != gateway.class_name:
            yield found(("metadata", "name"), at(body, "metadata", "name"))
        if text(body, "spec", "controllerName") != _CONTROLLER:
            yield found(("spec", "controllerName"), at(body, "spec", "controllerName"))
        return
    if kind == GATEWAY and text(body, "spec", "gatewayClassName") != gateway.class_name:
        yield found(("spec", "gatewayClassName"), at(body, "spec", "gatewayClassName"))
    above = Door(GATEWAY, gateway.namespace, gateway.name)
    if kind == LISTENER_SET and door_of(at(body, "spec", "parentRef"), namespace(body)) != above:
        yield found(("spec", "parentRef"), at(body, "spec", "parentRef"))
    yield from _has_listeners(body)
    number = len(items(body, "spec", "listeners"))
    if number > _LISTENERS_MAX:
        yield Problem(("spec", "listeners"), Words(f"there are {number} listeners", f"{number} شنونده هست"))


def _is_up_to_date(body: Object, scene: Scene) -> Iterator[Problem]:
    kind = kind_of(body)
    if kind == _CLIENTS:
        for field, allowed in (("minVersion", _TLS_VERSIONS), ("maxVersion", _TLS_VERSIONS | {"Auto"})):
            version = at(body, "spec", "tls", field)
            if (version is not None or field == "minVersion") and (
                not isinstance(version, str) or version not in allowed
            ):
                yield found(("spec", "tls", field), version)
    elif kind == GATEWAY:
        policies = objects(scene, _CLIENTS, namespace(body))
        if not any(targets(policy, body) for policy in policies):
            yield Problem(
                ("metadata", "name"),
                Words(
                    "no ClientTrafficPolicy says which TLS it speaks", "هیچ ClientTrafficPolicy نسخهٔ TLS آن را نمی‌گوید"
                ),
            )
    else:
        approved = scene.platform.spec.gateway.certificate_issuer
        issuer = mapping(body, "spec", "issuerRef")
        if approved is None or issuer.get("kind") != "ClusterIssuer" or issuer.get("name") != approved:
            yield found(("spec", "issuerRef"), at(body, "spec", "issuerRef"))


RULES: Final = (
    Rule(
        id="IN-01",
        name="listener-tls-only",
        title=Words(
            "Every door speaks TLS; plain HTTP is there only to redirect",
            "هر دری TLS دارد؛ HTTP ساده تنها برای فرستادن به https است",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "gatekeeper httpsonly",
            "kubescape C-0263",
            "polaris tlsSettingsMissing",
            "kyverno require-ingress-https",
        ),
        remedy=Words(
            "use HTTPS or TLS with a certificate; the platform's own listener for plain HTTP takes only routes that "
            "redirect",
            "HTTPS یا TLS را با گواهی به کار ببرید؛ شنوندهٔ HTTP سکو تنها مسیرهایی را می‌پذیرد که به https می‌فرستند",
        ),
        kinds=LISTENERS | {INGRESS},
        check=_speaks_tls,
    ),
    Rule(
        id="IN-02",
        name="listener-hostname",
        title=Words(
            "Every listener has a host, and none takes in the hosts of others",
            "هر شنونده میزبانی دارد و هیچ‌یک میزبان دیگران را در بر نمی‌گیرد",
        ),
        marks=_GENERATED,
        controls=("Gateway API security guide: listener hostnames", "gatekeeper block-wildcard-ingress"),
        remedy=Words(
            "write the agency's own host; a wildcard may stand only below the agency's own name",
            "میزبان خود دستگاه را بنویسید؛ ستاره تنها زیر نام خود دستگاه رواست",
        ),
        kinds=LISTENERS,
        check=_has_own_hosts,
        waivable=False,
    ),
    Rule(
        id="IN-03",
        name="listener-allowed-namespaces",
        title=Words(
            "Every door names the namespaces that may attach there: the agency's own and its children's",
            "هر در فضاهای نامی را که می‌توانند به آن بپیوندند نام می‌برد: از خود دستگاه و زیرمجموعه‌هایش",
        ),
        marks=_GENERATED,
        controls=("Gateway API security guide: allowedRoutes", "openshift-docs issue 117235"),
        remedy=Words(
            "use `from: Selector` with the label kubernetes.io/metadata.name, never All; in the gateway's own "
            "namespace, where no tenant writes, Same will do",
            "`from: Selector` را با برچسب kubernetes.io/metadata.name به کار ببرید و هرگز All را؛ در فضای نام خود "
            "دروازه که دستگاه‌ها در آن نمی‌نویسند Same بس است",
        ),
        kinds=LISTENERS,
        check=_names_who_attaches,
        waivable=False,
    ),
    Rule(
        id="IN-04",
        name="listener-route-kinds",
        title=Words("Every listener says which kinds of routes it takes", "هر شنونده می‌گوید چه نوع مسیری می‌پذیرد"),
        marks=_GENERATED,
        controls=("devantler-tech/platform issue 2713",),
        remedy=Words(
            "list under `allowedRoutes.kinds` the kinds of the Gateway API that fit the protocol",
            "نوع‌هایی از Gateway API را که با پروتکل می‌خوانند زیر `allowedRoutes.kinds` بیاورید",
        ),
        kinds=LISTENERS,
        check=_pins_kinds,
    ),
    Rule(
        id="IN-16",
        name="gateway-class-allowed",
        title=Words(
            "Doors belong to the platform's gateway, and are no more than the API takes",
            "درها از آن دروازهٔ سکو هستند و شمارشان از آنچه API می‌پذیرد بیشتر نیست",
        ),
        marks=_GENERATED,
        controls=("Gateway API security guide: GatewayClass", "kyverno restrict-ingress-classes"),
        remedy=Words(
            f"use the class and the gateway of stacks/platform.yaml, with at most {_LISTENERS_MAX} listeners",
            f"رده و دروازهٔ stacks/platform.yaml را با دست بالا {_LISTENERS_MAX} شنونده به کار ببرید",
        ),
        kinds=LISTENERS | {_CLASS},
        check=_is_the_platforms,
    ),
    Rule(
        id="IN-17",
        name="gateway-tls-version",
        title=Words(
            "The gateway speaks TLS 1.2 or later, with certificates of the approved issuer",
            "دروازه TLS نسخهٔ 1.2 به بالا را با گواهی‌های صادرکنندهٔ تأییدشده به کار می‌برد",
        ),
        level=Level.ADVISORY,
        marks=_GENERATED,
        controls=("kyverno cert-manager policies",),
        remedy=Words(
            'set `tls.minVersion` to "1.2" or "1.3" in the gateway\'s ClientTrafficPolicy, and take certificates from '
            "the ClusterIssuer of `gateway.certificateIssuer`",
            'در ClientTrafficPolicy دروازه `tls.minVersion` را "1.2" یا "1.3" بگذارید و گواهی را از ClusterIssuer '
            "نوشته در `gateway.certificateIssuer` بگیرید",
        ),
        kinds=frozenset({GATEWAY, _CLIENTS, _CERTIFICATE}),
        check=_is_up_to_date,
    ),
)
