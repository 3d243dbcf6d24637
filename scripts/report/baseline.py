"""A baseline: an earlier JSON report, whose findings need not be corrected before anything else may change.

It excuses nothing: what it knew stays in every report. Only what gated then is let through when it gates now, so
a waiver that ends and a rule that becomes mandatory are new.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from components.estate.finding import Finding, Level, Status
from components.manifests.manifest import PLATFORM_OWNER
from scripts.errors import UsageError
from scripts.report.json import FORMAT
from scripts.report.result import Comparison, Report, fingerprint

_REMEDY: Final = "make it with govcloud check --format json"


class Known(NamedTuple):
    """What an earlier finding is known by, and whether it failed its run."""

    fingerprint: str
    gates: bool


class _Place(msgspec.Struct, frozen=True):
    path: str


class _Earlier(msgspec.Struct, frozen=True):
    rule: str
    level: Level
    status: Status
    subject: str
    where: _Place

    @property
    def known(self) -> Known:
        gates = self.level is Level.MANDATORY and self.status in {Status.FAIL, Status.UNKNOWN}
        return Known(fingerprint(self.rule, self.subject, self.where.path), gates)


class _Format(msgspec.Struct, frozen=True):
    format: str


class _Document(msgspec.Struct, frozen=True):
    findings: tuple[_Earlier, ...]
    existing: tuple[_Earlier, ...] = ()


def read(path: Path, owners: tuple[str, ...] = ()) -> Counter[Known]:
    """Return what the report in `path` knew of these owners and of the platform; all of it where none is named.

    Raises:
        UsageError: It cannot be read, or is no report of this version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--baseline: {path} cannot be read: {error.strerror}") from error
    try:
        found = msgspec.json.decode(content, type=_Format).format
        if found != FORMAT:
            raise UsageError(f"--baseline: {path} is of format {found!r}, not {FORMAT!r}: {_REMEDY}")
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"--baseline: {path} is no JSON report ({error}): {_REMEDY}") from error
    earlier = (*document.findings, *document.existing)
    return Counter(one.known for one in earlier if not owners or _concerns(one.subject, owners))


def compare(report: Report, earlier: Counter[Known]) -> Report:
    """Return the report with what `earlier` knew set apart; of findings of one fingerprint, as many as it knew."""
    left = earlier.copy()
    first = sorted(report.findings, key=lambda finding: not finding.gates)  # stable: within each, the order of places
    known = {finding for finding in first if _take(left, finding)}
    existing = tuple(finding for finding in report.findings if finding in known)
    new = tuple(finding for finding in report.findings if finding not in known)
    return replace(report, findings=new, comparison=Comparison(existing, left.total()))


def _take(left: Counter[Known], finding: Finding) -> bool:
    known_by = fingerprint(finding.rule, finding.subject, finding.where.pointer)
    wanted = (True,) if finding.gates else (False, True)
    for gates in wanted:
        known = Known(known_by, gates)
        if left[known]:
            left[known] -= 1
            return True
    return False


def _concerns(subject: str, owners: tuple[str, ...]) -> bool:
    return subject.partition("/")[0] in {*owners, PLATFORM_OWNER}
