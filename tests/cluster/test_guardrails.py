"""The guardrails on a real API server: the same verdict as the rules in Python, for every case; and what they leave.

Only one rule is bound at a time, because the server names only the first policy that refuses.
"""

import copy
import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from components.estate import loader
from components.estate.estate import Estate
from components.manifests import access
from components.manifests.manifest import AGENCY_LABEL, Manifest, manifest, owner_labels
from policies.catalogue import CATALOGUE
from policies.guardrails import guarded, guardrails
from policies.rules.reading import namespace, pod_path
from policies.rules.rule import Object, Rule, kind_of
from policies.rules.scene import Scene
from policies.waivers import Excuse
from scripts.cluster.apply import apply
from scripts.cluster.connection import Connection, connect
from scripts.cluster.read_back import read_back
from stacks.declaration import declaration
from tests.live_cluster import Cluster
from tests.policies import clock
from tests.policies.cases import Case, cases

pytestmark = pytest.mark.live

AGENCY = "t-guarded"
GUARDED, FREE, RESTRICTED = "t-guarded-production", "t-free", "t-restricted"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
GUARDS = {rule.id: rule for rule, _ in guarded()}
POD_SECURITY = {f"WL-{number:02}" for number in range(1, 11)}
PATIENCE = 30
TRIAL = "dryRun=All&fieldValidation=Strict"

FILLED_IN = {
    ("NP-17", "empty-type"),  # ClusterIP is the server's default
    ("NP-17", "null-type"),
    # No type, but the annotation of a token: the server makes it Opaque, which is none.
    *(("RB-11", stem) for stem in ("empty-account", "empty-type", "missing-type", "null-type")),
    ("WL-12", "missing-requests-of-a-pod"),  # of a pod, the server sets requests to the limits
    ("WL-16", "missing-policy-of-latest"),  # Always is the server's default for this tag
}
"""Cases in which the server fills in what a file lacks, so that admission sees nothing wrong."""


class Answer(NamedTuple):
    """What the server said to one request."""

    status: int
    body: Any
    warnings: str

    @property
    def is_good(self) -> bool:
        return self.status in (200, 201)

    def refused_by(self, rule_id: str) -> bool:
        told = self.warnings if self.is_good else str(self.body.get("message"))
        return f"'govcloud-{rule_id.lower()}'" in told and f"{rule_id}: " in told


class Server:
    """The cluster, as its administrator or as a developer of the agency."""

    def __init__(self, cluster: Cluster, connection: Connection) -> None:
        self.connection = connection
        self._port = cluster.port
        self._context = ssl.create_default_context(cafile=cluster.pki / "ca.crt")
        self._context.load_cert_chain(cluster.pki / "admin.crt", cluster.pki / "admin.key")

    def ask(
        self, method: str, path: str, body: object = None, *, as_developer: bool = False, content: str = "json"
    ) -> Answer:
        headers = {"Content-Type": f"application/{content}"}
        if as_developer:
            headers |= {"Impersonate-User": f"somebody@{AGENCY}", "Impersonate-Group": f"{AGENCY}:developer"}
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            warnings = "\n".join(value for key, value in response.getheaders() if key == "Warning")
            return Answer(response.status, json.loads(response.read()), warnings)
        finally:
            connection.close()

    def try_out(self, body: Object, namespace: str) -> Answer:
        """Create it, but keep nothing; as a developer where developers may."""
        path, as_developer = collection(body, namespace), namespace == GUARDED and developers_may(body)
        if "ephemeralContainers" not in (body.get("spec") or {}):
            return self.ask("POST", f"{path}?{TRIAL}", placed(body, namespace), as_developer=as_developer)
        base = {**body, "spec": {key: value for key, value in body["spec"].items() if key != "ephemeralContainers"}}
        made = self.ask("POST", path, placed(base, namespace))
        assert made.is_good, made  # nothing is wrong with the rest
        place = f"{path}/{made.body['metadata']['name']}"
        made.body["spec"]["ephemeralContainers"] = body["spec"]["ephemeralContainers"]
        try:
            return self.ask("PUT", f"{place}/ephemeralcontainers?{TRIAL}", made.body)
        finally:
            self.ask("DELETE", f"{place}?gracePeriodSeconds=0")

    def replace(self, path: str, body: Manifest) -> None:
        there = self.ask("GET", path).body["metadata"]["resourceVersion"]
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": there}}
        assert self.ask("PUT", path, body).is_good

    def bind(self, made: Manifest) -> None:
        assert self.ask("POST", BINDINGS, made).is_good

    def unbind(self, name: str = "") -> None:
        self.ask("DELETE", f"{BINDINGS}/{name}" if name else f"{BINDINGS}?labelSelector=app.kubernetes.io/managed-by")


def collection(body: Object, namespace: str) -> str:
    api = body["apiVersion"]
    return f"/{'apis' if '/' in api else 'api'}/{api}/namespaces/{namespace}/{body['kind'].lower()}s"


def placed(body: Object, namespace: str) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "namespace": namespace}}


def developers_may(body: Object) -> bool:
    group, plural = kind_of(body).rpartition("/")[0], f"{body['kind'].lower()}s"
    return any(
        group in rule["apiGroups"] and plural in rule["resources"] and "create" in rule["verbs"]
        for rule in access.ROLES["developer"]
    )


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "the server did not come round"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def server(cluster: Cluster, estate: Estate) -> Iterator[Server]:
    """The platform with its policies, none of them bound; and three namespaces."""
    connection = connect(cluster.kubeconfig)
    platform = declaration(estate, "platform")
    assert apply(connection, [platform]).is_good
    found = Server(cluster, connection)
    enforce = "pod-security.kubernetes.io/enforce"
    spaces = {
        GUARDED: owner_labels(AGENCY, "production") | {enforce: "privileged"},
        FREE: {enforce: "privileged"},
        RESTRICTED: {enforce: "restricted", f"{enforce}-version": estate.platform.spec.pod_security_version},
        clock.NAMESPACE: owner_labels(clock.AGENCY, "production"),
    }
    for name, labels in spaces.items():
        assert found.ask("POST", "/api/v1/namespaces", manifest("v1", "Namespace", name, labels=labels)).is_good
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(lambda account=account: found.ask("GET", account).is_good)  # type: ignore[misc]
    for made in access.role_bindings(AGENCY, GUARDED, owner_labels(AGENCY)):
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{GUARDED}/rolebindings"
        assert found.ask("POST", path, made).is_good
    found.unbind()
    yield found
    for name in spaces:
        found.ask("DELETE", f"/api/v1/namespaces/{name}")
    assert apply(connection, [platform]).is_good


def declared(estate: Estate, kind: str) -> list[Manifest]:
    return [one for one in declaration(estate, "platform").manifests if one["kind"] == kind]


def binding(estate: Estate, rule: Rule, excused: tuple[Excuse, ...] = ()) -> tuple[Manifest, Manifest]:
    policy, bound = guardrails(estate.platform, excused, [rule])
    return policy, bound


class Tried(NamedTuple):
    """One object of a case, and what the rule says of it: in its file, and as the server completes it."""

    case: Case
    body: Object
    in_file: bool
    completed: bool


def tried(server: Server, rule: Rule, estate: Estate) -> Iterator[Tried]:
    """Yield what the API admits of the rule's cases."""
    space = manifest("v1", "Namespace", GUARDED, labels=owner_labels(AGENCY, "production"))
    for case in (case for case in cases() if case.rule == rule.id):
        for body in case.objects:
            scene = Scene(case.objects, estate.platform)
            if kind_of(body) not in rule.kinds or namespace(body) in estate.platform.namespaces:
                continue
            answer = server.try_out(body, FREE)
            if answer.is_good:
                whole = placed(answer.body, GUARDED)
                completed = bool(list(rule.check(whole, Scene([space, whole], estate.platform))))
                in_file = bool(list(rule.check(body, scene)))
                yield Tried(case, body, in_file, completed)


@pytest.mark.parametrize("rule", GUARDS.values(), ids=lambda rule: rule.id)
def test_a_guard_gives_the_rules_verdict(server: Server, rule: Rule, estate: Estate) -> None:
    known = list(tried(server, rule, estate))
    differing = {(rule.id, one.case.path.stem) for one in known if one.in_file != one.completed}
    assert differing <= FILLED_IN
    assert all(one.in_file for one in known if one.in_file != one.completed), "the file must be judged no milder"
    wrong = [one for one in known if one.completed]
    assert wrong, "nothing that the API admits is refused"
    assert len(wrong) < len(known), "nothing is admitted"
    _, bound = binding(estate, rule)
    server.bind(bound)
    until(lambda: server.try_out(wrong[0].body, GUARDED).refused_by(rule.id))
    verdicts = [(one, server.try_out(one.body, GUARDED)) for one in known]
    for one, answer in verdicts:
        told = (one.case.path.name, one.body["kind"], answer)
        assert answer.refused_by(rule.id) is one.completed, told
        assert answer.is_good is not (one.completed and bound["spec"]["validationActions"] == ["Deny"]), told
    server.unbind(bound["metadata"]["name"])
    until(lambda: not server.try_out(wrong[0].body, GUARDED).refused_by(rule.id))
    for one in wrong:
        answer = server.try_out(one.body, GUARDED)
        assert answer.is_good, (one.case.path.name, answer)
        assert "govcloud-" not in answer.warnings


def test_pod_security_refuses_what_its_rules_refuse(server: Server, estate: Estate) -> None:
    """WL-01 to WL-10 have no guard of ours, because the server has them; so they must say the same, of every pod."""
    rules = [rule for rule in CATALOGUE if rule.id in POD_SECURITY]
    counted = {True: 0, False: 0}
    for case in (case for case in cases() if case.rule in POD_SECURITY):
        for body in case.objects:
            pod = as_pod(body)
            if pod is None or not server.try_out(pod, FREE).is_good:
                continue
            wrong = any(list(rule.check(pod, Scene([pod], estate.platform))) for rule in rules)
            answer = server.try_out(pod, RESTRICTED)
            assert answer.is_good is not wrong, (case.path, answer)
            assert wrong is ('violates PodSecurity "restricted' in str(answer.body.get("message")))
            counted[wrong] += 1
    assert min(counted.values()) > 10


def as_pod(body: Object) -> Object | None:
    """Return the pod that an object is, or makes."""
    template: Any = body
    for part in (pod_path(body) or ())[:-1]:
        template = template[part] if template and template.get(part) else None
    if not template or not template.get("spec"):
        return None
    metadata = {"name": "p", **{k: v for k, v in (template.get("metadata") or {}).items() if k == "annotations"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_what_is_declared_reads_back_and_has_sound_types(server: Server, estate: Estate) -> None:
    policies = declared(estate, "ValidatingAdmissionPolicy")
    assert read_back(server.connection, policies) == ()
    for one in policies:
        path = f"{POLICIES}/{one['metadata']['name']}"
        until(lambda path=path: "typeChecking" in server.ask("GET", path).body.get("status", {}))  # type: ignore[misc]
        assert server.ask("GET", path).body["status"]["typeChecking"] == {}, one["metadata"]["name"]


DEPLOYMENT_CASE = next(case for case in cases() if (case.rule, case.path.stem) == ("WL-12", "pass-restricted"))


def deployment(name: str, **limits: str) -> dict[str, Any]:
    """A Deployment in which nothing is wrong, unless its limits are given."""
    body = copy.deepcopy(next(body for body in DEPLOYMENT_CASE.objects if body["kind"] == "Deployment"))
    if limits:
        body["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": dict(limits)}
    return {**body, "metadata": {"name": name}}


def test_all_bound_at_once_let_a_sound_workload_through(server: Server, estate: Estate) -> None:
    bindings = declared(estate, "ValidatingAdmissionPolicyBinding")
    try:
        for one in bindings:
            server.bind(one)
        until(lambda: not server.try_out(deployment("bad", cpu="1"), GUARDED).is_good)
        # Each binding comes into force by itself; the last one here only warns, as there are no probes.
        until(lambda: "govcloud-wl-22" in server.try_out(deployment("good"), GUARDED).warnings)
        answer = server.try_out(deployment("good"), GUARDED)
        assert answer.is_good
        assert set(re.findall(r"govcloud-wl-\d+", answer.warnings)) == {"govcloud-wl-22"}
        assert server.try_out(deployment("bad", cpu="1"), FREE).is_good  # and nobody else is concerned
        assert read_back(server.connection, bindings) == ()
        reached = f"/api/v1/namespaces/{GUARDED}"
        change = {"metadata": {"labels": {AGENCY_LABEL: None}}}
        for path in (reached, f"{BINDINGS}/govcloud-wl-12", f"{POLICIES}/govcloud-wl-12"):
            patched = server.ask("PATCH", path, change, as_developer=True, content="merge-patch+json")
            assert patched.status == 403
    finally:
        server.unbind()


@pytest.fixture
def bound(server: Server, estate: Estate) -> Iterator[Callable[[tuple[Excuse, ...]], None]]:
    """Bind WL-12, under its declared policy with these excuses compiled in."""
    path = f"{POLICIES}/govcloud-wl-12"

    def bind(excused: tuple[Excuse, ...] = ()) -> None:
        policy, made = binding(estate, GUARDS["WL-12"], excused)
        server.replace(path, policy)
        server.bind(made)
        until(lambda: not server.try_out(deployment("bad", cpu="1"), GUARDED).is_good)

    yield bind
    server.unbind()
    server.replace(path, binding(estate, GUARDS["WL-12"])[0])


def excuse(**named: str) -> Excuse:
    until = datetime(2026, 3, 1, tzinfo=UTC)
    given = {"kind": None, "name": None, "container": None, **named}
    return Excuse("W-1405-014", "WL-12", GUARDED, given["kind"], given["name"], given["container"], until)


def test_a_waiver_opens_the_policy_for_what_it_names(
    server: Server, bound: Callable[[tuple[Excuse, ...]], None]
) -> None:
    bound((excuse(kind="Deployment", name="legacy"), excuse(kind="Deployment", name="partly", container="main")))
    until(lambda: server.try_out(deployment("legacy", cpu="1"), GUARDED).is_good)
    assert server.try_out(deployment("partly", cpu="1"), GUARDED).is_good
    assert server.try_out(deployment("legacy-2", cpu="1"), GUARDED).refused_by("WL-12")
    two = deployment("partly", cpu="1")
    containers = two["spec"]["template"]["spec"]["containers"]
    containers.append({**containers[0], "name": "side"})
    assert server.try_out(two, GUARDED).refused_by("WL-12")
    job = copy.deepcopy(next(body for body in DEPLOYMENT_CASE.objects if body["kind"] == "CronJob"))
    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["resources"] = {}
    assert server.try_out({**job, "metadata": {"name": "legacy"}}, GUARDED).refused_by("WL-12")


def test_what_is_compiled_in_at_a_moment_has_the_verdict_of_the_other_paths(server: Server, tmp_path: Path) -> None:
    """The server has no clock: what is compiled for a moment stays, with its end in the annotation, until the next."""
    waived, never = clock.service(), clock.service()
    never["metadata"]["name"] = "another"
    loaded = loader.load(clock.project_at(tmp_path / "root")).estate
    assert loaded is not None
    path, verdicts = f"{POLICIES}/govcloud-{clock.RULE.lower()}", []
    server.bind(binding(loaded, GUARDS[clock.RULE])[1])
    try:
        for moment in clock.MOMENTS:
            declared_then = declared(msgspec.structs.replace(loaded, as_of=moment.at), "ValidatingAdmissionPolicy")
            (policy,) = [copy.deepcopy(one) for one in declared_then if path.endswith(one["metadata"]["name"])]
            policy["spec"]["validations"][0]["message"] += moment.what  # tells that this one is in force
            server.replace(path, policy)
            until(lambda moment=moment: moment.what in str(server.try_out(never, clock.NAMESPACE).body.get("message")))  # type: ignore[misc]
            answer = server.try_out(waived, clock.NAMESPACE)
            assert answer.is_good or answer.refused_by(clock.RULE)
            verdicts.append((moment.what, answer.is_good, server.ask("GET", path).body["metadata"].get("annotations")))
    finally:
        server.unbind()
        server.replace(path, binding(loaded, GUARDS[clock.RULE])[0])
    note = {f"waiver.govcloud.internal/{clock.WAIVER}": f"{clock.UNTIL}T00:00:00+03:30"}
    assert verdicts == [(one.what, one.is_waived, note if one.is_waived else None) for one in clock.MOMENTS]


def test_controllers_make_the_pods_of_what_was_let_through(
    server: Server, bound: Callable[[tuple[Excuse, ...]], None]
) -> None:
    """Neither the replica set nor its pods bear the name that the waiver knows."""
    bound((excuse(kind="Deployment", name="legacy"),))
    path = f"/apis/apps/v1/namespaces/{GUARDED}/deployments"
    until(lambda: server.ask("POST", path, deployment("legacy", cpu="1"), as_developer=True).is_good)

    def pods() -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = server.ask("GET", f"/api/v1/namespaces/{GUARDED}/pods").body["items"]
        return found

    try:
        until(lambda: len(pods()) == 2)
        assert all("memory" not in pod["spec"]["containers"][0]["resources"]["limits"] for pod in pods())
    finally:
        server.ask("DELETE", f"{path}/legacy?propagationPolicy=Foreground")
        until(lambda: not pods())


def test_what_was_there_before_may_be_changed_only_for_the_better(
    server: Server, bound: Callable[[tuple[Excuse, ...]], None]
) -> None:
    path = f"/apis/apps/v1/namespaces/{GUARDED}/deployments"
    body = deployment("older", cpu="1")
    body["spec"]["replicas"] = 0
    until(lambda: server.ask("POST", path, body).is_good)
    bound(())

    def patch(change: Mapping[str, Any]) -> Answer:
        return server.ask("PATCH", f"{path}/older", change, as_developer=True, content="strategic-merge-patch+json")

    assert patch({"metadata": {"labels": {"seen": "yes"}}}).is_good
    assert patch({"spec": {"minReadySeconds": 5}}).refused_by("WL-12")
    sound = deployment("older")["spec"]["template"]["spec"]["containers"]
    assert patch({"spec": {"template": {"spec": {"containers": sound}}}}).is_good
    assert server.ask("DELETE", f"{path}/older").is_good
