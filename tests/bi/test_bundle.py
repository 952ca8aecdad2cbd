"""The bundle and the dictionary are what their sources say, and hold no known way to wrong numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bi.__main__ import BUNDLE, DICTIONARY, WORKBOOK, generated
from bi.marts import Column, Mart, dictionary, read_marts
from bi.sources import Described, Place, Words, acts_on, read_sources
from bi.superset.bundle import identity
from bi.superset.superset_setup import NO_PAGE, linked
from municipal_indicators.reference.labels import read_labels
from municipal_indicators.warehouse.client import Warehouse

SETTINGS = BUNDLE.parent / "superset_config.py"
SECRETS = {
    "SUPERSET_SECRET_KEY": "a-key-of-the-tests",
    "SUPERSET_DATABASE_URI": "sqlite://",
    "CLICKHOUSE_BI_PASSWORD": "a-password-of-the-tests",
}
# The bundle is generated from the lists that are shipped.
pytestmark = pytest.mark.usefixtures("shipped")
DATASETS = sorted((BUNDLE / "datasets").rglob("*.yaml"))
CHARTS = sorted((BUNDLE / "charts").glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.fixture
def described() -> Described:
    return read_sources()


@pytest.fixture
def marts(warehouse: Warehouse) -> list[Mart]:
    return read_marts(warehouse.client)


def test_what_is_checked_in_is_what_is_generated(marts: list[Mart]) -> None:
    files = generated(marts)
    stale = [
        str(path.name) for path, text in files.items() if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run python -m bi"
    kept = {*BUNDLE.rglob("*.yaml"), *WORKBOOK.rglob("*.yaml")}
    assert kept == set(files) - {DICTIONARY}


def test_every_mart_and_column_is_explained_and_in_the_dictionary(marts: list[Mart]) -> None:
    text = DICTIONARY.read_text(encoding="utf-8")
    assert len(marts) >= 16
    for mart in marts:
        assert re.search("[а-я]", mart.comment), mart.name
        section = text.split(f"\n## {mart.name}\n")[1].split("\n## ")[0]
        for column in mart.columns:
            assert re.search("[а-яА-Я]", column.comment), f"{mart.name}.{column.name}"
            assert column.comment in section.split(f"\n| `{column.name}` |")[1].split("\n")[0]


def test_a_dictionary_shows_types_as_a_reader_needs_them() -> None:
    column = Column("status", "Enum8('a' = 0, 'b' = 1)", "Состояние: a одно, b другое")
    words = Column("channel", "LowCardinality(String)", "Канал")
    text = dictionary([Mart("made_up", "Выдумка", "month", [column, words])])
    assert "| `status` | `Enum8('a', 'b')` | Состояние: a одно, b другое |" in text
    assert "| `channel` | `String` | Канал |" in text


def test_no_mart_needs_final_or_rights_that_bi_does_not_have(warehouse: Warehouse) -> None:
    # Superset reads without FINAL, and a view needs rights on what it reads, unless it lends those of
    # whoever made it (docs/bi.md, traps 5, 6).
    tables = warehouse.rows(
        "SELECT engine, if(create_table_query LIKE '%SQL SECURITY DEFINER%', '', as_select) "
        "FROM system.tables WHERE database = 'marts'"
    )
    assert {engine for engine, _ in tables} == {"View"}
    read = {name for _, query in tables for name in re.findall(r"(?:FROM|JOIN) (\w+\.\w+)", query)}
    assert {name for name in read if not re.match(r"(marts|mart_rows)\.", name)} == {
        "ops.published_marts"
    }
    stored = warehouse.rows(
        "SELECT DISTINCT engine FROM system.tables WHERE database = 'mart_rows'"
    )
    assert stored == [("MergeTree",)]


@pytest.mark.parametrize("path", DATASETS, ids=lambda path: path.stem)
def test_no_alias_is_a_column(path: Path) -> None:
    # ClickHouse takes an alias for the column of that name, in WHERE too (docs/bi.md, trap 1).
    dataset = read(path)
    stored = {column["column_name"] for column in dataset["columns"] if not column["expression"]}
    computed = [column["column_name"] for column in dataset["columns"] if column["expression"]]
    metrics = [metric["metric_name"] for metric in dataset["metrics"]]
    names = computed + metrics
    assert stored.isdisjoint(names)
    assert len(names) == len(set(names))
    for chart in map(read, CHARTS):
        if chart["dataset_uuid"] == dataset["uuid"] and "x_axis" in chart["params"]:
            axis = chart["params"]["x_axis"]
            assert axis["expressionType"] == "SQL"
            assert axis["label"] not in stored | set(names)


@pytest.mark.parametrize("path", DATASETS, ids=lambda path: path.stem)
def test_time_is_a_day_and_no_instant(path: Path) -> None:
    # The edges of a filter on an instant are the server's midnight (docs/bi.md, trap 3).
    dataset = read(path)
    types = {column["column_name"]: column["type"] for column in dataset["columns"]}
    assert dataset["main_dttm_col"] is None or types[dataset["main_dttm_col"]] == "Date"
    shown = [
        chart["params"] for chart in map(read, CHARTS) if chart["dataset_uuid"] == dataset["uuid"]
    ]
    instants = {name for name, kind in types.items() if "DateTime" in kind}
    for params in shown:
        assert instants.isdisjoint(params.get("groupby", []))
        assert params.get("x_axis", {}).get("sqlExpression") not in instants


def test_every_chart_over_months_sets_apart_the_month_that_is_not_over(
    described: Described,
) -> None:
    # A half-filled last month looks like a fall (docs/bi.md, trap 4). The catalogue's months are states.
    together = [
        part.title
        for dashboard in described.dashboards
        for part in dashboard.charts()
        if part.x and part.x_label == "Месяц" and not part.whole
    ]
    assert together == ["Услуги в перечне на конец месяца"]


def test_a_filter_acts_on_every_chart_that_has_its_column(described: Described) -> None:
    of = {chart["uuid"]: chart["dataset_uuid"] for chart in map(read, CHARTS)}
    columns = {
        dataset["uuid"]: {column["column_name"] for column in dataset["columns"]}
        for dataset in map(read, DATASETS)
    }
    by_name = {name: columns[identity("dataset", name)] for name in described.datasets}
    for dashboard in described.dashboards:
        written = read(BUNDLE / "dashboards" / f"{dashboard.slug}.yaml")
        numbers = {
            place["meta"]["sliceName"]: place["meta"]["chartId"]
            for place in written["position"].values()
            if isinstance(place, dict) and place["type"] == "CHART"
        }
        for place in written["position"].values():
            if isinstance(place, dict) and place["type"] == "CHART":
                assert place["meta"]["uuid"] in of
        for choice, wanted in zip(
            written["metadata"]["native_filter_configuration"], dashboard.filters, strict=True
        ):
            (target,) = choice["targets"]
            assert target["column"]["name"] in columns[target["datasetUuid"]]
            without = {
                numbers[part.title]
                for part in dashboard.charts()
                if not acts_on(wanted, part, by_name)
            }
            assert set(choice["scope"]["excluded"]) == without
            assert len(without) < len(numbers)
            # A year begins with the newest one, and acts at once.
            newest = choice["name"] == "Год"
            assert choice["controlValues"]["defaultToFirstItem"] is newest
            assert choice["requiredFirst"] is choice["controlValues"]["defaultToFirstItem"]
            assert choice["controlValues"]["sortAscending"] is not newest
    # What stands on the last complete month, or lists all years, is of no chosen year.
    unfiltered = {
        part.of
        for dashboard in described.dashboards
        for part in dashboard.charts()
        if "year" in part.unfiltered
    }
    assert unfiltered == {"indicators_latest", "programme_funding_yearly"}


def test_titles_name_their_period(described: Described) -> None:
    period = re.compile(r"\bгод|\bлет\b|месяц|день|дней|сейчас|с начала")
    nameless = [
        part.title
        for dashboard in described.dashboards
        for part in dashboard.charts()
        if (part.kind == "tile" or (not part.x and "year" in _columns(described, part.of)))
        and not period.search(f"{part.title} {part.subtitle}")
    ]
    assert nameless == ["Сверка визитов с отчётами Метрики"]  # the year is a column of it


def _columns(described: Described, table: str) -> set[str]:
    return {column.name for column in described.datasets[table].columns}


def test_titles_are_unique_and_russian_and_parts_fill_their_row(described: Described) -> None:
    for dashboard in described.dashboards:
        titles = [part.title for row in dashboard.rows for part in row.parts]
        assert len(titles) == len(set(titles))
        assert all(re.search("[А-я]", title) for title in titles)
        assert [sum(row.widths()) for row in dashboard.rows] == [12] * len(dashboard.rows)


def test_series_of_one_chart_have_different_colours() -> None:
    colours = read(BUNDLE / "dashboards" / "programme.yaml")["metadata"]["label_colors"]
    assert colours["fact_of_month"] == colours["headline_fact"]
    for chart in map(read, CHARTS):
        chosen = [colours[name] for name in chart["params"].get("metrics", []) if name in colours]
        if "x_axis" in chart["params"]:
            assert len(chosen) == len(set(chosen)), chart["slice_name"]


def test_every_metric_and_computed_column_has_a_russian_label(described: Described) -> None:
    for name, dataset in described.datasets.items():
        for one in [*dataset.columns, *dataset.metrics]:
            assert re.search("[А-я]", one.label), f"{name}.{one.name}"


def test_what_is_not_text_has_a_format_and_is_no_text(
    described: Described, warehouse: Warehouse
) -> None:
    # A number in words would be sorted as a word: 1 000 before 9.
    wanted = {
        "month": r"Date",
        "day": r"Date",
        "moment": r"DateTime",
        "": r"String|Enum|Date|Bool|UInt16",
    }
    for name, dataset in described.datasets.items():
        asked = ", ".join(f"toTypeName({one.sql(read_labels())})" for one in dataset.metrics)
        if not asked:
            continue
        (types,) = warehouse.rows(f"SELECT {asked} FROM marts.{name}")
        for metric, kind in zip(dataset.metrics, types, strict=True):
            number = r"U?Int|Float"
            assert re.search(wanted.get(metric.format, number), kind), f"{metric.name}: {kind}"


def test_codes_are_written_in_russian_in_the_order_of_the_labels(warehouse: Warehouse) -> None:
    labels = read_labels()
    # A code without a word stays itself, and comes last.
    sql = Words.model_validate({"of": "code", "as": "sources"}).expression(labels)
    rows = warehouse.rows(f"SELECT {sql} FROM (SELECT arrayJoin(['smev', 'it''s']) AS code)")
    assert rows == [(labels.sources["smev"],), ("it's",)]
    sql = Place.model_validate({"of": "code", "as": "sources"}).expression(labels)
    rows = warehouse.rows(f"SELECT {sql} FROM (SELECT arrayJoin(['smev', 'it''s']) AS code)")
    assert rows == [(3,), (5,)]


def settings(**environment: str) -> subprocess.CompletedProcess[str]:
    """The settings as a process sees them, with the connection of the bundle's database."""
    script = f"""
import runpy
from sqlalchemy.engine import make_url
settings = runpy.run_path({str(SETTINGS)!r})
for uri in ("clickhousedb://bi@clickhouse/marts", "clickhousedb://bi@elsewhere/marts"):
    made, _ = settings["DB_CONNECTION_MUTATOR"](make_url(uri), {{}}, "", None, None)
    print(made.render_as_string(hide_password=False))
"""
    own = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=own | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_superset_refuses_to_start_without_a_secret(name: str) -> None:
    refused = settings(**{key: value for key, value in SECRETS.items() if key != name})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Superset does not start: {name} is empty.")
    assert not any(value in refused.stderr for value in SECRETS.values())


def test_where_the_warehouse_is_and_its_password_come_from_the_environment() -> None:
    plain = settings(**SECRETS, CLICKHOUSE_HOST="db.example", CLICKHOUSE_PORT="9123")
    secure = settings(**SECRETS, CLICKHOUSE_SECURE="1")
    password = SECRETS["CLICKHOUSE_BI_PASSWORD"]
    assert plain.stdout.splitlines() == [
        f"clickhousedb://bi:{password}@db.example:9123/marts",
        "clickhousedb://bi@elsewhere/marts",
    ], plain.stderr
    assert secure.stdout.splitlines()[0] == (
        f"clickhousedb://bi:{password}@clickhouse:8443/marts?secure=true"
    )
    assert settings(**SECRETS, CLICKHOUSE_SECURE="yes").returncode == 1
    assert password not in "".join(path.read_text() for path in BUNDLE.rglob("*.yaml"))


def test_boards_lead_to_the_report_page_where_it_is_known() -> None:
    boards = sorted((BUNDLE / "dashboards").glob("*.yaml"))
    assert boards
    for board in boards:
        text = board.read_text(encoding="utf-8")
        count = text.count(f"]({NO_PAGE}/")
        assert count >= 1
        known = linked(text, "https://reports.example/programme-report/")
        assert known.count("](https://reports.example/programme-report/") == count
        unknown = linked(text, "")
        for led in (known, unknown):
            assert NO_PAGE not in led
            assert yaml.safe_load(led).keys() == yaml.safe_load(text).keys()
        assert "](" not in unknown
        assert "страница отчёта" in unknown


def test_every_indicator_is_linked_by_its_one_address() -> None:
    text = (BUNDLE / "dashboards" / "programme.yaml").read_text(encoding="utf-8")
    codes = re.findall(rf"{re.escape(NO_PAGE)}/indicators/(\w+)", text)
    assert sorted(codes) == sorted(read_labels().indicators)
