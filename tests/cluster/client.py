"""One kept connection to the API server, as whoever is named: thousands of questions in seconds."""

import http.client
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.live_cluster import Cluster

TRIAL: Final = "dryRun=All&fieldValidation=Strict"
_ABSENT: Final = "there-is-none"
_REFUSALS: Final = {
    "rbac": re.compile(r"is forbidden: User .* cannot \w+ (?:resource|path)"),
    "psa": re.compile(r'violates PodSecurity "restricted'),
    "vap": re.compile(r"ValidatingAdmissionPolicy 'govcloud-[a-z]+-\d+'"),
    "quota": re.compile(r"exceeded quota: "),
}
_PROBES: Final[Mapping[str, tuple[str, bool, str]]] = {
    "get": ("GET", True, ""),
    "list": ("GET", False, "limit=1"),
    "create": ("POST", False, "dryRun=All"),
    "update": ("PUT", True, "dryRun=All"),
    "patch": ("PATCH", True, "dryRun=All"),
    "delete": ("DELETE", True, "dryRun=All"),
    "deletecollection": ("DELETE", False, "dryRun=All&labelSelector=there=none"),
}
"""Method, whether it names one, and options of a request for a verb; it changes nothing, whatever is answered."""


class Person(NamedTuple):
    """As whom is asked; nobody's name is the administrator's."""

    name: str = ""
    group: str = ""

    @property
    def headers(self) -> dict[str, str]:
        group = {"Impersonate-Group": self.group} if self.group else {}
        return {"Impersonate-User": self.name} | group if self.name else {}


ADMINISTRATOR: Final = Person()
CONTROLLER: Final = Person("system:serviceaccount:kube-system:replicaset-controller")
"""Who makes pods from templates."""


class Answer(NamedTuple):
    """What the server said."""

    status: int
    body: Any
    warnings: str

    @property
    def is_good(self) -> bool:
        return self.status in (200, 201)

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def guard(self) -> str:
        """Who refused: `rbac`, `psa`, `vap` or `quota`; empty where nobody did."""
        if self.status != http.client.FORBIDDEN:
            return ""
        return next((name for name, said in _REFUSALS.items() if said.search(self.message)), "unknown")


class Resource(NamedTuple):
    """What the server serves in a version of a group; the plural of a subresource has a slash."""

    api: str
    plural: str
    kind: str
    is_namespaced: bool
    verbs: frozenset[str]

    @property
    def group(self) -> str:
        return self.api.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Its name in a role table: `apps/deployments/scale`."""
        return f"{self.group}/{self.plural}" if self.group else self.plural

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of the collection, or of the one with that name, or of its part."""
        space = f"/namespaces/{namespace}" if self.is_namespaced else ""
        plural, slash, part = self.plural.partition("/")
        return f"{_root(self.api)}{space}/{plural}" + (f"/{name}{slash}{part}" if name else "")


class Client:
    """The connection."""

    def __init__(self, cluster: Cluster) -> None:
        context = ssl.create_default_context(cafile=cluster.pki / "ca.crt")
        context.load_cert_chain(cluster.pki / "admin.crt", cluster.pki / "admin.key")
        self._connection = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, body: object = None, person: Person = ADMINISTRATOR, content: str = "json"
    ) -> Answer:
        headers = {"Content-Type": f"application/{content}", **person.headers}
        self._connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self._connection.getresponse()
        text = response.read()
        warnings = "\n".join(value for key, value in response.getheaders() if key == "Warning")
        is_json = response.getheader("Content-Type", "").startswith("application/json")
        return Answer(response.status, json.loads(text) if is_json else {"message": text.decode()}, warnings)

    def resources(self) -> Iterator[Resource]:
        """Yield everything that the server serves, subresources too, in the version that it prefers."""
        groups = self.ask("GET", "/apis").body["groups"]
        for api in ("v1", *(group["preferredVersion"]["groupVersion"] for group in groups)):
            yield from self.served(api)

    def served(self, api: str) -> Iterator[Resource]:
        """Yield what the server serves of one version; nothing of one that it does not know."""
        for one in self.ask("GET", _root(api)).body.get("resources", ()):
            yield Resource(api, one["name"], one["kind"], one["namespaced"], frozenset(one["verbs"]))

    def may(self, person: Person, verb: str, resource: Resource, namespace: str) -> bool:
        """Return whether the server lets a person do it: by a trial, else by asking the server.

        Authorisation comes before everything else, so what is not there, or is no whole object, shows it as well.
        """
        if verb not in _PROBES:
            return self.is_told(person, verb, resource, namespace)
        method, has_name, options = _PROBES[verb]
        name = namespace if resource.plural.partition("/")[0] == "namespaces" else _ABSENT
        path = resource.path(namespace, name if has_name or "/" in resource.plural else "")
        body = {"apiVersion": resource.api, "kind": resource.kind} if method in ("POST", "PUT", "PATCH") else None
        answer = self.ask(method, f"{path}?{options}", body, person, "merge-patch+json" if verb == "patch" else "json")
        return answer.guard != "rbac"

    def is_told(self, person: Person, verb: str, resource: Resource, namespace: str) -> bool:
        """Return what the server says of a person's right (SelfSubjectAccessReview)."""
        plural, _, part = resource.plural.partition("/")
        space = namespace if resource.is_namespaced else ""
        asked = {"verb": verb, "group": resource.group, "resource": plural, "subresource": part, "namespace": space}
        api, kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
        body = {"apiVersion": api, "kind": kind, "spec": {"resourceAttributes": asked}}
        answer = self.ask("POST", f"{_root(api)}/selfsubjectaccessreviews", body, person)
        assert answer.is_good, answer
        return bool(answer.body["status"]["allowed"])

    def create(self, person: Person, resource: Resource, body: Mapping[str, Any]) -> Answer:
        """Create it, but keep nothing."""
        return self.ask("POST", f"{resource.path(str(body['metadata'].get('namespace', '')))}?{TRIAL}", body, person)


def _root(api: str) -> str:
    return f"/{'apis' if '/' in api else 'api'}/{api}"
