"""What could not be read, and so cannot be judged: never an edge, and never the lack of one.

ReachabilityError
├── UnreadableError        some objects cannot be read, and all was asked for
└── MixedAddressesError    one answer was asked for a network of which parts differ
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from components.estate.finding import PathPart, Words


class Hides(StrEnum):
    """How much is unknown because of it."""

    ITSELF = "itself"  # what a workload's own pods reach
    NAMESPACE = "namespace"  # what the pods of one namespace reach and who reaches them
    EVERYTHING = "everything"


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """An object that cannot be read.

    Attributes:
        kind: The object's kind, as far as it can be told.
        namespace: Its namespace, or, for a Namespace, its own name; empty where it has none that can be read.
        name: Its name; empty likewise.
        path: What in it cannot be read.
        summary: What was found.
        remedy: What is allowed, and what to do.
        hides: How much is unknown because of it.
    """

    kind: str
    namespace: str
    name: str
    path: tuple[PathPart, ...]
    summary: Words
    remedy: Words
    hides: Hides

    @property
    def subject(self) -> str:
        """The object as people name it: `NetworkPolicy shop/allow-web`."""
        return f"{self.kind or '?'} {self.namespace or '?'}/{self.name or '?'}"


class ReachabilityError(Exception):
    """Something that was asked has no answer; `words` says it in both languages."""

    def __init__(self, words: Words) -> None:
        """Keep the sentence."""
        super().__init__(words.en)
        self.words = words


class UnreadableError(ReachabilityError):
    """Some objects cannot be read, so nobody knows all edges."""

    def __init__(self, unreadable: Sequence[Unreadable]) -> None:
        """Name the first, and how many there are."""
        first = unreadable[0]
        more = len(unreadable) - 1
        en = f"{first.subject}: {first.summary.en}; {first.remedy.en}"
        fa = f"{first.subject}: {first.summary.fa}؛ {first.remedy.fa}"
        super().__init__(Words(f"{en} (and {more} more)" if more else en, f"{fa} (و {more} مورد دیگر)" if more else fa))
        self.unreadable = tuple(unreadable)


class MixedAddressesError(ReachabilityError):
    """Parts of one network are treated differently: each wants a question of its own."""
