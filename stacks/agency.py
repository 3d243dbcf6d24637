"""An agency's stack: everything that is the agency's, on the cluster that its profile names."""

from collections import Counter
from collections.abc import Iterable

import pulumi

from components import client_secret
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
        pulumi.RunError: Nobody keeps the window's client secret, or two do, or the platform's stack is not there or
            too old; nothing was registered.
    """
    agency = judged.estate.agency(chosen.owner)
    if agency is None:
        raise LookupError(chosen.owner)  # the verdict refuses it first
    manifests = declaration(judged.estate, agency.id).manifests
    gateway = judged.estate.platform.spec.gateway
    objects = (*manifests, *_client_secret(agency, client_secret.place(manifests, gateway.namespace), chosen))
    await _require_platform()
    if judged.advice:
        pulumi.log.warn(f"{agency.id}: advice that does not stop the run:\n{verdict.as_text(judged.advice)}")
    provider = settings.provider(chosen, agency.profile.spec.placement.cluster)
    AgencyTenant(agency.id, tenant_args(objects), pulumi.ResourceOptions(provider=provider))
    return _outputs(agency, objects) | {"advice": len(judged.advice)}


def counts(manifests: Iterable[Manifest]) -> dict[str, int]:
    """Return how many objects of each kind there are."""
    return dict(sorted(Counter(manifest["kind"] for manifest in manifests).items()))


def _client_secret(agency: Agency, where: client_secret.Place | None, chosen: Settings) -> tuple[Manifest, ...]:
    """Return the Secret of the agency's window where this stack keeps it, else nothing.

    It has one keeper: this stack, or whoever keeps the Secret that the profile names, or the one that the login
    expects by default.
    """
    window = agency.profile.spec.window
    named = None if window is None else window.sso.client_secret_ref
    if chosen.client_secret is None:
        if where is not None and named is None and not chosen.client_secret_exists:
            raise pulumi.RunError(_no_keeper(agency.id, where))
        return ()
    if where is None:
        raise pulumi.RunError(
            f"govcloud:oidcClientSecret is set, but {agency.id} has no window in production that would use it. "
            f"Correct agency_profiles/{agency.id}.yaml, or: {settings.LET_GO}"
        )
    if named is not None or chosen.client_secret_exists:
        other = f"spec.window.sso.clientSecretRef: {named} in its profile" if named else "govcloud:clientSecretExists"
        raise pulumi.RunError(
            f"The OIDC client secret of {agency.id} has two keepers: this stack, by govcloud:oidcClientSecret, and "
            f"somebody else, by {other}. Take back one of the two; the first with: {settings.LET_GO}"
        )
    return (client_secret.secret(where, chosen.client_secret),)


def _no_keeper(agency_id: str, where: client_secret.Place) -> str:
    return (
        f"{agency_id} has a window, and nobody keeps its OIDC client secret. Its login looks for it in the Secret "
        f"{where.namespace}/{where.name}, key {client_secret.KEY!r}. One of these:\n"
        f"  this stack makes that Secret (the command asks for the value): {settings.KEEP}\n"
        f"  there is another Secret: name it in agency_profiles/{agency_id}.yaml, spec.window.sso.clientSecretRef\n"
        "  somebody else makes that Secret (External Secrets, `govcloud cloud up`): "
        "pulumi config set govcloud:clientSecretExists true"
    )


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
