"""Estates of any size for tests and benchmarks: `python -m tests.estates.generate --agencies 150 --output DIR`.

The same arguments and examples give the same bytes on every machine.
"""

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from components.estate.document import parse
from tests.estates.agencies import Profile, agencies

PROJECT: Final = Path(__file__).parents[2]
_MODELINE: Final = "# yaml-language-server: $schema=../components/estate/schema/{}.json\n# Synthetic, generated.\n"
_ROOM: Final = 1.25  # capacity above the sum of the quotas
_RESOURCES: Final = ("cpuCores", "memoryGiB", "storageGiB")


class _Dumper(yaml.CSafeDumper):
    """Writes values out: profiles have no aliases."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def generate(output: Path, *, agencies_wanted: int, services: int, seed: int, project: Path = PROJECT) -> None:
    """Write a project root with an estate of this size, by the pattern of the examples of `project`.

    Raises:
        ValueError: The numbers do not fit together.
    """
    platform = _read(project / "stacks" / "platform.yaml")
    examples = [_read(path) for path in sorted((project / "agency_profiles").glob("*.yaml"))]
    made = list(agencies(examples, platform["spec"]["zone"], agencies_wanted, services, Random(seed)))  # noqa: S311
    platform["spec"]["clusters"] = [_with_room(cluster, made, platform) for cluster in platform["spec"]["clusters"]]
    for name in ("agency_profiles", "stacks"):
        (output / name).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project / "Pulumi.yaml", output / "Pulumi.yaml")
    _write(output / "stacks" / "platform.yaml", "platform", platform)
    for profile in made:
        _write(output / "agency_profiles" / f"{profile['metadata']['id']}.yaml", "agency-profile", profile)


def _with_room(cluster: dict[str, Any], made: Iterable[Profile], platform: Profile) -> dict[str, Any]:
    sizes = {size["name"]: size for size in platform["spec"]["sizes"]}
    needed: Counter[str] = Counter()
    for profile in made:
        if profile["spec"]["placement"]["cluster"] == cluster["name"]:
            for environment in profile["spec"]["environments"]:
                needed.update({key: sizes[environment["size"]][key] for key in _RESOURCES})
    return cluster | {"capacity": {key: max(1, int(needed[key] * _ROOM)) for key in _RESOURCES}}


def _read(path: Path) -> Profile:
    data: Profile = parse(path.read_text(encoding="utf-8")).data
    return data


def _write(path: Path, schema: str, data: Profile) -> None:
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(_MODELINE.format(schema) + text, encoding="utf-8")


def main() -> int:
    """Generate what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.estates.generate", description=__doc__)
    parser.add_argument("--agencies", type=int, default=150)
    parser.add_argument("--services", type=int, default=5200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    args = parser.parse_args()
    if args.output.is_dir() and any(args.output.iterdir()):
        parser.error(f"{args.output} is not empty")
    try:
        generate(args.output, agencies_wanted=args.agencies, services=args.services, seed=args.seed)
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
