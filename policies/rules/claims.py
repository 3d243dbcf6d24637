"""What only one agency may have: its id, its entries' names, a card, a Persian name, a host."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from components.estate.data_items import CITIZEN
from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, PathPart, Words
from components.estate.operators import GROUP_PREFIX
from components.estate.persian import normalise
from components.estate.platform import Platform

_RESERVED: Final = frozenset(("platform", "default", "national-window", GROUP_PREFIX, CITIZEN))
"""Names of the platform's objects; of groups at the national login (`operator:<id>`); of whom services ask."""
_RESERVED_PREFIX: Final = "kube"  # kube-system and its kin


class Claim(NamedTuple):
    """That an agency says at `path` that `key` is its own; `shown` is how it spells it."""

    key: str
    agency: Agency
    path: tuple[PathPart, ...]
    shown: str


def reserved_ids(estate: Estate) -> Iterator[Finding]:
    """Refuse ids that the platform or Kubernetes needs for itself (NS-04)."""
    for agency in estate.agencies:
        spaces = {agency.id, *(agency.profile.namespace(e) for e in agency.profile.spec.environments)}
        if any(is_reserved(name, estate.platform) for name in spaces):
            yield agency.fails(
                "id-reserved",
                ("metadata", "id"),
                Words(f"the id {agency.id!r} is reserved", f"شناسهٔ {agency.id!r} رزرو شده است"),
                Words("choose another id", "شناسهٔ دیگری برگزینید"),
            )


def is_reserved(name: str, platform: Platform) -> bool:
    """Tell whether the platform or Kubernetes needs `name` for itself."""
    return name in _RESERVED | platform.namespaces or name.startswith(_RESERVED_PREFIX)


def repeated_names(estate: Estate) -> Iterator[Finding]:
    """Refuse two entries of one list with the same name."""
    for agency in estate.agencies:
        spec = agency.profile.spec
        lists: dict[tuple[str, str], Iterable[str]] = {
            ("environments", "name"): (str(environment.name) for environment in spec.environments),
            ("services", "cardId"): (_card(service.card_id) for service in spec.services),
            ("flows", "name"): (flow.name for flow in spec.flows),
            ("apis", "id"): (api.id for api in spec.apis),
            ("inquiries", "id"): (inquiry.id for inquiry in spec.inquiries),
            ("egress", "name"): (egress.name for egress in spec.egress),
        }
        for (field, key), names in lists.items():
            seen: Counter[str] = Counter()
            for index, name in enumerate(names):
                seen[name] += 1
                if seen[name] > 1:
                    yield agency.fails(
                        "name-repeated",
                        ("spec", field, index, key),
                        Words(f"{name!r} is there twice in {field}", f"{name!r} در {field} دو بار آمده است"),
                        Words("give each entry a name of its own", "به هر مورد نام جداگانه بدهید"),
                    )


def cards(estate: Estate) -> Iterator[Finding]:
    """Refuse a service identity card that two agencies claim (R46)."""
    claims = (
        Claim(_card(service.card_id), agency, ("spec", "services", index, "cardId"), service.card_id)
        for agency in estate.agencies
        for index, service in enumerate(agency.profile.spec.services)
    )
    remedy = Words(
        "one service has one card; ask AEO whose it is",
        "هر خدمت یک شناسنامه دارد؛ از سازمان اداری و استخدامی بپرسید از آن کیست",
    )
    return taken("card-taken", Words("card", "شناسنامهٔ"), remedy, claims)


def _card(number: str) -> str:
    """Return the card's number as it is compared: Kubernetes' names, which are made of it, know no capitals."""
    return number.upper()


def persian_names(estate: Estate) -> Iterator[Finding]:
    """Refuse a Persian name or alias that another agency bears, in any spelling (R12)."""
    claims: list[Claim] = []
    for agency in estate.agencies:
        identity, path = agency.profile.spec.identity, ("spec", "identity")
        claims.append(Claim(normalise(identity.name_fa), agency, (*path, "nameFa"), identity.name_fa))
        for index, alias in enumerate(identity.aliases_fa):
            claims.append(Claim(normalise(alias), agency, (*path, "aliasesFa", index), alias))
    remedy = Words("use a name that is the agency's alone", "نامی بنویسید که تنها از آن همین دستگاه باشد")
    return taken("name-taken", Words("name", "نام"), remedy, claims)


def taken_hosts(estate: Estate) -> Iterator[Finding]:
    """Refuse a window host that two agencies claim (IN-07)."""
    claims = (
        Claim(window.host, agency, ("spec", "window", "host"), window.host)
        for agency in estate.agencies
        if (window := agency.profile.spec.window) is not None
    )
    remedy = Words("every agency has a window of its own (R24)", "هر دستگاه پنجرهٔ خود را دارد (R24)")
    return taken("host-taken", Words("host", "میزبان"), remedy, claims)


def foreign_hosts(estate: Estate) -> Iterator[Finding]:
    """Refuse a window host outside `<id>.<zone>`, and one of the platform's own (IN-05, IN-08)."""
    platform = estate.platform.spec
    for agency in estate.agencies:
        window, own = agency.profile.spec.window, f"{agency.id}.{platform.zone}"
        if window is None:
            continue
        if window.host in platform.reserved_hosts:
            rule, whose = "host-reserved", Words("belongs to the platform", "از آن سکوست")
        elif window.host != own and not window.host.endswith(f".{own}"):
            rule, whose = "host-outside-zone", Words("is not the agency's", "از آن این دستگاه نیست")
        else:
            continue
        yield agency.fails(
            rule,
            ("spec", "window", "host"),
            Words(f"the host {window.host!r} {whose.en}", f"میزبان {window.host!r} {whose.fa}"),
            Words(f"use {own!r} or a name below it", f"{own!r} یا نامی زیر آن را به کار ببرید"),
        )


def taken(rule: str, what: Words, remedy: Words, claims: Iterable[Claim]) -> Iterator[Finding]:
    """Yield a finding under the id `rule` against every claim whose key another agency claims too."""
    by_key: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_key[claim.key].append(claim)
    for rivals in by_key.values():
        for claim in rivals:
            others = sorted({rival.agency.id for rival in rivals} - {claim.agency.id})
            if others:
                found = Words(
                    f"the {what.en} {claim.shown!r} is also claimed by {', '.join(others)}",
                    f"{what.fa} {claim.shown!r} را {'، '.join(others)} نیز آورده است",
                )
                yield claim.agency.fails(rule, claim.path, found, remedy)
