"""What `explain` answers: yes, no or unknown, and each reason with the line or the object that it rests on."""

from enum import StrEnum

import msgspec

from components.estate.finding import PathPart, Where, Words
from policies.explanation.party import Question
from policies.reachability.query import Answer


class Role(StrEnum):
    """What a reason does for the answer."""

    ASKS = "asks"  # the consumer's half of a flow
    AGREES = "agrees"  # the provider's
    DECLARES = "declares"  # any other line by which something is open
    CALLS = "calls"  # which address, as whom
    LETS_OUT = "lets-out"
    PASSES_ON = "passes-on"  # the exchange's route, and the policy on it
    LETS_IN = "lets-in"
    SHUTS_OUT = "shuts-out"
    SHUTS_IN = "shuts-in"
    BLOCKS = "blocks"  # a line that shuts: a refusal, an end, a beginning still to come, a quarantine
    MISSING = "missing"  # a line that somebody has to write
    UNREAD = "unread"  # what cannot be read, so that nobody knows
    NOTE = "note"


class KubernetesObject(msgspec.Struct, frozen=True):
    """An object that is declared, and the place in it."""

    kind: str
    namespace: str
    name: str
    path: tuple[PathPart, ...]

    @property
    def pointer(self) -> str:
        """The path as people write it: `spec.egress[0].to[0]`."""
        return Where("", self.path).pointer

    def __str__(self) -> str:
        """Return it as people name it: `NetworkPolicy irica-production/default-deny`."""
        return f"{self.kind} {self.namespace}/{self.name}"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks for the answer.

    Attributes:
        said: What it says.
        where: The line of a profile, a register or the platform that it rests on, or where a missing one belongs.
        object: The object that it rests on.
        write: The YAML to write at `where`, if something is missing there.
    """

    role: Role
    said: Words
    where: Where | None = None
    object: KubernetesObject | None = None
    write: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one way: an inquiry, or a connection from one end to the other.

    Attributes:
        state: Of an inquiry: what became of it (`flows.State`), `quarantine`, `paper`, or `unknown` where a half of it
            cannot be read; empty of anything else.
    """

    answer: Answer
    said: Words
    reasons: tuple[Reason, ...]
    state: str = ""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A question and its answer.

    Attributes:
        verdicts: The ways that there are or could be.
        notes: What concerns the whole answer.
        defects: Where what is declared and what its objects open disagree: never to be seen.
    """

    question: Question
    answer: Answer
    verdicts: tuple[Verdict, ...]
    notes: tuple[Reason, ...] = ()
    defects: tuple[Words, ...] = ()

    @property
    def is_yes(self) -> bool:
        """Whether it is open, and rightly so."""
        return self.answer is Answer.YES and not self.defects


def together(answers: "list[Answer] | tuple[Answer, ...]") -> Answer:
    """Return the answer of several ways: yes where one is open, unknown where one may be."""
    for answer in (Answer.YES, Answer.UNKNOWN):
        if answer in answers:
            return answer
    return Answer.NO
