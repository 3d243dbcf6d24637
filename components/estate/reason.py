"""Why something does not follow its schema; apart from what finds it, which is slow to import and seldom needed."""

from typing import NamedTuple

from components.estate.finding import PathPart, Words


class Reason(NamedTuple):
    """One violation: rule id, path inside the document, what was found, what is allowed."""

    rule: str
    path: tuple[PathPart, ...]
    summary: Words
    remedy: Words
