"""Indicators: months, facts and forecasts, against numbers worked out by hand.

Growth of visitors: test_site_growth.py. Plans, goals and statuses: test_goals.py. What a month under
way may not move: test_young_months.py.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.marts.given import Given, request


def test_months_run_from_the_first_year_to_the_furthest_source(given: Given) -> None:
    given.requests({date(2023, 3, 5): 1})
    given.events(date(2023, 5, 2))
    given.build("indicators_monthly")
    assert given.select("SELECT min(month), max(month), count() FROM marts.indicators_monthly") == [
        (date(2023, 1, 1), date(2023, 5, 1), 5 * 7)
    ]


def test_future_dates_do_not_reach(given: Given) -> None:
    given.events(date(2023, 5, 2), date(2031, 1, 1))
    given.smev_speaks(date(2023, 5, 3))
    given.smev_speaks(date(2023, 9, 1))
    given.build("indicators_monthly", now=datetime(2023, 5, 20, tzinfo=UTC))
    assert given.select("SELECT max(month) FROM marts.indicators_monthly") == [(date(2023, 5, 1),)]
    assert given.indicator("ict_events", "fact", "month = '2023-05-01'") == [(1.0,)]


def test_first_day_of_a_service_opens_no_month(given: Given) -> None:
    given.catalogue(date(2023, 10, 20), date(2023, 11, 19))
    given.build("indicators_monthly")
    assert given.select("SELECT max(month) FROM marts.indicators_monthly") == [(date(2023, 10, 1),)]


def test_nothing_loaded_is_no_data_and_loaded_nothing_is_zero(given: Given) -> None:
    given.smev_speaks(date(2023, 1, 9))
    given.build("indicators_monthly")
    assert given.indicator("smev_requests", "fact, status") == [(0.0, "off_track")]
    for code in ("ict_events", "edms_workplaces_share", "eservices_share", "site_visitors_growth"):
        columns = (
            "fact, numerator, denominator, forecast, forecast_due, expected, data_through, status"
        )
        assert given.indicator(code, columns) == [(*[None] * 7, "no_data")], code
    given.table("registers", "core.event_rows", [], "events")
    given.build("indicators_monthly")
    assert given.indicator("ict_events", "fact") == [(0.0,)]


def test_year_of_which_smev_says_nothing_has_no_fact(given: Given) -> None:
    given.requests({date(2023, 3, 1): 2})
    given.events(date(2024, 1, 9))
    given.build("indicators_monthly")
    columns = "fact, status, is_complete, data_through"
    # January 2023 ends before the first message, January 2024 is beyond the last one.
    assert given.indicator("smev_requests", columns, "toMonth(month) IN (1, 12)") == [
        (None, "no_data", True, date(2023, 1, 31)),
        (2.0, "off_track", False, date(2023, 3, 1)),
        (None, "no_data", False, date(2023, 3, 1)),
    ]


def test_requests_accumulate_over_the_year(given: Given) -> None:
    given.requests({date(2023, 1, 31): 2, date(2023, 2, 1): 3, date(2024, 1, 15): 4})
    given.build("indicators_monthly")
    assert given.indicator("smev_requests", "fact", "toMonth(month) IN (1, 2, 12)") == [
        (2.0,),
        (5.0,),
        (5.0,),
        (4.0,),
    ]


def test_request_day_is_cut_in_the_programme_zone(given: Given) -> None:
    rows = [
        request(sent_at=datetime(2023, 1, 31, 20, 59, tzinfo=UTC)),
        request(sent_at=datetime(2023, 1, 31, 21, 0, tzinfo=UTC)),
    ]
    given.table("smev", "core.smev_event_rows", rows)
    given.build("smev_requests_daily")
    assert given.select("SELECT day, requests FROM marts.smev_requests_daily ORDER BY day") == [
        (date(2023, 1, 31), 1),
        (date(2023, 2, 1), 1),
    ]


def test_only_requests_to_us_count(given: Given) -> None:
    at = datetime(2023, 1, 9, tzinfo=UTC)
    rows = [
        request("a", sent_at=at),
        request("b", sent_at=at, recipient="OTHER"),
        request("c", sent_at=at, recipient="mtsensk_adm"),
        request("d", sent_at=at, recipient=""),
    ]
    given.table("smev", "core.smev_event_rows", rows)
    given.build("indicators_monthly")
    assert given.indicator("smev_requests", "fact") == [(3.0,)]


def test_yearly_forecast_without_a_year_before_is_by_days(given: Given) -> None:
    given.requests({date(2023, 1, 31): 2, date(2023, 3, 1): 4})
    given.build("indicators_monthly")
    # Through 31 January, 28 February and, where the messages end, 1 March: 31, 59 and 60 days.
    assert _forecasts(given, "smev_requests") == pytest.approx(
        [2 * 365 / 31, 2 * 365 / 59, 6 * 365 / 60]
    )


def test_yearly_forecast_by_the_same_days_of_the_year_before(given: Given) -> None:
    given.requests({date(2022, 1, 31): 5, date(2022, 6, 1): 15, date(2022, 6, 20): 10})
    given.requests({date(2023, 1, 31): 10, date(2023, 6, 1): 20})
    given.build("indicators_monthly")
    # January 10 × 30 / 5. Through 1 June 30 × 30 / 20: the 10 requests of 20 June 2022 are to come.
    assert _forecasts(given, "smev_requests", "toMonth(month) IN (1, 6)") == pytest.approx([60, 45])


def test_year_before_without_january_is_not_used(given: Given) -> None:
    given.requests({date(2022, 2, 1): 5, date(2023, 2, 1): 10})
    given.build("indicators_monthly")
    # 31 + 1 = 32 days.
    assert _forecasts(given, "smev_requests", "toMonth(month) = 2") == pytest.approx(
        [10 * 365 / 32]
    )


def test_january_before_that_began_after_the_same_day_is_not_used(given: Given) -> None:
    given.requests({date(2022, 1, 20): 31, date(2023, 1, 5): 2})
    given.build("indicators_monthly")
    assert _forecasts(given, "smev_requests") == pytest.approx([2 * 365 / 5])


def test_29_february_is_compared_through_the_28th(given: Given) -> None:
    given.requests({date(2023, 1, 10): 4, date(2023, 2, 28): 6, date(2023, 3, 1): 30})
    given.requests({date(2024, 1, 10): 5, date(2024, 2, 29): 15})
    given.build("indicators_monthly")
    columns = "fact, forecast, is_complete, data_through"
    # The 29th counts: 5 + 15. By 2023: 20 × 40 / 10.
    assert given.indicator("smev_requests", columns, "month = '2024-02-01'") == [
        (20.0, 80.0, True, date(2024, 2, 29))
    ]


def test_days_of_a_leap_year(given: Given) -> None:
    given.requests({date(2024, 2, 29): 10})
    given.build("indicators_monthly")
    assert _forecasts(given, "smev_requests", "month = '2024-02-01'") == pytest.approx(
        [10 * 366 / 60]
    )


def test_events_with_less_than_a_year_of_history(given: Given) -> None:
    given.events(date(2022, 5, 5), date(2023, 1, 10), date(2023, 2, 10))
    given.smev_speaks(date(2023, 3, 2))
    given.build("indicators_monthly", now=datetime(2023, 3, 11, 12, tzinfo=UTC))
    # 2 events in 59 days with 306 days left; on 11 March, which is today, in 70 days with 295 left.
    assert _forecasts(given, "ict_events", "toMonth(month) >= 2") == pytest.approx(
        [2 + 2 / 59 * 306, 2 + 2 / 70 * 295]
    )
    assert given.indicator("ict_events", "fact, is_complete, data_through") == [
        (1.0, True, date(2023, 1, 10)),
        (2.0, True, date(2023, 2, 10)),
        (2.0, False, date(2023, 2, 10)),
    ]


def test_events_with_more_than_a_year_of_history(given: Given) -> None:
    given.events(
        *(date(2023, 1, 10), date(2023, 2, 10), date(2023, 7, 1), date(2023, 12, 1)),
        date(2024, 6, 1),
    )
    given.build("indicators_monthly")
    facts = dict(given.indicator("ict_events", "month, (fact, forecast)"))
    # No day is left of 2023.
    assert facts[date(2023, 12, 1)] == pytest.approx((4, 4))
    # The 365 days through 31 March 2024 begin on 2 April 2023 and hold 2 events; 275 days are left.
    assert facts[date(2024, 3, 1)] == pytest.approx((4, 4 + 2 / 365 * 275))
    # Those through 30 June 2024 begin on 2 July 2023, the day after an event; 184 days are left.
    assert facts[date(2024, 6, 1)] == pytest.approx((5, 5 + 2 / 365 * 184))


def test_same_event_counts_once(given: Given) -> None:
    given.table(
        "registers",
        "core.event_rows",
        [{"held_on": date(2023, 1, 10), "title": "Семинар по  ЭП"}],
        "events",
    )
    given.table(
        "registers",
        "core.event_rows",
        [{"held_on": date(2023, 1, 10), "title": "семинар по эп "}],
        "events",
    )
    given.build("indicators_monthly")
    assert given.indicator("ict_events", "fact") == [(1.0,)]


def test_accumulate_of_the_passport_overrides(given: Given) -> None:
    given.change_indicator("smev_requests", accumulate="programme")
    given.requests({date(2022, 1, 31): 5, date(2023, 1, 31): 10, date(2024, 2, 1): 20})
    given.build("indicators_monthly")
    # The 365 days through 1 February 2024 hold 20 of the 30; 334 days are left.
    assert given.indicator("smev_requests", "fact, forecast", "month = '2024-02-01'") == [
        pytest.approx((30, 30 + 20 / 365 * 334))
    ]


def _workplace(number: str, as_of: date, pc: bool, protection: bool, edms: bool) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "number": number,
        "has_pc": pc,
        "has_protection": protection,
        "has_edms": edms,
    }


def test_registers_carry_their_latest_value_forward(given: Given) -> None:
    january, march = date(2023, 1, 31), date(2023, 3, 1)
    given.table(
        "registers",
        "core.workplace_rows",
        [
            _workplace("001", january, True, True, False),
            _workplace("002", january, True, False, True),
            _workplace("003", january, False, True, False),
            _workplace("001", march, True, True, True),
            _workplace("002", march, True, True, True),
        ],
        "workplaces",
    )
    given.visits(date(2023, 4, 1))
    given.build("indicators_monthly")
    third = 1 / 3 * 100
    assert given.indicator(
        "secured_workplaces_share", "fact, numerator, denominator, data_through"
    ) == [
        (third, 1.0, 3.0, january),
        (third, 1.0, 3.0, january),
        (100.0, 2.0, 2.0, march),
        (100.0, 2.0, 2.0, march),
    ]
    assert given.indicator("edms_workplaces_share", "fact, forecast") == [
        (third, third),
        (third, third),
        (100.0, 100.0),
        (100.0, 100.0),
    ]


def test_departments_fully_equipped(given: Given) -> None:
    rows = [("Отдел А", 5, 5), ("Отдел Б", 5, 4), ("Отдел В", 3, 4), ("отдел  в", 3, 1)]
    given.table(
        "registers",
        "core.department_rows",
        [
            {"as_of": date(2023, 1, 15), "department": d, "required": r, "equipped": e}
            for d, r, e in rows
        ],
        "departments",
    )
    given.build("indicators_monthly")
    assert given.indicator("departments_equipped_share", "numerator, denominator") == [(1.0, 3.0)]


def test_share_of_services_is_that_of_the_month_end(given: Given) -> None:
    given.catalogue(date(2023, 10, 20), date(2023, 1, 1), date(2023, 10, 25))
    given.build("indicators_monthly")
    # The service of 25 October is active on the 31st, though the data reach the 20th.
    columns = "fact, denominator, is_complete, data_through"
    assert given.indicator("eservices_share", columns, "toMonth(month) >= 9") == [
        (100.0, 1.0, True, date(2023, 9, 30)),
        (100.0, 2.0, True, date(2023, 10, 20)),
    ]


def test_register_of_a_later_day_of_the_month_counts_for_the_month(given: Given) -> None:
    given.workplaces(date(2023, 10, 17), 1, of=2)
    given.build("indicators_monthly")
    assert given.indicator(
        "edms_workplaces_share", "fact, is_complete, data_through", "toMonth(month) >= 9"
    ) == [(None, True, None), (50.0, True, date(2023, 10, 17))]


def _forecasts(given: Given, code: str, where: str = "1") -> list[float | None]:
    return [forecast for (forecast,) in given.indicator(code, "forecast", where)]
