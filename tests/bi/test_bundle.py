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

from bi.__main__ import BUNDLE, DICTIONARY, generated
from bi.marts import Column, Mart, dictionary, read_marts
from bi.sources import Words, Written, read_dashboards, read_datasets
from bi.superset.bundle import identity
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
def marts(warehouse: Warehouse) -> list[Mart]:
    return read_marts(warehouse.client)


def test_what_is_checked_in_is_what_is_generated(marts: list[Mart]) -> None:
    files = generated(marts)
    stale = [
        str(path.name) for path, text in files.items() if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run python -m bi"
    assert set(BUNDLE.rglob("*.yaml")) == set(files) - {DICTIONARY}


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


def test_every_line_over_months_leaves_out_the_month_that_is_not_over() -> None:
    # A half-filled last month looks like a fall (docs/bi.md, trap 4). The catalogue's months are states.
    open_ended = [
        chart["slice_name"]
        for chart in map(read, CHARTS)
        if chart["params"].get("x_axis", {}).get("label") == "Месяц"
        and not {"is_whole_month", "is_settled"}
        & {rule["subject"] for rule in chart["params"]["adhoc_filters"]}
    ]
    assert open_ended == ["Услуги в каталоге"]


def test_a_filter_acts_on_every_chart_that_has_its_column() -> None:
    uses = {chart["uuid"]: chart["dataset_uuid"] for chart in map(read, CHARTS)}
    columns = {
        dataset["uuid"]: {column["column_name"] for column in dataset["columns"]}
        for dataset in map(read, DATASETS)
    }
    # Those taken out: a year would empty what shows the last complete month (docs/bi.md, trap 7).
    besides = {
        identity("dataset", name)
        for dashboard in read_dashboards()
        for choice in dashboard.filters
        for name in choice.besides
    }
    assert besides == {identity("dataset", "indicators_latest")}
    for dashboard in map(read, (BUNDLE / "dashboards").glob("*.yaml")):
        charts = {
            part["meta"]["chartId"]: uses[part["meta"]["uuid"]]
            for part in dashboard["position"].values()
            if isinstance(part, dict) and part["type"] == "CHART"
        }
        for choice in dashboard["metadata"]["native_filter_configuration"]:
            (target,) = choice["targets"]
            name = target["column"]["name"]
            assert name in columns[target["datasetUuid"]]
            without = {
                number
                for number, uses in charts.items()
                if name not in columns[uses] or uses in besides
            }
            assert set(choice["scope"]["excluded"]) == without
            assert len(without) < len(charts)


def test_titles_are_unique_and_russian_and_parts_fill_their_row() -> None:
    for dashboard in read_dashboards():
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


def test_every_metric_and_computed_column_has_a_russian_label() -> None:
    for name, dataset in read_datasets().items():
        for one in [*dataset.columns, *dataset.metrics]:
            assert re.search("[А-я]", one.label), f"{name}.{one.name}"


def test_numbers_and_codes_are_written_in_russian(warehouse: Warehouse) -> None:
    numbers = {
        "1234567.891": "1\u00a0234\u00a0567,89",
        "-123456": "−123\u00a0456",
        "1000": "1\u00a0000",
        "-0.5": "−0,5",
        "60": "60",
        "0": "0",
        "NULL": "не задан",
    }
    sql = Written(of="n", empty="не задан").expression()
    values = ", ".join(f"CAST({number} AS Nullable(Float64))" for number in numbers)
    rows = warehouse.rows(f"SELECT {sql} FROM (SELECT arrayJoin([{values}]) AS n)")
    assert [text for (text,) in rows] == list(numbers.values())
    # A code without a word stays itself.
    sql = Words.model_validate({"of": "code", "as": "sources"}).expression(read_labels())
    rows = warehouse.rows(f"SELECT {sql} FROM (SELECT arrayJoin(['smev', 'it''s']) AS code)")
    assert rows == [(read_labels().sources["smev"],), ("it's",)]


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
