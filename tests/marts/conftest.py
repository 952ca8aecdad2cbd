"""The ``given`` fixture of mart tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.passport import load_passport
from municipal_indicators.warehouse import Warehouse
from tests.marts.given import Given

PASSPORT = Path(__file__).resolve().parents[2] / "programme.yaml"


@pytest.fixture
def given(warehouse: Warehouse) -> Given:
    """An empty warehouse and the repo's own passport."""
    return Given(warehouse, load_passport(PASSPORT))
