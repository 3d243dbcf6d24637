"""`govcloud apply`: make a cluster hold what is declared. By default, the embedded one; any other must be named."""

import argparse
import sys
from pathlib import Path
from typing import Final

from components.estate.loader import profile_files
from components.manifests.manifest import PLATFORM_OWNER
from scripts import loading
from scripts.cloud import DIRECTORY
from scripts.cluster import summary
from scripts.cluster.apply import apply
from scripts.cluster.connection import Connection, connect
from scripts.cluster.errors import KubeconfigError, UnreachableError
from scripts.cluster.result import Report
from scripts.errors import UsageError
from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.files import silent
from scripts.report import text

_INTERRUPTED: Final = 130


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb's parser."""
    parser = subparsers.add_parser(
        "apply",
        help="make a cluster hold what is declared",
        description="Write what is declared by server-side apply, delete what is ours and no longer declared (never a "
        "namespace), and read everything back. Without a kubeconfig, into the embedded cluster. Namespaces that are "
        "not ours, or that Pulumi manages, are refused.",
        epilog="examples: govcloud apply irica --dry-run · govcloud apply --kubeconfig site.yaml --context primary",
    )
    parser.add_argument(
        "owners", nargs="*", metavar="AGENCY", help=f"agencies, or `{PLATFORM_OWNER}` (default: all of them)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing; show what would change, by the server's word"
    )
    parser.add_argument("--kubeconfig", type=Path, metavar="PATH", help="the cluster (default: the embedded one)")
    parser.add_argument("--context", metavar="NAME", help="context of the kubeconfig (default: its current one)")
    parser.add_argument(
        "--force-conflicts", action="store_true", help="take fields over that another manager owns; it is told which"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    parser.add_argument("--no-cache", action="store_true", help="parse every file again")
    parser.set_defaults(as_of=None)  # applying as of a day gone by would open what has ended


def run(args: argparse.Namespace, root: Path) -> int:
    """Apply; return 1 where something is not as it should be, 2 where the cluster did not let it be told."""
    asked = loading.known_owners(tuple(args.owners), root)
    judged = loading.judge(args, root, asked)
    findings = judged.concerning(asked)
    sys.stderr.writelines(f"{line}\n" for line in text.lines(findings, "en"))
    left_out = {finding.subject.partition("/")[0] for finding in findings if finding.gates}
    if judged.estate is None or PLATFORM_OWNER in left_out:
        sys.stderr.write("nothing was applied: correct the findings of the platform first\n")
        return 1
    owners = asked or (PLATFORM_OWNER, *(agency.id for agency in judged.estate.agencies))
    if left_out:
        sys.stderr.write(f"left out until its findings are corrected: {', '.join(sorted(left_out))}\n")
    declarations = [judged.declared[owner] for owner in dict.fromkeys(owners) if owner not in left_out]
    if not declarations:
        return 1
    report = apply(
        _connect(args, root),
        declarations,
        known=None if args.owners else profile_files(root).keys(),  # who asks for one hears of one
        dry_run=args.dry_run,
        force_conflicts=args.force_conflicts,
        progress=_progress,
    )
    sys.stdout.write(summary.json(report) if args.format == "json" else summary.text(report))
    return max(_code(report), 1 if left_out else 0)


def _connect(args: argparse.Namespace, root: Path) -> Connection:
    if args.kubeconfig is not None:
        return connect(args.kubeconfig, args.context)
    if args.context is not None:
        raise UsageError("--context names a context of a kubeconfig: name that too, by --kubeconfig")
    try:
        return connect(LocalCloud(root / DIRECTORY, progress=silent).kubeconfig)
    except (KubeconfigError, UnreachableError) as error:
        raise UnreachableError(
            f"The embedded cluster is not up: `govcloud cloud up`, or name another by --kubeconfig. ({error})"
        ) from error


def _progress(line: str) -> None:
    sys.stderr.write(f"apply: {line}\n")
    sys.stderr.flush()


def _code(report: Report) -> int:
    if report.is_interrupted:
        return _INTERRUPTED
    if report.stopped:
        return 2
    return 0 if report.is_good else 1
