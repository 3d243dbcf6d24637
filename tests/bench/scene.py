"""What the rows measure on: a generated estate, its rendered manifests, an embedded cluster; each made when needed."""

import itertools
import json
import shutil
import sys
from functools import cached_property
from pathlib import Path
from typing import Final

import yaml

from tests.bench.measure import Command, run

PROJECT: Final = Path(__file__).parents[2]
_GOVCLOUD: Final = str(Path(sys.executable).with_name("govcloud"))
_TITLE: Final = "titleFa: "


class Scene:
    """One estate in a folder of its own, and everything made from it.

    Args:
        folder: An empty folder; its owner removes it.
    """

    def __init__(self, folder: Path, *, agencies: int, services: int) -> None:
        self.root = folder / "estate"
        self.output = folder / "output"
        self._manifests = folder / "manifests.json"
        self._versions = itertools.count()
        self._has_cloud = False
        size = ("--agencies", str(agencies), "--services", str(services))
        run((sys.executable, "-m", "tests.estates.generate", *size, "--output", str(self.root)))
        self._profile = min((self.root / "agency_profiles").iterdir())
        self._text = self._profile.read_text(encoding="utf-8")

    def govcloud(self, *arguments: str) -> Command:
        """Return the command `govcloud` in this estate."""
        return (_GOVCLOUD, "--root", str(self.root), *arguments)

    def peer(self, name: str, *arguments: Path) -> Command:
        """Return the command that runs the peer `name`, a script beside this one."""
        return (sys.executable, str(Path(__file__).with_name(f"peer_{name}.py")), *map(str, arguments))

    def change_one_profile(self) -> None:
        """Give one service a title that it never had."""
        before, _, after = self._text.partition(_TITLE)
        self._profile.write_text(f"{before}{_TITLE}نسخهٔ {next(self._versions)} {after}", encoding="utf-8")

    def forget_output(self) -> None:
        """Remove what was rendered, so that the next run writes all."""
        shutil.rmtree(self.output, ignore_errors=True)

    @cached_property
    def rendered(self) -> Path:
        """A folder with the rendered manifests, which no row changes."""
        folder = self.output.with_name("rendered")
        run(self.govcloud("render", "--output", str(folder)))
        return folder

    @cached_property
    def manifests(self) -> Path:
        """A JSON file with the rendered manifests, by the names of their files."""
        documents = {
            str(path.relative_to(self.rendered)): list(yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader))
            for path in sorted(self.rendered.rglob("*.yaml"))
        }
        self._manifests.write_text(json.dumps(documents), encoding="utf-8")
        return self._manifests

    @property
    def kubeconfig(self) -> str:
        """The embedded cluster's; it must be up once the command runs."""
        return str(self.root / ".govcloud" / "cloud" / "kubeconfig")

    def cloud_up(self) -> None:
        """Start the embedded cluster unless it runs."""
        self._has_cloud = True
        run(self.govcloud("cloud", "up", "--no-window"))

    def new_cloud(self) -> None:
        """Start an embedded cluster without any data."""
        self.close()
        self.cloud_up()

    def close(self) -> None:
        """Stop the embedded cluster and remove its data, if it was ever started."""
        if self._has_cloud:
            run(self.govcloud("cloud", "down", "--delete"))
