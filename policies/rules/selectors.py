"""Label selectors: what they select, and which namespaces they name."""

from collections.abc import Mapping
from typing import Any

from components.manifests.manifest import NAMESPACE_LABEL
from policies.rules.reading import items, mapping, text


def is_everything(selector: object) -> bool:
    """Tell whether there is a selector, and it selects all."""
    return isinstance(selector, Mapping) and not selector.get("matchLabels") and not selector.get("matchExpressions")


def demands(selector: object, labels: Mapping[str, str]) -> bool:
    """Tell whether nothing is selected that does not bear all of these labels."""
    wanted = mapping(selector, "matchLabels")
    return bool(labels) and all(wanted.get(key) == value for key, value in labels.items())


def matches(selector: object, labels: Mapping[str, Any]) -> bool:
    """Tell whether the selector selects what bears these labels; one that cannot be read selects nothing."""
    if not isinstance(selector, Mapping):
        return False
    wanted, demanded = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not isinstance(wanted, Mapping) or not isinstance(demanded, list):
        return False
    return all(labels.get(key) == value for key, value in wanted.items()) and all(_meets(labels, d) for d in demanded)


def named_namespaces(selector: object) -> frozenset[str]:
    """Return the namespaces that the selector names by their own label; none where it goes by other labels."""
    name = text(selector, "matchLabels", NAMESPACE_LABEL)
    if name:
        return frozenset({name})
    for demand in items(selector, "matchExpressions"):
        if text(demand, "key") == NAMESPACE_LABEL and text(demand, "operator") == "In":
            values = items(demand, "values")
            return frozenset(values) if all(isinstance(value, str) and value for value in values) else frozenset()
    return frozenset()


def _meets(labels: Mapping[str, Any], demand: object) -> bool:
    key, operator, values = text(demand, "key"), text(demand, "operator"), items(demand, "values")
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    return {"Exists": key in labels, "DoesNotExist": key not in labels}.get(operator, False)
