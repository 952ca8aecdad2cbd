"""Persons and secrets of the one list, planted in all sources at once, are found nowhere afterwards."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.emulators.inbox.tables import Table, csv_bytes, write_file, xlsx_bytes, zip_bytes
from tests.emulators.metrica import Counter, MetricaEmulator, Settings, tsv
from tests.end_to_end.stage import KEY, TOKEN, Stage
from tests.end_to_end.test_end_to_end import BUILD, FILE_DAGS, PASSPORT
from tests.planted import ADDRESSES, PERSONS, TRACES
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, rows_with_persons
from tests.sources.smev.test_privacy import MEMBERS

DAY = {"date_from": "2024-03-05", "date_to": "2024-03-05"}
COUNTERS = (Counter(12345678), Counter(87654321, "Сайт", "Asia/Yekaterinburg", "school.example"))
AT = datetime(2024, 3, 7, tzinfo=ZoneInfo("UTC"))
NEEDLES = [*TRACES, *PERSONS.values(), TOKEN, KEY]


def cells_of_metrica() -> list[dict[str, str]]:
    """Cells for the first rows of each part: addresses, texts of the site, and rows for quarantine."""
    pages = ("ym:s:startURL", "ym:s:endURL", "ym:s:referer", "ym:pv:URL", "ym:pv:referer")
    persons = PERSONS.values()
    return [
        *(dict.fromkeys(pages, url) for url in ADDRESSES),
        *(dict.fromkeys(pages, f"https://adm.example/{one.replace(' ', '-')}/") for one in persons),
        *({"ym:s:parsedParamsKey1": tsv.string_array([one], "B")} for one in persons),
        *({"ym:s:bounce": one, "ym:pv:isPageView": one} for one in persons),
    ]


def fill(inbox: Path) -> None:
    """Files of all kinds with persons in every column and in their names, one of each hopeless."""
    named = PERSONS["name"]
    rows = rows_with_persons()
    files = {
        f"gosuslugi/{named}.xlsx": xlsx_bytes(
            Table(HEADINGS, rows, title_rows=(f"Выгрузил {named}",))
        ),
        f"gosuslugi/{PERSONS['SNILS']}.csv": csv_bytes(Table(HEADINGS[1:], rows)),
        f"smev/{named} {PERSONS['phone']}.zip": zip_bytes(MEMBERS, AT),
        "smev/dtd.xml": MEMBERS["dtd.xml"],
        f"registers/{PERSONS['passport']}.csv": csv_bytes(
            Table(
                ("Дата", "Название", "Вид"),
                [("06.03.2024", f"День {one}", one) for one in PERSONS.values()]
                + [(one, one, one) for one in PERSONS.values()],
            )
        ),
        f"registers/{named}.csv": csv_bytes(
            Table(
                ("Подразделение", "Требуется", "Оснащено", "На дату"),
                [(one, "да", one, "06.03.2024") for one in PERSONS.values()]
                + [(f"Отдел {one}", "да", "да", "06.03.2024") for one in PERSONS.values()],
            )
        ),
    }
    for path, content in files.items():
        write_file(inbox / path, content, AT)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    root = tmp_path_factory.mktemp("planted") / "stage"
    with MetricaEmulator(
        COUNTERS, {TOKEN: None}, settings=Settings(polls=1), today=date(2024, 4, 10)
    ) as emulator:
        emulator.faults.bad_rows = cells_of_metrica()
        stage = Stage(root, PASSPORT, emulator.port)
        fill(stage.inbox)
        with stage.session():
            stage.airflow("db", "migrate")
            for dag in ("load_metrica_visits", "load_metrica_hits"):
                stage.run(dag, DAY)
            for dag in (*FILE_DAGS, BUILD):
                stage.run(dag)
    return stage


def test_no_table_of_the_engine_holds_one(stage: Stage) -> None:
    dump = stage.dump(NEEDLES)
    assert dump["found"] == []
    # What was planted has arrived: rows of all sources are loaded, and rows of all are in quarantine.
    published = [one for one in dump["loads"] if one["status"] == "published"]
    assert {one["source"] for one in published if one["loaded"]} == {
        *("metrica", "gosuslugi", "smev", "registers")
    }
    assert {one["source"] for one in dump["quarantine"]} == {
        *("metrica", "gosuslugi", "smev", "registers")
    }
    assert sum(one["status"] == "failed" for one in dump["loads"]) >= 2


def test_no_log_page_reason_or_name_in_the_archive_holds_one(stage: Stage) -> None:
    texts = stage.texts()
    assert {path.suffix for path in texts} >= {".log", ".txt", ".html"}
    texts[stage.archive] = "\n".join(str(path) for path in stage.archive.rglob("*")).lower()
    leaks = [
        f"{path.relative_to(stage.root)}: {needle}"
        for path, text in texts.items()
        for needle in NEEDLES
        if needle.lower() in text
    ]
    assert leaks == []


def test_no_row_of_airflow_s_metadata_holds_one(stage: Stage) -> None:
    text = (stage.root / "airflow" / "airflow.db").read_bytes().decode(errors="replace").lower()
    written = {one: {one.lower(), json.dumps(one)[1:-1].lower()} for one in NEEDLES}
    assert [one for one, ways in written.items() if any(way in text for way in ways)] == []
