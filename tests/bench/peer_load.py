"""The peer of `check`: loads the estate's files with PyYAML's C loader, and nothing else."""

import sys
from pathlib import Path

import yaml

root = Path(sys.argv[1])
for path in (root / "stacks" / "platform.yaml", *sorted((root / "agency_profiles").iterdir())):
    with path.open(encoding="utf-8") as file:
        yaml.load(file, yaml.CSafeLoader)
