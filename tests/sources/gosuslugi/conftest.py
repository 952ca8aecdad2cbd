"""An inbox of Gosuslugi exports, and a register of applications to vary."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.sources.gosuslugi.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.spreadsheets.arrivals import Arrivals


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    """``inbox/gosuslugi`` of this test."""
    return Arrivals("gosuslugi", places, warehouse, load_file)
