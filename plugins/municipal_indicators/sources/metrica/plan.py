"""Which counter days a run loads: programme days, settling days, zones, gaps, and their cut into orders."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources.metrica.client import LogOrder

log = logging.getLogger(__name__)

DAY = timedelta(days=1)

# Half a year: two neighbouring ones, one being loaded and one being prepared, still fit into a year, which
# lets the API evaluate them together; an interrupted history loses at most half a year.
CHUNK_DAYS = 183


@dataclass(frozen=True, slots=True)
class Days:
    """A span of whole days, both ends inclusive."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + offset * DAY for offset in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return f"{self.first}…{self.last}"


class PlannedSite(BaseModel, frozen=True):
    """What a run loads of one counter, as it travels through XCom; its orders are taken one by one.

    ``spans`` are counter days, both ends inclusive, none of more than a year. A day that was
    published at ``begun_at`` or later is done.
    """

    name: str
    counter_id: int
    source: str
    attribution: str
    fields: tuple[str, ...]
    time_zone: str
    settling_days: int
    begun_at: datetime
    spans: tuple[tuple[date, date], ...]

    @property
    def orders(self) -> list[LogOrder]:
        """The log requests to order, in this order."""
        return [
            LogOrder(
                counter_id=self.counter_id,
                date1=first,
                date2=last,
                fields=self.fields,
                source=self.source,
                attribution=self.attribution,
            )
            for first, last in self.spans
        ]


def programme_days(
    date_from: str | None,
    date_to: str | None,
    moment: datetime,
    zone: str,
    settling_days: int,
    now: datetime,
) -> Days:
    """The programme days of a run at ``moment``.

    Without dates: the day before, and the ``settling_days`` before that one. ``date_from``
    alone runs through the day before. Raises ConfigurationError, naming the param, for dates
    that cannot be meant or are not over yet.
    """
    yesterday = moment.astimezone(ZoneInfo(zone)).date() - DAY
    if not date_from:
        if date_to:
            raise ConfigurationError(
                "The param date_to needs date_from: give both, or date_from alone."
            )
        return _over(Days(yesterday - settling_days * DAY, yesterday), "logical date", zone, now)
    first = _day(date_from, "date_from")
    last = _day(date_to, "date_to") if date_to else yesterday
    if first > last:
        raise ConfigurationError(
            f"The param date_from {first} is after {f'date_to {last}' if date_to else f'yesterday, {last}'}."
        )
    return _over(Days(first, last), "param date_to" if date_to else "logical date", zone, now)


def counter_days(days: Days, programme_zone: str, counter_zone: str, now: datetime) -> Days | None:
    """The counter days that overlap programme days, without those that are not over in their zone."""
    if programme_zone == counter_zone:
        wanted = days
    else:
        programme, counter = ZoneInfo(programme_zone), ZoneInfo(counter_zone)
        begin = datetime.combine(days.first, time(), programme)
        end = datetime.combine(days.last + DAY, time(), programme).astimezone(UTC) - timedelta(
            seconds=1
        )
        wanted = Days(begin.astimezone(counter).date(), end.astimezone(counter).date())
    last_over = now.astimezone(ZoneInfo(counter_zone)).date() - DAY
    if wanted.last > last_over:
        log.warning(
            "Days after %s are not over yet in %s, the counter's zone: left to the next run.",
            last_over,
            counter_zone,
        )
        if wanted.first > last_over:
            return None
        wanted = Days(wanted.first, last_over)
    return wanted


def spans_of(days: Iterable[date]) -> list[Days]:
    """Single days as spans without gaps."""
    spans: list[Days] = []
    for day in sorted(set(days)):
        if spans and spans[-1].last + DAY == day:
            spans[-1] = Days(spans[-1].first, day)
        else:
            spans.append(Days(day, day))
    return spans


def cut(days: Days, longest: int | None = None) -> list[Days]:
    """The span in pieces of at most a year, the API's limit, and at most ``longest`` days."""
    pieces = []
    first = days.first
    while first <= days.last:
        last = min(days.last, _year_after(first) - DAY)
        if longest is not None:
            last = min(last, first + (longest - 1) * DAY)
        pieces.append(Days(first, last))
        first = last + DAY
    return pieces


def _day(text: str, param: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"The param {param} is {text!r}: write a day as YYYY-MM-DD, for example 2024-03-05."
        ) from None


def _over(days: Days, what: str, zone: str, now: datetime) -> Days:
    last_over = now.astimezone(ZoneInfo(zone)).date() - DAY
    if days.last > last_over:
        raise ConfigurationError(
            f"The {what} asks for {days.last}, which is not over yet in {zone}: the Logs API gives whole "
            f"past days only; the latest is {last_over}."
        )
    return days


def _year_after(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)
