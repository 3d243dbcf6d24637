"""Whether an owner's stack may be declared: the estate's findings as a sentence that ends the run, or the estate."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pulumi

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import Finding, in_order
from components.manifests.manifest import PLATFORM_OWNER
from policies.engine import concerning
from stacks import judgement


class Judged(NamedTuple):
    """An estate in which nothing mandatory stands against the owner, and what else was found of it."""

    estate: Estate
    advice: tuple[Finding, ...]


def judge(root: Path, loaded: loader.Loaded, owner: str) -> Judged:
    """Judge what concerns `owner`.

    Raises:
        pulumi.RunError: The owner is unknown, or a mandatory finding is neither corrected nor waived.
    """
    estate = loaded.estate
    if estate is not None:
        _known(estate, owner)
    judged = judgement.judge(estate, {owner}).findings if estate is not None else ()
    found = in_order([*loaded.findings, *judged])
    of_owner = loader.locate(root, concerning(found, owner))
    gating = [finding for finding in of_owner if finding.gates]
    if estate is None or gating:
        raise pulumi.RunError(
            f"{owner} is not provisioned, nothing was changed. Mandatory findings: {len(gating)}.\n"
            f"{as_text(gating)}\nCorrect them in a pull request; `govcloud check` shows the same list offline."
        )
    return Judged(estate, tuple(finding for finding in of_owner if finding.status in ("fail", "unknown", "waived")))


def as_text(findings: Iterable[Finding]) -> str:
    """Return one line for each finding: where, which rule, by what waived until when, what was found, what to do."""
    return "\n".join(f"  {f.where} [{f.rule}]{_excuse(f)} {f.summary.en}; {f.remedy.en}" for f in findings)


def _excuse(finding: Finding) -> str:
    return f" (waived by {finding.waiver} until {finding.until})" if finding.waiver else ""


def _known(estate: Estate, owner: str) -> None:
    ids = {PLATFORM_OWNER, *(agency.id for agency in estate.agencies), *estate.unread}
    if owner in ids:
        return
    near = difflib.get_close_matches(owner, sorted(ids), n=1, cutoff=0.0)
    raise pulumi.RunError(
        f"No agency is called {owner!r}: there is no agency_profiles/{owner}.yaml. Did you mean {near[0]!r}? "
        "A stack is named after its agency, or says `pulumi config set govcloud:agency ID`. "
        "An agency that leaves is destroyed before its profile is deleted."
    )
