"""JSON Schema at the edge: yes or no quickly, and every reason in words when it is no."""

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from components.estate.finding import Words
from components.estate.formats import FORMATS, Complaint
from components.estate.reason import Reason

AGENCY_PROFILE: Final = "agency-profile"
PLATFORM: Final = "platform"
OPERATORS: Final = "operators"
WAIVER: Final = "waiver"
DUTIES: Final = "duties"
EMERGENCIES: Final = "emergencies"
DATA_ITEMS: Final = "data-items"


@cache
def load(name: str) -> dict[str, Any]:
    """Return the schema called `name`: one of the constants above."""
    text = (Path(__file__).parent / "schema" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    formats: dict[str, Callable[..., bool]] = {name: partial(_has_format, check) for name, check in FORMATS.items()}
    return jsonschema_rs.Draft202012Validator(load(schema), formats=formats, validate_formats=True)


def _has_format(check: Callable[[str], Complaint | None], value: str) -> bool:
    return check(value) is None


def violations(name: str, data: Any) -> Iterator[Reason]:
    """Yield every reason why `data` does not follow the schema `name`; nothing where it does."""
    if _validator(name).is_valid(data):
        return
    from components.estate.explain import explain  # noqa: PLC0415  # a third of the start-up, needed on errors only

    reasons = list(explain(load(name), data))
    yield from reasons
    if not reasons:  # the two validators disagree: fail closed
        yield UNEXPLAINED


UNEXPLAINED: Final = Reason(
    "schema",
    (),
    Words("this does not follow the schema", "این با طرح‌واره نمی‌خواند"),
    Words("compare it with an example in agency_profiles/", "آن را با یکی از نمونه‌های agency_profiles/ بسنجید"),
)
