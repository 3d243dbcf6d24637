"""NP-14: network policies that open nothing of their own. Whoever removes one believes to have shut something.

Policies are compared part by part, as they are in force. That two networks overlap, or that one selector selects less
than another, is not looked into: what is said here is so, and not all that is so is said.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import product
from typing import Final, NamedTuple, TypeAlias

from components.estate.finding import Level, Words
from policies.reachability.policy import (
    Block,
    Direction,
    FormError,
    PeerSelector,
    Policy,
    PortSelector,
    compiled,
)
from policies.reachability.selector import Selector
from policies.rules.network import POLICIES, POLICY, found
from policies.rules.ownership import objects, owner
from policies.rules.reading import at, name, namespace
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene

_ALL_PODS: Final[Selector] = ()


class _Opening(NamedTuple):
    """One peer at one port, of a rule; None is every peer, or every port."""

    direction: Direction
    peer: PeerSelector | Block | None
    port: PortSelector | None


_Part: TypeAlias = _Opening | Direction
"""What a policy does: it opens something, or it shuts the rest of a direction."""


class _Held(NamedTuple):
    """What the policies of a namespace do.

    Attributes:
        by: By owner, pods and part: the names of the policies that do it.
        is_wide: Whether one of them opens something to every peer, or at every port.
    """

    by: Mapping[tuple[str, Selector, _Part], AbstractSet[str]]
    is_wide: bool


def _opens_something_of_its_own(body: Object, scene: Scene) -> Iterator[Problem]:
    """Judge among the policies of the same owner: an agency's part of a shared namespace comes and goes with it."""
    spec = at(body, "spec")
    if not isinstance(spec, Mapping):
        yield found(("spec",), spec)
        return
    policy = _compiled(body, scene)
    if isinstance(policy, FormError):
        yield Problem(policy.path, policy.summary)
        return
    held = scene.kept((_held, namespace(body)), lambda: _held(scene, namespace(body)))
    opened = [_holders(part, policy, owner(body, scene), held) for part in _openings(policy)]
    shut = [_holders(part, policy, owner(body, scene), held) for part in _shut(policy)]
    if opened and all((*opened, *shut)):
        names = sorted({min(names) for names in opened})
        yield Problem(
            ("metadata", "name"),
            Words(
                f"all that it opens is open by {', '.join(map(repr, names))} too",
                f"هر چه باز می‌کند با {' و '.join(map(repr, names))} هم باز است",
            ),
        )


def _holders(part: _Part, policy: Policy, whose: str, held: _Held) -> AbstractSet[str]:
    """Return the names of the other policies that do at least this to at least these pods."""
    wider = [part]
    if isinstance(part, _Opening) and held.is_wide:
        wider = [_Opening(part.direction, *one) for one in product((part.peer, None), (part.port, None))]
    names = (held.by.get((whose, pods, one), frozenset()) for pods in (policy.pods, _ALL_PODS) for one in wider)
    return frozenset[str]().union(*names) - {policy.name}


def _compiled(body: Object, scene: Scene) -> Policy | FormError:
    """Return the policy, or why it is none; it is read once, for itself and for all that it is compared with."""
    return scene.kept((_compiled, id(body)), lambda: _read(body))


def _read(body: Object) -> Policy | FormError:
    try:
        return compiled(namespace(body), name(body), at(body, "spec"))
    except FormError as error:
        return error


def _held(scene: Scene, place: str) -> _Held:
    held: dict[tuple[str, Selector, _Part], set[str]] = defaultdict(set)
    is_wide = False
    for body in objects(scene, POLICY, place):
        policy = _compiled(body, scene)
        if isinstance(policy, FormError):  # a finding of its own; it holds nothing
            continue
        openings = [*_openings(policy)]
        is_wide = is_wide or any(None in opening for opening in openings)
        parts: list[_Part] = [*openings, *_shut(policy)]
        for part in parts:
            held[owner(body, scene), policy.pods, part].add(policy.name)
    return _Held(held, is_wide)


def _openings(policy: Policy) -> Iterator[_Opening]:
    for direction in Direction:
        for rule in policy.rules(direction) or ():
            for peer, port in product(rule.peers or (None,), rule.ports or (None,)):
                yield _Opening(direction, peer, port)


def _shut(policy: Policy) -> Iterator[Direction]:
    return (direction for direction in Direction if policy.rules(direction) is not None)


RULES: Final = (
    Rule(
        id="NP-14",
        name="networkpolicy-no-redundant",
        title=Words(
            "Every policy opens something that no other opens",
            "هر سیاست چیزی را باز می‌کند که سیاست دیگری باز نکرده است",
        ),
        level=Level.ADVISORY,
        marks=frozenset({Mark.GENERATED}),
        controls=("Network Config Analyzer: redundancy",),
        remedy=Words(
            "keep one of the policies, or narrow the wider one: while both stand, removing one shuts nothing",
            "یکی از سیاست‌ها را نگه دارید یا فراخ‌تر را تنگ کنید: تا هر دو هست، برداشتن یکی چیزی را نمی‌بندد",
        ),
        kinds=POLICIES,
        check=_opens_something_of_its_own,
    ),
)
