"""Some of our rules over the manifests of some folders, as `check --manifests` judges them by all.

`python -m tests.bench.own_rules ROOT RULES DIR…`; RULES is `all` or ids with commas between. Prints the numbers of
objects and rules.
"""

import gc
import sys
from pathlib import Path

from components.estate import loader
from policies.rules.rule import Mark
from policies.rules.scene import Scene
from policies.verdict import judge
from scripts.cli import GC_THRESHOLDS
from scripts.foreign import manifests

gc.set_threshold(*GC_THRESHOLDS)
root, asked, *folders = sys.argv[1:]
estate = loader.load(Path(root)).estate
if estate is None:
    sys.exit(f"{root}: the estate cannot be read")
read = manifests.load([*map(Path, folders)])
rules = [rule for rule in manifests.RULES if asked == "all" or rule.id in asked.split(",")]
judge(read.placed, Scene((placed.body for placed in read.placed), estate.platform, estate), Mark.TENANT, rules)
sys.stdout.write(f"{len(read.placed)} {len(rules)}\n")
