"""The parts of a dashboard as Superset's charts: one function per kind, which returns its form data."""

from __future__ import annotations

from typing import Any

from bi.sources import Part

Params = dict[str, Any]

MONTH_AXIS = "%b %Y"
COLOURS = "supersetColors"
# The same series has the same colour on every chart, whichever is drawn first.
COLOURS_OF = {
    "Факт": "#0b62b0",
    "План": "#8a8f98",
    "Прогноз": "#5ac189",
    "Исполнено": "#0b62b0",
    "Визиты": "#1fa8c9",
    "Посетители": "#454e7c",
    "Завершено в срок": "#1a7f37",
    "Отвечено в срок": "#1a7f37",
    "Подано электронно": "#0b62b0",
}


def params(part: Part, formats: dict[str, str]) -> tuple[str, Params]:
    """Superset's name of the visualisation and its form data; formats are those of the metrics."""
    kind = {"tile": _tile, "table": _table, "lines": _lines, "bars": _bars, "pie": _pie}[part.kind]
    viz_type, own = kind(part, formats)
    return viz_type, {
        "viz_type": viz_type,
        "adhoc_filters": _filters(part),
        "color_scheme": COLOURS,
        **own,
    }


def _filters(part: Part) -> list[Params]:
    wanted = part.where | ({"is_whole_month": 1} if part.whole else {})
    return [
        {
            "expressionType": "SIMPLE",
            "clause": "WHERE",
            "subject": column,
            "operator": "==",
            "operatorId": "EQUALS",
            "comparator": value,
        }
        for column, value in wanted.items()
    ]


def _tile(part: Part, formats: dict[str, str]) -> tuple[str, Params]:
    colours = [
        {"column": part.metric, "operator": "≥", "targetValue": 0, "colorScheme": part.colour}
    ]
    return "big_number_total", {
        "metric": part.metric,
        "y_axis_format": formats[part.metric],
        "subtitle": part.subtitle,
        "header_font_size": 0.4,
        "subtitle_font_size": 0.15,
        "conditional_formatting": colours if part.colour else [],
    }


def _table(part: Part, formats: dict[str, str]) -> tuple[str, Params]:
    by = [part.by] if isinstance(part.by, str) else part.by
    columns: dict[str, Params] = {
        name: {
            **({"d3NumberFormat": formats[name]} if formats.get(name) else {}),
            **({"columnWidth": part.wide[name]} if name in part.wide else {}),
            **({"horizontalAlign": "right"} if name in part.right else {}),
        }
        for name in (*by, *part.metrics)
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
        "sqlExpression": f"max({column})",
        "label": f"order_{column}",
    }
    return "table", {
        # Raw mode would take a computed column for a stored one and fail.
        "query_mode": "aggregate",
        "groupby": by,
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


def _series(part: Part, formats: dict[str, str]) -> Params:
    by = [part.by] if isinstance(part.by, str) else part.by
    return {
        # An axis that is an SQL expression gets an alias of its own. With the bare column Superset says
        # `… AS month` and ClickHouse takes that alias in WHERE (docs/bi.md#traps-of-superset).
        "x_axis": {
            "expressionType": "SQL",
            "sqlExpression": part.x,
            "label": part.x_label,
            "columnType": "BASE_AXIS",
        },
        "metrics": part.metrics,
        "groupby": by,
        "row_limit": part.limit,
        "truncate_metric": True,
        "show_empty_columns": True,
        "x_axis_time_format": MONTH_AXIS,
        "tooltipTimeFormat": MONTH_AXIS,
        # An axis of small whole numbers has halves, which ",d" would round to the same number twice.
        "y_axis_format": formats[part.metrics[0]].replace(",d", ",.1~f"),
        "truncateYAxis": False,
        "y_axis_bounds": [0, 1 if "%" in formats[part.metrics[0]] else None],
        "show_legend": len(part.metrics) > 1 or bool(by),
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "tooltipSortByMetric": False,
        "sort_series_type": "sum",
        "x_axis_title": "",
        "y_axis_title": "",
    }


def _lines(part: Part, formats: dict[str, str]) -> tuple[str, Params]:
    return "echarts_timeseries_line", {
        **_series(part, formats),
        "seriesType": "line",
        "markerEnabled": True,
        "markerSize": 4,
    }


def _bars(part: Part, formats: dict[str, str]) -> tuple[str, Params]:
    own = {"orientation": "vertical", "xAxisForceCategorical": part.x_label == "Год"}
    return "echarts_timeseries_bar", {
        **_series(part, formats),
        **own,
        "stack": "Stack" if part.stack else None,
        "only_total": True,
    }


def _pie(part: Part, formats: dict[str, str]) -> tuple[str, Params]:
    by = [part.by] if isinstance(part.by, str) else part.by
    return "pie", {
        "groupby": by,
        "metric": part.metric,
        "row_limit": 20,
        "sort_by_metric": True,
        "donut": True,
        "innerRadius": 40,
        "outerRadius": 70,
        "show_labels": True,
        "labels_outside": True,
        "label_line": True,
        "label_type": "percent",
        "show_labels_threshold": 2,
        "number_format": formats[part.metric],
        "show_legend": True,
        "legendType": "scroll",
        "legendOrientation": "bottom",
    }
