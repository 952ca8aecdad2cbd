"""Registers that were once read wrongly: every file into one warehouse, then the marts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.spreadsheets.arrivals import Arrivals

FILES = Path(__file__).with_name("registers")
NOW = datetime(2027, 12, 31, 12, tzinfo=UTC)
DEPARTMENTS, EDMS, SECURED = (
    "departments_equipped_share",
    "edms_workplaces_share",
    "secured_workplaces_share",
)
SHARES = {
    (DEPARTMENTS, "2024-01"): (2, 4),
    (DEPARTMENTS, "2024-02"): (1, 2),
    (DEPARTMENTS, "2024-03"): (2, 2),
    (DEPARTMENTS, "2024-04"): (1, 2),
    (DEPARTMENTS, "2024-05"): (1, 2),
    (DEPARTMENTS, "2024-06"): (1, 2),
    (DEPARTMENTS, "2024-07"): (1, 2),
    (DEPARTMENTS, "2024-08"): (2, 3),
    (DEPARTMENTS, "2024-09"): (1, 2),
    (DEPARTMENTS, "2024-10"): (1, 2),
    (DEPARTMENTS, "2024-11"): (1, 1),
    (DEPARTMENTS, "2024-12"): (1, 2),
    (EDMS, "2024-01"): (1, 4),
    (SECURED, "2024-01"): (2, 4),
    # Of a repeated number the last row counts, which is warned of.
    (EDMS, "2024-02"): (2, 2),
    (SECURED, "2024-03"): (0, 1),
    (EDMS, "2024-03"): (1, 1),
    (SECURED, "2024-04"): (1, 2),
    (EDMS, "2024-04"): (1, 2),
    (EDMS, "2024-05"): (1, 1),
    (EDMS, "2024-06"): (0, 2),
}

FOUND = {
    "SELECT field FROM ops.quarantine WHERE unit = 'registers/41_two_digit_years.xlsx'": ["Дата"],
    "SELECT toString(max(as_of)) FROM core.budget WHERE year = 2027": ["2027-10-01"],
    "SELECT department FROM core.departments WHERE as_of = '2024-10-10' ORDER BY 1": [
        "Архив",
        "ЖКХ",
    ],
    "SELECT number_key FROM core.workplaces WHERE as_of = '2024-03-10'": ["17"],
    "SELECT toString(held_on) FROM core.events ORDER BY 1": ["2025-05-12"],
}
WARNED = {
    ("03", "unknown_table"),
    ("07", "summary_sheet"),
    ("10", "smaller_version"),
    ("11", "parts_of_total"),
    ("22", "repeated_key"),
    ("25", "hidden_sheet"),
    ("34", "parts_of_total"),
}


@pytest.mark.usefixtures("shipped")
def test_what_was_read_wrongly(places: Path, warehouse: Warehouse) -> None:
    arrivals = Arrivals("registers", places, warehouse, load_file)
    for path in sorted(FILES.iterdir()):
        arrivals.put(path.name, path.read_bytes())
    run = arrivals.load()
    assert not run.rejected
    publish_marts(warehouse, build_marts(warehouse, load_passport(), NOW).id)

    shown = {
        (indicator, month): (numerator, denominator)
        for indicator, month, numerator, denominator in warehouse.rows(
            "SELECT indicator, formatDateTime(month, '%Y-%m'), numerator, denominator "
            "FROM marts.indicators_monthly"
        )
    }
    assert {key: shown[key] for key in SHARES} == SHARES
    money = "SELECT year, toUInt32(executed) FROM marts.programme_funding_yearly ORDER BY year"
    assert warehouse.rows(money) == [
        *((year, 600_000) for year in (2023, 2024, 2025, 2026)),
        (2027, 300_000),
    ]
    for query, found in FOUND.items():
        assert [one for (one,) in warehouse.rows(query)] == found
    warned = warehouse.rows("SELECT DISTINCT substring(unit, 11, 2), code FROM ops.load_warnings")
    assert set(warned) >= WARNED
