"""The bundle that Superset imports, written from ``sources/`` and from the comments of the marts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import yaml

from bi import sources
from bi.marts import Column, Mart
from bi.sources import Computed, Dashboard, Dataset, Part
from bi.superset import charts
from municipal_indicators.reference.labels import read_labels

WAREHOUSE = "Витрины показателей"
VERSION = "1.0.0"
# The same names get the same UUIDs in every installation and at every import.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:municipal-indicators:superset")
GRID = ["ROOT_ID", "GRID_ID"]

Document = dict[str, Any]


def identity(kind: str, name: str) -> str:
    """The stable UUID of an object of the bundle."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def bundle(marts: Sequence[Mart]) -> dict[str, Document]:
    """Every file of the bundle by its path below the bundle's folder."""
    described = sources.read_sources()
    added = described.datasets
    by_name = {mart.name: mart for mart in marts}
    files = {
        # A bundle without the current time is the same at every generation.
        "metadata.yaml": {
            "version": VERSION,
            "type": "assets",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        "databases/marts.yaml": _database(),
    }
    for name, extra in sorted(added.items()):
        files[f"datasets/marts/{name}.yaml"] = _dataset(by_name[name], extra)
    for dashboard in described.dashboards:
        for number, part in enumerate(dashboard.charts(), 1):
            path = f"charts/{dashboard.slug}_{number:02}.yaml"
            files[path] = _chart(dashboard, part, added[part.of])
        files[f"dashboards/{dashboard.slug}.yaml"] = _dashboard(dashboard, by_name, added)
    return files


def written(document: Document) -> str:
    """A document as YAML that is easy to compare."""
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def _database() -> Document:
    return {
        "database_name": WAREHOUSE,
        # superset_config.py takes the real address and the password from the environment.
        "sqlalchemy_uri": "clickhousedb://bi@clickhouse/marts",
        "expose_in_sqllab": False,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "cache_timeout": None,
        "extra": {},
        "uuid": identity("database", WAREHOUSE),
        "version": VERSION,
    }


def _dataset(mart: Mart, added: Dataset) -> Document:
    words = read_labels()
    plain = [
        {
            "column_name": column.name,
            "verbose_name": column.label,
            "description": column.comment,
            "type": column.type,
            "is_dttm": "Date" in column.type,
            "groupby": True,
            "filterable": True,
            "is_active": True,
            "expression": None,
        }
        for column in mart.columns
    ]
    computed = [
        {
            "column_name": column.name,
            "verbose_name": column.label,
            "description": None,
            "type": column.type,
            "is_dttm": column.type == "Date",
            "groupby": True,
            "filterable": True,
            "is_active": True,
            "expression": column.sql(words),
        }
        for column in added.columns
    ]
    metrics = [
        {
            "metric_name": metric.name,
            "verbose_name": metric.label,
            "expression": metric.sql(words),
            "d3format": charts.FORMATS[metric.format] or None,
        }
        for metric in added.metrics
    ]
    return {
        "table_name": mart.name,
        "schema": "marts",
        "description": mart.comment,
        "main_dttm_col": added.time,
        "filter_select_enabled": True,
        "columns": plain + computed,
        "metrics": metrics,
        "uuid": identity("dataset", mart.name),
        "database_uuid": identity("database", WAREHOUSE),
        "version": VERSION,
    }


def _chart(dashboard: Dashboard, part: Part, added: Dataset) -> Document:
    viz_type, params = charts.params(part, added)
    return {
        "slice_name": part.title,
        "viz_type": viz_type,
        "params": params,
        "query_context": None,
        "cache_timeout": None,
        "uuid": identity("chart", f"{dashboard.slug}/{part.title}"),
        "dataset_uuid": identity("dataset", part.of),
        "version": VERSION,
    }


def _dashboard(dashboard: Dashboard, marts: dict[str, Mart], added: dict[str, Dataset]) -> Document:
    position: Document = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
    }
    parts: dict[int, Part] = {}
    for row_number, row in enumerate(dashboard.rows, 1):
        row_id = f"ROW-{row_number}"
        children = []
        for number, (part, width) in enumerate(zip(row.parts, row.widths(), strict=True), 1):
            size = {"width": width, "height": row.height}
            if part.kind == "text":
                meta = {**size, "code": part.title}
                child = _component("MARKDOWN", f"MARKDOWN-{row_number}-{number}", row_id, meta)
            else:
                chart_id = len(parts) + 1
                parts[chart_id] = part
                meta = {
                    **size,
                    # Numbered here so that the filters can name charts; the import puts its own in.
                    "chartId": chart_id,
                    "sliceName": part.title,
                    "uuid": identity("chart", f"{dashboard.slug}/{part.title}"),
                }
                child = _component("CHART", f"CHART-{row_number}-{number}", row_id, meta)
            position[child["id"]] = child
            children.append(child["id"])
        position[row_id] = {
            "id": row_id,
            "type": "ROW",
            "children": children,
            "parents": GRID,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        position["GRID_ID"]["children"].append(row_id)
    columns = {
        table: {column.name for column in marts[table].columns}
        | {column.name for column in dataset.columns}
        for table, dataset in added.items()
    }
    return {
        "dashboard_title": dashboard.title,
        "slug": dashboard.slug,
        "published": True,
        "css": _css(dashboard, added),
        "position": position,
        "metadata": {
            "native_filter_configuration": [
                _filter(choice, parts, columns) for choice in dashboard.filters
            ],
            "color_scheme": charts.COLOURS,
            "label_colors": _colours(marts, added),
            "filter_bar_orientation": "HORIZONTAL",
            "refresh_frequency": 0,
            "cross_filters_enabled": False,
        },
        "uuid": identity("dashboard", dashboard.slug),
        "version": VERSION,
    }


def _colours(marts: dict[str, Mart], added: dict[str, Dataset]) -> dict[str, str]:
    """Colours by column and metric: a chart looks a series up by its label and takes any of that label."""
    found = {sources.PRELIMINARY: charts.PRELIMINARY_GREY}
    for table, dataset in sorted(added.items()):
        named: list[Column | Computed] = [*marts[table].columns, *dataset.columns, *dataset.metrics]
        for one in named:
            if one.label in charts.COLOURS_OF:
                found[one.name] = charts.COLOURS_OF[one.label]
    return found


def _component(kind: str, name: str, row_id: str, meta: Document) -> Document:
    return {"id": name, "type": kind, "children": [], "parents": [*GRID, row_id], "meta": meta}


def _css(dashboard: Dashboard, added: dict[str, Dataset]) -> str:
    """Superset writes an English "N/A" for NULL in a table: the word of its column stands there instead."""
    rules = [
        "td.dt-is-null { font-size: 0; }",
        f'td.dt-is-null::after {{ font-size: 12px; content: "{sources.NO_DATA}"; }}',
    ]
    for part in dashboard.charts():
        if part.kind == "table":
            for place, name in enumerate((*part.by, *part.metrics), 1):
                found = added[part.of].find(name)
                if found and found.empty != sources.NO_DATA:
                    cell = f"[data-test-chart-name='{part.title}'] td:nth-child({place}).dt-is-null"
                    rules.append(f'{cell}::after {{ content: "{found.empty}"; }}')
    return "\n".join(rules)


def _filter(
    choice: sources.Filter, parts: dict[int, Part], columns: dict[str, set[str]]
) -> Document:
    excluded = [
        number for number, part in parts.items() if not sources.acts_on(choice, part, columns)
    ]
    return {
        "id": f"NATIVE_FILTER-{choice.column}",
        "name": choice.name,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        # Charts wait for the first choice; without this it stands in the filter and acts on nothing.
        "requiredFirst": choice.newest,
        "targets": [
            {"datasetUuid": identity("dataset", choice.of), "column": {"name": choice.column}}
        ],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "controlValues": {
            "multiSelect": True,
            "enableEmptyFilter": False,
            "defaultToFirstItem": choice.newest,
            "inverseSelection": False,
            "searchAllOptions": False,
            "sortAscending": not choice.newest,
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "description": "",
    }
