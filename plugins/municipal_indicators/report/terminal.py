"""The programme's indicators as a table in the terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

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
from municipal_indicators.report.latest import month_of, read_latest
from municipal_indicators.warehouse.client import Warehouse

# A sign beside the word distinguishes statuses without colour.
STATUS_STYLES = {
    "achieved": ("✔", "bold green"),
    "on_track": ("●", "cyan"),
    "at_risk": ("▲", "yellow"),
    "off_track": ("✖", "bold red"),
    "no_data": ("○", "dim"),
}

# A narrower terminal gets a smaller frame and short names: all indicators stand in its 24 lines.
COMFORTABLE_WIDTH = 110


def print_indicators(warehouse: Warehouse, console: Console, time_zone: str) -> None:
    """Print fact, plan and forecast of every indicator in the headline month, in Russian.

    A column beside holds the fact of the month under way and its day, a line below how far each source
    reaches into that month. ``time_zone`` is that of the passport.
    """
    labels = read_labels()
    latest = read_latest(warehouse, labels, ZoneInfo(time_zone))
    if not latest.shown:
        console.print("Показателей пока нет: витрины пусты, запустите build_indicator_marts.")
        return
    under_way = month_of(latest.beside)
    beside = f"{russian.MONTHS[under_way.month - 1].capitalize()}*" if under_way else ""
    narrow = console.width < COMFORTABLE_WIDTH
    table = _empty_table(f"Показатели программы, {latest.month}", beside, narrow=narrow)
    for code in in_order(latest.shown, labels.indicators):
        cells = _cells(latest.shown[code], latest.beside.get(code), labels)
        table.add_row(*(_joined(cells, _short(labels, code)) if narrow else cells.values()))
    console.print(table)
    if latest.reaches:
        console.print(f"{'* ' if beside else ''}{latest.reaches}", markup=False)


def _empty_table(title: str, beside: str, *, narrow: bool) -> Table:
    table = Table(title=title, title_justify="left", box=box.ROUNDED, header_style="bold")
    if narrow:
        table.box, table.padding, table.show_edge = box.SIMPLE_HEAD, (0, 1, 0, 0), False
    table.add_column("Показатель", overflow="fold")
    if not narrow:
        table.add_column("Ед.", no_wrap=True)
    headings = ("План, итоговый", "Факт", beside, "Прогноз")
    wide = ("План", "Факт", beside, "Прогноз", "Итоговый план")
    for heading in filter(None, headings if narrow else wide):
        table.add_column(heading, justify="right", min_width=8, max_width=8 if narrow else None)
    table.add_column("Статус", no_wrap=True)
    return table


def _cells(row: queries.Row, beside: queries.Row | None, labels: Labels) -> dict[str, Text]:
    sign, style = STATUS_STYLES.get(row["status"], ("?", ""))
    status = word(labels.statuses, row["status"])
    plan, fact, final_plan = (
        _figure(
            russian.NOT_SET
            if row[column] is None and column.endswith("plan")
            else russian.number(row[column], 1)
        )
        for column in ("plan", "fact", "final_plan")
    )
    forecast = _figure(
        russian.estimate(row["forecast"], row["unit"]).removesuffix(row["unit"]).rstrip()
    )
    return {
        "name": Text(row["name"]),
        "unit": Text(row["unit"]),
        "plan": plan,
        "fact": fact,
        **({"beside": _preliminary(beside)} if beside else {}),
        "forecast": forecast,
        "final_plan": final_plan,
        "status": Text(f"{sign} {status}", style=style),
    }


def _short(labels: Labels, code: str) -> str:
    words = labels.indicators.get(code)
    return words.short[:1].upper() + words.short[1:] if words else ""


def _joined(cells: dict[str, Text], short: str) -> list[Text]:
    """The cells of a narrow table: the unit behind the short name, the final plan below the plan."""
    full = cells.pop("name").plain
    name = Text(f"{short or full}, {cells.pop('unit').plain}")
    plan = Text("\n").join([cells.pop("plan"), cells.pop("final_plan")])
    return [name, plan, *cells.values()]


def _preliminary(row: queries.Row) -> Text:
    """The fact over its day: ``45,1`` over ``17.11.26``."""
    if row["fact"] is None:
        return Text(russian.NO_DATA, style="dim")
    day = f"\n{row['data_through']:%d.%m.%y}" if row["data_through"] else ""
    return Text(russian.number(row["fact"], 1) + day, style="dim")


def _figure(text: str) -> Text:
    """A number stays on one line; only the words for NULL may wrap."""
    if text in (russian.NO_DATA, russian.NOT_SET):
        return Text(text, style="dim")
    return Text(text, no_wrap=True)
