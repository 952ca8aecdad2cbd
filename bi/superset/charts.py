"""The parts of a dashboard as Superset's charts: one function per kind, which returns its form data."""

from __future__ import annotations

from typing import Any

from bi.sources import MARK, Dataset, Part

Params = dict[str, Any]

MONTH_AXIS = "%b %y"
COLOURS = "supersetColors"
# The same series has the same colour on every chart, whichever is drawn first.
COLOURS_OF = {
    "Факт": "#0b62b0",
    "План": "#8a8f98",
    "Цель": "#8a8f98",
    "Прогноз": "#5ac189",
    "Исполнено": "#0b62b0",
    "Визиты": "#1fa8c9",
    "Посетители": "#454e7c",
    "Завершено в срок": "#1a7f37",
    "Отвечено в срок": "#1a7f37",
    "Подано электронно": "#0b62b0",
    "Ошибки обмена": "#c62828",
    "Без ответа": "#b45f06",
}
# A month that is not over, beside those that are.
PALE = {
    "Факт": "#8fbfe6",
    "Визиты": "#a5dde9",
    "Посетители": "#b3b8d2",
    "Завершено в срок": "#9fd0aa",
    "Отвечено в срок": "#9fd0aa",
    "Подано электронно": "#8fbfe6",
    "Ошибки обмена": "#eda9a9",
    "Без ответа": "#e5c19c",
}
COLOURS_OF |= {f"{label}{MARK}": colour for label, colour in PALE.items()}
PRELIMINARY_GREY = "#b9bec6"
# Decimals, thousands, per cent and names of months are written as superset_config.py says.
FORMATS = {
    "": "",
    "count": ",d",
    "number": ",.1~f",
    "share": ".1~%",
    "money": ",.2~f",
    "month": "%b %Y",
    "day": "%d.%m.%Y",
    "moment": "%d.%m.%Y %H:%M",
}


def params(part: Part, dataset: Dataset) -> tuple[str, Params]:
    """Superset's name of the visualisation and its form data."""
    kind = {"tile": _tile, "table": _table, "lines": _lines, "bars": _bars, "pie": _pie}[part.kind]
    viz_type, own = kind(part, dataset)
    return viz_type, {
        "viz_type": viz_type,
        "adhoc_filters": _filters(part),
        "color_scheme": COLOURS,
        **own,
    }


def _filters(part: Part) -> list[Params]:
    return [
        {
            "expressionType": "SIMPLE",
            "clause": "WHERE",
            "subject": column,
            "operator": "==",
            "operatorId": "EQUALS",
            "comparator": value,
        }
        for column, value in part.where.items()
    ]


def _tile(part: Part, dataset: Dataset) -> tuple[str, Params]:
    (metric,) = part.metrics
    colours = [{"column": metric, "operator": "≥", "targetValue": 0, "colorScheme": part.colour}]
    return "big_number_total", {
        "metric": metric,
        "y_axis_format": _format(dataset, metric),
        "subtitle": part.subtitle,
        "header_font_size": 0.4,
        "subtitle_font_size": 0.2,
        "conditional_formatting": colours if part.colour else [],
    }


def _table(part: Part, dataset: Dataset) -> tuple[str, Params]:
    columns: dict[str, Params] = {
        name: {
            **_column_format(dataset, name),
            **({"columnWidth": part.wide[name]} if name in part.wide else {}),
        }
        for name in (*part.by, *part.metrics)
    }
    colours = [
        {"column": column, "operator": "begins with", "targetValue": mark, "colorScheme": colour}
        for column, marks in part.colours.items()
        for mark, colour in marks.items()
    ]
    column = part.sort.removeprefix("-")
    # Superset orders such a table by a metric only.
    by_column = {
        "expressionType": "SQL",
        "sqlExpression": f"max({dataset.sql(column)})",
        "label": f"order_{column}",
    }
    return "table", {
        # Raw mode would take a computed column for a stored one and fail.
        "query_mode": "aggregate",
        "groupby": part.by,
        "metrics": part.metrics,
        "timeseries_limit_metric": column if column in part.metrics else by_column,
        "order_desc": part.sort.startswith("-"),
        "row_limit": part.limit,
        "server_page_length": 10,
        "page_length": 0,
        "table_timestamp_format": "%d.%m.%Y",
        "show_cell_bars": False,
        "color_pn": False,
        "include_search": False,
        "allow_render_html": False,
        "column_config": {name: config for name, config in columns.items() if config},
        "conditional_formatting": colours,
    }


def _format(dataset: Dataset, name: str) -> str:
    found = dataset.find(name)
    return FORMATS[found.format] if found else ""


def _column_format(dataset: Dataset, name: str) -> Params:
    # A year that is a number has no thousands.
    written = "d" if name == "year" else _format(dataset, name)
    if not written:
        return {}
    return {"d3TimeFormat" if written.startswith("%") else "d3NumberFormat": written}


def _series(part: Part, dataset: Dataset) -> Params:
    written = _format(dataset, part.metrics[0])
    letters = sum(len(metric.label) for metric in dataset.metrics if metric.name in part.metrics)
    return {
        # An axis that is an SQL expression gets an alias of its own. With the bare column Superset says
        # `… AS month` and ClickHouse takes that alias in WHERE (docs/bi.md#ловушки-superset).
        "x_axis": {
            "expressionType": "SQL",
            "sqlExpression": part.x,
            "label": part.x_label,
            "columnType": "BASE_AXIS",
        },
        "metrics": part.metrics,
        "groupby": part.by,
        "row_limit": part.limit,
        "truncate_metric": True,
        "show_empty_columns": True,
        "x_axis_time_format": MONTH_AXIS,
        "tooltipTimeFormat": FORMATS["month"],
        # An axis of small whole numbers has halves, which ",d" would round to the same number twice.
        "y_axis_format": written.replace(",d", ",.1~f"),
        "truncateYAxis": False,
        "y_axis_bounds": [0, 1 if "%" in written else None],
        "show_legend": len(part.metrics) > 1 or bool(part.by),
        # Where names do not fit a line, the legend has two; it would hide them behind arrows.
        "legendType": "plain",
        "legendOrientation": "top",
        "legendMargin": 70 if part.by or letters > 36 else 40,
        "rich_tooltip": True,
        "tooltipSortByMetric": False,
        "sort_series_type": "sum",
        "x_axis_title": "",
        "y_axis_title": "",
    }


def _lines(part: Part, dataset: Dataset) -> tuple[str, Params]:
    return "echarts_timeseries_line", {
        **_series(part, dataset),
        "seriesType": "line",
        "markerEnabled": True,
        "markerSize": 4,
    }


def _bars(part: Part, dataset: Dataset) -> tuple[str, Params]:
    own = {"orientation": "vertical", "xAxisForceCategorical": part.x_label != "Месяц"}
    return "echarts_timeseries_bar", {
        **_series(part, dataset),
        **own,
        "stack": "Stack" if part.stack or part.whole else None,
        "only_total": True,
    }


def _pie(part: Part, dataset: Dataset) -> tuple[str, Params]:
    return "pie", {
        "groupby": part.by,
        "metric": part.metrics[0],
        "row_limit": 20,
        "sort_by_metric": True,
        "donut": True,
        "innerRadius": 40,
        "outerRadius": 70,
        "show_labels": True,
        "labels_outside": True,
        "label_line": True,
        "label_type": "key_value",
        "show_labels_threshold": 2,
        "number_format": _format(dataset, part.metrics[0]),
        "show_legend": True,
        "legendType": "plain",
        "legendOrientation": "bottom",
    }
