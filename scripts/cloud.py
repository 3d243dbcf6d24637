"""`govcloud cloud`: the embedded cluster of this checkout."""

import argparse
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import msgspec
import yaml

from components.estate.finding import is_clean
from scripts import discovery, loading
from scripts.localcloud.cloud import LocalCloud, Phase, Status
from scripts.localcloud.errors import NotRunningError
from scripts.localcloud.window.layout import ISSUER
from scripts.provision import provision
from scripts.report import text
from scripts.report.realm import realm_file

DIRECTORY = Path(".govcloud") / "cloud"
PLATFORM = Path("stacks") / "platform.yaml"
NAME_WIDTH = 24

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - no public name


def register(subparsers: Subparsers) -> None:
    """Add the verb and its own verbs."""
    cloud = subparsers.add_parser(
        "cloud",
        help="a real Kubernetes control plane on this machine",
        description="Run etcd, kube-apiserver and kube-controller-manager on the loopback interface, and before them "
        "the embedded window: Envoy Gateway, Envoy, Keycloak, sample backends.",
        epilog="example: govcloud cloud up && kubectl --kubeconfig $(govcloud cloud kubeconfig) get ns",
    )
    verbs = cloud.add_subparsers(dest="cloud_verb", metavar="VERB", required=True)
    up = verbs.add_parser(
        "up",
        help="start what does not run",
        description="Build the programs if that was never done (some minutes), start what does not run, "
        "install the CRDs of Gateway API and Envoy Gateway, and return when all serve. What this machine cannot "
        "have of the window is named and left out.",
        epilog="example: govcloud cloud up --provision",
    )
    up.add_argument("--provision", action="store_true", help="put every agency on it, and read everything back")
    up.add_argument(
        "--window", action=argparse.BooleanOptionalAction, default=True, help="start the window too (default: yes)"
    )
    down = verbs.add_parser(
        "down",
        help="stop it",
        description="Stop all that runs. The data stay, for the next `up`.",
        epilog="example: govcloud cloud down --delete",
    )
    down.add_argument("--delete", action="store_true", help="remove the data, the certificates and the logs too")
    status = verbs.add_parser(
        "status",
        help="tell what runs (exit 0 if all does, 1 if not)",
        description="Tell of each program whether it runs and serves, its pid, port, start and log.",
        epilog="example: govcloud cloud status --format json",
    )
    status.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    verbs.add_parser(
        "kubeconfig",
        help="print the path of the administrator's kubeconfig",
        description="Print the path of the administrator's kubeconfig; exit 2 if the cluster is not up.",
        epilog="example: export KUBECONFIG=$(govcloud cloud kubeconfig)",
    )
    login = verbs.add_parser(
        "sso",
        help="print the national login's side of all windows, or check a live login",
        description="Print the realm that Keycloak imports: a client for each window with its redirect, groups and "
        "claims; no secret. With --check, ask the issuer that the platform names (the embedded one if it runs) for "
        "its discovery document, and tell what the windows cannot work with.",
        epilog="example: govcloud cloud sso > government-realm.json; govcloud cloud sso --check",
    )
    login.add_argument("--check", action="store_true", help="check the live login (exit 1 if it does not fit)")
    login.add_argument("--ca", type=Path, metavar="FILE", help="authority of the login's certificate, for --check")
    loading.add_arguments(login)


def run(args: argparse.Namespace, root: Path) -> int:
    """Carry the verb out; return the exit code."""
    has_window = args.cloud_verb == "up" and args.window
    if args.cloud_verb == "sso":
        return _sso(args, root)
    cloud = LocalCloud(root / DIRECTORY, progress=_progress, window=has_window, issuer=_issuer(root))
    match args.cloud_verb:
        case "up" if args.provision:
            return provision(root, cloud, _progress)
        case "up":
            cloud.up()
            _progress(f"up; kubeconfig: {cloud.kubeconfig}")
            if (window := cloud.window) and window.names:
                _progress(f"window: start Chromium with {shlex.join(window.browser_arguments)}")
        case "down":
            cloud.down(delete=args.delete)
            _progress("down")
        case "status":
            status = cloud.status()
            sys.stdout.write(_json(status) if args.format == "json" else _text(status))
            return 0 if status.running else 1
        case _:
            sys.stdout.write(f"{_kubeconfig(cloud)}\n")
    return 0


def _sso(args: argparse.Namespace, root: Path) -> int:
    judged = loading.judge(args, root)
    sys.stderr.writelines(f"{line}\n" for line in text.lines(judged.findings, "en"))
    if judged.estate is None or not is_clean(judged.findings):
        sys.stderr.write("nothing was written: correct the findings first\n")
        return 1
    if args.check:
        return discovery.check(judged.estate, LocalCloud(root / DIRECTORY, progress=_progress).window, args.ca)
    sys.stdout.write(realm_file(judged.estate)[1])
    return 0


def _issuer(root: Path) -> str:
    """Return the national login's issuer as the platform names it; a broken platform is `check`'s to tell."""
    with suppress(OSError, yaml.YAMLError, KeyError, TypeError):
        return str(yaml.safe_load((root / PLATFORM).read_bytes())["spec"]["issuer"])
    return ISSUER


def _kubeconfig(cloud: LocalCloud) -> Path:
    status = cloud.status()
    if status.version is None:
        states = ", ".join(f"{component.name} {component.state}" for component in status.components)
        raise NotRunningError(f"The embedded cluster is not up ({states}). Start it: `govcloud cloud up`.")
    return cloud.kubeconfig


def _progress(text: str) -> None:
    sys.stderr.write(f"cloud: {text}\n")
    sys.stderr.flush()


def _json(status: Status) -> str:
    return msgspec.json.format(msgspec.json.encode(status, enc_hook=str)).decode() + "\n"


def _text(status: Status) -> str:
    lines = [f"Kubernetes {status.version}" if status.version else "the API server does not answer"]
    for component in status.components:
        line = f"{component.name:{NAME_WIDTH}} {component.state:8}"
        if component.state is not Phase.STOPPED:
            line += f" pid {component.pid}  port {component.port or 'unknown'}  since {component.since}"
        lines.append(f"{line}  log {component.log}")
    return "\n".join(lines) + "\n"
