"""Growth and freshness of docs/indicators.md in worlds so small that every number is counted by hand."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.oracle_calendar import days_between
from tests.end_to_end.oracle_growth import Audience, Counter, left_out, missing_days, parts, reach
from tests.end_to_end.oracle_site import Span
from tests.end_to_end.tiny_worlds import came, growth_row, site


@pytest.mark.parametrize(("day", "days"), [(5, 64), (17, 76), (31, 90)])
def test_growth_of_a_young_month_compares_the_same_days(day: int, days: int) -> None:
    # 31 + 28 days of January and February 2023, and those of March: two came a day, one in 2022.
    today = date(2023, 3, day)
    row = growth_row([site(today)], date(2023, 3, 1), today, {2025: 60})
    assert (row["numerator"], row["denominator"], row["fact"]) == (2 * days, days, 100)
    # 2022 grew from `days` to 365, so 2 * 365 come in 2023: twice as many as in 2022.
    assert row["forecast"] == pytest.approx(100)
    assert row["data_through"] == today
    assert row["is_complete"] is (day == 31)


def test_growth_stands_until_its_source_reaches_the_next_month() -> None:
    counters = [site(date(2023, 10, 31))]
    october = growth_row(counters, date(2023, 10, 1), date(2023, 11, 1), {2025: 60})
    november = growth_row(counters, date(2023, 11, 1), date(2023, 11, 29), {2025: 60})
    moved = {name for name in october if october[name] != november[name]}
    assert moved == {"month", "is_complete"}


def test_growth_of_a_january_that_no_day_reaches_is_no_data() -> None:
    row = growth_row([site(date(2023, 12, 31))], date(2024, 1, 1), date(2024, 1, 5), {2025: 60})
    assert row["status"] == "no_data"
    for name in ("numerator", "denominator", "fact", "forecast", "forecast_due", "expected"):
        assert row[name] is None, name
    assert (row["data_through"], row["is_complete"]) == (date(2023, 12, 31), False)
    assert (row["due_year"], row["goal"], row["final_plan"]) == (2025, 60, 60)


@pytest.mark.parametrize("day", [28, 29])
def test_29_february_has_no_match(day: int) -> None:
    today = date(2024, 2, day)
    row = growth_row([site(today)], date(2024, 2, 1), today, {2025: 60})
    # 59 days are matched on the 28th and on the 29th: three came a day, one in 2022.
    assert (row["numerator"], row["denominator"], row["fact"]) == (177, 59, 200)
    # A year before, on 28 February 2023, the fact was 100: one more year brings 100 more.
    assert row["forecast_due"] == pytest.approx(200 + 100)


def test_a_hole_in_the_baseline_is_left_out_of_both_years() -> None:
    hole = days_between(date(2022, 1, 10), date(2022, 1, 12))
    today = date(2023, 3, 31)
    row = growth_row([site(today, hole)], date(2023, 3, 1), today, {2025: 60})
    # 90 days, 87 of them matched. The forecast: 174 * 362 / 87 of 362 in the whole of 2022.
    assert (row["numerator"], row["denominator"], row["fact"]) == (174, 87, 100)
    assert row["forecast"] == pytest.approx(100)


def test_a_hole_in_the_year_is_left_out_of_the_baseline() -> None:
    hole = [date(2023, 1, 20)]
    found = parts(Audience.of([site(date(2023, 1, 31), hole)], 2022, None), date(2023, 1, 31))
    assert found == (60, 30)


@pytest.mark.parametrize(("holes", "found"), [(1, (18, 9)), (2, None)])
def test_less_than_nine_tenths_of_the_days_cannot_be_compared(
    holes: int, found: tuple[int, int] | None
) -> None:
    hole = days_between(date(2022, 1, 1), date(2022, 1, holes))
    audience = Audience.of([site(date(2023, 1, 10), hole)], 2022, None)
    assert parts(audience, date(2023, 1, 10)) == found


def test_a_young_year_before_projects_by_days() -> None:
    # Of 2022 only January through March are loaded: 90 of 365 days.
    hole = days_between(date(2022, 4, 1), date(2022, 12, 31))
    today = date(2023, 3, 31)
    row = growth_row([site(today, hole)], date(2023, 3, 1), today, {2025: 60})
    # 180 * 365 / 90 = 730 will have come in 2023, 90 came on all loaded days of 2022.
    assert row["forecast"] == pytest.approx((730 / 90 - 1) * 100)


def test_a_younger_site_is_left_out() -> None:
    today = date(2023, 6, 30)
    younger = Counter(2, "Молодой", came(date(2023, 6, 1), today), since=date(2023, 6, 1))
    alone = growth_row([site(today)], date(2023, 6, 1), today, {2025: 60})
    both = growth_row([site(today), younger], date(2023, 6, 1), today, {2025: 60})
    assert alone == both
    assert [one.name for one in left_out([site(today), younger], 2022)] == ["Молодой"]


def test_a_site_that_began_within_the_base_year_is_compared_from_then_on() -> None:
    today = date(2023, 6, 30)
    second = Counter(2, "Второй", came(date(2022, 6, 1), today), since=date(2022, 6, 1))
    found = parts(Audience.of([site(today), second], 2022, None), today)
    # 181 days of the first site and the 30 of June of the second.
    assert found == (2 * 211, 211)


def test_a_replaced_counter_stands_for_its_site() -> None:
    moved = date(2023, 3, 1)
    old = Counter(1, "Старый", came(date(2022, 1, 1), date(2023, 2, 28)), until=date(2023, 2, 28))
    new = Counter(2, "Новый", came(moved, date(2023, 3, 31)), since=moved, replaces=1)
    assert parts(Audience.of([new, old], 2022, None), date(2023, 3, 31)) == (180, 90)
    assert reach([old, new], date(2023, 4, 1)) == date(2023, 3, 31)
    assert left_out([old, new], 2022) == []


def test_a_site_is_left_out_only_if_none_of_its_counters_was_there() -> None:
    young = Counter(1, "Пробный", {}, since=date(2023, 2, 1))
    old = Counter(2, "Сайт", {}, replaces=1)
    assert left_out([young, old], 2022) == []
    younger = Counter(2, "Сайт", {}, since=date(2023, 5, 1), replaces=1)
    assert [one.name for one in left_out([young, younger], 2022)] == ["Сайт"]


def test_a_baseline_value_stands_for_its_year() -> None:
    # 14 March is day 73 of 365: a fifth of 365 visitors.
    today = date(2023, 3, 14)
    counters = [Counter(1, "Сайт", came(date(2023, 1, 1), today))]
    row = growth_row(counters, date(2023, 3, 1), today, {2025: 60}, value=365)
    assert (row["numerator"], row["denominator"], row["fact"]) == (146, 73, 100)
    # No January before: 146 * 365 / 73 = 730, twice the value.
    assert row["forecast"] == pytest.approx(100)


def test_a_baseline_value_counts_29_february() -> None:
    # Day 60 of 366; three came on each of them.
    today = date(2024, 2, 29)
    audience = Audience.of([site(today)], None, 366)
    assert parts(audience, today) == (180, 60)


def test_a_baseline_value_asks_for_covered_days_only() -> None:
    hole = [date(2023, 1, 2), date(2023, 1, 3)]
    audience = Audience.of([site(date(2023, 1, 10), hole)], None, 365)
    assert parts(audience, date(2023, 1, 10)) is None


def test_growth_that_is_due_later_grows_as_in_the_last_year() -> None:
    today = date(2024, 6, 30)
    row = growth_row([site(today)], date(2024, 6, 1), today, {2026: 500})
    # 200 % now, 100 % a year before, two years to go.
    assert row["fact"] == pytest.approx(200)
    assert row["forecast_due"] == pytest.approx(200 + 2 * 100)
    # 182 + 365 of the 365 + 366 + 365 + 365 days to the end of 2026.
    assert row["expected"] == pytest.approx(500 * 547 / 1461)
    assert row["status"] == "off_track"


def test_growth_without_a_year_before_grows_as_since_its_earliest_fact() -> None:
    today = date(2023, 6, 30)
    row = growth_row([site(today)], date(2023, 6, 1), today, {2024: 110})
    # 100 % in January as in June: a year brings nothing.
    assert row["forecast_due"] == pytest.approx(100)
    assert row["status"] == "at_risk"


# Reach and health.


def test_reach_is_that_of_the_site_that_stopped_loading() -> None:
    counters = [
        site(date(2023, 9, 3)),
        Counter(2, "Второй", came(date(2023, 1, 1), date(2023, 11, 5))),
    ]
    assert reach(counters, date(2023, 11, 6)) == date(2023, 9, 3)
    closed = [site(date(2023, 9, 3), until=date(2023, 9, 3)), counters[1]]
    assert reach(closed, date(2023, 11, 6)) == date(2023, 11, 5)
    assert reach(closed[:1], date(2023, 11, 6)) == date(2023, 9, 3)
    new = [*closed, Counter(3, "Новый", {}, since=date(2023, 11, 1))]
    assert reach(new, date(2023, 11, 6)) == date(2023, 11, 5)
    assert reach([Counter(3, "Новый", {})], date(2023, 11, 6)) is None


def test_missing_days_are_told_while_a_site_is_observed() -> None:
    hole = [date(2022, 5, 1), date(2023, 2, 2)]
    counters = [
        site(date(2023, 3, 10), hole),
        Counter(2, "Второй", came(date(2023, 3, 1), date(2023, 3, 8)), since=date(2023, 3, 1)),
        Counter(3, "Закрытый", came(date(2022, 1, 1), date(2022, 2, 1)), until=date(2022, 2, 1)),
    ]
    found = missing_days(counters, 2022, 2023, date(2023, 3, 12))
    assert found == {
        "Сайт": [date(2022, 5, 1), date(2023, 2, 2), date(2023, 3, 11)],
        "Второй": [date(2023, 3, 9), date(2023, 3, 10), date(2023, 3, 11)],
    }


def test_a_programme_day_needs_every_counter_day_that_it_touches() -> None:
    # A day of Moscow ends at 2:00 of the next day in Yekaterinburg.
    span = Span(
        date(2024, 1, 1),
        date(2024, 1, 6),
        ZoneInfo("Asia/Yekaterinburg"),
        frozenset([date(2024, 1, 4)]),
    )
    assert span.programme_days(ZoneInfo("Europe/Moscow")) == [
        date(2024, 1, 1),
        date(2024, 1, 2),
        date(2024, 1, 5),
    ]


# What is counted.
