"""Days of the two calendars, and the moment for which an estate is judged (R56)."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final, Self
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from components.estate.persian import ascii_digits

SOLAR_HIJRI_BEFORE: Final = 1700
"""A year below this is Solar Hijri; Gregorian dates of this field are all after it."""

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))", re.ASCII)


class Day(date):
    """One day of the Gregorian calendar, entered in either one."""

    @classmethod
    @lru_cache(maxsize=4096)  # an estate names few days, each of them often
    def parse(cls, text: str) -> "Day":
        """Read `YYYY-MM-DD`, Solar Hijri below 1700, with ASCII, Persian or Arabic digits.

        Raises:
            ValueError: The text has another form, or its calendar has no such day.
        """
        match = _DAY.fullmatch(ascii_digits(text))
        if match is None:
            raise ValueError(f"{text!r} is not a day of the form YYYY-MM-DD")
        year, month, number = (int(part) for part in match.groups())
        is_solar = year < SOLAR_HIJRI_BEFORE
        try:
            day = JalaliDate(year, month, number).to_gregorian() if is_solar else date(year, month, number)
        except ValueError as error:
            name = "Solar Hijri" if is_solar else "Gregorian"
            raise ValueError(f"{text!r} does not exist in the {name} calendar") from error
        return cls(day.year, day.month, day.day)

    @property
    def solar_hijri(self) -> str:
        """The day in the Solar Hijri calendar, as `YYYY-MM-DD`."""
        return str(JalaliDate(self).isoformat())

    def begins(self, zone: ZoneInfo) -> datetime:
        """Return the moment at which the day begins in `zone`."""
        return datetime.combine(self, time(), zone)


class Moment(str):
    """A moment as a register has it: a day, which begins at midnight, or a time of day with its offset."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Keep `text` as it is written.

        Raises:
            ValueError: It is no moment.
        """
        parse_moment(text, ZoneInfo("UTC"))
        return super().__new__(cls, text)

    def begins(self, zone: ZoneInfo) -> datetime:
        """Return the moment on the clocks of `zone`."""
        return parse_moment(self, zone).astimezone(zone)


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Read a day, which begins at midnight in `zone`, or a time as in RFC 3339, its day of either calendar.

    Raises:
        ValueError: The text is neither, or its calendar has no such day.
    """
    written = ascii_digits(text)
    if _DAY.fullmatch(written):
        return Day.parse(written).begins(zone)
    match = _TIME.fullmatch(written)
    if match is not None:
        day = Day.parse(match[1])  # to the library, a year of the Solar Hijri calendar would be the Middle Ages
        with suppress(ValueError, OverflowError):  # an hour 25, or the last hour of the year 9999 moved by an offset
            return datetime.combine(day, time.fromisoformat(match[2].upper())).astimezone(UTC)
    raise ValueError(f"{text!r} is neither a day (1405-09-30, 2026-12-21) nor a time (2026-12-21T09:00:00+03:30)")
