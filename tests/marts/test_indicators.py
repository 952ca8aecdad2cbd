"""Indicators: facts, forecasts, plans by edition and statuses, against numbers worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators import settings
from municipal_indicators.reference.passport import load_passport
from tests.marts.given import Given, request


def _indicator(given: Given, code: str, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
    return given.select(
        f"SELECT {columns} FROM marts.indicators_monthly"
        f" WHERE indicator = '{code}' AND {where} ORDER BY month"
    )


def _requests(given: Given, counts: dict[date, int]) -> None:
    rows = [
        request(sent_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        for day, number in counts.items()
        for _ in range(number)
    ]
    given.table("smev", "core.smev_event_rows", rows)


def test_months_run_from_the_first_year_to_the_furthest_source(given: Given) -> None:
    _requests(given, {date(2023, 3, 5): 1})
    given.table(
        "registers",
        "core.event_rows",
        [{"held_on": date(2023, 5, 2), "title": "Семинар"}],
        "events",
    )
    given.build("indicators_monthly")
    assert given.select("SELECT min(month), max(month), count() FROM marts.indicators_monthly") == [
        (date(2023, 1, 1), date(2023, 5, 1), 5 * 7)
    ]


def test_future_dates_do_not_reach(given: Given) -> None:
    given.table(
        "registers",
        "core.event_rows",
        [
            {"held_on": date(2023, 5, 2), "title": "Семинар"},
            {"held_on": date(2031, 1, 1), "title": "Опечатка"},
        ],
        "events",
    )
    given.build("indicators_monthly", now=datetime(2023, 5, 20, tzinfo=UTC))
    assert given.select("SELECT max(month) FROM marts.indicators_monthly") == [(date(2023, 5, 1),)]
    assert _indicator(given, "ict_events", "fact", "month = '2023-05-01'") == [(1.0,)]


def test_nothing_loaded_is_no_data_and_loaded_nothing_is_zero(given: Given) -> None:
    given.table(
        "smev",
        "core.smev_event_rows",
        [request(sent_at=datetime(2023, 1, 9, tzinfo=UTC), is_test=True)],
    )
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "fact, status") == [(0.0, "off_track")]
    for code in ("ict_events", "edms_workplaces_share", "eservices_share", "site_visitors_growth"):
        assert _indicator(given, code, "fact, forecast, status") == [(None, None, "no_data")]
    given.table("registers", "core.event_rows", [], "events")
    given.build("indicators_monthly")
    assert _indicator(given, "ict_events", "fact") == [(0.0,)]


def test_requests_accumulate_over_the_year(given: Given) -> None:
    _requests(given, {date(2023, 1, 31): 2, date(2023, 2, 1): 3, date(2024, 1, 15): 4})
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "fact", "toMonth(month) IN (1, 2, 12)") == [
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
    assert _indicator(given, "smev_requests", "fact") == [(3.0,)]


def test_yearly_forecast_without_a_year_before(given: Given) -> None:
    _requests(given, {date(2023, 1, 31): 2, date(2023, 3, 1): 4})
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "forecast") == [(24.0,), (12.0,), (24.0,)]


def test_yearly_forecast_by_the_year_before(given: Given) -> None:
    _requests(
        given,
        {date(2022, 1, 31): 5, date(2022, 6, 1): 15, date(2023, 1, 31): 10, date(2023, 6, 1): 20},
    )
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "forecast", "toMonth(month) IN (1, 6)") == [
        (40.0,),
        (30.0,),
    ]


def test_year_before_without_january_is_not_used(given: Given) -> None:
    _requests(given, {date(2022, 2, 1): 5, date(2023, 2, 1): 10})
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "forecast", "toMonth(month) = 2") == [(60.0,)]


def test_programme_forecast(given: Given) -> None:
    days = [
        date(2022, 5, 5),
        date(2023, 1, 10),
        date(2023, 2, 10),
        date(2023, 12, 1),
        date(2024, 6, 1),
    ]
    given.table(
        "registers",
        "core.event_rows",
        [{"held_on": d, "title": f"Семинар {d}"} for d in days],
        "events",
    )
    given.build("indicators_monthly")
    facts = dict(_indicator(given, "ict_events", "month, (fact, forecast)"))
    assert facts[date(2023, 1, 1)] == (1.0, 1 + 11 * 1.0)
    assert facts[date(2023, 2, 1)] == (2.0, 2 + 10 * 1.0)
    assert facts[date(2023, 12, 1)] == (3.0, 3.0)
    # The last 12 months before March 2024 brought 3 - 2 = 1 event.
    assert facts[date(2024, 3, 1)] == (3.0, 3 + 9 * 1 / 12)
    assert facts[date(2024, 6, 1)] == (4.0, 4 + 6 * 2 / 12)


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
    assert _indicator(given, "ict_events", "fact") == [(1.0,)]


def test_accumulate_of_the_passport_overrides(given: Given, tmp_path: Path) -> None:
    text = settings.passport_path().read_text(encoding="utf-8")
    text = text.replace("accumulate: year", "accumulate: programme")
    (tmp_path / "programme.yaml").write_text(text, encoding="utf-8")
    given.passport = load_passport(tmp_path / "programme.yaml")
    _requests(given, {date(2022, 1, 31): 5, date(2023, 1, 31): 10, date(2024, 2, 1): 20})
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "fact", "month = '2024-02-01'") == [(30.0,)]


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
    assert _indicator(
        given, "secured_workplaces_share", "fact, numerator, denominator, data_through"
    ) == [
        (third, 1.0, 3.0, january),
        (third, 1.0, 3.0, january),
        (100.0, 2.0, 2.0, march),
        (100.0, 2.0, 2.0, march),
    ]
    assert _indicator(given, "edms_workplaces_share", "fact, forecast") == [
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
    assert _indicator(given, "departments_equipped_share", "numerator, denominator") == [(1.0, 3.0)]


def _visitors(given: Given, day: date, first: int, last: int) -> None:
    given.visits(day, [{"counter_user_id_hash": number} for number in range(first, last + 1)])


def test_growth_against_the_same_months(given: Given) -> None:
    _visitors(given, date(2022, 1, 10), 1, 10)
    _visitors(given, date(2022, 7, 10), 6, 20)
    _visitors(given, date(2023, 1, 10), 1, 12)
    _visitors(given, date(2023, 7, 10), 1, 30)
    given.build("indicators_monthly")
    rows = _indicator(
        given, "site_visitors_growth", "toMonth(month), numerator, denominator, round(fact, 9)"
    )
    assert rows[0] == (1, 12.0, 10.0, 20.0)
    assert rows[5] == (6, 12.0, 10.0, 20.0)
    assert rows[6] == (7, 30.0, 20.0, 50.0)
    # Projected by the year before: 12 × 20 / 10 = 24 visitors against 20 of the whole baseline year.
    assert _indicator(
        given, "site_visitors_growth", "round(forecast, 9)", "toMonth(month) IN (1, 7)"
    ) == [(20.0,), (50.0,)]


def test_growth_without_a_year_before_is_linear(given: Given) -> None:
    _visitors(given, date(2022, 2, 10), 1, 10)
    _visitors(given, date(2023, 3, 10), 1, 5)
    given.build("indicators_monthly")
    assert _indicator(given, "site_visitors_growth", "numerator, fact, forecast, status") == [
        (None, None, None, "no_data"),
        (None, None, None, "no_data"),
        (5.0, -50.0, (5 * 12 / 3 / 10 - 1) * 100, "on_track"),
    ]


def test_growth_with_a_baseline_value(given: Given, tmp_path: Path) -> None:
    text = settings.passport_path().read_text(encoding="utf-8")
    text = text.replace("baseline_year: 2022", "baseline_value: 366")
    (tmp_path / "programme.yaml").write_text(text, encoding="utf-8")
    given.passport = load_passport(tmp_path / "programme.yaml")
    _visitors(given, date(2024, 1, 10), 1, 62)
    given.build("indicators_monthly")
    assert _indicator(
        given, "site_visitors_growth", "denominator, fact, round(forecast, 6)", "year = 2024"
    ) == [(31.0, 100.0, round((62 * 12 / 366 - 1) * 100, 6))]


@pytest.mark.parametrize(
    ("requests", "month", "status"),
    [
        (600, date(2025, 1, 1), "achieved"),
        (50, date(2025, 1, 1), "on_track"),
        (45, date(2025, 1, 1), "at_risk"),
        (44, date(2025, 1, 1), "off_track"),
    ],
)
def test_status(given: Given, requests: int, month: date, status: str) -> None:
    _requests(given, {month: requests})
    given.build("indicators_monthly")
    assert _indicator(given, "smev_requests", "plan, final_plan, status", f"month = '{month}'") == [
        (600.0, 600.0, status)
    ]


def test_edition_in_force_at_the_month_end_rules(given: Given, tmp_path: Path) -> None:
    text = settings.passport_path().read_text(encoding="utf-8")
    text = text.replace("date: 2023-01-01", "date: 2023-03-31").replace(
        "date: 2025-01-01", "date: 2025-01-02"
    )
    (tmp_path / "programme.yaml").write_text(text, encoding="utf-8")
    given.passport = load_passport(tmp_path / "programme.yaml")
    _requests(given, {date(2023, 1, 1): 1, date(2025, 2, 1): 1})
    given.build("indicators_monthly")
    rows = dict(
        _indicator(given, "smev_requests", "month, (edition_date, plan, final_plan, status)")
    )
    assert rows[date(2023, 2, 1)] == (None, None, None, "on_track")
    assert rows[date(2023, 3, 1)] == (date(2023, 3, 31), 500.0, 600.0, "off_track")
    assert rows[date(2024, 12, 1)][:2] == (date(2023, 3, 31), 550.0)
    assert rows[date(2025, 1, 1)][:2] == (date(2025, 1, 2), 600.0)


def test_year_without_target_has_no_plan_but_the_final_one_judges(given: Given) -> None:
    given.table(
        "registers",
        "core.workplace_rows",
        [_workplace("1", date(2023, 1, 9), True, True, True)],
        "workplaces",
    )
    given.build("indicators_monthly")
    assert _indicator(given, "edms_workplaces_share", "plan, final_plan, status") == [
        (None, 40.0, "achieved")
    ]
