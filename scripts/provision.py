"""Everything on this machine (`make up`): verdict, cloud, every agency by the door that is there, summary."""

import argparse
import os
import secrets
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from components.estate.estate import Estate
from components.estate.finding import is_clean
from components.manifests.login import client_id
from components.manifests.window import open_window
from scripts import loading
from scripts.cluster import summary
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from scripts.cluster.read_back import read_back
from scripts.errors import GovcloudError
from scripts.localcloud.cloud import LocalCloud, Phase
from scripts.localcloud.window import opening
from scripts.localcloud.window.reach import LOOPBACK, Window
from scripts.report import portal, text
from stacks.declaration import Declaration

Progress = Callable[[str], None]

_SAMPLE: Final = "irica"
_PULUMI: Final = Path(".govcloud", "pulumi")


class _Provisioned(NamedTuple):
    """What became of how many objects, whether all went well, and how many were read back as declared."""

    outcome: str
    is_good: bool
    verified: int


def provision(root: Path, cloud: LocalCloud, progress: Progress) -> int:
    """Bring everything up and print the summary; return 0 when every declared object was read back as declared."""
    judged = loading.judge(argparse.Namespace(as_of=None, no_cache=False), root)
    agencies = judged.estate.agencies if judged.estate else ()
    services = sum(len(agency.profile.spec.services) for agency in agencies)
    sys.stdout.writelines(f"{line}\n" for line in text.lines(judged.findings, "en"))
    sys.stdout.write(f"{text.verdict(judged.findings, len(agencies), services).en}\n")
    sys.stdout.flush()
    if judged.estate is None or not is_clean(judged.findings):
        sys.stdout.write("nothing was started: correct the profiles first\n")
        return 1
    cloud.up()
    declared = tuple(judged.declared.values())
    cli = shutil.which("pulumi")
    progress(f"provisioning through {'`pulumi up`' if cli else '`govcloud apply`: no pulumi CLI is on PATH'}")
    done = _by_pulumi(root, cloud, declared, progress) if cli else _by_apply(cloud, declared, progress)
    environments = sum(len(agency.profile.spec.environments) for agency in agencies)
    sys.stdout.write(
        f"{'✓' if done.is_good else '✗'} {len(agencies)} agencies in {environments} namespaces, "
        f"{sum(len(owner.manifests) for owner in declared)} objects: {done.outcome}; "
        f"{done.verified} read back as declared\n"
    )
    is_open = done.is_good and _open_windows(cloud, judged.estate, progress)
    sys.stdout.write(_running(cloud))
    sys.stdout.write(_NEXT)
    return 0 if done.is_good and is_open else 1


def _open_windows(cloud: LocalCloud, estate: Estate, progress: Progress) -> bool:
    """Open the windows and tell how to log in; true too where this machine cannot have them, which is said."""
    window = cloud.window
    if window is None or window.missing or not window.names:
        sys.stdout.writelines(f"– no windows here: {reason}\n" for reason in (window.missing if window else ()))
        return True
    progress("opening the windows: certificates, client secrets, sample backends, the national login's realm")
    agency = min(estate.agencies, key=lambda one: (one.id != _SAMPLE, one.id))
    groups = sorted({f"{agency.id}:{group}" for s in agency.profile.spec.services for group in s.access.groups})
    person = opening.sample_person(cloud, groups)
    opening.open_windows(cloud, estate, [person], portal.pages(estate))
    urls = opening.entrances(estate)
    progress(f"waiting until all {len(urls)} windows ask for the national login")
    silent = opening.wait_until_asked(cloud, urls)
    sys.stdout.writelines(f"✗ {url} does not ask for the national login\n" for url in silent)
    mark = "✗" if silent else "✓"
    sys.stdout.write(f"{mark} {len(urls) - len(silent)} of {len(urls)} windows ask for the national login\n")
    if empty := [a.id for a in estate.agencies if (w := open_window(a)) and client_id(a, w) not in urls]:
        sys.stdout.write(f"– no service behind the login yet in the window of {', '.join(empty)}\n")
    has_exchange = _tell_of_exchange(cloud, estate)
    if urls:
        _tell_how_to_log_in(window, urls.get(agency.id, min(urls.values())), person)
    return not silent and has_exchange


def _tell_of_exchange(cloud: LocalCloud, estate: Estate) -> bool:
    """Tell whether the exchange lets nobody pass without a token; true where there is none to pass."""
    url = opening.exchange_address(estate)
    if url is None:
        return True
    is_refused = opening.wait_until_refused(cloud, url)
    mark, does = ("✓", "asks for") if is_refused else ("✗", "does not ask for")
    sys.stdout.write(f"{mark} the national exchange {does} a consumer's token: {url}\n")
    return is_refused


def _tell_how_to_log_in(window: Window, url: str, person: opening.Person) -> None:
    host = urlsplit(url).hostname
    curl = ("curl", "--cacert", str(window.ca), "--resolve", f"{host}:{window.https_port}:{LOOPBACK}", "-i")
    sys.stdout.write(
        f"log in: {url}\n"
        f"  user {person.username}, password {person.password}\n"
        f"  the names are known to this machine only by these arguments:\n"
        f"  chromium --user-data-dir=/tmp/govcloud-browser {shlex.join(window.browser_arguments)} {url}\n"
        f"  {shlex.join(curl)} {url.replace(f'{host}', f'{host}:{window.https_port}', 1)}\n"
    )


def _by_apply(cloud: LocalCloud, declared: Sequence[Declaration], progress: Progress) -> _Provisioned:
    report = apply(connect(cloud.kubeconfig), declared, progress=progress)
    if not report.is_good:
        sys.stdout.write(summary.text(report))
    outcome = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items() if count)
    return _Provisioned(outcome, report.is_good, report.verified)


def _by_pulumi(root: Path, cloud: LocalCloud, declared: Sequence[Declaration], progress: Progress) -> _Provisioned:
    from pulumi import automation  # noqa: PLC0415  # a second of imports, only where there is a CLI to drive

    folder = _project(root)
    options = automation.LocalWorkspaceOptions(env_vars=_environment(folder))
    changes: Counter[str] = Counter()
    for number, owner in enumerate(declared, 1):
        progress(f"pulumi up {owner.owner} ({number} of {len(declared)})")
        try:
            stack = automation.create_or_select_stack(owner.owner, work_dir=str(folder), opts=options)
            is_new = not (stack.export_stack().deployment or {}).get("resources")
            stack.set_config("govcloud:kubeconfig", automation.ConfigValue(str(cloud.kubeconfig)))
            stack.set_config("govcloud:clientSecretExists", automation.ConfigValue("true"))  # `_open_windows` makes it
            stack.set_config("govcloud:takeOver", automation.ConfigValue(str(is_new).lower()))
            result = stack.up()
        except automation.CommandError as error:
            raise GovcloudError(f"pulumi up {owner.owner} did not succeed:\n{error}") from error
        changes.update({str(op): count for op, count in (result.summary.resource_changes or {}).items()})
    outcome = ", ".join(f"{count} {op}" for op, count in sorted(changes.items()))
    manifests = [manifest for owner in declared for manifest in owner.manifests]
    progress("reading every declared object back")
    differences = read_back(connect(cloud.kubeconfig), manifests)
    sys.stdout.writelines(f"✗ {difference.shown}\n" for difference in differences)
    verified = len(manifests) - len({difference.subject for difference in differences})
    return _Provisioned(f"{outcome} (resources of {len(declared)} stacks)", not differences, verified)


def _project(root: Path) -> Path:
    """Return a project folder beside the checkout's: same program, same profiles, stack files of its own."""
    folder = root / _PULUMI
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("agency_profiles", "policies", "stacks"):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(root / name, target_is_directory=True)
    lines = (root / "Pulumi.yaml").read_text(encoding="utf-8")
    lines = lines.replace("virtualenv: .venv", f"virtualenv: {sys.prefix}").replace("stacks/config", "config")
    (folder / "Pulumi.yaml").write_text(lines, encoding="utf-8")
    (folder / "config").mkdir(exist_ok=True)
    return folder


def _environment(folder: Path) -> dict[str, str]:
    passphrase = folder / "passphrase"
    if not passphrase.is_file():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(), encoding="utf-8")
    state = folder / "state"
    state.mkdir(exist_ok=True)
    return {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": os.environ.get("PATH", ""),
    }


def _running(cloud: LocalCloud) -> str:
    running = [component for component in cloud.status().components if component.state is Phase.RUNNING]
    return f"running: {', '.join(f'{c.name} (port {c.port}, pid {c.pid})' for c in running)}\n"


_NEXT: Final = """try next:
  .venv/bin/govcloud check irica --lang fa
  .venv/bin/govcloud apply irica --dry-run
  kubectl --kubeconfig "$(.venv/bin/govcloud cloud kubeconfig)" get networkpolicies -n irica-production
  make down
"""
