"""A stack's settings: the only place that reads Pulumi's configuration. The target cluster, the take-over, one secret.

Sizes, zones and networks are not here but in `stacks/platform.yaml`, or `render` and `pulumi up` would differ.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pulumi
import pulumi_kubernetes as kubernetes

from components.manifests.manifest import PLATFORM_OWNER

KEEP: Final = "pulumi config set --secret govcloud:oidcClientSecret"
"""What makes the stack the keeper of its window's client secret: the command asks for it."""
LET_GO: Final = "pulumi config rm govcloud:oidcClientSecret"

_SET_KUBECONFIG = 'pulumi config set govcloud:kubeconfig "$(govcloud cloud kubeconfig)"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `Pulumi.<stack>.yaml` says.

    Attributes:
        owner: An agency's id or `platform`; the stack's name where `govcloud:agency` is not set.
        kubeconfig: A kubeconfig's path, or its content; never the one that happens to lie around.
        context: Which context of it; its current one where None.
        take_over: Whether objects that exist are adopted (`govcloud:takeOver`). For one run after `govcloud apply`.
        client_secret: The OIDC client secret of the agency's window, where this stack keeps it.
        client_secret_exists: Whether somebody else keeps the Secret in which the login looks for it.
    """

    owner: str
    kubeconfig: str = field(repr=False)
    context: str | None
    take_over: bool
    client_secret: pulumi.Output[str] | None = field(repr=False)
    client_secret_exists: bool


def read(root: Path) -> Settings:
    """Read the settings of the current stack; relative paths begin at `root`.

    Raises:
        pulumi.RunError: A setting is missing or wrong.
    """
    config = pulumi.Config("govcloud")
    owner = config.get("agency") or pulumi.get_stack()
    return Settings(
        owner=owner,
        kubeconfig=_kubeconfig(config.get("kubeconfig") or "", root),
        context=config.get("context") or None,
        take_over=config.get_bool("takeOver") or False,
        client_secret=_client_secret(config, owner),
        client_secret_exists=config.get_bool("clientSecretExists") or False,
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


def _client_secret(config: pulumi.Config, owner: str) -> pulumi.Output[str] | None:
    """Return the client secret. In clear, it is only looked at here, and never part of what is said about it."""
    key = "oidcClientSecret"
    clear = config.get(key)
    if clear is None:
        return None
    stack = pulumi.get_stack()
    if owner == PLATFORM_OWNER:
        raise pulumi.RunError(
            f"The platform has no window that would use govcloud:oidcClientSecret. In its stack {stack!r}: {LET_GO}; "
            f"in the agency's stack: {KEEP}"
        )
    if not pulumi.runtime.is_config_secret(config.full_key(key)):
        raise pulumi.RunError(
            f"The stack {stack!r} has govcloud:oidcClientSecret in plain text: whoever reads its file knows it. "
            f"Let the login make a new one, and set that encrypted (the command asks for it): {KEEP}"
        )
    if not clear or clear != clear.strip() or not (clear.isascii() and clear.isprintable()):  # RFC 6749, appendix A.2
        raise pulumi.RunError(
            f"The stack {stack!r} has a govcloud:oidcClientSecret that no login accepts: empty, with blanks around it, "
            f"with line breaks, or with other letters than ASCII. Set it as the login shows it: {KEEP}"
        )
    return config.get_secret(key)


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
