"""Marks what is there only because a waiver lets it: a way out of the cloud shows the waiver's id and end (R3)."""

from collections.abc import Sequence
from typing import Final

from components.estate.estate import Agency, Estate
from components.manifests.manifest import Manifest
from policies.rules.admission import WAIVER_ANNOTATION
from policies.rules.egress import outside
from policies.rules.reading import mapping
from policies.waivers import excusing, in_force

_RULE: Final = "egress-outside"
_POLICY: Final = "NetworkPolicy"


def annotated(estate: Estate, agency: Agency, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """Return the agency's manifests, those with the waiver as an annotation that open what only it lets be opened.

    Without an active waiver nothing is changed: then the profile is refused, and nothing is made of it.
    """
    waiver = excusing(in_force(estate), _RULE, agency.id)
    if waiver is None:
        return tuple(manifests)
    networks = {egress.cidr for _, egress in outside(estate, agency)}
    note = {f"{WAIVER_ANNOTATION}{waiver.id}": waiver.spec.until.begins(estate.platform.zone).isoformat()}
    return tuple(_with(note, one) if _opens(one) & networks else one for one in manifests)


def _opens(manifest: Manifest) -> set[str | None]:
    """Return the networks to which a NetworkPolicy opens a way."""
    rules = mapping(manifest, "spec").get("egress", ()) if manifest["kind"] == _POLICY else ()
    return {peer["ipBlock"]["cidr"] for rule in rules for peer in rule.get("to", ()) if "ipBlock" in peer}


def _with(note: dict[str, str], manifest: Manifest) -> Manifest:
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), **note}
    return {**manifest, "metadata": {**metadata, "annotations": dict(sorted(annotations.items()))}}
