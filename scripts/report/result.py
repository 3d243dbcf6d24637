"""What a run found, whole: the one record from which every format is made.

Knows the rules by name and what makes two findings the same; knows no format.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from components.estate.finding import Finding, Level, Words, in_order, is_clean
from policies.catalogue import CATALOGUE
from policies.duties import Duty
from policies.rules.rule import Rule
from policies.verdict import SOURCE
from scripts.report import text
from scripts.report.portal_words import day
from scripts.report.waivers import Entry

NO_WORDS = Words("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What a report says of a rule. Not the rule (`policies.rules.rule.Rule`): it judges nothing.

    Attributes:
        title: What it demands; the id, for a diagnostic of a profile.
        remedy: What is allowed, and what to do; empty for a diagnostic, whose findings say it one by one.
    """

    id: str
    name: str
    title: Words
    level: Level
    remedy: Words = NO_WORDS
    controls: tuple[str, ...] = ()
    source: str


class Comparison(NamedTuple):
    """What a baseline knew already: what of it is still there, and how many are gone."""

    existing: tuple[Finding, ...]
    corrected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of one run.

    Attributes:
        findings: What was found; where there is a baseline, what is new against it.
        passed: How many objects passed each rule that was judged.
        rules: The catalogue's, and those of the findings, in the order of their ids.
        as_of: The moment it holds for; None where the platform cannot be read.
        profiles: How many profiles were judged.
        services: How many services they hold.
        comparison: What the baseline knew; None without one.
        waivers: The committee's records; None where they could not be read.
        lists_waivers: Whether they were asked for.
        duties: The legal duties, which never gate; None where nobody asked for them.
    """

    findings: tuple[Finding, ...]
    passed: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[RuleInfo, ...] = ()
    as_of: datetime | None = None
    profiles: int = 0
    services: int = 0
    comparison: Comparison | None = None
    waivers: tuple[Entry, ...] | None = None
    lists_waivers: bool = False
    duties: tuple[Duty, ...] | None = None

    @property
    def said(self) -> Words:
        """The one sentence that says whether the run is clean, without the baseline."""
        return text.verdict(self.findings, self.profiles, self.services)

    @property
    def existing(self) -> tuple[Finding, ...]:
        """What the baseline knew already, and is still there."""
        return self.comparison.existing if self.comparison else ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The new and the existing ones, in the order of their places."""
        return in_order([*self.findings, *self.existing])

    @property
    def is_clean(self) -> bool:
        """Whether nothing fails the run; what the baseline knew does not."""
        return is_clean(self.findings)


class Identified(NamedTuple):
    """A finding, what it is known by on every run, which one of that name it is (from 1), if the baseline knew it."""

    finding: Finding
    fingerprint: str
    number: int
    is_existing: bool


def rules_of(findings: Iterable[Finding], catalogue: Iterable[Rule] = CATALOGUE) -> tuple[RuleInfo, ...]:
    """Return the rules of the catalogue and those of the findings, in the order of their ids."""
    infos = {
        rule.id: RuleInfo(
            id=rule.id,
            name=rule.name,
            title=rule.title,
            level=rule.level,
            remedy=rule.remedy,
            controls=rule.controls,
            source=SOURCE,
        )
        for rule in catalogue
    }
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule not in infos:
            by_rule[finding.rule].append(finding)
    infos |= {rule: _diagnostic(rule, found) for rule, found in by_rule.items()}
    return tuple(infos[rule] for rule in sorted(infos))


def fingerprint(rule: str, subject: str, pointer: str) -> str:
    """Return what a finding is known by on every run: the line is no part of it, so it may move."""
    return hashlib.sha256(json.dumps([rule, subject, pointer]).encode()).hexdigest()[:32]


def identified(report: Report) -> Iterator[Identified]:
    """Yield all findings with their fingerprints, those of the same one numbered."""
    existing = set(report.existing)
    seen: Counter[str] = Counter()
    for finding in report.all_findings:
        known_by = fingerprint(finding.rule, finding.subject, finding.where.pointer)
        seen[known_by] += 1
        yield Identified(finding, known_by, seen[known_by], finding in existing)


def end(finding: Finding, language: str) -> str:
    """Return the day on which the finding's waiver ends, as people of the language write it; empty without one."""
    return day(date.fromisoformat(finding.until), language) if finding.until else ""


def excuse(finding: Finding, language: str) -> str:
    """Return the waiver by which a finding is waived and its end, in words."""
    until = end(finding, language)
    named = Words(f"waived by {finding.waiver or '?'}", f"معاف با {finding.waiver or '?'}")
    ends = Words(f", until {until}", f" تا {until}") if until else NO_WORDS
    return named.in_language(language) + ends.in_language(language)


def sentence(finding: Finding, language: str) -> str:
    """Return what was found and what to do, in one line of text."""
    stop = "؛" if language == "fa" else ";"
    return f"{finding.summary.in_language(language)}{stop} {finding.remedy.in_language(language)}"


def verdict(report: Report) -> Words:
    """Return the one sentence that says whether the run is clean, and what became of the baseline."""
    said = report.said
    if report.comparison is None:
        return said
    existing, corrected = len(report.comparison.existing), report.comparison.corrected
    return Words(
        f"{said.en}; of the baseline: {existing} still there, {corrected} corrected",
        f"{said.fa}؛ از گزارش مبنا: {existing} مورد مانده، {corrected} مورد اصلاح شده",
    )


def _diagnostic(rule: str, findings: list[Finding]) -> RuleInfo:
    is_mandatory = any(finding.level is Level.MANDATORY for finding in findings)
    return RuleInfo(
        id=rule,
        name=rule,
        title=Words(rule, rule),
        level=Level.MANDATORY if is_mandatory else Level.ADVISORY,
        source=min(finding.source for finding in findings),
    )
