"""Each role on the real API server: what DESIGN grants is allowed and nothing else; what the rules forbid is refused.

A refusal is shown to come from the guard that `guards.yaml` names: with this guard alone it stands, without it the same
request succeeds.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from components.estate.estate import Estate
from components.estate.finding import Level
from components.manifests.access import ROLES
from components.manifests.manifest import Manifest, manifest, owner_labels
from policies.catalogue import CATALOGUE
from policies.rules.reading import namespace
from policies.rules.rule import Mark, Object, Rule
from policies.rules.scene import Scene
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from stacks.declaration import declaration
from tests.cluster.client import ADMINISTRATOR, CONTROLLER, Answer, Client, Person, Resource
from tests.cluster.conftest import renamed
from tests.cluster.test_guardrails import BINDINGS, as_pod, until
from tests.live_cluster import Cluster
from tests.policies.cases import cases

pytestmark = pytest.mark.live

HERE = Path(__file__).parent
TABLE: Mapping[str, Any] = yaml.safe_load((HERE / "roles.yaml").read_text("utf-8"))
GUARDS: Mapping[str, Any] = yaml.safe_load((HERE / "guards.yaml").read_text("utf-8"))
GUARD_OF = {rule_id: guard for guard, rules in GUARDS["refused"].items() for rule_id in rules}
TENANT_RULES = {rule.id: rule for rule in CATALOGUE if Mark.TENANT in rule.marks}

AGENCY, NEIGHBOUR = "t-roles", "t-neighbour"
OWN, THEIRS, FREE = f"{AGENCY}-production", f"{NEIGHBOUR}-production", "t-roles-free"
BINDING = "ValidatingAdmissionPolicyBinding"
RBAC = "rbac.authorization.k8s.io"
ENFORCE = "pod-security.kubernetes.io/enforce"
PERSONS = {role: Person(f"somebody@{AGENCY}", f"{AGENCY}:{role}") for role in ROLES}
DEVELOPER = PERSONS["developer"]
Cell = tuple[str, str]
"""A verb and a resource."""


@pytest.fixture(scope="module")
def client(cluster: Cluster, estate: Estate) -> Iterator[Client]:
    """The platform and two agencies, whole, and a namespace without any guard."""
    declared = [
        declaration(estate, "platform"),
        renamed(estate, "irica", AGENCY),
        renamed(estate, "ashayer", NEIGHBOUR),
    ]
    assert apply(connect(cluster.kubeconfig), declared).is_good
    found = Client(cluster)
    free = manifest("v1", "Namespace", FREE, labels={ENFORCE: "privileged"})
    assert found.ask("POST", "/api/v1/namespaces", free).is_good
    until(lambda: found.ask("GET", f"/api/v1/namespaces/{FREE}/serviceaccounts/default").is_good)
    yield found
    found.close()


@pytest.fixture(scope="module")
def served(client: Client) -> list[Resource]:
    return sorted(client.resources())


def granted(role: str) -> set[Cell]:
    """Return what the table grants a role in its own namespaces."""
    return {
        (verb, resource)
        for row in TABLE["allowed"]
        if role in TABLE["groups"][row["who"]]
        for verb in row["verbs"]
        for resource in row["resources"]
    }


def allowed(client: Client, person: Person, served: list[Resource], space: str) -> set[Cell]:
    """Return what the server lets a person do there, of all that it can do."""
    return {
        (verb, resource.name)
        for resource in served
        for verb in sorted(resource.verbs)
        if client.may(person, verb, resource, space)
    }


EVERYBODY = {("create", resource) for resource in TABLE["everybody"]}


def test_the_table_knows_every_role_and_everything_in_it_is_served(served: list[Resource]) -> None:
    assert set(TABLE["groups"]["all"]) == set(ROLES)
    everything = {(verb, resource.name) for resource in served for verb in resource.verbs}
    assert {cell for role in ROLES for cell in granted(role)} | EVERYBODY <= everything
    assert len(everything) > 500


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_table_grants_and_nothing_else(
    client: Client, served: list[Resource], role: str
) -> None:
    for space in (OWN, f"{AGENCY}-test"):
        assert allowed(client, PERSONS[role], served, space) == granted(role) | EVERYBODY


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("space", [THEIRS, "govcloud-gateway", "kube-system"])
def test_outside_its_own_namespaces_a_role_may_do_nothing(
    client: Client, served: list[Resource], role: str, space: str
) -> None:
    assert allowed(client, PERSONS[role], served, space) == EVERYBODY


@pytest.mark.parametrize("role", ROLES)
def test_no_role_becomes_another(client: Client, role: str) -> None:
    for row in TABLE["special"]:
        group, _, plural = row["resource"].rpartition("/")
        resource = Resource(
            f"{group}/v1".removeprefix("/"), plural, "", plural in ("roles", "serviceaccounts"), frozenset()
        )
        assert not client.is_told(PERSONS[role], row["verb"], resource, OWN), row
        assert client.is_told(ADMINISTRATOR, row["verb"], resource, OWN), row


@pytest.mark.parametrize("role", ROLES)
def test_with_the_right_granted_every_refusal_is_a_success(client: Client, served: list[Resource], role: str) -> None:
    """RBAC refused, and nobody else: one RoleBinding, and all that was refused in the namespace is let through."""
    binding = everything("RoleBinding", role, OWN)
    path = f"/apis/{RBAC}/v1/namespaces/{OWN}/rolebindings"
    here = [resource for resource in served if resource.is_namespaced]
    (secrets,) = [resource for resource in here if resource.name == "secrets"]
    assert client.ask("POST", path, binding).is_good
    try:
        until(lambda: client.may(PERSONS[role], "deletecollection", secrets, OWN))
        cells = {(verb, resource.name) for resource in here for verb in resource.verbs}
        assert allowed(client, PERSONS[role], here, OWN) == cells
    finally:
        client.ask("DELETE", f"{path}/{binding['metadata']['name']}")
        until(lambda: not client.may(PERSONS[role], "deletecollection", secrets, OWN))


def everything(kind: str, role: str, space: str = "") -> Manifest:
    """A binding that grants a role of the agency everything."""
    return manifest(
        f"{RBAC}/v1",
        kind,
        "t-roles-everything",
        labels={},
        namespace=space or None,
        roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        subjects=[{"apiGroup": RBAC, "kind": "Group", "name": f"{AGENCY}:{role}"}],
    )


# What breaks a rule.


class Wrong(NamedTuple):
    """An object that breaks a rule, in the agency's namespace, and what the API serves it as."""

    rule: Rule
    shown: str
    resource: Resource
    body: Object


@cache
def _served(client: Client, api: str) -> Mapping[str, Resource]:
    return {resource.kind: resource for resource in client.served(api) if "/" not in resource.plural}


def wrong_objects(client: Client, rule: Rule, estate: Estate) -> Iterator[Wrong]:
    """Yield what the rule's cases announce as wrong, as far as the API admits it."""
    for case in (case for case in cases() if case.rule == rule.id and case.sort != "pass"):
        announced = {one.shown for one in case.expected}
        for body in case.objects:
            name = (body.get("metadata") or {}).get("name")
            if name and f"{body['kind']}/{name}" in announced:
                found = _admitted(client, rule, body, estate)
                if found is not None:
                    yield Wrong(rule, f"{case.path.stem}: {body['kind']}", *found)


def _admitted(client: Client, rule: Rule, body: Object, estate: Estate) -> tuple[Resource, Object] | None:
    """Return an object as it is tried, unless the API itself takes none such, or completes it so that it is right."""
    judged = as_pod(body) if GUARD_OF.get(rule.id) == "psa" else body  # the object itself is only warned of
    if judged is None:
        return None
    resource = _served(client, judged["apiVersion"]).get(judged["kind"])
    if resource is None:
        return None
    stays = (namespace(judged) or "default") if rule.id == "NS-04" else ""  # it is about whose the namespace is
    answer = client.create(ADMINISTRATOR, resource, _in(judged, resource, stays or FREE))
    if not answer.is_good:
        return None
    if GUARD_OF.get(rule.id) in ("psa", "vap"):
        space = manifest("v1", "Namespace", OWN, labels=owner_labels(AGENCY, "production"))
        whole = _in(answer.body, resource, OWN)
        if not list(rule.check(whole, Scene([space, whole], estate.platform))):
            return None
    return resource, _in(judged, resource, stays or OWN)


def _in(body: Object, resource: Resource, space: str) -> Object:
    metadata = {key: value for key, value in body["metadata"].items() if key != "namespace"}
    return {**body, "metadata": metadata | ({"namespace": space} if resource.is_namespaced else {})}


def tried(client: Client, person: Person, one: Wrong) -> Answer:
    return client.create(person, one.resource, one.body)


def test_every_rule_over_tenants_has_its_guard_or_its_reason() -> None:
    listed = [*GUARD_OF, *GUARDS["told"]]
    assert sorted(listed) == sorted(TENANT_RULES)
    assert sum(map(len, GUARDS["refused"].values())) == len(GUARD_OF)
    for rule_id in GUARDS["told"]:
        assert TENANT_RULES[rule_id].level is Level.ADVISORY


@pytest.mark.parametrize("rule_id", GUARD_OF)
def test_what_breaks_a_rule_is_refused_to_all_who_work_in_the_tenant(
    client: Client, rule_id: str, estate: Estate
) -> None:
    """With everything in place: whoever is first refuses. A pod that is made from a template meets Pod Security."""
    wrong = list(wrong_objects(client, TENANT_RULES[rule_id], estate))
    assert wrong, "the API itself admits nothing that breaks the rule"
    for one in wrong:
        for role in TABLE["groups"]["makers"]:
            assert tried(client, PERSONS[role], one).guard in ("rbac", GUARD_OF[rule_id], "vap"), one
        if GUARD_OF[rule_id] == "psa":
            assert tried(client, CONTROLLER, one).guard == "psa", one


# Each guard alone, and then none.


@pytest.fixture(scope="module")
def bare(client: Client, cluster: Cluster, estate: Estate) -> Iterator[Client]:
    """The agency's namespace with no guard left but the rights of its roles."""
    client.ask("DELETE", f"{BINDINGS}?labelSelector=app.kubernetes.io/managed-by")
    _label(client, None)
    for plural in ("limitranges", "resourcequotas"):
        assert client.ask("DELETE", f"/api/v1/namespaces/{OWN}/{plural}").is_good
    yield client
    declared = [declaration(estate, "platform"), renamed(estate, "irica", AGENCY)]
    assert apply(connect(cluster.kubeconfig), declared).is_good


def _label(client: Client, level: str | None) -> None:
    change = {"metadata": {"labels": {ENFORCE: level}}}
    assert client.ask("PATCH", f"/api/v1/namespaces/{OWN}", change, content="merge-patch+json").is_good


@contextmanager
def granted_everything(client: Client) -> Iterator[None]:
    """While nothing is left of what developers may not do."""
    path, made = f"/apis/{RBAC}/v1/clusterrolebindings", everything("ClusterRoleBinding", "developer")
    nodes = Resource("v1", "nodes", "Node", is_namespaced=False, verbs=frozenset())
    assert client.ask("POST", path, made).is_good
    try:
        until(lambda: client.may(DEVELOPER, "list", nodes, ""))
        yield
    finally:
        client.ask("DELETE", f"{path}/{made['metadata']['name']}")
        until(lambda: not client.may(DEVELOPER, "list", nodes, ""))


@contextmanager
def pod_security(client: Client, one: Wrong) -> Iterator[None]:
    """While the namespace bears its label."""
    _label(client, "restricted")
    try:
        until(lambda: not tried(client, CONTROLLER, one).is_good)
        yield
    finally:
        _label(client, None)
        until(lambda: tried(client, CONTROLLER, one).is_good)


@contextmanager
def bound(client: Client, rule: Rule, estate: Estate, one: Wrong) -> Iterator[None]:
    """While the rule's own policy is in force."""
    name = f"govcloud-{rule.id.lower()}"
    (made,) = [
        m for m in declaration(estate, "platform").manifests if m["kind"] == BINDING and name == m["metadata"]["name"]
    ]
    assert client.ask("POST", BINDINGS, made).is_good
    try:
        until(lambda: is_told(tried(client, DEVELOPER, one), rule))
        yield
    finally:
        client.ask("DELETE", f"{BINDINGS}/{name}")
        until(lambda: not is_told(tried(client, DEVELOPER, one), rule))


def is_told(answer: Answer, rule: Rule) -> bool:
    """Return whether the rule's own policy speaks: it refuses, or it warns."""
    told = answer.warnings if answer.is_good else answer.message
    return f"'govcloud-{rule.id.lower()}'" in told and f"{rule.id}: " in told


@pytest.mark.parametrize("rule_id", GUARDS["refused"]["rbac"])
def test_the_rights_of_a_role_alone_refuse_and_without_them_nobody_does(
    bare: Client, rule_id: str, estate: Estate
) -> None:
    wrong = list(wrong_objects(bare, TENANT_RULES[rule_id], estate))
    for one in wrong:
        for role in TABLE["groups"]["makers"]:
            assert tried(bare, PERSONS[role], one).guard == "rbac", one
    with granted_everything(bare):
        for one in wrong:
            assert tried(bare, DEVELOPER, one).is_good, one


@pytest.mark.parametrize("rule_id", GUARDS["refused"]["psa"])
def test_pod_security_alone_refuses_and_without_it_nobody_does(bare: Client, rule_id: str, estate: Estate) -> None:
    wrong = list(wrong_objects(bare, TENANT_RULES[rule_id], estate))
    with pod_security(bare, wrong[0]):
        for one in wrong:
            assert tried(bare, CONTROLLER, one).guard == "psa", one
    for one in wrong:
        assert tried(bare, CONTROLLER, one).is_good, one


@pytest.mark.parametrize("rule_id", [*GUARDS["refused"]["vap"], *GUARDS["told"]])
def test_the_policy_of_a_rule_alone_speaks_and_without_it_nobody_does(
    bare: Client, rule_id: str, estate: Estate
) -> None:
    rule = TENANT_RULES[rule_id]
    wrong = list(wrong_objects(bare, rule, estate))
    assert wrong
    with granted_everything(bare):
        with bound(bare, rule, estate, wrong[0]):
            for one in wrong:
                answer = tried(bare, DEVELOPER, one)
                assert is_told(answer, rule), one
                assert answer.guard == ("vap" if rule_id in GUARD_OF else ""), one
        for one in wrong:
            answer = tried(bare, DEVELOPER, one)
            assert answer.is_good, one
            assert not is_told(answer, rule), one


def test_the_quota_refuses_open_ports_even_without_the_policy(bare: Client, estate: Estate) -> None:
    """QU-02 stands behind NP-17."""
    (made,) = [
        m for m in renamed(estate, "irica", AGENCY).manifests if m["kind"] == "ResourceQuota" and namespace(m) == OWN
    ]
    path = f"/api/v1/namespaces/{OWN}/resourcequotas"
    wrong = [
        one
        for one in wrong_objects(bare, TENANT_RULES["NP-17"], estate)
        if one.body["spec"].get("type") in ("NodePort", "LoadBalancer")
    ]
    assert {one.body["spec"]["type"] for one in wrong} == {"NodePort", "LoadBalancer"}
    assert bare.ask("POST", path, made).is_good
    try:
        until(lambda: tried(bare, DEVELOPER, wrong[0]).guard == "quota")
        for one in wrong:
            assert tried(bare, DEVELOPER, one).guard == "quota", one
    finally:
        bare.ask("DELETE", f"{path}/{made['metadata']['name']}")
    until(lambda: tried(bare, DEVELOPER, wrong[0]).is_good)
    for one in wrong:
        assert tried(bare, DEVELOPER, one).is_good, one
