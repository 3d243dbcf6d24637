"""Whose an object is. Reads namespaces and labels; what an agency may do with its objects is each rule's own."""

from collections.abc import Mapping, Sequence
from typing import Final

from components.manifests.manifest import AGENCY_LABEL, DOMAIN, PLATFORM_OWNER
from policies.rules.reading import namespace, text
from policies.rules.rule import Object, kind_of
from policies.rules.scene import Scene

NOBODY: Final = ""
"""Owner of what lies in a namespace that is neither an agency's nor the platform's, or in none that can be read."""
_PARENT_LABEL: Final = f"{DOMAIN}/parent"


def objects(scene: Scene, kind: str, inside: str | None = None) -> Sequence[Object]:
    """Return the objects of a kind, named as rules name it; in one namespace, or in all."""
    return scene.kept(("objects", kind, inside), lambda: _objects(scene, kind, inside))


def _objects(scene: Scene, kind: str, inside: str | None) -> Sequence[Object]:
    short = kind.rpartition("/")[2]
    found = scene.of_kind(short) if inside is None else scene.inside(inside, short)
    return [body for body in found if kind_of(body) == kind]


def owner(body: Object, scene: Scene) -> str:
    """Return the agency's id, `platform`, or `NOBODY`.

    In the platform's namespaces a label tells whose an object is: no tenant can write there.
    """
    place = namespace(body)
    agency = scene.tenant(place)
    if agency is not None:
        return agency
    if place not in scene.platform.namespaces:
        return NOBODY
    return text(body, "metadata", "labels", AGENCY_LABEL) or PLATFORM_OWNER


def is_tenants(body: Object, scene: Scene) -> bool:
    """Tell whether demands on tenants hold for an object; they do where nobody can tell whose it is."""
    return not namespace(body) or owner(body, scene) not in {NOBODY, PLATFORM_OWNER}


def is_exchanges(body: Object, scene: Scene) -> bool:
    """Tell whether an object is in the exchange's namespace: then it is no window's, and IN-26 and IN-27 judge it."""
    chosen = scene.platform.spec.exchange
    return chosen is not None and namespace(body) == chosen.namespace


def parent(agency: str, scene: Scene) -> str:
    """Return the agency in whose window this one may offer services too; empty where there is none."""
    return scene.remembered(_parents).get(agency, "")


def _parents(scene: Scene) -> Mapping[str, str]:
    if scene.estate is not None:
        return {agency.id: agency.profile.spec.identity.parent or "" for agency in scene.estate.agencies}
    return {
        text(body, "metadata", "labels", AGENCY_LABEL): text(body, "metadata", "labels", _PARENT_LABEL)
        for body in objects(scene, "Namespace")
    }
