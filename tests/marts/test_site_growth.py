"""Growth of the sites' visitors: matched days, the as-of day, sites that come and go; by hand.

Visitors are numbers: ``numbers(1, 10)`` are ten of them. The baseline year is 2022.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.marts.given import COUNTER, Given, days_between

CODE = "site_visitors_growth"
OTHER = 87654321
JANUARY_10, MARCH_3, MAY_10, JULY_10 = (
    date(2022, 1, 10),
    date(2022, 3, 3),
    date(2022, 5, 10),
    date(2022, 7, 10),
)


def numbers(first: int, last: int) -> range:
    return range(first, last + 1)


def in_2023(day: date) -> date:
    return day.replace(year=2023)


def _growth(given: Given, columns: str, month: date) -> tuple[Any, ...]:
    (row,) = given.indicator(CODE, columns, f"month = '{month}'")
    return row


def _fact(given: Given, month: date) -> Any:
    given.build("indicators_monthly")
    row = _growth(given, "numerator, denominator, fact", month)
    return pytest.approx(row)


def _sites(given: Given, *sites: dict[str, Any]) -> None:
    given.change_passport(lambda content: content.update(sites=list(sites)))


def _of_2022(given: Given, came: dict[date, range], **values: Any) -> None:
    given.site(date(2022, 1, 1), date(2022, 12, 31), came, **values)


def test_full_months_against_the_same_months(given: Given) -> None:
    _of_2022(given, {JANUARY_10: numbers(1, 10), JULY_10: numbers(6, 20)})
    came = {in_2023(JANUARY_10): numbers(1, 12), in_2023(JULY_10): numbers(1, 30)}
    given.site(date(2023, 1, 1), date(2023, 7, 31), came)
    # January and June: 12 visitors against 10. July: 30 against 20.
    assert _fact(given, date(2023, 1, 1)) == (12.0, 10.0, 20.0)
    assert _fact(given, date(2023, 6, 1)) == (12.0, 10.0, 20.0)
    assert _fact(given, date(2023, 7, 1)) == (30.0, 20.0, 50.0)
    # By 2022: January 12 × 20 / 10 = 24, July 30 × 20 / 20 = 30, against the 20 of the whole 2022.
    assert _growth(given, "forecast", date(2023, 1, 1)) == pytest.approx((20.0,))
    assert _growth(given, "forecast", date(2023, 7, 1)) == pytest.approx((50.0,))
    assert _growth(given, "is_complete, data_through", date(2023, 7, 1)) == (
        True,
        date(2023, 7, 31),
    )


def test_month_under_way_is_compared_through_the_same_day(given: Given) -> None:
    late = date(2022, 7, 16)
    _of_2022(given, {JANUARY_10: numbers(1, 10), JULY_10: numbers(6, 20), late: numbers(21, 40)})
    came = {in_2023(JANUARY_10): numbers(1, 12), in_2023(JULY_10): numbers(1, 30)}
    given.site(date(2023, 1, 1), date(2023, 7, 15), came)
    # Through 15 July 30 against 20. The 20 visitors of 16 July 2022 count for the whole year only.
    assert _fact(given, date(2023, 7, 1)) == (30.0, 20.0, 50.0)
    # 30 × 40 / 20 = 60 against 40.
    assert _growth(given, "forecast, is_complete, data_through", date(2023, 7, 1)) == (
        pytest.approx((50.0, False, date(2023, 7, 15)))
    )


def test_one_day_of_january(given: Given) -> None:
    _of_2022(given, {date(2022, 1, 1): numbers(1, 4), JANUARY_10: numbers(1, 20)})
    came = {
        date(2023, 1, 1): numbers(1, 3),
        date(2023, 6, 1): numbers(1, 24),
        date(2024, 1, 1): numbers(1, 5),
    }
    given.site(date(2023, 1, 1), date(2024, 1, 1), came)
    # 5 visitors against the 4 of 1 January 2022.
    assert _fact(given, date(2024, 1, 1)) == (5.0, 4.0, 25.0)
    # By 2023: 5 × 24 / 3 = 40 against the 20 of the whole 2022.
    assert _growth(given, "forecast, is_complete", date(2024, 1, 1)) == pytest.approx((100, False))


def test_month_that_metrica_has_not_reached(given: Given) -> None:
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    given.site(date(2023, 1, 1), date(2023, 12, 31), {in_2023(JANUARY_10): numbers(1, 12)})
    given.events(date(2024, 1, 9))
    given.build("indicators_monthly")
    columns = (
        "numerator, denominator, fact, forecast, forecast_due, expected, status, goal, data_through"
    )
    # The targets stand without a fact.
    assert _growth(given, columns, date(2024, 1, 1)) == (
        *[None] * 6,
        "no_data",
        60.0,
        date(2023, 12, 31),
    )


def test_baseline_from_july_is_matched_by_day_where_the_site_is_known_to_begin_then(
    given: Given,
) -> None:
    _sites(given, {"counter_id": COUNTER, "name": "Сайт", "from": date(2022, 7, 1)})
    given.site(date(2022, 7, 1), date(2022, 12, 31), {JULY_10: numbers(1, 10)})
    came = {in_2023(JANUARY_10): numbers(1, 50), in_2023(JULY_10): numbers(45, 56)}
    given.site(date(2023, 1, 1), date(2023, 7, 31), came)
    # From 1 July 12 against 10; the 56 of the year would give +460 %.
    assert _fact(given, date(2023, 7, 1)) == (12.0, 10.0, 20.0)
    # Nothing of January to June can be compared.
    assert _fact(given, date(2023, 6, 1)) == (None, None, None)


def test_baseline_loaded_from_july_only_is_no_fact(given: Given) -> None:
    given.site(date(2022, 7, 1), date(2022, 12, 31), {JULY_10: numbers(1, 10)})
    came = {in_2023(JANUARY_10): numbers(1, 50), in_2023(JULY_10): numbers(45, 56)}
    given.site(date(2023, 1, 1), date(2023, 12, 31), came)
    # 184 of 365 days are matched: half of them.
    assert _fact(given, date(2023, 12, 1)) == (None, None, None)
    assert _growth(given, "status, is_complete, data_through", date(2023, 12, 1)) == (
        "no_data",
        True,
        date(2023, 12, 31),
    )


def test_baseline_without_its_first_days(given: Given) -> None:
    # 292 of the 304 days through October are matched: 96 %.
    given.site(date(2022, 1, 13), date(2022, 12, 31), {JULY_10: numbers(1, 10)})
    came = {in_2023(JANUARY_10): numbers(1, 50), in_2023(JULY_10): numbers(45, 56)}
    given.site(date(2023, 1, 1), date(2023, 10, 31), came)
    assert _fact(given, date(2023, 10, 1)) == (12.0, 10.0, 20.0)


@pytest.mark.parametrize("year", [2022, 2023])
def test_hole_of_days_in_either_year_leaves_them_out_of_both(given: Given, year: int) -> None:
    hole = days_between(date(year, 3, 1), date(year, 3, 5))
    _of_2022(given, {JANUARY_10: numbers(1, 10), MARCH_3: numbers(101, 150)}, without=hole)
    came = {in_2023(JANUARY_10): numbers(1, 12), in_2023(MARCH_3): numbers(101, 150)}
    given.site(date(2023, 1, 1), date(2023, 6, 30), came, without=hole)
    # The 50 visitors of 3 March are left out of the year that has the day, too.
    assert _fact(given, date(2023, 6, 1)) == (12.0, 10.0, 20.0)


def test_day_without_visitors_is_not_a_hole(given: Given) -> None:
    later = {date(2022, 6, 16): numbers(201, 300)}
    _of_2022(given, {JANUARY_10: numbers(1, 10), MARCH_3: numbers(101, 150), **later})
    given.site(date(2023, 1, 1), date(2023, 6, 15), {in_2023(JANUARY_10): numbers(1, 12)})
    # 3 March 2023 is loaded and empty: 12 against 60. 16 June is not loaded yet.
    assert _fact(given, date(2023, 6, 1)) == (12.0, 60.0, -80.0)


@pytest.mark.parametrize(
    ("missing", "fact"),
    [
        (1, 20.0),  # 9 of 10 days are matched: exactly 90 %
        (2, None),  # 8 of 10
    ],
)
def test_less_than_nine_days_of_ten_matched_is_no_fact(
    given: Given, missing: int, fact: float | None
) -> None:
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    came = {in_2023(JANUARY_10): numbers(1, 12)}
    hole = days_between(date(2023, 1, 3), date(2023, 1, 2 + missing))
    given.site(date(2023, 1, 1), date(2023, 1, 10), came, without=hole)
    assert _fact(given, date(2023, 1, 1)) == (12 if fact else None, 10 if fact else None, fact)


def test_site_without_baseline_that_is_not_said_to_be_younger_is_no_fact(given: Given) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Старый сайт"},
        {"counter_id": OTHER, "name": "Новый сайт"},
    )
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    for counter in (COUNTER, OTHER):
        came = {in_2023(JANUARY_10): numbers(1, 12)}
        given.site(date(2023, 1, 1), date(2023, 1, 31), came, counter=counter)
    # Half of the 62 site days of January are matched.
    assert _fact(given, date(2023, 1, 1)) == (None, None, None)


def test_younger_site_is_left_out(given: Given) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Старый сайт"},
        {"counter_id": OTHER, "name": "Новый сайт", "from": date(2023, 5, 1)},
    )
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    given.site(date(2023, 1, 1), date(2023, 5, 31), {in_2023(JANUARY_10): numbers(1, 12)})
    came = {in_2023(MAY_10): numbers(1, 100)}
    given.site(date(2023, 5, 1), date(2023, 5, 31), came, counter=OTHER)
    given.build("indicators_monthly", "data_coverage")
    row = _growth(given, "numerator, denominator, fact", date(2023, 5, 1))
    assert row == pytest.approx((12.0, 10.0, 20.0))
    ((detail,),) = given.select("SELECT detail FROM marts.data_freshness WHERE source = 'metrica'")
    assert "Новый сайт" in detail


def test_replaced_counter_and_its_successor_are_one_site(given: Given) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Сайт до апреля", "until": date(2023, 3, 31)},
        {"counter_id": OTHER, "name": "Сайт", "from": date(2023, 4, 1), "replaces": COUNTER},
    )
    _of_2022(given, {JANUARY_10: numbers(1, 10), MAY_10: numbers(11, 20)})
    given.site(date(2023, 1, 1), date(2023, 3, 31), {in_2023(JANUARY_10): numbers(1, 12)})
    came = {in_2023(MAY_10): numbers(11, 40)}
    given.site(date(2023, 4, 1), date(2023, 5, 31), came, counter=OTHER)
    # Visitors 1 to 40 against 1 to 20. As two sites 11 and 12 would count twice.
    assert _fact(given, date(2023, 5, 1)) == (40.0, 20.0, 100.0)


def test_dead_counter_does_not_hold_the_as_of_day_of_its_site_back(given: Given) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Сайт до апреля"},
        {"counter_id": OTHER, "name": "Сайт", "from": date(2023, 4, 1), "replaces": COUNTER},
    )
    _of_2022(given, {JANUARY_10: numbers(1, 10), MAY_10: numbers(11, 20)})
    given.site(date(2023, 1, 1), date(2023, 3, 31), {in_2023(JANUARY_10): numbers(1, 12)})
    given.site(
        date(2023, 4, 1), date(2023, 5, 17), {in_2023(MAY_10): numbers(11, 40)}, counter=OTHER
    )
    # The old counter has no `until`: the site is one, and loaded through 17 May.
    assert _fact(given, date(2023, 5, 1)) == (40.0, 20.0, 100.0)
    assert _growth(given, "data_through", date(2023, 5, 1)) == (date(2023, 5, 17),)


def test_days_after_until_count_for_the_growth_but_are_no_days_that_must_be_there(
    given: Given,
) -> None:
    _sites(given, {"counter_id": COUNTER, "name": "Сайт", "until": date(2023, 1, 10)})
    _of_2022(given, {JANUARY_10: numbers(1, 10), date(2022, 1, 20): numbers(11, 20)})
    # Its history stays: what was loaded through the 20th counts. Ten site days are all matched; of the ten
    # days after `until` only five are.
    hole = days_between(date(2023, 1, 11), date(2023, 1, 15))
    came = {in_2023(JANUARY_10): numbers(1, 12), date(2023, 1, 20): numbers(13, 30)}
    given.site(date(2023, 1, 1), date(2023, 1, 20), came, without=hole)
    assert _fact(given, date(2023, 1, 1)) == (30.0, 20.0, 50.0)


def test_days_before_from_are_compared_though_none_of_them_must_be_there(given: Given) -> None:
    _sites(given, {"counter_id": COUNTER, "name": "Сайт", "from": date(2022, 7, 1)})
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    given.site(date(2023, 1, 1), date(2023, 7, 1), {in_2023(JANUARY_10): numbers(1, 12)})
    # June has no site day, July one of them: what was loaded before `from` is known, and counts in both.
    assert _fact(given, date(2023, 6, 1)) == (12.0, 10.0, 20.0)
    assert _fact(given, date(2023, 7, 1)) == (12.0, 10.0, 20.0)


def test_site_is_compared_if_any_of_its_counters_was_there_in_the_base_year(given: Given) -> None:
    # The counter that stands for the site today is the older one: the other was tried and given up.
    _sites(
        given,
        {"counter_id": OTHER, "name": "Пробный", "from": date(2023, 2, 1)},
        {"counter_id": COUNTER, "name": "Сайт", "replaces": OTHER},
    )
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    given.site(date(2023, 1, 1), date(2023, 1, 31), {in_2023(JANUARY_10): numbers(1, 12)})
    assert _fact(given, date(2023, 1, 1)) == (12.0, 10.0, 20.0)


def test_site_that_was_closed_is_compared_through_its_last_day(given: Given) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Сайт"},
        {"counter_id": OTHER, "name": "Закрытый сайт", "until": date(2023, 3, 31)},
    )
    _of_2022(given, {JANUARY_10: numbers(1, 10)})
    _of_2022(given, {JANUARY_10: numbers(1, 10), MAY_10: numbers(101, 200)}, counter=OTHER)
    came = {in_2023(JANUARY_10): numbers(1, 15)}
    given.site(date(2023, 1, 1), date(2023, 5, 31), came)
    given.site(date(2023, 1, 1), date(2023, 3, 31), came, counter=OTHER)
    # 15 + 15 against 10 + 10. May of 2022 has no match at the closed site. It does not hold T back either.
    assert _fact(given, date(2023, 5, 1)) == (30.0, 20.0, 50.0)
    assert _growth(given, "data_through", date(2023, 5, 1)) == (date(2023, 5, 31),)


def test_site_that_stopped_loading_holds_the_as_of_day_back(given: Given) -> None:
    _sites(
        given, {"counter_id": COUNTER, "name": "Сайт"}, {"counter_id": OTHER, "name": "Второй сайт"}
    )
    for counter, last in ((COUNTER, date(2023, 5, 31)), (OTHER, date(2023, 4, 20))):
        _of_2022(given, {JANUARY_10: numbers(1, 10)}, counter=counter)
        came = {in_2023(JANUARY_10): numbers(1, 15), date(2023, 4, 25): numbers(101, 200)}
        given.site(date(2023, 1, 1), last, came, counter=counter)
    given.build("indicators_monthly")
    # April ends on the 20th for both: 15 + 15 against 10 + 10. May is not reached.
    row = _growth(
        given, "numerator, denominator, fact, data_through, is_complete", date(2023, 4, 1)
    )
    assert row == pytest.approx((30.0, 20.0, 50.0, date(2023, 4, 20), False))
    assert given.select("SELECT max(month) FROM marts.indicators_monthly") == [(date(2023, 4, 1),)]


def test_29_february_has_no_match(given: Given) -> None:
    _of_2022(given, {JANUARY_10: numbers(1, 10), date(2022, 3, 1): numbers(11, 30)})
    came = {
        in_2023(JANUARY_10): numbers(1, 10),
        date(2023, 3, 1): numbers(11, 20),
        date(2024, 1, 10): numbers(1, 12),
        date(2024, 2, 29): numbers(13, 99),
    }
    given.site(date(2023, 1, 1), date(2024, 2, 29), came)
    # Through 28 February 12 against 10.
    assert _fact(given, date(2024, 2, 1)) == (12.0, 10.0, 20.0)
    # By 2023 through 28 February: 12 × 20 / 10 = 24 against the 30 of the whole 2022.
    columns = "forecast, is_complete, data_through"
    assert _growth(given, columns, date(2024, 2, 1)) == pytest.approx(
        (-20.0, True, date(2024, 2, 29))
    )


def test_forecast_by_days_where_january_before_had_no_visitor(given: Given) -> None:
    _of_2022(given, {date(2022, 2, 10): numbers(1, 10)})
    given.site(date(2023, 1, 1), date(2023, 3, 10), {date(2023, 3, 10): numbers(1, 5)})
    # January: 0 against 0 cannot be divided.
    assert _fact(given, date(2023, 1, 1)) == (None, None, None)
    assert _fact(given, date(2023, 2, 1)) == (0.0, 10.0, -100.0)
    assert _fact(given, date(2023, 3, 1)) == (5.0, 10.0, -50.0)
    # 31 + 28 + 10 = 69 days: 5 × 365 / 69 against 10.
    forecast = (5 * 365 / 69 / 10 - 1) * 100
    assert _growth(given, "forecast", date(2023, 3, 1)) == pytest.approx((forecast,))


def test_forecast_by_days_where_the_year_before_has_a_long_hole(given: Given) -> None:
    _of_2022(given, {JANUARY_10: numbers(1, 10), JULY_10: numbers(1, 20)})
    given.site(date(2023, 1, 1), date(2023, 1, 31), {in_2023(JANUARY_10): numbers(1, 5)})
    given.site(date(2023, 7, 1), date(2023, 12, 31), {in_2023(JULY_10): numbers(1, 20)})
    given.site(date(2024, 1, 1), date(2024, 1, 31), {date(2024, 1, 10): numbers(1, 12)})
    assert _fact(given, date(2024, 1, 1)) == (12.0, 10.0, 20.0)
    # 215 of the 365 days of 2023 are matched, so 12 × 366 / 31 against 20, and not 12 × 20 / 5.
    forecast = (12 * 366 / 31 / 20 - 1) * 100
    assert _growth(given, "forecast", date(2024, 1, 1)) == pytest.approx((forecast,))


def test_baseline_value_by_the_days_of_the_year(given: Given) -> None:
    given.change_indicator(CODE, baseline_year=None, baseline_value=366)
    given.site(date(2024, 1, 1), date(2024, 1, 17), {date(2024, 1, 10): numbers(1, 34)})
    # 366 × 17 / 366 = 17.
    assert _fact(given, date(2024, 1, 1)) == (34.0, 17.0, 100.0)
    # No year before: 34 × 366 / 17 = 732 against 366.
    assert _growth(given, "forecast", date(2024, 1, 1)) == pytest.approx((100.0,))


def test_baseline_value_counts_29_february(given: Given) -> None:
    given.change_indicator(CODE, baseline_year=None, baseline_value=366)
    given.site(date(2024, 1, 1), date(2024, 2, 29), {date(2024, 2, 29): numbers(1, 90)})
    # 31 + 29 = 60 days. Covered, not matched: 29 February counts.
    assert _fact(given, date(2024, 2, 1)) == (90.0, 60.0, 50.0)


@pytest.mark.parametrize(("missing", "fact"), [(1, 20.0), (2, None)])
def test_baseline_value_needs_nine_days_of_ten_covered(
    given: Given, missing: int, fact: float | None
) -> None:
    given.change_indicator(CODE, baseline_year=None, baseline_value=366)
    hole = days_between(date(2024, 1, 3), date(2024, 1, 2 + missing))
    came = {date(2024, 1, 10): numbers(1, 12)}
    given.site(date(2024, 1, 1), date(2024, 1, 10), came, without=hole)
    # 366 × 10 / 366 = 10: the hole makes the baseline no smaller.
    assert _fact(given, date(2024, 1, 1)) == (12 if fact else None, 10 if fact else None, fact)


@pytest.mark.parametrize(("missing", "fact"), [(5, 50.0), (6, None)])
def test_29_february_is_no_day_that_must_be_covered(
    given: Given, missing: int, fact: float | None
) -> None:
    given.change_indicator(CODE, baseline_year=None, baseline_value=366)
    hole = days_between(date(2024, 1, 11), date(2024, 1, 10 + missing))
    came = {date(2024, 2, 29): numbers(1, 90)}
    given.site(date(2024, 1, 1), date(2024, 2, 29), came, without=hole)
    # 54 of the 59 other days are enough, 53 (89.8 %) are not, though with the 29th it were 54 of 60.
    assert _fact(given, date(2024, 2, 1)) == (90 if fact else None, 60 if fact else None, fact)


def test_forecast_of_a_baseline_value_by_the_year_before(given: Given) -> None:
    given.change_indicator(CODE, baseline_year=None, baseline_value=365)
    came = {
        date(2023, 1, 10): numbers(1, 10),
        date(2023, 1, 16): numbers(1, 30),
        date(2023, 7, 10): numbers(1, 60),
        date(2024, 1, 10): numbers(1, 73),
    }
    given.site(date(2023, 1, 1), date(2024, 1, 15), came)
    given.build("indicators_monthly")
    # Through 15 January 2023 there were 10: 73 × 60 / 10 = 438 against 365.
    assert _growth(given, "forecast", date(2024, 1, 1)) == pytest.approx((20.0,))


def test_closed_sites_reach_as_far_as_the_latest_of_them(given: Given) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Сайт", "until": date(2023, 5, 31)},
        {"counter_id": OTHER, "name": "Второй сайт", "until": date(2023, 3, 31)},
    )
    given.site(date(2023, 5, 1), date(2023, 5, 31))
    given.site(date(2023, 3, 1), date(2023, 3, 31), counter=OTHER)
    given.build("indicators_monthly", now=datetime(2023, 8, 1, tzinfo=UTC))
    assert given.select("SELECT max(month) FROM marts.indicators_monthly") == [(date(2023, 5, 1),)]
    assert _growth(given, "data_through", date(2023, 5, 1)) == (date(2023, 5, 31),)
