"""A region: a folder of passports, one installation, and nothing of a district in another."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from airflow.sdk import DAG
from starlette.requests import Request

from municipal_indicators import settings
from municipal_indicators.airflow_ui.report_app import make_app
from municipal_indicators.doctor.examination import examine
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.districts import DATABASES
from tests.dags.test_dag_files import DAG_IDS, parse
from tests.emulators.inbox.tables import Table, csv_bytes
from tests.emulators.metrica import MetricaEmulator
from tests.inbox.conftest import put
from tests.sources.metrica.conftest import FAR_SITE, SITE, TOKEN

DISTRICTS = {"mtsensk": SITE, "oryol": FAR_SITE}
EVENTS_HELD = """
SELECT argMax(fact, month) FROM marts.indicators_monthly WHERE indicator = 'ict_events'
"""


def write_passports(folder: Path, *names: str) -> Path:
    """A passport a district like that of the tests, with its own name and its own site."""
    folder.mkdir()
    text = (REPOSITORY / "tests" / "passport.yaml").read_text(encoding="utf-8")
    for name in names:
        own = text.replace(str(SITE), str(DISTRICTS.get(name, SITE)))
        own = re.sub(
            r"(?m)^programme: .*", f"programme: Программа {name}\ndistrict: Район {name}", own
        )
        (folder / f"{name}.yaml").write_text(own, encoding="utf-8")
    return folder


def test_a_folder_of_passports_makes_the_dags_of_each_district(tmp_path: Path) -> None:
    folder = write_passports(tmp_path / "programmes", *DISTRICTS)
    one = parse()["dags"]
    found = parse(AIRFLOW_VAR_PROGRAMME_PASSPORT=str(folder))
    assert found["touched"] == []
    assert found["heavy"] == []
    dags = found["dags"]
    assert set(dags) == {f"{district}__{name}" for district in DISTRICTS for name in DAG_IDS}
    for dag_id, dag in dags.items():
        district, _, name = dag_id.partition("__")
        alone = one[name]
        assert dag["file"] == name
        assert dag["name"] == f"{alone['name']} · {district}"
        assert dag["tags"] == sorted([*alone["tags"], district])
        assert dag["pools"] == sorted(
            pool.replace("warehouse", f"warehouse_{district}") for pool in alone["pools"]
        )
        assert dag["awaits"] == [f"{district}__{asset}" for asset in alone["awaits"]]
        assert dag["tasks"] == {
            task: [f"{district}__{asset}" for asset in assets]
            for task, assets in alone["tasks"].items()
        }
        assert dag["doc"] == alone["doc"].replace("report/)", f"report/{district}/)")
        for same in ("params", "hours", "limit", "task_names", "task_docs", "owners"):
            assert dag[same] == alone[same], (dag_id, same)


@pytest.fixture
def region(
    warehouse: Warehouse,
    places: Path,
    emulator: MetricaEmulator,
    airflow_database: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """Two districts; ``oryol`` has a token of its own, which alone may read its counter."""
    own = json.loads(os.environ["AIRFLOW_CONN_METRICA_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_ORYOL", json.dumps(own | {"password": "y0_of_oryol"}))
    emulator.tokens.update({"y0_of_oryol": {FAR_SITE}, TOKEN: {SITE}})
    folder = write_passports(places / "programmes", *DISTRICTS)
    monkeypatch.setenv("AIRFLOW_VAR_REPORT", str(places / "pages" / "report.html"))
    monkeypatch.setenv(settings.PASSPORT_VARIABLE, str(folder))
    yield places
    for district in DISTRICTS:
        for database in DATABASES:
            warehouse.command(f"DROP DATABASE IF EXISTS {district}_{database}")
    warehouse.command("DROP DATABASE IF EXISTS region")


def read(name: str) -> dict[str, DAG]:
    """The DAGs of one file, by district."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / f"{name}.py"))
    assert bag.import_errors == {}
    return {dag_id.partition("__")[0]: dag for dag_id, dag in bag.dags.items()}


@contextmanager
def warehouse_of(district: str) -> Iterator[Warehouse]:
    """The warehouse as a task of the district opens it."""
    with settings.working_for(district), open_warehouse() as opened:
        yield opened


def test_the_watch_the_doctor_and_the_page_know_the_district(
    region: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_NOTIFY_EMAIL_ORYOL", "oryol@example.org")
    put(region / "inbox" / "oryol" / "registers" / "empty.csv", b"")
    (region / "inbox" / "mtsensk").mkdir()
    assert read("load_programme_registers")["oryol"].test().state == "success"
    assert read("watch_the_morning")["mtsensk"].test().state == "success"
    assert "success" in {
        str(one.state) for one in read("watch_the_morning")["oryol"].test().get_task_instances()
    }
    texts = "SELECT text, channel FROM ops.notifications WHERE kind = 'rejected'"
    with warehouse_of("mtsensk") as opened:
        assert opened.rows(texts) == []
    with warehouse_of("oryol") as opened:
        ((text, channel),) = opened.rows(texts)
    assert "\nРайон: oryol\n" in text
    assert "/dags/oryol__load_programme_registers" in text
    assert channel == "email"
    found = {one.subject: one for one in examine()}
    assert "oryol: сообщения" in found
    assert found["oryol: Метрика"].state == found["mtsensk: Метрика"].state == "ok"
    assert "airflow pools set warehouse_oryol 1" in found["oryol: Airflow"].text
    assert found["mtsensk: сообщения"].state == "warn"
    assert found["oryol: сообщения"].state == "ok"
    for district in DISTRICTS:
        page = region / "pages" / district / "report.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"page of {district}", encoding="utf-8")
    routes = {getattr(route, "path", ""): route for route in make_app().routes}
    assert {
        "/",
        "/mtsensk/",
        "/oryol/",
        "/oryol/documents/{name}",
        "/oryol/indicators/{code}",
    } <= set(routes)
    request = Request({"type": "http", "method": "GET", "path": "/oryol/", "headers": []})
    response = routes["/oryol/"].endpoint(request)  # type: ignore[attr-defined]
    assert Path(response.path).read_text(encoding="utf-8") == "page of oryol"


def test_the_night_of_a_district_is_its_own(region: Path, warehouse: Warehouse) -> None:
    before = warehouse.value("SELECT count() FROM ops.load_events")
    for district, titles in {"mtsensk": ["Первое"], "oryol": ["Второе", "Третье"]}.items():
        events = Table(("Дата", "Название"), [("06.05.2024", title) for title in titles])
        put(region / "inbox" / district / "registers" / "events.csv", csv_bytes(events))
    for name in ("load_programme_registers", "load_metrica_visits", "build_indicator_marts"):
        conf = {"date_from": "2024-03-01", "date_to": "2024-03-01"} if "metrica" in name else {}
        dags = read(name)
        assert set(dags) == set(DISTRICTS)
        for dag in dags.values():
            assert dag.test(run_conf=conf).state == "success"
    for district, events_held in {"mtsensk": 1, "oryol": 2}.items():
        with warehouse_of(district) as opened:
            assert opened.value(EVENTS_HELD) == events_held
            counters = opened.rows("SELECT DISTINCT counter_id FROM core.site_visits")
            assert counters == [(DISTRICTS[district],)]
            assert opened.value("SELECT count() FROM core.events") == events_held
        assert (region / "pages" / district / "report.html").is_file()
        archived = [path for path in (region / "archive" / district).rglob("*") if path.is_file()]
        assert len([path for path in archived if path.suffix == ".csv"]) == 1
    assert warehouse.value("SELECT count() FROM ops.load_events") == before
    compared = warehouse.rows(
        """
        SELECT district, district_name, fact, districts_with_fact, median_fact
        FROM region.indicators_monthly AS r
        WHERE indicator = 'ict_events' AND month = (SELECT max(month) FROM region.indicators_monthly)
        ORDER BY district
        """
    )
    assert compared == [
        ("mtsensk", "Район mtsensk", 1.0, 2, 1.5),
        ("oryol", "Район oryol", 2.0, 2, 1.5),
    ]
    grain = "SELECT count(), uniqExact(district, indicator, month) FROM region.indicators_monthly"
    assert len(set(*warehouse.rows(grain))) == 1
    uncommented = (
        "SELECT name FROM system.columns WHERE database = 'region' AND NOT match(comment, '[а-я]')"
    )
    assert warehouse.rows(uncommented) == []
