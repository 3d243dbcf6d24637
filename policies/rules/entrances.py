"""IN-18: who may enter what stands in a window: those whom the profile and the licences name, and nobody else.

Of Envoy Gateway's rules of an authorization the first that fits decides; a field that is not understood here is a
finding, because it may change whom a rule means.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from components.estate.finding import PathPart, Words
from policies.rules.attachments import ROUTES, parents
from policies.rules.logins import asks, deciding, is_strangers, replaces
from policies.rules.places import ALLOW, DENY, Entry, is_redirect, served
from policies.rules.reading import at, items, mapping, name, namespace, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.targets import Attached, security_policies

_GROUPS: Final = "groups"
"""The claim of the national login that lists a person's groups."""


def _lets_in_whom_the_profile_names(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge every rule of a route; what stands at no declared place is IN-20's."""
    if is_strangers(body, scene):
        return
    own = security_policies(body, scene)
    above = _above(body, scene)
    for index, rule in enumerate(items(body, "spec", "rules")):
        wanted = {place.entry for _, _, place in served(body, rule, scene) if place is not None}
        entries = {entry for entry in wanted if entry is not None}
        if entries and not is_redirect(rule):
            yield from _judged(("spec", "rules", index), _at_rule(own, rule), above, entries, scene)


def _at_rule(own: Sequence[Attached], rule: object) -> list[Object]:
    """Return a route's own policies that count at a rule: those of the rule, and those of the whole route."""
    return [one.policy for one in own if one.section in {"", text(rule, "name")}]


def _above(body: Object, scene: Scene) -> list[Object]:
    return [policy for parent in parents(body) for policy in deciding(parent.door, parent.section, scene)]


def _judged(
    path: tuple[PathPart, ...], own: Sequence[Object], above: Sequence[Object], wanted: Collection[Entry], scene: Scene
) -> Iterator[Problem]:
    """Judge the policies that count at a rule, each by itself: which one wins no file tells."""
    for policy in own:
        if replaces(policy) and not asks(policy, scene):
            yield Problem(path, _open(policy))
    stating = [policy for policy in own if replaces(policy) or "authorization" in mapping(policy, "spec")]
    if len(stating) < len(own) or not own:
        stating += above
        if not above:
            yield Problem(path, Words("no policy says who may enter", "هیچ سیاستی نمی‌گوید چه کسی وارد می‌شود"))
    for policy in stating:
        stated = scene.kept(("entry", id(policy)), partial(entry_of, policy))  # one listener's, for all its routes
        for entry in sorted(wanted):
            if stated != entry:
                yield Problem(path, _other(policy, stated, entry))


def entry_of(policy: Object) -> Entry | None:
    """Return whom a SecurityPolicy lets in; None where it cannot be told."""
    if "authorization" not in mapping(policy, "spec"):
        return Entry(ALLOW)
    stated, providers = at(policy, "spec", "authorization"), items(policy, "spec", "jwt", "providers")
    default = text(stated, "defaultAction")
    if default not in {ALLOW, DENY} or not set(mapping(stated)) <= {"defaultAction", "rules"}:
        return None
    rules = mapping(stated).get("rules", [])
    known = {text(provider, "name") for provider in providers} - {""}
    read = [_step(rule, known) for rule in rules] if isinstance(rules, list) else [None]
    steps: list[tuple[str, frozenset[str]]] = []
    for step in read:
        if step is None:
            return None
        action, groups = step
        if steps and steps[-1][0] == action:
            groups |= steps.pop()[1]
        steps.append((action, groups))
    return Entry(default, tuple(steps))


def _step(rule: object, providers: Collection[str]) -> tuple[str, frozenset[str]] | None:
    """Return what a rule does with which groups; None where it asks for anything else, or anything more."""
    action, jwt = text(rule, "action"), mapping(rule, "principal", "jwt")
    claims = items(jwt, "claims")
    is_plain = (
        action in {ALLOW, DENY}
        and set(mapping(rule)) <= {"name", "action", "principal"}
        and set(mapping(rule, "principal")) == {"jwt"}
        and set(jwt) == {"provider", "claims"}
        and text(jwt, "provider") in providers
        and len(claims) == 1
    )
    if not is_plain:
        return None
    claim: Mapping[str, object] = mapping(claims[0])
    values = items(claim, "values")
    if set(claim) != {"name", "valueType", "values"} or (claim["name"], claim["valueType"]) != (_GROUPS, "StringArray"):
        return None
    return (action, frozenset(values)) if values and all(isinstance(value, str) for value in values) else None


def _open(policy: Object) -> Words:
    shown = f"SecurityPolicy {namespace(policy)}/{name(policy)}"
    return Words(
        f"{shown} asks nobody to log in; the profile does not say `public`",
        f"{shown} از کسی ورود نمی‌خواهد؛ نمایه نمی‌گوید `public`",
    )


def _other(policy: Object, stated: Entry | None, wanted: Entry) -> Words:
    shown = f"SecurityPolicy {namespace(policy)}/{name(policy)}"
    found = Words("cannot be told", "پیدا نیست") if stated is None else Words(stated.shown, stated.shown)
    return Words(
        f"whom {shown} lets in: {found.en}; the profile: {wanted.shown}",
        f"{shown} به چه کسی راه می‌دهد: {found.fa}؛ نمایه: {wanted.shown}",
    )


RULES: Final = (
    Rule(
        id="IN-18",
        name="route-entry-declared",
        title=Words(
            "Whoever enters a service is one of those whom its profile and the licences let in",
            "به هر خدمت تنها کسانی راه دارند که نمایهٔ آن و پروانه‌ها نام برده‌اند",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("kubescape C-0266", "OWASP API Security Top 10: API5 Broken Function Level Authorization"),
        remedy=Words(
            "let the `authorization` that counts at the route say exactly what the profile says: for members "
            "`defaultAction: Deny` and their groups, for everybody with a login all but operators; who may enter is "
            "changed in the profile (`access`) or in the register of operators",
            "`authorization` مؤثر بر مسیر باید دقیقاً همان نمایه باشد: برای اعضا `defaultAction: Deny` و گروه‌هایشان، "
            "برای همهٔ واردشدگان همه جز اپراتورها؛ تغییر آن در نمایه (`access`) یا در فهرست اپراتورهاست",
        ),
        kinds=ROUTES,
        check=_lets_in_whom_the_profile_names,
        waivable=False,
    ),
)
