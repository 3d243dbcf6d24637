"""Nothing that the loader, the schema or a rule of the estate can say goes without a case under tests/profiles/."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from components.estate import document, estate, explain, loader, schema, source
from components.estate.formats import FORMATS
from policies import engine, ledger, ledger_advice
from policies.waivers import PROFILE_RULES, Flaw
from tests.estate.expectation import PROFILES, announced
from tests.estate.odd import ODD, UNREADABLE

RULE_ARGUMENT: Final[dict[str, int | str]] = {
    "Problem": 0,
    "Reason": 0,
    "fails": 0,
    "_reported": 1,
    "_refuse": 1,
    "taken": 0,
    "Finding": "rule",
}
"""Who is told a rule's id, and in which place of its arguments."""

BUILT: Final = {
    "wrong-{error.limit}": [f"wrong-{name}" for name in FORMATS],
    "{what.en}-unknown": ["cluster-unknown", "size-unknown"],
}
"""Ids that the code puts together."""

ELSEWHERE: Final = {"schema", "file-ending"}
"""`schema` is said where the two validators disagree (test_schema); `file-ending` of a name (test_source)."""

PASSED_ON: Final = {"problem.rule", "reason.rule", "flaw"}
"""Ids that were made elsewhere."""

OVER_OBJECTS: Final = "from policies.rules.rule import"
"""What the modules of the catalogue import: their rules have cases of their own (tests/policies/cases.py)."""


def modules() -> Iterator[Path]:
    for module in (document, estate, explain, loader, schema, source, ledger, ledger_advice):
        yield Path(str(module.__file__))
    yield from over_profiles()


def over_profiles() -> Iterator[Path]:
    for path in sorted((Path(engine.__file__).parent / "rules").glob("*.py")):
        if OVER_OBJECTS not in path.read_text(encoding="utf-8"):
            yield path


def rules_of(path: Path) -> Iterator[str]:
    """Yield every rule id that a module can produce; fail on one that this test cannot read."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.Module):
            continue
        assigned = dict(_assignments(function))
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and (argument := _rule_argument(call)) is not None:
                yield from _values(argument, assigned, f"{path.name}:{call.lineno}", function)


def _rule_argument(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
    place = RULE_ARGUMENT.get(str(name))
    if isinstance(place, str):
        return next((keyword.value for keyword in call.keywords if keyword.arg == place), None)
    return call.args[place] if place is not None and len(call.args) > place else None


def _assignments(function: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Yield names and the texts that are assigned to them, also several at once."""
    texts: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple | ast.Constant):
            continue
        for target in node.targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    texts.setdefault(name.id, []).append(value.value)
    yield from texts.items()


def _values(argument: ast.expr, assigned: dict[str, list[str]], where: str, function: ast.AST) -> list[str]:
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    source_text = ast.unparse(argument)
    if isinstance(argument, ast.JoinedStr):
        return BUILT[source_text[2:-1]]
    if source_text == "rule" and _is_parameter(function):
        return []  # a function between the one that names the rule and the record
    if source_text == "rule" and "_BOUNDS[" in ast.unparse(function):
        return [rule for rule, *_ in explain._BOUNDS.values()]  # noqa: SLF001  # the table itself is the truth
    assert source_text in PASSED_ON or source_text in assigned, f"{where}: teach this test how {source_text} is made"
    return assigned.get(source_text, [])


def _is_parameter(function: ast.AST) -> bool:
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef)]
    return any(argument.arg == "rule" for node in inner for argument in node.args.args)


def possible() -> set[str]:
    return {rule for path in modules() for rule in rules_of(path)} | set(Flaw)


def with_case() -> set[str]:
    files = [path for path in PROFILES.rglob("*.yaml") if path.parent.name != "valid"]
    return {one.rule for path in files for one in announced(path)} | {odd.rule for odd in (*ODD.values(), UNREADABLE)}


def test_every_rule_has_a_case() -> None:
    assert possible() - ELSEWHERE - with_case() == set()


def test_every_case_names_a_rule_that_exists() -> None:
    assert with_case() - possible() == set()


def test_the_committee_knows_of_every_rule_over_profiles_whether_it_may_excuse_from_it() -> None:
    rules = {rule for path in over_profiles() for rule in rules_of(path)}
    assert PROFILE_RULES.keys() == rules, "say it in PROFILE_RULES of policies/waivers.py"


def test_the_rules_were_found_at_all() -> None:
    known = {
        "alias",
        "too-deep",
        "wrong-time-zone",
        "too-high",
        "host-reserved",
        "parent-cycle",
        "size-unknown",
        "link",
    }
    assert known < possible()
    assert len(possible()) > 50


# The schema: every keyword, type, format and condition has a file that it refuses.


CASES: Final = {
    schema.AGENCY_PROFILE: "invalid",
    schema.PLATFORM: "invalid-platform",
    schema.OPERATORS: "invalid-operators",
    schema.WAIVER: "invalid-waivers",
    schema.EMERGENCIES: "invalid-emergencies",
    schema.DATA_ITEMS: "invalid-data-items",
}
"""Where each schema's invalid files lie."""


def violated(*names: str) -> set[str]:
    """Return what the invalid files violate, as `keyword` or `keyword:value`; a condition by what it demands."""
    return {
        told
        for name in names
        for path in (PROFILES / CASES[name]).iterdir()
        for error in validator(name).iter_errors(document.parse(path.read_text(encoding="utf-8")).data)
        for told in _told(str(error.validator), error.validator_value, "then" in error.absolute_schema_path)
    }


def validator(name: str) -> Draft202012Validator:
    checker = FormatChecker(formats=())
    for format_name, check in FORMATS.items():
        checker.checks(format_name)(lambda value, check=check: not isinstance(value, str) or check(value) is None)
    return Draft202012Validator(schema.load(name), format_checker=checker)


def _told(keyword: str, value: Any, is_condition: bool) -> Iterator[str]:  # noqa: FBT001  # the one question
    yield keyword
    if keyword in ("type", "format"):
        yield f"{keyword}:{value}"
    if is_condition:
        yield f"then:{value}"


ANNOTATIONS: Final = {"description", "examples", "default", "title", "$schema", "$id", "$ref"}


def demanded(node: Any, key: str = "") -> Iterator[str]:
    """Yield what a schema can refuse, in the same words."""
    if isinstance(node, dict):
        for keyword, value in node.items():
            if key in ("properties", "$defs"):
                yield from demanded(value)
            elif keyword in ("properties", "$defs", "items", "allOf", "if", "then"):
                yield from demanded(value, keyword)
            elif keyword not in ANNOTATIONS and not (keyword == "additionalProperties" and value is not False):
                is_then = key == "then"
                yield from _told(keyword, value, is_then) if key != "if" else ()
    elif isinstance(node, list) and key == "allOf":
        for one in node:
            yield from demanded(one)


@pytest.mark.parametrize(
    ("name", "among"),
    [
        (schema.AGENCY_PROFILE, (schema.AGENCY_PROFILE, schema.PLATFORM)),
        (schema.PLATFORM, (schema.AGENCY_PROFILE, schema.PLATFORM)),
        (schema.OPERATORS, (schema.OPERATORS,)),
        (schema.WAIVER, (schema.WAIVER,)),
        (schema.EMERGENCIES, (schema.EMERGENCIES,)),
        (schema.DATA_ITEMS, (schema.DATA_ITEMS,)),
    ],
)
def test_everything_that_the_schema_demands_has_a_file_that_lacks_it(name: str, among: tuple[str, ...]) -> None:
    wanted = set(demanded(schema.load(name)))
    assert {"required", "pattern", "type:array"} < wanted
    assert wanted - violated(*among) == set()
