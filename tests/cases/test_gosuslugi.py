"""The files of ``gosuslugi/`` in one fresh warehouse: what the marts must show of each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.gosuslugi.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.spreadsheets.arrivals import Arrivals

MODIFIED = datetime(2026, 11, 1, tzinfo=UTC)
FILES = Path(__file__).parent / "gosuslugi"


@pytest.mark.usefixtures("shipped")
def test_what_was_read_wrongly(places: Path, warehouse: Warehouse) -> None:
    arrivals = Arrivals("gosuslugi", places, warehouse, load_file)
    for path in sorted(FILES.iterdir()):
        arrivals.put(path.name, path.read_bytes(), MODIFIED)
    run = arrivals.load()
    assert not run.rejected
    build = build_marts(warehouse, load_passport())
    publish_marts(warehouse, build.id)

    applications = warehouse.rows(
        "SELECT month, service_code, status_group, applications, average_days "
        "FROM marts.service_applications_monthly ORDER BY month"
    )
    assert applications == [(date(2024, 3, 1), "60010153", "provided", 1, 10.0)]
    services = warehouse.rows(
        "SELECT service_code, level, is_electronic FROM marts.services_monthly "
        "WHERE month = '2024-03-01' ORDER BY service_code"
    )
    municipal = "муниципальная"
    assert services == [
        *((code, municipal, False) for code in ("E1", "E2", "E3")),
        *((code, municipal, code == "L1") for code in ("L1", "L2", "L3", "L4")),
        ("M1", municipal, True),
    ]
    quarantined = warehouse.rows(
        "SELECT substring(unit, 11, 2) AS file, line, field FROM ops.quarantine ORDER BY file, line"
    )
    assert quarantined == [
        ("53", 2, "Дата подачи"),
        ("53", 3, "Дата исполнения"),
        ("62", 5, "Электронная подача"),
        ("63", 2, "Код услуги"),
        ("63", 3, "Код услуги"),
    ]
    warned = warehouse.rows(
        "SELECT substring(unit, 11, 2) AS file, line, code FROM ops.load_warnings ORDER BY file, code"
    )
    assert warned == [
        *((file, 0, "many_quarantined") for file in ("53", "62", "63")),
        ("64", 2, "repeated_key"),
    ]
