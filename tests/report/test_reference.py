"""The page of the rules is what the catalogue says. `GOVCLOUD_GOLDEN=1` writes it anew."""

import html
import os
from pathlib import Path

from markdown_it import MarkdownIt

from policies.catalogue import CATALOGUE
from scripts.report.reference import reference

PAGE = Path("docs/reference/rules.md")
IS_WRITING = os.environ.get("GOVCLOUD_GOLDEN") == "1"


def test_the_page_is_made_from_the_catalogue(project: Path) -> None:
    made = reference(CATALOGUE)
    if IS_WRITING:
        (project / PAGE).write_text(made, encoding="utf-8")
    command = "GOVCLOUD_GOLDEN=1 .venv/bin/pytest tests/report/test_reference.py"
    assert (project / PAGE).read_text(encoding="utf-8") == made, f"read the difference; if it is right, `{command}`"


def test_every_rule_has_an_entry_with_all_it_says() -> None:
    made = reference(CATALOGUE[::-1])
    assert made == reference(CATALOGUE)
    entries = dict(part.split("\n", 1) for part in made.split("\n## ")[1:])
    assert list(entries) == sorted(rule.id for rule in CATALOGUE)
    for rule in CATALOGUE:
        entry = entries[rule.id]
        shown = html.unescape(MarkdownIt("commonmark").render(entry).replace("<!-- -->", ""))
        assert f"`{rule.name}`" in entry
        assert rule.title.fa in entry
        assert f"**Level**: {rule.level}\n" in entry
        for said in (rule.title.en, rule.remedy.en, *rule.controls):
            assert said in shown
