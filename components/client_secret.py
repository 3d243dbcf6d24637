"""The OIDC client secret of an agency's window: the one object that is in no manifest and in no file.

Its name and place are the login policy's (`components.manifests.login`) and are read there. What is in it is a Pulumi
secret, so that neither output nor state shows it.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import pulumi

from components.manifests.manifest import Manifest, manifest

KEY: Final = "client-secret"
"""Where in the Secret Envoy Gateway looks."""


class Place(NamedTuple):
    """Where the login looks for the client secret of a window, and whose it is. Not what is in it."""

    namespace: str
    name: str
    labels: Mapping[str, str]


def place(manifests: Iterable[Manifest], gateway_namespace: str) -> Place | None:
    """Return where the login of an agency's own window looks for its client secret; None without a window.

    Policies in the agency's own namespaces do not count: they may stand in the window of its parent.
    """
    for body in manifests:
        metadata = body["metadata"]
        if body["kind"] != "SecurityPolicy" or metadata["namespace"] != gateway_namespace:
            continue
        if "oidc" in body["spec"]:
            return Place(gateway_namespace, body["spec"]["oidc"]["clientSecret"]["name"], metadata["labels"])
    return None


def secret(where: Place, value: pulumi.Output[str]) -> Manifest:
    """Return the Secret with the client secret in it, to be registered beside the manifests of its environment."""
    return manifest(
        "v1",
        "Secret",
        where.name,
        namespace=where.namespace,
        labels=where.labels,
        type="Opaque",
        stringData={KEY: value},
    )
