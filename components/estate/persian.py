"""Persian text: one normal form for comparison (R12). What is shown stays as it was written."""

import unicodedata

from persiantools import characters, digits

_TATWEEL = "\u0640"
_LETTERS = str.maketrans({_TATWEEL: None, "\u200c": " ", "\u06c0": "ه", "\u0629": "ه"})  # heh with yeh, teh marbuta
_UNSEEN = frozenset(("Mn", "Cf"))  # Unicode's marks that take no room, and its format characters


def normalise(text: str) -> str:
    """Return `text` folded for comparison.

    Letters are the Persian ones, digits are ASCII; tatweel, vowel signs, joiners and every other invisible character
    are gone; spaces are single.
    """
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = characters.ar_to_fa(ascii_digits(composed)).translate(_LETTERS)
    return " ".join("".join(c for c in folded if unicodedata.category(c) not in _UNSEEN).split())


def ascii_digits(text: str) -> str:
    """Return `text` with Persian and Arabic digits written as ASCII ones."""
    return digits.ar_to_fa(text).translate(_FA_TO_ASCII) if not text.isascii() else text


_FA_TO_ASCII = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
