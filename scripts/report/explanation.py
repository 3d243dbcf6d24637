"""An explanation for people and machines: the answer first, then each way with its lines; the same as plain data."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from components.estate.finding import Words
from policies.explanation.answer import Explanation, Reason, Role, Verdict
from policies.explanation.party import Party, Question
from policies.reachability.query import Answer

FORMAT: Final = "govcloud.internal/explanation/v1"

_ANSWERS: Final = {
    Answer.YES: Words("yes", "بله"),
    Answer.NO: Words("no", "خیر"),
    Answer.UNKNOWN: Words("unknown", "نامعلوم"),
}
_MARKS: Final = {Answer.YES: "✓", Answer.NO: "✗", Answer.UNKNOWN: "?"}
_ROLES: Final = {
    Role.ASKS: Words("asks", "می‌پرسد"),
    Role.AGREES: Words("agrees", "رضایت می‌دهد"),
    Role.DECLARES: Words("declared", "نوشته شده"),
    Role.CALLS: Words("call", "فراخوانی"),
    Role.LETS_OUT: Words("lets out", "بیرون می‌گذارد"),
    Role.PASSES_ON: Words("passes on", "می‌رساند"),
    Role.LETS_IN: Words("lets in", "به درون می‌گذارد"),
    Role.SHUTS_OUT: Words("shuts", "می‌بندد"),
    Role.SHUTS_IN: Words("shuts", "می‌بندد"),
    Role.BLOCKS: Words("stops it", "مانع است"),
    Role.MISSING: Words("missing", "نوشته نشده"),
    Role.UNREAD: Words("not known", "دانسته نیست"),
    Role.NOTE: Words("note", "توجه"),
}
_WRITE: Final = Words("write there", "آن‌جا بنویسید")
_DEFECT: Final = Words(
    "DEFECT: words and network policies disagree; report it to the platform's owners:",
    "ایراد: گفته‌ها و سیاست‌های شبکه یکی نیستند؛ به متولیان سکو گزارش کنید:",
)


def text(explanation: Explanation, language: str) -> str:
    """Return the explanation as lines for a terminal."""
    return "".join(f"{line}\n" for line in _lines(explanation, language))


def document(explanation: Explanation, as_of: datetime | None) -> str:
    """Return the explanation as JSON text; both languages are in it."""
    question = explanation.question
    content = {
        "format": FORMAT,
        "asOf": as_of.isoformat(timespec="seconds") if as_of else None,
        "from": _party(question.source),
        "to": _party(question.target),
        "port": question.port,
        "protocol": question.protocol,
        "answer": str(explanation.answer),
        "summary": _both(summary(explanation)),
        "ways": [_way(verdict) for verdict in explanation.verdicts],
        "notes": [_reason(reason) for reason in explanation.notes],
        "defects": [_both(words) for words in explanation.defects],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def summary(explanation: Explanation) -> Words:
    """Return the answer in one sentence."""
    question, answer = explanation.question, _ANSWERS[explanation.answer]
    source, target, port = question.source.said, question.target.said, _port(question)
    return Words(
        f"{answer.en}: from {source.en} to {target.en}{port.en}", f"{answer.fa}: از {source.fa} به {target.fa}{port.fa}"
    )


def _lines(explanation: Explanation, language: str) -> Iterator[str]:
    yield summary(explanation).in_language(language)
    if explanation.defects:
        yield _DEFECT.in_language(language)
        yield from (f"    {words.in_language(language)}" for words in explanation.defects)
    for verdict in explanation.verdicts:
        yield f"{_MARKS[verdict.answer]} {verdict.said.in_language(language)}"
        yield from _reasons(verdict.reasons, language)
    yield from _reasons(explanation.notes, language)


def _reasons(reasons: Iterable[Reason], language: str) -> Iterator[str]:
    for reason in reasons:
        role, said = _ROLES[reason.role].in_language(language), reason.said.in_language(language)
        where = [f"{reason.where} {reason.where.pointer}".rstrip()] if reason.where is not None else []
        named = [f"{reason.object} {reason.object.pointer}"] if reason.object is not None else []
        stop = "؛ " if language == "fa" else "; "
        yield f"    {role}: {stop.join(part for part in (said, *named, *where) if part)}"
        if reason.write:
            yield f"    {_WRITE.in_language(language)}:"
            yield from (f"        {line}" for line in reason.write.splitlines())


def _port(question: Question) -> Words:
    if question.port is None:
        return Words("", "")
    said = f"{question.protocol} {question.port}"
    return Words(f", {said}", f"، {said}")


def _party(party: Party) -> dict[str, Any]:
    return {"asked": party.asked, "kind": str(party.kind), "understood": _both(party.said)}


def _way(verdict: Verdict) -> dict[str, Any]:
    return {
        "answer": str(verdict.answer),
        "state": verdict.state or None,
        "summary": _both(verdict.said),
        "reasons": [_reason(reason) for reason in verdict.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    where, named = reason.where, reason.object
    place = {"file": where.file, "path": where.pointer, "line": where.line, "column": where.column} if where else None
    names = (
        {"kind": named.kind, "namespace": named.namespace, "name": named.name, "path": named.pointer} if named else None
    )
    return {
        "role": str(reason.role),
        "summary": _both(reason.said),
        "where": place,
        "object": names,
        "write": reason.write or None,
    }


def _both(words: Words) -> dict[str, str]:
    return {"en": words.en, "fa": words.fa}
