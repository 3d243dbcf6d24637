"""Options that every verb over the estate shares, and the loading they ask for."""

import argparse
import difflib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from components.estate import loader
from components.estate.cache import LOCATION, ParseCache
from components.estate.dates import parse_moment
from components.estate.document import parse
from components.estate.duties import DutyRegister
from components.estate.estate import Estate
from components.estate.finding import Finding, in_order
from components.estate.platform import Platform
from components.manifests.manifest import PLATFORM_OWNER
from policies.duties import unused_waivers
from policies.engine import concerning
from scripts.errors import UsageError
from stacks import judgement
from stacks.declaration import Declaration
from stacks.verdict_cache import VerdictCache


class Judged(NamedTuple):
    """An estate (None where the platform cannot be read) and what is known of it.

    Attributes:
        passed: How many objects passed each rule.
        declared: What was made of the profiles, by owner; also of those against whom something was found.
        register: The legal duties.
    """

    estate: Estate | None
    findings: tuple[Finding, ...]
    passed: Mapping[str, int]
    declared: Mapping[str, Declaration]
    register: DutyRegister | None = None

    def concerning(self, owners: tuple[str, ...]) -> tuple[Finding, ...]:
        """Return the findings of these owners and of the platform; all where none is named."""
        return concerning(self.findings, *owners) if owners else self.findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--as-of` and `--no-cache`."""
    parser.add_argument("--as-of", metavar="DATE|TIME", help="judge for this moment, e.g. 1405-09-30 (default: now)")
    parser.add_argument("--no-cache", action="store_true", help="parse every file again")


def judge(
    args: argparse.Namespace,
    root: Path,
    owners: tuple[str, ...] = (),
    *,
    replacements: tuple[Path, ...] = (),
    verdicts: VerdictCache | None = None,
) -> Judged:
    """Load the estate below `root` and judge it, and everything that would be made of it.

    Args:
        args: With the options of `add_arguments`.
        root: The project.
        owners: Whose objects are made and judged; all where none is named.
        replacements: Profiles to read instead of their agencies'.
        verdicts: What was found clean before; only for whoever changes nothing.

    Raises:
        UsageError: `--as-of` is no moment, or there is no folder of profiles.
    """
    estate, findings = _loaded(args, root, replacements)
    judged = judgement.judge(estate, owners or None, verdicts) if estate is not None else judgement.NOTHING
    duties = loader.read_duties(root)
    unused = unused_waivers(estate, duties.register) if estate is not None else ()
    located = loader.locate(root, (*findings, *judged.findings, *unused), replacements)
    found = in_order((*located, *duties.findings))
    return Judged(estate, found, judged.passed, judged.declared, duties.register)


def load(args: argparse.Namespace, root: Path) -> Judged:
    """Load the estate below `root`, of which nothing but what cannot be read is judged.

    Raises:
        UsageError: As `judge`.
    """
    estate, findings = _loaded(args, root, ())
    return Judged(estate, in_order(loader.locate(root, findings, ())), {}, {})


def _loaded(args: argparse.Namespace, root: Path, replacements: tuple[Path, ...]) -> loader.Loaded:
    if not (root / loader.PROFILES).is_dir():
        raise UsageError(f"{root} holds no folder {loader.PROFILES}/")
    cache = None if args.no_cache else ParseCache(root / LOCATION)

    def as_of(platform: Platform) -> datetime:
        try:
            return parse_moment(args.as_of, platform.zone) if args.as_of else datetime.now(UTC)
        except ValueError as error:
            raise UsageError(f"--as-of: {error}") from error

    loaded = loader.load(root, as_of=as_of, replacements=replacements, parser=cache or parse)
    if cache is not None:
        cache.save()
    return loaded


def known_owners(asked: tuple[str, ...], root: Path, replacements: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """Return `asked` when every owner is the platform or has a profile.

    Raises:
        UsageError: One is neither; the nearest one is named.
    """
    known = (PLATFORM_OWNER, *loader.profile_files(root, replacements))
    for owner in asked:
        if owner not in known:
            near = difflib.get_close_matches(owner, known, n=1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"there are {len(known) - 1} profiles in {loader.PROFILES}/"
            )
            raise UsageError(f"no agency {owner!r}: {hint}")
    return asked
