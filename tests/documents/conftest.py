"""The ``year`` of the evaluation's vector, built."""

from __future__ import annotations

import pytest

from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import Given
from tests.marts.judged_year import fill_year


@pytest.fixture
def year(warehouse: Warehouse) -> Given:
    given = Given(warehouse, load_passport())
    fill_year(given)
    given.build()
    return given
