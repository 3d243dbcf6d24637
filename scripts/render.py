"""`govcloud render`: what is declared as files: manifests for Argo CD, Flux and review, the portal, the realm."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from components.estate.estate import Estate
from components.estate.finding import is_clean
from components.manifests.manifest import PLATFORM_OWNER
from scripts import loading
from scripts.errors import GovcloudError, UsageError
from scripts.report import portal, text
from scripts.report.folder import MarkedFolder
from scripts.report.manifests import files
from scripts.report.realm import realm_file
from stacks.declaration import Declaration

_Files: TypeAlias = Iterator[tuple[str, str]]
"""Names in the folder, and contents."""
_Declared: TypeAlias = Iterable[Declaration]

_MANIFESTS: Final = "manifests"


def _manifests(_estate: Estate, declared: _Declared) -> _Files:
    for one in declared:
        for name, content in files(one):
            yield f"{one.owner}/{name}", content


def _sso(estate: Estate, _declared: _Declared) -> _Files:
    yield realm_file(estate)


def _portal(estate: Estate, _declared: _Declared) -> _Files:
    for name, content in portal.pages(estate).items():
        yield name, content.decode()


_KINDS: Final[dict[str, Callable[[Estate, _Declared], _Files]]] = {
    _MANIFESTS: _manifests,
    "portal": _portal,
    "sso": _sso,
}
"""What can be rendered. What is written for one owner alone lies below a folder of its name."""
_WHOLE: Final = frozenset(("portal", "sso"))
"""Kinds that speak of all agencies together."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb's parser."""
    parser = subparsers.add_parser(
        "render",
        help="write the manifests as YAML files, the national window's pages, or the national login's realm",
        description="Write what is declared. Manifests are YAML: one folder per agency and one for the platform, one "
        "file per namespace, in the order of creation. The portal is the national window: a page in Persian, one in "
        "English, and their data. The sso is the national login's realm, as Keycloak imports it. Files of an earlier "
        "run that are no longer declared are removed, so a folder holds one of the three. Secrets are never among "
        "them.",
        epilog="example: govcloud render --output build/manifests; "
        "govcloud render --what portal --output build/national-window",
    )
    parser.add_argument(
        "owners", nargs="*", metavar="AGENCY", help=f"agencies, or `{PLATFORM_OWNER}` (default: all of them)"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="a new or empty folder, or an earlier one"
    )
    parser.add_argument("--what", choices=tuple(_KINDS), default=_MANIFESTS, help="default: %(default)s")
    loading.add_arguments(parser)


def run(args: argparse.Namespace, root: Path) -> int:
    """Write the files; return 1, and write nothing, where a mandatory finding concerns what was asked for."""
    asked = loading.known_owners(tuple(args.owners), root)
    if asked and args.what in _WHOLE:
        raise UsageError(f"the {args.what} is of all agencies together: name none")
    judged = loading.judge(args, root, asked)
    findings = judged.concerning(asked)
    sys.stderr.writelines(f"{line}\n" for line in text.lines(findings, "en"))
    if judged.estate is None or not is_clean(findings):
        sys.stderr.write("nothing was written: correct the findings first\n")
        return 1
    owners = asked or (PLATFORM_OWNER, *(agency.id for agency in judged.estate.agencies))
    folder = MarkedFolder(args.output, holds=args.what)
    try:
        for name, content in _KINDS[args.what](judged.estate, (judged.declared[owner] for owner in owners)):
            folder.write(name, content)
        removed = folder.finish(within=tuple(f"{owner}/" for owner in asked))
    except OSError as error:
        raise GovcloudError(f"{error.filename or args.output}: {error.strerror or error}; run render again") from error
    sys.stdout.write(f"{args.what if args.what in _WHOLE else f'{len(owners)} owners'}, ")
    sys.stdout.write(
        f"{folder.written} files written, {folder.unchanged} unchanged, {removed} removed: {args.output}\n"
    )
    return 0
