"""Moscow time as the administration, its adapter and SMEV write it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")


def moscow(instant: datetime) -> datetime:
    """The instant in Moscow time; a naive one is taken for Moscow time already."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=MOSCOW)
    return instant.astimezone(MOSCOW)


def smev_stamp(instant: datetime) -> str:
    """How SMEV writes an instant: `2024-03-05T09:14:07.512+03:00`."""
    return moscow(instant).isoformat(timespec="milliseconds")


def local_stamp(instant: datetime) -> str:
    """How the adapter writes an instant: Moscow time without an offset."""
    return moscow(instant).replace(tzinfo=None).isoformat(timespec="milliseconds")


def utc(instant: datetime) -> datetime:
    """The instant in UTC; a naive one is taken for Moscow time."""
    return moscow(instant).astimezone(UTC)


def months(first: date, last: date) -> list[date]:
    """First days of the months from the month of `first` through the month of `last`."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [add_months(first, number) for number in range(count)]


def add_months(month: date, number: int) -> date:
    """The first day of the month `number` months later."""
    index = month.year * 12 + month.month - 1 + number
    return date(index // 12, index % 12 + 1, 1)


def last_day(month: date) -> date:
    """The last day of the month."""
    return add_months(month, 1) - timedelta(days=1)
