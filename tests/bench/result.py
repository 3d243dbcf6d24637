"""Measured rows as a Markdown table and as JSON."""

import os
import platform
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from tests.bench.measure import Pair, Usage, median
from tests.bench.rows import Row

MEMORY_BOUND_MB: Final = 500
MEMORY_AIM_MB: Final = 250
_HEADINGS: Final = ("row", "median", "peer", "peer's median", "ratio", "bound", "held", "peak MB")


class Result(NamedTuple):
    """A row and its runs; none where a command failed."""

    row: Row
    pairs: Sequence[Pair]

    def taken(self, usage: Usage) -> float:
        """Return what the row compares, in seconds."""
        return float(getattr(usage, self.row.measure))

    @property
    def ours(self) -> float | None:
        """Our median, in seconds."""
        return median([self.taken(pair.ours) for pair in self.pairs]) if self.pairs else None

    @property
    def peer(self) -> float | None:
        """The peer's median, in seconds."""
        seconds = [self.taken(pair.peer) for pair in self.pairs if pair.peer]
        return median(seconds) if seconds else None

    @property
    def ratio(self) -> float | None:
        """The median of the pairs' ratios."""
        ratios = [self.taken(pair.ours) / self.taken(pair.peer) for pair in self.pairs if pair.peer]
        return median(ratios) if ratios else None

    @property
    def peak_mb(self) -> float | None:
        """The most memory that any run of ours took."""
        return max((pair.ours.peak_mb for pair in self.pairs), default=None)


def table(results: Iterable[Result]) -> str:
    """Return the table."""
    results = list(results)
    lines = [_HEADINGS, ("---",) * len(_HEADINGS), *map(_line, results)]
    peaks = [result.peak_mb for result in results if result.peak_mb is not None]
    if peaks:
        held = _held(max(peaks), MEMORY_BOUND_MB)
        lines.append(("memory of any command", "", "", "", "", _bound(MEMORY_BOUND_MB, MEMORY_AIM_MB), held,
                      f"{max(peaks):.0f}"))  # fmt: skip
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def document(results: Iterable[Result], estate: dict[str, int]) -> dict[str, Any]:
    """Return the same as plain data, with the single runs."""
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    return {"machine": machine, "estate": estate, "rows": [_plain(result) for result in results]}


def _line(result: Result) -> tuple[str, ...]:
    row = result.row
    return (
        row.name,
        _seconds(result.ours, row),
        row.peer.name if row.peer else "—",
        _seconds(result.peer, row),
        "—" if result.ratio is None else f"{result.ratio:.2f}",
        _bound(row.bound, row.aim),
        _held(result.ratio, row.bound),
        "—" if result.peak_mb is None else f"{result.peak_mb:.0f}",
    )


def _seconds(seconds: float | None, row: Row) -> str:
    return "—" if seconds is None else f"{seconds:.2f} s {row.measure}"


def _bound(bound: float | None, aim: float | None) -> str:
    if bound is None:
        return "—"
    return f"≤ {bound:g}" if aim is None else f"≤ {bound:g}, aim {aim:g}"


def _held(value: float | None, bound: float | None) -> str:
    if value is None or bound is None:
        return "—"
    return "yes" if value <= bound else "**no**"


def _plain(result: Result) -> dict[str, Any]:
    row = result.row
    return {
        "row": row.name,
        "measure": str(row.measure),
        "median": result.ours,
        "peer": row.peer.name if row.peer else None,
        "peerMedian": result.peer,
        "ratio": result.ratio,
        "bound": row.bound,
        "aim": row.aim,
        "held": None if result.ratio is None or row.bound is None else result.ratio <= row.bound,
        "peakMb": result.peak_mb,
        "runs": [{"ours": pair.ours._asdict(), "peer": pair.peer._asdict() if pair.peer else None}
                 for pair in result.pairs],
    }  # fmt: skip
