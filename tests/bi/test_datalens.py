"""The workbook for DataLens: its numbers are Superset's, and its requests are those that the API describes.

DataLens itself does not run here: tests/emulators/datalens.py answers over HTTP, the engine runs each query.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from datalens_sdk import DataLensClientEnterprise, OAuthAuthProvider

from bi.__main__ import WORKBOOK as FOLDER
from bi.datalens.__main__ import main
from bi.datalens.importing import Address, import_workbook
from bi.datalens.workbook import SERIES, VALUE
from bi.queries import chart_query
from bi.sources import Computed, Dataset, Described, Part, acts_on, quoted, read_sources
from municipal_indicators.report import russian
from municipal_indicators.warehouse.client import Warehouse
from tests.bi import made_up
from tests.emulators.datalens import TOKEN, WORKBOOK, DataLens, datalens

PASSWORD = "password-of-the-tests"
CHARTS = sorted((FOLDER / "charts").glob("*.yaml"))
KINDS = {"connection": 1, "dataset": 28, "widget": len(CHARTS), "dash": 3}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def marts(module_warehouse: Warehouse) -> Iterator[Warehouse]:
    from municipal_indicators import settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "REFERENCE", settings.REPOSITORY / "reference")
        made_up.fill(module_warehouse)
        yield module_warehouse


@pytest.fixture(scope="module")
def described(marts: Warehouse) -> Described:
    return read_sources()


@pytest.fixture
def installation(marts: Warehouse) -> Iterator[DataLens]:
    def describe(sql: str) -> Sequence[tuple[str, str]]:
        return [(str(row[0]), str(row[1])) for row in marts.rows(f"DESCRIBE ({sql})")]

    with datalens(describe) as running:
        yield running


def write(installation: DataLens, password: str = "", folder: Path = FOLDER) -> Mapping[str, int]:
    auth = OAuthAuthProvider(token=TOKEN)
    with DataLensClientEnterprise(base_url=installation.url, auth=auth) as client:
        return import_workbook(client, WORKBOOK, Address("db.example", password=password), folder)


def parts(described: Described) -> dict[str, Part]:
    return {
        f"{board.slug}_{number:02}": part
        for board in described.dashboards
        for number, part in enumerate(board.charts(), 1)
    }


def bound(document: Mapping[str, Any], **values: str) -> str:
    """The query as DataLens sends it: a parameter is a literal, empty where nothing is chosen."""
    query: str = document["query"]
    for name in document["params"]:
        query = query.replace(f"{{{{{name}}}}}", quoted(values.get(name, "")))
    assert "{{" not in query
    return query


def as_written(value: Any, metric: Computed | None) -> str:
    """A value as the page writes it."""
    kind = metric.format if metric else ""
    if value is None:
        return "—"
    if kind == "month":
        return f"{value:%m.%Y}"
    if kind in {"number", "share", "money"}:
        return russian.number(value * (100 if kind == "share" else 1), 2 if kind == "money" else 1)
    return str(value)


def shown_as_written(value: Any, metric: Computed | None) -> str:
    if value is None or isinstance(value, str):
        return "—" if value is None else value
    kind = metric.format if metric else ""
    return russian.number(value, 2) if kind in {"number", "share", "money"} else str(value)


@pytest.mark.parametrize("year", [2026, 2025])
def test_every_chart_has_the_numbers_of_superset(
    marts: Warehouse, described: Described, year: int
) -> None:
    columns = {
        name: {str(row[0]) for row in marts.rows(f"DESCRIBE marts.{name}")}
        | {column.name for column in dataset.columns}
        for name, dataset in described.datasets.items()
    }
    boards = {board.slug: board for board in described.dashboards}
    assert set(parts(described)) == {path.stem for path in CHARTS}
    for identity, part in parts(described).items():
        dataset = described.datasets[part.of]
        document = read(FOLDER / "charts" / f"{identity}.yaml")
        filters = boards[identity.rpartition("_")[0]].filters
        assert document["params"] == [one.column for one in filters if acts_on(one, part, columns)]
        of_year = "year" in document["params"]
        superset = marts.mappings(
            chart_query(part, dataset, {"year": f"= {year}"} if of_year else {})
        )
        # Nothing chosen is the newest year.
        chosen = {} if year == 2026 else {"year": str(year)}
        shown = marts.mappings(bound(document, **chosen))
        assert told(shown, superset, part, dataset), part.title


def told(
    shown: list[dict[str, Any]], superset: list[dict[str, Any]], part: Part, dataset: Dataset
) -> bool:
    """Whether both say the same; of a series the order of its points is that of the axis."""
    if part.kind in {"lines", "bars"}:
        wanted = []
        for row in superset:
            for name in part.metrics:
                metric = dataset.find(name)
                assert metric
                unit = {"share": ", %", "money": ", тыс. руб."}.get(metric.format, "")
                series = row[part.by[0]] if part.by else f"{metric.label}{unit}"
                if row[name] is not None or part.by:
                    wanted.append((row[part.x_label], series, as_written(row[name], metric)))
        metric = dataset.find(part.metrics[0])
        count = Computed(name="x", label="x", expression="x", format="number")
        kind = metric if metric and metric.format in {"share", "number", "money"} else count
        found = [
            (row[part.x_label], row[SERIES], shown_as_written(row[VALUE], kind)) for row in shown
        ]
        numbers = [(x, series, text.replace(russian.NBSP, "")) for x, series, text in found]
        return sorted(map(str, numbers)) == sorted(
            str((x, series, text.replace(russian.NBSP, ""))) for x, series, text in wanted
        )
    names = [*part.by, *part.metrics]
    assert len(shown) == len(superset)
    for mine, its in zip(shown, superset, strict=True):
        metrics = [dataset.find(name) for name in names]
        written = [
            shown_as_written(value, metric)
            for value, metric in zip(mine.values(), metrics, strict=True)
        ]
        if written != [
            as_written(its[name], one) for name, one in zip(names, metrics, strict=True)
        ]:
            return False
    return True


def test_a_site_that_is_chosen_bounds_the_charts_of_sites(marts: Warehouse) -> None:
    document = read(FOLDER / "charts" / "site-and-services_01.yaml")
    assert document["params"] == ["year", "site"]
    (of_all,) = marts.rows(bound(document, year="2025"))
    (of_one,) = marts.rows(bound(document, year="2025", site="Официальный сайт"))
    assert (of_all, of_one) == ((24_000,), (12_000,))


def test_names_are_russian_and_of_one_thing() -> None:
    for folder in ("charts", "boards", "datasets"):
        documents = [read(path) for path in (FOLDER / folder).glob("*.yaml")]
        names = [document["name"] for document in documents]
        assert len(names) == len(set(names))
        if folder != "datasets":
            assert all(re.search("[А-я]", name) and "/" not in name for name in names)
        for document in documents:
            titles = [field["title"] for field in document.get("fields", [])]
            assert len(titles) == len(set(titles))
            assert all(re.search("[А-я]", title) for title in titles)


def test_everything_is_written_and_found_again(installation: DataLens) -> None:
    made = write(installation, PASSWORD)
    assert made == {
        "datasets": KINDS["dataset"],
        "charts": KINDS["widget"],
        "boards": KINDS["dash"],
    }
    assert {kind: len(installation.of(kind)) for kind in KINDS} == KINDS
    (connection,) = installation.of("connection").values()
    assert connection["password"] == PASSWORD
    wanted = {
        "host": "db.example",
        "port": 8443,
        "secure": "on",
        "db_name": "marts",
        "username": "bi",
    }
    assert {key: connection[key] for key in wanted} == wanted
    assert (connection["raw_sql_level"], connection["readonly"]) == ("dashsql", 2)
    for path in CHARTS:
        document = read(path)
        data = installation.of("widget")[document["name"]]["data"]
        assert data["queryValue"] == document["query"]
        assert data["connection"]["entryId"] == connection["id"]
        assert [one["name"] for one in data["params"]] == document["params"]
        placed = {
            place["id"].replace("-", "_"): [item["title"] for item in place["items"]]
            for place in data["visualization"]["placeholders"]
            if place["items"]
        }
        asked = {
            place: [one["name"] for one in given] for place, given in document["columns"].items()
        }
        assert placed == {place: asked[place] for place in placed}
        assert asked.keys() - placed.keys() <= {"colors"}
    again = {identity: one["name"] for identity, one in installation.entries.items()}
    write(installation)
    assert {identity: one["name"] for identity, one in installation.entries.items()} == again


def test_fields_are_titled_and_selectors_reach_the_parameters(installation: DataLens) -> None:
    write(installation)
    dataset = installation.of("dataset")["indicators_monthly"]["dataset"]
    titles = {field["source"]: field["title"] for field in dataset["result_schema"]}
    assert titles["fact"] == "Факт"
    assert titles["status_words"] == "Состояние (status_words)"
    for name, board in installation.of("dash").items():
        (tab,) = board["data"]["tabs"]
        document = next(
            found
            for found in map(read, (FOLDER / "boards").glob("*.yaml"))
            if found["name"] == name
        )
        for selector, aliases in zip(document["selectors"], tab["aliases"]["default"], strict=True):
            fields = installation.of("dataset")[selector["dataset"]]["dataset"]["result_schema"]
            (guid,) = (one["guid"] for one in fields if one["source"] == selector["param"])
            assert sorted(aliases) == sorted([guid, selector["param"]])
        widgets = [item for item in tab["items"] if item["type"] == "widget"]
        shown = [installation.entries[one["data"]["tabs"][0]["chartId"]]["name"] for one in widgets]
        assert shown == [item["chart"] for item in document["items"] if "chart" in item]


def test_a_second_import_renews_what_changed(installation: DataLens, tmp_path: Path) -> None:
    write(installation)
    folder = tmp_path / "workbook"
    shutil.copytree(FOLDER, folder)
    path = folder / "charts" / "programme_01.yaml"
    chart = read(path)
    path.write_text(yaml.safe_dump({**chart, "query": "SELECT 1 AS `Отстаёт`"}), encoding="utf-8")
    data = read(folder / "datasets" / "indicator_methods.yaml")
    changed = {**data, "sql": data["sql"].replace("SELECT\n", "SELECT\n    1 AS `added`,\n")}
    fields = [
        *data["fields"],
        {"source": "added", "title": "Новое", "cast": "integer", "description": "Новое"},
    ]
    (folder / "datasets" / "indicator_methods.yaml").write_text(
        yaml.safe_dump({**changed, "fields": fields}), encoding="utf-8"
    )
    write(installation, folder=folder)
    assert installation.of("widget")[chart["name"]]["data"]["queryValue"] == "SELECT 1 AS `Отстаёт`"
    schema = installation.of("dataset")["indicator_methods"]["dataset"]["result_schema"]
    assert "Новое" in {field["title"] for field in schema}
    assert {kind: len(installation.of(kind)) for kind in KINDS} == KINDS
    assert {len(board["data"]["tabs"]) for board in installation.of("dash").values()} == {1}


def test_an_import_that_was_stopped_is_continued(installation: DataLens, tmp_path: Path) -> None:
    half = tmp_path / "workbook"
    shutil.copytree(FOLDER, half)
    shutil.rmtree(half / "boards")
    for path in sorted((half / "charts").glob("*.yaml"))[20:]:
        path.unlink()
    write(installation, folder=half)
    assert len(installation.of("widget")) == 20
    write(installation)
    assert {kind: len(installation.of(kind)) for kind in KINDS} == KINDS


def test_no_password_is_in_the_files_or_in_what_is_said(
    installation: DataLens, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "password" not in "".join(path.read_text() for path in FOLDER.rglob("*.yaml"))
    for name, value in (
        ("DATALENS_BASE_URL", installation.url),
        ("DATALENS_OAUTH_TOKEN", "another-token"),
        ("CLICKHOUSE_HOST", "db.example"),
        ("CLICKHOUSE_BI_PASSWORD", PASSWORD),
    ):
        monkeypatch.setenv(name, value)
    assert main([WORKBOOK]) == 1
    said = capsys.readouterr().err
    assert said.startswith("The workbook is not written: ")
    assert "401" in said
    assert PASSWORD not in said
    assert "another-token" not in said
    monkeypatch.setenv("DATALENS_OAUTH_TOKEN", TOKEN)
    assert main(["no-such-workbook"]) == 1
    assert main([WORKBOOK]) == 0
    assert f"charts: {KINDS['widget']}" in capsys.readouterr().out
    monkeypatch.delenv("CLICKHOUSE_HOST")
    assert main([WORKBOOK]) == 1
    assert "CLICKHOUSE_HOST is empty" in capsys.readouterr().err
