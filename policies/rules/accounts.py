"""RB-10 and 11: service accounts, which programs log in with."""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import Words
from policies.rules.reading import at, mapping, name, namespace, text
from policies.rules.rule import Guard, Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.subjects import RBAC, Subject, subjects

_DEFAULT: Final = "default"
_AUTOMOUNT: Final = "automountServiceAccountToken"
_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105  # a type of Secret, not a secret
_ACCOUNT: Final = "kubernetes.io/service-account.name"
"""The annotation by which a Secret asks for an account's token."""


def _has_idle_default(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge the default account, the namespace where it should be, and the bindings that could use it."""
    kind = text(body, "kind")
    if kind == "Namespace":
        accounts = scene.inside(name(body), "ServiceAccount")
        if scene.tenant(name(body)) is not None and not any(name(account) == _DEFAULT for account in accounts):
            yield Problem(
                ("metadata", "name"),
                Words("its default service account is not declared", "حساب سرویس پیش‌فرض آن اعلام نشده است"),
            )
    elif kind == "ServiceAccount":
        is_default = name(body) == _DEFAULT and scene.tenant(namespace(body)) is not None
        if is_default and (found := body.get(_AUTOMOUNT)) is not False:
            yield Problem(
                (_AUTOMOUNT,),
                Words(f"every pod gets a token: {found!r}", f"هر پادی توکن می‌گیرد: {found!r}"),
            )
    else:
        for one in subjects(body):
            if _is_default(one, scene):
                yield Problem(
                    one.path,
                    Words("binds a default service account", "نقش را به حساب سرویس پیش‌فرض می‌دهد"),
                )


def _is_default(one: Subject, scene: Scene) -> bool:
    """Tell whether a tenant's default account is meant, in either of its spellings."""
    if one.kind == "ServiceAccount":
        return one.name == _DEFAULT and scene.tenant(one.namespace) is not None
    parts = one.name.split(":")
    is_account = parts[:2] == ["system", "serviceaccount"] and parts[3:] == [_DEFAULT]
    return is_account and scene.tenant(parts[2]) is not None


def _is_no_token(body: Object, _scene: Scene) -> Iterator[Problem]:
    found = at(body, "type")
    asks = _ACCOUNT in mapping(body, "metadata", "annotations")
    is_unsaid = found is None or found == ""  # Kubernetes reads it as Opaque
    if asks if is_unsaid else found == _TOKEN or not isinstance(found, str):
        yield Problem(("type",), Words(f"is of the type {found!r}", f"از نوع {found!r} است"))


RULES: Final = (
    Rule(
        id="RB-10",
        name="serviceaccount-default-idle",
        title=Words(
            "A tenant's default service account has no token and no role",
            "حساب سرویس پیش‌فرض دستگاه نه توکن دارد و نه نقش",
        ),
        marks=frozenset({Mark.GENERATED, Mark.TENANT}),
        controls=(
            "CIS Kubernetes Benchmark 5.1.5",
            "CIS Kubernetes Benchmark 5.1.6",
            "kubescape C-0189",
            "kubescape C-0190",
            "Checkov CKV_K8S_38",
            "Checkov CKV_K8S_41",
            "Checkov CKV_K8S_42",
            "Trivy KSV-0036",
        ),
        remedy=Words(
            f"declare it with {_AUTOMOUNT}: false and bind nothing to it; a program that calls the API server has an "
            "account of its own",
            f"آن را با {_AUTOMOUNT}: false اعلام کنید و نقشی به آن ندهید؛ برنامه‌ای که با سرور API کار دارد "
            "حساب خودش را می‌خواهد",
        ),
        kinds=frozenset({"Namespace", "ServiceAccount", f"{RBAC}/ClusterRoleBinding", f"{RBAC}/RoleBinding"}),
        check=_has_idle_default,
    ),
    Rule(
        id="RB-11",
        name="secret-no-account-token",
        title=Words(
            "No Secret holds a service account's token that never ends",
            "هیچ Secretی توکن بی‌پایان حساب سرویس را نگه نمی‌دارد",
        ),
        marks=frozenset({Mark.TENANT}),
        controls=("Kyverno deny-secret-service-account-token-type",),
        remedy=Words(
            "let the pod ask for a token that ends (a projected volume), or write the Secret's true type",
            "بگذارید پاد توکن پایان‌دار بخواهد (projected volume)، یا نوع درست Secret را بنویسید",
        ),
        kinds=frozenset({"Secret"}),
        check=_is_no_token,
        guard=Guard(expression=f'object.type != "{_TOKEN}"', resources={"": ("secrets",)}),
    ),
)
