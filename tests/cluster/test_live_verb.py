"""`govcloud apply` as a user runs it."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.live_cluster import Cluster

pytestmark = pytest.mark.live

COMMAND = [sys.executable, "-m", "scripts.cli"]


@pytest.fixture
def root(tmp_path: Path, project: Path) -> Path:
    """A copy of the project's estate, to be broken at will."""
    shutil.copytree(project / "agency_profiles", tmp_path / "agency_profiles")
    (tmp_path / "stacks").mkdir()
    for name in ("Pulumi.yaml", "stacks/platform.yaml"):
        shutil.copy(project / name, tmp_path / name)
    return tmp_path


def command(root: Path, *arguments: str) -> list[str]:
    return [*COMMAND, "--root", str(root), "apply", *arguments]


def run(root: Path, *arguments: str, code: int, **environment: str) -> tuple[str, str]:
    done = subprocess.run(
        command(root, *arguments), capture_output=True, text=True, check=False, timeout=300,
        env=os.environ | environment, cwd=root,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stdout + done.stderr
    return done.stdout, done.stderr


def user(cluster: Cluster, folder: Path, token: str) -> str:
    """A kubeconfig of somebody with a token."""
    config = yaml.safe_load(cluster.kubeconfig.read_bytes())
    config["users"][0]["user"] = {"token": token}
    path = folder / "user.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_apply_and_apply_again(root: Path, cluster: Cluster) -> None:
    there = ("--kubeconfig", str(cluster.kubeconfig))
    run(root, "ashayer", *there, code=0)
    stdout, stderr = run(root, "ashayer", *there, code=0)
    assert stdout.startswith("✓ ")
    assert " unchanged; " in stdout
    assert "read back as declared" in stdout
    assert "apply: reading what is there" in stderr
    stdout, _ = run(root, "ashayer", *there, "--format", "json", code=0)
    document = json.loads(stdout)
    assert document["good"] is True
    assert document["counts"]["unchanged"] == document["declared"] == document["verified"]
    assert document["objects"] == []


def test_a_dry_run_shows_and_does_nothing(root: Path, cluster: Cluster) -> None:
    there = ("--kubeconfig", str(cluster.kubeconfig))
    run(root, "ngschools", *there, code=0)
    profile = root / "agency_profiles" / "ngschools.yaml"
    profile.write_text(profile.read_text().replace("size: small", "size: medium", 1))
    for _ in range(2):
        stdout, _ = run(root, "ngschools", *there, "--dry-run", code=0)
        assert "+++ ResourceQuota ngschools-production/quota (declared)" in stdout
        assert "nothing was written" in stdout


def test_an_agency_with_findings_is_left_out_and_the_rest_goes_on(root: Path, cluster: Cluster) -> None:
    (root / "agency_profiles" / "pbo.yaml").write_text("nonsense: [")
    stdout, stderr = run(root, "pbo", "ashayer", "--kubeconfig", str(cluster.kubeconfig), code=1)
    assert stdout.splitlines()[-1].startswith("✓ ")
    assert "agency_profiles/pbo.yaml:1:" in stderr
    assert "left out until its findings are corrected: pbo" in stderr
    stdout, _ = run(root, "pbo", "--kubeconfig", str(cluster.kubeconfig), code=1)
    assert stdout == ""


def test_a_finding_of_the_platform_stops_all(root: Path, cluster: Cluster) -> None:
    (root / "stacks" / "platform.yaml").write_text("nonsense: 1")
    stdout, stderr = run(root, "ashayer", "--kubeconfig", str(cluster.kubeconfig), code=1)
    assert stdout == ""
    assert "nothing was applied" in stderr


def test_only_the_embedded_cluster_is_a_default(root: Path, cluster: Cluster) -> None:
    _, stderr = run(root, "ashayer", code=2, KUBECONFIG=str(cluster.kubeconfig))
    assert "The embedded cluster is not up: `govcloud cloud up`" in stderr
    home = root / "home"
    (home / ".kube").mkdir(parents=True)
    shutil.copy(cluster.kubeconfig, home / ".kube" / "config")
    run(root, "ashayer", code=2, HOME=str(home))


def test_wrong_use(root: Path, cluster: Cluster) -> None:
    assert "did you mean 'ashayer'?" in run(root, "ashayr", code=2)[1]
    assert "There is no kubeconfig at" in run(root, "--kubeconfig", "nowhere", code=2)[1]
    assert "--context names a context" in run(root, "--context", "x", code=2)[1]
    assert "name other in" in run(root, "--kubeconfig", str(cluster.kubeconfig), "--context", "other", code=2)[1]


def test_credentials_that_expired_and_that_may_not(root: Path, cluster: Cluster) -> None:
    stale = user(cluster, root, "expired")
    assert "does not accept the credentials of" in run(root, "ashayer", "--kubeconfig", stale, code=2)[1]
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    code, answer = cluster.request("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"})
    assert code == 201
    nobody = user(cluster, root, answer["status"]["token"])
    _, stderr = run(root, "ashayer", "--kubeconfig", nobody, code=2)
    assert "forbids what govcloud needs" in stderr
    assert "system:serviceaccount:default:default" in stderr


def test_another_authority_is_not_trusted(root: Path, cluster: Cluster) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_bytes())
    other = (cluster.pki / "etcd-ca.crt").read_bytes()
    config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(other).decode()
    path = root / "other.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    assert "cannot be trusted" in run(root, "ashayer", "--kubeconfig", str(path), code=2)[1]


def test_ctrl_c_stops_and_the_next_run_continues(root: Path, cluster: Cluster) -> None:
    there = ("--kubeconfig", str(cluster.kubeconfig))
    process = subprocess.Popen(
        command(root, *there), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("apply: step"):  # it writes
            process.send_signal(signal.SIGINT)
            break
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stdout + stderr
    assert "stopping after the requests under way" in stderr
    assert "✗ stopped as you wished; the next run continues" in stdout
    assert " not reached; " in stdout
    assert "Traceback" not in stderr
    stdout, _ = run(root, *there, code=0)
    assert stdout.splitlines()[-1].startswith("✓ ")
