"""The ``given`` fixture of mart tests."""

from __future__ import annotations

import pytest

from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import Given


@pytest.fixture
def given(warehouse: Warehouse) -> Given:
    """An empty warehouse and the tests' passport."""
    return Given(warehouse, load_passport())
