"""A toy source (the queue of an МФЦ), a toy mart and a column, as CONTRIBUTING.md says to add them.

``FILES`` are new files of the repository, ``LINES`` are put into existing ones: behind the text
that is given, or at the end of the file where it is empty.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from municipal_indicators.settings import REPOSITORY

FILES = {
    "plugins/municipal_indicators/sources/mfc_queue/__init__.py": '"""Exports of an МФЦ\'s queue."""\n',
    "plugins/municipal_indicators/sources/mfc_queue/files.py": '''"""Loads one arrived file of the queue."""

from __future__ import annotations

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.described import described_kind
from municipal_indicators.spreadsheets.kinds import Column
from municipal_indicators.spreadsheets.loading import load_tables
from municipal_indicators.warehouse.load_ledger import LoadCounts

TICKETS = described_kind(
    name="queue_tickets",
    title="талоны электронной очереди",
    target="core.queue_ticket_rows",
    columns=(
        Column("ticket", "code", is_needed=True, is_required=True),
        Column("taken_on", "day", is_needed=True, is_required=True),
        Column("minutes", "number", is_needed=True, is_required=True),
    ),
    totals={"count()": "count()"},
)
KINDS = (TICKETS,)


def load_file(task: FileLoad) -> tuple[LoadCounts, str]:
    """Stage all tickets of a file; returns the counts and a one-line message."""
    return load_tables(task, KINDS)
''',
    "sql/migrations/0900_mfc_queue.sql": """-- The queue of the МФЦ: rows of its exports, and the mart.
CREATE TABLE IF NOT EXISTS core.queue_ticket_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла',
    ticket String COMMENT 'Номер талона',
    taken_on Date COMMENT 'Дата',
    minutes Float64 COMMENT 'Ожидание, минут'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Талоны электронной очереди; читать только через core.queue_tickets';

CREATE TABLE IF NOT EXISTS mart_rows.mfc_queue_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    tickets UInt64 COMMENT 'Талонов выдано',
    average_minutes Nullable(Float64) COMMENT 'Ожидание в очереди, минут, в среднем'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY month
COMMENT 'Электронная очередь МФЦ по месяцам';

ALTER TABLE core.workplace_rows
    ADD COLUMN IF NOT EXISTS floor Nullable(Float64) COMMENT 'Этаж';
""",
    "sql/core/queue_tickets.sql": """-- One row a ticket and day; of the same key the later file wins.
SELECT taken_on, ticket, argMax(minutes, (file_at, arrived_at, unit_key, sheet, line)) AS waited
FROM core.queue_ticket_rows
WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'mfc_queue')
GROUP BY taken_on, ticket
""",
    "sql/intermediate/reach/mfc_queue.sql": "SELECT taken_on AS day FROM core.queue_tickets\n",
    "sql/marts/mfc_queue_monthly.sql": """-- Tickets of the queue by month.
SELECT toStartOfMonth(taken_on) AS month, count() AS tickets, avg(waited) AS average_minutes
FROM core.queue_tickets
GROUP BY month
""",
    "dags/load_mfc_queue.py": '''"""Loads what the МФЦ exports about its queue."""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Очередь МФЦ",
    description="Талоны электронной очереди из inbox/mfc_queue",
    schedule=every_night("10 5 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["источник", "МФЦ"],
    default_args=RETRYING,
    params=again_params(),
)
def load_mfc_queue() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("mfc_queue")


load_mfc_queue()
''',
    "dags/load_mfc_queue.md": "Загружает выгрузки электронной очереди МФЦ.\n",
}

LINES = (
    (
        "plugins/municipal_indicators/sources/registers/kinds.py",
        '        Column("department", "key_name"),\n',
        '        Column("floor", "number"),\n',
    ),
    ("reference/headings.yaml", "\nworkplaces:\n", "  floor: [Этаж]\n"),
    (
        "plugins/municipal_indicators/sources/__init__.py",
        '        dags=("load_programme_registers",),\n        has_tables=True,\n    ),\n',
        '    Source("mfc_queue", ("mfc_queue",), ("load_mfc_queue",), has_tables=True),\n',
    ),
    (
        "reference/headings.yaml",
        "",
        "\nqueue_tickets:\n  ticket: [Талон, Номер талона]\n  taken_on: [Дата выдачи]\n"
        "  minutes: [Ожидание]\n",
    ),
    ("reference/freshness.csv", "", "mfc_queue;40;выгрузку присылают раз в месяц\n"),
    (
        "reference/labels.yaml",
        "  registers: Реестры программы\n",
        "  mfc_queue: Электронная очередь МФЦ\n",
    ),
    ("bi/sources/datasets.yaml", "", "\nmfc_queue_monthly: {}\n"),
)


def copy_with_additions(target: Path) -> None:
    """A copy of the repository's tracked files with the toy source and mart."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, target / name)
    for name, text in FILES.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, encoding="utf-8")
    for name, place, line in LINES:
        text = (target / name).read_text(encoding="utf-8")
        assert place in text, f"{name}: {place!r} is not there"
        before, found, after = text.partition(place) if place else (text, "", "")
        (target / name).write_text(before + found + line + after, encoding="utf-8")
