"""What the files under tests/profiles/ say is wrong with them, in their own first comments.

`# expect: LINE:COLUMN RULE POINTER FRAGMENT`, one comment a finding: the place in that very file, the rule's id, the
path inside the document (`-` where there is none), and a part of the English text. The set is exact.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from components.estate import loader
from components.estate.data_items import REGISTER as DATA_ITEMS
from components.estate.emergencies import REGISTER as EMERGENCIES
from components.estate.finding import Finding
from components.estate.operators import REGISTER
from components.estate.waiver import WAIVERS
from policies.engine import evaluate

PROFILES = Path(__file__).parent.parent / "profiles"
DEFAULT_PLATFORM = PROFILES / "platform.yaml"
AS_OF = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Asia/Tehran"))  # 1405-09-01
"""The moment for which the folders under tests/profiles/estates/ announce what is found."""

_EXPECT = re.compile(r"# expect: (\d+):(\d+) (\S+) (\S+) (.+)")


class Expected(NamedTuple):
    """One finding, as a comment announces it."""

    line: int
    column: int
    rule: str
    pointer: str
    fragment: str


def expected(text: str) -> list[Expected]:
    """Return what the comments of a file announce."""
    found = (_EXPECT.fullmatch(line) for line in text.splitlines() if line.startswith("# expect:"))
    return [Expected(int(m[1]), int(m[2]), m[3], "" if m[4] == "-" else m[4], m[5]) for m in found if m is not None]


def announced(path: Path) -> list[Expected]:
    """Return what a file announces; every comment that looks like an announcement is one."""
    text = path.read_text(encoding="utf-8")
    assert len(expected(text)) == text.count("# expect"), f"{path}: an `# expect` that cannot be read"
    return expected(text)


def assert_exactly(findings: Iterable[Finding], wanted: Iterable[Expected]) -> None:
    """Hold the findings equal to what was announced: no more, no fewer, each at its place and in its words."""
    left = sorted(findings, key=_place)
    right = sorted(wanted, key=lambda one: one[:4])
    assert [_place(finding) for finding in left] == [one[:4] for one in right]
    for finding, one in zip(left, right, strict=True):
        assert one.fragment in f"{finding.summary.en}; {finding.remedy.en}"


def _place(finding: Finding) -> tuple[int, int, str, str]:
    return finding.where.line, finding.where.column, finding.rule, finding.where.pointer


def make_root(  # noqa: PLR0913  # the files that a project may have
    root: Path,
    profiles: Iterable[Path] = (),
    platform: Path = DEFAULT_PLATFORM,
    operators: Path | None = None,
    waivers: Mapping[str, Path] | None = None,
    *,
    emergencies: Path | None = None,
    data_items: Path | None = None,
) -> Path:
    """Lay out a project below `root` with these files, copied.

    A register that is not given is not there; without `waivers` (by their ids) there is no folder of them.
    """
    (root / "stacks").mkdir(parents=True)
    (root / loader.PROFILES).mkdir()
    (root / "Pulumi.yaml").write_text("name: govcloud\n", encoding="utf-8")
    (root / loader.PLATFORM).write_bytes(platform.read_bytes())
    for path in profiles:
        (root / loader.PROFILES / path.name).write_bytes(path.read_bytes())
    for shown, register in ((REGISTER, operators), (EMERGENCIES, emergencies), (DATA_ITEMS, data_items)):
        if register is not None:
            (root / shown).parent.mkdir(parents=True, exist_ok=True)
            (root / shown).write_bytes(register.read_bytes())
    for waiver_id, path in (waivers or {}).items():
        (root / WAIVERS).mkdir(parents=True, exist_ok=True)
        (root / WAIVERS / f"{waiver_id}.yaml").write_bytes(path.read_bytes())
    return root


def judge(root: Path, as_of: datetime | None = None) -> tuple[Finding, ...]:
    """Return everything that is wrong below `root`, each at its line: what `check` prints."""
    estate, findings = loader.load(root, as_of=lambda _: as_of or datetime.now(UTC))
    return loader.locate(root, (*findings, *(evaluate(estate) if estate else ())))


def by_file(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """Return the findings by the file that they name."""
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.where.file, []).append(finding)
    return files
