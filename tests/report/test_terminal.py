"""The terminal table of the programme's indicators."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.made_up_marts import INDICATORS
from tests.report.made_up_parts import HOSTILE


@pytest.fixture(scope="module")
def table(written: Path) -> str:
    text = (written / "full-140.txt").read_text(encoding="utf-8")
    return text.replace("\N{NO-BREAK SPACE}", " ")


def cells(table: str, beginning: str) -> list[str]:
    line = next(line for line in table.splitlines() if beginning in line)
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_title_and_headings(table: str) -> None:
    assert "Показатели программы, июнь 2026" in table
    assert cells(table, "Показатель ") == [
        "Показатель", "Ед.", "План", "Факт", "Июль*", "Прогноз", "Итоговый план", "Статус",
    ]  # fmt: skip


def test_each_indicator_has_its_row(table: str) -> None:
    assert len([line for line in table.splitlines() if "│ %" in line or "│ ед." in line]) == len(
        INDICATORS
    )
    assert cells(table, "Увеличение посещаемости")[1:] == [
        "%", "не задан", "57,1", "58,4", "57,1", "60", "▲ под угрозой",
    ]  # fmt: skip
    assert cells(table, "Количество запросов")[1:] == [
        "ед.", "1 600", "1 146", "нет данных", "2 292", "1 600", "● в графике",
    ]  # fmt: skip


def test_month_under_way_has_its_day_and_the_sources_their_reach(written: Path) -> None:
    text = (written / "full-120.txt").read_text(encoding="utf-8")
    lines = text.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert max(map(len, lines)) <= 120
    growth = next(number for number, line in enumerate(lines) if "58,4" in line)
    assert "17.07.26" in lines[growth + 1]
    assert lines[-1].startswith("* Июль идёт: сайт по 17 июля; нет данных за июль — Госуслуги")


def test_first_month_under_way_is_the_title(written: Path) -> None:
    text = (written / "young-120.txt").read_text(encoding="utf-8")
    printed = text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Показатели программы, январь 2023, предварительно" in printed
    assert "Январь ещё не полон: сайт по 17 июля" in printed
    assert "Январь*" not in printed


def test_null_is_said_and_never_zero(table: str) -> None:
    assert cells(table, "рабочих мест в СЭД")[2:] == [
        "не задан", "нет данных", "нет данных", "нет данных", "40", "○ нет данных",
    ]  # fmt: skip


def test_names_are_not_read_as_markup(table: str) -> None:
    assert HOSTILE in table


def test_a_narrow_terminal_loses_nothing(written: Path) -> None:
    lines = (written / "full-80.txt").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 80
    printed = "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")
    for whole in (
        "▲ под угрозой",
        "✔ достигнут",
        "○ нет данных",
        "1 600",
        "2 292",
        "57,1",
        "17.07.26",
    ):
        assert whole in printed
    assert "…" not in printed


def test_a_narrow_terminal_shows_all_indicators_in_one_screen(written: Path) -> None:
    lines = (written / "full-80.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 24, "\n".join(lines)
    for name in ("Посетители сайта, %", "Электронные услуги, %"):
        assert [line for line in lines if name in line], name


def test_empty_marts_say_what_to_do(written: Path) -> None:
    assert "build_indicator_marts" in (written / "empty-140.txt").read_text(encoding="utf-8")
