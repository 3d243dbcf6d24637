"""NP-20: an agency in quarantine is shut: no network policy leads into its namespaces, or out of them past DNS.

Judged by what the policies open, not by whether they are the declared ones: a way through another namespace, and one
under the name of a harmless policy, is found too.
"""

from collections.abc import Iterator
from typing import Final

from components.estate.finding import Words
from components.manifests.kinds import DEFAULT_DENY
from components.manifests.network import ALLOW_DNS
from policies.rules.dns import leads_to_dns
from policies.rules.network import POLICIES, openings, peers
from policies.rules.reading import at, name, namespace
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.selectors import named_namespaces

_KEPT: Final = (ALLOW_DNS, DEFAULT_DENY)


def _opens_no_quarantine(body: Object, scene: Scene) -> Iterator[Problem]:
    shut = scene.remembered(_quarantined)
    if not shut:
        return
    agency = _agency(namespace(body), scene)
    if agency in shut:
        yield from _own(body, scene, agency)
        return
    for path, peer in peers(body):
        named = named_namespaces(at(peer, "namespaceSelector"))
        for other in sorted({_agency(place, scene) for place in named} & shut):
            yield Problem(
                (*path, "namespaceSelector"),
                Words(f"leads to {other}, which is in quarantine", f"به {other} می‌رسد که در قرنطینه است"),
            )


def _agency(place: str, scene: Scene) -> str:
    """Return whose namespace this is; by its name where the agency is not in the scene, as one of another family."""
    return scene.tenant(place) or place.rpartition("-")[0]


def _own(body: Object, scene: Scene, agency: str) -> Iterator[Problem]:
    if name(body) not in _KEPT:
        yield Problem(
            ("metadata", "name"),
            Words(
                f"is in a namespace of {agency}, which is in quarantine", f"در فضای نام {agency} است که در قرنطینه است"
            ),
        )
        return
    for path, side, rule in openings(body):
        if side != "to" or not leads_to_dns(rule, scene):
            yield Problem(
                path,
                Words(
                    f"leads elsewhere than to DNS, and {agency} is in quarantine",
                    f"به جایی جز DNS می‌رسد و {agency} در قرنطینه است",
                ),
            )


def _quarantined(scene: Scene) -> frozenset[str]:
    """Return the agencies in quarantine.

    Raises:
        LookupError: The register is not at hand, so that nobody can tell.
    """
    if scene.estate is None:
        raise LookupError("the register of emergencies is not at hand")
    ids = {one.agency for one in scene.estate.emergencies.quarantines}
    return frozenset(one for one in ids if scene.estate.quarantine(one) is not None)


RULES: Final = (
    Rule(
        id="NP-20",
        name="networkpolicy-quarantine-shut",
        title=Words(
            "Nothing but DNS leads into or out of an agency in quarantine",
            "جز DNS هیچ راهی به دستگاهی که در قرنطینه است یا از آن نیست",
        ),
        marks=frozenset({Mark.GENERATED, Mark.LIVE}),
        controls=("NIST SP 800-61 Rev. 2, 3.3.1: containment",),
        remedy=Words(
            f"remove the policy, or what it opens: in quarantine there are `{DEFAULT_DENY}` and `{ALLOW_DNS}` only; "
            "the register of emergencies says until when",
            f"این سیاست یا آنچه را باز می‌کند بردارید: در قرنطینه تنها `{DEFAULT_DENY}` و `{ALLOW_DNS}` می‌ماند؛ پایان "
            "آن در فهرست وضعیت‌های اضطراری آمده است",
        ),
        kinds=POLICIES,
        check=_opens_no_quarantine,
        waivable=False,
    ),
)
