"""Date arithmetic of a run: its programme days, the counter days that they overlap, and spans of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.passport import Passport

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
# Metrica opened in 2009: an earlier day is a slip of the pen.
EARLIEST = date(2009, 1, 1)


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


def programme_days(
    date_from: str | None,
    date_to: str | None,
    moment: datetime,
    zone: str,
    settling_days: int,
    now: datetime,
) -> Days:
    """The programme days of a run at ``moment``.

    Without dates: yesterday and the ``settling_days`` before it. ``date_from`` alone: from there
    through yesterday. Raises ConfigurationError, naming the param, for dates that are invalid,
    before ``EARLIEST`` or not over yet.
    """
    yesterday = moment.astimezone(ZoneInfo(zone)).date() - DAY
    if not date_from:
        if date_to:
            raise ConfigurationError(
                "Последний день (date_to) задан без первого (date_from): укажите оба или один первый."
            )
        days = Days(yesterday - settling_days * DAY, yesterday)
        return _checked(days, "Логическая дата", "Логическая дата", zone, now)
    first = _parse_day(date_from, "date_from")
    last = _parse_day(date_to, "date_to") if date_to else yesterday
    if first > last:
        raise ConfigurationError(
            f"Первый день (date_from) {first} позже, чем "
            f"{f'последний (date_to) {last}' if date_to else f'вчера, {last}'}: исправьте дни и запустите "
            "DAG снова."
        )
    origin = "Последний день (date_to)" if date_to else "Логическая дата"
    return _checked(Days(first, last), "Первый день (date_from)", origin, zone, now)


def counter_days(days: Days, programme_zone: str, counter_zone: str, now: datetime) -> Days | None:
    """The counter days that overlap programme days, without those that are not over in their zone."""
    overlapping = days
    if programme_zone != counter_zone:
        programme, counter = ZoneInfo(programme_zone), ZoneInfo(counter_zone)
        begin = datetime.combine(days.first, time(), programme)
        end = datetime.combine(days.last + DAY, time(), programme).astimezone(UTC) - timedelta(
            seconds=1
        )
        overlapping = Days(begin.astimezone(counter).date(), end.astimezone(counter).date())
    last_over = _last_day_over(counter_zone, now)
    if overlapping.last > last_over:
        log.warning(
            "Days after %s are not over yet in %s, the counter's time zone: the next run loads them.",
            last_over,
            counter_zone,
        )
        if overlapping.first > last_over:
            return None
        overlapping = Days(overlapping.first, last_over)
    return overlapping


def first_needed_day(passport: Passport) -> date:
    """From when on visits are needed: of the programme's first year, or of an earlier base year."""
    years = [one.baseline_year for one in passport.indicators if one.baseline_year]
    return date(min([*years, passport.first_year]), 1, 1)


def contiguous_spans(days: Iterable[date]) -> list[Days]:
    """Single days as spans without gaps."""
    spans: list[Days] = []
    for day in sorted(set(days)):
        if spans and spans[-1].last + DAY == day:
            spans[-1] = Days(spans[-1].first, day)
        else:
            spans.append(Days(day, day))
    return spans


def split(days: Days, max_days: int | None = None) -> list[Days]:
    """The span in chunks of at most a year, the API's limit, and at most ``max_days``."""
    chunks = []
    first = days.first
    while first <= days.last:
        last = min(days.last, _year_after(first) - DAY)
        if max_days is not None:
            last = min(last, first + (max_days - 1) * DAY)
        chunks.append(Days(first, last))
        first = last + DAY
    return chunks


def _parse_day(text: str, param: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"Параметр {param}: {text!r} — не день. Напишите его как ГГГГ-ММ-ДД, например 2024-03-05."
        ) from None


def _checked(days: Days, first_from: str, last_from: str, zone: str, now: datetime) -> Days:
    last_over = _last_day_over(zone, now)
    if days.first < EARLIEST:
        raise ConfigurationError(
            f"{first_from}: {days.first} — Метрики тогда ещё не было: допустимы дни с {EARLIEST} по "
            f"{last_over}."
        )
    if days.last > last_over:
        raise ConfigurationError(
            f"{last_from}: {days.last} ещё не закончился ({zone}), а Метрика отдаёт только целые прошедшие "
            f"дни: последний возможный — {last_over}."
        )
    return days


def _last_day_over(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date() - DAY


def _year_after(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)
