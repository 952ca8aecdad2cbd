"""A fixed sample of damaged files; ``make test-fuzz`` draws others for as long as it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.warehouse.client import Warehouse
from tests.fuzz import fuzz


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_damaged_file_is_published_or_rejected(
    places: Path, warehouse: Warehouse, seed: int
) -> None:
    *_, tally = fuzz(places, seed, seconds=600, inputs=40)
    assert tally.faults == []
    assert tally.inputs == 40
    assert tally.outcomes.keys() <= {"published", "rejected"}
