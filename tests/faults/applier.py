"""A run of `apply` in a process of its own, to be killed: `python -m tests.faults.applier KUBECONFIG SECONDS ID…`."""

import sys
from pathlib import Path

from components.estate.estate import Estate
from components.estate.loader import load
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from scripts.errors import GovcloudError
from stacks.declaration import Declaration, declaration
from tests.cluster.conftest import renamed

MODEL = "inta"  # three environments, so that there is time to be killed in


def platform(project: Path) -> Declaration:
    """What all agencies share; their windows lie in a namespace of it."""
    return declaration(_estate(project), "platform")


def tenants(project: Path, *ids: str) -> list[Declaration]:
    """What agencies like the model declare."""
    return [renamed(_estate(project), MODEL, agency_id) for agency_id in ids]


def _estate(project: Path) -> Estate:
    estate = load(project).estate
    assert estate is not None
    return estate


def main(kubeconfig: str, lease_seconds: str, *ids: str) -> int:
    declared = tenants(Path(__file__).parents[2], *ids)

    def progress(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    try:
        report = apply(connect(Path(kubeconfig)), declared, progress=progress, lease_seconds=int(lease_seconds))
    except GovcloudError as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 2
    sys.stdout.write(f"{report.counts} {report.stopped}\n")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
