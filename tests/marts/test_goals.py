"""Plans, goals, what is expected by when, and statuses, against numbers worked out by hand.

The passport of the tests: `smev_requests` 500 in 2023, 550 in 2024, then 600; `edms_workplaces_share`
40, `site_visitors_growth` 60 and `ict_events` 25, each in 2027. From 31 December 2022 to 31 December
2027 there are 1826 days.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.marts.given import Given

EDMS = "edms_workplaces_share"
EVENTS = "ict_events"
GROWTH = "site_visitors_growth"
SMEV = "smev_requests"


def _row(given: Given, code: str, columns: str, month: date) -> tuple[Any, ...]:
    (row,) = given.indicator(code, columns, f"month = '{month}'")
    return row


def test_goal_is_the_next_target_and_plan_that_of_the_year(given: Given) -> None:
    given.change_targets(EVENTS, {2025: 10, 2027: 25})
    given.events(date(2023, 1, 10))
    given.smev_speaks(date(2026, 1, 9))
    given.build("indicators_monthly")
    columns = "plan, due_year, goal, final_plan"
    assert _row(given, EVENTS, columns, date(2024, 12, 1)) == (None, 2025, 10.0, 25.0)
    assert _row(given, EVENTS, columns, date(2025, 12, 1)) == (10.0, 2025, 10.0, 25.0)
    assert _row(given, EVENTS, columns, date(2026, 1, 1)) == (None, 2027, 25.0, 25.0)


def test_after_the_last_target_there_is_no_goal(given: Given) -> None:
    given.change_targets(EDMS, {2023: 60})
    given.workplaces(date(2023, 1, 31), 1, of=2)
    given.smev_speaks(date(2024, 1, 9))
    given.build("indicators_monthly")
    columns = "plan, due_year, goal, final_plan, forecast_due, expected, status"
    assert _row(given, EDMS, columns, date(2023, 12, 1))[:4] == (60.0, 2023, 60.0, None)
    assert _row(given, EDMS, columns, date(2024, 1, 1)) == (*[None] * 6, "on_track")


def test_targets_stand_without_a_fact(given: Given) -> None:
    given.smev_speaks(date(2023, 1, 9))
    given.build("indicators_monthly")
    columns = "plan, due_year, goal, final_plan, forecast_due, expected, status, is_complete"
    assert _row(given, EDMS, columns, date(2023, 1, 1)) == (
        *(None, 2027, 40.0, 40.0),
        *(None, None, "no_data", True),
    )


# What is expected at T


def test_expected_of_what_is_counted_per_year(given: Given) -> None:
    given.requests({date(2023, 3, 1): 9})
    given.build("indicators_monthly")
    assert _row(given, SMEV, "expected", date(2023, 3, 1)) == pytest.approx((500 * 60 / 365,))


def test_expected_of_events_is_on_the_line_from_the_programme_s_eve(given: Given) -> None:
    given.events(date(2023, 2, 10), date(2023, 3, 9))
    given.build("indicators_monthly", now=datetime(2023, 3, 11, 12, tzinfo=UTC))
    # 28 February is day 59; today, 11 March, is day 70.
    assert _row(given, EVENTS, "expected", date(2023, 2, 1)) == pytest.approx((25 * 59 / 1826,))
    assert _row(given, EVENTS, "expected", date(2023, 3, 1)) == pytest.approx((25 * 70 / 1826,))


def test_expected_growth_is_on_the_line_from_the_programme_s_eve(given: Given) -> None:
    given.site(date(2022, 1, 1), date(2022, 12, 31), {date(2022, 1, 10): range(10)})
    given.site(date(2023, 1, 1), date(2023, 2, 10), {date(2023, 1, 10): range(12)})
    given.build("indicators_monthly")
    # 10 February is day 41.
    assert _row(given, GROWTH, "expected", date(2023, 2, 1)) == pytest.approx((60 * 41 / 1826,))


def test_expected_share_is_on_the_line_from_the_first_month_with_a_fact(given: Given) -> None:
    given.workplaces(date(2023, 1, 17), 1, of=10)
    given.workplaces(date(2024, 1, 17), 2, of=10)
    given.build("indicators_monthly")
    assert _row(given, EDMS, "expected", date(2023, 1, 1)) == pytest.approx((10.0,))
    # From 10 on 31 January 2023 to 40 on 31 December 2027, 1795 days; 365 of them have passed.
    assert _row(given, EDMS, "expected", date(2024, 1, 1)) == pytest.approx((10 + 30 * 365 / 1795,))


def test_line_without_length_is_the_goal(given: Given) -> None:
    given.workplaces(date(2027, 12, 10), 1, of=10)
    given.build("indicators_monthly", now=datetime(2027, 12, 31, 12, tzinfo=UTC))
    assert _row(given, EDMS, "expected, forecast_due", date(2027, 12, 1)) == (40.0, 10.0)


# What is expected at the end of the year of the goal


def test_what_is_counted_per_year_is_judged_by_its_forecast(given: Given) -> None:
    given.change_targets(SMEV, {2025: 600})
    given.requests({date(2023, 1, 31): 31})
    given.build("indicators_monthly")
    # The target of 2025 is that of a year: in January 2023, too, 31 days of it are due.
    columns = "plan, due_year, forecast_due, expected"
    assert _row(given, SMEV, columns, date(2023, 1, 1)) == pytest.approx(
        (None, 2025, 365.0, 600 * 31 / 365)
    )


def test_events_go_on_at_their_pace_until_the_goal(given: Given) -> None:
    given.events(date(2023, 1, 10), date(2023, 2, 10))
    given.smev_speaks(date(2023, 12, 31))
    given.build("indicators_monthly")
    # 2 events in 365 days; 1461 days from 31 December 2023 to 31 December 2027.
    assert _row(given, EVENTS, "forecast, forecast_due", date(2023, 12, 1)) == pytest.approx(
        (2.0, 2 + 2 / 365 * 1461)
    )
    # In February the days left of 2023 come before: 2 events in 59 days, 306 + 1461 days.
    assert _row(given, EVENTS, "forecast_due", date(2023, 2, 1)) == pytest.approx(
        (2 + 2 / 59 * (306 + 1461),)
    )


def test_goal_of_this_year_is_judged_by_the_forecast(given: Given) -> None:
    given.change_targets(EVENTS, {2023: 9})
    given.change_targets(EDMS, {2023: 90})
    given.events(date(2023, 1, 10), date(2023, 2, 10))
    given.workplaces(date(2023, 1, 31), 1, of=10)
    given.workplaces(date(2023, 2, 28), 2, of=10)
    given.build("indicators_monthly")
    assert _row(given, EVENTS, "forecast_due", date(2023, 2, 1)) == pytest.approx(
        (2 + 2 / 59 * 306,)
    )
    assert _row(given, EDMS, "forecast_due", date(2023, 2, 1)) == pytest.approx((20.0,))


def test_share_grows_as_in_the_year_before(given: Given) -> None:
    given.workplaces(date(2023, 1, 31), 1, of=10)
    given.workplaces(date(2023, 8, 31), 3, of=20)
    given.workplaces(date(2024, 2, 29), 2, of=10)
    given.build("indicators_monthly")
    # January 2024: 15 - 10 = 5 points a year, three years are left: 15 + 15.
    assert _row(given, EDMS, "fact, forecast, forecast_due, status", date(2024, 1, 1)) == (
        pytest.approx((15.0, 15.0, 30.0, "off_track"))
    )
    # 29 February 2024 against 28 February 2023: 20 - 10 = 10 a year: 20 + 30.
    assert _row(given, EDMS, "fact, forecast_due, status", date(2024, 2, 1)) == pytest.approx(
        (20.0, 50.0, "on_track")
    )


def test_share_without_a_year_before_grows_as_since_its_first_fact(given: Given) -> None:
    given.workplaces(date(2023, 1, 31), 20, of=100)
    given.workplaces(date(2023, 12, 15), 21, of=100)
    given.build("indicators_monthly")
    # One fact, then no gain.
    assert _row(given, EDMS, "forecast_due", date(2023, 1, 1)) == pytest.approx((20.0,))
    assert _row(given, EDMS, "forecast_due", date(2023, 11, 1)) == pytest.approx((20.0,))
    # 1 point in the 334 days from 31 January to 31 December, four years are left.
    assert _row(given, EDMS, "forecast_due", date(2023, 12, 1)) == pytest.approx(
        (21 + 4 * 365 / 334,)
    )


@pytest.mark.parametrize(("before", "now", "clipped"), [(1, 5, 100.0), (9, 5, 0.0)])
def test_share_expected_later_stays_a_share(
    given: Given, before: int, now: int, clipped: float
) -> None:
    given.workplaces(date(2023, 1, 31), before, of=10)
    given.workplaces(date(2023, 6, 30), now, of=10)
    given.build("indicators_monthly")
    # 40 points up or down in 150 days.
    assert _row(given, EDMS, "forecast_due", date(2023, 6, 1)) == (clipped,)


def test_growth_goes_on_as_since_the_same_day_of_the_year_before(given: Given) -> None:
    given.site(date(2022, 1, 1), date(2022, 12, 31), {date(2022, 1, 10): range(10)})
    came = {
        date(2023, 1, 10): range(11),
        date(2023, 1, 20): range(20),
        date(2024, 1, 10): range(13),
    }
    given.site(date(2023, 1, 1), date(2024, 1, 10), came)
    given.build("indicators_monthly")
    # Through 10 January +30 % against +10 % a year before: 20 points a year, three years are left.
    # By 2023 the year ends with 13 × 20 / 11 visitors against 10.
    forecast = (13 * 20 / 11 / 10 - 1) * 100
    assert _row(given, GROWTH, "fact, forecast, forecast_due", date(2024, 1, 1)) == pytest.approx(
        (30.0, forecast, forecast + 3 * 20)
    )


def test_growth_without_a_year_before_goes_on_as_since_the_first_fact(given: Given) -> None:
    given.site(date(2022, 1, 1), date(2022, 12, 31), {date(2022, 1, 10): range(10)})
    came = {date(2023, 1, 10): range(11), date(2023, 3, 10): range(12)}
    given.site(date(2023, 1, 1), date(2023, 3, 31), came)
    given.build("indicators_monthly")
    assert _row(given, GROWTH, "forecast_due", date(2023, 1, 1)) == pytest.approx((10.0,))
    # From +10 % on 31 January to +20 % on 31 March, 59 days; four years are left.
    assert _row(given, GROWTH, "forecast_due", date(2023, 3, 1)) == pytest.approx(
        (20 + 4 * 10 * 365 / 59,)
    )


# Statuses


@pytest.mark.parametrize(
    ("requests", "status"),
    [
        (600, "achieved"),
        (51, "on_track"),  # 51 × 365 / 31 = 600.5
        (50, "at_risk"),  # 588.7
        (46, "at_risk"),  # 541.6; 0.9 × 600 = 540
        (45, "off_track"),  # 529.8
    ],
)
def test_status_of_a_count(given: Given, requests: int, status: str) -> None:
    given.requests({date(2025, 1, 31): requests})
    given.build("indicators_monthly")
    columns = "plan, final_plan, due_year, goal, status"
    assert _row(given, SMEV, columns, date(2025, 1, 1)) == (600.0, 600.0, 2025, 600.0, status)


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        (39, 40, "achieved"),
        (36, 36, "at_risk"),  # exactly 0.9 × 40
        (35, 35, "off_track"),
        (10, 18, "on_track"),  # 18 + 3 × 8 = 42
        (10, 17, "at_risk"),  # 17 + 3 × 7 = 38
        (50, 39, "off_track"),  # 39 - 3 × 11 = 6
    ],
)
def test_status_before_a_later_goal_is_by_what_is_expected_then(
    given: Given, before: int, now: int, status: str
) -> None:
    given.workplaces(date(2023, 1, 31), before, of=100)
    given.workplaces(date(2024, 1, 31), now, of=100)
    given.build("indicators_monthly")
    assert _row(given, EDMS, "plan, goal, status", date(2024, 1, 1)) == (None, 40.0, status)


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        (40, 40, "achieved"),
        (43, 43, "at_risk"),  # 1.1 × 40 = 44
        (46, 46, "off_track"),
        (60, 50, "on_track"),  # 50 - 3 × 10 = 20
        (52, 49, "on_track"),  # 49 - 3 × 3 = 40
        (42, 41, "on_track"),  # 41 - 3 × 1 = 38
        (41, 42, "off_track"),  # 42 + 3 × 1 = 45
    ],
)
def test_status_where_less_is_better(given: Given, before: int, now: int, status: str) -> None:
    given.change_indicator(EDMS, direction="down")
    given.workplaces(date(2023, 1, 31), before, of=100)
    given.workplaces(date(2024, 1, 31), now, of=100)
    given.build("indicators_monthly")
    assert _row(given, EDMS, "status", date(2024, 1, 1)) == (status,)


# Editions


def _dates_of_editions(given: Given, first: date, second: date) -> None:
    def change(content: dict[str, Any]) -> None:
        content["editions"][0]["date"], content["editions"][1]["date"] = first, second

    given.change_passport(change)


def test_edition_in_force_at_the_month_end_rules(given: Given) -> None:
    _dates_of_editions(given, date(2023, 3, 31), date(2025, 1, 20))
    given.requests({date(2023, 1, 1): 1, date(2025, 1, 9): 1})
    given.build("indicators_monthly")
    rows = dict(
        given.indicator(SMEV, "month, (edition_date, plan, due_year, goal, final_plan, status)")
    )
    assert rows[date(2023, 2, 1)] == (*[None] * 5, "on_track")
    assert rows[date(2023, 3, 1)] == (date(2023, 3, 31), 500.0, 2023, 500.0, 600.0, "off_track")
    assert rows[date(2024, 12, 1)] == (date(2023, 3, 31), 550.0, 2024, 550.0, 600.0, "no_data")
    # The messages end before the edition comes into force, the month does not.
    assert rows[date(2025, 1, 1)] == (date(2025, 1, 20), 600.0, 2025, 600.0, 600.0, "off_track")


def test_edition_changes_the_goal_from_its_month_on(given: Given) -> None:
    def change(content: dict[str, Any]) -> None:
        content["editions"][1]["targets"][EDMS] = {2026: 30, 2027: 60}

    given.change_passport(change)
    given.workplaces(date(2023, 1, 31), 1, of=10)
    given.smev_speaks(date(2025, 1, 9))
    given.build("indicators_monthly")
    columns = "due_year, goal, expected, final_plan"
    # From 10 on 31 January 2023, 700 of 1795 days to 40 in 2027; then 731 of 1430 days to 30 in 2026.
    assert _row(given, EDMS, columns, date(2024, 12, 1)) == pytest.approx(
        (2027, 40.0, 10 + 30 * 700 / 1795, 40.0)
    )
    assert _row(given, EDMS, columns, date(2025, 1, 1)) == pytest.approx(
        (2026, 30.0, 10 + 20 * 731 / 1430, 60.0)
    )


@pytest.mark.parametrize("named_by", ["the new edition", "the old edition"])
def test_prolonged_programme_does_not_change_what_was_final_before(
    given: Given, named_by: str
) -> None:
    def change(content: dict[str, Any]) -> None:
        old, new = content["editions"]
        new["targets"][EDMS] = {2027: 40, 2030: 50}
        if named_by == "the new edition":
            new["last_year"] = 2030
        else:
            content["last_year"], old["last_year"] = 2030, 2027

    given.change_passport(change)
    given.workplaces(date(2023, 1, 31), 1, of=10)
    given.smev_speaks(date(2025, 1, 9))
    given.build("indicators_monthly")
    columns = "final_plan, due_year, goal"
    assert _row(given, EDMS, columns, date(2024, 12, 1)) == (40.0, 2027, 40.0)
    assert _row(given, EDMS, columns, date(2025, 1, 1)) == (50.0, 2027, 40.0)
