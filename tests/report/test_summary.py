"""What the first screen answers: where we stand, what is worst, how fresh and whole the data are."""

from __future__ import annotations

from lxml import html

from tests.report.conftest import NOTICE
from tests.report.made_up_marts import MISSING
from tests.report.made_up_parts import HOSTILE
from tests.report.reading import (
    by_id,
    found,
    indicator_cards,
    one,
    rows_of,
    text,
)


def test_month_under_way_stands_beside_the_headline(full: html.HtmlElement) -> None:
    beside = {
        card.get("id"): text(one(card, ".//*[@class='preliminary']"))
        for card in indicator_cards(full)
    }
    head = text(one(full, "//*[@class='overview']/thead"))
    assert "Факт ниже предварительно, июль 2026" in head
    assert beside["indicator-site_visitors_growth"] == (
        "Июль, предварительно: 58,4 % по 17.07.2026 под угрозой"
    )
    assert beside["indicator-eservices_share"] == (
        "Июль, предварительно: 62,5 % на 30.06.2026 достигнут"
    )
    assert beside["indicator-smev_requests"] == "Июль, предварительно: нет данных за июль"
    growth = text(found(overview_row(full, "site_visitors_growth"), "td")[0])
    assert growth == "57,1 % по 30.06.2026 июль: 58,4 % по 17.07.2026"
    # What did not change since is not told twice.
    assert text(found(overview_row(full, "eservices_share"), "td")[0]) == "62,5 % на 30.06.2026"


def overview_row(page: html.HtmlElement, code: str) -> html.HtmlElement:
    return one(page, "//*[@class='overview']//tr[.//a[@href=$link]]", link=f"#indicator-{code}")


def test_the_summary_begins_with_the_worst_in_a_sentence(full: html.HtmlElement) -> None:
    assert text(one(full, "//p[@class='main']")) == (
        "Главное: отстаёт 1 из 7 — оснащённость подразделений (60,5 из 100 %, за год +6 п. п.); "
        "под угрозой 1 из 7 — посетители сайта (57,1 из 60 %, за год +15,6 п. п.); "
        "нет данных у 1 из 7 — «Доля рабочих мест в СЭД»; в графике 3 из 7; достигнут 1 из 7."
    )
    rows = [text(one(row, "th")) for row in found(full, "//*[@class='overview']/tbody/tr")]
    assert rows[0].startswith("Доля подразделений")
    assert rows[2:4] == ["Доля рабочих мест в СЭД", rows[3]]
    assert rows[-1].startswith("Доля муниципальных услуг")


def test_a_row_of_the_summary_says_all(full: html.HtmlElement) -> None:
    cells = [text(cell) for cell in found(overview_row(full, "site_visitors_growth"), "td")]
    assert cells[1:] == [
        "за месяц +1,3 п. п. за год +15,6 п. п.",
        "60 % к концу 2027 не хватает 2,9 п. п., осталось 18 мес.",
        "42 % на 30.06.2026",
        "57,9 % к концу 2027 от 52,1 до 61,3 % пополам, 40–50 %",
        "под угрозой",
    ]
    cells = [text(cell) for cell in found(overview_row(full, "smev_requests"), "td")]
    # What is counted over a year is whole.
    assert cells[2:5] == [
        "1 600 ед. к концу 2026 не хватает 454 ед., осталось 6 мес.",
        "1 120 ед. на 30.06.2026",
        "≈ 1 667 ед. к концу 2026 от 1 640 до 1 703 ед. почти наверняка, 90–100 %",
    ]
    cells = [text(cell) for cell in found(overview_row(full, "edms_workplaces_share"), "td")]
    assert cells[:3] == [
        "нет данных",
        "за месяц нет данных за год нет данных",
        "40 % к концу 2027 нет данных",
    ]
    assert text(found(overview_row(full, "eservices_share"), "td")[2]).endswith("цель достигнута")


def test_statuses_differ_without_colour(full: html.HtmlElement) -> None:
    shapes = {
        html.tostring(one(status, "svg"), encoding="unicode", with_tail=False): text(status)
        for status in found(full, "//*[@class='overview']//*[starts-with(@class, 'status ')]")
    }
    assert sorted(shapes.values()) == [
        "в графике", "достигнут", "нет данных", "отстаёт", "под угрозой",
    ]  # fmt: skip
    assert [text(item) for item in found(full, "//*[@class='tally']/li")] == [
        "1 отстаёт", "1 под угрозой", "1 нет данных", "3 в графике", "1 достигнут",
    ]  # fmt: skip


def test_what_the_installation_says_of_freshness_stands_above_it(full: html.HtmlElement) -> None:
    assert text(one(full, "//*[@class='freshness-notice']")) == NOTICE


def test_freshness_of_each_source(full: html.HtmlElement) -> None:
    sources = [text(source) for source in found(full, "//*[starts-with(@class, 'source ')]")]
    assert sources == [
        "Яндекс Метрика свежие Данные по 17 июля 2026 Отставание 1 день "
        f"Загружено 18 июля 2026, 05:10 Норма: до 3 дней, грузится каждую ночь {MISSING}",
        "Выгрузки Госуслуг запаздывают Данные по 28 июня 2026 Отставание 20 дней "
        "Загружено 16 июля 2026, 05:10 Норма: до 1 дня, выгрузки присылают раз в месяц",
        "Журналы СМЭВ запаздывают Данные по 30 июня 2026 Отставание 18 дней "
        "Загружено 18 июля 2026, 05:10 Норма: не задана",
        "Реестры программы не поступали Данные по нет данных Отставание нет данных "
        "Загружено нет данных Норма: до 190 дней, реестры обновляют раз в полугодие",
    ]


def test_what_is_wrong_with_the_data_is_said_with_reasons(
    full: html.HtmlElement, empty: html.HtmlElement
) -> None:
    assert text(one(full, "//p[@class='problems']")) == (
        "Качество данных: не загружено — 1 файл или день; пропущенные дни — 2 дня; "
        "в карантине — 5 строк; расхождения с отчётом Метрики — 1 день; замечания — 78 случаев."
    )
    section = by_id(full, "quality")
    told = {text(one(card, "h3")): card for card in found(section, "./article")}
    rejected = told["Не загружено: 1 файл или день"]
    assert rows_of(rejected) == [[f"{HOSTILE}: Файл пуст.", "Реестры программы", "30.06.2026"]]
    assert "в показателях не учтены" in text(told["В карантине: 5 строк"])
    assert rows_of(told["В карантине: 5 строк"]) == [
        ["Поле «a»: не число", "Яндекс Метрика", "5", "2", "30.06.2026"],
    ]
    warned = told["Замечания: 78 случаев"]
    assert [row[0] for row in rows_of(warned)][:2] == [
        "Неизвестный статус 12",
        "Неизвестный статус 11",
    ]
    assert text(one(warned, "p[@class='left-out']")) == "и ещё 2 причины"
    assert "Отклонённых файлов, строк в карантине" in text(by_id(empty, "quality"))
    assert found(empty, "//*[@id='quality']//table") == []


def test_nobody_is_told_without_a_channel(full: html.HtmlElement) -> None:
    assert "адрес для сообщений не задан" in text(one(full, "//p[@class='no-channel']"))
