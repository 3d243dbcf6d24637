"""checkov and kube-score over the rendered estate: what they find wrong is explained, each in `explained.yaml`."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import yaml

from components.estate import loader
from components.estate.estate import Estate
from components.estate.profile import AgencyProfile
from components.manifests.manifest import APP_LABEL
from scripts.localcloud.errors import ToolchainError, UnreachableError
from scripts.localcloud.files import Progress
from tests.scanners import explained, tools
from tests.scanners.explained import Explanation
from tests.scanners.scan import Failure, Place, Scan, ScannerError, checkov, kube_score, place_at

AS_OF = "2026-11-20"
REQUIRE = "GOVCLOUD_REQUIRE_SCANNERS"
BROKEN = Path(__file__).with_name("broken.yaml")
REASON = "a reason that is long enough to say something about the object"


class Rendered(NamedTuple):
    """The estate, and the folder with its manifests."""

    folder: Path
    estate: Estate

    @property
    def kinds(self) -> Counter[str]:
        """How many objects there are of each kind."""
        files = (path.read_text("utf-8") for path in self.folder.rglob("*.yaml"))
        return Counter(body["kind"] for text in files for body in yaml.load_all(text, yaml.CSafeLoader))


class Scanners(NamedTuple):
    """Both of them, ready to run over a folder."""

    checkov: Callable[[Path], Scan]
    kube_score: Callable[[Path], Scan]

    def failures(self, folder: Path) -> tuple[Failure, ...]:
        """Return what both find."""
        return (*self.checkov(folder).failures, *self.kube_score(folder).failures)


@pytest.fixture(scope="module")
def rendered(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    folder = tmp_path_factory.mktemp("rendered")
    command = (Path(sys.executable).with_name("govcloud"), "render", "--as-of", AS_OF, "--output", folder)
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    estate = loader.load(project).estate
    assert estate is not None
    return Rendered(folder, estate)


@pytest.fixture(scope="module")
def scanners(rendered: Rendered, request: pytest.FixtureRequest) -> Scanners:
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(text: str) -> None:  # the first installation takes minutes: CI must not look hung
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\nscanners: {text}")
            sys.stderr.flush()

    first, second = (_had(tool, show) for tool in (tools.checkov, tools.kube_score))
    version = rendered.estate.platform.spec.pod_security_version
    return Scanners(lambda folder: checkov(first, folder), lambda folder: kube_score(second, folder, version))


def _had(tool: Callable[[Progress], Path], show: Progress) -> Path:
    try:
        return tool(show)
    except (ToolchainError, UnreachableError) as error:
        if os.environ.get(REQUIRE):
            raise
        pytest.skip(f"no scanner here: {error}")


@pytest.mark.scanners
def test_what_scanners_find_is_explained(rendered: Rendered, scanners: Scanners) -> None:
    kinds = rendered.kinds
    scans = scanners.checkov(rendered.folder), scanners.kube_score(rendered.folder)
    assert scans[0].objects == kinds.total() > 1500
    assert scans[1].objects == kinds["NetworkPolicy"] + kinds["PodDisruptionBudget"]  # it knows no other kind of ours
    left = explained.remainder([failure for scan in scans for failure in scan.failures], explained.load())
    if any(left):
        pytest.fail(explained.told(left), pytrace=False)


@pytest.mark.scanners
def test_scanners_find_what_is_wrong(scanners: Scanners, tmp_path: Path) -> None:
    shutil.copy(BROKEN, tmp_path)
    token = base64.b64encode(hashlib.sha256(b"no secret of anybody").digest()).decode()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "broken"}, "data": {"password": token}}
    (tmp_path / "secret.yaml").write_text(yaml.safe_dump_all([body, body]), "utf-8")
    found = {(failure.scanner, failure.check, *failure.place) for failure in scanners.failures(tmp_path)}
    assert found >= {
        ("checkov", "CKV_K8S_16", "Deployment", "irica-production", "broken", ""),
        ("checkov", "CKV_K8S_17", "Deployment", "irica-production", "broken", ""),
        ("checkov", "CKV_K8S_49", "ClusterRole", "", "broken", ""),
        ("checkov", "CKV_SECRET_6", "ConfigMap", "", "broken", "data.password"),
        ("kube-score", "container-security-context-privileged", "Deployment", "irica-production", "broken", ""),
        ("kube-score", "networkpolicy-targets-pod", "NetworkPolicy", "irica-production", "broken", ""),
    }
    assert len(explained.remainder(scanners.failures(tmp_path), explained.load()).open) >= 6


@pytest.mark.scanners
def test_a_file_that_cannot_be_read_is_no_pass(scanners: Scanners, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("apiVersion: v1\nkind: [ConfigMap\n", "utf-8")
    with pytest.raises(ScannerError, match="checkov did not read all"):
        scanners.checkov(tmp_path)


@pytest.mark.scanners
def test_policies_select_the_apps_that_are_declared(rendered: Rendered, scanners: Scanners, tmp_path: Path) -> None:
    """The reason that stands in the list: only the pods are missing, and those are not ours to render."""
    shutil.copytree(rendered.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump_all(_pods(rendered.estate)), "utf-8")
    judged = ("networkpolicy-targets-pod", "pod-networkpolicy")
    scan = scanners.kube_score(tmp_path)
    assert [failure for failure in scan.failures if failure.check in judged] == []
    assert {failure.check for failure in scan.failures}  # the pods have nothing but a name


def _pods(estate: Estate) -> Iterator[dict[str, object]]:
    """Yield the pods that owners are expected to apply: one for each app, in each place."""
    spec = estate.platform.spec
    yield _pod(spec.gateway.namespace, "gateway", dict(spec.gateway.pod_labels))
    if spec.monitoring:
        yield _pod(spec.monitoring.namespace, "monitoring", dict(spec.monitoring.pod_labels))
    if spec.exchange:
        yield _pod(spec.exchange.namespace, "exchange", dict(spec.exchange.pod_labels))
    if spec.national_window:
        yield _pod(spec.national_window.namespace, "portal", {APP_LABEL: spec.national_window.app})
    for agency in estate.agencies:
        for environment in agency.profile.spec.environments:
            for app in sorted(_apps(agency.profile) or {"any"}):
                yield _pod(agency.profile.namespace(environment), app, {APP_LABEL: app})


def _apps(profile: AgencyProfile) -> set[str]:
    spec = profile.spec
    backends = {service.backend.app for service in spec.services if service.backend}
    ends = {end for flow in spec.flows for end in (flow.source, flow.target)}
    declared = {api.app for api in spec.apis} | {inquiry.app for inquiry in spec.inquiries}
    return backends | ends | declared | {egress.app for egress in spec.egress}


def _pod(namespace: str, name: str, labels: dict[str, str]) -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}


def _failure(**changes: str) -> Failure:
    place = Place("Role", "moh-production", "reader", "")._replace(**changes)
    return Failure("checkov", "CKV_K8S_49", place, "Minimize wildcard use", "moh.yaml:3")


def _explanation(**changes: str) -> Explanation:
    fields = {
        "scanner": "checkov",
        "check": "CKV_K8S_49",
        "kind": "Role",
        "namespace": "*-production",
        "name": "reader",
    }
    return msgspec.convert({**fields, "reason": REASON, **changes}, Explanation)


def test_a_failure_is_covered_by_its_explanation() -> None:
    left = explained.remainder([_failure()], [_explanation()])
    assert not any(left)
    assert explained.told(left) == ""


@pytest.mark.parametrize(
    "changes",
    [{"scanner": "kube-score"}, {"check": "CKV_K8S_4"}, {"kind": "ClusterRole"}, {"namespace": "*-staging"},
     {"name": "read"}, {"path": "rules.*"}],
)  # fmt: skip
def test_another_explanation_covers_nothing(changes: dict[str, str]) -> None:
    left = explained.remainder([_failure()], [_explanation(**changes)])
    assert (len(left.open), len(left.stale)) == (1, 1)
    told = explained.told(left)
    assert "moh.yaml:3: Role moh-production/reader fails checkov CKV_K8S_49: Minimize wildcard use" in told
    assert "Mend components/manifests" in told
    assert "explains no failure" in told


def test_an_explanation_of_a_whole_object_covers_nothing_inside_it() -> None:
    assert explained.remainder([_failure(path="data.password")], [_explanation()]).open


def test_an_explanation_behind_a_wider_one_is_stale() -> None:
    left = explained.remainder([_failure()], [_explanation(name="*"), _explanation()])
    assert (left.open, left.stale) == ((), (_explanation(),))


@pytest.mark.parametrize("reason", ["", "not relevant"])
def test_an_explanation_has_a_reason(reason: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.reason"):
        _explanation(reason=reason)


def test_a_line_is_found_in_its_object() -> None:
    assert place_at(BROKEN, 3) == ("Deployment", "irica-production", "broken", "kind")
    assert place_at(BROKEN, 21) == (
        "Deployment", "irica-production", "broken", "spec.template.spec.containers.0.securityContext.privileged"
    )  # fmt: skip
    assert place_at(BROKEN, 29) == ("ClusterRole", "", "broken", "rules.0.resources.0")
