"""Whatever becomes of a profile, it gives a model or diagnostics: never an exception, and never a place outside it."""

import copy
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.estate import loader, schema
from components.estate.cache import ParseCache
from components.estate.document import parse, place
from components.estate.estate import record
from components.estate.explain import explain
from components.estate.finding import Finding
from components.estate.profile import AgencyProfile
from tests.estate.expectation import make_root
from tests.estate.mutation import TEXT, WHOLE, damaged_data, damaged_text

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
PROFILE = f"{loader.PROFILES}/irica.yaml"

SOAK = int(os.environ.get("GOVCLOUD_SOAK", "0"))
"""How many examples to try at random; without it a fixed hundred, the same for everybody."""

bounded = settings(
    max_examples=SOAK or 100,
    derandomize=not SOAK,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


def test_the_profile_that_is_damaged_is_valid_before(root: Path) -> None:
    (root / PROFILE).write_text(TEXT, encoding="utf-8")
    estate, findings = loader.load(root)
    assert findings == ()
    assert estate is not None
    assert [agency.id for agency in estate.agencies] == ["irica"]


@given(content=damaged_text())
@bounded
def test_damaged_text_gives_a_model_or_diagnostics_inside_the_file(content: bytes, root: Path) -> None:
    (root / PROFILE).write_bytes(content)
    estate, found = loader.load(root)
    findings = loader.locate(root, found)
    assert estate is not None
    assert bool(estate.agencies) != bool(findings)
    assert_inside(findings, content)


def assert_inside(findings: tuple[Finding, ...], content: bytes) -> None:
    """Every finding has a line that the file has, and a column of that line or the one after its end."""
    lines = LINE_BREAK.split(content.decode(errors="replace").removeprefix("\ufeff"))
    for finding in findings:
        assert 1 <= finding.where.line <= len(lines), finding
        assert 1 <= finding.where.column <= len(lines[finding.where.line - 1]) + 1, finding


@given(data=damaged_data())
@bounded
def test_both_validators_agree_and_what_they_accept_is_a_record(data: Any) -> None:
    accepted = schema._validator(schema.AGENCY_PROFILE).is_valid(data)  # noqa: SLF001  # the fast path by itself
    reasons = list(explain(schema.load(schema.AGENCY_PROFILE), data))
    assert accepted == (not reasons), reasons
    if accepted:
        assert isinstance(record(data, AgencyProfile), AgencyProfile)


@given(data=damaged_data())
@bounded
def test_every_reason_is_found_in_the_text_and_said_in_both_languages(data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1)
    root = parse(text).root
    assert root is not None
    for reason in schema.violations(schema.AGENCY_PROFILE, data):
        assert reason.summary.en
        assert reason.summary.fa
        assert reason.remedy.en
        assert reason.remedy.fa
        line, column = place(root, reason.path)
        assert LINE_BREAK.split(text)[line - 1][column - 1 :]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**16), 10**16),
    st.floats(-1e15, 1e15, allow_nan=False, allow_subnormal=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12),
    st.sampled_from(
        ["no", "010", "1e5", "0o17", "12:30:00", "~", "<<", "*a", "&a", "1402-12-30", "", "- a", "a: b", "#"]
    ),
)
plain_data = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abcنکی .-", max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(data=plain_data)
@bounded
def test_data_that_is_written_reads_back_the_same(data: Any) -> None:
    read = parse(json.dumps(data, ensure_ascii=False))
    assert read.problems == ()
    assert read.data == data


@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
@bounded
def test_any_text_parses_to_data_or_problems_inside_it(text: str) -> None:
    document = parse(text)
    lines = LINE_BREAK.split(text)
    for problem in document.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@given(number=st.from_regex(r"[-+]?[0-9_.:xobeEfnai]{1,9}", fullmatch=True))
@bounded
def test_what_looks_like_a_number_is_a_number_text_or_refused(number: str) -> None:
    document = parse(f"a: {number}")
    if not document.problems:
        value = document.data["a"]
        assert isinstance(value, int | float | str)
        assert value == number if isinstance(value, str) else value == float(number)


# The cache: a run with it says what a run without it says.


def verdicts(root: Path, parser: loader.Parser = parse) -> tuple[Any, ...]:
    estate, findings = loader.load(root, parser=parser)
    return estate.agencies if estate else None, loader.locate(root, findings)


@given(contents=st.lists(damaged_text(), min_size=1, max_size=3))
@settings(bounded, max_examples=SOAK or 30)
def test_a_cache_changes_nothing(contents: list[bytes], root: Path) -> None:
    path = root / "cache.json"
    path.unlink(missing_ok=True)
    for content in [TEXT.encode(), *contents]:
        (root / PROFILE).write_bytes(content)
        without = verdicts(root)
        for _ in range(2):
            cache = ParseCache(path)
            assert verdicts(root, cache) == without
            cache.save()


def good_cache(root: Path) -> Path:
    (root / PROFILE).write_text(TEXT, encoding="utf-8")
    path = root / "cache.json"
    path.unlink(missing_ok=True)
    cache = ParseCache(path)
    verdicts(root, cache)
    cache.save()
    return path


def damaged_caches(good: bytes) -> Iterator[bytes]:
    content = json.loads(good)
    yield b""
    yield b"\0" * 50
    yield b"\xff\xfe"
    yield b"[]"
    yield b"null"
    yield b"{}"
    yield good[: len(good) // 2]
    yield good[:-1]
    yield b"[" * 100_000
    yield json.dumps({"version": "another", "data": {key: {"kind": "stale"} for key in content["data"]}}).encode()
    yield json.dumps({"version": content["version"]}).encode()
    yield json.dumps({**content, "data": None}).encode()
    yield json.dumps({**content, "data": [*content["data"]]}).encode()
    yield json.dumps({**content, "data": {"0" * 64: 1}}).encode()
    yield b'{"version": "' + content["version"].encode() + b'", "data": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001


def test_a_damaged_or_foreign_cache_is_an_empty_one(root: Path) -> None:
    path = good_cache(root)
    without = verdicts(root)
    for content in damaged_caches(path.read_bytes()):
        path.write_bytes(content)
        cache = ParseCache(path)
        assert verdicts(root, cache) == without
        cache.save()
        assert verdicts(root, ParseCache(path)) == without


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


def poisoned(path: Path, text: str, data: Any) -> ParseCache:
    """Return the cache at `path` as it is after somebody said in it that `text` means `data`."""
    content = json.loads(path.read_bytes())
    content["data"][hashlib.sha256(text.encode()).hexdigest()] = data
    path.write_text(json.dumps(content), encoding="utf-8")
    return ParseCache(path)


@given(data=st.one_of(damaged_data(), json_values))
@bounded
def test_a_poisoned_cache_can_lie_but_not_break_anything(data: Any, root: Path) -> None:
    """Who can write the cache can make a run judge other data, but only data that the schema accepts.

    Everything else in it is a diagnostic at a place of the real file. Nobody but the user can write the cache (its
    folder is 0700), and `--no-cache` does not read it.
    """
    estate, found = loader.load(root, parser=poisoned(good_cache(root), TEXT, data))
    assert estate is not None
    if estate.agencies:
        assert found == ()
        assert list(explain(schema.load(schema.AGENCY_PROFILE), data)) == []
    else:
        assert found
        assert_inside(loader.locate(root, found), TEXT.encode())


def test_a_poisoned_cache_with_a_number_that_only_json_writes_is_refused(root: Path) -> None:
    data = copy.deepcopy(WHOLE)
    data["spec"]["services"][0]["backend"]["port"] = 80.0
    (finding,) = loader.load(root, parser=poisoned(good_cache(root), TEXT, data)).findings
    assert finding.rule == "schema"


def test_a_poisoned_cache_for_a_file_that_is_not_yaml_is_a_diagnostic(root: Path) -> None:
    path = good_cache(root)
    (root / PROFILE).write_text("a: [b\n", encoding="utf-8")
    findings = loader.load(root, parser=poisoned(path, "a: [b\n", {"kind": "Platform"})).findings
    assert findings
    assert all(finding.where.file == PROFILE for finding in findings)


def test_a_cache_that_cannot_be_written_costs_nothing(root: Path) -> None:
    (root / PROFILE).write_text(TEXT, encoding="utf-8")
    (root / "file").write_text("", encoding="utf-8")
    cache = ParseCache(root / "file" / "cache.json")
    assert verdicts(root, cache) == verdicts(root)
    cache.save()
    assert (root / "file").read_text(encoding="utf-8") == ""


def test_a_cache_leaves_no_other_file_and_is_not_written_again(root: Path) -> None:
    path = good_cache(root)
    before = path.stat().st_mtime_ns
    cache = ParseCache(path)
    verdicts(root, cache)
    cache.save()
    assert path.stat().st_mtime_ns == before
    assert {file.name for file in root.iterdir() if file.is_file()} == {"Pulumi.yaml", "cache.json"}
