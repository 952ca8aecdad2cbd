"""The recipes of CONTRIBUTING.md, followed literally for a toy source, mart and column, lead to the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.settings import REPOSITORY
from tests.emulators.inbox.tables import Table, xlsx_bytes
from tests.recipe.additions import copy_with_additions

pytestmark = pytest.mark.slow

QUEUE = Table(
    headings=["Талон", "Дата выдачи", "Ожидание"],
    rows=[["А101", "05.03.2024", 12], ["А102", "05.03.2024", 18]],
)

WORKPLACES = Table(
    headings=["Номер", "ПК", "СЗИ", "СЭД", "На дату", "Этаж"],
    rows=[["1", "да", "да", "нет", "01.02.2024", 3], ["2", "да", "да", "да", "01.02.2024", None]],
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipe") / "copy"
    copy_with_additions(folder)
    return folder


def run(copy: Path, *arguments: str) -> str:
    home = copy.parent
    engine = {"interface": "chdb", "path": str(home / "warehouse")}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join((str(copy / "plugins"), str(copy))),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(copy / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(copy / "plugins"),
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(
            {"conn_type": "clickhouse", "extra": {"client_kwargs": engine}}
        ),
        "AIRFLOW_VAR_INBOX": str(home / "inbox"),
        "AIRFLOW_VAR_ARCHIVE": str(home / "archive"),
        "AIRFLOW_VAR_PERSONAL_DATA_KEY": "a-key-that-only-tests-know",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_a_source_is_found_in_inbox_freshness_inspection_and_labels(copy: Path) -> None:
    inbox = copy.parent / "inbox"
    for path, table in (
        (inbox / "mfc_queue" / "queue.xlsx", QUEUE),
        (copy.parent / "queue.xlsx", QUEUE),
        (inbox / "registers" / "workplaces.xlsx", WORKPLACES),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(xlsx_bytes(table))
        os.utime(path, (1_710_000_000, 1_710_000_000))
    said = run(copy, str(REPOSITORY / "tests/recipe/driver.py"), str(copy.parent / "queue.xlsx"))
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert found == {
        "errors": {},
        "assets": [
            "metrica_hits",
            "metrica_visits",
            "mfc_queue",
            "programme_registers",
            "service_applications",
            "smev_requests",
        ],
        "states": ["success", "success", "success"],
        "mart": [["2024-03-01", 2, 15.0]],
        "freshness": [["mfc_queue", "2024-03-05"]],
        "floors": [["1", 3.0], ["2", None]],
        "quarantine": [],
        "archived": 1,
        "label": "Электронная очередь МФЦ",
        "inspection": ["mfc_queue", ["queue_tickets"]],
    }


def test_a_mart_is_found_in_docs_and_bundle(copy: Path) -> None:
    run(copy, "-m", "bi")
    assert "## mfc_queue_monthly" in (copy / "docs" / "marts.md").read_text(encoding="utf-8")
    bundle = (copy / "bi" / "superset" / "bundle").rglob("mfc_queue_monthly.yaml")
    (dataset,) = bundle
    assert "Ожидание в очереди" in dataset.read_text(encoding="utf-8")
