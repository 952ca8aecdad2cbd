"""The report as a workbook: numbers as numbers, sums and shares as formulas, ready to be printed on A4."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from municipal_indicators.documents.figures import Figures

Formula = Callable[[int], str]


@dataclass(frozen=True)
class Column:
    """A column of a sheet: a field of the frame, or a formula of the row's number as Excel counts."""

    heading: str
    field: str
    width: float
    kind: str = "text"
    formula: Formula | None = None


@dataclass(frozen=True)
class Sheet:
    """A form: its name, its title below the report's, its columns and rows."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: pd.DataFrame
    sums: bool = False


FORMATS: dict[str, dict[str, Any]] = {
    "text": {"text_wrap": True, "align": "left"},
    "number": {"num_format": "#,##0.00", "align": "right"},
    "whole": {"num_format": "#,##0", "align": "right"},
    "money": {"num_format": "#,##0.00", "align": "right"},
    "count": {"num_format": "0", "align": "right"},
    "share": {"num_format": "0.0%", "align": "right"},
    "index": {"num_format": "0.00", "align": "right"},
    "day": {"num_format": "dd.mm.yyyy", "align": "center"},
}
HEAD_ROWS = 4
# Points of a line at the size of the cells; LibreOffice fits no row by itself.
LINE = 13.5


def write_workbook(figures: Figures, path: Path) -> None:
    """Write the workbook; raises OSError where ``path`` cannot be written."""
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        book: Any = writer.book
        base = {"font_name": "Liberation Serif", "font_size": 10, "valign": "top", "border": 1}
        formats = {kind: book.add_format({**base, **own}) for kind, own in FORMATS.items()}
        head = {"bold": True, "text_wrap": True, "align": "center", "valign": "vcenter"}
        formats["head"] = book.add_format({**base, **head})
        for name, size, bold in (("title", 13, True), ("subtitle", 10, False)):
            formats[name] = book.add_format(
                {"font_name": "Liberation Serif", "font_size": size, "bold": bold}
            )
        for sheet in _sheets(figures):
            _write(book.add_worksheet(sheet.name), sheet, figures, formats)


def _sheets(figures: Figures) -> list[Sheet]:
    year = figures.period.first.year
    days = figures.plan_days
    return [
        Sheet(
            "Показатели",
            f"Сведения о достижении значений показателей за {figures.title}",
            (
                Column("№", "position", 5, "count"),
                Column("Показатель", "name", 42),
                Column("Ед. изм.", "unit", 8),
                Column(f"Факт за {year - 1} год", "fact_before", 12, "number"),
                Column(f"План на {year} год", "plan", 12, "number"),
                Column("Факт на конец периода", "fact", 12, "number"),
                Column("Уровень достижения", "attainment", 12, "share", _attainment(figures)),
                Column("Обоснование причин отклонения", "reason", 34),
            ),
            figures.indicators,
        ),
        Sheet(
            "Финансирование",
            f"Сведения о ресурсном обеспечении за {figures.title}, тыс. руб.",
            (
                Column("Источник", "name", 30),
                Column(f"План на 1 января{_of(days, 'january_edition')}", "plan_january", 16, "money"),
                Column(f"Последняя редакция{_of(days, 'newest_edition')}", "plan_newest", 16, "money"),
                Column(f"Роспись{_on(days)}", "scheduled", 16, "money"),
                Column(f"Кассовое исполнение{_on(days)}", "executed", 16, "money"),
                Column(
                    "Отклонение (касса − роспись)", "deviation", 16, "money",
                    lambda row: f'IF(OR(D{row}="",E{row}=""),"",E{row}-D{row})',
                ),
                Column(
                    "Исполнение росписи", "share", 12, "share",
                    lambda row: f'IF(OR(D{row}="",E{row}=""),"",IF(D{row}=0,"",E{row}/D{row}))',
                ),
                Column("Причины неисполнения", "", 30),
            ),
            figures.money,
            sums=True,
        ),
        Sheet(
            "Мероприятия",
            f"Сведения о выполнении мероприятий за {figures.title}",
            (
                Column("№", "code", 9),
                Column("Мероприятие", "name", 46),
                Column("Срок по плану", "due", 12, "day"),
                Column("Срок по факту", "held_on", 12, "day"),
                Column("Отметка о выполнении", "mark", 16),
                Column("Результат по плану", "result", 24),
                Column("Источник", "", 12),
                Column("План, тыс. руб.", "", 11, "money"),
                Column("Факт, тыс. руб.", "", 11, "money"),
                Column(
                    "Исполнение", "", 11, "share",
                    lambda row: f'IF(OR(H{row}="",I{row}=""),"",IF(H{row}=0,"",I{row}/H{row}))',
                ),
            ),
            figures.events,
        ),
        Sheet(
            "Сводка",
            f"Сводные сведения о достижении показателей за {figures.title}",
            (
                Column("№", "number", 6),
                Column("Показатели", "name", 62),
                Column("Количество", "count", 14, "count"),
                Column("Доля", "share", 12, "share", _summary_share),
            ),
            figures.summary,
        ),
        Sheet(
            "Оценка",
            f"Оценка эффективности за {year} год: первым стоит способ, выбранный паспортом",
            (
                Column("Способ", "method", 11),
                Column("Как считается", "name", 36),
                Column("Версия", "version", 34),
                Column("СР", "attainment", 8, "index"),
                Column("СРм", "events_share", 8, "index"),
                Column("ССуз", "spending_share", 8, "index"),
                Column("Эис", "efficiency", 8, "index"),
                Column("Оценка", "value", 9, "index"),
                Column("Вывод", "verdict", 16),
                Column("Примечание к выбранному", "note", 44),
            ),
            figures.evaluation,
        ),
    ]  # fmt: skip


def _attainment(figures: Figures) -> Formula:
    """Fact by plan; plan by fact where less is better."""
    down = {
        HEAD_ROWS + 2 + number
        for number, direction in enumerate(figures.indicators["direction"])
        if direction == "down"
    }

    def formula(row: int) -> str:
        up, of = ("E", "F") if row in down else ("F", "E")
        return f'IF(OR(E{row}="",F{row}=""),"",IF({of}{row}=0,"",{up}{row}/{of}{row}))'

    return formula


def _summary_share(row: int) -> str:
    """Of all indicators; row 1.1 is a share of row 1."""
    first = HEAD_ROWS + 2
    of = first if row == first + 1 else first + 4
    return f'IF(C{of}=0,"",C{row}/C{of})'


def _of(days: dict[str, Any], name: str) -> str:
    return f" (в ред. от {days[name]:%d.%m.%Y})" if days.get(name) else ""


def _on(days: dict[str, Any]) -> str:
    return f" на {days['register_day']:%d.%m.%Y}" if days.get("register_day") else ""


def _write(page: Any, sheet: Sheet, figures: Figures, formats: dict[str, Any]) -> None:
    page.write(0, 0, f"Муниципальная программа «{figures.programme}»", formats["title"])
    page.write(1, 0, sheet.title, formats["subtitle"])
    page.write(2, 0, f"Версия: {figures.state}", formats["subtitle"])
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
        page.write(HEAD_ROWS, place, column.heading, formats["head"])
    page.set_row(HEAD_ROWS, LINE * 4)
    records = sheet.rows.to_dict("records")
    for number, record in enumerate(records):
        row = HEAD_ROWS + 1 + number
        for place, column in enumerate(sheet.columns):
            value = _clean(record.get(column.field))
            formula = column.formula and column.formula(row + 1)
            if sheet.sums and number == 0 and column.kind == "money" and not formula:
                formula = _sum(records, column.field, chr(ord("A") + place), row + 2)
            whole = column.kind == "number" and value is not None and float(value).is_integer()
            _cell(page, row, place, value, formula, formats["whole" if whole else column.kind])
        page.set_row(row, LINE * _lines(sheet, record))
    if not records:
        page.write(HEAD_ROWS + 1, 0, "нет данных", formats["text"])
    page.freeze_panes(HEAD_ROWS + 1, 0)
    page.repeat_rows(HEAD_ROWS)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.8, right=0.4, top=0.8, bottom=0.8)
    page.set_header("&C&P", {"margin": 0.4})
    page.set_footer(f"&L&8{figures.title}; {figures.state}&R&8страница &P из &N")


def _lines(sheet: Sheet, record: Mapping[Hashable, Any]) -> int:
    """How many lines the longest text of a row takes in its column, by its words."""
    return max(
        len(textwrap.wrap(str(_clean(record.get(column.field)) or ""), int(column.width * 1.15)))
        or 1
        for column in sheet.columns
        if column.kind == "text"
    )


def _sum(records: list[dict[Hashable, Any]], name: str, letter: str, first: int) -> str | None:
    """The total as a sum where the sources below are known and add up to it; else it stays a number."""
    parts = [_clean(record[name]) for record in records[1:]]
    total = _clean(records[0][name])
    if not parts or None in parts or total is None or not math.isclose(sum(parts), total):
        return None
    return f"SUM({letter}{first}:{letter}{first + len(parts) - 1})"


def _cell(page: Any, row: int, place: int, value: Any, formula: str | None, style: Any) -> None:
    if formula:
        page.write_formula(row, place, f"={formula}", style, "" if value is None else value)
    elif value is None:
        page.write_blank(row, place, None, style)
    elif isinstance(value, str):
        # A name that begins with = is a name.
        page.write_string(row, place, value, style)
    else:
        page.write(row, place, value, style)


def _clean(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value
