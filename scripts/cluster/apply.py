"""Ordered, concurrent server-side apply without state: what is declared is written, what is ours and no longer is goes.

Namespaces come first, then their default-deny, then the rest, then access; a step begins when the one before it is
complete. What failed in one step shuts its namespace for all later ones: a half-applied tenant is shut, not open.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Final, TypeVar

from components.manifests.kinds import Order, order_of
from components.manifests.manifest import Manifest, identity
from scripts.cluster import inventory, prune
from scripts.cluster.address import Identity, home, shown
from scripts.cluster.connection import THREADS, Connection
from scripts.cluster.errors import ClusterError
from scripts.cluster.inventory import Inventory
from scripts.cluster.lease import DURATION_SECONDS, WAIT_SECONDS, hold
from scripts.cluster.read_back import Difference, read_back
from scripts.cluster.refusal import Refusal, refusals
from scripts.cluster.result import Outcome, Report, Result
from scripts.cluster.writer import Writer
from stacks.declaration import Declaration

Progress = Callable[[str], None]
ItemT = TypeVar("ItemT")

_PROGRESS_SECONDS: Final = 1
_BAD: Final = (Outcome.FAILED, Outcome.SKIPPED)


def silent(_: str) -> None:
    """Show no progress."""


def apply(  # noqa: PLR0913 - the choices of a run, all but two of them optional
    connection: Connection,
    declarations: Sequence[Declaration],
    *,
    known: Collection[str] | None = None,
    dry_run: bool = False,
    force_conflicts: bool = False,
    progress: Progress = silent,
    lease_seconds: int = DURATION_SECONDS,
    wait_seconds: float = WAIT_SECONDS,
) -> Report:
    """Make the cluster hold what is declared, and read it back.

    Args:
        connection: Where.
        declarations: Of the owners that are to be applied.
        known: Every agency that there is; the namespaces of others are reported. None: nobody knows.
        dry_run: Write nothing; ask the server what would become of each object.
        force_conflicts: Take fields over from other managers.
        progress: Told what goes on, a line at a time.
        lease_seconds: After how long without a sign of life another run may take over.
        wait_seconds: How long to wait for another run.

    Raises:
        ClusterError: Nothing was written. What stops a run later on is in the report.
    """
    lease = hold(connection, progress, seconds=lease_seconds, wait_seconds=wait_seconds)
    with nullcontext() if dry_run else lease as held:  # a dry run writes nothing, not even a lease
        progress("reading what is there")
        there = inventory.take(connection, {identity(m)[:2] for d in declarations for m in d.manifests})
        may_write = held.check if held else lambda: None
        writer = Writer(connection, there, dry_run=dry_run, force_conflicts=force_conflicts, may_write=may_write)
        run = _Run(writer, there, declarations, progress)
        differences: tuple[Difference, ...] = ()
        verified, stopped, is_interrupted = 0, "", False
        try:
            run.write()
            run.prune()
            if not dry_run:
                progress("reading it back")
                written = run.written()
                differences = read_back(connection, written)
                verified = len(written) - len({difference.subject for difference in differences})
        except ClusterError as error:
            stopped = str(error)
        except KeyboardInterrupt:
            is_interrupted = True
    return Report(
        server=connection.server,
        dry_run=dry_run,
        declared=sum(len(declared.manifests) for declared in declarations),
        results=tuple(sorted(run.results, key=lambda result: (result.owner, result.subject))),
        refusals=tuple(run.refusals),
        undeclared=tuple(prune.undeclared(declarations, there, known)),
        warnings=tuple(writer.warnings),
        stopped=stopped,
        is_interrupted=is_interrupted,
        verified=verified,
        differences=differences,
    )


class _Run:
    """The steps of one run and what has become of each object so far."""

    def __init__(
        self, writer: Writer, there: Inventory, declarations: Sequence[Declaration], progress: Progress
    ) -> None:
        self._writer = writer
        self._there = there
        self._declarations = declarations
        self._progress = progress
        self.refusals: list[Refusal] = [r for declared in declarations for r in refusals(declared, there)]
        self.results: list[Result] = []

    def write(self) -> None:
        """Write everything, step by step."""
        refused = {refusal.owner: refusal.message for refusal in self.refusals}
        for order in Order:
            items = [(d.owner, m) for d in self._declarations for m in d.manifests if order_of(m) is order]
            # Taken between the steps: within one, what is skipped must not depend on who came first.
            shut = {home(r.subject): f"{shown(r.subject)} failed" for r in self.results if r.outcome is Outcome.FAILED}
            shut.pop("", None)

            def write(
                item: tuple[str, Manifest], refused: dict[str, str] = refused, shut: dict[str, str] = shut
            ) -> Result:
                owner, manifest = item
                subject = identity(manifest)
                reason = refused.get(owner) or shut.get(home(subject))
                if reason:
                    return Result(owner=owner, subject=subject, outcome=Outcome.SKIPPED, message=reason)
                return self._writer.write(owner, manifest)

            self._each(f"step {order} of {len(Order)}", items, write)

    def prune(self) -> None:
        """Delete what is no longer declared: access and ways always, the rest of the owners that have all that is.

        Else whoever can make one object fail, as a tenant its own ConfigMap, would keep open what a quarantine shuts.
        """
        bad = {result.owner for result in self.results if result.outcome in _BAD}
        items = [
            (declared.owner, subject)
            for declared in self._declarations
            for subject in prune.stale(declared, self._there)
            if declared.owner not in bad or self._shuts(declared.owner, subject)
        ]
        self._each("deleting", items, lambda item: self._writer.delete(*item))

    def _shuts(self, owner: str, subject: Identity) -> bool:
        """Tell whether to delete it takes something away, and opens nothing, whatever else has failed.

        Where the default-deny does not stand, pods are open that no policy selects any more.
        """
        if owner in {refusal.owner for refusal in self.refusals}:
            return False
        unshut = {home(r.subject) for r in self.results if r.outcome in _BAD and prune.is_floor(r.subject)}
        return subject[1] == "RoleBinding" or (subject[1] == "NetworkPolicy" and home(subject) not in unshut)

    def written(self) -> list[Manifest]:
        """Return the manifests that the cluster should hold now."""
        bad = {result.subject for result in self.results if result.outcome in _BAD}
        return [m for d in self._declarations for m in d.manifests if identity(m) not in bad]

    def _each(self, title: str, items: Sequence[ItemT], act: Callable[[ItemT], Result]) -> None:
        told = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                # Workers note their results themselves: what was under way when the run stopped is told, too.
                done: Iterable[None] = pool.map(lambda item: self.results.append(act(item)), items)
                for number, _ in enumerate(done, 1):
                    if time.monotonic() - told > _PROGRESS_SECONDS:
                        told = time.monotonic()
                        self._progress(f"{title}: {number:,} of {len(items):,} objects")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._progress("stopping after the requests under way")
                raise
