"""Evidence of the indicators: hand-computed parts, and that they add up. Editions of the programme."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from municipal_indicators.warehouse.templates import render
from tests.marts.given import COUNTER, SITE, Given, request

JANUARY = "month = '2024-01-01'"


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 9, tzinfo=UTC)


def parts(given: Given, code: str, where: str = JANUARY) -> list[tuple[Any, ...]]:
    """Kind, part, numerator, denominator and number of loads and files of an indicator's month."""
    return given.select(
        "SELECT kind, part, numerator_part, denominator_part, length(load_ids), sources "
        f"FROM marts.indicator_evidence WHERE indicator = '{code}' AND {where} ORDER BY part"
    )


def test_departments_are_told_one_by_one(given: Given) -> None:
    rows = [("Архив", 3, 1), ("ЖКХ", 2, 2)]
    given.table(
        "registers",
        "core.department_rows",
        [
            {
                "as_of": date(2024, 1, 10),
                "sheet": "Лист1",
                "department": name,
                "required": need,
                "equipped": has,
            }
            for name, need, has in rows
        ],
    )
    given.build()
    assert parts(given, "departments_equipped_share") == [
        ("department", "Архив", 0.0, 1.0, 1, ["file-1, лист «Лист1»"]),
        ("department", "ЖКХ", 1.0, 1.0, 1, ["file-1, лист «Лист1»"]),
    ]


def test_workplaces_are_told_by_department(given: Given) -> None:
    given.table(
        "registers",
        "core.workplace_rows",
        [
            {
                "as_of": date(2024, 1, 10),
                "number": str(n),
                "department": name,
                "has_pc": True,
                "has_edms": n > 1,
            }
            for n, name in enumerate(["", "Архив", "Архив"], start=1)
        ],
    )
    given.build()
    assert [row[1:4] for row in parts(given, "edms_workplaces_share")] == [
        ("Архив", 2.0, 2.0),
        ("Подразделение не указано", 0.0, 1.0),
    ]
    assert [row[2:4] for row in parts(given, "secured_workplaces_share")] == [
        (0.0, 2.0),
        (0.0, 1.0),
    ]


def test_services_are_told_by_code_and_name(given: Given) -> None:
    given.catalogue(date(2024, 1, 20), date(2023, 1, 1), date(2023, 2, 1))
    given.build()
    found = parts(given, "eservices_share")
    assert [(kind, denominator) for kind, _, _, denominator, *_ in found] == [("service", 1.0)] * 2


def test_events_and_requests_are_told_through_the_month(given: Given) -> None:
    given.events(date(2023, 5, 2), date(2024, 1, 9), date(2024, 2, 1))
    given.table(
        "smev",
        "core.smev_event_rows",
        [
            {**request(sent_at=at), "sender": sender}
            for at, sender in [
                (_at(2023, 3, 5), "FNS001"),
                (_at(2024, 1, 8), "FNS001"),
                (_at(2024, 1, 9), "FNS001"),
                (_at(2024, 1, 9), "PFR002"),
                (_at(2024, 2, 9), "PFR002"),
            ]
        ],
    )
    given.build()
    assert [row[:3] for row in parts(given, "ict_events")] == [
        ("event", "02.05.2023 Семинар 2023-05-02", 1.0),
        ("event", "09.01.2024 Семинар 2024-01-09", 1.0),
    ]
    found = parts(given, "smev_requests")
    assert [(part.partition(",")[0], numerator) for _, part, numerator, *_ in found] == [
        ("FNS001", 2.0),
        ("PFR002", 1.0),
    ]
    assert all(len(sources) == loads == 1 for *_, loads, sources in found)


def test_visitors_are_told_by_site_and_month_of_their_first_visit(given: Given) -> None:
    given.site(
        date(2022, 1, 1), date(2022, 2, 28), {date(2022, 1, 3): [1, 2], date(2022, 2, 3): [2, 3]}
    )
    given.site(
        date(2024, 1, 1), date(2024, 2, 28), {date(2024, 1, 3): [1], date(2024, 2, 3): [1, 4, 5]}
    )
    given.build()
    found = parts(given, "site_visitors_growth", "month = '2024-02-01'")
    assert [row[:5] for row in found] == [
        ("site_month", f"{SITE}, 01.2024", 1.0, 2.0, 62),
        ("site_month", f"{SITE}, 02.2024", 2.0, 1.0, 56),
    ]
    assert found[0][5] == [
        f"счётчик {COUNTER}: 01.01.2022–31.01.2022",
        f"счётчик {COUNTER}: 01.01.2024–31.01.2024",
    ]


def test_a_base_from_the_passport_is_a_part(given: Given) -> None:
    given.change_indicator("site_visitors_growth", baseline_year=None, baseline_value=366.0)
    given.site(date(2024, 1, 1), date(2024, 1, 31), {date(2024, 1, 3): [1, 2]})
    given.build()
    assert [row[1:4] for row in parts(given, "site_visitors_growth")] == [
        ("Базовое значение из паспорта программы", None, 31.0),
        (f"{SITE}, 01.2024", 2.0, None),
    ]


@pytest.mark.parametrize(
    ("way", "found"),
    [
        ("requests", 6),
        ("chains", 6),
        ("answered", 5),
        ("acknowledged", 5),
        ("received_date", 6),
        ("both_directions", 6),
        ("answers_received", 5),
    ],
)
def test_parts_add_up_whatever_is_counted(given: Given, way: str, found: int) -> None:
    def choose(content: dict[str, Any]) -> None:
        content["smev"]["count"] = way

    given.change_passport(choose)
    given.requests({date(2024, 1, 9): 3, date(2024, 1, 10): 2})
    given.workplaces(date(2024, 1, 10), 2, 5)
    given.catalogue(date(2024, 1, 20), date(2023, 1, 1))
    given.events(date(2024, 1, 9))
    given.site(date(2022, 1, 1), date(2022, 1, 31), {date(2022, 1, 3): [1, 2]})
    given.site(date(2024, 1, 1), date(2024, 1, 31), {date(2024, 1, 3): [1]})
    given.build()
    assert given.select(render("checks/evidence_adds_up.sql")) == []
    assert given.select("SELECT uniqExact(indicator) FROM marts.indicator_evidence") == [(found,)]


def test_what_an_edition_changed(given: Given) -> None:
    def amend(content: dict[str, Any]) -> None:
        first = content["editions"][0]
        later = {**first, "date": date(2025, 7, 2), "document": "Постановление № 2"}
        later["targets"] = {**first["targets"], "ict_events": {2025: 4, 2027: 20}}
        content["editions"] = [
            {**first, "targets": {**first["targets"], "ict_events": {2027: 25}}},
            later,
        ]

    given.change_passport(amend)
    given.build("programme_editions")
    assert given.select(
        "SELECT toString(edition_date), document, year, value, previous_value, round(year_share, 3) "
        "FROM marts.programme_editions WHERE subject = 'ict_events' ORDER BY edition_date, year"
    )[1:] == [
        ("2025-07-02", "Постановление № 2", 2025, 4.0, None, 0.499),
        ("2025-07-02", "Постановление № 2", 2027, 20.0, 25.0, 0.0),
    ]
