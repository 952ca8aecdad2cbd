"""Random sheets of several tables in every format: the facts that were drawn are read back, none else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.spreadsheets.arrivals import Arrivals
from tests.spreadsheets.random_sheets import FORMATS, Workbook, workbooks
from tests.spreadsheets.register_words import CORE

# What is doubtful in rows that are drawn, or left out rightly; no table may be unknown, no total may differ.
WARNINGS = {
    "parts_of_total",
    "repeated_key",
    "repeated_rows",
    "smaller_version",
    "cash_above_plan",
    "swapped_days",
}
FEW, MANY = 5, 120


@pytest.mark.parametrize(
    ("form", "examples"),
    [
        *[(form, FEW) for form in FORMATS],
        *[pytest.param(form, MANY, marks=pytest.mark.slow) for form in FORMATS],
    ],
)
def test_facts_survive_any_layout(
    places: Path, warehouse: Warehouse, form: str, examples: int
) -> None:
    arrivals = Arrivals("registers", places, warehouse, load_file)

    # Always the same: a run must tell the same tomorrow.
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(workbooks([form]), min_size=1, max_size=1))
    def check(files: Sequence[Workbook]) -> None:
        found = {hashlib.sha256(file.content).hexdigest(): file for file in files}
        for number, file in enumerate(found.values()):
            arrivals.put(f"{number} {file.name}", file.content)
        run = arrivals.load()
        assert run.rejected == [], arrivals.reasons()
        for key, file in found.items():
            _check(warehouse, key, file)

    check()


def _check(warehouse: Warehouse, key: str, file: Workbook) -> None:
    parameters = {"key": key}
    of_unit = "load_id IN (SELECT load_id FROM ops.published WHERE unit_key = {key:String}) "
    quarantined = warehouse.rows(
        f"SELECT sheet, line, field, reason FROM ops.quarantine WHERE {of_unit}", parameters
    )
    assert quarantined == []
    assert _loaded(warehouse, parameters, of_unit, file.totals) == _facts(file)
    warned = {
        code
        for (code,) in warehouse.rows(
            f"SELECT code FROM ops.load_warnings WHERE {of_unit}", parameters
        )
    }
    assert warned - WARNINGS == file.warned


def _facts(file: Workbook) -> Mapping[str, list[tuple[Any, ...]]]:
    return {kind: sorted(fact for of, fact in file.facts if of == kind) for kind in CORE}


def _loaded(
    warehouse: Warehouse,
    parameters: Mapping[str, str],
    of_unit: str,
    totals: frozenset[tuple[str, int]],
) -> Mapping[str, list[tuple[Any, ...]]]:
    found = {
        kind: sorted(
            warehouse.rows(
                f"SELECT sheet, line, {columns} FROM {table} WHERE {of_unit}", parameters
            )
        )
        for kind, (table, columns) in CORE.items()
    }
    # Where a total row is complete it is kept, without an item.
    found["budget"] = [row for row in found["budget"] if row[:2] not in totals or row[4] != ""]
    return found
