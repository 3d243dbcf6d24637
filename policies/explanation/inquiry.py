"""Between two agencies: each inquiry of the one to the other, what became of it, and whether objects agree with it."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from components.estate.estate import Agency, production
from components.estate.finding import PathPart, Where, Words
from components.estate.flows import PAPER, Flow, flows, is_open
from components.estate.platform import Exchange
from components.estate.profile import Api, Inquiry
from components.manifests import exchange, network
from policies.explanation import connection, states
from policies.explanation.answer import KubernetesObject, Reason, Role, Verdict, together
from policies.explanation.edges import Edge, calls, computed, disagreements, may_bear, wanted
from policies.explanation.party import EVERY_APP, Kind, Question
from policies.explanation.scene import Scene
from policies.isolation import Call
from policies.reachability.query import Answer
from policies.reachability.unreadable import UnreadableError
from policies.rules.reading import items, name, text


class Between(NamedTuple):
    """The answers between two agencies, and where words and objects disagree."""

    verdicts: tuple[Verdict, ...]
    defects: tuple[Words, ...]


def between(scene: Scene, question: Question, consumer: Agency, provider: Agency) -> Between:
    """Answer for every inquiry that is meant, and for every other way that is open in spite of there being none."""
    meant = [flow for flow in flows(scene.estate) if _is_meant(question, flow)]
    try:
        open_now = computed(scene, consumer.id, provider.id)
    except UnreadableError as error:
        reasons = tuple(map(connection.unread, error.unreadable))
        said = Words("what the objects open is not known", "آنچه شیءها باز می‌کنند دانسته نیست")
        return Between((Verdict(answer=Answer.UNKNOWN, said=said, reasons=reasons),), ())
    found = [_verdict(scene, flow, question, open_now) for flow in meant]
    found += _on_paper(question, consumer)
    found += _others(scene, question, meant, open_now)
    if not found:
        found = [_nothing(question, consumer, provider)]
    agreed = wanted(scene.estate, consumer.id, provider.id)
    return Between(tuple(found), tuple(disagreements(open_now, agreed)))


def _is_meant(question: Question, flow: Flow) -> bool:
    source, target, offer = question.source, question.target, flow.offer
    if (flow.consumer, flow.provider) != (source.agency, target.agency):
        return False
    if source.namespace and (source.namespace != production(flow.consumer) or not _is_app(flow.inquiry, source.app)):
        return False
    if target.namespace and target.namespace != production(flow.provider):
        return False
    if target.kind is Kind.API and flow.api != target.name:
        return False
    if target.kind is Kind.APP and (offer is None or offer.app != target.app):
        return False
    return question.port is None or (offer is not None and (offer.port, "TCP") == (question.port, question.protocol))


def _is_app(inquiry: Inquiry | None, app: str) -> bool:
    """Tell whether an inquiry is the app's; a consent that nobody asked for is everybody's."""
    return inquiry is None or inquiry.app == app


def _verdict(scene: Scene, flow: Flow, question: Question, open_now: frozenset[Edge]) -> Verdict:
    state, said = states.state(scene.estate, flow), states.words(scene.estate, flow)
    reasons = states.halves(scene.estate, flow, question.source.app)
    if flow.inquiry is None or flow.offer is None:
        return Verdict(answer=Answer.NO, said=said, reasons=reasons, state=state)
    answer, carried = _carried(scene, flow, flow.inquiry, flow.offer)
    if is_open(scene.estate, flow):
        reasons = (*reasons, *carried, *_too(flow, question, open_now))
    elif answer is Answer.YES:
        reasons = (*reasons, *carried, Reason(role=Role.NOTE, said=_SHARED))
    elif answer is Answer.UNKNOWN:
        reasons = (*reasons, *(one for one in carried if one.role is Role.UNREAD))
    return Verdict(answer=answer, said=said, reasons=reasons, state=state)


def _too(flow: Flow, question: Question, open_now: frozenset[Edge]) -> Iterator[Reason]:
    """Yield which other apps of the consumer may call the API as well, where a whole agency is asked about."""
    path, app = exchange.path(flow.provider, flow.api), flow.inquiry.app if flow.inquiry is not None else ""
    others = sorted({edge.source[1] for edge in open_now if edge.path == path} - {app})
    if others and not question.source.namespace and not flow.is_direct:
        yield Reason(
            role=Role.NOTE,
            said=Words(
                f"{', '.join(others)} may call it too: {_SHARED.en}",
                f"{'، '.join(others)} هم می‌تواند آن را بخواند: {_SHARED.fa}",
            ),
        )


def _carried(scene: Scene, flow: Flow, inquiry: Inquiry, api: Api) -> tuple[Answer, tuple[Reason, ...]]:
    """Return whether the objects carry an inquiry, and by which rules: one hop, or two and the exchange's route."""
    consumer, provider = scene.estate.agency(flow.consumer), scene.estate.agency(flow.provider)
    chosen = scene.estate.platform.spec.exchange
    if consumer is None or provider is None or (chosen is None and not flow.is_direct):
        return Answer.NO, ()
    source = scene.app(consumer, production(consumer.id), inquiry.app)
    target = scene.app(provider, production(provider.id), api.app)
    if chosen is None or flow.is_direct:
        one = connection.hop(scene, source, target, api.port)
        return one.answer, one.reasons
    path = exchange.path(flow.provider, flow.api)
    middle, door = scene.platforms("exchange"), network.envoy_port(chosen.https_port)
    passed = [call for call in calls(scene) if _is_call(call, flow.consumer, path, target.namespace, api)]
    first, second = connection.hop(scene, source, middle, door), connection.hop(scene, middle, target, api.port)
    route = _route(scene, chosen, path, exchange.bearer(flow.consumer)) if passed else ()
    answers = [first.answer, second.answer, Answer.YES if passed else Answer.NO]
    whole = Answer.NO if Answer.NO in answers else together([Answer.UNKNOWN] if Answer.UNKNOWN in answers else answers)
    call = tuple(_call(chosen, flow)) if whole is Answer.YES else ()
    return whole, (*call, *first.reasons, *route, *second.reasons)


def _is_call(call: Call, consumer: str, path: str, namespace: str, api: Api) -> bool:
    is_there = (call.path, call.target, call.port) == (path, (namespace, api.app), api.port)
    return is_there and may_bear(call, consumer, production(consumer))


def _call(chosen: Exchange, flow: Flow) -> Iterator[Reason]:
    address = exchange.address(chosen, flow.provider, flow.api)
    yield Reason(role=Role.CALLS, said=Words(address, address))
    said = Words(
        f"as ServiceAccount {production(flow.consumer)}/{exchange.CLIENT}, with a token for the audience "
        f"{exchange.AUDIENCE}",
        f"با ServiceAccount {production(flow.consumer)}/{exchange.CLIENT} و توکنی برای مخاطب {exchange.AUDIENCE}",
    )
    yield Reason(role=Role.CALLS, said=said)


def _route(scene: Scene, chosen: Exchange, path: str, bearer: str) -> Iterator[Reason]:
    """Yield the exchange's route of an API and the rule of the policy on it that lets the consumer pass."""
    routes = [body for body in scene.routes if body["kind"] == "HTTPRoute"]
    for body in routes:
        for index, rule in enumerate(items(body, "spec", "rules")):
            if any(text(match, "path", "value") == path for match in items(rule, "matches")):
                yield _passes("HTTPRoute", chosen, name(body), ("spec", "rules", index))
                yield from _lets(scene, chosen, name(body), bearer)


def _lets(scene: Scene, chosen: Exchange, route: str, bearer: str) -> Iterator[Reason]:
    for body in scene.routes:
        targets = items(body, "spec", "targetRefs") if body["kind"] == "SecurityPolicy" else ()
        if any((text(one, "kind"), text(one, "name")) == ("HTTPRoute", route) for one in targets):
            for index, rule in enumerate(items(body, "spec", "authorization", "rules")):
                claims = items(rule, "principal", "jwt", "claims")
                if any(bearer in items(claim, "values") for claim in claims):
                    path: tuple[PathPart, ...] = ("spec", "authorization", "rules", index)
                    yield _passes("SecurityPolicy", chosen, name(body), path)


def _passes(kind: str, chosen: Exchange, named: str, path: tuple[PathPart, ...]) -> Reason:
    return Reason(
        role=Role.PASSES_ON, said=Words("", ""), object=KubernetesObject(kind, chosen.namespace, named, path)
    )  # fmt: skip


def _on_paper(question: Question, consumer: Agency) -> Iterator[Verdict]:
    """Yield the inquiries that no network carries (R39)."""
    target = question.target
    for index, inquiry in enumerate(consumer.profile.spec.inquiries):
        is_named = target.kind is not Kind.API or inquiry.api == target.name
        if inquiry.mode == PAPER and inquiry.provider == target.agency and is_named and target.kind is not Kind.APP:
            said = Words(
                f"{inquiry.provider}/{inquiry.api}: on paper, which no network carries",
                f"{inquiry.provider}/{inquiry.api}: کاغذی است و هیچ شبکه‌ای آن را نمی‌رساند",
            )
            where = Where(consumer.file, ("spec", "inquiries", index, "mode"))
            asks = Reason(role=Role.BLOCKS, said=Words("mode: paper", "mode: paper"), where=where)
            yield Verdict(answer=Answer.NO, said=said, reasons=(asks,), state=states.PAPER)


def _others(scene: Scene, question: Question, meant: list[Flow], open_now: frozenset[Edge]) -> Iterator[Verdict]:
    """Yield what is open to an app that no inquiry names: the exchange knows agencies, not apps."""
    named = {(flow.inquiry.app, flow.api) for flow in meant if flow.inquiry is not None}
    for edge in sorted(open_now):
        if not question.source.namespace or not _is_asked(question, edge):
            continue
        if edge.path and (edge.source[1], edge.path.rpartition("/")[2]) in named:
            continue
        if not edge.path and any(flow.is_direct and _is_flow(flow, edge) for flow in meant):
            continue
        said = Words(f"open: {edge}", f"باز است: {edge}")
        yield Verdict(answer=Answer.YES, said=said, reasons=tuple(_shared(scene, edge)))


def _shared(scene: Scene, edge: Edge) -> Iterator[Reason]:
    """Yield the inquiries of other apps by which an app may call, and how it does; nothing where there are none."""
    for flow in flows(scene.estate):
        if is_open(scene.estate, flow) and _leads(flow, edge) and flow.inquiry is not None and flow.offer is not None:
            yield from states.halves(scene.estate, flow)
            yield from _carried(scene, flow, replace(flow.inquiry, app=edge.source[1]), flow.offer)[1]
            yield Reason(role=Role.NOTE, said=_SHARED)


def _is_asked(question: Question, edge: Edge) -> bool:
    source, target = question.source, question.target
    is_from = edge.source in ((source.namespace, source.app), (source.namespace, EVERY_APP))
    is_to = not target.namespace or edge.target in ((target.namespace, target.app), (target.namespace, EVERY_APP))
    is_api = target.kind is not Kind.API or not edge.path or edge.path == exchange.path(target.agency, target.name)
    is_port = question.port is None or edge.connections.allows(question.port, question.protocol)
    return is_from and is_to and is_api and is_port


def _is_flow(flow: Flow, edge: Edge) -> bool:
    return flow.inquiry is not None and flow.offer is not None and (
        edge.source[1], edge.target[1]
    ) == (flow.inquiry.app, flow.offer.app)  # fmt: skip


def _leads(flow: Flow, edge: Edge) -> bool:
    """Tell whether a flow is the one by which an edge is open."""
    is_between = edge.source[0] == production(flow.consumer) and edge.target[0] == production(flow.provider)
    return is_between and not flow.is_direct and edge.path == exchange.path(flow.provider, flow.api)


def _nothing(question: Question, consumer: Agency, provider: Agency) -> Verdict:
    source, target = question.source, question.target
    for party, agency in ((source, consumer), (target, provider)):
        if party.namespace and party.namespace != production(agency.id):
            said = Words(
                f"inquiries belong to production: {party.namespace} reaches no other agency, and none reaches it",
                f"استعلام از آن محیط عملیاتی است: {party.namespace} به دستگاه دیگری راه ندارد و کسی به آن",
            )
            return Verdict(answer=Answer.NO, said=said, reasons=())
    said = Words(
        f"{consumer.id} does not ask {target.asked}, and between agencies nothing else passes",
        f"{consumer.id} از {target.asked} استعلامی ندارد و میان دستگاه‌ها چیز دیگری رد و بدل نمی‌شود",
    )
    api = target.name if target.kind is Kind.API else ""
    if target.kind is Kind.APP:
        behind = [one.id for one in provider.profile.spec.apis if one.app == target.app]
        api = behind[0] if behind else ""
        if not behind:
            no_api = Words(
                f"no API of {provider.id} stands on its app {target.app}",
                f"هیچ رابطی (API) از {provider.id} بر برنامهٔ {target.app} نیست",
            )
            note = Reason(role=Role.NOTE, said=no_api)
            return Verdict(
                answer=Answer.NO, said=said, reasons=(note, *states.nothing(consumer, provider, "", source.app))
            )
    return Verdict(answer=Answer.NO, said=said, reasons=states.nothing(consumer, provider, api, source.app))


_SHARED = Words(
    "the exchange knows the agency by its ServiceAccount, not the app: each of its apps with a way to the exchange may "
    "call",
    "مرکز تبادل دستگاه را با ServiceAccount آن می‌شناسد و نه برنامه را: هر برنامهٔ آن که به مرکز راه دارد می‌تواند بخواند",
)
