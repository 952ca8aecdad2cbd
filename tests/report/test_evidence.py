"""What a number is opened down to."""

from __future__ import annotations

from lxml import html

from tests.report.made_up_parts import HOSTILE, PARTS
from tests.report.reading import (
    by_id,
    found,
    one,
    text,
)


def made_of(page: html.HtmlElement, code: str) -> html.HtmlElement:
    """What opens below the card of an indicator: the parts of its value."""
    return one(by_id(page, f"indicator-{code}"), "./details[@class='made-of']")


def test_what_is_lacking_comes_first_and_what_is_whole_is_folded(full: html.HtmlElement) -> None:
    departments = made_of(full, "departments_equipped_share")
    assert departments.get("open") is None
    assert text(one(departments, "./summary")) == "Из чего сложилось"
    assert "Июнь 2026: подразделений оснащено полностью — " in text(departments)
    assert text(one(departments, "./h4")) == "Оснащены не полностью: 3 из 45"
    assert [text(item) for item in found(departments, "./ul/li")] == [
        "Архивный отдел", "Отдел ЖКХ", "Отдел опеки",
    ]  # fmt: skip
    rest = one(departments, "./details[@class='rest']")
    assert text(one(rest, "./summary")) == "Оснащены полностью: 42"
    assert len(found(rest, ".//li")) == 42
    assert text(one(departments, "./p[@class='files']")) == (
        f"Реестр на 30.06.2026. Оснащённость {HOSTILE}.xlsx, лист «Лист1»."
    )


def test_services_that_are_not_electronic_and_the_other_ways(full: html.HtmlElement) -> None:
    services = made_of(full, "eservices_share")
    titles = [text(title) for title in found(services, "./h4")]
    assert titles == ["Без электронной подачи: 11 из 24", "Доля электронных услуг тремя способами"]
    assert text(found(services, "./ul/li")[1]).endswith(f"Выдача разрешения № 2 {HOSTILE}")
    ways = [[text(cell) for cell in found(row, "th|td")] for row in found(services, "./div//tr")]
    nothing = ["нет данных"] * 3
    assert ways[1:] == [
        [
            "по перечню услуг — показатель", "62,5 %", "15", "24",
            "перечень услуг: Перечень.xlsx, от 03.04.2026",
        ],
        ["по перечню МСЗУ", *nothing, "в перечне услуг нет столбца «МСЗУ»"],
        ["по заявлениям", "67,7 %", "812", "1 200", "заявления с 01.01.2026 по 28.06.2026"],
    ]  # fmt: skip


def test_workplaces_that_are_lacking_are_counted(full: html.HtmlElement) -> None:
    workplaces = made_of(full, "secured_workplaces_share")
    rows = [[text(cell) for cell in found(row, "th|td")] for row in found(workplaces, "./div//tr")]
    assert rows[0][::3] == ["Подразделение", "Не хватает"]
    assert rows[1] == ["Управление № 1", "1", "9", "8"]
    assert len(rows) == 9


def test_many_parts_and_files_are_counted_and_not_all_shown(full: html.HtmlElement) -> None:
    senders = made_of(full, "smev_requests")
    at_once = found(senders, "./div//tr")[1:]
    total = sum(number or 0 for _, number, _ in PARTS["smev_requests"][1])
    share = f"{640 / total * 100:.1f} %".replace(".", ",")
    assert [text(cell) for cell in found(at_once[0], "th|td")] == [
        "FNS001, Сведения о доходах, вид 1", "640", share,
    ]  # fmt: skip
    rest = one(senders, "./details[@class='rest']")
    assert (len(at_once), text(one(rest, "./summary"))) == (12, "И ещё 68")
    assert len(found(rest, ".//tr")) == 1 + 50 - 12
    assert text(one(rest, "./p")) == "и ещё 30"
    assert text(one(senders, "./p[@class='files']")).endswith("smev-008.log.gz и ещё 172.")


def test_events_are_told_by_day_and_visitors_by_month(full: html.HtmlElement) -> None:
    events = found(made_of(full, "ict_events"), "./ul/li")
    assert text(events[0]) == "21.03.2025 Семинар по защите информации № 21"
    visitors = made_of(full, "site_visitors_growth")
    assert text(one(visitors, "./p[@class='files']")) == (
        "Счётчики и дни. счётчик 11: 01.01.2022–28.06.2022; счётчик 11: 01.01.2026–28.06.2026."
    )
    months = found(visitors, "./div//tr")
    assert [text(cell) for cell in found(months[1], "th|td")] == [
        "Официальный сайт, 01.2026", "1 850", "1 301",
    ]  # fmt: skip


def test_a_value_that_is_not_known_has_no_parts(full: html.HtmlElement) -> None:
    card = by_id(full, "indicator-edms_workplaces_share")
    assert found(card, "./details[@class='made-of']") == []
