"""Who may reach whom, and why: the one answer for agencies, platform engineers and security reviewers."""

from collections.abc import Iterable, Iterator, Mapping

from components.estate.estate import Estate
from components.estate.finding import Where, Words
from components.estate.loader import PLATFORM, PROFILES
from components.manifests.manifest import PLATFORM_OWNER, Manifest
from policies.explanation import connection, party, states
from policies.explanation.answer import Explanation, Reason, Role, Verdict, together
from policies.explanation.inquiry import between
from policies.explanation.party import Kind, Question
from policies.explanation.scene import Scene
from policies.reachability.query import Answer


def explain(estate: Estate, declared: Mapping[str, Iterable[Manifest]], question: Question) -> Explanation:
    """Return the answer to a question.

    Args:
        estate: All profiles, at the moment that decides what has ended.
        declared: Everything that is declared, by owner. An owner whose objects are not there is not known, and neither
            is who reaches it.
        question: From whom to whom, as `party.question` understood it.
    """
    gaps = tuple(_gaps(estate, declared, question))
    if gaps:
        verdicts = tuple(_halves(estate, question))
        return Explanation(question=question, answer=Answer.UNKNOWN, verdicts=verdicts, notes=gaps)
    scene = Scene(estate, declared)
    consumer, provider = (estate.agency(party.agency) for party in (question.source, question.target))
    if consumer is not None and provider is not None and consumer.id != provider.id:
        found = between(scene, question, consumer, provider)
        return _explained(question, found.verdicts, found.defects)
    sources, targets = scene.ends(question.source), scene.ends(question.target)
    port, protocol = question.port, question.protocol
    if port is None and question.target.kind is Kind.API:
        port = question.target.port
    answered, defects = connection.every(scene, sources, targets, port, protocol)
    return _explained(question, tuple(answered), tuple(defects))


def _explained(question: Question, verdicts: tuple[Verdict, ...], defects: tuple[Words, ...]) -> Explanation:
    answer = together([one.answer for one in verdicts])
    return Explanation(question=question, answer=answer, verdicts=verdicts, defects=defects)


def _gaps(estate: Estate, declared: Mapping[str, Iterable[Manifest]], question: Question) -> Iterator[Reason]:
    """Yield of which end, or of the platform, too little is known."""
    for end in (question.source, question.target):
        if end.kind is Kind.UNREAD:
            said = Words(
                f"the profile of {end.agency} cannot be read: govcloud check {end.agency}",
                f"نمایهٔ {end.agency} خوانده نمی‌شود: govcloud check {end.agency}",
            )
            yield Reason(role=Role.UNREAD, said=said, where=Where(f"{PROFILES}/{end.agency}.yaml"))
    if PLATFORM_OWNER not in declared:
        yield _unmade(PLATFORM_OWNER, PLATFORM)
        return
    for owner in dict.fromkeys((question.source.agency, question.target.agency)):
        agency = estate.agency(owner)
        if agency is not None and owner not in declared:
            yield _unmade(owner, agency.file)


def _unmade(owner: str, file: str) -> Reason:
    said = Words(
        f"the objects of {owner} cannot be made: govcloud check {owner}",
        f"شیءهای {owner} ساخته نمی‌شود: govcloud check {owner}",
    )
    return Reason(role=Role.UNREAD, said=said, where=Where(file))


def _halves(estate: Estate, question: Question) -> Iterator[Verdict]:
    """Yield what the profile that can be read says of the other agency."""
    source, target = question.source, question.target
    consumer, provider = estate.agency(source.agency), estate.agency(target.agency)
    if consumer is not None and target.kind is Kind.UNREAD:
        for index, inquiry in enumerate(consumer.profile.spec.inquiries):
            if inquiry.provider == target.agency:
                what = Words(f"{inquiry.provider}/{inquiry.api}", f"{inquiry.provider}/{inquiry.api}")
                where = Where(consumer.file, ("spec", "inquiries", index))
                yield _half(Reason(role=Role.ASKS, said=Words(inquiry.id, inquiry.id), where=where), what)
    if provider is not None and source.kind is Kind.UNREAD:
        for number, api in enumerate(provider.profile.spec.apis):
            for index, consent in enumerate(api.consents):
                if consent.consumer == source.agency:
                    what = Words(f"{provider.id}/{api.id}", f"{provider.id}/{api.id}")
                    where = Where(provider.file, ("spec", "apis", number, "consents", index))
                    yield _half(Reason(role=Role.AGREES, said=Words(api.id, api.id), where=where), what)


def _half(reason: Reason, what: Words) -> Verdict:
    said = Words(
        f"{what.en}: one half is there, the other cannot be read",
        f"{what.fa}: یک سوی آن هست و سوی دیگر خوانده نمی‌شود",
    )
    return Verdict(answer=Answer.UNKNOWN, said=said, reasons=(reason,), state=states.UNKNOWN)


def doubted(explanation: Explanation, doubts: tuple[Reason, ...]) -> Explanation:
    """Return the answer with what stands against the profiles themselves: what is not applied is open for nobody."""
    if not doubts:
        return explanation
    answer = Answer.UNKNOWN if explanation.answer is Answer.YES else explanation.answer
    return Explanation(
        question=explanation.question,
        answer=answer,
        verdicts=explanation.verdicts,
        notes=(*explanation.notes, *doubts),
        defects=explanation.defects,
    )


def unreadable(source: str, target: str) -> Explanation:
    """Return the answer to any question where the platform cannot be read: nothing is known."""
    said = Words("the platform or one of its registers cannot be read", "سکو یا یکی از فهرست‌های آن خوانده نمی‌شود")
    note = Reason(role=Role.UNREAD, said=Words(f"{said.en}: govcloud check", f"{said.fa}: govcloud check"))
    return Explanation(question=party.unread(source, target), answer=Answer.UNKNOWN, verdicts=(), notes=(note,))
