"""Inboxes of both sources of tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.sources.gosuslugi.files import load_file as load_gosuslugi
from municipal_indicators.sources.registers.files import load_file as load_registers
from municipal_indicators.warehouse.client import Warehouse
from tests.spreadsheets.arrivals import Arrivals


@pytest.fixture
def registers(places: Path, warehouse: Warehouse) -> Arrivals:
    """``inbox/registers`` of this test."""
    return Arrivals("registers", places, warehouse, load_registers)


@pytest.fixture
def gosuslugi(places: Path, warehouse: Warehouse) -> Arrivals:
    """``inbox/gosuslugi`` of this test."""
    return Arrivals("gosuslugi", places, warehouse, load_gosuslugi)
