"""What Roles and ClusterRoles allow, and which of them are tenants'."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from components.estate.finding import PathPart, Words
from components.manifests.access import BREAK_GLASS
from policies.rules.reading import at, items, name, namespace, text
from policies.rules.rule import Object, Problem
from policies.rules.scene import Scene
from policies.rules.subjects import RBAC, reaches_tenants

KINDS: Final = frozenset({f"{RBAC}/ClusterRole", f"{RBAC}/Role"})
PREFIX: Final = "govcloud-tenant-"
"""Begins the names of the platform's ClusterRoles for tenants; they are judged even where no binding is at hand."""
READ: Final = frozenset({"get", "list", "watch"})
WRITE: Final = frozenset({"create", "delete", "deletecollection", "patch", "update"})
ALL: Final = "*"


class Permission(NamedTuple):
    """One rule of a role: its place, its readable groups, and its resources and verbs, empty where unreadable."""

    path: tuple[PathPart, ...]
    groups: frozenset[str]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


class Barred(NamedTuple):
    """What no role of a tenant may allow: `resource` with its subresources, one `resource/subresource`, or `*`."""

    group: str
    resource: str
    verbs: frozenset[str]


def permissions(role: Object) -> Iterator[Permission]:
    """Yield every rule of a role, readable or not."""
    for index, one in enumerate(items(role, "rules")):
        groups = frozenset(group for group in items(one, "apiGroups") if isinstance(group, str))
        resources, verbs = (tuple(map(_text, items(one, key))) for key in ("resources", "verbs"))
        yield Permission(("rules", index), groups, resources, verbs)


def of_tenants(role: Object, scene: Scene) -> bool:
    """Tell whether a role is a tenant's: by its name, by its namespace, or because it is bound to one."""
    if text(role, "kind") == "Role":
        return scene.tenant(namespace(role)) is not None
    is_bound = any(reaches_tenants(binding, scene) for binding in scene.bindings_of(name(role)))
    return name(role).startswith(PREFIX) or name(role) == BREAK_GLASS or is_bound


def unreadable(role: Object) -> Iterator[Problem]:
    """Yield what keeps people from knowing what the role allows."""
    rules = items(role, "rules")
    if not rules:
        yield _unknown(role, "rules")
    for index, rule in enumerate(rules):
        is_about_paths = bool(items(rule, "nonResourceURLs")) and at(rule, "resources") is None
        for field in ("verbs",) if is_about_paths else ("apiGroups", "resources", "verbs"):
            values = items(rule, field)
            if not values:
                yield _unknown(role, "rules", index, field)
            for number, value in enumerate(values):
                if not isinstance(value, str) or not (value or field == "apiGroups"):
                    yield _unknown(role, "rules", index, field, number)


def allowed(role: Object, barred: Iterable[Barred]) -> Iterator[Problem]:
    """Yield each resource, as the role names it, on which the role allows what is barred."""
    listed = tuple(barred)
    for one in permissions(role):
        met = [b for b in listed if {b.group, ALL} & one.groups]
        for number, pattern in enumerate(one.resources):
            closed = frozenset[str]().union(*(b.verbs for b in met if covers(pattern, b.resource)))
            verbs = [verb for verb in one.verbs if verb in closed or (verb == ALL and closed)]
            if verbs:
                yield Problem(
                    (*one.path, "resources", number),
                    Words(
                        f"the role allows {', '.join(verbs)} on {pattern!r}",
                        f"این نقش {'، '.join(verbs)} را بر {pattern!r} مجاز می‌کند",
                    ),
                )


def cannot(role: Object, scene: Scene, barred: Iterable[Barred]) -> Iterator[Problem]:
    """Yield where a tenant's role allows what is barred, or may: what cannot be read, and what others fill in."""
    if not of_tenants(role, scene):
        return
    yield from unreadable(role)
    if role.get("aggregationRule") is not None:
        yield Problem(
            ("aggregationRule",),
            Words("other roles decide what it allows", "نقش‌های دیگر تعیین می‌کنند چه چیزی را مجاز کند"),
        )
    yield from allowed(role, barred)


def covers(pattern: str, resource: str) -> bool:
    """Tell whether a resource, as a role names it, is or contains the other one, or a part of it."""
    base, _, part = pattern.partition("/")
    wanted, _, subresource = resource.partition("/")
    if ALL in {pattern, resource}:
        return bool(pattern)
    return base in {wanted, ALL} and (not subresource or part in {subresource, ALL})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _unknown(role: Object, *path: PathPart) -> Problem:
    found = at(role, *path)
    return Problem(
        path,
        Words(
            f"what the role allows cannot be told from {found!r}", f"از {found!r} پیدا نیست نقش چه چیزی را مجاز می‌کند"
        ),
    )
