"""What became of an inquiry, in words, and what whoever is missing has to write."""

from collections.abc import Iterator
from typing import Final

from components.estate.estate import Agency, Estate
from components.estate.finding import PathPart, Where, Words
from components.estate.flows import Flow, Side, State, is_open
from components.estate.loader import PLATFORM
from components.estate.waiver import both_calendars
from policies.explanation import write
from policies.explanation.answer import Reason, Role
from policies.explanation.lines import quarantined

QUARANTINE: Final = "quarantine"
PAPER: Final = "paper"
UNKNOWN: Final = "unknown"


def state(estate: Estate, flow: Flow) -> str:
    """Return what became of a flow, `quarantine` where nothing but that shuts it."""
    return str(flow.state) if flow.state is not State.MATCHED or is_open(estate, flow) else QUARANTINE


def words(estate: Estate, flow: Flow) -> Words:
    """Return one sentence on what became of a flow."""
    what, said = f"{flow.provider}/{flow.api}", _words(estate, flow)
    return Words(f"{what}: {said.en}", f"{what}: {said.fa}")


def halves(estate: Estate, flow: Flow, app: str = "") -> tuple[Reason, ...]:
    """Return the lines of both halves, as far as they are there, and what shuts the flow or is missing.

    Args:
        estate: All profiles.
        flow: Of two agencies that there are.
        app: The consumer's app that would ask, where no inquiry names one.
    """
    consumer, provider = estate.agency(flow.consumer), estate.agency(flow.provider)
    if consumer is None or provider is None:
        return ()
    found = [*_asks(estate, consumer, flow), *_agrees(estate, provider, flow)]
    if state(estate, flow) == QUARANTINE:
        found += quarantined(estate, flow.consumer, flow.provider)
    elif flow.state is State.EXPIRED:
        found += _ended(consumer, provider, flow)
    elif flow.state is State.DANGLING:
        found += _dangling(consumer, provider, flow)
    elif flow.state is State.REFUSED:
        found += _refused(consumer, provider, flow)
    elif flow.state is State.WAITING_FOR_CONSUMER:
        yaml = write.inquiry(consumer, app, provider, flow.offer)
        found.append(_missing(consumer, ("spec", "inquiries"), Words("an inquiry", "یک استعلام"), yaml))
    elif flow.state is State.WAITING_FOR_PROVIDER:
        found += _waiting(consumer, provider, flow)
    elif not flow.is_direct and estate.platform.spec.exchange is None:
        said = Words("the national exchange, which carries it", "مرکز ملی تبادل که آن را می‌رساند")
        found.append(Reason(role=Role.MISSING, said=said, where=Where(PLATFORM, ("spec", "exchange"))))
    return tuple(found)


def nothing(consumer: Agency, provider: Agency, api: str, app: str) -> tuple[Reason, ...]:
    """Return what both have to write where neither has written anything."""
    apis = provider.profile.spec.apis
    offer = next((one for one in apis if one.id == api), apis[0] if len(apis) == 1 else None)
    yaml = write.inquiry(consumer, app, provider, offer)
    ask = _missing(consumer, ("spec", "inquiries"), Words("an inquiry", "یک استعلام"), yaml)
    offered = [f"{one.id} (TCP {one.port})" for one in apis]
    if not apis:
        said = Words(f"{provider.id} offers no API yet", f"{provider.id} هنوز رابطی (API) عرضه نمی‌کند")
        return (ask, _missing(provider, ("spec", "apis"), said, ""))
    path: tuple[PathPart, ...] = ("spec", "apis")
    if offer is not None:
        path = (*path, apis.index(offer), "consents")
    note = Words(
        f"{provider.id} offers: {', '.join(offered)}", f"{provider.id} این‌ها را عرضه می‌کند: {'، '.join(offered)}"
    )
    agree = _missing(
        provider,
        path,
        Words("a consent, among those of the API", "یک رضایت، در میان رضایت‌های آن رابط (API)"),
        write.consent(consumer),
    )
    return (Reason(role=Role.NOTE, said=note), ask, agree)


def index_of(consumer: Agency, flow: Flow) -> int:
    """Return the place of a flow's inquiry among its consumer's."""
    return [one.id for one in consumer.profile.spec.inquiries].index(flow.inquiry.id if flow.inquiry else "")


def _words(estate: Estate, flow: Flow) -> Words:
    a, b, became = flow.consumer, flow.provider, state(estate, flow)
    if became == State.MATCHED:
        return _agreed(flow)
    if became == State.EXPIRED:
        return _end(flow)
    if became == State.WAITING_FOR_PROVIDER and flow.consent is not None and flow.consent.since is not None:
        day = both_calendars(flow.consent.since)
        return Words(f"the consent of {b} begins on {day.en}", f"رضایت {b} از {day.fa} آغاز می‌شود")
    no_production = Words("not both have a production environment", "هر دو محیط عملیاتی ندارند")
    no_api = Words(f"{b} has no such API", f"{b} چنین رابطی (API) ندارد")
    return {
        State.WAITING_FOR_PROVIDER: Words(f"{a} asks, {b} has not consented", f"{a} می‌پرسد و {b} هنوز رضایت نداده است"),
        State.WAITING_FOR_CONSUMER: Words(f"{b} consents, {a} does not ask", f"{b} رضایت داده و {a} استعلامی ندارد"),
        State.REFUSED: Words(f"{b} refused {a}", f"{b} به {a} پاسخ منفی داده است"),
        State.DANGLING: no_api if flow.offer is None else no_production,
        QUARANTINE: Words("both sides agree; a quarantine shuts it", "هر دو سو موافق‌اند؛ قرنطینه آن را بسته است"),
    }[became]


def _agreed(flow: Flow) -> Words:
    """Say that both agree, until when and by which way."""
    end = flow.until
    last = both_calendars(end) if end is not None else Words("?", "؟")
    way = Words(", through the exchange", "، از راه مرکز تبادل")
    if flow.is_direct:
        way = Words(", directly and not through the exchange", "، مستقیم و نه از راه مرکز تبادل")
    return Words(f"both sides agree, until {last.en}{way.en}", f"هر دو سو موافق‌اند، تا {last.fa}{way.fa}")


def _end(flow: Flow) -> Words:
    """Say whose half ended, and when."""
    whose, half = Words(f"the need of {flow.consumer}", f"نیاز {flow.consumer}"), flow.inquiry or flow.consent
    if flow.ended is Side.PROVIDER:
        whose, half = Words(f"the consent of {flow.provider}", f"رضایت {flow.provider}"), flow.consent
    last = both_calendars(half.until) if half is not None and half.until is not None else Words("?", "؟")
    return Words(f"{whose.en} ended on {last.en}", f"{whose.fa} در {last.fa} پایان یافت")


def _asks(estate: Estate, consumer: Agency, flow: Flow) -> Iterator[Reason]:
    if flow.inquiry is not None:
        said = Words(
            f"inquiry {flow.inquiry.id} of {consumer.id}, app {flow.inquiry.app}",
            f"استعلام {flow.inquiry.id} از {consumer.id}، برنامهٔ {flow.inquiry.app}",
        )
        where = Where(consumer.file, ("spec", "inquiries", index_of(consumer, flow)))
        has_ended = flow.inquiry.until is not None and estate.has_ended(flow.inquiry.until)
        yield Reason(role=Role.BLOCKS if has_ended else Role.ASKS, said=said, where=where)


def _agrees(estate: Estate, provider: Agency, flow: Flow) -> Iterator[Reason]:
    if flow.consent is not None and flow.offer is not None:
        said = Words(
            f"consent of {provider.id} to {flow.offer.id}, app {flow.offer.app} at TCP {flow.offer.port}",
            f"رضایت {provider.id} به {flow.offer.id}، برنامهٔ {flow.offer.app} بر TCP {flow.offer.port}",
        )
        role = Role.AGREES if estate.holds(flow.consent.since, flow.consent.until) else Role.BLOCKS
        yield Reason(role=role, said=said, where=Where(provider.file, _consent_path(provider, flow)))


def _ended(consumer: Agency, provider: Agency, flow: Flow) -> Iterator[Reason]:
    said = Words("agree on a new end, and write it here", "بر پایان تازه‌ای توافق کنید و این‌جا بنویسید")
    if flow.ended is Side.CONSUMER:
        yield _missing(consumer, ("spec", "inquiries", index_of(consumer, flow), "until"), said, "until: YYYY-MM-DD\n")
    else:
        yield _missing(provider, (*_consent_path(provider, flow), "until"), said, "until: YYYY-MM-DD\n")


def _dangling(consumer: Agency, provider: Agency, flow: Flow) -> Iterator[Reason]:
    if flow.offer is None:
        offered = ", ".join(one.id for one in provider.profile.spec.apis) or "—"
        said = Words(
            f"an API that there is; {provider.id} offers: {offered}", f"رابطی که هست؛ {provider.id}: {offered}"
        )
        yield _missing(consumer, ("spec", "inquiries", index_of(consumer, flow), "api"), said, "")
        return
    for agency in (consumer, provider):
        if not any(one.name == "production" for one in agency.profile.spec.environments):
            said = Words(f"{agency.id} has no production environment", f"{agency.id} محیط عملیاتی ندارد")
            yield _missing(agency, ("spec", "environments"), said, "- {name: production, size: SIZE}\n")


def _refused(consumer: Agency, provider: Agency, flow: Flow) -> Iterator[Reason]:
    if flow.refusal is None or flow.offer is None:
        return
    day = both_calendars(flow.refusal.refused_on)
    said = Words(f"on {day.en}: {flow.refusal.reason}", f"در {day.fa}: {flow.refusal.reason}")
    api: tuple[PathPart, ...] = ("spec", "apis", provider.profile.spec.apis.index(flow.offer))
    where = Where(provider.file, (*api, "refusals", flow.offer.refusals.index(flow.refusal)))
    yield Reason(role=Role.BLOCKS, said=said, where=where)
    if flow.consent is None:
        said = Words(
            "agree with the provider: a consent instead of the refusal",
            "با ارائه‌دهنده توافق کنید: رضایت به جای پاسخ منفی",
        )
        yield _missing(provider, (*api, "consents"), said, write.consent(consumer))


def _waiting(consumer: Agency, provider: Agency, flow: Flow) -> Iterator[Reason]:
    if flow.consent is None and flow.offer is not None:
        path = ("spec", "apis", provider.profile.spec.apis.index(flow.offer), "consents")
        said = Words(f"the consent of {provider.id}", f"رضایت {provider.id}")
        yield _missing(provider, path, said, write.consent(consumer))


def _consent_path(provider: Agency, flow: Flow) -> tuple[PathPart, ...]:
    if flow.offer is None or flow.consent is None:
        return ("spec", "apis")
    index = provider.profile.spec.apis.index(flow.offer)
    return ("spec", "apis", index, "consents", flow.offer.consents.index(flow.consent))


def _missing(agency: Agency, path: tuple[PathPart, ...], said: Words, yaml: str) -> Reason:
    return Reason(role=Role.MISSING, said=said, where=Where(agency.file, path), write=yaml)
