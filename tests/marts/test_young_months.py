"""A month under way: no indicator moves because a month is young, or because another source opened it.

Two laws: a day of another source changes no indicator that does not count it, and the marts depend on
what is loaded, not on the order in which it came.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from tests.marts.given import Given, application, days_between

GROWTH, SMEV = "site_visitors_growth", "smev_requests"
# What an indicator says of itself; the month, its year and is_complete are those of the row.
SAID = (
    "numerator, denominator, fact, plan, final_plan, forecast, due_year, goal, forecast_due, expected,"
    " status, edition_date, data_through"
)
OCTOBER, NOVEMBER = date(2023, 10, 1), date(2023, 11, 1)


def _through_october(given: Given) -> None:
    """All sources end in October 2023; November of 2022 was a strong month."""
    came = {date(2022, 1, 10): range(10), date(2022, 11, 10): range(10, 40)}
    given.site(date(2022, 1, 1), date(2022, 12, 31), came)
    given.site(date(2023, 1, 1), date(2023, 10, 31), {date(2023, 1, 10): range(12)})
    given.requests({date(2022, 1, 10): 5, date(2022, 11, 10): 20})
    given.requests({date(2023, 1, 10): 10, date(2023, 10, 31): 1})
    given.events(date(2023, 2, 10), date(2023, 10, 5))
    given.workplaces(date(2023, 3, 31), 1, of=4)
    given.catalogue(date(2023, 10, 20), date(2023, 1, 1))


def _applications(given: Given) -> None:
    given.applications(*(application(key, filed_on=date(2023, 11, 3)) for key in "abc"))


# What opens November, and the indicators that count it.
OPENERS: dict[str, tuple[Callable[[Given], None], set[str]]] = {
    "three applications": (_applications, {"eservices_share"}),
    "a catalogue": (
        lambda given: given.catalogue(date(2023, 11, 2), date(2023, 1, 1), date(2023, 11, 19)),
        {"eservices_share"},
    ),
    "an event": (lambda given: given.events(date(2023, 11, 5)), {"ict_events"}),
    "a register": (
        lambda given: given.workplaces(date(2023, 11, 7), 4, of=4),
        {"edms_workplaces_share", "secured_workplaces_share"},
    ),
    "a message": (lambda given: given.smev_speaks(date(2023, 11, 2)), {SMEV}),
    "a day of the site": (
        lambda given: given.site(date(2023, 11, 1), date(2023, 11, 1)),
        {GROWTH},
    ),
}


@pytest.mark.parametrize("opener", OPENERS)
def test_month_that_another_source_opens_moves_no_indicator(given: Given, opener: str) -> None:
    _through_october(given)
    load, counting = OPENERS[opener]
    load(given)
    given.build("indicators_monthly")
    for code in {GROWTH, SMEV} - counting:
        (october, november) = given.indicator(code, SAID, f"month >= '{OCTOBER}'")
        assert november == october, code
        assert given.indicator(code, "is_complete", f"month = '{NOVEMBER}'") == [(False,)]


@pytest.mark.parametrize("opener", OPENERS)
def test_day_of_a_source_changes_no_indicator_that_does_not_count_it(
    given: Given, opener: str
) -> None:
    _through_october(given)
    given.build("indicators_monthly")
    load, counting = OPENERS[opener]
    others = f"indicator NOT IN ({', '.join(map(repr, sorted(counting)))}) AND month <= '{OCTOBER}'"
    query = (
        f"SELECT indicator, month, is_complete, {SAID} FROM marts.indicators_monthly"
        f" WHERE {others} ORDER BY indicator, month"
    )
    before = given.select(query)
    load(given)
    given.build("indicators_monthly")
    assert len(before) == (7 - len(counting)) * 10
    assert given.select(query) == before


def test_values_of_a_month_opened_by_another_source(given: Given) -> None:
    _through_october(given)
    _applications(given)
    given.build("indicators_monthly")
    columns = "fact, forecast, data_through"
    through = date(2023, 10, 31)
    # 12 against 10; by 2022 the year ends with 12 × 40 / 10 = 48 against 40.
    assert given.indicator(GROWTH, columns, f"month = '{NOVEMBER}'") == [
        pytest.approx((20.0, 20.0, through))
    ]
    # 11 × 25 / 5.
    assert given.indicator(SMEV, columns, f"month = '{NOVEMBER}'") == [
        pytest.approx((11.0, 55.0, through))
    ]


def test_new_year_that_one_source_opens_is_no_data_of_the_others(given: Given) -> None:
    given.site(date(2023, 12, 1), date(2024, 1, 1))
    given.requests({date(2023, 1, 10): 3, date(2023, 12, 31): 4})
    given.workplaces(date(2023, 12, 31), 1, of=4)
    given.build("indicators_monthly")
    columns = "fact, forecast, status, is_complete, data_through"
    january = "month = '2024-01-01'"
    through = date(2023, 12, 31)
    assert given.indicator(SMEV, columns, january) == [(None, None, "no_data", False, through)]
    assert given.indicator("edms_workplaces_share", columns, january) == [
        (25.0, 25.0, "off_track", True, through)
    ]


@pytest.mark.parametrize("last", [1, 5, 17, 29, 30])
def test_steady_pace_gives_one_forecast_on_every_day(given: Given, last: int) -> None:
    through = date(2023, 11, last)
    given.requests(dict.fromkeys(days_between(date(2023, 1, 1), through), 2))
    _one_new_visitor_a_day(given, date(2022, 1, 1), date(2022, 12, 31), 1)
    _one_new_visitor_a_day(given, date(2023, 1, 1), through, 2)
    given.build("indicators_monthly")
    # Two requests a day are 730 a year. Two visitors a day against one are +100 % on every day.
    (smev,) = given.indicator(SMEV, "forecast, status, is_complete", f"month = '{NOVEMBER}'")
    assert smev == pytest.approx((730.0, "achieved", last == 30))
    (growth,) = given.indicator(GROWTH, "fact, forecast, is_complete", f"month = '{NOVEMBER}'")
    assert growth == pytest.approx((100.0, 100.0, last == 30))


def _one_new_visitor_a_day(given: Given, first: date, last: date, each: int) -> None:
    came = {
        day: range(number * each, (number + 1) * each)
        for number, day in enumerate(days_between(first, last))
    }
    given.site(first, last, came)


def _corrected_site(given: Given) -> None:
    """A day of the site that is loaded again before all others, and then with them."""
    day = date(2023, 1, 10)
    given.site(day, day, {day: range(90)})
    given.site(date(2023, 1, 1), date(2023, 1, 31), {day: range(12)})


STEPS: dict[str, Callable[[Given], None]] = {
    "baseline": lambda given: given.site(
        date(2022, 1, 1), date(2022, 12, 31), {date(2022, 1, 10): range(10)}
    ),
    "site": _corrected_site,
    "messages": lambda given: given.requests({date(2023, 1, 10): 31, date(2023, 2, 1): 1}),
    "register": lambda given: given.workplaces(date(2023, 2, 7), 1, of=4),
    "older register": lambda given: given.workplaces(date(2023, 1, 7), 1, of=2),
}


@pytest.mark.parametrize("order", list(permutations(STEPS))[::17], ids=", ".join)
def test_marts_depend_on_what_is_loaded_and_not_on_the_order(
    given: Given, order: tuple[str, ...]
) -> None:
    for step in order:
        STEPS[step](given)
    given.build("indicators_monthly")

    def rows(code: str) -> list[tuple[Any, ...]]:
        return given.indicator(code, "fact, forecast, is_complete, data_through")

    reached = date(2023, 1, 31)
    # 12 against 10 through January, and so in February, which the site does not reach.
    assert rows(GROWTH) == [
        pytest.approx((20.0, 20.0, True, reached)),
        pytest.approx((20.0, 20.0, False, reached)),
    ]
    # 31 × 365 / 31; 32 × 365 / 32.
    assert rows(SMEV) == [
        pytest.approx((31.0, 365.0, True, reached)),
        pytest.approx((32.0, 365.0, False, date(2023, 2, 1))),
    ]
    assert rows("edms_workplaces_share") == [
        (50.0, 50.0, True, date(2023, 1, 7)),
        (25.0, 25.0, True, date(2023, 2, 7)),
    ]
