"""`python -m tests.bench.evaluations`: evaluations a second of our rules and of named peers, over the same manifests.

An evaluation is one rule put to one object, also where the object is of another kind: so conftest counts.
Exit 0 whatever the figures are, 1 where a command failed.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from scripts.errors import GovcloudError
from scripts.localcloud import binaries
from tests.bench.measure import Command, CommandFailedError, median, run
from tests.bench.scene import PROJECT, Scene
from tests.scanners import tools

FIVE: Final = ("WL-01", "WL-05", "WL-12", "WL-13", "WL-14")
"""The rules that the rego beside this file has too."""
COPIES: Final = 8
"""How often conftest gets them, to have about as many rules as we have."""
BOUND: Final = 10
POLICY: Final = Path(__file__).with_name("peer_conftest")

_BARE: Final = "PyYAML's C loader, load only"
_FILE: Final = PROJECT / ".govcloud" / "bench-evaluations.json"
_CONFTEST: Final = binaries.Program("github.com/open-policy-agent/conftest", POLICY)


class Contender(NamedTuple):
    """A command that judges.

    Attributes:
        rules: How many; 0 where it only reads, None where it cannot be told.
        command: Makes what it needs and returns how it is called.
        codes: With which it may end: of any folder, something may be wrong.
    """

    name: str
    rules: int | None
    command: Callable[[], Command]
    codes: Sequence[int] = (0,)


class Figure(NamedTuple):
    """What one contender took."""

    name: str
    rules: int | None
    cpu: float
    rate: float | None

    @property
    def line(self) -> str:
        """A line of the table."""
        rules = "—" if self.rules is None else str(self.rules)
        rate = f"{self.rate:,.0f}" if self.rate else "—"
        return f"| {self.name} | {rules} | {self.cpu:.2f} s | {rate} |\n"


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.evaluations", description=__doc__)
    parser.add_argument(
        "--manifests", metavar="DIR", type=Path, action="append", default=[],
        help="a folder to judge; may be repeated (default: a generated estate, rendered, with applications)",
    )  # fmt: skip
    parser.add_argument("--agencies", type=int, default=150, help="of the generated estate")
    parser.add_argument("--services", type=int, default=5200, help="of the generated estate")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, in turn (default: 3)")
    parser.add_argument("--scanners", action="store_true", help="checkov and kube-score too, once each: some minutes")
    parser.add_argument("--output", type=Path, default=_FILE, metavar="FILE", help="the figures as JSON")
    args = parser.parse_args()
    if missing := [str(path) for path in args.manifests if not path.is_dir()]:
        parser.error(f"there is no folder {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        if args.manifests:
            root, folders = PROJECT, [path.resolve() for path in args.manifests]
        else:
            scene = Scene(Path(folder), agencies=args.agencies, services=args.services)
            root, folders = scene.root, [scene.rendered, scene.applications]
        try:
            objects, rules = counted(root, folders)
            contenders = [*_contenders(root, folders, rules, Path(folder))]
            figures = [*_measured(contenders, objects, args.repeat)]
            if args.scanners:
                figures += _measured([*_scanners(folders)], objects, 1)
        except CommandFailedError as error:
            _tell(str(error))
            return 1
    args.output.parent.mkdir(exist_ok=True)
    document = {"objects": objects, "figures": [figure._asdict() for figure in figures]}
    args.output.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(objects, figures))
    return 0 if len(figures) >= len(contenders) else 1


def counted(root: Path, folders: Sequence[Path]) -> tuple[int, int]:
    """Return how many objects there are in the folders, and how many rules we have for them.

    Raises:
        CommandFailedError: They cannot be read.
    """
    done = subprocess.run(_own(root, "all", folders), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(done.stderr)
    objects, rules = done.stdout.split()
    return int(objects), int(rules)


def table(objects: int, figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table, and what follows from them."""
    lines = [f"{objects:,} objects\n\n| command | rules | cpu | evaluations a second |\n| --- | --- | --- | --- |\n"]
    lines += (figure.line for figure in figures)
    cpu = {(figure.name, figure.rules == len(FIVE)): figure.cpu for figure in figures}
    rate = {(figure.name, figure.rules == len(FIVE)): figure.rate for figure in figures}
    lines += (
        f"\nWith {many} rules: {ours / theirs:.1f} × conftest (bound {BOUND})\n"
        for is_five, many in ((True, "the same five"), (False, "all our"))
        if (ours := rate.get(("govcloud", is_five))) and (theirs := rate.get(("conftest", is_five)))
    )
    if (bare := cpu.get((_BARE, False))) and (peer := cpu.get(("conftest", True))):
        lines.append(f"\nWhat only loads and judges nothing takes 1/{peer / bare:.1f} of conftest's time.\n")
    return "".join(lines)


def _contenders(root: Path, folders: Sequence[Path], rules: int, scratch: Path) -> Iterator[Contender]:
    bare = (sys.executable, str(Path(__file__).with_name("peer_manifests.py")), *map(str, folders))
    yield Contender(_BARE, 0, lambda: bare)
    yield Contender("govcloud", len(FIVE), lambda: _own(root, ",".join(FIVE), folders))
    yield Contender("conftest", len(FIVE), lambda: _conftest(POLICY, folders))
    yield Contender("govcloud", rules, lambda: _own(root, "all", folders))
    many = copied(POLICY / "workloads.rego", scratch / "rego")
    yield Contender("conftest", len(FIVE) * COPIES, lambda: _conftest(many, folders))


def _scanners(folders: Sequence[Path]) -> Iterator[Contender]:
    files = [str(path) for folder in folders for path in sorted(folder.rglob("*.yaml"))]
    scored = ("score", "--output-format", "json", *files)
    yield Contender("kube-score", None, lambda: (str(tools.kube_score()), *scored), (0, 1))
    named = [option for folder in folders for option in ("--directory", str(folder))]
    options = (*named, "--framework", "kubernetes", "--skip-download", "--soft-fail", "--compact", "--quiet")
    yield Contender("checkov", None, lambda: (str(tools.checkov()), *options))


def _own(root: Path, rules: str, folders: Sequence[Path]) -> Command:
    return (sys.executable, "-m", "tests.bench.own_rules", str(root), rules, *map(str, folders))


def _conftest(policy: Path, folders: Sequence[Path]) -> Command:
    program = binaries.build("conftest", _CONFTEST, progress=_tell)
    options = ("--no-color", "--no-fail", "--output", "json", "--policy", str(policy))
    return (str(program), "test", *options, *map(str, folders))


def copied(policy: Path, folder: Path) -> Path:
    """Write the rules several times, each with a message of its own, or conftest would see one rule."""
    text = policy.read_text("utf-8")
    head, *rules = re.split(r"^(?=deny contains)", text, flags=re.MULTILINE)
    copies = (rule.replace('sprintf("', f'sprintf("{number} ') for number in range(COPIES) for rule in rules)
    folder.mkdir()
    (folder / policy.name).write_text("\n".join((head, *copies)), "utf-8")
    return folder


def _measured(contenders: Sequence[Contender], objects: int, repeat: int) -> Iterator[Figure]:
    """Yield the medians of some runs; all take turns, so that noise meets all."""
    taken: Mapping[int, list[float]] = {number: [] for number in range(len(contenders))}
    for _ in range(repeat):
        for number, contender in enumerate(contenders):
            _tell(contender.name if contender.rules is None else f"{contender.name}, {contender.rules} rules")
            try:
                taken[number].append(run(contender.command(), contender.codes).cpu)
            except (CommandFailedError, GovcloudError) as error:
                _tell(str(error))
    for contender, cpus in zip(contenders, taken.values(), strict=True):
        if cpus:
            cpu = median(cpus)
            yield Figure(contender.name, contender.rules, cpu, contender.rules and objects * contender.rules / cpu)


def _tell(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
