"""The server that MUNICIPAL_TESTS_SERVER names: empty or of a run before, or the tests keep off it."""

from __future__ import annotations

from pathlib import Path

from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import open_warehouse
from tests.conftest import CLAIM, claim_server
from tests.warehouse.server.conftest import serving


def test_a_server_with_tables_of_others_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "warehouse", "loader"):
        assert claim_server() == ""
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
        assert claim_server() == ""
        with open_warehouse() as warehouse:
            warehouse.command(f"DROP TABLE {CLAIM} SYNC")
        assert "name a server that has none of them" in claim_server()
        with open_warehouse() as warehouse:
            assert warehouse.value(f"EXISTS TABLE {CLAIM}") == 0
