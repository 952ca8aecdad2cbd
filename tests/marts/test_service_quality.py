"""Quality of services: take-up, completion, terms, ratings and working days by month filed and service."""

from __future__ import annotations

from datetime import date

from municipal_indicators.marts.checks import check_marts
from tests.marts.given import Given, application, decided

FILED = date(2024, 3, 1)
"""A Friday."""


def quality(given: Given, columns: str) -> list[tuple[object, ...]]:
    """The whole mart after a build that passes its checks, by month and service."""
    given.build("service_quality_monthly", "service_applications_monthly")
    check_marts(given.warehouse)
    return given.select(
        f"SELECT {columns} FROM marts.service_quality_monthly ORDER BY month, service_code"
    )


def test_a_row_is_a_month_and_a_service(given: Given) -> None:
    given.applications(
        application("a"),
        application("b", channel="МФЦ", status_group="provided"),
        application("c", service_code="200"),
        application("d", filed_on=date(2024, 2, 29)),
        application("e", status_group="draft"),
        application("f", status_group="failed"),
    )
    unknown = "Услуга {} (нет в перечне)"
    assert quality(given, "month, service_code, service_name, applications") == [
        (date(2024, 2, 1), "100", unknown.format(100), 1),
        (date(2024, 3, 1), "100", unknown.format(100), 2),
        (date(2024, 3, 1), "200", unknown.format(200), 1),
    ]


def test_a_name_of_a_service_is_that_of_the_catalogue(given: Given) -> None:
    given.table(
        "gosuslugi",
        "core.service_catalogue_rows",
        [
            {
                "is_dated": False,
                "service_code": "100",
                "service_name": name,
                "level": "муниципальная",
                "is_electronic": True,
                "valid_from": date(year, 1, 1),
                "valid_to": None,
            }
            for year, name in ((2022, "Справка"), (2023, "Выдача справки"))
        ],
        "catalogue",
    )
    given.applications(application("a"), application("b", service_code="200"))
    assert quality(given, "service_code, service_name") == [
        ("100", "Выдача справки"),
        ("200", "Услуга 200 (нет в перечне)"),
    ]


def test_digital_share_is_of_both_portals(given: Given) -> None:
    channels = ["ЕПГУ", "РПГУ", "МФЦ", "лично", "почта", "прочее", "ЕПГУ", "ЕПГУ"]
    given.applications(
        *(application(str(number), channel=one) for number, one in enumerate(channels))
    )
    columns = "applications, electronic_applications, digital_share"
    assert quality(given, columns) == [(8, 4, 0.5)]


def test_completion_leaves_withdrawn_applications_out(given: Given) -> None:
    groups = ["provided", "refused", "withdrawn", "in_progress", "unknown"]
    given.applications(
        *(application(group, status_group=group) for group in groups),
        application("w", service_code="200", status_group="withdrawn"),
    )
    assert quality(given, "applications, completed, completion_share") == [
        (5, 2, 0.5),
        (1, 0, None),
    ]


def test_terms_are_those_of_the_applications_mart(given: Given) -> None:
    due = {"due_on": date(2024, 3, 11)}
    given.applications(
        decided("in time", date(2024, 3, 11), **due),
        decided("by days", date(2024, 3, 11), due_working_days=5),
        decided("late", date(2024, 3, 12), **due, status_group="refused"),
        application("open", **due),
        application("open, due later", due_on=date(2024, 3, 12)),
        decided("no term", date(2024, 3, 4)),
        decided("nothing due", date(2024, 3, 4), service_code="200"),
    )
    assert quality(given, "on_time, overdue, on_time_share") == [(2, 2, 0.5), (0, 0, None)]
    assert given.select(
        "SELECT sum(on_time), sum(overdue) FROM marts.service_applications_monthly"
    ) == [(2, 2)]


def test_a_rating_of_less_than_ten_answers_is_not_told(given: Given) -> None:
    rated = {9: None, 10: 4.5, 11: 49 / 11}
    for answers in rated:
        code = str(100 + answers)
        given.applications(
            application(f"silent {code}", service_code=code),
            *(
                application(f"{code} {number}", service_code=code, rating=4 + number % 2)
                for number in range(answers)
            ),
        )
    assert quality(given, "rated, average_rating") == list(rated.items())


def test_working_days_run_to_the_answer_as_a_term_does(given: Given) -> None:
    cases = [
        (FILED, FILED, 0.0),
        (FILED, date(2024, 3, 4), 1.0),
        # Without Friday 8 March: as a term of five working days is counted.
        (FILED, date(2024, 3, 11), 5.0),
        (FILED, date(2024, 3, 10), 4.0),
        # Filed on a Saturday.
        (date(2024, 6, 1), date(2024, 6, 3), 1.0),
        (date(2023, 12, 28), date(2024, 1, 10), 3.0),
        # Before the calendar begins nothing can be counted.
        (date(2014, 12, 29), date(2015, 1, 12), None),
    ]
    given.applications(
        *(
            decided(f"{number}", finished, filed_on=filed, service_code=f"{number}")
            for number, (filed, finished, _) in enumerate(cases)
        )
    )
    given.build("service_quality_monthly")
    assert given.select(
        "SELECT average_working_days FROM marts.service_quality_monthly ORDER BY service_code"
    ) == [(days,) for *_, days in cases]


def test_working_days_are_averaged_over_answers_alone(given: Given) -> None:
    given.applications(
        decided("a", date(2024, 3, 4)),
        decided("b", date(2024, 3, 7), status_group="refused"),
        decided("c", date(2024, 3, 29), status_group="withdrawn"),
        decided("no date", date(2024, 3, 29), finished_on=None),
        application("d"),
        application("e", service_code="200"),
    )
    assert quality(given, "average_working_days") == [(2.5,), (None,)]


def test_a_term_in_days_from_before_the_calendar_has_no_end(given: Given) -> None:
    given.applications(
        decided("a", date(2016, 1, 11), filed_on=date(2014, 12, 1), due_working_days=5)
    )
    assert quality(given, "on_time, overdue") == [(0, 0)]
