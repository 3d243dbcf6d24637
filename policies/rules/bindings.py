"""RB-01, 02, 03, 06 and 13: to whom roles are bound, and which."""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import Words
from policies.rules import break_glass
from policies.rules.permissions import PREFIX
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.subjects import EVERYBODY, RBAC, ROLES, Subject, is_ours, is_tenants, subjects, unreadable

_CLUSTER_WIDE: Final = frozenset({f"{RBAC}/ClusterRoleBinding"})
_IN_NAMESPACE: Final = frozenset({f"{RBAC}/RoleBinding"})
_BINDINGS: Final = _CLUSTER_WIDE | _IN_NAMESPACE
_CLUSTER_ADMIN: Final = "cluster-admin"
_MASTERS: Final = "system:masters"
_ADMINISTRATORS: Final = frozenset({(_CLUSTER_ADMIN, _MASTERS), ("kubeadm:cluster-admins", "kubeadm:cluster-admins")})
"""Bindings, with their groups, that Kubernetes and kubeadm make themselves to hand the cluster to its owner."""
_DISCOVERY: Final = frozenset(
    {
        ("ClusterRoleBinding", "", "system:basic-user"),
        ("ClusterRoleBinding", "", "system:discovery"),
        ("ClusterRoleBinding", "", "system:public-info-viewer"),
        ("RoleBinding", "kube-public", "kubeadm:bootstrap-signer-clusterinfo"),
    }
)
"""Roles that everybody has in every cluster, because nothing works without them: kind of binding, namespace, role."""
_ISSUER: Final = "system:service-account-issuer-discovery"
"""What every service account has in every cluster: to read with which keys tokens are signed."""


def _is_bound_in_namespaces(body: Object, scene: Scene) -> Iterator[Problem]:
    yield from _unreadable(body)
    for one in subjects(body):
        if is_tenants(one, scene) and text(body, "roleRef", "name") != _ISSUER:
            yield Problem(
                one.path,
                Words(f"{one.shown} is bound in the whole cluster", f"{one.shown} در سراسر کلاستر نقش می‌گیرد"),
            )


def _is_no_cluster_admin(body: Object, scene: Scene) -> Iterator[Problem]:
    if not _concerns_tenants(body, scene):
        return
    yield from _unreadable(body)
    role = text(body, "roleRef", "name")
    if not role:
        found = at(body, "roleRef", "name")
        yield Problem(("roleRef", "name"), Words(f"binds the role {found!r}", f"نقش {found!r} را می‌دهد"))
    for one in subjects(body):
        if (role == _CLUSTER_ADMIN or one.name == _MASTERS) and not _is_clusters_own(body, one, scene):
            yield Problem(one.path, Words(f"binds {role} to {one.shown}", f"نقش {role} را به {one.shown} می‌دهد"))


def _names_who_it_binds(body: Object, scene: Scene) -> Iterator[Problem]:
    if _concerns_tenants(body, scene):
        yield from _unreadable(body)
    if (text(body, "kind"), namespace(body), text(body, "roleRef", "name")) in _DISCOVERY:
        return
    for one in subjects(body):
        if one.name in EVERYBODY:
            yield Problem(
                one.path,
                Words(f"binds {one.name}, which is everybody", f"نقش را به {one.name} می‌دهد که همه‌کس است"),
            )


def _stays_inside(body: Object, scene: Scene) -> Iterator[Problem]:
    place = namespace(body)
    agency = scene.tenant(place)
    if text(body, "kind") == "ClusterRoleBinding":
        yield Problem(("kind",), Words("binds in the whole cluster", "نقش را در سراسر کلاستر می‌دهد"))
    elif agency is None:
        found = at(body, "metadata", "namespace")
        yield Problem(
            ("metadata", "namespace"),
            Words(f"{found!r} is no agency's namespace", f"{found!r} فضای نام هیچ دستگاهی نیست"),
        )
    else:
        yield from _other_role(body, own_roles=True)
        yield from _unreadable(body)
        for one in subjects(body):
            is_group = (one.kind, one.api_group) == ("Group", RBAC) and one.name.startswith(f"{agency}:")
            is_account = (one.kind, one.namespace) == ("ServiceAccount", place)
            if one.is_readable and not (is_account or (is_group and one.name != f"{agency}:")):
                yield _stranger(one, agency)


def _binds_own_groups(body: Object, scene: Scene) -> Iterator[Problem]:
    agency = scene.tenant(namespace(body))
    if agency is None:
        return
    if break_glass.is_granted(body, scene):
        return
    yield from _other_role(body, own_roles=False)
    yield from _unreadable(body)
    bound = text(body, "roleRef", "name").removeprefix(PREFIX)
    wanted = {f"{agency}:{role}" for role in ROLES & {bound} or ROLES}
    for one in subjects(body):
        is_own = (one.kind, one.api_group) == ("Group", RBAC) and one.name in wanted
        if one.is_readable and not is_own:
            yield _stranger(one, agency)


def _other_role(body: Object, *, own_roles: bool) -> Iterator[Problem]:
    """Yield if another role is bound than the platform's for tenants, or, where they may, one of the namespace."""
    reference = mapping(body, "roleRef")
    group, kind, role = (text(reference, key) for key in ("apiGroup", "kind", "name"))
    is_platforms = kind == "ClusterRole" and role.startswith(PREFIX) and role.removeprefix(PREFIX) in ROLES
    is_own = own_roles and kind == "Role" and bool(role)
    if group != RBAC or not (is_platforms or is_own):
        shown = " ".join(str(reference.get(key)) for key in ("kind", "name"))
        yield Problem(
            ("roleRef",), Words(f"binds {shown} of the API group {group!r}", f"{shown} از گروه {group!r} را می‌دهد")
        )


def _stranger(one: Subject, agency: str) -> Problem:
    summary = f"{one.shown} of the API group {one.api_group!r}"
    return Problem(
        one.path,
        Words(f"{summary} may not have this role of {agency}", f"{summary} نباید این نقش {agency} را داشته باشد"),
    )


def _unreadable(body: Object) -> Iterator[Problem]:
    """Yield what is unreadable in the subjects; Kubernetes' own bindings may be without any."""
    is_built_in = mapping(body, "metadata", "labels").get("kubernetes.io/bootstrapping") == "rbac-defaults"
    if items(body, "subjects") or not is_built_in:
        yield from unreadable(body)


def _concerns_tenants(body: Object, scene: Scene) -> bool:
    """Tell whether the binding holds for tenants' namespaces, or is the platform's own declaration."""
    return text(body, "kind") != "RoleBinding" or scene.tenant(namespace(body)) is not None or is_ours(body)


def _is_clusters_own(body: Object, subject: Subject, scene: Scene) -> bool:
    """Tell whether those who run the cluster are bound, by a binding that the platform does not declare."""
    if is_ours(body):
        return False
    if subject.kind == "ServiceAccount":
        return bool(subject.namespace) and not is_tenants(subject, scene)
    return subject.kind == "Group" and (name(body), subject.name) in _ADMINISTRATORS


RULES: Final = (
    Rule(
        id="RB-01",
        name="clusterrolebinding-no-tenant",
        title=Words(
            "Tenants get roles in their namespaces only, never by a ClusterRoleBinding",
            "دستگاه‌ها تنها در فضای نام خود نقش می‌گیرند، هرگز با ClusterRoleBinding",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            "CIS Kubernetes Benchmark 5.1.1",
            "kubescape C-0185",
            "Trivy KSV-0111",
            "Polaris clusterrolebindingClusterAdmin",
        ),
        remedy=Words(
            "bind the agency's group by a RoleBinding in each of its namespaces",
            "نقش را با RoleBinding در تک‌تک فضاهای نام دستگاه به گروه آن بدهید",
        ),
        kinds=_CLUSTER_WIDE,
        check=_is_bound_in_namespaces,
        waivable=False,
    ),
    Rule(
        id="RB-02",
        name="binding-no-cluster-admin",
        title=Words(
            "Beside those who run the cluster nobody is bound to cluster-admin, and nothing to system:masters",
            "جز گردانندگان کلاستر، نقش cluster-admin به کسی و هیچ نقشی به system:masters داده نمی‌شود",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("kubescape C-0246", "Trivy KSV-0123", "Kyverno restrict-binding-clusteradmin"),
        remedy=Words(
            f"bind one of the {PREFIX}* roles; only break-glass access by the register of emergencies has more",
            f"یکی از نقش‌های {PREFIX}* را بدهید؛ بیش از آن تنها دسترسی اضطراری است که در فهرست وضعیت‌های اضطراری آمده",
        ),
        kinds=_BINDINGS,
        check=_is_no_cluster_admin,
        waivable=False,
    ),
    Rule(
        id="RB-03",
        name="binding-no-anonymous",
        title=Words(
            "No role is bound to everybody: anonymous, unauthenticated or merely authenticated",
            "هیچ نقشی به همه‌کس داده نمی‌شود: نه بی‌نام، نه واردنشده، نه هر که وارد شده",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=(
            "Gatekeeper library disallowanonymous",
            "kubescape C-0262",
            "kubescape C-0265",
            "Trivy KSV-0122",
            "Trivy KSV-01011",
        ),
        remedy=Words("name the group that needs the role", "گروهی را نام ببرید که این نقش را می‌خواهد"),
        kinds=_BINDINGS,
        check=_names_who_it_binds,
        waivable=False,
    ),
    Rule(
        id="RB-06",
        name="rolebinding-allowed-roles",
        title=Words(
            "A tenant's RoleBindings bind allowed roles, to its own groups and service accounts",
            "RoleBindingهای دستگاه تنها نقش‌های مجاز را به گروه‌ها و حساب‌های سرویس خود آن می‌دهند",
        ),
        marks=frozenset({Mark.TENANT}),
        controls=(
            "Trivy KSV-0051",
            "Trivy KSV-0052",
            "Trivy KSV-0055",
            "Multi-Tenancy Benchmarks OPS-3",
            "Checkov CKV2_K8S_1",
        ),
        remedy=Words(
            f"in a namespace of the agency, bind a Role of it or a ClusterRole {PREFIX}* to groups `<agency>:…` or to "
            "service accounts of the same namespace",
            f"در فضای نام دستگاه، یک Role همان‌جا یا یک ClusterRole به نام {PREFIX}* را به گروه‌های `<agency>:…` یا "
            "حساب‌های سرویس همان فضای نام بدهید",
        ),
        kinds=_BINDINGS,
        check=_stays_inside,
    ),
    Rule(
        id="RB-13",
        name="rolebinding-identity-groups",
        title=Words(
            "In a tenant's namespace each platform role is bound to the agency's group of the same name",
            "در فضای نام دستگاه هر نقش سکو به گروه هم‌نامِ همان دستگاه داده می‌شود",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("kubescape C-0286", "kubescape C-0287", "kubescape C-0288"),
        remedy=Words(
            f"bind {PREFIX}<role> to the group `<agency>:<role>` of the national login: no users, no service accounts; "
            "break-glass access is bound only as the register of emergencies has it, and in its time",
            f"{PREFIX}<role> را به گروه `<agency>:<role>` در ورود ملی بدهید: نه به کاربر، نه به حساب سرویس؛ دسترسی "
            "اضطراری تنها همان‌گونه و در همان زمانی داده می‌شود که در فهرست وضعیت‌های اضطراری آمده است",
        ),
        kinds=_IN_NAMESPACE,
        check=_binds_own_groups,
    ),
)
