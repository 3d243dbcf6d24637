"""Formats of single values that a pattern cannot decide: days, networks, hosts, addresses, time zones."""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, ip_network
from typing import Final, TypeAlias
from zoneinfo import available_timezones

from components.estate.dates import Day
from components.estate.finding import Words

Complaint: TypeAlias = tuple[Words, Words]
"""What was found, and what to write instead."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)  # RFC 1123, in lower case
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}", re.ASCII)
_URL = re.compile(r"(https?)://([a-z0-9.-]+)(:[0-9]{1,5})?(/[^\s*]*)?", re.ASCII)


def day(value: str) -> Complaint | None:
    """Complain unless `value` is a day that exists in its calendar."""
    try:
        Day.parse(value)
    except ValueError as error:
        return Words(str(error), f"روز {value!r} وجود ندارد یا به شکل YYYY-MM-DD نیست"), Words(
            "write a day such as 1405-09-30 (Solar Hijri) or 2026-12-21 (Gregorian)",
            "روز را مانند 1405-09-30 (خورشیدی) یا 2026-12-21 (میلادی) بنویسید",
        )
    return None


def cidr(value: str) -> Complaint | None:
    """Complain unless `value` is a network in CIDR notation without host bits."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return Words(f"{value!r} is not a network", f"{value!r} شبکه نیست"), Words(
            "write it in CIDR notation, such as 10.20.30.0/24", "به شکل CIDR بنویسید، مانند 10.20.30.0/24"
        )
    if "/" not in value:
        return Words(f"{value!r} has no mask", f"{value!r} نقاب ندارد"), _did_you_mean(str(network))
    if str(network) != value:
        return Words(
            f"{value!r} is not the address of a network", f"{value!r} نشانی شبکه نیست (بیت‌های میزبان دارد)"
        ), _did_you_mean(str(network))
    return None


def host(value: str) -> Complaint | None:
    """Complain unless `value` is a full host name in lower case: no wildcard, port, scheme or trailing dot."""
    labels = value.split(".")
    if len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels):
        return None
    bare = value.lower().removesuffix(".").removeprefix("https://").removeprefix("http://").removeprefix("*.")
    bare = bare.split("/")[0].split(":")[0]
    found = Words(f"{value!r} is not a host name", f"{value!r} نام میزبان نیست")
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
    return Words(f"{value!r} is not an e-mail address", f"{value!r} نشانی رایانامه نیست"), Words(
        "write one address, such as security@irica.gov.test", "یک نشانی بنویسید، مانند security@irica.gov.test"
    )


def url(value: str) -> Complaint | None:
    """Complain unless `value` is an absolute https address without wildcard."""
    match = _URL.fullmatch(value)
    if match and match[1] == "https" and host(match[2]) is None:
        return None
    found = Words(f"{value!r} is not an https address", f"{value!r} نشانی https نیست")
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
        return Words(f"{value!r} is not an IPv4 address", f"{value!r} نشانی IPv4 نیست"), Words(
            "write four numbers, such as 169.254.20.10", "چهار عدد بنویسید، مانند 169.254.20.10"
        )
    return None


def time_zone(value: str) -> Complaint | None:
    """Complain unless `value` names a time zone of the IANA database."""
    if value in available_timezones():
        return None
    return Words(f"{value!r} is not a time zone", f"{value!r} منطقهٔ زمانی نیست"), Words(
        "write a name such as Asia/Tehran", "نامی مانند Asia/Tehran بنویسید"
    )


def _did_you_mean(value: str) -> Words:
    return Words(f"did you mean {value!r}?", f"آیا منظور {value!r} است؟")


FORMATS: Final[dict[str, Callable[[str], Complaint | None]]] = {
    "day": day,
    "cidr": cidr,
    "host": host,
    "e-mail": email,
    "url": url,
    "ipv4": ipv4,
    "time-zone": time_zone,
}
