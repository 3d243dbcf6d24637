"""Tells break-glass access that the register of emergencies knows, and that is in force, from any other."""

from typing import Final

from components.manifests.access import BREAK_GLASS
from policies.rules.reading import mapping, name, namespace
from policies.rules.rule import Object, kind_of
from policies.rules.scene import Scene
from policies.rules.subjects import RBAC, subjects

_REFERENCE: Final = {"apiGroup": RBAC, "kind": "ClusterRole", "name": BREAK_GLASS}


def is_granted(binding: Object, scene: Scene) -> bool:
    """Tell whether a binding is exactly what a record of the register asks for now."""
    place = namespace(binding)
    agency = scene.tenant(place)
    if scene.estate is None or agency is None or mapping(binding, "roleRef") != _REFERENCE:
        return False
    bound = [(one.kind, one.api_group, one.name) for one in subjects(binding)]
    return kind_of(binding) == f"{RBAC}/RoleBinding" and any(
        name(binding) == one.binding and bound == [("Group", RBAC, one.group)]
        for one in scene.estate.break_glass(agency, scene.environment(place))
    )
