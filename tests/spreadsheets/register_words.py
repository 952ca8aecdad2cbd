"""What random registers are made of: columns by kind of register, and words for their cells."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from tests.emulators.inbox.tables import Cell
from tests.sources.gosuslugi.random_tables import MONTHS, Draw

CORE = {
    "workplaces": (
        "core.workplace_rows",
        "number, department, has_pc, has_protection, has_edms, as_of",
    ),
    "departments": ("core.department_rows", "department, required, equipped, as_of"),
    "events": ("core.event_rows", "held_on, title, kind"),
    "budget": ("core.budget_rows", "year, as_of, item, plan, executed"),
}
"""By kind of register the table of core, and its columns as facts give them."""

OPTIONAL = {
    "workplaces": ["department"],
    "departments": [],
    "events": ["kind"],
    "budget": ["item"],
}
NAMES = {"workplaces": "number", "departments": "department", "events": "title", "budget": "item"}
SUMMED = {
    "workplaces": ["has_pc", "has_protection", "has_edms"],
    "departments": ["required", "equipped"],
    "events": [],
    "budget": ["plan", "executed"],
}
MERGED = {
    "workplaces": ["department", "as_of"],
    "departments": ["as_of"],
    "events": ["held_on", "kind"],
    "budget": ["year", "as_of", "unit"],
}
EXTRA = ["№ п/п", "Адрес", "Комментарий", "Этаж", ""]
NOISE: list[Cell] = ["", "ул. Ленина", "17", 3.5, "н/д"]
DEPARTMENTS = ["Отдел ЖКХ", "Архив", "Управление культуры", "МКУ «Центр»", "Бухгалтерия", "ЗАГС"]
EVENTS = ["Обучение служащих", "День открытых данных", "Итоговая встреча", "Семинар 1С", "Форум"]
SORTS = ["семинар", "обучение", "совещание"]
ITEMS = [
    "Сайт",
    "Связь",
    "Закупка ПК",
    "Развитие сети",
    "Обучение",
    "Лицензии",
    "Серверная",
    "ЦОД",
]
SOURCES = ["федеральный бюджет", "местный бюджет"]
TITLES = ["Администрация города", "Реестр", "Отчёт сформирован 05.03.2024 10:15", "Таблица 2"]
UPPER = ["Показатели", "Сведения", "Значения показателей"]
MONEY = ["Объём финансирования", "Финансирование", "Сумма средств"]
SIGNED = ["Исполнитель: отдел", "* данные уточняются", "Примечание: без филиалов", "М.П."]
TOTALS = ["Итого", "ВСЕГО:", "Итого по реестру", "Муниципалитет, всего"]
UNITS = [
    (1, ["руб.", "рублей", "руб"]),
    (1000, ["тыс. руб.", "тыс. рублей", "тыс.руб."]),
    (1_000_000, ["млн руб.", "млн. рублей"]),
]


def day_lines(day: date) -> list[list[Cell]]:
    plain, worded = f"{day:%d.%m.%Y}", f"{day.day} {MONTHS[day.month - 1]} {day.year} года"
    return [
        [f"по состоянию на {plain}"],
        [f"По состоянию на {worded}"],
        [f"на {plain}"],
        [f"Сведения по состоянию на {plain} г."],
        ["по состоянию на", plain],
        [f"(по состоянию на: {plain})"],
    ]


def count(draw: Draw, number: int) -> Cell:
    spellings: list[Cell] = [number, str(number), f"{number:,}".replace(",", " ")]
    return draw(st.sampled_from(spellings))
