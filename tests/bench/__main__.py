"""`make bench`: our commands beside named peers, on one generated estate; ratios of paired runs.

Exit 0 whatever the figures are, 1 where a command failed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bench.measure import CommandFailedError, Pair, pairs
from tests.bench.result import Result, document, table
from tests.bench.rows import ROWS, Row
from tests.bench.scene import PROJECT, Scene

_FILE: Final = PROJECT / ".govcloud" / "bench.json"


def main() -> int:
    """Measure what the command line asks for."""
    groups = list(dict.fromkeys(row.group for row in ROWS))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", default=",".join(groups), help=f"groups of rows (default: {','.join(groups)})")
    parser.add_argument("--agencies", type=int, default=150)
    parser.add_argument("--services", type=int, default=5200)
    parser.add_argument("--repeat", type=int, default=5, help="measured pairs of runs for each row (default: 5)")
    parser.add_argument("--output", type=Path, default=_FILE, metavar="FILE", help="the figures as JSON")
    args = parser.parse_args()
    asked = args.rows.split(",")
    if not set(asked) <= set(groups):
        parser.error(f"--rows takes any of {','.join(groups)}")
    if args.repeat < 1:
        parser.error("--repeat takes 1 and more")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        scene = Scene(Path(folder), agencies=args.agencies, services=args.services)
        try:
            results += (Result(row, _measured(row, scene, args.repeat)) for row in ROWS if row.group in asked)
        finally:
            scene.close()
    args.output.parent.mkdir(exist_ok=True)
    content = document(results, {"agencies": args.agencies, "services": args.services})
    args.output.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(results))
    return 0 if all(result.pairs for result in results) else 1


def _measured(row: Row, scene: Scene, repeat: int) -> list[Pair]:
    sys.stderr.write(f"bench: {row.name}\n")
    try:
        peer = row.peer.command(scene) if row.peer else None
        times = min(repeat, row.repeat_max or repeat)
        return list(pairs(row.ours(scene), peer, lambda: row.prepare(scene), warm_up=row.warm_up, repeat=times))
    except CommandFailedError as error:
        sys.stderr.write(f"bench: {row.name}: {error}\n")
        return []


if __name__ == "__main__":
    sys.exit(main())
