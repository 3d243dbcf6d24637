"""The report of a run over manifests: like that over profiles, with other counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.estate import loader
from components.estate.finding import Words
from components.manifests.manifest import PLATFORM_OWNER
from scripts.foreign.manifests import RULES, judged, load
from scripts.loading import Judged
from scripts.report import text
from scripts.report.result import Report, rules_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestReport(Report):
    """The result of one run over manifests.

    Attributes:
        files: How many files may hold objects, whether or not they could be read.
        objects: How many objects were judged.
        others: How many files with another ending were not read.
        hidden: How many hidden folders were not looked into.
    """

    files: int
    objects: int
    others: int
    hidden: int

    @property
    def said(self) -> Words:
        """The one sentence that says whether the run is clean."""
        judged_counts = (self.files, self.objects, len(RULES))
        return text.manifest_verdict(self.findings, judged_counts, (self.others, self.hidden))


def report_of(
    named: Sequence[Path], default_namespace: str, project: Judged, root: Path, progress: Callable[[str], None]
) -> Report:
    """Judge the manifests in these files and folders as tenants' own.

    Args:
        named: What to read.
        default_namespace: The namespace of objects that name none.
        project: Whose platform and agencies they are held against; what is wrong with these is not said again.
        root: Where the project lies: a waiver that does nothing is told at its line.
        progress: Is told now and then how far the reading is.

    Raises:
        UsageError: A file or folder is not there.
    """
    if project.estate is None:  # without a platform nothing can be judged
        findings = project.concerning((PLATFORM_OWNER,))
        return Report(findings=findings, rules=rules_of(findings))
    manifests = load(named, default_namespace, progress)
    judgement = judged(manifests, project.estate)
    findings = loader.locate(root, judgement.findings)
    return ManifestReport(
        findings=findings,
        passed=judgement.passed,
        rules=rules_of(findings, RULES),
        as_of=project.estate.as_of,
        files=len(manifests.paths),
        objects=len(manifests.placed),
        others=manifests.others,
        hidden=manifests.hidden,
    )
