"""The steering committee: who is named in it is who the resolution says (R19).

That there is one, and under which by-laws it meets, is a duty (`policies.duties`).
"""

from collections.abc import Iterator
from typing import Final

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Words
from components.estate.persian import normalise
from components.estate.profile import LegalScope
from policies.rules.centre import weighed

COMMITTEE_SCOPES: Final = frozenset((LegalScope.NATIONAL_AGENCY, LegalScope.GOVERNORATE))
"""Who has a committee: the by-laws are for national agencies and governorates (R20)."""


def committee_seats(estate: Estate) -> Iterator[Finding]:
    """Refuse another chair than the highest authority, and another secretary than the head of the centre (R19)."""
    for agency in estate.agencies:
        if agency.profile.spec.identity.legal_scope in COMMITTEE_SCOPES:
            yield from weighed(agency, _seats(agency), "R19, resolution 000")


def is_same_name(one: str, other: str) -> bool:
    """Tell whether two spellings are of one name (R12)."""
    return normalise(one) == normalise(other)


def _seats(agency: Agency) -> Iterator[Finding]:
    spec = agency.profile.spec
    committee, centre = spec.steering_committee, spec.security_centre
    if committee is None:
        return
    authority = spec.identity.highest_authority.name
    if committee.chair is not None and not is_same_name(committee.chair, authority):
        yield agency.fails(
            "committee-chair",
            ("spec", "steeringCommittee", "chair"),
            Words(
                f"the chair {committee.chair!r} is not the highest authority",
                f"{committee.chair!r} بالاترین مقام دستگاه نیست",
            ),
            Words(f"the chair is {authority!r}", f"رئیس کمیته {authority!r} است"),
        )
    head = centre.head.name if centre is not None and centre.head is not None else None
    if committee.secretary is not None and head is not None and not is_same_name(committee.secretary, head):
        yield agency.fails(
            "committee-secretary",
            ("spec", "steeringCommittee", "secretary"),
            Words(
                f"the secretary {committee.secretary!r} is not the head of the centre",
                f"{committee.secretary!r} رئیس مرکز نیست",
            ),
            Words(f"the secretary is {head!r}", f"دبیر کمیته {head!r} است"),
        )
