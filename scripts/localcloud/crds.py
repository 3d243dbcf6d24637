"""The CRDs of Gateway API and Envoy Gateway, from their own modules at pinned versions."""

import json
import subprocess
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import yaml

from scripts.localcloud.binaries import PROXY_REMEDY, is_unreachable
from scripts.localcloud.client import Client
from scripts.localcloud.errors import BuildError, StartError, UnreachableError
from scripts.localcloud.files import Progress, make_private, write_private
from scripts.localcloud.toolchain import Go

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MANAGER = "govcloud-cloud"
DIGEST = "govcloud.internal/digest"  # of what was applied: the same is not applied again
APPLIED = "govcloud.internal/applied"
ESTABLISH_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A folder of definitions inside a module; the sum is that of go.sum, so a proxy cannot swap them."""

    module: str
    version: str
    sum: str
    folder: str


BUNDLES = (
    Bundle(
        module="sigs.k8s.io/gateway-api",
        version="v1.7.0",
        sum="h1:duVnm7nO6oXfMMUWfcDoBph47CYR/ME3NGxccOVglaY=",
        folder="config/crd/standard/",
    ),
    Bundle(
        module="github.com/envoyproxy/gateway",
        version="v1.9.1",
        sum="h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=",
        folder="charts/gateway-crds-helm/templates/generated/",
    ),
)


METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class _Metadata(msgspec.Struct):
    name: str
    annotations: dict[str, str] = {}


class _Resource(msgspec.Struct):
    resource: str


class _Version(msgspec.Struct):
    resources: list[_Resource] = []


class _Item(msgspec.Struct):
    """A definition's metadata, or a group with what it serves."""

    metadata: _Metadata
    versions: list[_Version] = []


class _ItemList(msgspec.Struct):
    items: list[_Item] | None  # an empty list is null


def load(go: Go, cache: Path, progress: Progress) -> dict[str, bytes]:
    """Return each definition's JSON under its name, kept in the cache once it was fetched."""
    wanted = sha256(repr(BUNDLES).encode()).hexdigest()[:16]
    path = cache / f"crds-{wanted}.json"
    if not path.exists():
        progress("fetching the CRDs of Gateway API and Envoy Gateway")
        make_private(cache)
        found = {item["metadata"]["name"]: item for bundle in BUNDLES for item in _fetch(go, cache, bundle)}
        write_private(path, json.dumps(found).encode())
    return {
        name: bytes(raw) for name, raw in msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw]).items()
    }


def install(client: Client, definitions: dict[str, bytes], progress: Progress) -> None:
    """Apply what the server lacks and wait until it serves all.

    Raises:
        StartError: It refuses one, or does not serve them in time.
    """
    digests = {name: sha256(body).hexdigest() for name, body in definitions.items()}
    present = {i.metadata.name: i.metadata.annotations.get(DIGEST) for i in _list(client, PATH, METADATA)}
    served = _served(client)
    missing = [n for n, digest in digests.items() if present.get(n) != digest or n not in served]
    if missing:
        progress(f"installing {len(missing)} CRDs of Gateway API and Envoy Gateway")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: _apply(client, name, definitions[name], digests[name]), missing))
    deadline = time.monotonic() + ESTABLISH_SECONDS
    while waiting := definitions.keys() - _served(client):
        if time.monotonic() > deadline:
            raise StartError(f"The API server does not serve {', '.join(sorted(waiting))}. Run it again.")
        time.sleep(0.1)


def _fetch(go: Go, cache: Path, bundle: Bundle) -> Iterator[dict[str, Any]]:
    command = [str(go.path), "mod", "download", "-json", f"{bundle.module}@{bundle.version}"]
    # Outside any module, so that no go.mod has a say. Its exit code is no guide: a Go older than the
    # module's own refuses it after having fetched it, and we want the archive only.
    result = subprocess.run(  # noqa: S603 - Go itself, pinned arguments
        command, cwd=cache, env=go.environment(), capture_output=True, text=True, check=False
    )
    answer = json.loads(result.stdout or "{}")
    if "Zip" not in answer:
        reason = answer.get("Error") or result.stderr.strip() or "Go said nothing"
        error = UnreachableError if is_unreachable(reason) else BuildError
        raise error(f"The CRDs of {bundle.module} {bundle.version} could not be fetched: {reason}. {PROXY_REMEDY}")
    if answer["Sum"] != bundle.sum:
        raise BuildError(
            f"{bundle.module} {bundle.version} is not what was pinned: its sum is {answer['Sum']} "
            f"instead of {bundle.sum}. Clear it with `go clean -modcache` and use a proxy that you trust."
        )
    prefix = f"{bundle.module}@{bundle.version}/{bundle.folder}"
    with zipfile.ZipFile(answer["Zip"]) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(prefix) and name.endswith(".yaml"):
                yield from _definitions(archive.read(name).decode())


def _definitions(text: str) -> Iterator[dict[str, Any]]:
    # Envoy Gateway's chart wraps each file in one template line before and one after.
    lines = [line for line in text.splitlines() if not line.startswith("{{")]
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for document in yaml.load_all("\n".join(lines), Loader=loader):
        if document and document["kind"] == "CustomResourceDefinition":
            document.pop("status", None)
            yield document


def _apply(client: Client, name: str, body: bytes, digest: str) -> None:
    document = msgspec.json.decode(body)
    # The moment makes it a change always: an API server that was killed between accepting a definition's
    # names and establishing it takes that up again only when the definition changes.
    marks = {DIGEST: digest, APPLIED: datetime.now(UTC).isoformat()}
    document["metadata"].setdefault("annotations", {}).update(marks)
    client.apply(f"{PATH}/{name}", msgspec.json.encode(document), manager=MANAGER)


def _served(client: Client) -> set[str]:
    """Return the names of the established definitions: discovery shows no others, and costs least."""
    return {
        f"{resource.resource}.{group.metadata.name}"
        for group in _list(client, "/apis", DISCOVERY)
        for version in group.versions
        for resource in version.resources
    }


def _list(client: Client, path: str, accept: str) -> list[_Item]:
    body = client.get(path, accept=accept)
    return msgspec.json.decode(body, type=_ItemList).items or [] if body else []
