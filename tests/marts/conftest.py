"""The ``given`` fixture of mart tests."""

from __future__ import annotations

import pytest

from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import Given

PASSPORT = REPOSITORY / "programme.yaml"


@pytest.fixture
def given(warehouse: Warehouse) -> Given:
    """An empty warehouse and the repo's own passport."""
    return Given(warehouse, load_passport(PASSPORT))
