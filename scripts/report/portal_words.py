"""The words of the national window's pages in both languages, its numbers, days and alphabetical order."""

from datetime import date
from typing import Final

from persiantools import digits

from components.estate.dates import Day
from components.estate.finding import Words
from components.estate.persian import normalise
from scripts.report.portal_catalogue import Reason

TITLE: Final = Words("National window of smart government services", "پنجرهٔ ملی خدمات دولت هوشمند")
OTHER_LANGUAGE: Final = Words("فارسی", "English")
SKIP: Final = Words("Skip to the services", "رفتن به خدمت‌ها")
SEARCH: Final = Words("Search for a service or an agency", "جست‌وجوی خدمت یا دستگاه")
NO_SCRIPT: Final = Words(
    "Searching needs JavaScript. All services are listed below; the browser's own search finds them too.",
    "جست‌وجو به جاوااسکریپت نیاز دارد. همهٔ خدمت‌ها در زیر آمده‌اند؛ جست‌وجوی خود مرورگر هم آن‌ها را می‌یابد.",
)
LOGIN: Final = Words(
    "Services open in the agencies' own windows, after the national login unless it says otherwise.",
    "خدمت‌ها در پنجرهٔ خود دستگاه‌ها و پس از ورود یکپارچه باز می‌شوند، مگر آنکه جز این نوشته شده باشد.",
)
ALL_SYNTHETIC: Final = Words(
    "Everything on this page is synthetic: made-up examples, which no agency has confirmed.",
    "همهٔ محتوای این صفحه ساختگی است: نمونه‌هایی که هیچ دستگاهی آن‌ها را تأیید نکرده است.",
)
SOME_SYNTHETIC: Final = Words(
    "Part of this page is synthetic: made-up examples, which no agency has confirmed. They are marked.",
    "بخشی از محتوای این صفحه ساختگی است: نمونه‌هایی که هیچ دستگاهی آن‌ها را تأیید نکرده است. این بخش نشان‌دار است.",
)
SYNTHETIC: Final = Words("synthetic", "ساختگی")
COUNT: Final = Words("{services} services of {agencies} agencies", "{services} خدمت از {agencies} دستگاه")
FOUND: Final = Words("found: {found} of {services} services", "یافته‌ها: {found} خدمت از {services} خدمت")
NONE_FOUND: Final = Words("no connected service found", "هیچ خدمت متصلی یافت نشد")
SERVICES: Final = Words("services: {services}", "{services} خدمت")
IN_WINDOW_OF: Final = Words("in the window of {name}", "در پنجرهٔ {name}")
CLOSED: Final = Words("closed for now", "فعلاً بسته است")
HIGH_USE: Final = Words("high use", "پرکاربرد")
ACCESS: Final = {
    "groups": Words("needs membership of a group", "نیازمند عضویت در گروه"),
    "public": Words("no login needed", "بدون نیاز به ورود"),
}
MISSING: Final = Words("Not yet connected", "هنوز متصل نشده")
MISSING_WHY: Final = Words(
    "Dedicated high-use services must be reachable from here. These have no route yet:",
    "خدمت‌های اختصاصی پرکاربرد باید از اینجا در دسترس باشند. این‌ها هنوز مسیری ندارند:",
)
REASONS: Final = {
    Reason.NO_PRODUCTION: Words("the agency has no production environment", "دستگاه محیط عملیاتی ندارد"),
    Reason.NO_WINDOW: Words("the agency has no window", "دستگاه پنجره ندارد"),
    Reason.NO_PARENT_WINDOW: Words("the parent agency has no open window", "دستگاه مادر پنجرهٔ باز ندارد"),
    Reason.NO_BACKEND: Words("no workload serves it", "هیچ برنامه‌ای آن را ارائه نمی‌کند"),
    Reason.NOT_OFFERED: Words("it is offered in no window", "در هیچ پنجره‌ای ارائه نشده است"),
    Reason.NO_ROUTE: Words("no route leads to it", "هیچ مسیری به آن نمی‌رسد"),
}
ORIGIN: Final = Words(
    "Made from the declarations that create the routes: what has no route is not listed as connected.",
    "این صفحه از همان تعریف‌هایی ساخته شده که مسیرها را می‌سازند: آنچه مسیر ندارد متصل شمرده نمی‌شود.",
)
AS_OF: Final = Words("State of", "وضعیت در تاریخ")
DATA: Final = Words("The same as data (JSON)", "همین فهرست به صورت داده (JSON)")

_RANKS: Final = {letter: rank for rank, letter in enumerate(" آءاأإؤئبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی")}


def number(value: int, language: str) -> str:
    """Return a whole number in the language's digits, with its separator of thousands."""
    return digits.en_to_fa(f"{value:,}").replace(",", "٬") if language == "fa" else f"{value:,}"


def day(value: date, language: str) -> str:
    """Return a day as people of the language write it: Solar Hijri in Persian, Gregorian in English."""
    solar = Day(value.year, value.month, value.day).solar_hijri
    return digits.en_to_fa(solar.replace("-", "/")) if language == "fa" else value.isoformat()


def card(card_id: str, language: str) -> str:
    """Return a card's number in the language's digits; one with Latin letters stays as it is."""
    return digits.en_to_fa(card_id) if language == "fa" and card_id.isdecimal() else card_id


def alphabetical(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts by the Persian alphabet, which is not the order of the code points; others come last."""
    return tuple((_RANKS.get(letter, len(_RANKS)), letter) for letter in normalise(text))
