"""What the tests of odd files share: a small register, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.spreadsheets.arrivals import Arrivals

DAY = "30.06.2024"
DEPARTMENTS = ("Подразделение", "Требуется", "Оснащено", "На дату")
WORKPLACES = ("Номер", "Подразделение", "ПК", "СЗИ", "СЭД")
TITLE = f"Рабочие места по состоянию на {DAY}"
BUDGET = ("Год", "Дата", "План, руб.", "Кассовое исполнение, руб.")
LATER = datetime(2025, 3, 1, tzinfo=UTC)
PLAIN = (
    "Подразделение;Требуется;Оснащено;На дату\r\n"
    f"Архивный отдел;5;4;{DAY}\r\nОтдел ЖКХ;3;3;{DAY}\r\nЗАГС;1;0;{DAY}\r\n"
)
READ = [("Архивный отдел", 5.0, 4.0), ("Отдел ЖКХ", 3.0, 3.0), ("ЗАГС", 1.0, 0.0)]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SEVEN_ZIP, RAR = b"7z\xbc\xaf\x27\x1c\0\4", b"Rar!\x1a\x07\x01\0"


def departments(arrivals: Arrivals) -> list[tuple[object, ...]]:
    return arrivals.rows("department, required, equipped", "core.department_rows")


def warnings(arrivals: Arrivals) -> list[tuple[object, ...]]:
    return arrivals.warehouse.rows("SELECT code, line, times FROM ops.load_warnings ORDER BY 1")


def refusal(arrivals: Arrivals, name: str, content: bytes) -> str:
    assert arrivals.take(name, content).rejected
    return arrivals.reasons()


def page_of(title: str, *rows: tuple[object, ...]) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td class=xl65>{cell}</td>" for cell in one) + "</tr>" for one in rows
    )
    return f"<html><body><table><tr><td colspan=4>{title}</td></tr>{cells}</table></body></html>"
