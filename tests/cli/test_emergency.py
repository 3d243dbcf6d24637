"""An emergency is said by every verb that reads the register, in every format and both languages, and stops nobody."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from components.estate.emergencies import REGISTER
from scripts.check import _FORMATS
from tests.cli.conftest import Run

TERM = {
    "decidedBy": "Security centre of the platform",
    "from": "1405-09-01T09:00+03:30",
    "until": "1405-09-01T17:00+03:30",
}
SHUT = {"agency": "minimal", "reason": "A stolen account"} | TERM
ENTERED = {
    "agency": "minimal", "environment": "test", "group": "minimal:operator", "reason": "The service hangs",
} | TERM  # fmt: skip
NOON = "1405-09-01T12:00+03:30"
AFTER = "1405-09-01T17:00+03:30"
IN_FORCE = {
    "en": (
        (
            "the quarantine of 'minimal' holds until 2026-11-22 (1405-09-01) 17:00; "
            "decided by: Security centre of the platform; reason: A stolen account"
        ),
        (
            "the way of 'minimal:operator' into the pods of minimal-test holds until 2026-11-22 (1405-09-01) 17:00; "
            "decided by: Security centre of the platform; reason: The service hangs"
        ),
    ),
    "fa": (
        (
            "قرنطینهٔ 'minimal' تا 1405-09-01 (2026-11-22) ساعت 17:00 برقرار است؛ "
            "تصمیم‌گیرنده: Security centre of the platform؛ دلیل: A stolen account"
        ),
        (
            "راه 'minimal:operator' به درون پادهای minimal-test تا 1405-09-01 (2026-11-22) ساعت 17:00 برقرار است؛ "
            "تصمیم‌گیرنده: Security centre of the platform؛ دلیل: The service hangs"
        ),
    ),
}
RULES = ("quarantine-active", "break-glass-active")


def register(root: Path, *, quarantines: tuple[Any, ...] = (SHUT,), break_glass: tuple[Any, ...] = (ENTERED,)) -> None:
    spec = {"quarantines": quarantines, "breakGlass": break_glass}
    (root / REGISTER).parent.mkdir(parents=True, exist_ok=True)
    content = {"apiVersion": "govcloud.internal/v1", "kind": "EmergencyRegister", "spec": spec}
    (root / REGISTER).write_text(json.dumps(content), encoding="utf-8")


def plain(text: str) -> str:
    """Return a report's text without what its format asks for: escapes of letters, entities, backslashes, percents."""
    if text.startswith("{"):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return re.sub(r"\\(?=[^\w\s])", "", html.unescape(text)).replace("%3A", ":").replace("%2C", ",")


@pytest.mark.parametrize("form", _FORMATS)
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_format_says_who_why_and_until_when(form: str, language: str, root: Path, run: Run) -> None:
    register(root)
    code, out, err = run("check", "--as-of", NOON, "--format", form, "--lang", language)
    assert (code, err) == (0, "")
    for rule, words in zip(RULES, IN_FORCE[language], strict=True):
        assert rule in out
        assert words in plain(out)


def test_an_agency_hears_of_its_own_and_of_nobody_elses(root: Path, run: Run) -> None:
    register(root)
    assert "quarantine-active" in run("check", "minimal", "--as-of", NOON).out
    assert run("check", "spellings", "--as-of", NOON).out == "✓ 1 profile, 1 service: nothing to correct\n"


@pytest.mark.parametrize(
    ("as_of", "rules"),
    [
        ("1405-09-01T08:59:59+03:30", {"quarantine-ahead", "break-glass-ahead"}),
        ("1405-09-01T09:00:00+03:30", {"quarantine-active", "break-glass-active"}),
        ("1405-09-01T16:59:59+03:30", {"quarantine-active", "break-glass-active"}),
        (AFTER, {"quarantine-ended", "break-glass-ended"}),
        ("1405-09-02", {"quarantine-ended", "break-glass-ended"}),
    ],
)
def test_what_is_said_follows_the_clock(as_of: str, rules: set[str], root: Path, run: Run) -> None:
    register(root)
    code, out, _ = run("check", "--as-of", as_of, "--format", "json")
    assert code == 0
    findings = json.loads(out)["findings"]
    assert {one["rule"] for one in findings} == rules
    assert {(one["level"], one["subject"]) for one in findings} == {("advisory", "minimal")}


def test_render_says_it_too_and_writes_what_is_left(root: Path, run: Run, tmp_path: Path) -> None:
    register(root)
    ran = run("render", "minimal", "--as-of", NOON, "--output", tmp_path / "out")
    assert ran.code == 0
    assert all(rule in ran.err for rule in RULES)
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*.yaml"))
    assert re.findall(r"kind: NetworkPolicy\nmetadata:\n  name: (\S+)", written) == ["default-deny", "allow-dns"]
    assert "break-glass-minimal:operator" in written
    assert "quarantine-reason: A stolen account" in written


def test_a_mistake_in_the_register_stops_everybody_at_its_line(root: Path, run: Run) -> None:
    register(root, quarantines=(SHUT | {"agency": "minmal"},))
    code, out, _ = run("check", "spellings", "--as-of", NOON)
    assert code == 1
    assert f"{REGISTER}:1:" in out
    assert "[emergency-agency-unknown] spec.quarantines[0].agency: no agency has the id 'minmal'" in out
