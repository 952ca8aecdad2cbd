"""``python -m bi``: writes what Superset and DataLens import, and ``docs/marts.md``, from their sources."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bi.datalens import workbook
from bi.marts import Mart, dictionary, read_marts
from bi.superset import bundle

REPOSITORY = Path(__file__).resolve().parents[1]
BUNDLE = REPOSITORY / "bi" / "superset" / "bundle"
WORKBOOK = REPOSITORY / "bi" / "datalens" / "workbook"
DICTIONARY = REPOSITORY / "docs" / "marts.md"


def generated(marts: Sequence[Mart]) -> dict[Path, str]:
    """The text of every generated file by its path."""
    files = {
        BUNDLE / name: bundle.written(document) for name, document in bundle.bundle(marts).items()
    }
    files |= {
        WORKBOOK / name: workbook.written(document)
        for name, document in workbook.workbook(marts).items()
    }
    return {DICTIONARY: dictionary(marts), **files}


def main() -> int:
    """Write the files, replacing the existing ones; returns 0."""
    files = generated(_marts_of_the_schema())
    for folder in (BUNDLE, WORKBOOK):
        shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(
        f"{len(files)} files written: docs/marts.md, bi/superset/bundle/, bi/datalens/workbook/\n"
    )
    return 0


def _marts_of_the_schema() -> list[Mart]:
    """The marts of an empty warehouse with the whole schema."""
    with tempfile.TemporaryDirectory() as folder:
        # Airflow, whose hook opens the warehouse, reads its environment when it is first imported.
        engine = {"interface": "chdb", "path": f"{folder}/warehouse"}
        connection = {"conn_type": "clickhouse", "extra": {"client_kwargs": engine}}
        os.environ["AIRFLOW_HOME"] = folder
        os.environ["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = json.dumps(connection)
        from municipal_indicators.sources.schema import apply_schema
        from municipal_indicators.warehouse.client import open_warehouse

        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            return read_marts(warehouse.client)


if __name__ == "__main__":
    sys.exit(main())
