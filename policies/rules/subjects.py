"""Who is bound: reads the subjects of RoleBindings and ClusterRoleBindings, and tells whose they are."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from components.estate.finding import PathPart, Words
from components.manifests.manifest import MANAGED_BY, MANAGED_BY_LABEL
from policies.rules.reading import at, items, mapping, namespace, text
from policies.rules.rule import Object, Problem
from policies.rules.scene import Scene

RBAC: Final = "rbac.authorization.k8s.io"
ROLES: Final = frozenset({"auditor", "developer", "operator", "security-centre"})
"""The roles of a tenant's people; an agency's group for one of them is `<id>:<role>`."""
EVERYBODY: Final = frozenset({"system:anonymous", "system:authenticated", "system:unauthenticated"})
"""Whom the API server counts among these without anybody having said so: tenants, and strangers."""

_KINDS: Final = frozenset({"Group", "ServiceAccount", "User"})
_ACCOUNTS: Final = "system:serviceaccounts"
_ACCOUNT: Final = "system:serviceaccount:"


class Subject(NamedTuple):
    """One subject of a binding and its place; a part that cannot be read is empty."""

    path: tuple[PathPart, ...]
    kind: str
    api_group: str
    name: str
    namespace: str

    @property
    def shown(self) -> str:
        """The subject as messages show it."""
        return f"{self.kind} {f'{self.namespace}/' * bool(self.namespace)}{self.name}"

    @property
    def is_readable(self) -> bool:
        """Whether it says whom it means."""
        return self.kind in _KINDS and bool(self.name) and bool(self.namespace or self.kind != "ServiceAccount")


def subjects(body: Object) -> Iterator[Subject]:
    """Yield every subject of a binding, readable or not."""
    for index, one in enumerate(items(body, "subjects")):
        parts = (text(one, key) for key in ("kind", "apiGroup", "name", "namespace"))
        yield Subject(("subjects", index), *parts)


def unreadable(body: Object) -> Iterator[Problem]:
    """Yield what keeps people from knowing whom the binding binds."""
    if not items(body, "subjects"):
        found = at(body, "subjects")
        yield Problem(("subjects",), Words(f"nobody is named: {found!r}", f"کسی نام برده نشده است: {found!r}"))
    for one in subjects(body):
        wanted = ("name", "namespace") if one.kind == "ServiceAccount" else ("name",)
        fields = ["kind"] if one.kind not in _KINDS else [field for field in wanted if not getattr(one, field)]
        for field in fields:
            found = at(body, *one.path, field)
            yield Problem(
                (*one.path, field),
                Words(f"whom it binds cannot be told from {found!r}", f"از {found!r} پیدا نیست نقش به چه کسی می‌رسد"),
            )


def is_ours(body: Object) -> bool:
    """Tell whether the platform's own stack declares the object."""
    return bool(mapping(body, "metadata", "labels").get(MANAGED_BY_LABEL) == MANAGED_BY)


def is_tenants(subject: Subject, scene: Scene) -> bool:
    """Tell whether a tenant's people or programs are meant by name; `EVERYBODY` is not."""
    if subject.kind == "ServiceAccount":
        return scene.tenant(subject.namespace) is not None
    if subject.name == _ACCOUNTS:
        return True
    for prefix in (f"{_ACCOUNTS}:", _ACCOUNT):
        if subject.name.startswith(prefix):
            return scene.tenant(subject.name.removeprefix(prefix).partition(":")[0]) is not None
    owner, colon, role = subject.name.partition(":")
    return bool(colon) and (scene.is_agency(owner) or role in ROLES)


def reaches_tenants(binding: Object, scene: Scene) -> bool:
    """Tell whether a tenant gets what is bound; in a tenant's namespace all but the platform's own accounts do."""
    if scene.tenant(namespace(binding)) is None:
        return any(one.name in EVERYBODY or is_tenants(one, scene) for one in subjects(binding))
    return any(one.kind != "ServiceAccount" or is_tenants(one, scene) for one in subjects(binding))
