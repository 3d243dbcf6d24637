"""A stack's settings: the only place that reads Pulumi's configuration. Only the target cluster and the take-over.

Sizes, zones and networks are not here but in `stacks/platform.yaml`, or `render` and `pulumi up` would differ.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

_SET_KUBECONFIG = 'pulumi config set govcloud:kubeconfig "$(govcloud cloud kubeconfig)"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `Pulumi.<stack>.yaml` says.

    Attributes:
        owner: An agency's id or `platform`; the stack's name where `govcloud:agency` is not set.
        kubeconfig: A kubeconfig's path, or its content; never the one that happens to lie around.
        context: Which context of it; its current one where None.
        take_over: Whether objects that exist are adopted (`govcloud:takeOver`). For one run after `govcloud apply`.
    """

    owner: str
    kubeconfig: str = field(repr=False)
    context: str | None
    take_over: bool


def read(root: Path) -> Settings:
    """Read the settings of the current stack; relative paths begin at `root`.

    Raises:
        pulumi.RunError: A setting is missing or wrong.
    """
    config = pulumi.Config("govcloud")
    return Settings(
        owner=config.get("agency") or pulumi.get_stack(),
        kubeconfig=_kubeconfig(config.get("kubeconfig") or "", root),
        context=config.get("context") or None,
        take_over=config.get_bool("takeOver") or False,
    )


def provider(settings: Settings, cluster: str) -> kubernetes.Provider:
    """Return the provider of the stack's cluster; `cluster` is the cluster's name in `stacks/platform.yaml`.

    The name identifies the cluster: new credentials, another port or another path of the kubeconfig update the
    provider, and only another name replaces it with everything that it made. Whatever the SDK would otherwise take
    from `PULUMI_K8S_*` in the environment is said here. Patches are forced: no other manager has a say in what
    isolates a tenant, and after a take-over the manager of `govcloud apply` still owns the same fields.
    """
    kubeconfig = settings.kubeconfig
    return kubernetes.Provider(
        "cluster",
        kubeconfig=pulumi.Output.secret(kubeconfig) if _is_content(kubeconfig) else kubeconfig,
        context=settings.context,
        cluster_identifier=cluster,
        enable_server_side_apply=True,
        enable_patch_force=True,
        upsert_existing_objects=settings.take_over,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        delete_unreachable=False,
        skip_update_unreachable=False,
    )


def _kubeconfig(value: str, root: Path) -> str:
    if not value.strip():
        raise pulumi.RunError(
            f"The stack {pulumi.get_stack()!r} does not say which cluster it is for (govcloud:kubeconfig is not set). "
            f"Set the path or the content of a kubeconfig; for the embedded cluster: {_SET_KUBECONFIG}"
        )
    if _is_content(value):
        return value
    path = root / Path(value.strip()).expanduser()
    if not path.is_file():
        raise pulumi.RunError(
            f"The stack {pulumi.get_stack()!r} names a kubeconfig that is not there: {path}. "
            f"Correct govcloud:kubeconfig; for the embedded cluster: `govcloud cloud up`, then {_SET_KUBECONFIG}"
        )
    return str(path)


def _is_content(kubeconfig: str) -> bool:
    """A kubeconfig has several lines as YAML and begins with a brace as JSON; a path does neither."""
    return "\n" in kubeconfig.strip() or kubeconfig.lstrip().startswith("{")
