"""Why data does not follow a schema, in words: what was found, what is allowed, the nearest right spelling."""

import difflib
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from components.estate.finding import PathPart, Words, quoted
from components.estate.formats import FORMATS, Complaint
from components.estate.reason import Reason


class _Violation(NamedTuple):
    """What the validator says: which keyword, with which value, in which schema, of which instance."""

    keyword: str
    limit: Any
    schema: dict[str, Any]
    instance: Any
    path: tuple[PathPart, ...]


def explain(schema: dict[str, Any], data: Any) -> Iterator[Reason]:
    """Yield the reasons why `data` does not follow `schema`, in document order."""
    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name)(partial(_has_format, check))
    errors = _Validator(schema, format_checker=checker).iter_errors(data)
    for error in errors:
        subschema = error.schema if isinstance(error.schema, dict) else {}
        keyword = str(error.validator)
        found = _Violation(keyword, error.validator_value, subschema, error.instance, tuple(error.absolute_path))
        yield from _EXPLAINERS.get(keyword, _other)(found, error.message)


def _pattern(_validator: object, pattern: str, value: object, _schema: object) -> Iterator[ValidationError]:
    """Judge as ECMA 262 and jsonschema-rs do: `$` is the end of the text, never a line break before it."""
    if isinstance(value, str) and not re.search(pattern.removesuffix("$") + r"\Z" * pattern.endswith("$"), value):
        yield ValidationError(f"{quoted(value)} does not match {pattern!r}")


_Validator: Final = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _has_format(check: Callable[[str], Complaint | None], value: object) -> bool:
    return not isinstance(value, str) or check(value) is None


def _unknown_keys(error: _Violation, _message: str) -> Iterator[Reason]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key in known:
            continue
        near = difflib.get_close_matches(_camel(key), known, n=1, cutoff=0.6)
        remedy = (
            Words(f"did you mean {near[0]!r}?", f"آیا منظور {near[0]!r} است؟")
            if near
            else Words(f"allowed here: {', '.join(known)}", f"کلیدهای مجاز: {'، '.join(known)}")
        )
        found = Words(f"the key {quoted(key)} is not known here", f"کلید {quoted(key)} در این‌جا شناخته نیست")
        yield Reason("unknown-key", (*error.path, key), found, remedy)


def _missing_keys(error: _Violation, _message: str) -> Iterator[Reason]:
    properties = error.schema.get("properties", {})
    for key in error.limit:
        if key not in error.instance:
            found = Words(f"the key {key!r} is missing", f"کلید {key!r} نیامده است")
            remedy = _example(properties.get(key, {}), Words(f"add {key!r}", f"کلید {key!r} را بیفزایید"))
            yield Reason("missing-key", error.path, found, remedy)


def _wrong_type(error: _Violation, _message: str) -> Iterator[Reason]:
    wanted = str(error.limit)
    found = Words(
        f"{_kind(error.instance)[0]}: {_shown(error.instance)}", f"{_kind(error.instance)[1]}: {_shown(error.instance)}"
    )
    wanted_words = _TYPES[wanted]
    remedy = Words(f"{wanted_words[0]} is wanted here", f"در این‌جا {wanted_words[1]} لازم است")
    if wanted == "string" and isinstance(error.instance, int | float):  # its spelling is lost: 1.10 is 1.1 by now
        remedy = Words("put it in quotes, as you wrote it", "آن را همان‌گونه که نوشته‌اید در گیومه بگذارید")
    elif wanted in ("integer", "number") and isinstance(error.instance, str):
        remedy = Words("write a number without quotes and units", "عدد را بی گیومه و بی یکا بنویسید")
    yield Reason("wrong-type", error.path, found, _example(error.schema, remedy))


def _not_allowed(error: _Violation, _message: str) -> Iterator[Reason]:
    allowed = [error.limit] if error.keyword == "const" else list(error.limit)
    names = [str(value) for value in allowed]
    near = difflib.get_close_matches(_camel(str(error.instance)), names, n=1, cutoff=0.7)
    listing = Words(f"allowed: {', '.join(names)}", f"مقدارهای مجاز: {'، '.join(names)}")
    remedy = (
        Words(f"did you mean {near[0]!r}? {listing.en}", f"آیا منظور {near[0]!r} است؟ {listing.fa}")
        if near
        else listing
    )
    found = Words(f"{_shown(error.instance)} is not allowed", f"{_shown(error.instance)} مجاز نیست")
    yield Reason("not-allowed", error.path, found, remedy)


def _wrong_pattern(error: _Violation, _message: str) -> Iterator[Reason]:
    found = Words(f"{_shown(error.instance)} has the wrong form", f"شکل {_shown(error.instance)} درست نیست")
    described = error.schema.get("description", "")
    remedy = _example(error.schema, Words(described, "شکل درست را ببینید"))
    if error.limit == _PERSIAN_LETTER:
        remedy = Words("write it in Persian", "آن را به فارسی بنویسید")
    yield Reason("wrong-form", error.path, found, remedy)


def _wrong_format(error: _Violation, _message: str) -> Iterator[Reason]:
    complaint = FORMATS[error.limit](error.instance)
    if complaint is not None:
        yield Reason(f"wrong-{error.limit}", error.path, *complaint)


def _out_of_bounds(error: _Violation, _message: str) -> Iterator[Reason]:
    rule, found, remedy = _BOUNDS[error.keyword]
    size = error.instance if isinstance(error.instance, int | float) else len(error.instance)
    summary = Words(found.en.format(size), found.fa.format(size))
    yield Reason(rule, error.path, summary, Words(remedy.en.format(error.limit), remedy.fa.format(error.limit)))


def _repeated(error: _Violation, _message: str) -> Iterator[Reason]:
    for index, item in enumerate(error.instance):
        if item in error.instance[:index]:
            found = Words(f"{_shown(item)} is there twice", f"{_shown(item)} دو بار آمده است")
            yield Reason("repeated", (*error.path, index), found, Words("keep one", "یکی را نگه دارید"))


def _contains(error: _Violation, _message: str) -> Iterator[Reason]:
    wanted = error.limit["properties"]["role"]["const"]
    found = Words(f"no entry has the role {wanted!r}", f"هیچ موردی نقش {wanted!r} ندارد")
    remedy = Words(f"add an entry with role: {wanted}", f"موردی با role: {wanted} بیفزایید")
    yield Reason("missing-entry", error.path, found, remedy)


def _exactly_one(error: _Violation, _message: str) -> Iterator[Reason]:
    if not isinstance(error.instance, dict):
        return  # its type is wrong, and that is said already
    keys = [key for branch in error.limit for key in branch["required"]]
    given = [key for key in keys if key in error.instance]
    found = (
        Words(f"both {' and '.join(given)} are given", f"{' و '.join(given)} با هم آمده‌اند")
        if given
        else Words(f"neither {' nor '.join(keys)} is given", f"هیچ‌یک از {' و '.join(keys)} نیامده است")
    )
    remedy = Words(f"give exactly one of {', '.join(keys)}", f"تنها یکی از {'، '.join(keys)} را بنویسید")
    yield Reason("exactly-one", error.path, found, remedy)


def _other(error: _Violation, message: str) -> Iterator[Reason]:
    found = Words(message, f"این با طرح‌واره نمی‌خواند: {message}")
    yield Reason("schema", error.path, found, _example(error.schema, Words("see the schema", "طرح‌واره را ببینید")))


def _example(schema: Any, remedy: Words) -> Words:
    examples = schema.get("examples") if isinstance(schema, dict) else None
    if not examples:
        return remedy
    shown = _shown(examples[0])
    return Words(f"{remedy.en.rstrip('.')}. Example: {shown}", f"{remedy.fa}. نمونه: {shown}")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value) if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"


def _kind(value: Any) -> tuple[str, str]:
    if value is None:
        return ("nothing", "هیچ")
    return _TYPES[_PYTHON_TYPES[type(value)]]


def _camel(key: str) -> str:
    return re.sub(r"[_\s-]+(.)", lambda match: match[1].upper(), key)


_SHOWN_MAX: Final = 60
_PERSIAN_LETTER: Final = "[\u0600-\u06ff]"
_PYTHON_TYPES: Final = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_TYPES: Final = {
    "string": ("text", "متن"),
    "integer": ("a whole number", "عدد صحیح"),
    "number": ("a number", "عدد"),
    "boolean": ("true or false", "true یا false"),
    "array": ("a list", "فهرست"),
    "object": ("a mapping of keys", "نگاشتی از کلیدها"),
}
_BOUNDS: Final = {
    "minimum": ("too-low", Words("{} is too low", "{} کم است"), Words("at least {}", "کمینه {}")),
    "maximum": ("too-high", Words("{} is too high", "{} زیاد است"), Words("at most {}", "بیشینه {}")),
    "minLength": ("too-short", Words("{} characters", "{} نویسه"), Words("at least {}", "کمینه {}")),
    "maxLength": ("too-long", Words("{} characters", "{} نویسه"), Words("at most {}", "بیشینه {}")),
    "minItems": ("too-few", Words("{} entries", "{} مورد"), Words("at least {}", "کمینه {}")),
    "maxItems": ("too-many", Words("{} entries", "{} مورد"), Words("at most {}", "بیشینه {}")),
    "minProperties": ("too-few", Words("{} keys", "{} کلید"), Words("at least {}", "کمینه {}")),
}
_EXPLAINERS: Final[dict[str, Callable[[_Violation, str], Iterator[Reason]]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "pattern": _wrong_pattern,
    "format": _wrong_format,
    "uniqueItems": _repeated,
    "contains": _contains,
    "oneOf": _exactly_one,
    **dict.fromkeys(_BOUNDS, _out_of_bounds),
}
