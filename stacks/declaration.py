"""What is declared, by owner: the one list that `pulumi up`, `render` and `apply` all use. Imports no engine."""

from typing import NamedTuple

from components.estate.estate import Estate
from components.manifests import build
from components.manifests.kinds import order_of
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from policies.annotated import annotated
from policies.guardrails import guardrails
from policies.waivers import excused


class Declaration(NamedTuple):
    """Everything of one owner (an agency's id, or `platform`), in the order of creation."""

    owner: str
    manifests: tuple[Manifest, ...]


def declaration(estate: Estate, owner: str) -> Declaration:
    """Return what is declared for `owner`.

    Raises:
        LookupError: The estate has no such agency, or one of its environments has no size.
    """
    if owner == PLATFORM_OWNER:
        manifests = (*build.shared(estate.platform), *guardrails(estate.platform, excused(estate)))
        return Declaration(owner, tuple(sorted(manifests, key=order_of)))
    agency = estate.agency(owner)
    if agency is None:
        raise LookupError(f"the estate has no agency {owner!r}")
    return Declaration(owner, annotated(estate, agency, build.tenant(estate, agency)))


def declarations(estate: Estate) -> tuple[Declaration, ...]:
    """Return what is declared for all owners, the platform first."""
    owners = (PLATFORM_OWNER, *(agency.id for agency in estate.agencies))
    return tuple(declaration(estate, owner) for owner in owners)
