"""Random tables in random layouts: what was written is what is read, row by row and line by line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from municipal_indicators.inbox.file_loads import Loader
from municipal_indicators.sources.gosuslugi.files import load_file as load_gosuslugi
from municipal_indicators.sources.registers.files import load_file as load_registers
from municipal_indicators.warehouse.client import Warehouse
from tests.sources.gosuslugi.random_tables import (
    APPLICATIONS,
    CATALOGUE,
    WORKPLACES,
    Arrival,
    Kind,
    arrivals,
)
from tests.spreadsheets.arrivals import Arrivals


@pytest.mark.parametrize(
    ("source", "loader", "kinds"),
    [
        ("gosuslugi", load_gosuslugi, (APPLICATIONS, CATALOGUE)),
        ("registers", load_registers, (WORKPLACES,)),
    ],
    ids=["gosuslugi", "registers"],
)
def test_facts_survive_any_layout(
    places: Path, warehouse: Warehouse, source: str, loader: Loader, kinds: Sequence[Kind]
) -> None:
    inbox = Arrivals(source, places, warehouse, loader)

    # Few and always the same: files are loaded for real, and a run must tell the same tomorrow.
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(arrivals(kinds), min_size=3, max_size=3))
    def check(files: list[Arrival]) -> None:
        files = list({file.content: file for file in files}.values())
        for number, file in enumerate(files):
            inbox.put(f"{number} {file.name}", file.content)
        run = inbox.load()
        assert (run.published, run.rejected) == (len(files), []), inbox.reasons()
        for file in files:
            key = hashlib.sha256(file.content).hexdigest()
            for kind in kinds:
                assert _loaded(warehouse, kind, key) == file.expected[kind.target]
        assert inbox.quarantine() == []

    check()


def _loaded(warehouse: Warehouse, kind: Kind, key: str) -> list[tuple[object, ...]]:
    return warehouse.rows(
        f"SELECT sheet, line, {kind.columns} FROM {kind.target} WHERE unit_key = {{key:String}} "
        "AND (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published) "
        "ORDER BY sheet = 'Лист2' OR endsWith(sheet, '/ Лист2'), line",
        {"key": key},
    )
