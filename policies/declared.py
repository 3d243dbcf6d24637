"""Judges what is declared: every generated object, at the place of the profile from which it was made."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from components.estate.estate import Agency, Estate
from components.estate.finding import PathPart, Where
from components.manifests.manifest import ENVIRONMENT_LABEL, Manifest
from policies.rules.reading import mapping
from policies.rules.rule import Mark
from policies.rules.scene import Scene
from policies.verdict import Judgement, Placed, judge

_PLATFORM_FILE: Final = "stacks/platform.yaml"


def judge_declared(
    estate: Estate, declared: Iterable[tuple[str, Sequence[Manifest]]], owners: Collection[str] | None = None
) -> Judgement:
    """Judge the objects of these owners, or of all, among the objects of all.

    Args:
        estate: From which they were made.
        declared: Every owner's objects: a route of one may stand behind the login of another.
        owners: Whose objects are judged.
    """
    listed = list(declared)
    scene = Scene((manifest for _, manifests in listed for manifest in manifests), estate.platform, estate)
    placed = [
        Placed(manifest, _place(agency, manifest), is_made=True)
        for owner, manifests in listed
        if owners is None or owner in owners
        for agency in (estate.agency(owner),)
        for manifest in manifests
    ]
    return judge(placed, scene, Mark.GENERATED)


def _place(agency: Agency | None, manifest: Manifest) -> Where:
    """Return the environment that an object belongs to; the profile's head where it is of none."""
    if agency is None:
        return Where(_PLATFORM_FILE, ("spec",))
    name = mapping(manifest, "metadata", "labels").get(ENVIRONMENT_LABEL)
    for index, environment in enumerate(agency.profile.spec.environments):
        if environment.name == name:
            path: tuple[PathPart, ...] = ("spec", "environments", index)
            return Where(agency.file, path)
    return Where(agency.file, ("metadata", "id"))
