"""The register of legal duties: the typed form of `schema/duties.json`.

Knows who resolved what, until when it is due, which share is asked for and what has been issued. Judges nobody.
"""

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from typing import Final

from components.estate.dates import Day
from components.estate.finding import Words
from components.estate.profile import Record
from components.estate.reason import Reason

REGISTER: Final = "policies/registers/duties.yaml"
"""Where the register lies below the project's root. It may be absent: then every duty is unknown."""


class DutyId(StrEnum):
    """Every legal duty that a profile can show. Not a rule: a duty never stops a run."""

    HEAD_CRITERIA = "head-criteria"
    STEERING_COMMITTEE = "steering-committee"
    COMMITTEE_BYLAWS = "committee-bylaws"
    OWN_WINDOW = "own-window"
    WINDOW_SHARE = "window-share"
    HIGH_USE_FIRST = "high-use-first"
    WINDOW_REQUIREMENTS = "window-requirements"
    NATIONAL_WINDOW_ROUTES = "national-window-routes"
    RESIDENTS_ABROAD = "residents-abroad"
    ANNOUNCED_ORDER = "announced-order"


class UpstreamId(StrEnum):
    """What others must issue before an agency can do its duty (R58)."""

    COMPETENCY_CRITERIA = "competencyCriteria"
    COMMITTEE_BYLAWS = "committeeBylaws"
    WINDOW_REQUIREMENTS = "windowRequirements"
    SERVICE_ORDER = "serviceOrder"


class Basis(StrEnum):
    """What a text weighs (R78). Only a binding one sets a threshold or a deadline."""

    BINDING = "binding"
    OFFICIAL_STATEMENT = "officialStatement"
    PROPOSAL = "proposal"
    PLATFORM_DEFAULT = "platformDefault"


class Resolution(Record, frozen=True, kw_only=True):
    """A text from which duties come, and who decided, confirmed and promulgated it (R77)."""

    id: str
    title_fa: str
    title_en: str
    source: str
    basis: Basis
    decided_by: str
    confirmed_by: str | None = None
    promulgated_by: str | None = None
    promulgated_on: Day | None = None

    @property
    def effective_on(self) -> Day | None:
        """The day from which it sets thresholds and deadlines; None while it is only proposed or said."""
        return self.promulgated_on if self.basis is Basis.BINDING else None


class WindowShare(Record, frozen=True, kw_only=True):
    """Which share of its dedicated services an agency must offer in its own window (R25, R26)."""

    share: str
    resolution: str

    @property
    def fraction(self) -> Fraction:
        """The share as an exact number."""
        return Fraction(self.share)

    def of(self, number: int) -> int:
        """Return how many of `number` services the share is, rounded up."""
        return -(-number * self.fraction.numerator // self.fraction.denominator)


class Entry(Record, frozen=True, kw_only=True):
    """A duty as the register has it: its term, and what must have been issued for it."""

    id: DutyId
    title_fa: str
    title_en: str
    requirement: str
    resolution: str
    due_on: Day | None = None
    needs: UpstreamId | None = None

    @property
    def title(self) -> Words:
        """What the duty is called."""
        return Words(self.title_en, self.title_fa)


class Issue(Record, frozen=True, kw_only=True):
    """One version, or one rank of an order, that was issued."""

    ref: str
    issued_on: Day


class Upstream(Record, frozen=True, kw_only=True):
    """What one body issues for all agencies; without an entry nobody keeps count, which is not the same as nothing."""

    id: UpstreamId
    title_fa: str
    title_en: str
    issued: tuple[Issue, ...]

    @property
    def title(self) -> Words:
        """What it is called."""
        return Words(self.title_en, self.title_fa)


class Spec(Record, frozen=True, kw_only=True):
    """What the register holds."""

    resolutions: tuple[Resolution, ...]
    window_shares: tuple[WindowShare, ...]
    duties: tuple[Entry, ...]
    upstream: tuple[Upstream, ...]


class DutyRegister(Record, frozen=True, kw_only=True):
    """The register."""

    api_version: str
    kind: str
    spec: Spec

    def resolution(self, resolution_id: str) -> Resolution:
        """Return the resolution called `resolution_id`; the loader lets no other be named."""
        return next(one for one in self.spec.resolutions if one.id == resolution_id)

    def entry(self, duty: DutyId) -> Entry | None:
        """Return the entry of `duty`, or None."""
        return next((entry for entry in self.spec.duties if entry.id is duty), None)

    def upstream(self, upstream: UpstreamId) -> Upstream | None:
        """Return what is known of `upstream`, or None."""
        return next((one for one in self.spec.upstream if one.id is upstream), None)


def contradictions(register: DutyRegister) -> Iterator[Reason]:
    """Yield what the schema cannot know: names that are there twice or not at all, and shares of more than all."""
    spec = register.spec
    for field, names in {
        "resolutions": [one.id for one in spec.resolutions],
        "duties": [str(one.id) for one in spec.duties],
        "upstream": [str(one.id) for one in spec.upstream],
    }.items():
        yield from _repeated(field, names)
    known = {one.id for one in spec.resolutions}
    for field, named in {
        "duties": [one.resolution for one in spec.duties],
        "windowShares": [one.resolution for one in spec.window_shares],
    }.items():
        for index, resolution in enumerate(named):
            if resolution not in known:
                yield Reason(
                    "resolution-unknown",
                    ("spec", field, index, "resolution"),
                    Words(f"no resolution has the id {resolution!r}", f"هیچ مصوبه‌ای شناسهٔ {resolution!r} ندارد"),
                    Words(f"allowed: {', '.join(sorted(known))}", f"مقدارهای مجاز: {'، '.join(sorted(known))}"),
                )
    for index, share in enumerate(spec.window_shares):
        if share.fraction > 1:
            yield Reason(
                "share-too-high",
                ("spec", "windowShares", index, "share"),
                Words(f"{share.share} is more than all services", f"{share.share} بیش از همهٔ خدمت‌ها است"),
                Words("at most 1/1", "بیشینه 1/1"),
            )


def _repeated(field: str, names: list[str]) -> Iterator[Reason]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Reason(
                "name-repeated",
                ("spec", field, index, "id"),
                Words(f"{name!r} is there twice in {field}", f"{name!r} در {field} دو بار آمده است"),
                Words("keep one", "یکی را نگه دارید"),
            )
