"""Judges Kubernetes objects by the catalogue. What a rule cannot judge is `unknown`, never a pass."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from components.estate.finding import Finding, PathPart, Status, Where, Words
from components.manifests.manifest import AGENCY_LABEL, ENVIRONMENT_LABEL, PLATFORM_OWNER
from policies.catalogue import CATALOGUE
from policies.rules.meta import not_made
from policies.rules.reading import mapping, name, namespace, text
from policies.rules.rule import ANY_KIND, Mark, Object, Problem, Rule, kind_of
from policies.rules.scene import Scene

SOURCE: Final = "platform default"
"""Basis of every technical rule: none of the legal sources contains a technical control."""


class Placed(NamedTuple):
    """An object and where people find it.

    Attributes:
        where: The place of the object in its own file, or in the profile from which it was made.
        is_made: Whether it was made from a profile; then a place inside the object is no place in the file.
    """

    body: Object
    where: Where
    is_made: bool


class Judgement(NamedTuple):
    """What was found, and how many objects passed each rule."""

    findings: tuple[Finding, ...]
    passed: Mapping[str, int]


def judge(objects: Sequence[Placed], scene: Scene, mark: Mark, rules: Iterable[Rule] = CATALOGUE) -> Judgement:
    """Judge each object by the rules of its kind, and of every kind, that bear `mark`."""
    by_kind: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if mark in rule.marks:
            for kind in rule.kinds:
                by_kind[kind].append(rule)
    everywhere = by_kind.pop(ANY_KIND, [])
    findings: list[Finding] = []
    passed: Counter[str] = Counter()
    for placed in objects:
        for rule in (*everywhere, *by_kind.get(kind_of(placed.body), ())):
            found = _apply(rule, placed, scene)
            findings += found
            passed[rule.id] += not found
    return Judgement(tuple(findings), passed)


def subject_of(body: Object, scene: Scene, container: str = "") -> str:
    """Return whom a finding concerns: `agency/environment/Kind/name[/container]`, as waivers name it.

    What is in no agency's namespace is the platform's: `platform//Kind/name`.
    """
    place = name(body) if text(body, "kind") == "Namespace" else namespace(body)
    labels = mapping(body, "metadata", "labels")
    owner = scene.tenant(place) or labels.get(AGENCY_LABEL) or PLATFORM_OWNER
    environment = scene.environment(place) or labels.get(ENVIRONMENT_LABEL) or ""
    parts = [str(owner), str(environment), text(body, "kind"), name(body)]
    return "/".join([*parts, container] if container else parts)


def _apply(rule: Rule, placed: Placed, scene: Scene) -> list[Finding]:
    try:
        problems = list(rule.check(placed.body, scene))
    except Exception as error:  # noqa: BLE001  # a rule that breaks has judged nothing: fail closed
        return [_finding(rule, placed, scene, Problem((), not_made(error)), Status.UNKNOWN)]
    return [_finding(rule, placed, scene, problem, Status.FAIL) for problem in problems]


def _finding(rule: Rule, placed: Placed, scene: Scene, problem: Problem, status: Status) -> Finding:
    place = _pointer(problem.path) if placed.is_made else ""  # else it stands in front of the sentence already
    shown = f"{text(placed.body, 'kind')} {name(placed.body)}{place}"
    return Finding(
        rule=rule.id,
        level=rule.level,
        status=status,
        subject=subject_of(placed.body, scene, problem.container),
        where=placed.where if placed.is_made else Where(placed.where.file, (*placed.where.path, *problem.path)),
        summary=Words(f"{shown}: {problem.summary.en}", f"{shown}: {problem.summary.fa}"),
        remedy=rule.remedy,
        source=SOURCE,
    )


def _pointer(path: Iterable[PathPart]) -> str:
    pointer = Where("", tuple(path)).pointer
    return f" {pointer}" if pointer else ""
