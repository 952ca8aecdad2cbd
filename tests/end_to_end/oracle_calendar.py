"""Days, months and years as the definitions of the indicators speak of them."""

from datetime import date, timedelta

DAY = timedelta(days=1)


def month_end(month: date) -> date:
    """The last day of the month of a day."""
    return next_month(month) - DAY


def next_month(month: date) -> date:
    """The first day of the month after a day's."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def first_day(year: int) -> date:
    """1 January."""
    return date(year, 1, 1)


def last_day(year: int) -> date:
    """31 December."""
    return date(year, 12, 31)


def is_leap_day(day: date) -> bool:
    """29 February."""
    return (day.month, day.day) == (2, 29)


def same_day(day: date, year: int) -> date:
    """The same day of another year; that of 29 February is 28 February."""
    return date(year, 2, 28) if is_leap_day(day) else day.replace(year=year)


def days_through(day: date) -> int:
    """Days from 1 January through the day."""
    return (day - first_day(day.year)).days + 1


def days_of(year: int) -> int:
    """365 or 366."""
    return days_through(last_day(year))


def days_between(first: date, last: date) -> list[date]:
    """Every day of a span, both ends inclusive."""
    return [first + number * DAY for number in range((last - first).days + 1)]
