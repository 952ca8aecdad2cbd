"""Runs in a copy of the repository with a toy source: loads, builds, inspects; prints findings as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Do what a data engineer does after adding a source, by its own commands."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    from municipal_indicators import settings
    from municipal_indicators.dag_support.assets import assets_of
    from municipal_indicators.inspection.findings import inspect_file
    from municipal_indicators.reference.labels import read_labels
    from municipal_indicators.sources import SOURCES
    from municipal_indicators.warehouse.client import open_warehouse

    initdb()
    bag = DagBag(str(settings.REPOSITORY / "dags"))
    found: dict[str, Any] = {
        "errors": bag.import_errors,
        "assets": sorted(one.name for one in assets_of(*SOURCES)),
    }
    found["states"] = [
        str(bag.dags[name].test().state)
        for name in ("load_mfc_queue", "load_programme_registers", "build_indicator_marts")
    ]
    with open_warehouse() as warehouse:
        found["mart"] = warehouse.rows("SELECT * FROM marts.mfc_queue_monthly ORDER BY month")
        found["freshness"] = warehouse.rows(
            "SELECT source, toString(data_through) FROM marts.data_freshness WHERE source = 'mfc_queue'"
        )
        found["floors"] = warehouse.rows(
            "SELECT number, floor FROM core.workplace_rows ORDER BY number"
        )
        found["quarantine"] = warehouse.rows("SELECT field, reason FROM ops.quarantine")
    found["archived"] = len(list((Path(sys.argv[1]).parent / "archive" / "mfc_queue").iterdir()))
    found["label"] = read_labels().sources["mfc_queue"]
    inspection = inspect_file(Path(sys.argv[1]), "", "Europe/Moscow", rows=2)
    found["inspection"] = [inspection.source, [table.kind for table in inspection.tables]]
    sys.stdout.write("\n" + json.dumps(found, default=str, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
