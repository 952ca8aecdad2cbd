"""An inbox of registers kept by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.spreadsheets.arrivals import Arrivals


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    """``inbox/registers`` of this test."""
    return Arrivals("registers", places, warehouse, load_file)
