"""The programme's indicators as a table in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from municipal_indicators.reference.labels import (
    Labels,
    in_order,
    read_labels,
    word,
)
from municipal_indicators.report import queries, russian
from municipal_indicators.warehouse.client import Warehouse

# A sign beside the word distinguishes statuses without colour.
STATUS_STYLES = {
    "achieved": ("✔", "bold green"),
    "on_track": ("●", "cyan"),
    "at_risk": ("▲", "yellow"),
    "off_track": ("✖", "bold red"),
    "no_data": ("○", "dim"),
}

# A narrower terminal gets a smaller frame: the words need the space.
COMFORTABLE_WIDTH = 110


def print_indicators(warehouse: Warehouse, console: Console) -> None:
    """Print fact, plan and forecast of every indicator in the last month, in Russian."""
    found = {row["indicator"]: row for row in queries.rows(warehouse, "indicators_last_month")}
    if not found:
        console.print("Показателей пока нет: витрины пусты, запустите build_indicator_marts.")
        return
    labels = read_labels()
    month = next(iter(found.values()))["month"]
    table = _empty_table(f"Показатели программы, {russian.month(month)}", console.width)
    for code in in_order(found, labels.indicators):
        table.add_row(*_cells(found[code], labels))
    console.print(table)


def _empty_table(title: str, width: int) -> Table:
    table = Table(title=title, title_justify="left", box=box.ROUNDED, header_style="bold")
    narrow = width < COMFORTABLE_WIDTH
    if narrow:
        table.box, table.padding, table.leading = box.SIMPLE_HEAD, (0, 1, 0, 0), 1
    table.add_column("Показатель", overflow="fold")
    table.add_column("Ед.", no_wrap=True)
    for heading in ("План", "Факт", "Прогноз", "Итоговый план"):
        table.add_column(heading, justify="right", min_width=8, max_width=8 if narrow else None)
    table.add_column("Статус", no_wrap=True)
    return table


def _cells(row: queries.Row, labels: Labels) -> list[Text]:
    sign, style = STATUS_STYLES.get(row["status"], ("?", ""))
    status = word(labels.statuses, row["status"])
    decimals = 2 if row["unit"] == "%" else 1
    figures = [
        _figure(
            russian.NOT_SET
            if row[column] is None and column.endswith("plan")
            else russian.number(row[column], decimals)
        )
        for column in ("plan", "fact", "forecast", "final_plan")
    ]
    return [Text(row["name"]), Text(row["unit"]), *figures, Text(f"{sign} {status}", style=style)]


def _figure(text: str) -> Text:
    """A number stays on one line; only the words for NULL may wrap."""
    if text in (russian.NO_DATA, russian.NOT_SET):
        return Text(text, style="dim")
    return Text(text, no_wrap=True)
