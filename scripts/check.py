"""`govcloud check`: is everything right with the profiles, in plain words."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from components.estate.finding import LANGUAGES, Status, Words
from components.estate.loader import claimed_id
from policies import duties
from scripts import loading
from scripts.errors import UsageError
from scripts.foreign.report import report_of
from scripts.report import baseline, github, json, junit, markdown, sarif, text, waivers
from scripts.report.duties import lines as duty_lines
from scripts.report.result import Report, rules_of, verdict
from stacks.verdict_cache import LOCATION, VerdictCache

_EXISTING: Final = Words("known to the baseline:", "موجود در گزارش مبنا:")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb's parser."""
    parser = subparsers.add_parser(
        "check",
        help="say what is wrong with the profiles",
        description="Load every profile and judge the whole estate. With arguments, report these agencies only; "
        "a FILE replaces the profile of the same agency. With --manifests, judge any Kubernetes manifests instead, "
        "as what a tenant would create itself.",
        epilog="examples: govcloud check · govcloud check irica --lang fa · govcloud check draft.yaml --format json · "
        "govcloud check --manifests deploy/ --namespace irica-production",
    )
    parser.add_argument("what", nargs="*", metavar="AGENCY|FILE", help="agencies to report (default: all)")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="how to say it (default: text)")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the text (default: en)")
    parser.add_argument("--baseline", metavar="FILE", type=Path, help="an earlier JSON report: only what is new fails")
    parser.add_argument("--waivers", action="store_true", help="list the committee's waivers too (text and json)")
    parser.add_argument("--duties", action="store_true", help="list legal duties too; they fail no run (text and json)")
    parser.add_argument("--omit-waived", action="store_true", help="leave waived findings out of --format sarif")
    parser.add_argument(
        "--manifests", metavar="DIR", type=Path, action="append", default=[], help="a folder or file; may be repeated"
    )
    parser.add_argument("--namespace", metavar="NAME", default="", help="of manifests that name none")
    loading.add_arguments(parser)


def run(args: argparse.Namespace, root: Path) -> int:
    """Print the findings and return 0, or 1 where a mandatory one is new."""
    if args.omit_waived and args.format != "sarif":
        raise UsageError("--omit-waived is for --format sarif only: every other report lists what is waived")
    _refuse_mixture(args)
    replacements = tuple(Path(what) for what in args.what if _is_file(what))
    named = tuple(what for what in args.what if not _is_file(what))
    _refuse_rivals(replacements)
    loading.known_owners(named, root, replacements)
    owners = (*named, *(claimed_id(path) for path in replacements))
    earlier = baseline.read(args.baseline, owners) if args.baseline else None
    judged = loading.load(args, root) if args.manifests else _judged(args, root, owners, replacements)
    report = _report(args, judged, root, owners)
    if args.waivers:
        listed = waivers.entries(judged.estate, judged.findings, owners) if judged.estate else None
        report = replace(report, waivers=listed, lists_waivers=True)
    if args.duties and judged.estate is not None:
        found = duties.duties(judged.estate, judged.register)
        report = replace(report, duties=tuple(duty for duty in found if not owners or duty.subject in owners))
    if earlier is not None:
        report = baseline.compare(report, earlier)
    shown = _without_waived(report) if args.omit_waived else report
    sys.stdout.write(_FORMATS[args.format](shown, args.lang))
    return 0 if report.is_clean else 1


def _judged(
    args: argparse.Namespace, root: Path, owners: tuple[str, ...], replacements: tuple[Path, ...]
) -> loading.Judged:
    verdicts = None if args.no_cache else VerdictCache(root / LOCATION)
    judged = loading.judge(args, root, owners, replacements=replacements, verdicts=verdicts)
    if verdicts is not None and not owners:  # whoever asks for one agency would forget the others'
        verdicts.save()
    return judged


def _report(args: argparse.Namespace, judged: loading.Judged, root: Path, owners: tuple[str, ...]) -> Report:
    if args.manifests:
        return report_of(args.manifests, args.namespace, judged, root, _progress)
    findings = judged.concerning(owners)
    agencies = judged.estate.agencies if judged.estate else ()
    chosen = [agency for agency in agencies if not owners or agency.id in owners]
    return Report(
        findings=findings,
        passed=judged.passed,
        rules=rules_of(findings),
        as_of=judged.estate.as_of if judged.estate else None,
        profiles=len(chosen),
        services=sum(len(agency.profile.spec.services) for agency in chosen),
    )


def _without_waived(report: Report) -> Report:
    kept = tuple(finding for finding in report.findings if finding.status is not Status.WAIVED)
    known = tuple(finding for finding in report.existing if finding.status is not Status.WAIVED)
    comparison = report.comparison._replace(existing=known) if report.comparison else None
    return replace(report, findings=kept, comparison=comparison)


def _text(report: Report, language: str) -> str:
    lines = [*text.lines(report.findings, language)]
    if report.existing:
        lines += [_EXISTING.in_language(language), *text.lines(report.existing, language)]
    if report.lists_waivers:
        lines += waivers.lines(report.waivers, language)
    if report.duties is not None:
        lines += duty_lines(report.duties, language)
    return "".join(f"{line}\n" for line in (*lines, verdict(report).in_language(language)))


_FORMATS: Final[dict[str, Callable[[Report, str], str]]] = {
    "text": _text,
    "json": json.document,
    "sarif": sarif.document,
    "junit": junit.document,
    "github": github.document,
    "markdown": markdown.document,
}


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _refuse_mixture(args: argparse.Namespace) -> None:
    if args.manifests and args.what:
        raise UsageError("name agencies, or manifests with --manifests, not both")
    if args.namespace and not args.manifests:
        raise UsageError("--namespace is for --manifests only")
    if args.duties and (args.manifests or args.format not in ("text", "json")):
        raise UsageError("--duties is for profiles, and for the formats text and json")
    if args.waivers and (args.manifests or args.format not in ("text", "json")):
        raise UsageError("--waivers is for profiles, and for --format text and json only")


def _refuse_rivals(replacements: tuple[Path, ...]) -> None:
    by_id: dict[str, Path] = {}
    for path in replacements:
        rival = by_id.setdefault(claimed_id(path), path)
        if rival != path:
            raise UsageError(f"{rival} and {path} are both of {claimed_id(path)!r}: name one of them")


def _is_file(what: str) -> bool:
    if not what.endswith((".yaml", ".yml")):
        return False
    if not Path(what).exists() and not Path(what).is_symlink():
        raise UsageError(f"{what}: there is no such file")
    return True
