"""The rules as a reference page: made from the catalogue, so that no rule is without one.

`GOVCLOUD_GOLDEN=1 pytest tests/report/test_reference.py` writes `docs/reference/rules.md` anew.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from components.estate.finding import Level
from policies.catalogue import ELSEWHERE
from policies.rules.rule import ANY_KIND, Mark, Rule
from policies.verdict import SOURCE
from scripts.report.markdown import escape

_MARKS: Final = {
    Mark.GENERATED: "what govcloud makes: `check`, `preview`, `up`, the pack",
    Mark.TENANT: "what tenants make: any files, and at admission",
    Mark.LIVE: "the live cluster",
}


def reference(rules: Iterable[Rule]) -> str:
    """Return the page, in the order of the ids."""
    listed = sorted(rules, key=lambda rule: rule.id)
    return "".join((*_opening(listed), *_elsewhere(), *(_entry(rule) for rule in listed)))


def _elsewhere() -> Iterator[str]:
    yield "\nThese ids judge no single Kubernetes object:\n\n"
    for rule_id, words in sorted(ELSEWHERE.items()):
        yield f'- **{rule_id}**: {escape(words.en)}.\n\n  <p dir="rtl">{_html(words.fa)}.</p>\n'


def _opening(rules: list[Rule]) -> Iterator[str]:
    mandatory = sum(rule.level is Level.MANDATORY for rule in rules)
    yield "# Rules over Kubernetes objects\n\n"
    yield f"{len(rules)} rules, {mandatory} of them mandatory, in the order of their ids. An id is never used again.\n"
    yield f"Basis of all of them: {SOURCE}. The controls are the published ones that a rule follows.\n\n"
    yield "A rule is judged where its marks say:\n\n| mark | judged on |\n|---|---|\n"
    yield from (f"| {mark} | {meaning} |\n" for mark, meaning in _MARKS.items())
    yield "\n| id | name | level | marks |\n|---|---|---|---|\n"
    for rule in rules:
        yield f"| [{rule.id}](#{rule.id.lower()}) | `{rule.name}` | {rule.level} | {_marks(rule)} |\n"


def _entry(rule: Rule) -> str:
    return (
        f"\n## {rule.id}\n\n"
        f"`{rule.name}`: {escape(rule.title.en)}.\n\n"
        f'<p dir="rtl">{_html(rule.title.fa)}.</p>\n\n'
        f"- **Level**: {rule.level}\n"
        f"- **Marks**: {_marks(rule)}\n"
        f"- **Objects**: {_kinds(rule)}\n"
        f"- **Waivable**: {'yes, by the committee' if rule.waivable else 'no'}\n"
        f"- **At admission**: {'refused' if rule.guard else 'no guard of ours'}\n"
        f"- **Controls**: {escape('; '.join(rule.controls))}\n"
        f"- **What to do**: {escape(rule.remedy.en)}\n\n"
        f'<p dir="rtl">{_html(rule.remedy.fa)}</p>\n'
    )


def _kinds(rule: Rule) -> str:
    return "of every kind" if ANY_KIND in rule.kinds else ", ".join(f"`{kind}`" for kind in sorted(rule.kinds))


def _marks(rule: Rule) -> str:
    return ", ".join(mark for mark in Mark if mark in rule.marks)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
