"""Schema and records are one thing said twice; both validators are one judge; every example is right."""

import types
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from components.estate import schema
from components.estate.data_items import DataItemRegister
from components.estate.dates import Day, Moment
from components.estate.emergencies import EmergencyRegister
from components.estate.estate import record
from components.estate.explain import explain
from components.estate.formats import FORMATS
from components.estate.operators import OperatorRegister
from components.estate.platform import Platform
from components.estate.profile import AgencyProfile, Cidr
from components.estate.waiver import Waiver
from tests.estate.examples import REQUIRED_ONLY, from_examples, resolved, walk

SCHEMAS: list[tuple[str, type[msgspec.Struct]]] = [
    (schema.AGENCY_PROFILE, AgencyProfile),
    (schema.PLATFORM, Platform),
    (schema.OPERATORS, OperatorRegister),
    (schema.WAIVER, Waiver),
    (schema.EMERGENCIES, EmergencyRegister),
    (schema.DATA_ITEMS, DataItemRegister),
]
SCALARS: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Day: {"type": "string", "format": "day"},
    Moment: {"type": "string", "format": "moment"},
    Cidr: {"type": "string", "format": "cidr"},
    IPv4Address: {"type": "string", "format": "ipv4"},
}
KEYWORDS = {
    "$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "const", "contains", "default", "description",
    "enum", "examples", "format", "if", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength",
    "minProperties", "minimum", "oneOf", "pattern", "properties", "required", "then", "title", "type", "uniqueItems",
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), SCHEMAS)
def test_schema_and_records_agree(name: str, kind: type[msgspec.Struct]) -> None:
    assert list(differences(schema.load(name), schema.load(name), kind, kind.__name__)) == []


def differences(root: dict[str, Any], node: dict[str, Any], kind: Any, path: str) -> Iterator[str]:
    """Yield in words where a schema and the record for it are not the same."""
    node = resolved(root, node)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _of_record(root, node, kind, path)
    elif typing.get_origin(kind) is tuple:
        if node.get("type") != "array":
            yield f"{path}: {kind} is no {node.get('type')}"
        yield from differences(root, node["items"], typing.get_args(kind)[0], f"{path}[]")
    elif typing.get_origin(kind) is Mapping:
        if node.get("additionalProperties") != {"type": "string"}:
            yield f"{path}: a mapping of text, and the schema says otherwise"
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        if list(kind) != node.get("enum"):
            yield f"{path}: {list(kind)} in the record, {node.get('enum')} in the schema"
    elif kind is str and ("enum" in node or "const" in node):
        return
    elif any(node.get(key) != value for key, value in SCALARS[kind].items()):
        yield f"{path}: {kind} in the record, {node} in the schema"


def _of_record(root: dict[str, Any], node: dict[str, Any], kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    properties = node["properties"]
    yield from (f"{path}.{key}: only in the record" for key in fields.keys() - properties.keys())
    yield from (f"{path}.{key}: only in the schema" for key in properties.keys() - fields.keys())
    for key in fields.keys() & properties.keys():
        field, inner = fields[key], resolved(root, properties[key])
        if field.required != (key in node["required"]):
            yield f"{path}.{key}: required in one and optional in the other"
        if not field.required and not _same_default(field, inner):
            yield f"{path}.{key}: the default is {field.default!r}, in the schema {inner.get('default')!r}"
        yield from differences(root, properties[key], _without_none(field.type), f"{path}.{key}")


def _same_default(field: msgspec.structs.FieldInfo, node: dict[str, Any]) -> bool:
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if "default" in node:
        return bool(default == msgspec.convert(node["default"], field.type))
    return default is None or default == ()


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) not in (types.UnionType, typing.Union):
        return kind
    (only,) = (part for part in typing.get_args(kind) if part is not type(None))
    return only


@pytest.mark.parametrize("name", [name for name, _ in SCHEMAS])
def test_the_schemas_are_schemas_and_use_no_other_keyword(name: str) -> None:
    loaded = schema.load(name)
    Draft202012Validator.check_schema(loaded)
    for path, node in walk(loaded):
        assert node.keys() <= KEYWORDS, path
        assert node.get("format") in (None, *FORMATS), path
        if "properties" in node and not {"if", "contains"} & set(path.split("/")):
            assert node["additionalProperties"] is False, f"{path} is open"
            assert node["required"] is not None, path


@pytest.mark.parametrize("name", [name for name, _ in SCHEMAS])
def test_every_property_is_described_and_every_scalar_has_an_example_that_is_right(name: str) -> None:
    root = schema.load(name)
    for path, node in properties(root):
        whole = resolved(root, node)
        assert whole.get("description", "").endswith((".", ")")), f"{path} is not described in a sentence"
        if whole.get("type") in ("object", "array") and "examples" not in whole:
            continue
        assert whole.get("examples"), f"{path} has no example"
        for example in [*whole["examples"], *([whole["default"]] if "default" in whole else [])]:
            assert list(explain({**node, "$defs": root.get("$defs", {})}, example)) == [], path


def properties(root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property and every kind of list entry, with its path."""
    for path, node in walk(root):
        if {"if", "contains"} & set(path.split("/")):
            continue
        for key, inner in node.get("properties", {}).items():
            yield f"{path}/{key}", inner
        if "items" in node:
            yield f"{path}/[]", node["items"]


@pytest.mark.parametrize(("name", "kind"), SCHEMAS)
@pytest.mark.parametrize("only", [False, REQUIRED_ONLY], ids=["everything", "the least"])
def test_the_examples_together_make_a_valid_file(name: str, kind: type[msgspec.Struct], only: bool) -> None:  # noqa: FBT001
    data = from_examples(schema.load(name), required_only=only)
    assert list(schema.violations(name, data)) == []
    assert isinstance(record(data, kind), kind)


def test_what_only_the_fast_validator_refuses_is_still_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.estate.explain.explain", lambda *_: iter(()))
    (reason,) = schema.violations(schema.PLATFORM, {})
    assert (reason.rule, reason.path) == ("schema", ())


def test_a_keyword_without_words_of_its_own_is_explained_all_the_same() -> None:
    (reason,) = explain({"multipleOf": 2, "examples": [4]}, 3)
    assert reason.rule == "schema"
    assert "3 is not a multiple of 2" in reason.summary.en
    assert "Example: 4" in reason.remedy.en
