"""Any Kubernetes manifests to findings: reads files and folders, and judges what tenants may create themselves.

A file that cannot be read as Kubernetes objects is a finding: it neither stops the run nor passes in silence.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from yaml.nodes import Node

from components.estate.document import Problem, place
from components.estate.estate import Estate
from components.estate.finding import Finding, Level, Status, Where, Words, in_order, printable, quoted
from policies.catalogue import CATALOGUE
from policies.engine import settled
from policies.ledger_advice import Read
from policies.rules.reading import mapping, name
from policies.rules.rule import Mark, kind_of
from policies.rules.scene import Scene
from policies.verdict import Judgement, Placed, judge, subject_of
from scripts.foreign.data import documents
from scripts.foreign.folder import File, listing, text_of
from scripts.foreign.objects import CLUSTER_SCOPED, ENCRYPTED, Flaw, foreign, in_namespace, objects
from scripts.foreign.tree import TEMPLATE, roots

RULES: Final = tuple(rule for rule in CATALOGUE if Mark.TENANT in rule.marks)
"""The rules by which manifests are judged."""

_SOURCE: Final = "Kubernetes API conventions"
_UNREAD: Final = frozenset(
    ("manifest-alias", "manifest-link", "manifest-not-utf-8", "manifest-too-deep", "manifest-too-large",
     "manifest-unreadable", ENCRYPTED)
)  # fmt: skip
"""What is not known to be wrong, but could not be read."""
_PROGRESS_SECONDS: Final = 1.0
_NAMED_MAX: Final = 5


class Manifests(NamedTuple):
    """The objects of some files, and what was found while reading.

    Attributes:
        paths: The files by the names that findings have for them.
        others: How many files with another ending were not read.
        hidden: How many hidden folders were not looked into.
    """

    placed: tuple[Placed, ...]
    findings: tuple[Finding, ...]
    paths: Mapping[str, Path]
    others: int
    hidden: int


def load(
    named: Sequence[Path], default_namespace: str = "", progress: Callable[[str], None] = lambda _: None
) -> Manifests:
    """Read the objects of these files and folders.

    Args:
        named: What to read.
        default_namespace: The namespace of objects that name none, as with `kubectl --namespace`.
        progress: Is told now and then how far the reading is.

    Raises:
        UsageError: A file or folder is not there.
    """
    listed = listing(named)
    placed: list[Placed] = []
    findings: list[Finding] = []
    told = time.monotonic()
    for number, file in enumerate(listed.files):
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            progress(f"read {number} of {len(listed.files)} files")
        for found in _read(file):
            if isinstance(found, Finding):
                findings.append(found)
            else:
                placed.append(found._replace(body=in_namespace(found.body, default_namespace)))
    if not placed and not any(finding.gates for finding in findings):
        findings += (_nothing(printable(str(path))) for path in named)
    paths = {file.shown: file.path for file in listed.files}
    return Manifests(tuple(placed), tuple(findings), paths, listed.others, listed.hidden)


def judged(manifests: Manifests, estate: Estate) -> Judgement:
    """Judge the objects as their tenants' own, and return that with what was found while reading, at its lines."""
    scene = Scene((placed.body for placed in manifests.placed), estate.platform, estate)
    judgement = judge(manifests.placed, scene, Mark.TENANT, RULES)
    excused = {waiver.spec.subject.name for waiver in estate.waivers}
    only = frozenset(subject_of(one.body, scene) for one in manifests.placed if name(one.body) in excused)
    of_objects = settled(judgement.findings, estate, Read(frozenset({Mark.TENANT}), only=only))
    found = (*manifests.findings, *_strangers(manifests.placed, scene), *of_objects)
    return Judgement(located(found, manifests.paths), judgement.passed)


def located(findings: Sequence[Finding], paths: Mapping[str, Path]) -> tuple[Finding, ...]:
    """Return the findings in the order of their places, with line and column where they only had a path."""
    result: list[Finding] = []
    for file, group in groupby(sorted(findings, key=_file), key=_file):
        listed = list(group)
        if file in paths and any(finding.where.path and not finding.where.line for finding in listed):
            content = text_of(paths[file])
            trees = [*roots(content)] if isinstance(content, str) else []
            listed = [_at_line(finding, trees) for finding in listed]
        result += listed
    return in_order(result)


def _at_line(finding: Finding, trees: Sequence[Node | Problem]) -> Finding:
    where = finding.where
    index = where.path[0] if where.path else None
    root = trees[index] if isinstance(index, int) and index < len(trees) else None
    if where.line or root is None or isinstance(root, Problem):
        return finding
    return msgspec.structs.replace(finding, where=Where(where.file, where.path, *place(root, where.path[1:])))


def _file(finding: Finding) -> str:
    return finding.where.file


def _read(file: File) -> Iterator[Placed | Finding]:
    content = file.problem or text_of(file.path)
    if isinstance(content, Problem):
        yield _from_problem(file.shown, content)
        return
    for index, document in enumerate(documents(content)):
        where = Where(file.shown, (index,))
        kinds = {problem.rule for problem in document.problems}
        stranger = None if document.data is None or TEMPLATE in kinds else foreign(document.data)
        if stranger is not None:
            yield _finding("manifest-not-kubernetes", where, (stranger, _FOREIGN_REMEDY), Status.NOT_APPLICABLE)
            continue
        yield from (_from_problem(file.shown, problem) for problem in document.problems)
        if document.data is not None and TEMPLATE not in kinds:
            yield from _objects(document.data, where)


def _objects(data: Any, where: Where) -> Iterator[Placed | Finding]:
    for found in objects(data, where.path):
        place_of = Where(where.file, found.path)
        if isinstance(found, Flaw):
            yield _finding(found.rule, place_of, (found.summary, found.remedy))
        else:
            yield Placed(found.body, place_of, is_made=False)


def _strangers(placed: Sequence[Placed], scene: Scene) -> Iterator[Finding]:
    """Yield, once for each file, that objects lie in no tenant's namespace."""
    spaces: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Where] = {}
    for body, where, _ in placed:
        metadata = mapping(body, "metadata")
        space = "" if metadata.get("namespace") is None else metadata["namespace"]
        is_whole = metadata and isinstance(space, str)  # whatever is not has a finding of its own
        if is_whole and scene.tenant(space) is None and kind_of(body) not in CLUSTER_SCOPED:
            spaces[where.file].add(space)
            first.setdefault(where.file, where)
    for file, found in spaces.items():
        named = [quoted(space) for space in sorted(found) if space]
        unnamed = Words("none named", "بی نام") if "" in found else None
        en, fa = (_listed([*named, *([unnamed.in_language(tongue)] if unnamed else [])]) for tongue in ("en", "fa"))
        words = Words(
            f"objects in a namespace that is no tenant's: {en}", f"شیءهایی در فضای نامی که از آن هیچ دستگاهی نیست: {fa}"
        )
        yield _finding("manifest-namespace", first[file], (words, _NAMESPACE_REMEDY), level=Level.ADVISORY)


def _listed(names: Sequence[str]) -> str:
    more = [f"+{len(names) - _NAMED_MAX}"] if len(names) > _NAMED_MAX else []
    return ", ".join([*names[:_NAMED_MAX], *more])


def _nothing(shown: str) -> Finding:
    words = Words("no Kubernetes object was found", "هیچ شیء کوبرنتیز پیدا نشد")
    return _finding("manifest-none", Where(shown), (words, _NOTHING_REMEDY))


def _from_problem(shown: str, problem: Problem) -> Finding:
    where = Where(shown, (), problem.line, problem.column)
    return _finding(problem.rule, where, (problem.summary, problem.remedy))


def _finding(
    rule: str,
    where: Where,
    words: tuple[Words, Words],
    status: Status = Status.FAIL,
    level: Level = Level.MANDATORY,
) -> Finding:
    """Return what was found of a file, whosever its objects are."""
    summary, remedy = words
    return Finding(
        rule=rule,
        level=Level.ADVISORY if status is Status.NOT_APPLICABLE else level,
        status=Status.UNKNOWN if rule in _UNREAD else status,
        subject=f"manifests/{where.file}",
        where=where,
        summary=summary,
        remedy=remedy,
        source=_SOURCE,
    )


_FOREIGN_REMEDY: Final = Words(
    "it is not judged; name folders that hold manifests only", "داوری نمی‌شود؛ پوشه‌ای نام ببرید که تنها مانیفست دارد"
)
_NAMESPACE_REMEDY: Final = Words(
    "rules that ask whose a namespace is do not judge them: name a tenant's, or give --namespace NAME",
    "قاعده‌هایی که می‌پرسند فضای نام از آن کیست آن‌ها را داوری نمی‌کنند: نام فضای یک دستگاه یا --namespace بدهید",
)
_NOTHING_REMEDY: Final = Words(
    "name a folder with .yaml, .yml or .json manifests", "پوشه‌ای با مانیفست‌های yaml. یا yml. یا json. نام ببرید"
)
