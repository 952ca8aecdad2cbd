"""The ways to count electronic services: catalogue, approved list (МСЗУ), applications; values by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from municipal_indicators.warehouse.templates import render
from tests.marts.given import NOW, Given, application

WAYS = ("catalogue", "msu_list", "applications")


def service(code: str, **values: Any) -> dict[str, Any]:
    """A row of a catalogue: an electronic municipal service since 2022, of which no list speaks."""
    return {
        "sheet": "Услуги",
        "is_dated": True,
        "file_at": datetime(2024, 1, 20, 9, tzinfo=UTC),
        "service_code": code,
        "service_name": f"Услуга {code}",
        "level": "муниципальная",
        "is_electronic": True,
        "valid_from": date(2022, 1, 1),
        "valid_to": None,
        "is_msu": None,
        "msu_from": None,
        "msu_to": None,
        **values,
    }


def catalogue(given: Given, *rows: dict[str, Any]) -> None:
    """Publish one catalogue."""
    given.table("gosuslugi", "core.service_catalogue_rows", rows, "catalogue")


def ways(given: Given, month: str, columns: str) -> dict[str, tuple[Any, ...]]:
    """These columns of a month, by way."""
    rows = given.select(
        f"SELECT way, {columns} FROM marts.eservices_ways_monthly WHERE month = '{month}'"
    )
    return {way: tuple(rest) for way, *rest in rows}


def listed(given: Given) -> None:
    """Five services, three of them in the list, and four applications of two years."""
    catalogue(
        given,
        service("1", is_msu=True),
        service("2", is_msu=True, is_electronic=False),
        service("3", is_msu=True, is_electronic=False, msu_from=date(2024, 2, 10)),
        service("4", is_msu=False),
        service("5", is_msu=True, level="государственная"),
    )
    given.applications(
        application("a", filed_on=date(2023, 12, 31), channel="РПГУ"),
        application("b", filed_on=date(2024, 1, 9), channel="ЕПГУ", service_code="1"),
        application("c", filed_on=date(2024, 1, 31), channel="МФЦ", service_code="1"),
        application("d", filed_on=date(2024, 2, 1), channel="лично", service_code="2"),
        application("e", filed_on=date(2024, 2, 1), status_group="draft"),
    )


def test_three_ways_side_by_side(given: Given) -> None:
    listed(given)
    given.build("eservices_ways_monthly")
    counted = "numerator, denominator, share, is_chosen, note"
    assert ways(given, "2024-01-01", counted) == {
        # 1 and 4 of 1…4; 1 of 1 and 2; b of b and c.
        "catalogue": (2.0, 4.0, 50.0, True, ""),
        "msu_list": (1.0, 2.0, 50.0, False, ""),
        "applications": (1.0, 2.0, 50.0, False, ""),
    }
    assert ways(given, "2024-02-01", counted) == {
        "catalogue": (2.0, 4.0, 50.0, True, ""),
        # 3 was included on 10 February.
        "msu_list": (1.0, 3.0, 1 / 3 * 100, False, ""),
        # Through 1 February, the last day of Gosuslugi: d was filed in person, e is a draft.
        "applications": (1.0, 3.0, 1 / 3 * 100, False, ""),
    }
    assert ways(given, "2023-12-01", counted)["applications"] == (1.0, 1.0, 100.0, False, "")


def test_each_way_names_its_list_and_date(given: Given) -> None:
    listed(given)
    given.build("eservices_ways_monthly")
    assert ways(given, "2024-02-01", "way_name, list, toString(as_of)") == {
        "catalogue": (
            "по перечню услуг",
            "перечень услуг: file-1, лист «Услуги», от 20.01.2024",
            "2024-01-20",
        ),
        "msu_list": (
            "по перечню МСЗУ",
            "перечень МСЗУ: file-1, лист «Услуги», от 20.01.2024",
            "2024-01-20",
        ),
        "applications": ("по заявлениям", "заявления с 01.01.2024 по 01.02.2024", "2024-02-01"),
    }


@pytest.mark.parametrize(
    ("way", "january", "february"),
    [
        ("catalogue", (2.0, 4.0, 50.0), (2.0, 4.0, 50.0)),
        ("msu_list", (1.0, 2.0, 50.0), (1.0, 3.0, 1 / 3 * 100)),
        ("applications", (1.0, 2.0, 50.0), (1.0, 3.0, 1 / 3 * 100)),
    ],
)
def test_the_passport_chooses_the_way(
    given: Given, way: str, january: tuple[float, ...], february: tuple[float, ...]
) -> None:
    given.change_indicator("eservices_share", count=way)
    listed(given)
    given.build()
    columns = "numerator, denominator, fact"
    assert given.indicator("eservices_share", columns, "year = 2024") == [january, february]
    assert given.select(render("checks/evidence_adds_up.sql")) == []
    chosen = "SELECT DISTINCT way FROM marts.eservices_ways_monthly WHERE is_chosen"
    assert given.select(chosen) == [(way,)]
    method = "SELECT method FROM marts.indicator_methods WHERE indicator = 'eservices_share'"
    assert given.select(method) == [(way,)]


def test_the_parts_of_each_way(given: Given) -> None:
    listed(given)
    parts = (
        "SELECT part, numerator_part, denominator_part, sources FROM marts.indicator_evidence "
        "WHERE indicator = 'eservices_share' AND month = '2024-02-01' ORDER BY part"
    )
    given.change_indicator("eservices_share", count="msu_list")
    given.build()
    sheet = ["file-1, лист «Услуги»"]
    assert given.select(parts) == [
        ("1 Услуга 1", 1.0, 1.0, sheet),
        ("2 Услуга 2", 0.0, 1.0, sheet),
        ("3 Услуга 3", 0.0, 1.0, sheet),
    ]
    given.change_indicator("eservices_share", count="applications")
    given.build()
    registers = "file-7"
    assert given.select(parts) == [
        ("1 Услуга 1", 1.0, 2.0, [registers]),
        ("2 Услуга 2", 0.0, 1.0, [registers]),
    ]


def test_a_catalogue_without_the_column_has_no_list(given: Given) -> None:
    given.change_indicator("eservices_share", count="msu_list")
    catalogue(given, service("1"), service("2"))
    given.build()
    empty = (None, None, None, "", None)
    found = ways(given, "2024-01-01", "numerator, denominator, share, list, as_of, note")
    assert found == {
        "catalogue": (2.0, 2.0, 100.0, *found["catalogue"][3:]),
        "msu_list": (*empty, "в перечне услуг нет столбца «МСЗУ»"),
        "applications": (*empty, "с начала года заявлений нет"),
    }
    assert given.indicator(
        "eservices_share", "fact, numerator, status", "month = '2024-01-01'"
    ) == [(None, None, "no_data")]


def test_what_was_taken_off_the_list_was_on_it_before(given: Given) -> None:
    last = {"msu_from": date(2023, 1, 1), "msu_to": date(2023, 11, 30)}
    catalogue(
        given,
        service("1", is_msu=True, msu_from=date(2023, 12, 1)),
        service("2", is_msu=False, is_electronic=False, **last),
    )
    given.build("eservices_ways_monthly")
    found = given.select(
        "SELECT month, numerator, denominator, note FROM marts.eservices_ways_monthly "
        "WHERE way = 'msu_list' AND month >= '2023-11-01' ORDER BY month"
    )
    assert found == [
        (date(2023, 11, 1), 0.0, 1.0, ""),
        (date(2023, 12, 1), 1.0, 1.0, ""),
        (date(2024, 1, 1), 1.0, 1.0, ""),
    ]


def test_the_list_is_the_latest_that_a_file_has(given: Given) -> None:
    later = datetime(2024, 2, 20, 9, tzinfo=UTC)
    catalogue(given, service("1", is_msu=True))
    catalogue(
        given,
        service("1", file_at=later, is_electronic=False),
        service("2", file_at=later, is_electronic=False),
    )
    given.build()
    assert ways(given, "2024-01-01", "numerator, denominator, list, note") == {
        "catalogue": (0.0, 2.0, "перечень услуг: file-3, лист «Услуги», от 20.02.2024", ""),
        "msu_list": (
            0.0,
            1.0,
            "перечень МСЗУ: file-1, лист «Услуги», от 20.01.2024",
            "не сказано, входят ли в перечень МСЗУ, о действующих услугах: 1",
        ),
        "applications": (None, None, "", "с начала года заявлений нет"),
    }


def test_nothing_is_known_of_a_year_that_no_application_reached(given: Given) -> None:
    given.applications(application("a", filed_on=date(2024, 11, 5)))
    given.visits(date(2025, 1, 31))
    given.build("eservices_ways_monthly", now=NOW + timedelta(days=1))
    columns = "denominator, list, note"
    assert ways(given, "2024-12-01", columns) == {
        "catalogue": (None, "", "на конец месяца нет действующих муниципальных услуг"),
        "msu_list": (None, "", "на конец месяца нет действующих муниципальных услуг"),
        "applications": (1.0, "заявления с 01.01.2024 по 05.11.2024", ""),
    }
    assert ways(given, "2025-01-01", columns)["applications"] == (
        None,
        "",
        "данных о заявлениях за этот год нет",
    )
