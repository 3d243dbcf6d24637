"""The benchmark of reachability runs, on a small estate; no figure is judged here."""

import json
import subprocess
import sys
from pathlib import Path


def test_measures_a_small_estate(project: Path, tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    size = ("--agencies", "2", "--services", "10", "--output", str(output))
    command = (sys.executable, "-m", "tests.bench.reachability", *size)
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(output.read_text("utf-8"))
    assert {"for each pair", "one question with its reasons"} <= set(figures)
