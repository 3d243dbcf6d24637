"""The rules' cases: files of objects, each announcing exactly what is wrong in it.

`tests/policies/rules/<RULE>/<sort>-<what>.yaml`, where sort is one of `SORTS`. Comments at the top of a file announce
the problems, one a line: `# expect: Kind/name path.inside[0] words`; a file without them passes. Every object of the
file is judged by this one rule, in a scene of all of them, under the tests' platform. Namespaces with the labels
`govcloud.internal/agency` and `govcloud.internal/environment` are tenants'. What the register of emergencies holds at
`AS_OF` is a comment too: `# quarantine: AGENCY FROM UNTIL`, `# break-glass: AGENCY ENVIRONMENT GROUP FROM UNTIL`.
A file that begins with `# among the profiles` is judged among those of `profiles.yaml`; with `# beside an egress proxy`
in it, under a platform that has one. `<gateway.lua>` stands
for the gateway's script.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.estate import loader
from components.estate.emergencies import Emergencies
from components.estate.estate import Estate, record
from components.estate.finding import Where
from components.estate.platform import Platform
from components.manifests.gateway import LUA
from policies.rules.rule import Mark, Rule
from policies.rules.scene import Scene
from policies.verdict import Judgement, Placed, judge
from tests.policies import profiles

RULES = Path(__file__).parent / "rules"
SORTS = ("pass", "fail", "missing", "null", "empty")
"""What is right; what is wrong; and a field that is not there, is null, or is an empty list or mapping."""
AS_OF = datetime(2026, 6, 1, 12, tzinfo=UTC)
_SCRIPT = "<gateway.lua>"
_AMONG = "# among the profiles\n"
_BESIDE = "# beside an egress proxy\n"
_EXPECT = re.compile(r"# expect: (\S*/\S*)(?: (\S+) (.+))?")
_EMERGENCY = re.compile(r"^# (quarantine|break-glass): (.+)$", re.MULTILINE)
_FIELDS = {
    "quarantine": ("agency", "from", "until"),
    "break-glass": ("agency", "environment", "group", "from", "until"),
}


class Expected(NamedTuple):
    """What a file announces: an object, the place inside it, and words of the sentence."""

    shown: str
    pointer: str
    words: str


class Case(NamedTuple):
    """A file of cases."""

    rule: str
    path: Path

    @property
    def sort(self) -> str:
        """Its sort, by its name."""
        return self.path.stem.partition("-")[0]

    @property
    def expected(self) -> list[Expected]:
        """What it announces, in order."""
        lines = [line for line in self.path.read_text("utf-8").splitlines() if line.startswith("# expect")]
        found = [_EXPECT.fullmatch(line) for line in lines]
        assert all(found), f"{self.path}: an `# expect` that cannot be read"
        return sorted(Expected(m[1], m[2] or "", m[3] or "") for m in found if m)

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects in it."""
        return list(_objects(self.path))

    def estate(self, platform: Platform) -> Estate | None:
        """Return what the comments say: the profiles', or a register and no agency; None where they say nothing."""
        if _BESIDE in self.path.read_text("utf-8"):
            platform = profiles.with_egress_proxy(platform)
        if self.path.read_text("utf-8").startswith(_AMONG):
            return profiles.estate(platform)
        known: dict[str, list[dict[str, str]]] = {sort: [] for sort in _FIELDS}
        for sort, values in _EMERGENCY.findall(self.path.read_text("utf-8")):
            said = dict(zip(_FIELDS[sort], values.split(), strict=True))
            known[sort].append(said | {"decidedBy": "Somebody", "reason": "A case"})
        if not any(known.values()):
            return None
        spec = {"quarantines": known["quarantine"], "breakGlass": known["break-glass"]}
        return Estate(agencies=(), platform=platform, as_of=AS_OF, emergencies=record(spec, Emergencies))

    def scene(self, objects: Iterable[Mapping[str, Any]], platform: Platform) -> Scene:
        """Return what is judged together: these objects, under this platform and what the comments say."""
        estate = self.estate(platform)
        return Scene(objects, platform if estate is None else estate.platform, estate)


@cache
def _objects(path: Path) -> tuple[dict[str, Any], ...]:
    text = path.read_text("utf-8").replace(_SCRIPT, json.dumps(LUA))
    return tuple(body for body in yaml.load_all(text, yaml.CSafeLoader) if body is not None)


def cases() -> Iterator[Case]:
    """Yield every case."""
    for folder in sorted(RULES.iterdir()):
        for path in sorted(folder.glob("*.yaml")):
            yield Case(folder.name, path)


@cache
def platform() -> Platform:
    """Return the tests' platform: the project's own."""
    loaded = loader.load(Path(__file__).parents[2])
    assert loaded.estate
    return loaded.estate.platform


def judged(case: Case, rule: Rule, platform: Platform) -> Judgement:
    """Judge the case's objects by this rule, under any of its marks."""
    objects = case.objects
    placed = [Placed(body, Where(case.path.name, (index,)), is_made=False) for index, body in enumerate(objects)]
    return judge(placed, case.scene(objects, platform), min(rule.marks, key=list(Mark).index), [rule])
