"""`govcloud check`: is everything right with the profiles, in plain words."""

import argparse
import sys
from pathlib import Path

from components.estate.finding import LANGUAGES, is_clean
from components.estate.loader import claimed_id
from scripts import loading
from scripts.errors import UsageError
from scripts.report import json, text


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb's parser."""
    parser = subparsers.add_parser(
        "check",
        help="say what is wrong with the profiles",
        description="Load every profile and judge the whole estate. With arguments, report these agencies only; "
        "a FILE replaces the profile of the same agency.",
        epilog="examples: govcloud check · govcloud check irica --lang fa · govcloud check draft.yaml --format json",
    )
    parser.add_argument("what", nargs="*", metavar="AGENCY|FILE", help="agencies to report (default: all)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the text (default: en)")
    loading.add_arguments(parser)


def run(args: argparse.Namespace, root: Path) -> int:
    """Print the findings and return 0, or 1 where one is mandatory."""
    replacements = tuple(Path(what) for what in args.what if _is_file(what))
    named = tuple(what for what in args.what if not _is_file(what))
    _refuse_rivals(replacements)
    loading.known_owners(named, root, replacements)
    judged = loading.judge(args, root, replacements)
    owners = (*named, *(claimed_id(path) for path in replacements))
    findings = judged.concerning(owners)
    if args.format == "json":
        sys.stdout.write(json.document(findings, judged.estate.as_of if judged.estate else None))
    else:
        agencies = judged.estate.agencies if judged.estate else ()
        chosen = [agency for agency in agencies if not owners or agency.id in owners]
        services = sum(len(agency.profile.spec.services) for agency in chosen)
        sys.stdout.writelines(f"{line}\n" for line in text.lines(findings, args.lang))
        sys.stdout.write(text.verdict(findings, len(chosen), services).in_language(args.lang) + "\n")
    return 0 if is_clean(findings) else 1


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
