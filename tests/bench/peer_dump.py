"""The peer of `render`: writes the same manifests into the same files with PyYAML's C dumper, and nothing else."""

import json
import sys
from pathlib import Path

import yaml

manifests, folder = Path(sys.argv[1]), Path(sys.argv[2])
for name, documents in json.loads(manifests.read_text("utf-8")).items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump_all(documents, file, yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
