"""An agency's tenant as Pulumi components: one for the agency and one for each environment below it."""

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

from components.estate.profile import EnvironmentName
from components.manifests.manifest import ENVIRONMENT_LABEL, Manifest
from components.register import register_in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantEnvironmentArgs:
    """One namespace with everything in it.

    Attributes:
        namespace: Its name, which is also the component's.
        protect: Whether it cannot be deleted as long as nobody unprotects it; production is.
    """

    namespace: str
    manifests: tuple[Manifest, ...]
    protect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyTenantArgs:
    """What an agency has."""

    environments: tuple[TenantEnvironmentArgs, ...]


class TenantEnvironment(pulumi.ComponentResource):
    """One namespace of an agency. Not the whole tenant, which is `AgencyTenant`."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: TenantEnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the namespace, then its default-deny, then the rest, then access."""
        super().__init__("govcloud:index:TenantEnvironment", name, None, opts)
        register_in_order(args.manifests, self, protect=args.protect)
        self.namespace = pulumi.Output.from_input(args.namespace)
        self.register_outputs({"namespace": self.namespace})


class AgencyTenant(pulumi.ComponentResource):
    """Everything of one agency."""

    namespaces: pulumi.Output[list[str]]

    def __init__(self, name: str, args: AgencyTenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the environments."""
        super().__init__("govcloud:index:AgencyTenant", name, None, opts)
        for environment in args.environments:
            TenantEnvironment(environment.namespace, environment, pulumi.ResourceOptions(parent=self))
        self.namespaces = pulumi.Output.from_input([environment.namespace for environment in args.environments])
        self.register_outputs({"namespaces": self.namespaces})


def tenant_args(manifests: Iterable[Manifest]) -> AgencyTenantArgs:
    """Return the manifests of one agency by environment; its window in the gateway's namespace goes with production.

    Raises:
        ValueError: A manifest is of none of the agency's environments.
    """
    manifests = tuple(manifests)
    spaces = {_environment(m): str(m["metadata"]["name"]) for m in manifests if m["kind"] == "Namespace"}
    strangers = [m for m in manifests if _environment(m) not in spaces]
    if strangers:
        name = strangers[0]["metadata"]["name"]
        raise ValueError(f"{strangers[0]['kind']} {name} is in no environment of the agency")
    return AgencyTenantArgs(
        environments=tuple(
            TenantEnvironmentArgs(
                namespace=name,
                manifests=tuple(m for m in manifests if _environment(m) == environment),
                protect=environment == EnvironmentName.PRODUCTION,
            )
            for environment, name in spaces.items()
        )
    )


def _environment(manifest: Manifest) -> str:
    return str(manifest["metadata"]["labels"].get(ENVIRONMENT_LABEL, ""))
