"""What the schemas themselves give: their parts, and whole files made of their examples."""

from collections.abc import Iterator
from typing import Any, Final

REQUIRED_ONLY: Final = True


def resolved(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a schema together with what it refers to; what it says itself wins."""
    if "$ref" not in node:
        return node
    target: dict[str, Any] = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return resolved(root, target) | {key: value for key, value in node.items() if key != "$ref"}


def walk(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema inside a schema, with its path."""
    if not isinstance(node, dict):
        return
    yield path, node
    for group in ("properties", "$defs"):
        for key, inner in node.get(group, {}).items():
            yield from walk(inner, f"{path}/{key}")
    for group in ("items", "contains", "if", "then", "additionalProperties"):
        yield from walk(node.get(group), f"{path}/{group}")
    for group in ("allOf", "oneOf"):
        for index, inner in enumerate(node.get(group, [])):
            yield from walk(inner, f"{path}/{group}/{index}")


def from_examples(root: dict[str, Any], node: dict[str, Any] | None = None, *, required_only: bool = False) -> Any:
    """Return data made of the first examples: everything that may be there, or what must."""
    node = resolved(root, root if node is None else node)
    if "examples" in node:
        return node["examples"][0]
    if "enum" in node:
        return node["enum"][0]
    if node.get("type") == "array":
        return [from_examples(root, node["items"], required_only=required_only)]
    if "properties" in node:
        keys = dict.fromkeys(node["required"] if required_only else node["properties"])
        for branch in node.get("oneOf", [])[1:]:
            keys = {key: None for key in keys if key not in branch["required"]}
        for branch in node.get("oneOf", [])[:1]:
            keys |= dict.fromkeys(branch["required"])
        return {key: from_examples(root, node["properties"][key], required_only=required_only) for key in keys}
    return {"string": "example", "integer": 80, "boolean": True}[node["type"]]
