"""Days in two calendars, and the moments at which they begin."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.estate.dates import Day, Moment, parse_moment
from components.estate.formats import day, moment

TEHRAN = ZoneInfo("Asia/Tehran")
DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    ("solar", "gregorian"),
    [
        ("1401-06-31", "2022-09-22"),  # the four days of R56
        ("1402-08-30", "2023-11-21"),
        ("1402-09-30", "2023-12-21"),
        ("1403-12-30", "2025-03-20"),  # a leap year has thirty days in Esfand
        ("1402-12-29", "2024-03-19"),
        ("1403-01-01", "2024-03-20"),
        ("1404-01-01", "2025-03-21"),
        ("1399-12-30", "2021-03-20"),
        ("1408-12-30", "2030-03-20"),
    ],
)
def test_a_day_is_the_same_in_both_calendars(solar: str, gregorian: str) -> None:
    assert Day.parse(solar) == Day.parse(gregorian) == date.fromisoformat(gregorian)
    assert Day.parse(gregorian).solar_hijri == solar
    assert day(solar) is None


@pytest.mark.parametrize(
    "text",
    ["1402-12-30", "1401-07-31", "1401-12-30", "1401-13-01", "1401-00-10", "1401-01-00", "1401-01-32", "0000-01-01",
     "2023-02-29", "2024-02-30", "1900-02-29"],
)  # fmt: skip
def test_a_day_that_its_calendar_lacks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not exist in the"):
        Day.parse(text)
    assert day(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1401",
        "1401-6-31",
        "1401/06/31",
        "01-06-1401",
        "1401-06-31 ",
        "1401-06-31T00:00",
        "-401-06-31",
        "٪",
        "१४०१-०६-३१",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a day of the form YYYY-MM-DD"):
        Day.parse(text)


@given(st.dates(date(1700, 1, 1), date(2320, 12, 31)))
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_days_print_and_parse_back_in_every_script(day: date) -> None:
    assert Day.parse(day.isoformat()) == day
    solar = Day.parse(day.isoformat()).solar_hijri
    for text in (solar, solar.translate(DIGITS), solar.translate(ARABIC_DIGITS)):
        assert Day.parse(text) == day


@pytest.mark.parametrize("year", range(1380, 1430))
def test_the_last_day_of_every_month_is_followed_by_the_first_of_the_next(year: int) -> None:
    for month in range(1, 13):
        first = Day.parse(f"{year + month // 12}-{month % 12 + 1:02}-01")
        last = Day.fromordinal((first - timedelta(days=1)).toordinal())
        assert last.solar_hijri.startswith(f"{year}-{month:02}-")
        assert Day.parse(last.solar_hijri) == last
        assert last.solar_hijri[-2:] in (["31"] if month < 7 else ["30"] if month < 12 else ["29", "30"])


def test_a_day_begins_at_midnight_of_the_platform_not_of_the_machine() -> None:
    assert Day.parse("1401-06-31").begins(TEHRAN) == datetime(2022, 9, 21, 20, 30, tzinfo=UTC)
    assert Day.parse("1401-03-31").begins(TEHRAN) == datetime(2022, 6, 20, 19, 30, tzinfo=UTC)  # summer time
    assert parse_moment("1405-09-30", TEHRAN) == datetime(2026, 12, 20, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-21T09:00:00+03:30", datetime(2026, 12, 21, 5, 30, tzinfo=UTC)),
        ("2026-12-21T05:30:00Z", datetime(2026, 12, 21, 5, 30, tzinfo=UTC)),
        ("2026-12-21 05:30z", datetime(2026, 12, 21, 5, 30, tzinfo=UTC)),
        ("1405-09-30T09:00:00+03:30", datetime(2026, 12, 21, 5, 30, tzinfo=UTC)),  # never the Middle Ages
        ("۱۴۰۵-۰۹-۳۰T۰۹:۰۰+۰۳:۳۰", datetime(2026, 12, 21, 5, 30, tzinfo=UTC)),
        ("2026-12-21T05:30:00.25-00:00", datetime(2026, 12, 21, 5, 30, 0, 250_000, tzinfo=UTC)),
        ("۱۴۰۵-۰۹-۳۰", datetime(2026, 12, 20, 20, 30, tzinfo=UTC)),
        ("2026-12-21", datetime(2026, 12, 20, 20, 30, tzinfo=UTC)),
    ],
)
def test_moments_are_days_or_times_with_an_offset(text: str, expected: datetime) -> None:
    assert parse_moment(text, TEHRAN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-12-21T09:00:00",
        "1402-12-30",
        "1402-12-30T09:00:00+03:30",
        "9999-12-31T23:59:59-03:30",
        "2026-12-21T25:00:00Z",
        "2026-12-21T09:00:60Z",
        "2026-12-21T09Z",
        "2026-W52-1T09:00:00Z",
        "20261221T090000Z",
    ],
)
def test_other_moments_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is neither a day|does not exist"):
        parse_moment(text, TEHRAN)
    with pytest.raises(ValueError, match=r"is neither a day|does not exist"):
        Moment(text)
    assert moment(text) is not None


def test_a_moment_keeps_its_text_and_begins_on_the_clocks_of_the_zone() -> None:
    kept = Moment("2026-12-21T05:30:00Z")
    assert kept == "2026-12-21T05:30:00Z"
    assert moment(kept) is None
    assert kept.begins(TEHRAN).isoformat() == "2026-12-21T09:00:00+03:30"
    assert Moment("1405-09-30").begins(TEHRAN).isoformat() == "2026-12-21T00:00:00+03:30"
