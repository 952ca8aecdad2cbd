"""Worlds so small that every number of them is counted by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tests.end_to_end.oracle_calendar import days_between
from tests.end_to_end.oracle_growth import Audience, Counter, reach
from tests.end_to_end.oracle_indicators import Counts, indicators_monthly
from tests.end_to_end.oracle_site import Row

A_DAY = {2022: 1, 2023: 2, 2024: 3}
"""How many come to a tiny site on each day of a year, nobody twice."""


def came(first: date, last: date, without: Iterable[date] = ()) -> dict[date, set[object]]:
    """Who came on each covered day."""
    days = [day for day in days_between(first, last) if day not in set(without)]
    return {day: {(day, number) for number in range(A_DAY[day.year])} for day in days}


def site(last: date, without: Iterable[date] = (), **told: Any) -> Counter:
    """The only site, covered from 1 January 2022 through a day."""
    return Counter(1, "Сайт", came(date(2022, 1, 1), last, without), **told)


def passport(code: str, targets: Mapping[int, float], **settings: Any) -> dict[str, Any]:
    """A programme of 2023…2025 with one indicator and one edition."""
    return {
        "first_year": 2023,
        "last_year": 2025,
        "indicators": [{"code": code, "name": "Показатель", "unit": "ед.", **settings}],
        "editions": [{"date": date(2022, 12, 1), "targets": {code: targets}}],
    }


def counts(
    reached: date | None,
    *,
    days: Sequence[date] = (),
    share: Callable[[date], tuple[int, int] | None] = lambda _: None,
    audience: Audience | None = None,
    spoken: Sequence[date] | None = None,
) -> Counts:
    """Counts of one indicator: `days` of what is counted, `spoken` the days that messages tell of."""
    return Counts(
        total=lambda _, first, last: sum(first <= day <= last for day in days),
        is_known=lambda _, first, last: any(
            first <= day <= last for day in (days if spoken is None else spoken)
        ),
        share=lambda _, day: share(day),
        audience=audience or Audience([], None),
        reach=lambda _: reached,
        dated=lambda _, end: max((day for day in days if day <= end), default=None),
    )


def row_of(told: Mapping[str, Any], counted: Counts, month: date) -> Row:
    """The row of a month."""
    return list(indicators_monthly(told, counted, month))[-1]


def growth_row(
    counters: Sequence[Counter],
    month: date,
    today: date,
    targets: Mapping[int, float],
    value: float | None = None,
) -> Row:
    """The row of the growth on a day."""
    audience = Audience.of(counters, 2022, value)
    told = passport("site_visitors_growth", targets)
    return row_of(told, counts(reach(counters, today), audience=audience), month)


# Growth.
