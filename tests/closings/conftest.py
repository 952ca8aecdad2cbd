"""A warehouse with given rows whose periods are closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.closings.closing import close_period
from municipal_indicators.closings.store import Approval
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import NOW, Given

MARTS = (
    "data_coverage",
    "indicator_evidence",
    "indicators_monthly",
    "programme_funding_yearly",
)
WHO = "Иванова М. П."
WHEN = datetime(2026, 10, 12, 9, tzinfo=UTC)


@dataclass
class Closer(Given):
    """Given rows, and what closes periods over them."""

    def build(self, *marts: str, now: datetime = NOW) -> None:
        """Build and publish what a closing reads."""
        super().build(*(marts or MARTS), now=now)

    def close(
        self,
        period: str,
        version: int = 1,
        reasons: Mapping[str, str] | None = None,
        closed_by: str = WHO,
        state: str | None = None,
    ) -> dict[str, Any]:
        """Close a period; its row of ``ops.closings``."""
        approval = Approval(closed_by, WHEN, reasons or {})
        return close_period(
            self.warehouse, self.passport, period, version, approval, state=state, now=NOW
        )

    def revision(self, code: str, period_end: date, version: int = 1) -> tuple[Any, ...]:
        """Reported and present fact, difference, and source, unit and contribution of each cause."""
        (found,) = self.select(
            "SELECT reported_fact, present_fact, difference, "
            "arrayMap(one -> (one.2, one.3, one.4), causes) FROM marts.indicator_revisions "
            f"WHERE indicator = '{code}' AND period_end = '{period_end}' AND version = {version}"
        )
        return found

    def units(self) -> dict[str, str]:
        """The unit of each published load, by its key."""
        return dict(self.select("SELECT unit_key, unit FROM ops.published"))


@pytest.fixture
def closer(warehouse: Warehouse, places: Path) -> Closer:
    """An empty warehouse and archive, and the tests' passport without any plan."""
    closer = Closer(warehouse, load_passport())

    def no_plans(content: dict[str, Any]) -> None:
        for edition in content["editions"]:
            edition["targets"] = {}

    closer.change_passport(no_plans)
    return closer
