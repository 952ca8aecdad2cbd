"""The plain commands as an operator types them: a process each, from any folder, on nothing at all."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.emulators.inbox.tables import Table, csv_bytes, write_file
from tests.emulators.metrica import Counter, MetricaEmulator, Settings
from tests.end_to_end.stage import TOKEN, Stage
from tests.end_to_end.test_end_to_end import BUILD, FILE_DAGS, PASSPORT

pytestmark = pytest.mark.slow

DAY = {"date_from": "2024-03-05", "date_to": "2024-03-05"}
COUNTERS = (Counter(12345678), Counter(87654321, "Сайт", "Asia/Yekaterinburg", "school.example"))
EVENTS = Table(("Дата", "Название", "Вид"), [("06.03.2024", "День данных", "семинар")])


def test_every_dag_runs_by_the_plain_command_on_an_empty_warehouse(tmp_path: Path) -> None:
    settings = Settings(polls=1)
    with MetricaEmulator(
        COUNTERS, {TOKEN: None}, settings=settings, today=date(2024, 4, 10)
    ) as emulator:
        stage = Stage(tmp_path / "stage", PASSPORT, emulator.port)
        arrived = datetime(2024, 3, 7, tzinfo=ZoneInfo("UTC"))
        write_file(stage.inbox / "registers" / "events.csv", csv_bytes(EVENTS), arrived)
        stage.airflow("db", "migrate")
        for dag in ("load_metrica_visits", "load_metrica_hits"):
            stage.run(dag, DAY)
        for dag in (*FILE_DAGS, BUILD):
            stage.run(dag)
    dump = stage.dump()
    published = {one["source"] for one in dump["loads"] if one["status"] == "published"}
    assert published == {"metrica", "registers"}
    assert any(row["indicator"] == "ict_events" for row in dump["marts"]["indicators_monthly"])
    assert dump["marts"]["site_pages_monthly"]
