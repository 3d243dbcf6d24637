"""`govcloud explain`: every way to ask, and what comes back.

The answers over the examples are files in `explain/`: the first line asks, the rest is what comes back, the last line
the exit code. `GOVCLOUD_GOLDEN=1` writes them anew; the difference is then read in the review.
"""

import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.estate import loader
from scripts.cli import main
from tests.cli.conftest import Ran

GOLDEN = Path(__file__).parent / "explain"
IS_WRITING = os.environ.get("GOVCLOUD_GOLDEN") == "1"
AS_OF = "1405-09-01"

Explain = Callable[..., Ran]


@pytest.fixture(scope="module")
def examples(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, with a parse cache of its own."""
    root = tmp_path_factory.mktemp("examples")
    for folder in (loader.PROFILES, "policies/registers", "policies/waivers"):
        shutil.copytree(project / folder, root / folder)
    for file in ("Pulumi.yaml", loader.PLATFORM):
        (root / file).parent.mkdir(exist_ok=True)
        shutil.copy(project / file, root / file)
    return root


@pytest.fixture
def copy(examples: Path, tmp_path: Path) -> Path:
    """Another one, which may be changed."""
    return Path(shutil.copytree(examples, tmp_path / "root"))


@pytest.fixture
def explain(examples: Path, capsys: pytest.CaptureFixture[str]) -> Explain:
    """Ask, of the examples or of another root."""

    def ask(*arguments: str, root: Path = examples) -> Ran:
        dated = [] if "--as-of" in arguments else ["--as-of", AS_OF]
        capsys.readouterr()
        code = main(["explain", *arguments, *dated, "--root", str(root)])
        return Ran(code, *capsys.readouterr())

    return ask


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_an_answer_is_as_it_was_reviewed(path: Path, explain: Explain) -> None:
    command = path.read_text(encoding="utf-8").splitlines()[0]
    ran = explain(*shlex.split(command.removeprefix("$ govcloud explain ")))
    said = f"{command}\n{ran.out}{ran.err}exit {ran.code}\n"
    if IS_WRITING:
        path.write_text(said, encoding="utf-8")
    hint = "read the difference; if it is right, `GOVCLOUD_GOLDEN=1 .venv/bin/pytest tests/cli/test_explain.py`"
    assert path.read_text(encoding="utf-8") == said, hint


def test_every_reviewed_answer_is_there_in_both_languages_and_says_the_same() -> None:
    pairs = {path.name.split(".")[0] for path in GOLDEN.iterdir()}
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{lang}.txt" for name in pairs for lang in ("en", "fa")}
    for name in pairs:
        said, persian = ((GOLDEN / f"{name}.{lang}.txt").read_text(encoding="utf-8") for lang in ("en", "fa"))
        assert said.splitlines()[-1] == persian.splitlines()[-1]
        assert len(said.splitlines()) == len(persian.splitlines())


def shape(value: object) -> object:
    """Return the keys and types of JSON, of a list those of its entries, which are all alike."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shapes = [shape(inner) for inner in value]
        return [min(shapes, key=repr)] if shapes else []
    return type(value).__name__


def test_json_has_one_shape(explain: Explain) -> None:
    ran = explain("ihio/enrolment", "ncro/person-status:8443", "--format", "json")
    found = json.loads(ran.out)
    both = {"en": "str", "fa": "str"}
    party = {"asked": "str", "kind": "str", "understood": both}
    assert ran.code == 0
    assert {key: shape(value) for key, value in found.items() if key != "ways"} == {
        "format": "str",
        "asOf": "str",
        "from": party,
        "to": party,
        "port": "int",
        "protocol": "str",
        "answer": "str",
        "summary": both,
        "notes": [],
        "defects": [],
    }
    (way,) = found["ways"]
    assert list(way) == ["answer", "state", "summary", "reasons"]
    assert (way["answer"], way["state"]) == ("yes", "matched")
    for reason in way["reasons"]:
        assert list(reason) == ["role", "summary", "where", "object", "write"]
    by_role: dict[str, list[dict[str, Any]]] = {}
    for reason in way["reasons"]:
        by_role.setdefault(reason["role"], []).append(reason)
    assert list(by_role) == ["asks", "agrees", "calls", "lets-out", "lets-in", "passes-on"]
    assert by_role["asks"][0]["where"] == {
        "file": "agency_profiles/ihio.yaml",
        "path": "spec.inquiries[0]",
        "line": by_role["asks"][0]["where"]["line"],
        "column": 7,
    }
    assert by_role["lets-in"][1]["object"] == {
        "kind": "NetworkPolicy",
        "namespace": "ncro-production",
        "name": "allow-from-exchange.person-api.8443",
        "path": "spec.ingress[0].from[0]",
    }
    assert (found["asOf"], found["answer"], found["port"]) == ("2026-11-22T00:00:00+03:30", "yes", 8443)


def test_json_says_what_to_write_and_where(explain: Explain) -> None:
    ran = explain("bank-nemuneh", "mcls", "--format", "json")
    (way,) = json.loads(ran.out)["ways"]
    missing = [reason for reason in way["reasons"] if reason["role"] == "missing"]
    assert ran.code == 1
    assert [reason["where"]["file"] for reason in missing] == ["agency_profiles/mcls.yaml"]
    assert [reason["write"] for reason in missing] == ["- {consumer: bank-nemuneh, until: YYYY-MM-DD}\n"]


def test_two_runs_say_the_same(explain: Explain) -> None:
    asked = ("irica", "irica", "--format", "json")
    assert explain(*asked) == explain(*asked) == explain(*asked, "--no-cache")


@pytest.mark.parametrize(
    ("asked", "fragments"),
    [
        (("ihoi", "ncro"), ["nobody is called 'ihoi'", "did you mean 'ihio'?", "write an agency (ihio)"]),
        (("ihio", "ncr"), ["nobody is called 'ncr'", "did you mean 'ncro'?"]),
        (("ihio/enrolmnt", "ncro"), ["has no app 'enrolmnt'", "did you mean 'enrolment'?", "speaks of cache, "]),
        (("ihio", "ncro/person-statsu"), ["has no app or API", "did you mean 'person-status'?"]),
        (("ihio-test/enrolment", "ncro"), ["no agency and no namespace is called 'ihio-test'"]),
        (("ihio/", "ncro"), ["has no app ''"]),
        (("", "ncro"), ["nobody is called ''"]),
        (("ihio:80", "ncro"), ["FROM has no port"]),
        (("ncro/person-status", "ihio"), ["has no app 'person-status'"]),
        (("ihio", "ncro:0"), ["'0' is no port"]),
        (("ihio", "ncro:65536"), ["'65536' is no port"]),
        (("ihio", "ncro:443/ICMP"), ["'443/ICMP' is no port", "/UDP, /SCTP"]),
        (("ihio", "10.30.32.5/24"), ["'10.30.32.5/24' is no address", "no bits of a host"]),
        (("ihio", "10.30.32.256:443"), ["'10.30.32.256' is no address"]),
        (("ihio", "[2001:db8::7"), ["is no address", "[2001:db8::7]:443"]),
        (("ihio", "10.244.3.4:80"), ["10.244.0.0/16", "name the app instead"]),
        (("ihio", "10.0.0.0/8"), ["10.244.0.0/16", "name the app instead"]),
        (("ihio", "10.96.0.1"), ["10.96.0.0/16", "name the app instead"]),
        (("ihio", "a\x1b[31m"), [r"\x1b"]),
    ],
)
def test_wrong_use_says_what_is_near_and_what_is_allowed(
    asked: tuple[str, str], fragments: list[str], explain: Explain
) -> None:
    code, out, err = explain(*asked)
    assert (code, out) == (2, "")
    assert err.startswith("govcloud: ")
    assert "\x1b" not in err
    assert [fragment for fragment in fragments if fragment not in err] == []


def test_wrong_use_is_said_in_persian_too(explain: Explain) -> None:
    err = explain("ihoi", "ncro", "--lang", "fa").err
    assert "کسی به نام 'ihoi' نیست؛ آیا منظور 'ihio' است؟ " in err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["explain", "--help"])
    assert stopped.value.code == 0
    assert "govcloud explain ihio ncro" in capsys.readouterr().out


def test_a_profile_that_cannot_be_read_is_unknown_and_the_other_half_is_shown(copy: Path, explain: Explain) -> None:
    (copy / loader.PROFILES / "ncro.yaml").write_text("a: no\n", encoding="utf-8")
    code, out, _ = explain("ihio", "ncro/person-status", root=copy)
    assert code == 1
    assert out.startswith("unknown: from agency ihio to agency ncro\n")
    assert "asks: newborn-identity; agency_profiles/ihio.yaml:236:7 spec.inquiries[0]" in out
    assert "agency_profiles/ncro.yaml:1:4" in out
    back = explain("ncro", "post/postal-code", root=copy)
    assert back.code == 1
    assert "? post/postal-code: one half is there, the other cannot be read" in back.out
    assert explain("ihio", "tamin", root=copy).code == 0


def test_what_check_refuses_is_not_applied_so_nobody_says_yes(copy: Path, explain: Explain) -> None:
    rewrite(copy / loader.PROFILES / "ihio.yaml", "personalData: true", "personalData: false")
    code, out, _ = explain("ihio", "ncro", root=copy)
    assert code == 1
    assert out.startswith("unknown: from agency ihio to agency ncro\n✓ ncro/person-status")
    assert "not known: ncro/person-status gives personal data, the inquiry says that it asks for none" in out
    assert explain("inta", "ncro", root=copy).code == 0


def test_nothing_is_known_while_the_platform_cannot_be_read(copy: Path, explain: Explain) -> None:
    (copy / loader.PLATFORM).write_text("a: no\n", encoding="utf-8")
    code, out, _ = explain("ihio", "ncro", root=copy)
    assert code == 1
    assert out.startswith("unknown: from ihio to ncro\n    not known: the platform or one of its registers")
    assert "stacks/platform.yaml:1:4" in out
    found = json.loads(explain("ihio", "ncro", "--format", "json", root=copy).out)
    assert (found["answer"], found["asOf"], found["ways"]) == ("unknown", None, [])


def test_nothing_is_known_while_the_platform_is_refused(copy: Path, explain: Explain) -> None:
    rewrite(copy / loader.PLATFORM, "zone: gov.test", "zone: GOV")
    code, out, _ = explain("irica/declaration", "irica/database", root=copy)
    assert code == 1
    assert out.startswith("unknown: ")


def test_without_an_exchange_the_platform_says_that_it_is_missing(copy: Path, explain: Explain) -> None:
    platform = copy / loader.PLATFORM
    before, _, rest = platform.read_text(encoding="utf-8").partition("  exchange:\n")
    platform.write_text(before + rest[rest.index("  claims:") :], encoding="utf-8")
    code, out, _ = explain("ihio", "ncro", root=copy)
    assert code == 1
    assert "missing: the national exchange, which carries it; stacks/platform.yaml:5:1 spec.exchange" in out
    assert "DEFECT" not in out
    assert explain("mrud", "irimo/radar-imagery", root=copy).code == 0
    assert "nobody is called 'exchange'" in explain("ihio", "exchange", root=copy).err


def test_a_quarantine_is_named_with_its_line(copy: Path, explain: Explain) -> None:
    register = copy / "policies/registers/emergencies.yaml"
    entry = "  quarantines:\n    - agency: ncro\n      decidedBy: security centre\n      reason: synthetic drill\n"
    times = "      from: 1405-08-30\n      until: 1405-09-10\n"
    rewrite(register, "  quarantines: []\n", entry + times)
    for asked in (("ihio", "ncro"), ("ncro/events", "ncro/queue"), ("ncro/card-printing", "10.30.32.5:8443")):
        code, out, _ = explain(*asked, root=copy)
        assert code == 1
        assert "stops it: ncro is in quarantine until 2026-12-01 (1405-09-10) 00:00: synthetic drill" in out
        assert "policies/registers/emergencies.yaml:" in out
        assert "DEFECT" not in out
    assert explain("ncro/events", "dns", root=copy).code == 0
