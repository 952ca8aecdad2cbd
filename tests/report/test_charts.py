"""What the charts and the tables behind them say."""

from __future__ import annotations

import re

import pytest
from lxml import html

from tests.report.made_up_parts import HOSTILE
from tests.report.reading import (
    CHARTS,
    by_id,
    found,
    hovers,
    keys,
    labels,
    one,
    rows_behind,
    text,
)


def test_course_marks_the_month_under_way_and_repeats_no_old_sum(full: html.HtmlElement) -> None:
    newest, before = rows_behind(full, "chart-smev_requests")[1:3]
    assert newest[:2] == ["июль 2026*", "нет данных"]
    assert before[:2] == ["июнь 2026", "1 146"]
    *_, june, july = hovers(full, "chart-smev_requests")
    assert june == "июнь 2026; Факт: 1 146 ед.; План года: 1 600 ед."
    assert july.startswith("июль 2026*; Факт: нет данных; ")
    assert rows_behind(full, "chart-site_visitors_growth")[1][:2] == ["июль 2026*", "58,4"]
    card = text(by_id(full, "indicator-ict_events"))
    assert "в таблице * — предварительно: месяц ещё не полон." in card


def test_sum_of_a_month_that_is_not_whole_is_marked(full: html.HtmlElement) -> None:
    bars = found(by_id(full, "chart-service-channels"), ".//svg/rect[@fill='var(--series-1)']")
    assert [bar.get("opacity") for bar in bars] == ["1"] * 41 + ["0.45"]
    card = one(full, "//article[.//*[@id='chart-service-channels']]")
    assert "* Месяц ещё не полон: данные по 28 июня 2026." in text(card)
    whole = one(full, "//article[.//*[@id='chart-smev-requests']]")
    assert "не полон" not in text(whole)


def test_every_chart_has_words_and_a_table(full: html.HtmlElement) -> None:
    for chart in CHARTS:
        element = by_id(full, chart)
        assert element.get("role") == "img"
        assert re.search("[а-я]", element.get("aria-label", ""))
        assert len(rows_behind(full, chart)) > 2
    assert len(found(full, "//div[@class='chart']")) == len(CHARTS)


def test_a_chart_goes_to_the_end_of_the_programme_with_goal_and_forecast(
    full: html.HtmlElement,
) -> None:
    growth = by_id(full, "chart-site_visitors_growth")
    years = [text(year) for year in found(growth, ".//*[@class='time']")]
    assert years == ["2023", "2024", "2025", "2026", "2027"]
    assert keys(full, "chart-site_visitors_growth") == [
        "Факт", "Должно быть к этому дню", "Прогноз на конец 2027", "Цель на конец года",
    ]  # fmt: skip
    assert labels(full, "chart-site_visitors_growth") == ["57,9 %", "60", "база 2022: 0 %"]
    (dashed,) = found(growth, ".//path[@stroke-dasharray='6 4']")
    # From the day of the fact to the last day of the programme.
    places = [float(place) for place in re.findall(r"[ML]([\d.]+) ", dashed.get("d"))]
    assert places == pytest.approx([1000 * 1277 / 1827, 1000 * 1826 / 1827], abs=0.1)
    # A goal is a mark of its year: no plan is drawn through years without one.
    assert found(growth, ".//path[@stroke='var(--plan)' and contains(@d, 'L')]") == []


def test_a_yearly_plan_is_steps_and_each_year_begins_with_nothing(full: html.HtmlElement) -> None:
    chart = by_id(full, "chart-smev_requests")
    assert "План года" in keys(full, "chart-smev_requests")
    assert labels(full, "chart-smev_requests") == ["≈ 1 667 ед.", "1 600", "1 600", "1 600"]
    fact = one(chart, ".//path[@stroke='var(--fact)']").get("d", "")
    assert fact.count("M") == 4


def test_an_edition_that_changes_a_plan_and_the_base_are_marked(full: html.HtmlElement) -> None:
    drawn = keys(full, "chart-eservices_share")
    assert {"Новая редакция меняет план", "По прежней редакции"} <= set(drawn)
    assert "база 2022: 12,5 %" in labels(full, "chart-eservices_share")
    assert "Новая редакция меняет план" not in keys(full, "chart-smev_requests")
    # The value of the base year is not known: nothing is drawn for it.
    assert labels(full, "chart-edms_workplaces_share") == ["40"]
    assert "База 2022 год: нет данных" in text(by_id(full, "indicator-edms_workplaces_share"))


def test_annotations_are_numbered_on_the_chart_and_told_below(full: html.HtmlElement) -> None:
    chart = by_id(full, "chart-eservices_share")
    assert [text(mark) for mark in found(chart, ".//*[@class='number']")] == ["1", "2"]
    remarks = found(by_id(full, "indicator-eservices_share"), ".//ol[@class='remarks']/li")
    assert [text(remark) for remark in remarks] == [
        "июнь 2024: Перечень услуг пересмотрен",
        f"март 2025: Закрыт один из порталов {HOSTILE}",
    ]
    assert "2. Закрыт один из порталов" in " ".join(hovers(full, "chart-eservices_share"))


def test_forecasts_have_a_table_of_their_own(full: html.HtmlElement) -> None:
    card = by_id(full, "indicator-smev_requests")
    _, forecasts = found(card, "./details[not(@class)]//table")
    newest = [text(cell) for cell in found(forecasts, ".//tbody/tr")[0].xpath("th|td")]
    assert newest == [
        "июнь 2026",
        "≈ 1 667",
        "2026",
        "≈ 1 667",
        "от 1 640 до 1 703 ед.",
        "90–100 %",
    ]


def test_paper_has_the_last_year_of_long_tables(full: html.HtmlElement) -> None:
    audience = one(full, "//article[.//*[@id='chart-site-audience']]")
    assert len(found(audience, ".//table[@class='long']//tbody/tr")) == 42
    told = text(one(audience, ".//*[@class='on-paper']"))
    assert told == "Напечатаны последние 12 месяцев; все 42 — на странице."


def test_audience_adds_sites_and_leaves_the_missing_month_open(full: html.HtmlElement) -> None:
    head, *rows = rows_behind(full, "chart-site-audience")
    by_month = {row[0]: row[1:] for row in rows}
    assert head[:3] == ["Месяц", "Визиты", "Посетители"]
    # January 2023: 9000 on the main site and a fifth of that on the other.
    assert by_month["январь 2023"] == ["10 800", "6 480", "3 600", "32 400", "20 %", "131"]
    assert by_month["август 2023"] == ["нет данных"] * 6
    assert "июнь 2026*" in by_month
    assert hovers(full, "chart-site-audience")[7] == (
        "август 2023; Визиты: нет данных; Посетители: нет данных"
    )


def test_sources_and_devices_have_russian_names(full: html.HtmlElement) -> None:
    sources = rows_behind(full, "chart-site-sources")
    assert [row[0] for row in sources[1:]] == [
        "Поисковые системы", "Прямые заходы", "Ссылки на сайтах", "Рекомендательные системы",
        "brand<new>",
    ]  # fmt: skip
    assert sources[1][2] == "52 %"
    devices = rows_behind(full, "chart-site-devices")
    assert [row[0] for row in devices[1:]] == ["Телефон", "Компьютер", "Планшет", "Телевизор"]
    visits = [int(0.55 * (9000 + 150 * passed)) for passed in range(42)]
    expected = [f"{sum(part):,}".replace(",", " ") for part in (visits[30:], visits[18:30])]
    assert [devices[1][1], devices[1][3]] == expected


def test_applications_by_channel(full: html.HtmlElement) -> None:
    head, newest, *_ = rows_behind(full, "chart-service-channels")
    assert head == [
        "Месяц", "ЕПГУ", "РПГУ", "МФЦ", "лично", "почта", "прочее", "Всего", "Электронно",
        "В срок", "Просрочено",
    ]  # fmt: skip
    assert newest == [
        "июнь 2026*", "142", "12", "25", "20", "3", "0", "202", "76,2 %", "192", "10",
    ]  # fmt: skip
    assert "прочее" not in keys(full, "chart-service-channels")


def test_smev_requests_by_month(full: html.HtmlElement) -> None:
    head, newest, *_ = rows_behind(full, "chart-smev-requests")
    assert head == [
        "Месяц", "Межведомственные", "С портала", "Всего", "Отвечено", "из них отказы",
        "Просрочено", "Повторы",
    ]  # fmt: skip
    assert newest == ["июнь 2026", "142", "90", "232", "220", "16", "12", "4"]


def test_funding_in_thousand_roubles(full: html.HtmlElement) -> None:
    rows = rows_behind(full, "chart-funding")
    assert rows[4] == ["2024", "790", "781,25", "98,9 %", "не задана"]
