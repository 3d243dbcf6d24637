"""A plain YAML scalar as kubectl, Argo CD and Flux read it, so that nothing is judged that is not what is applied.

All three read with `sigs.k8s.io/yaml`, whose scalars are not quite YAML 1.1 and not quite 1.2: `yes`, `on` and `y` are
booleans, `0777` and `0o777` are octal, `08` is a decimal number, `12:30:00` and dates are text.
"""

import re
from typing import Any, Final

_STARTS: Final = frozenset("+-.0123456789~yYnNtTfFoO")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))", re.ASCII
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_BETWEEN = re.compile("(?<=[0-9])_(?=[0-9])", re.ASCII)
_BASES: Final = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64
_DIGITS_MAX: Final = 400  # a longer number is beyond every range, and slow to convert


def resolve(value: str) -> Any:
    """Return the boolean, number, null or text that a plain scalar means."""
    if not value:
        return None
    if value[0] not in _STARTS:
        return value
    if value in _WORDS:
        return _WORDS[value]
    return _number(value) if value[0] in "+-.0123456789" else value


def _number(value: str) -> Any:
    if len(value) > _DIGITS_MAX:
        return value
    plain = _BETWEEN.sub("", value) if value[0] == "." else value.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found is not None and found.lastgroup is not None:
        integer = int(found[1] + found[found.lastgroup], _BASES[found.lastgroup])
        if _SMALLEST <= integer < _LARGEST:
            return integer
    if not _FLOAT.fullmatch(plain):
        return value
    number = float(plain)
    if number in (float("inf"), float("-inf")):  # beyond the range: text
        return value
    return int(number) if number.is_integer() and _SMALLEST <= number < _LARGEST else number
