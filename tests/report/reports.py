"""Reports to say: one with a finding of every sort, and any at all."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from components.estate.finding import Finding, Level, Status, Where, Words, in_order
from policies.rules.rule import Mark, Rule
from scripts.report.result import Comparison, Report, rules_of

FILE: Final = "agency_profiles/irica.yaml"
AS_OF: Final = datetime(2026, 3, 21, tzinfo=UTC)
NASTY: Final = "a|b\r\n`*_[x](http://e.test)_*` <b>&amp;</b> @committee #12 100%, {0}: \x1b[31m\x00 پایان"

RULE: Final = Rule(
    id="NS-01",
    name="namespace-closed",
    title=Words("A namespace is closed", "فضای نام بسته است"),
    marks=frozenset({Mark.GENERATED}),
    controls=("Standard: closed", "CIS 5.2.1"),
    remedy=Words("close it", "ببندید"),
    kinds=frozenset({"Namespace"}),
    check=lambda _body, _scene: (),
)


def finding(**changes: Any) -> Finding:
    made = Finding(
        rule="NS-01",
        subject="irica/production/Namespace/irica-production",
        where=Where(FILE, ("spec", "environments", 0), 12, 5),
        summary=Words("it is open", "باز است"),
        remedy=Words("close it", "ببندید"),
        source="platform default",
    )
    return msgspec.structs.replace(made, **changes)


FAILS: Final = finding()
ADVICE: Final = finding(
    rule="wide-egress", level=Level.ADVISORY, subject="ncro", where=Where("agency_profiles/ncro.yaml")
)
UNKNOWN: Final = finding(status=Status.UNKNOWN, subject="platform//Namespace/x", where=Where("stacks/platform.yaml"))
WAIVED: Final = finding(
    status=Status.WAIVED, subject="ncro/test/Namespace/ncro-test", waiver="W-1405-01", until="2027-01-01"
)
NOT_APPLICABLE: Final = finding(status=Status.NOT_APPLICABLE, subject="tamin")


def report(*findings: Finding, **changes: Any) -> Report:
    ordered = in_order(findings)
    known = changes.get("comparison", Comparison((), 0)) or Comparison((), 0)
    made = Report(
        findings=ordered, rules=rules_of([*ordered, *known.existing], [RULE]), as_of=AS_OF, profiles=3, services=9
    )
    return replace(made, **changes)


EVERY_SORT: Final = report(FAILS, ADVICE, UNKNOWN, WAIVED, NOT_APPLICABLE, passed={"NS-01": 40})

_texts = st.one_of(
    st.sampled_from(["", NASTY, "](", "::error::x", "##[error]", "|", "\\", "%0A"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
_words = st.builds(Words, _texts, _texts)
_places = st.builds(
    Where,
    st.sampled_from([FILE, "stacks/platform.yaml", "/tmp/a b.yaml", "../پیش‌نویس.yaml", "a:b%.yaml"]),  # noqa: S108
    st.lists(st.one_of(st.sampled_from(["spec", "a.b"]), st.integers(0, 3)), max_size=3).map(tuple),
    st.integers(0, 3),
    st.integers(0, 3),
)
findings = st.builds(
    finding,
    rule=st.sampled_from(["NS-01", "unknown-key", "alias"]),
    level=st.sampled_from(Level),
    status=st.sampled_from(Status),
    subject=st.one_of(st.sampled_from(["irica", "ncro/test/Pod/a", "platform"]), _texts),
    where=_places,
    summary=_words,
    remedy=_words,
)
reports = st.builds(
    lambda new, existing, passed, is_compared: report(
        *new,
        passed={"NS-01": passed},
        comparison=Comparison(in_order([one for one in existing if one not in new]), 2) if is_compared else None,
    ),
    st.lists(findings, max_size=6),
    st.lists(findings, max_size=4),
    st.integers(0, 2),
    st.booleans(),
)
