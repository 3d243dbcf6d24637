"""The rules' cases: files of objects, each announcing exactly what is wrong in it.

`tests/policies/rules/<RULE>/<sort>-<what>.yaml`, where sort is one of `SORTS`. Comments at the top of a file announce
the problems, one a line: `# expect: Kind/name path.inside[0] words`; a file without them passes. Every object of the
file is judged by this one rule, in a scene of all of them, under the tests' platform. Namespaces with the labels
`govcloud.internal/agency` and `govcloud.internal/environment` are tenants'.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.estate import loader
from components.estate.finding import Where
from components.estate.platform import Platform
from policies.rules.rule import Mark, Rule
from policies.rules.scene import Scene
from policies.verdict import Judgement, Placed, judge

RULES = Path(__file__).parent / "rules"
SORTS = ("pass", "fail", "missing", "null", "empty")
"""What is right; what is wrong; and a field that is not there, is null, or is an empty list or mapping."""
_EXPECT = re.compile(r"# expect: (\S+/\S*)(?: (\S+) (.+))?")


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
        return [body for body in yaml.safe_load_all(self.path.read_text("utf-8")) if body is not None]


def cases() -> Iterator[Case]:
    """Yield every case."""
    for folder in sorted(RULES.iterdir()):
        for path in sorted(folder.glob("*.yaml")):
            yield Case(folder.name, path)


def platform() -> Platform:
    """Return the tests' platform: the project's own."""
    loaded = loader.load(Path(__file__).parents[2])
    assert loaded.estate
    return loaded.estate.platform


def judged(case: Case, rule: Rule, platform: Platform) -> Judgement:
    """Judge the case's objects by this rule, under any of its marks."""
    objects = case.objects
    placed = [Placed(body, Where(case.path.name, (index,)), is_made=False) for index, body in enumerate(objects)]
    return judge(placed, Scene(objects, platform), min(rule.marks, key=list(Mark).index), [rule])
