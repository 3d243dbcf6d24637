"""The once-only register (R38): the typed form of `schema/data-items.json`.

Knows which agency holds a datum, so that nobody is asked for it again. Who gives it to whom is in the profiles.
"""

from typing import Final

from components.estate.finding import Finding, PathPart, Where, Words
from components.estate.profile import Record

REGISTER: Final = "policies/registers/data-items.yaml"
"""Where the register lies below the project's root. It may be absent: then nothing is known of any datum."""

CITIZEN: Final = "citizen"
"""Of whom a service asks what no agency holds; so no agency may be called this."""


class Datum(Record, frozen=True, kw_only=True):
    """A datum and the one agency that holds it. Not a `DataItem`, which is what a service asks for."""

    id: str
    title_fa: str
    title_en: str
    held_by: str

    @property
    def title(self) -> Words:
        """What the datum is called."""
        return Words(self.title_en, self.title_fa)


class Spec(Record, frozen=True, kw_only=True):
    """What the register holds."""

    items: tuple[Datum, ...]


class DataItemRegister(Record, frozen=True, kw_only=True):
    """The register."""

    api_version: str
    kind: str
    spec: Spec


def fails(rule: str, index: int, field: str, summary: Words, remedy: Words) -> Finding:
    """Return a finding against the platform, whose register this is, at a field of its datum `index`."""
    path: tuple[PathPart, ...] = ("spec", "items", index, field)
    where = Where(REGISTER, path)
    return Finding(rule=rule, subject="platform", where=where, summary=summary, remedy=remedy, source="once-only (R38)")
