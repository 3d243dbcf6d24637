"""`govcloud render`: the manifests as files, one folder per owner, for Argo CD, Flux and review."""

import argparse
import sys
from pathlib import Path

from components.estate.finding import is_clean
from components.manifests.manifest import PLATFORM_OWNER
from scripts import loading
from scripts.errors import GovcloudError
from scripts.report import text
from scripts.report.folder import MarkedFolder
from scripts.report.manifests import files
from stacks.declaration import declaration


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb's parser."""
    parser = subparsers.add_parser(
        "render",
        help="write the manifests as YAML files",
        description="Write what is declared as YAML: one folder per agency and one for the platform, one file per "
        "namespace, in the order of creation. Files of an earlier run that are no longer declared are removed. "
        "Secrets are never among them.",
        epilog="example: govcloud render --output build/manifests",
    )
    parser.add_argument(
        "owners", nargs="*", metavar="AGENCY", help=f"agencies, or `{PLATFORM_OWNER}` (default: all of them)"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="a new or empty folder, or an earlier one"
    )
    loading.add_arguments(parser)


def run(args: argparse.Namespace, root: Path) -> int:
    """Write the files; return 1, and write nothing, where a mandatory finding concerns what was asked for."""
    asked = loading.known_owners(tuple(args.owners), root)
    judged = loading.judge(args, root)
    findings = judged.concerning(asked)
    sys.stderr.writelines(f"{line}\n" for line in text.lines(findings, "en"))
    if judged.estate is None or not is_clean(findings):
        sys.stderr.write("nothing was written: correct the findings first\n")
        return 1
    owners = asked or (PLATFORM_OWNER, *(agency.id for agency in judged.estate.agencies))
    folder = MarkedFolder(args.output)
    try:
        for owner in owners:
            for name, content in files(declaration(judged.estate, owner)):
                folder.write(f"{owner}/{name}", content)
        removed = folder.finish(within=tuple(f"{owner}/" for owner in asked))
    except OSError as error:
        raise GovcloudError(f"{error.filename or args.output}: {error.strerror or error}; run render again") from error
    sys.stdout.write(f"{len(owners)} owners, {folder.written} files written, {folder.unchanged} unchanged, ")
    sys.stdout.write(f"{removed} removed: {args.output}\n")
    return 0
