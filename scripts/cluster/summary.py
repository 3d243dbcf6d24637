"""A run told to people and to programs, both from the one report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from scripts.cluster.result import Outcome, Report, Result, count

_NOTABLE = (Outcome.CREATED, Outcome.CHANGED, Outcome.DELETED)


def text(report: Report) -> str:
    """Return what happened, the quiet owners left out, with the verdict in the last line."""
    lines = [*_diffs(report), *_owners(report), *_remarks(report), *_failures(report), _verdict(report)]
    return "".join(f"{line}\n" for line in lines)


def json(report: Report) -> str:
    """Return the report as JSON, the unchanged objects only counted."""
    document = {
        "server": report.server,
        "dryRun": report.dry_run,
        "good": report.is_good,
        "declared": report.declared,
        "counts": report.counts,
        "verified": report.verified,
        "owners": {owner: count(results) for owner, results in _by_owner(report.results).items()},
        "objects": [_object(result) for result in report.results if result.outcome is not Outcome.UNCHANGED],
        "differences": [difference.shown for difference in report.differences],
        "refusals": report.refusals,
        "undeclaredNamespaces": report.undeclared,
        "warnings": report.warnings,
        "stopped": "interrupted" if report.is_interrupted else report.stopped or None,
    }
    return msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"


def _object(result: Result) -> dict[str, Any]:
    api_version, kind, namespace, name = result.subject
    told = {"message": result.message, "diff": result.diff}
    return {
        "owner": result.owner,
        "apiVersion": api_version,
        "kind": kind,
        "namespace": namespace or None,
        "name": name,
        "outcome": result.outcome,
    } | {key: value for key, value in told.items() if value}


def _by_owner(results: Iterable[Result]) -> dict[str, list[Result]]:
    found = defaultdict(list)
    for result in results:
        found[result.owner].append(result)
    return found


def _diffs(report: Report) -> Iterator[str]:
    for result in report.results:
        if result.diff:
            yield result.diff


def _owners(report: Report) -> Iterator[str]:
    for owner, results in _by_owner(report.results).items():
        counts = count(results)
        notable = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in _NOTABLE if counts[outcome])
        if notable:
            yield f"{owner}: {notable}"


def _remarks(report: Report) -> Iterator[str]:
    for result in report.results:
        if result.message and result.outcome not in (Outcome.FAILED, Outcome.SKIPPED):
            yield f"! {result.shown}: {result.message}"
    for warning in report.warnings:
        yield f"! the server warns: {warning}"
    for gone in report.undeclared:
        yield (
            f"! namespace {gone.namespace} of {gone.owner} is declared by no profile; it is never deleted here: "
            f"when its data are safe, `kubectl delete namespace {gone.namespace}`"
        )


def _failures(report: Report) -> Iterator[str]:
    for result in report.results:
        if result.outcome is Outcome.FAILED:
            yield f"✗ {result.shown}: {result.message}"
    for refusal in report.refusals:
        yield f"✗ {refusal.owner} is refused: {refusal.message}"
    refused = {refusal.owner for refusal in report.refusals}
    skipped: dict[tuple[str, str], int] = defaultdict(int)
    for result in report.results:
        if result.outcome is Outcome.SKIPPED and result.owner not in refused:
            skipped[result.owner, result.message] += 1
    for (owner, message), number in skipped.items():
        yield f"✗ {owner}: {number:,} objects left alone, because {message}"
    for difference in report.differences:
        yield f"✗ {difference.shown}"
    if report.is_interrupted:
        yield "✗ stopped as you wished; the next run continues"
    elif report.stopped:
        yield f"✗ stopped: {report.stopped}"


def _verdict(report: Report) -> str:
    mark = "✓" if report.is_good else "✗"
    told = ", ".join(f"{number:,} {outcome}" for outcome, number in report.counts.items() if number) or "nothing done"
    reached = sum(result.outcome is not Outcome.DELETED for result in report.results)
    unreached = f", {report.declared - reached:,} not reached" if reached < report.declared else ""
    end = "this was a dry run, nothing was written" if report.dry_run else f"{report.verified:,} read back as declared"
    return f"{mark} {report.declared:,} objects on {report.server}: {told}{unreached}; {end}"
