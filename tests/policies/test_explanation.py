"""Who may reach whom: the words follow the two halves, and say yes exactly where the objects are open."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest

from components.estate import loader
from components.estate.dates import Day, Moment
from components.estate.emergencies import Emergencies, Quarantine
from components.estate.estate import Estate
from components.estate.finding import Words
from components.estate.flows import Flow, State, flows, is_open
from components.estate.profile import Spec
from components.manifests import exchange, network
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from policies.explanation import write
from policies.explanation.answer import Explanation, Reason, Role
from policies.explanation.edges import may_bear
from policies.explanation.explain import doubted, explain
from policies.explanation.party import EVERY_APP, QuestionError, apps_in, question
from policies.isolation import Call, Openings, opened
from policies.reachability.query import Answer
from stacks.declaration import declaration
from tests.conftest import ROOT
from tests.estate.halves import changed, replaced, with_offer, without_consent, without_inquiry

AS_OF = datetime(2026, 11, 22, 12, tzinfo=UTC)
Declared = dict[str, tuple[Manifest, ...]]


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(ROOT, as_of=lambda _: AS_OF).estate
    assert estate
    return estate


@pytest.fixture(scope="module")
def shared(estate: Estate) -> tuple[Manifest, ...]:
    return declaration(estate, PLATFORM_OWNER).manifests


def declared(estate: Estate, shared: tuple[Manifest, ...], *owners: str) -> Declared:
    return {PLATFORM_OWNER: shared} | {owner: declaration(estate, owner).manifests for owner in owners}


def asked(estate: Estate, shared: tuple[Manifest, ...], source: str, target: str) -> Explanation:
    wanted = question(estate, source, target)
    owners = [one.agency for one in (wanted.source, wanted.target) if one.agency]
    return explain(estate, declared(estate, shared, *owners), wanted)


def of_flow(estate: Estate, shared: tuple[Manifest, ...], flow: Flow) -> Explanation:
    return asked(estate, shared, flow.consumer, f"{flow.provider}/{flow.api}")


def matched(estate: Estate) -> list[Flow]:
    return [flow for flow in flows(estate) if is_open(estate, flow)]


def reasons(explanation: Explanation, role: Role) -> Iterator[Reason]:
    return (reason for verdict in explanation.verdicts for reason in verdict.reasons if reason.role is role)


def files(explanation: Explanation, role: Role) -> set[str]:
    return {reason.where.file for reason in reasons(explanation, role) if reason.where is not None}


def file(estate: Estate, agency_id: str) -> str:
    agency = estate.agency(agency_id)
    assert agency
    return agency.file


def test_every_matched_flow_is_a_yes_with_both_halves_and_every_hop(
    estate: Estate, shared: tuple[Manifest, ...]
) -> None:
    assert len(matched(estate)) > 90
    for flow in matched(estate):
        found = of_flow(estate, shared, flow)
        assert (found.answer, found.is_yes, found.defects) == (Answer.YES, True, ()), flow
        assert [verdict.state for verdict in found.verdicts] == [State.MATCHED]
        assert file(estate, flow.consumer) in files(found, Role.ASKS)
        assert file(estate, flow.provider) in files(found, Role.AGREES)
        hops = 1 if flow.is_direct else 2
        assert [len([*reasons(found, role)]) for role in (Role.LETS_OUT, Role.LETS_IN)] == [hops, hops]
        passed = [str(reason.object) for reason in reasons(found, Role.PASSES_ON)]
        name = f"govcloud-exchange/{flow.provider}.{flow.api}"
        assert passed == ([] if flow.is_direct else [f"HTTPRoute {name}", f"SecurityPolicy {name}"])


def test_without_either_half_it_is_a_no_and_the_other_side_is_named(
    estate: Estate, shared: tuple[Manifest, ...]
) -> None:
    for flow in matched(estate):
        for owner, change, state in (
            (flow.consumer, without_inquiry(flow), State.WAITING_FOR_CONSUMER),
            (flow.provider, without_consent(flow), State.WAITING_FOR_PROVIDER),
        ):
            then = changed(estate, owner, change)
            found = of_flow(then, shared, flow)
            assert (found.answer, found.defects) == (Answer.NO, ()), flow
            assert [verdict.state for verdict in found.verdicts] == [state]
            assert files(found, Role.MISSING) == {file(estate, owner)}
            (missing,) = reasons(found, Role.MISSING)
            assert (flow.provider if owner == flow.consumer else flow.consumer) in missing.write


def test_past_the_end_it_is_a_no_and_whose_half_ended_is_named(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    zone = estate.platform.zone
    for flow in matched(estate):
        assert flow.consent
        assert flow.inquiry
        ends = [(flow.consent.until.begins(zone), flow.provider)]
        if flow.inquiry.until is not None:
            ends.append((flow.inquiry.until.begins(zone), flow.consumer))
        end, side = min(ends)
        assert of_flow(replaced(estate, as_of=end - timedelta(seconds=1)), shared, flow).is_yes
        found = of_flow(replaced(estate, as_of=end), shared, flow)
        assert (found.answer, found.defects) == (Answer.NO, ())
        assert [verdict.state for verdict in found.verdicts] == [State.EXPIRED]
        assert files(found, Role.MISSING) == files(found, Role.BLOCKS) == {file(estate, side)}


def test_before_its_beginning_it_is_a_no_with_that_day(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    flow = next(flow for flow in matched(estate) if flow.consent is not None and flow.consent.since is not None)
    assert flow.consent
    assert flow.consent.since
    start = flow.consent.since.begins(estate.platform.zone)
    found = of_flow(replaced(estate, as_of=start - timedelta(seconds=1)), shared, flow)
    assert found.answer is Answer.NO
    assert f"begins on {flow.consent.since.isoformat()}" in found.verdicts[0].said.en
    assert files(found, Role.BLOCKS) == {file(estate, flow.provider)}
    assert not files(found, Role.MISSING)


def test_every_state_is_said(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    for flow in flows(estate):
        found = of_flow(estate, shared, flow)
        assert flow.state in {verdict.state for verdict in found.verdicts}
        assert found.is_yes is (flow.state is State.MATCHED)


def test_a_quarantine_of_either_side_is_named(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    flow = matched(estate)[0]
    for agency in (flow.consumer, flow.provider):
        since, until = (Moment((AS_OF + timedelta(hours=hours)).isoformat()) for hours in (-1, 1))
        shut = Quarantine(agency=agency, decided_by="security centre", reason="synthetic", since=since, until=until)
        then = replaced(estate, emergencies=Emergencies(quarantines=(shut,), break_glass=()))
        found = of_flow(then, shared, flow)
        assert (found.answer, found.defects, found.verdicts[0].state) == (Answer.NO, (), "quarantine")
        assert files(found, Role.BLOCKS) == {"policies/registers/emergencies.yaml"}


def test_what_dangles_says_which_line_leads_nowhere(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    flow = matched(estate)[0]
    renamed = changed(estate, flow.provider, with_offer(flow, id="renamed"))
    found = asked(renamed, shared, flow.consumer, flow.provider)
    (verdict,) = (one for one in found.verdicts if one.state == State.DANGLING)
    assert "has no such API" in verdict.said.en
    assert {one.where.file for one in verdict.reasons if one.where} == {file(estate, flow.consumer)}
    no_production = changed(estate, flow.consumer, lambda spec: replaced(spec, environments=()))
    missing = of_flow(no_production, shared, flow)
    assert missing.verdicts[0].state == State.DANGLING
    assert [one.where and one.where.path for one in reasons(missing, Role.MISSING)] == [("spec", "environments")]


def test_an_inquiry_on_paper_is_carried_by_no_network(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    flow = matched(estate)[0]

    def on_paper(spec: Spec) -> Spec:
        listed = (replaced(one, mode="paper") if one == flow.inquiry else one for one in spec.inquiries)
        return replaced(spec, inquiries=tuple(listed))

    found = of_flow(changed(estate, flow.consumer, on_paper), shared, flow)
    assert found.answer is Answer.NO
    assert "paper" in {verdict.state for verdict in found.verdicts}


def test_a_refusal_is_told_with_its_reason(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    (flow,) = (flow for flow in flows(estate) if flow.state is State.REFUSED)
    assert flow.refusal
    found = of_flow(estate, shared, flow)
    (refused,) = reasons(found, Role.BLOCKS)
    assert flow.refusal.reason in refused.said.en
    assert files(found, Role.MISSING) == files(found, Role.BLOCKS) == {file(estate, flow.provider)}


AGENCIES = ("ihio", "ncro", "mrud", "irimo")


def is_opened(estate: Estate, openings: Openings, source: tuple[str, str], target: tuple[str, str]) -> bool:
    """Tell whether one app reaches another, by the graph alone: directly, or by both hops and a call."""
    chosen = estate.platform.spec.exchange
    assert chosen
    ways = {(way.source, way.target): way.connections for way in openings.ways}
    if (source, target) in ways:
        return True
    inside, door = (chosen.namespace, EVERY_APP), network.envoy_port(chosen.https_port)
    come, go = ways.get((source, inside)), ways.get((inside, target))
    if come is None or go is None or not come.allows(door, "TCP"):
        return False
    bearer = f"system:serviceaccount:{source[0]}:{exchange.CLIENT}"
    return any(
        call.target == target and go.allows(call.port, "TCP") and call.bearer in (bearer, EVERY_APP)
        for call in openings.calls
    )


def test_yes_is_exactly_where_the_graph_has_a_way(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    objects = declared(estate, shared, *(agency.id for agency in estate.agencies))
    openings = opened(estate, [body for owned in objects.values() for body in owned])
    seen = {True: 0, False: 0}
    for consumer, provider in product(AGENCIES, repeat=2):
        if consumer == provider:
            continue
        part = {owner: objects[owner] for owner in (PLATFORM_OWNER, consumer, provider)}
        for source, target in product(_apps(estate, consumer), _apps(estate, provider)):
            found = explain(estate, part, question(estate, "/".join(source), "/".join(target)))
            is_so = is_opened(estate, openings, source, target)
            assert found.is_yes is is_so, (source, target)
            assert found.defects == ()
            seen[is_so] += 1
    assert seen[True] > 4
    assert seen[False] > 100


def _apps(estate: Estate, agency_id: str) -> list[tuple[str, str]]:
    """Return the apps that ask or answer, two that do neither, and those of another environment that do."""
    agency, spaces = estate.agency(agency_id), apps_in(estate)
    assert agency
    spec = agency.profile.spec
    named = {inquiry.app for inquiry in spec.inquiries} | {api.app for api in spec.apis}
    others = [pod.name for pod in spaces[f"{agency_id}-production"] if pod.name not in named]
    production = [(f"{agency_id}-production", name) for name in (*sorted(named), *others[:2])]
    return [*production, (f"{agency_id}-staging", min(named))] if f"{agency_id}-staging" in spaces else production


def test_inside_an_agency_yes_is_exactly_what_its_flows_say(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    agency = estate.agency("irica")
    assert agency
    objects = declared(estate, shared, "irica")
    apps = [pod.name for pod in apps_in(estate)["irica-staging"]]
    wanted = {(flow.source, flow.target) for flow in agency.profile.spec.flows}
    for source, target in product(apps, apps):
        if source != target:
            asking = question(estate, f"irica-staging/{source}", f"irica-staging/{target}")
            found = explain(estate, objects, asking)
            assert found.is_yes is ((source, target) in wanted), (source, target)
            assert found.defects == ()
            has_line = any(True for _ in reasons(found, Role.DECLARES))
            assert has_line is found.is_yes
            assert any(True for _ in reasons(found, Role.MISSING)) is not found.is_yes


def test_outside_yes_is_exactly_until_the_end(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    count = 0
    for agency, egress in ((one, egress) for one in estate.agencies for egress in one.profile.spec.egress):
        for port in egress.ports:
            to = f"{egress.cidr}:{port.port}/{port.protocol}"
            now = asked(estate, shared, f"{agency.id}/{egress.app}", to)
            assert now.is_yes, (agency.id, egress)
            ended = replaced(estate, as_of=egress.until.begins(estate.platform.zone))
            found = asked(ended, shared, f"{agency.id}/{egress.app}", to)
            assert (found.answer, found.defects) == (Answer.NO, ())
            assert files(found, Role.BLOCKS) == {agency.file}
            count += 1
    assert count > 10


def test_a_way_out_that_is_open_past_its_end_is_a_defect(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    ended = replaced(estate, as_of=datetime(2040, 1, 1, tzinfo=UTC))
    objects = declared(estate, shared, "ncro")
    found = explain(ended, objects, question(ended, "ncro/card-printing", "10.30.32.5:8443"))
    assert (found.answer, found.is_yes, len(found.defects)) == (Answer.YES, False, 1)


def test_of_a_network_of_which_parts_differ_nobody_says_yes(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    found = asked(estate, shared, "ncro/card-printing", "10.30.32.0/24:8443")
    assert (found.answer, found.is_yes) == (Answer.UNKNOWN, False)
    assert "ask for a smaller network" in found.verdicts[0].reasons[0].said.en


def tampered(objects: Mapping[str, tuple[Manifest, ...]], namespace: str, name: str, **fields: object) -> Declared:
    """Return the objects with one of them changed, or left out where no field is given."""

    def is_it(body: Manifest) -> bool:
        return (body["metadata"].get("namespace"), body["metadata"]["name"]) == (namespace, name)

    assert any(is_it(body) for owned in objects.values() for body in owned)
    return {
        owner: tuple(body | fields if is_it(body) else body for body in owned if fields or not is_it(body))
        for owner, owned in objects.items()
    }


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("ihio-production", "allow-exchange.enrolment"),
        ("govcloud-exchange", "allow-from-ihio"),
        ("govcloud-exchange", "allow-to-ncro"),
        ("govcloud-exchange", "ncro.person-status"),
        ("ncro-production", "allow-from-exchange.person-api.8443"),
    ],
)
def test_words_that_the_objects_do_not_bear_out_are_a_defect(
    namespace: str, name: str, estate: Estate, shared: tuple[Manifest, ...]
) -> None:
    objects = tampered(declared(estate, shared, "ihio", "ncro"), namespace, name)
    found = explain(estate, objects, question(estate, "ihio", "ncro/person-status"))
    assert (found.answer, found.is_yes) == (Answer.NO, False)
    assert [words.en for words in found.defects if words.en.startswith("closed, though both sides consent")]


def test_what_is_open_without_words_is_a_defect_too(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    objects = declared(estate, shared, "ihio", "ncro")
    everybody = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}
    for namespace in ("ihio-production", "ncro-production"):
        objects = tampered(objects, namespace, "default-deny", spec=everybody)
    found = explain(estate, objects, question(estate, "ihio/queue", "ncro/queue"))
    assert (found.answer, found.is_yes) == (Answer.YES, False)
    assert found.defects
    within = explain(estate, objects, question(estate, "ihio/queue", "ihio/cache:6379"))
    assert (within.answer, within.is_yes) == (Answer.YES, False)
    assert [words.en for words in within.defects] == [
        "open, and no line says so: ihio-production/queue to ihio-production/cache, TCP 6379"
    ]


def test_a_declared_flow_that_is_shut_is_a_defect(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    name = "allow-flow-declaration-to-database-ingress"
    objects = tampered(declared(estate, shared, "irica"), "irica-production", name)
    found = explain(estate, objects, question(estate, "irica/declaration", "irica/database:5432"))
    assert (found.answer, len(found.defects)) == (Answer.NO, 1)
    assert [str(one.object) for one in reasons(found, Role.SHUTS_IN)] == ["NetworkPolicy irica-production/default-deny"]
    assert not [*reasons(found, Role.SHUTS_OUT)]


def test_what_cannot_be_read_is_unknown(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    objects = tampered(declared(estate, shared, "ihio", "ncro"), "ncro-production", "default-deny", spec={"ingress": 7})
    for source, target in (("ihio", "ncro"), ("ncro/events", "ncro/queue"), ("ncro/events", "ncro/queue:5672")):
        found = explain(estate, objects, question(estate, source, target))
        assert (found.answer, found.is_yes) == (Answer.UNKNOWN, False)
        (gap, *_) = reasons(found, Role.UNREAD)
        assert str(gap.object) == "NetworkPolicy ncro-production/default-deny"


@pytest.mark.parametrize("gone", [PLATFORM_OWNER, "ihio", "ncro"])
def test_an_owner_whose_objects_are_not_there_is_unknown(
    gone: str, estate: Estate, shared: tuple[Manifest, ...]
) -> None:
    objects = declared(estate, shared, "ihio", "ncro")
    del objects[gone]
    found = explain(estate, objects, question(estate, "ihio", "ncro"))
    assert (found.answer, found.verdicts) == (Answer.UNKNOWN, ())
    assert [note.role for note in found.notes] == [Role.UNREAD]


def test_a_doubt_turns_yes_into_unknown_and_leaves_no(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    doubt = Reason(role=Role.UNREAD, said=Words("x", "x"))
    yes, no = asked(estate, shared, "ihio", "ncro"), asked(estate, shared, "ncro", "ihio")
    assert doubted(yes, ()) == yes
    assert doubted(yes, (doubt,)).answer is Answer.UNKNOWN
    assert doubted(no, (doubt,)).answer is Answer.NO


def test_only_production_of_the_consumer_bears_its_token() -> None:
    own, anybody = (
        Call(bearer, "/ncro/person-status", ("ncro-production", "person-api"), 8443)
        for bearer in (exchange.bearer("ihio"), EVERY_APP)
    )
    assert may_bear(own, "ihio", "ihio-production")
    assert not may_bear(own, "ihio", "ihio-staging")
    assert not may_bear(own, "post", "post-production")
    assert may_bear(anybody, "ihio", "ihio-staging")


def test_a_name_that_is_to_be_written_is_free_and_not_too_long(estate: Estate) -> None:
    agency = estate.agency("irica")
    assert agency
    assert write.flow(agency, "cache", "queue", 5672, "TCP") == (
        "- {name: cache-to-queue, from: cache, to: queue, port: 5672}\n"
    )
    assert "name: declaration-to-tariff-9090," in write.flow(agency, "declaration", "tariff", 9090, "TCP")
    assert f"name: {'a' * 35}-8080," in write.flow(agency, "a" * 38, "b" * 38, 8080, "TCP")
    assert "name: cache-to-queue, from: cache, to: queue, port: PORT, protocol: UDP}" in write.flow(
        agency, "cache", "queue", None, "UDP"
    )


def test_an_app_and_an_api_of_one_name_are_told_apart(estate: Estate) -> None:
    def twin(spec: Spec) -> Spec:
        return replaced(spec, apis=(replaced(spec.apis[0], id="events"), *spec.apis))

    twins = changed(estate, "ncro", twin)
    api, app = question(twins, "ihio", "ncro/events").target, question(twins, "ihio", "ncro-production/events").target
    assert (api.kind, api.app, app.kind, app.app) == ("api", "person-api", "app", "events")
    assert "the app of that name is ncro-production/events" in api.said.en
    assert question(twins, "ncro/events", "ihio").source.kind == "app"


def test_without_production_the_other_environments_are_named(estate: Estate) -> None:
    environments = tuple(one for agency in estate.agencies for one in agency.profile.spec.environments)
    staging = next(one for one in environments if one.name == "staging")
    without = changed(estate, "ncro", lambda spec: replaced(spec, environments=(staging,)))
    with pytest.raises(QuestionError, match="ncro-staging/events"):
        question(without, "ncro/events", "ihio")


def test_what_is_to_be_written_is_what_the_schema_wants(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    """Both snippets, filled in and put where they are said to belong, open the way."""
    found = asked(estate, shared, "ashayer/household", "irica/transit-status")
    inquiry, consent = ((one.write, one.where) for one in reasons(found, Role.MISSING))
    assert inquiry[1] is not None
    assert consent[1] is not None
    assert (inquiry[1].path, consent[1].path) == (("spec", "inquiries"), ("spec", "apis", 1, "consents"))
    assert (inquiry[1].file, consent[1].file) == (file(estate, "ashayer"), file(estate, "irica"))


def test_neighbours_in_time_agree_with_the_flows(estate: Estate, shared: tuple[Manifest, ...]) -> None:
    """At every day on which a half begins or ends, and the second before it, words and state go together."""
    flow = next(flow for flow in matched(estate) if flow.inquiry is not None and flow.inquiry.until is not None)
    assert flow.inquiry
    assert flow.consent
    days = [day for day in (flow.consent.since, flow.inquiry.until, flow.consent.until) if isinstance(day, Day)]
    moments = [day.begins(estate.platform.zone) + timedelta(seconds=off) for day in sorted(days) for off in (-1, 0)]
    answers = [of_flow(replaced(estate, as_of=moment), shared, flow).is_yes for moment in moments]
    assert answers[:4] == [False, True, True, False]
    assert [one for one in pairwise(answers[3:]) if one != (False, False)] == []
