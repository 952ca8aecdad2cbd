"""Forecasts with their record: methods, bands and probabilities, worked out by hand.

In the years 2023 to 2025 each indicator stands still from January (shares: September) to November, so that
the nine cases of October 2026 (September to November of three years) come to a few plain numbers.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import log
from typing import Any

import pytest

from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import Given, days_between

EDMS = "edms_workplaces_share"
EVENTS = "ict_events"
GROWTH = "site_visitors_growth"
SMEV = "smev_requests"
BAND = "method, forecast, forecast_low, forecast_high, errors_used"
PROBABILITY = "probability_low, probability_high"
OCTOBER = date(2026, 10, 1)
MARTS = ("indicators_monthly", "indicator_forecasts", "forecast_accuracy")


def forecast(given: Given, code: str, columns: str, month: date = OCTOBER) -> tuple[Any, ...]:
    (row,) = given.select(
        f"SELECT {columns} FROM marts.indicator_forecasts"
        f" WHERE indicator = '{code}' AND month = '{month}'"
    )
    return row


def accuracy(given: Given, code: str, month: date, method: str = "rule") -> tuple[Any, ...]:
    (row,) = given.select(
        "SELECT year, forecast, actual, error, is_inside FROM marts.forecast_accuracy"
        f" WHERE indicator = '{code}' AND month = '{month}' AND method = '{method}'"
    )
    return row


def _requests(given: Given) -> None:
    """10 in each January; 10, 5, 10 and 20 in the Decembers of 2022 to 2025."""
    for year, december in {2022: 10, 2023: 5, 2024: 10, 2025: 20}.items():
        given.requests({date(year, 1, 15): 10, date(year, 12, 15): december})
    given.requests({date(2026, 1, 15): 20})
    given.smev_speaks(date(2026, 10, 31))


def _events(given: Given, last_year: int = 2026) -> None:
    """4 in each January; 4, 4 and 5 in the Decembers of 2023 to 2025."""
    for year, december in {2023: 4, 2024: 4, 2025: 5, 2026: 0}.items():
        if year <= last_year:
            given.events(*days_between(date(year, 1, 10), date(year, 1, 13)))
            given.events(*days_between(date(year, 12, 1), date(year, 12, 31))[:december])


def _visitors(given: Given) -> None:
    """10 visitors in each January; 10, 5, 10 and 20 more in the Decembers of 2022 to 2025."""
    came = {date(2026, 1, 10): range(20)}
    for year, december in {2022: 10, 2023: 5, 2024: 10, 2025: 20}.items():
        came |= {date(year, 1, 10): range(10), date(year, 12, 10): range(10, 10 + december)}
    given.site(date(2022, 1, 1), date(2026, 10, 31), came)


def _workplaces(given: Given) -> None:
    """A register at each end of September, October, November and December."""
    ends = ((9, 30), (10, 31), (11, 30), (12, 31))
    parts = {2023: (10, 11, 12, 15), 2024: (20, 21, 22, 20), 2025: (30, 31, 32, 40), 2026: (45, 50)}
    for year, of_year in parts.items():
        for (month, day), part in zip(ends, of_year, strict=False):
            given.workplaces(date(year, month, day), part, of=100)


@pytest.fixture(scope="module")
def years(module_warehouse: Warehouse) -> Given:
    """All four indicators from 2022 through October 2026, with goals in 2026."""
    given = Given(module_warehouse, load_passport())
    for code, goal in {SMEV: 50, EVENTS: 35, GROWTH: 150, EDMS: 60}.items():
        given.change_targets(code, {2026: goal})
    for fill in (_requests, _events, _visitors, _workplaces):
        fill(given)
    given.build(*MARTS)
    return given


def test_counted_over_the_year(years: Given) -> None:
    # By 2025: 20 × 30 / 10 = 60, 40 of them still to come. In the years before 10, 5 and 10 were expected
    # to come, and 5, 10 and 20 came; each number is compared with half a request more. The eighth of the
    # nine errors by size is 20.5 / 10.5.
    low = 20 + 40.5 * 10.5 / 20.5 - 0.5
    high = 20 + 40.5 * 20.5 / 10.5 - 0.5
    assert forecast(years, SMEV, BAND) == ("rule", *(pytest.approx(v) for v in (60, low, high)), 9)
    # 50 would be reached with six of the nine errors: 20 + 40.5 × 10.5 / 5.5 - 0.5 = 96.8.
    assert forecast(years, SMEV, PROBABILITY) == pytest.approx((0.6, 0.7))
    assert forecast(years, SMEV, "note") == (
        "Способ: правило программы. К концу 2026 года: в девяти похожих случаях ошибка была от −48 % "
        "до +95 % того, что ещё предстоит. Границы — восьмая по величине из них в обе стороны.",
    )


def test_counted_over_the_programme(years: Given) -> None:
    # As many to come as in the December before was nearer than the rule in 2024 and in 2025: it is chosen.
    # 4 and 4 were expected to come then, and 4 and 5 came; each number is compared with half an event more.
    low = 29 + 5.5 * 4.5 / 5.5 - 0.5
    high = 29 + 5.5 * 5.5 / 4.5 - 0.5
    assert forecast(years, EVENTS, BAND) == (
        "seasonal_naive",
        *(pytest.approx(value) for value in (34, low, high)),
        6,
    )
    # 35 would be reached with three of the six errors: 35.2.
    assert forecast(years, EVENTS, PROBABILITY) == pytest.approx((3 / 7, 4 / 7))
    assert forecast(years, EVENTS, "note") == (
        "Способ: остаток года как в прошлом году. К концу 2026 года: в шести похожих случаях ошибка была от "
        "0 % до +22 % того, что ещё предстоит. Границы — наибольшая из них в обе стороны.",
    )


def test_growth(years: Given) -> None:
    # By 2025: 20 × 30 / 10 = 60 visitors against 20. The years before ended with 15, 20 and 30 visitors
    # where 20, 15 and 20 were expected.
    values = (200, 300 * 20 / 30 - 100, 300 * 30 / 20 - 100)
    assert forecast(years, GROWTH, BAND) == ("rule", *(pytest.approx(v) for v in values), 9)
    # 150 would be reached with +33 % (300) and +50 % (350).
    assert forecast(years, GROWTH, PROBABILITY) == pytest.approx((0.6, 0.7))
    assert (
        forecast(years, GROWTH, "note")[0]
        .split(": ")[-1]
        .startswith("в девяти похожих случаях ошибка была от −25 % до +50 % числа посетителей.")
    )


def test_share(years: Given) -> None:
    # The years before ended 5, 4, 3, 0, -1, -2, 10, 9 and 8 points higher; by size 9 is the eighth.
    assert forecast(years, EDMS, BAND) == ("rule", 50.0, 41.0, 59.0, 9)
    assert forecast(years, EDMS, PROBABILITY) == pytest.approx((0.1, 0.2))
    assert (
        forecast(years, EDMS, "note")[0]
        .split(": ")[-1]
        .startswith("в девяти похожих случаях ошибка была от −2 до +10 п.п.")
    )


def test_accuracy_tells_what_came_of_it(years: Given) -> None:
    assert accuracy(years, SMEV, date(2023, 10, 1)) == (2023, 20.0, 15.0, -5.0, None)
    # In 2025 six errors were known, of -48 % and +91 %: 5 × 10.5 / 5.5 reaches no further than 29.5.
    assert accuracy(years, SMEV, date(2025, 10, 1)) == (2025, 20.0, 30.0, 10.0, False)
    assert accuracy(years, GROWTH, date(2025, 10, 1)) == (
        *(2025, pytest.approx(0), pytest.approx(50), pytest.approx(50)),
        False,
    )
    assert accuracy(years, EDMS, date(2025, 9, 1)) == (2025, 30.0, 40.0, 10.0, False)
    assert accuracy(years, EVENTS, date(2025, 10, 1), "seasonal_naive") == (
        *(2025, 24.0, 25.0, 1.0),
        None,
    )
    assert accuracy(years, SMEV, OCTOBER)[2:] == (None, None, None)
    methods = f"SELECT DISTINCT method FROM marts.forecast_accuracy WHERE indicator = '{EDMS}'"
    assert years.select(methods) == [("rule",)]


def test_rivals_of_october_2025(years: Given) -> None:
    said = {
        method: accuracy(years, SMEV, date(2025, 10, 1), method)[1]
        for method in ("rule", "seasonal_naive", "run_rate", "mean_share", "damped")
    }
    # 10 requests through day 304. Half of 2024 and two thirds of 2023 had come by then.
    assert said == {
        "rule": 20.0,
        "seasonal_naive": 20.0,
        "run_rate": pytest.approx(10 * 365 / 304),
        "mean_share": pytest.approx(10 / ((1 / 2 + 2 / 3) / 2)),
        "damped": pytest.approx((20 + 10 * 365 / 304) / 2),
    }


def test_a_year_that_is_over_is_no_forecast(years: Given) -> None:
    december = date(2025, 12, 1)
    assert forecast(years, SMEV, f"{BAND}, note", december)[1:4] == (30.0, 30.0, 30.0)
    assert forecast(years, SMEV, "note", december)[0].startswith("Год завершён: это итог.")
    assert years.select(
        f"SELECT count() FROM marts.forecast_accuracy WHERE month = '{december}'"
    ) == [(0,)]


def test_the_rule_is_that_of_indicators_monthly(years: Given) -> None:
    found = years.select(
        """
        SELECT
            count(),
            countIf(abs(f.forecast - i.forecast) > 1e-9 OR abs(f.forecast_due - i.forecast_due) > 1e-9)
        FROM marts.indicators_monthly AS i
        INNER JOIN marts.indicator_forecasts AS f ON f.indicator = i.indicator AND f.month = i.month
        WHERE f.method = 'rule' AND i.forecast IS NOT NULL
        """
    )
    assert found[0][0] > 100
    assert found[0][1] == 0


# What is decided, and what is not known


def test_less_is_better(given: Given) -> None:
    given.change_targets(SMEV, {2026: 50})
    given.change_indicator(SMEV, direction="down")
    _requests(given)
    given.build("indicator_forecasts")
    # Three of the nine errors stay below 50.
    assert forecast(given, SMEV, PROBABILITY) == pytest.approx((0.3, 0.4))
    # 20 requests are more than 15 already, whatever comes.
    given.change_targets(SMEV, {2026: 15})
    given.build("indicator_forecasts")
    assert forecast(given, SMEV, PROBABILITY) == (0.0, 0.0)


def test_a_count_that_has_reached_its_goal(given: Given) -> None:
    given.change_targets(SMEV, {2026: 20})
    given.change_targets(EVENTS, {2027: 4})
    _requests(given)
    _events(given)
    given.build("indicator_forecasts")
    assert forecast(given, SMEV, PROBABILITY) == (1.0, 1.0)
    assert forecast(given, EVENTS, PROBABILITY) == (1.0, 1.0)


def test_a_goal_of_the_next_year_has_its_own_errors(given: Given) -> None:
    given.change_targets(SMEV, {2027: 50})
    _requests(given)
    given.build("indicator_forecasts")
    # In 2023 and 2024 20 and 15 were expected of the next year, and 20 and 30 came.
    reach = 30.5 / 15.5
    expected = (60.0, 60.5 / reach - 0.5, 60.5 * reach - 0.5)
    columns = "forecast_due, forecast_due_low, forecast_due_high"
    assert forecast(given, SMEV, columns) == pytest.approx(expected)
    assert forecast(given, SMEV, f"errors_used, {PROBABILITY}") == pytest.approx((9, 6 / 7, 1))
    assert forecast(given, SMEV, "note")[0].endswith(
        "К концу 2027 года: в шести похожих случаях ошибка была от 0 % до +97 % того, что ещё предстоит. "
        "Границы — наибольшая из них в обе стороны."
    )
    assert log(reach) > 0


def test_little_history_gives_no_band(given: Given) -> None:
    given.requests({date(2025, 1, 15): 10, date(2025, 12, 15): 10, date(2026, 1, 15): 10})
    given.smev_speaks(date(2026, 10, 31))
    given.workplaces(date(2025, 6, 30), 3, of=10)
    given.build("indicator_forecasts")
    assert forecast(given, SMEV, BAND) == ("rule", 20.0, None, None, 3)
    assert forecast(given, SMEV, PROBABILITY) == (None, None)
    assert forecast(given, SMEV, "note") == (
        "Способ: правило программы. К концу 2026 года: мало истории, похожих случаев 3, а нужно хотя бы "
        "четыре.",
    )
    # A register that stands for years is one case a year.
    assert forecast(given, EDMS, "forecast, forecast_low, errors_used") == (30.0, None, 1)
    assert forecast(given, GROWTH, f"{BAND}, note") == ("rule", None, None, None, 0, "Нет данных.")


def test_a_share_stays_a_share(given: Given) -> None:
    _workplaces(given)
    given.workplaces(date(2026, 10, 31), 97, of=100)
    given.build("indicator_forecasts")
    assert forecast(given, EDMS, BAND) == ("rule", 97.0, 88.0, 100.0, 9)


def test_later_months_change_no_earlier_forecast(given: Given) -> None:
    rows = "SELECT * FROM marts.indicator_forecasts WHERE month <= '2025-10-01' ORDER BY indicator, month"
    for year, december in {2022: 10, 2023: 5, 2024: 10}.items():
        given.requests({date(year, 1, 15): 10, date(year, 12, 15): december})
    given.requests({date(2025, 1, 15): 10})
    given.smev_speaks(date(2025, 10, 31))
    _events(given, 2024)
    given.events(*days_between(date(2025, 1, 10), date(2025, 1, 13)))
    given.workplaces(date(2024, 9, 30), 1, of=10)
    given.build("indicator_forecasts", now=datetime(2025, 11, 5, tzinfo=UTC))
    before = given.select(rows)
    given.requests({date(2025, 12, 15): 20, date(2026, 3, 1): 7})
    given.smev_speaks(date(2026, 10, 31))
    given.events(*days_between(date(2025, 12, 1), date(2025, 12, 5)))
    given.workplaces(date(2025, 12, 31), 9, of=10)
    given.build("indicator_forecasts")
    assert len(before) == 34 * 7
    assert given.select(rows) == before
