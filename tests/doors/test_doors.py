"""The three doors are one: what Pulumi registers, what `render` writes and what `apply` leaves in a cluster agree."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.manifests.kinds import KINDS
from components.manifests.manifest import AGENCY_LABEL
from components.shared import BASELINE
from scripts import cli
from scripts.cluster import address
from scripts.cluster.connection import connect
from scripts.cluster.read_back import read_back
from tests.conftest import ROOT
from tests.live_cluster import ABSENT, Cluster
from tests.pulumi.recorder import record, wire

AGENCIES = sorted(path.stem for path in (ROOT / "agency_profiles").glob("*.yaml"))
OWNERS = ["platform", *AGENCIES]
PLATFORM = {"organization/govcloud/platform": {"baseline": BASELINE}}

Identity = tuple[str, str, str, str]
Objects = Mapping[Identity, Any]


def by_identity(manifests: Iterator[Any]) -> dict[Identity, Any]:
    listed = list(manifests)
    found = {(m["apiVersion"], m["kind"], m["metadata"].get("namespace", ""), m["metadata"]["name"]): m for m in listed}
    assert len(found) == len(listed)
    return found


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doors") / "rendered"
    assert cli.main(["--root", str(ROOT), "render", "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def applied(cluster: Cluster) -> Cluster:
    assert cli.main(["--root", str(ROOT), "apply", "--kubeconfig", str(cluster.kubeconfig)]) == 0
    return cluster


def files(rendered: Path, owner: str) -> Objects:
    texts = (path.read_text(encoding="utf-8") for path in sorted((rendered / owner).iterdir()))
    return by_identity(manifest for text in texts for manifest in yaml.safe_load_all(text))


def requests(owner: str, tmp_path: Path) -> Objects:
    """What the Pulumi program asks for, over the wire."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    config = {"kubeconfig": str(kubeconfig), "clientSecretExists": "true"}
    recording = record(ROOT, owner, config=config, stacks=PLATFORM)
    assert recording.error is None
    return by_identity(resource.inputs for resource in recording.objects)


@pytest.mark.parametrize("owner", OWNERS)
def test_pulumi_registers_what_render_writes(rendered: Path, owner: str, tmp_path: Path) -> None:
    assert requests(owner, tmp_path) == wire(files(rendered, owner))


@pytest.mark.live
@pytest.mark.parametrize("owner", OWNERS)
def test_the_cluster_holds_what_render_writes(rendered: Path, applied: Cluster, owner: str) -> None:
    declared = files(rendered, owner)
    assert read_back(connect(applied.kubeconfig), declared.values()) == ()


@pytest.mark.live
def test_the_cluster_holds_nothing_of_ours_beside_it(rendered: Path, applied: Cluster) -> None:
    declared = {identity for owner in AGENCIES for identity in files(rendered, owner)}
    held: set[Identity] = set()
    for api_version, kind in set(KINDS) - ABSENT:
        path = f"{address.collection(api_version, kind)}?labelSelector={AGENCY_LABEL}"
        code, body = applied.request("GET", path)
        assert code == 200
        held |= {
            (api_version, kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
            for item in body["items"]
            if item["metadata"]["labels"][AGENCY_LABEL] in AGENCIES  # other tests have agencies of their own there
        }
    assert held == declared
