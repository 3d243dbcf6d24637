"""Formats of single values that a pattern cannot decide: days, moments, networks, hosts, addresses, time zones."""

import re
from collections.abc import Callable
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address, ip_network
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from components.estate.dates import Day, Moment
from components.estate.finding import Words, quoted

Complaint: TypeAlias = tuple[Words, Words]
"""What was found, and what to write instead."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)  # RFC 1123, in lower case
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)  # at the end it makes an address (WHATWG URL)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}", re.ASCII)
_URL = re.compile(r"(https?)://([a-z0-9.-]+)(:[0-9]{1,5})?(/[^\s*]*)?", re.ASCII)
_ZONE = re.compile(r"[A-Z][A-Za-z0-9+_-]*(/[A-Za-z0-9+_-]+)*", re.ASCII)  # as IANA writes them: no file of the system


def day(value: str) -> Complaint | None:
    """Complain unless `value` is a day that exists in its calendar."""
    try:
        Day.parse(value)
    except ValueError as error:
        return Words(str(error), f"روز {quoted(value)} وجود ندارد یا به شکل YYYY-MM-DD نیست"), Words(
            "write a day such as 1405-09-30 (Solar Hijri) or 2026-12-21 (Gregorian)",
            "روز را مانند 1405-09-30 (خورشیدی) یا 2026-12-21 (میلادی) بنویسید",
        )
    return None


def moment(value: str) -> Complaint | None:
    """Complain unless `value` is a day that exists in its calendar, or a time of such a day with its offset."""
    try:
        Moment(value)
    except ValueError as error:
        return Words(str(error), f"{quoted(value)} نه روزی است که وجود دارد و نه زمانی با اختلاف ساعت"), Words(
            "write a time such as 1405-09-30T09:00+03:30 (Solar Hijri) or 2026-12-21T09:00+03:30 (Gregorian), or a day",
            "زمان را مانند 1405-09-30T09:00+03:30 (خورشیدی) یا 2026-12-21T09:00+03:30 (میلادی) بنویسید، یا یک روز",
        )
    return None


def cidr(value: str) -> Complaint | None:
    """Complain unless `value` is a network in CIDR notation without host bits."""
    try:
        network = ip_network(value.replace("%", " "), strict=False)  # no IPv6 zone: it means something on one host only
    except ValueError:
        return Words(f"{quoted(value)} is not a network", f"{quoted(value)} شبکه نیست"), Words(
            "write it in CIDR notation, such as 10.20.30.0/24", "به شکل CIDR بنویسید، مانند 10.20.30.0/24"
        )
    if "/" not in value:
        return Words(f"{quoted(value)} has no mask", f"{quoted(value)} نقاب ندارد"), _did_you_mean(str(network))
    if str(network) != value:
        return Words(
            f"{quoted(value)} is not the address of a network", f"{quoted(value)} نشانی شبکه نیست (بیت‌های میزبان دارد)"
        ), _did_you_mean(str(network))
    return None


def host(value: str) -> Complaint | None:
    """Complain unless `value` is a full host name in lower case: no address, wildcard, port, scheme or trailing dot."""
    labels = value.split(".")
    if len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) and not _NUMBER.fullmatch(labels[-1]):
        return None
    bare = value.lower().removesuffix(".").removeprefix("https://").removeprefix("http://").removeprefix("*.")
    bare = bare.split("/")[0].split(":")[0]
    found = Words(f"{quoted(value)} is not a host name", f"{quoted(value)} نام میزبان نیست")
    if bare != value and host(bare) is None:
        return found, _did_you_mean(bare)
    return found, Words(
        "write a full name in lower case, such as irica.gov.test",
        "نام کامل را با حروف کوچک بنویسید، مانند irica.gov.test",
    )


def email(value: str) -> Complaint | None:
    """Complain unless `value` is one e-mail address."""
    if _EMAIL.fullmatch(value):
        return None
    return Words(f"{quoted(value)} is not an e-mail address", f"{quoted(value)} نشانی رایانامه نیست"), Words(
        "write one address, such as security@irica.gov.test", "یک نشانی بنویسید، مانند security@irica.gov.test"
    )


def url(value: str) -> Complaint | None:
    """Complain unless `value` is an absolute https address without wildcard."""
    match = _URL.fullmatch(value)
    if match and match[1] == "https" and host(match[2]) is None:
        return None
    found = Words(f"{quoted(value)} is not an https address", f"{quoted(value)} نشانی https نیست")
    if match and match[1] == "http":
        return found, _did_you_mean("https" + value.removeprefix("http"))
    return found, Words(
        "write it in full, without wildcard, such as https://irica.gov.test/oauth2/callback",
        "نشانی را کامل و بی ستاره بنویسید، مانند https://irica.gov.test/oauth2/callback",
    )


def ipv4(value: str) -> Complaint | None:
    """Complain unless `value` is an IPv4 address."""
    try:
        IPv4Address(value)
    except AddressValueError:
        return Words(f"{quoted(value)} is not an IPv4 address", f"{quoted(value)} نشانی IPv4 نیست"), Words(
            "write four numbers, such as 169.254.20.10", "چهار عدد بنویسید، مانند 169.254.20.10"
        )
    return None


def time_zone(value: str) -> Complaint | None:
    """Complain unless `value` names a time zone of the IANA database."""
    if _ZONE.fullmatch(value):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):  # to list all the zones takes 25 ms
            ZoneInfo(value)
            return None
    return Words(f"{quoted(value)} is not a time zone", f"{quoted(value)} منطقهٔ زمانی نیست"), Words(
        "write a name such as Asia/Tehran", "نامی مانند Asia/Tehran بنویسید"
    )


def _did_you_mean(value: str) -> Words:
    return Words(f"did you mean {quoted(value)}?", f"آیا منظور {quoted(value)} است؟")


FORMATS: Final[dict[str, Callable[[str], Complaint | None]]] = {
    "day": day,
    "moment": moment,
    "cidr": cidr,
    "host": host,
    "e-mail": email,
    "url": url,
    "ipv4": ipv4,
    "time-zone": time_zone,
}
