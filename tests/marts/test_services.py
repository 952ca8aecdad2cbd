"""Service marts: newest state wins, terms in dates and working days, the catalogue as of each month's end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.marts.given import NOW, Given, application, decided


def test_newest_status_wins_whatever_the_order(given: Given) -> None:
    given.applications(decided("a", date(2024, 3, 9)))
    given.applications(application("a", status_at=datetime(2024, 3, 5, tzinfo=UTC)))
    given.build("service_applications_monthly")
    assert given.select(
        "SELECT status_group, applications FROM marts.service_applications_monthly"
    ) == [("provided", 1)]


def test_equal_dates_final_beats_open_then_later_file(given: Given) -> None:
    day = datetime(2024, 3, 9, tzinfo=UTC)
    given.applications(
        decided("a", day.date(), status_group="refused", file_at=NOW - timedelta(days=9))
    )
    given.applications(application("a", status_at=day, file_at=NOW))
    given.applications(
        decided("a", day.date(), status_group="withdrawn", file_at=NOW - timedelta(days=5))
    )
    given.build("service_applications_monthly")
    assert given.select("SELECT status_group FROM marts.service_applications_monthly") == [
        ("withdrawn",)
    ]


def test_drafts_and_failures_are_left_out(given: Given) -> None:
    given.applications(
        application("a", status_group="draft"), application("b", status_group="failed")
    )
    given.applications(application("c", status_group="unknown"))
    given.build("service_applications_monthly")
    assert given.select(
        "SELECT status_group, applications FROM marts.service_applications_monthly"
    ) == [("unknown", 1)]


@pytest.mark.parametrize(
    ("filed", "working_days", "finished", "on_time", "overdue"),
    [
        # Friday 2024-03-01 + 5 working days without Friday 8 March: Monday 11 March.
        (date(2024, 3, 1), 5, date(2024, 3, 11), 1, 0),
        (date(2024, 3, 1), 5, date(2024, 3, 12), 0, 1),
        # Filed on a Saturday: the first working day is Monday.
        (date(2024, 6, 1), 1, date(2024, 6, 3), 1, 0),
        (date(2024, 6, 1), 1, date(2024, 6, 4), 0, 1),
        # Over the New Year holidays of 2023/24.
        (date(2023, 12, 28), 3, date(2024, 1, 10), 1, 0),
        (date(2023, 12, 28), 3, date(2024, 1, 11), 0, 1),
        (date(2024, 3, 4), 0, date(2024, 3, 4), 1, 0),
    ],
)
def test_term_in_working_days(
    given: Given, filed: date, working_days: int, finished: date, on_time: int, overdue: int
) -> None:
    given.applications(decided("a", finished, filed_on=filed, due_working_days=working_days))
    given.build("service_applications_monthly")
    assert given.select("SELECT on_time, overdue FROM marts.service_applications_monthly") == [
        (on_time, overdue)
    ]


def test_open_case_is_overdue_as_of_the_last_day_of_data(given: Given) -> None:
    due = {"due_on": date(2024, 3, 20)}
    given.applications(application("a", **due), application("b", channel="МФЦ"))
    given.applications(decided("c", date(2024, 3, 20), channel="лично", **due))
    given.build("service_applications_monthly")
    open_cases = (
        "SELECT overdue, on_time FROM marts.service_applications_monthly WHERE channel = 'ЕПГУ'"
    )
    assert given.select(open_cases) == [(0, 0)]
    given.applications(application("d", filed_on=date(2024, 3, 21), channel="почта"))
    given.build("service_applications_monthly")
    assert given.select(open_cases) == [(1, 0)]


def test_measures_and_grain(given: Given) -> None:
    given.applications(
        decided("a", date(2024, 3, 3), rating=5),
        decided("b", date(2024, 3, 6), rating=4),
        decided("c", date(2024, 3, 6)),
        application("d", channel="прочее", filed_on=date(2024, 2, 29)),
    )
    given.build("service_applications_monthly")
    assert given.select(
        """SELECT month, channel, is_electronic, applications, average_days, rated, average_rating
        FROM marts.service_applications_monthly ORDER BY month"""
    ) == [
        (date(2024, 2, 1), "прочее", False, 1, None, 0, None),
        (date(2024, 3, 1), "ЕПГУ", True, 3, 4.0, 2, 4.5),
    ]


def _service(code: str, valid_from: date, valid_to: date | None, **values: Any) -> dict[str, Any]:
    return {
        "is_dated": False,
        "service_code": code,
        "service_name": f"Услуга {code}",
        "level": "муниципальная",
        "is_electronic": True,
        "valid_from": valid_from,
        "valid_to": valid_to,
        **values,
    }


def test_catalogue_as_of_the_month_end(given: Given) -> None:
    given.table(
        "gosuslugi",
        "core.service_catalogue_rows",
        [
            _service("1", date(2024, 1, 31), date(2024, 2, 29)),
            _service("2", date(2024, 2, 1), date(2024, 3, 30), is_electronic=False),
            _service("2", date(2024, 3, 31), None),
        ],
        "catalogue",
    )
    given.visits(date(2024, 4, 1))
    given.build("services_monthly")
    rows = given.select(
        """SELECT service_code, toMonth(month), is_active, is_electronic
        FROM marts.services_monthly ORDER BY 1, 2"""
    )
    assert rows == [
        ("1", 1, True, True),
        ("1", 2, True, True),
        ("1", 3, False, True),
        ("1", 4, False, True),
        ("2", 2, True, False),
        ("2", 3, True, True),
        ("2", 4, True, True),
    ]


def test_later_export_of_the_same_version_wins(given: Given) -> None:
    old = _service(
        "1", date(2024, 1, 1), None, is_electronic=False, file_at=NOW - timedelta(days=1)
    )
    given.table(
        "gosuslugi",
        "core.service_catalogue_rows",
        [_service("1", date(2024, 1, 1), None, file_at=NOW)],
    )
    given.table("gosuslugi", "core.service_catalogue_rows", [old])
    given.visits(date(2024, 1, 1))
    given.build("services_monthly")
    assert given.select("SELECT is_electronic FROM marts.services_monthly") == [(True,)]


def test_electronic_share_counts_active_municipal_services_only(given: Given) -> None:
    given.table(
        "gosuslugi",
        "core.service_catalogue_rows",
        [
            _service("1", date(2022, 1, 1), None),
            _service("2", date(2022, 1, 1), None, is_electronic=False),
            _service("3", date(2022, 1, 1), date(2023, 1, 30)),
            _service("4", date(2022, 1, 1), None, level="переданная государственная"),
            _service(
                "5", date(2023, 2, 15), None, level="муниципальная услуга", is_electronic=False
            ),
        ],
        "catalogue",
    )
    given.visits(date(2023, 2, 28))
    given.build("indicators_monthly")
    assert given.select(
        """SELECT toMonth(month), numerator, denominator, fact, forecast FROM marts.indicators_monthly
        WHERE indicator = 'eservices_share' ORDER BY month"""
    ) == [(1, 1.0, 2.0, 50.0, 50.0), (2, 1.0, 3.0, 1 / 3 * 100, 1 / 3 * 100)]
