"""What a person reads when a stack is refused: our sentence, and no traceback."""

from pathlib import Path

import pytest

from tests.engine.conftest import Project, Ran, new_project

pytestmark = pytest.mark.engine


@pytest.fixture
def alone(cli: str, project: Path, tmp_path: Path) -> Project:
    """A project without a platform, which needs no cluster: everything is refused before one is asked."""
    return new_project(cli, None, project, tmp_path)


def refusal(project: Project, stack: str) -> Ran:
    ran = project.pulumi("up", "--stack", stack, "--yes", "--skip-preview")
    assert ran.code != 0
    assert "Traceback" not in ran.text
    assert "unhandled exception" not in ran.text
    assert not [r for r in project.resources(stack) if not r["type"].startswith("pulumi:")]
    assert not [r for r in project.resources(stack) if r["type"] == "pulumi:providers:kubernetes"]
    return ran


def test_a_platform_that_is_not_there(alone: Project) -> None:
    alone.make("irica")
    words = refusal(alone, "irica").words
    assert "The platform's stack 'organization/govcloud/platform' cannot be read" in words
    assert "pulumi up --stack platform" in words


def test_a_platform_that_was_never_brought_up(alone: Project) -> None:
    alone.make("platform")
    alone.make("irica")
    assert "has no baseline: it was never brought up" in refusal(alone, "irica").words


def test_an_unknown_stack(alone: Project) -> None:
    alone.make("iricaa")
    assert "Did you mean 'irica'?" in refusal(alone, "iricaa").words


def test_a_mandatory_finding(alone: Project) -> None:
    alone.make("irica")
    alone.edit("irica", "apiVersion: govcloud.internal/v1", "apiVersion: govcloud.internal/v9")
    words = refusal(alone, "irica").words
    assert "irica is not provisioned, nothing was changed. Mandatory findings: 1." in words
    assert "agency_profiles/irica.yaml:" in words


def test_a_client_secret_that_nobody_keeps_or_that_everybody_can_read(alone: Project) -> None:
    alone.make("irica")
    alone.must("config", "rm", "--stack", "irica", "govcloud:oidcClientSecret")
    assert "nobody keeps its OIDC client secret" in refusal(alone, "irica").words
    preview = alone.pulumi("preview", "--stack", "irica")
    assert preview.code != 0
    assert "nobody keeps its OIDC client secret" in preview.words

    alone.set("irica", oidcClientSecret="in-plain-text")
    words = refusal(alone, "irica").words
    assert "has govcloud:oidcClientSecret in plain text" in words
    assert "in-plain-text" not in words


def test_a_missing_setting(alone: Project) -> None:
    alone.must("stack", "init", "irica")
    assert "pulumi config set govcloud:kubeconfig" in refusal(alone, "irica").words
