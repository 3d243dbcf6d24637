"""`govcloud explain`: may the one reach the other, by which lines on both sides, or which line is missing where."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from components.estate import loader
from components.estate.estate import Estate
from components.estate.finding import LANGUAGES, Finding, Words
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from policies.engine import concerning
from policies.explanation import party
from policies.explanation.answer import Explanation, Reason, Role
from policies.explanation.explain import doubted, explain, unreadable
from scripts import loading
from scripts.errors import UsageError
from scripts.report import explanation
from scripts.report.result import sentence
from stacks import judgement
from stacks.declaration import Declaration, declaration
from stacks.verdict_cache import LOCATION, VerdictCache

_DOUBTS_MAX = 3
"""How many findings are said; `check` says all."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb's parser."""
    parser = subparsers.add_parser(
        "explain",
        help="say who may reach whom, and by which lines",
        description="Answer yes or no, by which lines on both sides, or which line is missing on which side. Between "
        "agencies only an inquiry that the other side consents to passes. Exit code 0 is yes, 1 no or unknown.",
        epilog="examples: govcloud explain ihio ncro · govcloud explain ihio/enrolment ncro/person-status --lang fa · "
        "govcloud explain irica/declaration irica/database:5432 · govcloud explain ncro/card-printing 10.30.32.5:8443 "
        "· govcloud explain gateway irica-production/portal · govcloud explain ihio '[2001:db8::7]:443' --format json",
    )
    parser.add_argument(
        "source",
        metavar="FROM",
        help="an agency (ihio), an app (ihio/enrolment, irica-staging/web), an address, or gateway, exchange, dns, "
        "monitoring",
    )
    parser.add_argument(
        "target",
        metavar="TO[:PORT]",
        help="the same, or an API (ncro/person-status); a port is TCP unless it says otherwise (:53/UDP)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to say it (default: text)")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the text (default: en)")
    loading.add_arguments(parser)


def run(args: argparse.Namespace, root: Path) -> int:
    """Print the answer and return 0 where it is yes, else 1."""
    loaded = loading.load(args, root)
    found = _explained(args, root, loaded.estate) if loaded.estate else unreadable(args.source, args.target)
    owners = tuple(one.agency for one in (found.question.source, found.question.target) if one.agency)
    said = _located(root, doubted(found, _doubts(loaded.concerning((*owners, PLATFORM_OWNER)))))
    as_of = loaded.estate.as_of if loaded.estate else None
    document = explanation.document(said, as_of) if args.format == "json" else explanation.text(said, args.lang)
    sys.stdout.write(document)
    return 0 if said.is_yes else 1


def _explained(args: argparse.Namespace, root: Path, estate: Estate) -> Explanation:
    """Return the answer, with what `check` finds against the two ends: nothing of a refused profile is applied."""
    try:
        question = party.question(estate, args.source, args.target)
    except party.QuestionError as error:
        raise UsageError(error.words.in_language(args.lang)) from error
    owners = [one.agency for one in (question.source, question.target) if estate.agency(one.agency) is not None]
    judged = judgement.judge(estate, owners, None if args.no_cache else VerdictCache(root / LOCATION))
    found = explain(estate, _everything(estate, judged.declared), question)
    against = concerning(loader.locate(root, judged.findings), *owners)
    return doubted(found, _doubts(against))


def _everything(estate: Estate, made: Mapping[str, Declaration]) -> dict[str, tuple[Manifest, ...]]:
    """Return all that is declared: what another agency's stack puts into a shared namespace counts too."""
    found = {owner: one.manifests for owner, one in made.items()}
    for owner in (PLATFORM_OWNER, *(agency.id for agency in estate.agencies)):
        if owner not in found:
            with suppress(Exception):  # whose objects cannot be made is not known, which `explain` says of both ends
                found[owner] = declaration(estate, owner).manifests
    return found


def _doubts(findings: Iterable[Finding]) -> tuple[Reason, ...]:
    against = [finding for finding in findings if finding.gates]
    said = [
        Reason(role=Role.UNREAD, said=Words(sentence(one, "en"), sentence(one, "fa")), where=one.where)
        for one in against[:_DOUBTS_MAX]
    ]
    if len(against) > _DOUBTS_MAX:
        more = len(against) - _DOUBTS_MAX
        said.append(
            Reason(
                role=Role.UNREAD, said=Words(f"and {more} more: govcloud check", f"و {more} مورد دیگر: govcloud check")
            )
        )
    return tuple(said)


def _located(root: Path, found: Explanation) -> Explanation:
    """Return the explanation with lines and columns looked up where it only had paths."""
    reasons = [*found.notes, *(reason for verdict in found.verdicts for reason in verdict.reasons)]
    wanted = [reason.where for reason in reasons if reason.where is not None]
    nothing = Words("", "")
    asked = tuple(Finding(rule="", subject="", where=where, summary=nothing, remedy=nothing) for where in wanted)
    places = {(one.where.file, one.where.path): one.where for one in loader.locate(root, asked)}

    def located(reason: Reason) -> Reason:
        where = reason.where
        return reason if where is None else replace(reason, where=places.get((where.file, where.path), where))

    return replace(
        found,
        verdicts=tuple(replace(one, reasons=tuple(map(located, one.reasons))) for one in found.verdicts),
        notes=tuple(map(located, found.notes)),
    )
