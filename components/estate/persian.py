"""Persian text: one normal form for comparison (R12). What is shown stays as it was written."""

import unicodedata

from persiantools import characters, digits

_TATWEEL = "\u0640"
_JOINERS = str.maketrans({_TATWEEL: None, "\u200c": " ", "\u200d": None, "\u00a0": " "})


def normalise(text: str) -> str:
    """Return `text` folded for comparison.

    Letters are the Persian ones, digits are ASCII; tatweel, vowel signs and joiners are gone; spaces are single.
    """
    folded = characters.ar_to_fa(ascii_digits(unicodedata.normalize("NFKC", text))).translate(_JOINERS)
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(bare.split()).casefold()


def ascii_digits(text: str) -> str:
    """Return `text` with Persian and Arabic digits written as ASCII ones."""
    return digits.ar_to_fa(text).translate(_FA_TO_ASCII) if not text.isascii() else text


_FA_TO_ASCII = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
