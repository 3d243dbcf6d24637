"""The clock table of waivers: the same waiver of the same object, judged the same at the same moment on every path.

Admission has no clock; what is compiled into it at these moments is tried in `tests/cluster/test_guardrails.py`.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import Service

from components.estate.estate import Agency, Estate
from components.manifests import build
from components.manifests.manifest import Manifest
from components.register import CLASSES
from scripts.cli import main
from stacks.program import declare
from tests.policies.clock import (
    AGENCY,
    DUTY,
    DUTY_WAIVER,
    MANIFEST,
    MOMENTS,
    RULE,
    UNTIL,
    WAIVER,
    Moment,
    project_at,
    service,
)
from tests.pulumi import recorder
from tests.pulumi.conftest import CONFIG, STACKS

pytest.importorskip("pulumi_policy", reason="the policy SDK is not installed")

from policies.pack import policies
from tests.policies.test_pack import told

EXCUSED = re.compile(r"\(waived by (\S+) until (\S+)\)")
by_moment = pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.what)


class Verdict(NamedTuple):
    """What a path says of the one object or duty, and whether it goes on."""

    status: str
    waiver: str
    until: str
    goes_on: bool


class Run:
    """The clock's project, and each path's verdict of it at a moment."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture) -> None:
        self._root, self._capsys, self._log = root, capsys, log

    def report(self, at: datetime, *arguments: str) -> tuple[bool, Mapping[str, Any]]:
        """Return whether `govcloud check` is content, and its report."""
        self._capsys.readouterr()
        code = main(["check", "--format", "json", "--as-of", at.isoformat(), *arguments])
        return code == 0, json.loads(self._capsys.readouterr().out)

    def check(self, at: datetime, *arguments: str) -> Verdict:
        is_content, content = self.report(at, *arguments)
        (found,) = [one for one in content["findings"] if one["rule"] == RULE]
        assert found["subject"] == f"{AGENCY}/production/Service/legacy"
        return Verdict(found["status"], found.get("waiver", ""), found.get("until", ""), is_content)

    def check_manifests(self, at: datetime) -> Verdict:
        return self.check(at, "--manifests", str(MANIFEST))

    def program(self, at: datetime) -> Verdict:
        self._log.clear()
        run = partial(pulumi.run, partial(declare, lambda: at))
        recording = recorder.record(self._root, AGENCY, config=CONFIG, stacks=STACKS, program=run)
        if recording.error is None:
            assert recording.one(f"{AGENCY}-production/legacy", ":Service")
            return in_words("\n".join(self._log.messages), goes_on=True)
        assert isinstance(recording.error, pulumi.RunError)
        assert not recording.registered
        return in_words(str(recording.error), goes_on=False)

    def pack(self, at: datetime) -> Verdict:
        found = [one for one in told(policies(self._root, lambda: at), [service()]) if one[0] == RULE]
        ((_, message, is_mandatory),) = found
        return in_words(message, goes_on=not is_mandatory)


def in_words(text: str, *, goes_on: bool) -> Verdict:
    """Return the verdict that a path tells in a sentence."""
    (line,) = [line for line in text.splitlines() if f"[{RULE}]" in line]
    excuse = EXCUSED.search(line)
    return Verdict("waived", excuse[1], excuse[2], goes_on) if excuse else Verdict("fail", "", "", goes_on)


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Run:
    """The project; no profile makes a Service, so one is put among what is made of the profile."""
    tenant = build.tenant

    def with_service(estate: Estate, agency: Agency) -> tuple[Manifest, ...]:
        return (*tenant(estate, agency), service())

    monkeypatch.setattr(build, "tenant", with_service)
    monkeypatch.setitem(CLASSES, ("v1", "Service"), Service)
    root = project_at(tmp_path / "root")
    (root / CONFIG["kubeconfig"]).touch()
    monkeypatch.chdir(root)
    return Run(root, capsys, caplog)


@pytest.mark.parametrize(
    "path", [Run.check, Run.check_manifests, Run.program, Run.pack], ids=lambda path: path.__name__
)
@by_moment
def test_every_path_gives_the_verdict_of_the_moment(
    path: Callable[[Run, datetime], Verdict], moment: Moment, run: Run
) -> None:
    waived, failed = Verdict("waived", WAIVER, UNTIL, goes_on=True), Verdict("fail", "", "", goes_on=False)
    assert path(run, moment.at) == (waived if moment.is_waived else failed)


@by_moment
def test_a_waived_duty_is_owed_again_after_the_end(moment: Moment, run: Run) -> None:
    _, content = run.report(moment.at, "--duties")
    (found,) = [one for one in content["duties"]["listed"] if one["id"] == DUTY]
    told_of = (found["state"], found.get("waiver"), found.get("until"))
    assert told_of == (("waived", DUTY_WAIVER, UNTIL) if moment.is_waived else ("overdue", None, None))
