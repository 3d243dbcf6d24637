"""One normal form for comparison, whatever keyboard, font or habit a name was written with."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.estate.persian import ascii_digits, normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("سازمان كشوري", "سازمان کشوری"),  # Arabic letters
        ("سازمان‌ها", "سازمان ها"),  # ZWNJ
        ("گمرکـــ", "گمرک"),  # tatweel
        ("گُمرُک", "گمرک"),  # vowel signs
        ("خانۀ", "خانهٔ"),
        ("خانه", "خانهٔ"),
        ("مدينة", "مدینه"),
        ("قانون ۱۴۰۲", "قانون 1402"),
        ("قانون ١٤٠٢", "قانون ۱۴۰۲"),
        ("  گمرک\u00a0\t ایران ", "گمرک ایران"),
        ("گمرک\u200f", "گمرک"),  # a mark that nobody sees
        ("گم\u00adرک\u200b", "گمرک"),
        ("ﮔﻤﺮﻙ", "گمرک"),  # presentation forms
        ("IRICA", "irica"),
        ("İ", "i"),
        ("Straße", "STRASSE"),
    ],
)
def test_spellings_of_one_name_are_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("گمرک", "گمرک ایران"), ("آب", "اب"), ("سازمان ۱", "سازمان ۲")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text(st.one_of(st.characters(codec="utf-8"), st.characters(min_codepoint=0x600, max_codepoint=0x6FF))))
@settings(max_examples=400, derandomize=True, database=None, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert not any(unicodedata.category(c) in ("Mn", "Cf") for c in once)
    assert once == " ".join(once.split())


@given(st.text())
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_digits_keep_everything_else(text: str) -> None:
    assert len(ascii_digits(text)) == len(text)
    assert not set(ascii_digits(text)) & set("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")
