"""Both documents, read again: each cell is what the marts say."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from docx import Document

from municipal_indicators import settings
from municipal_indicators.documents.making import make_report
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from tests.marts.given import Given
from tests.marts.judged_year import NAMES


@pytest.fixture
def made(year: Given, tmp_path: Path) -> tuple[Path, Path]:
    workbook, document = make_report(year.warehouse, year.passport, "2025", tmp_path)
    assert [workbook.name, document.name] == ["report-2025.xlsx", "report-2025.docx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [document.name, workbook.name]
    return workbook, document


def _sheet(path: Path, name: str, *, formulas: bool = False) -> list[list[Any]]:
    page = openpyxl.load_workbook(path, data_only=not formulas)[name]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=6)]
    return [row for row in rows if any(value is not None for value in row)]


def _date(value: Any) -> date | None:
    return value and value.date()  # type: ignore[no-any-return]


# The first table of the document is that of the signatures.
def _table(path: Path, number: int) -> list[list[str]]:
    table = Document(str(path)).tables[number]
    return [[cell.text.replace("\xa0", " ") for cell in row.cells] for row in table.rows[1:]]


def test_indicators_equal_the_marts(year: Given, made: tuple[Path, Path]) -> None:
    workbook, document = made
    marts = year.select(
        "SELECT name, unit, plan, fact FROM marts.indicators_monthly AS v "
        "INNER JOIN reference.programme_indicators AS i ON i.code = v.indicator "
        "WHERE month = '2025-12-01' ORDER BY i.position"
    )
    rows = _sheet(workbook, "Показатели")
    assert [(row[1], row[2], row[4], row[5]) for row in rows] == marts
    # 666 of 600, 44 of 40, 54 of 60, and 10 to 12 where less is better.
    assert [round(row[6], 6) for row in rows] == [1.11, 1.1, 0.9, 0.833333]
    formulas = [row[6] for row in _sheet(workbook, "Показатели", formulas=True)]
    assert formulas[0] == '=IF(OR(E6="",F6=""),"",IF(E6=0,"",F6/E6))'
    assert formulas[3] == '=IF(OR(E9="",F9=""),"",IF(F9=0,"",E9/F9))'
    assert [row[4:7] for row in _table(document, 1)] == [
        ["600", "666", "111 %"],
        ["40", "44", "110 %"],
        ["60", "54", "90 %"],
        ["10", "12", "83,3 %"],
    ]


def test_annotations_of_the_period_are_the_reasons(
    year: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = tmp_path / "lists"
    shutil.copytree(settings.REFERENCE, lists)
    (lists / "annotations.csv").write_text(
        "month;indicator;text\n"
        "2025-11;edms_workplaces_share;Поставка перенесена\n"
        "2025-03;edms_workplaces_share;Закуплено 20 мест.\n"
        "2024-12;smev_requests;Раньше периода\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(settings, "REFERENCE", lists)
    workbook, document = make_report(year.warehouse, year.passport, "2025", tmp_path)
    said = {row[1]: (row[7] or "").replace("\xa0", " ") for row in _sheet(workbook, "Показатели")}
    assert sorted(said.values()) == [
        "", "", "", "Март 2025: Закуплено 20 мест. Ноябрь 2025: Поставка перенесена.",
    ]  # fmt: skip
    assert "Март 2025: Закуплено 20 мест." in str(_table(document, 1))


def test_money_equals_the_marts(year: Given, made: tuple[Path, Path]) -> None:
    workbook, document = made
    ((plan, executed),) = year.select(
        "SELECT plan, executed FROM marts.programme_funding_yearly WHERE year = 2025"
    )
    (row,) = _sheet(workbook, "Финансирование")
    assert row[:3] == ["Всего", float(plan) / 1000, float(plan) / 1000]
    # The register of this year has no schedule, so there is nothing to deviate from.
    assert row[3:7] == [None, float(executed) / 1000, None, None]
    assert _table(document, 3) == [
        ["Всего", "930,5", "930,5", "—", "837,45", "—", "—", ""],
    ]


def test_money_by_source_is_summed_by_a_formula(year: Given, tmp_path: Path) -> None:
    def split(content: dict[str, Any]) -> None:
        content["editions"][0]["funding_sources_thousand_roubles"] = {
            2025: {"municipal": Decimal("830.5"), "regional": 100}
        }

    day = {"year": 2025, "as_of": date(2025, 12, 31)}
    rows = [
        {**day, "item": item, "plan": Decimal(plan), "executed": Decimal(executed)}
        for item, plan, executed in (
            ("Средства района", "800000", "600000"),
            ("Средства областного бюджета", "100000", "75000"),
        )
    ]
    year.table("registers", "core.budget_rows", rows, "budget")
    year.change_passport(split)
    year.build()
    workbook, _ = make_report(year.warehouse, year.passport, "2025-Q4", tmp_path)
    formulas = _sheet(workbook, "Финансирование", formulas=True)
    assert formulas[0][1:5] == ["=SUM(B7:B8)", "=SUM(C7:C8)", "=SUM(D7:D8)", "=SUM(E7:E8)"]
    values = _sheet(workbook, "Финансирование")
    assert values[0][1:7] == [930.5, 930.5, 900, 675, -225, 0.75]
    assert values[1][:7] == ["Местный бюджет", 830.5, 830.5, 800, 600, -200, 0.75]


def test_events_summary_and_evaluation(made: tuple[Path, Path]) -> None:
    workbook, document = made
    events = _sheet(workbook, "Мероприятия")
    held = date(2025, 10, 5)
    assert [(*row[:2], *map(_date, row[2:4]), row[4]) for row in events] == [
        *(
            (f"1.{n}", name, date(2025, 10, n), held, "выполнено позже срока")
            for n, name in enumerate(NAMES[:4], start=1)
        ),
        ("1.5", NAMES[4], date(2025, 10, 5), None, "не выполнено"),
    ]
    assert _table(document, 4)[4][:5] == ["1.5", NAMES[4], "05.10.2025", "—", "не выполнено"]
    summary = _sheet(workbook, "Сводка")
    assert [(row[0], row[2], row[3]) for row in summary] == [
        ("1", 2, 0.5),
        ("1.1", 2, 1),
        ("2", 2, 0.5),
        ("3", 0, 0),
        ("4", 4, 1),
        ("5", 2, 0.5),
    ]
    methods = _sheet(workbook, "Оценка")
    assert methods[0][0] == "F"
    assert round(methods[0][7], 6) == 0.82963
    text = "\n".join(one.text.replace("\xa0", " ") for one in Document(str(document)).paragraphs)
    assert (
        "СР 0,93, СРм 0,8, ССуз 0,9, Эис 0,89. Оценка: 0,83 — средняя.\nПримечание: по всем" in text
    )
    assert "Постановление № 7 от 20.12.2024 (действует с 01.01.2025): " in text
    assert "{{" not in text
    assert "{%" not in text


def test_a_period_without_data_is_refused(year: Given, tmp_path: Path) -> None:
    with pytest.raises(
        IndicatorsError, match=r"За 2026-Q3 отчитаться не о чем: в витринах нет ни одного"
    ):
        make_report(year.warehouse, year.passport, "2026-Q3", tmp_path)
    with pytest.raises(ConfigurationError, match=r"'2026-Q5' — не период"):
        make_report(year.warehouse, year.passport, "2026-Q5", tmp_path)
    assert not list(tmp_path.iterdir())
