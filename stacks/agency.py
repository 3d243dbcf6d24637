"""An agency's stack: everything that is the agency's, on the cluster that its profile names."""

from collections import Counter
from collections.abc import Iterable

import pulumi

from components.estate.estate import Agency
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from components.shared import BASELINE
from components.tenant import AgencyTenant, tenant_args
from stacks import settings, verdict
from stacks.declaration import declaration
from stacks.settings import Settings


async def declare(judged: verdict.Judged, chosen: Settings) -> pulumi.Inputs:
    """Declare the agency's tenant and return what a person wants to know of it.

    Raises:
        pulumi.RunError: The platform's stack is not there or too old; nothing was registered.
    """
    agency = judged.estate.agency(chosen.owner)
    if agency is None:
        raise LookupError(chosen.owner)  # the verdict refuses it first
    await _require_platform()
    manifests = declaration(judged.estate, agency.id).manifests
    if judged.advice:
        pulumi.log.warn(f"{agency.id}: advice that does not stop the run:\n{verdict.as_text(judged.advice)}")
    provider = settings.provider(chosen, agency.profile.spec.placement.cluster)
    AgencyTenant(agency.id, tenant_args(manifests), pulumi.ResourceOptions(provider=provider))
    return _outputs(agency, manifests) | {"advice": len(judged.advice)}


def counts(manifests: Iterable[Manifest]) -> dict[str, int]:
    """Return how many objects of each kind there are."""
    return dict(sorted(Counter(manifest["kind"] for manifest in manifests).items()))


def _outputs(agency: Agency, manifests: tuple[Manifest, ...]) -> dict[str, object]:
    spec = agency.profile.spec
    outputs: dict[str, object] = {
        "agency": agency.id,
        "namespaces": [agency.profile.namespace(environment) for environment in spec.environments],
        "objects": counts(manifests),
        "profileDigest": agency.digest,
    }
    if spec.window is not None:
        outputs["window"] = f"https://{spec.window.host}"
    return outputs


async def _require_platform() -> None:
    """Refuse to go on without a platform that is at least as new as this program.

    The stack is first asked for by a function, whose failure can be told in words: a StackReference to a stack that
    does not exist makes the engine end the program at once. The StackReference then records the dependency.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{PLATFORM_OWNER}"
    remedy = f"Bring the platform up first: pulumi up --stack {PLATFORM_OWNER}"
    try:
        await pulumi.runtime.invoke_async("pulumi:pulumi:readStackOutputs", {"name": name})
    except Exception as error:
        raise pulumi.RunError(f"The platform's stack {name!r} cannot be read: {error}. {remedy}") from error
    reference = pulumi.StackReference(PLATFORM_OWNER, name)
    found = (await reference.get_output_details("baseline")).value
    if found is None:
        raise pulumi.RunError(f"The platform's stack {name!r} has no baseline: it was never brought up. {remedy}")
    if int(found) < BASELINE:
        raise pulumi.RunError(
            f"The platform has baseline {int(found)}, this program needs {BASELINE} or later. {remedy}"
        )
