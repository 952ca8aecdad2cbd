"""The page as a document: what it says, that it is one closed file, that it is in order."""

from __future__ import annotations

import os
import re
import stat
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html

from municipal_indicators.report.page import _replace
from tests.report.made_up_marts import INDICATORS, PROGRAMME
from tests.report.made_up_parts import HOSTILE
from tests.report.reading import (
    CHARTS,
    by_id,
    found,
    indicator_cards,
    one,
    rows_behind,
    text,
)


def test_heading_says_what_and_when(full: html.HtmlElement) -> None:
    assert full.get("lang") == "ru"
    assert text(one(full, "//h1")) == PROGRAMME
    head = text(one(full, "//header"))
    assert "2023–2027 годы" in head
    assert "Показатели за июнь 2026" in head
    assert "редакция программы от 1 января 2025" in head
    assert "рассчитано 18 июля 2026, 05:10 (Europe/Moscow)" in head
    assert (
        "Июль идёт: сайт по 17 июля; "
        "нет данных за июль — Госуслуги (по 28 июня), СМЭВ (по 30 июня), реестры."
    ) in head
    assert "Завершённого месяца ещё нет" not in head


def test_first_month_under_way_is_shown_as_preliminary(young: html.HtmlElement) -> None:
    head = text(one(young, "//header"))
    assert "Показатели за январь 2023, предварительно" in head
    assert "Завершённого месяца ещё нет. Январь ещё не полон: сайт по 17 июля" in head
    assert len(indicator_cards(young)) == len(INDICATORS)
    assert found(young, "//*[@class='preliminary']") == []
    assert len(found(young, "//*[@class='tally']/li")) > 1


def test_it_is_told_which_month_is_shown(full: html.HtmlElement) -> None:
    told = text(by_id(full, "method"))
    assert "Показатели и их число по статусам — за последний завершённый месяц" in told


def test_every_indicator_has_a_card(full: html.HtmlElement) -> None:
    names = {card.get("id"): text(one(card, ".//h3")) for card in indicator_cards(full)}
    assert names == {f"indicator-{code}": name for code, name, *_ in INDICATORS}


def test_a_card_explains_its_number(full: html.HtmlElement) -> None:
    card = text(by_id(full, "indicator-site_visitors_growth"))
    for expected in (
        "под угрозой",
        "Факт, июнь 2026 57,1 % по 30.06.2026",
        "План на 2026 год не задан",
        "Прогноз 57,9 % к концу 2027",
        "Цель 60 % к концу 2027 не хватает 2,9 п. п., осталось 18 мес.",
        "База 2022 год, посетителей за те же дни: 12 800",
        "÷ посетители за те же дни базового года",
        "посетителей с начала года: ≈ 7 314",
        "базового года: 12 800.",
        "Данные по: 30 июня 2026",
        "Редакция программы: 1 января 2025",
    ):
        assert expected in card
    assert "Факт, июнь 2026 1 146 ед." in text(by_id(full, "indicator-smev_requests"))
    grounds = one(by_id(full, "indicator-smev_requests"), ".//*[@class='grounds']")
    assert "знаменатель" not in text(grounds)


def test_whether_the_goal_will_be_reached_is_said_with_a_range(full: html.HtmlElement) -> None:
    told = {
        card.get("id").removeprefix("indicator-"): text(card)
        .partition("Выполним ли. ")[2]
        .partition(" Формула.")[0]
        for card in indicator_cards(full)
    }
    assert told["site_visitors_growth"] == (
        "К концу 2027 года ожидается 57,9 %, с вероятностью 80 % — от 52,1 до 61,3 %. "
        "Достижение цели (60 %): пополам, 40–50 %. Ошибки."
    )
    assert "с вероятностью 80 % — от 1 640 до 1 703 ед. Достижение" in told["smev_requests"]
    assert told["ict_events"].endswith(" Достижение цели (25 ед.): уже достигнута.")
    assert told["eservices_share"].endswith("ожидается 50 %. К концу 2027 года: мало истории.")
    assert told["edms_workplaces_share"] == ""


def test_null_is_said_and_never_zero(full: html.HtmlElement) -> None:
    facts = text(one(by_id(full, "indicator-edms_workplaces_share"), ".//*[@class='facts']"))
    assert "Факт, июнь 2026 нет данных" in facts
    assert not re.search(r"\b0\b", facts.replace("40 %", ""))
    newest = rows_behind(full, "chart-edms_workplaces_share")[2]
    assert newest == ["июнь 2026", "нет данных", "не задан", "40", *["нет данных"] * 3]


def test_what_cannot_be_is_not_applicable(full: html.HtmlElement) -> None:
    head, _, june, *_ = rows_behind(full, "chart-ict_events")
    assert dict(zip(head, june, strict=True))["Знаменатель"] == "не применимо"
    by_year = {row[0]: row[1:] for row in rows_behind(full, "chart-funding")[1:]}
    # 2027 has not begun; of 2023 the programme says nothing.
    assert by_year["2027"] == ["930,5", "не применимо", "не применимо", "01.01.2025"]
    assert by_year["2023"] == ["не задан", "нет данных", "не применимо", "не задана"]


def test_names_from_the_data_stay_text(full: html.HtmlElement, written: Path) -> None:
    scripts = found(full, "//script[not(@type)]")
    assert len(scripts) == 1, "the page's own script, none from the data"
    assert found(full, "//script[contains(., 'alert(1)')]") == []
    assert f"Количество запросов СМЭВ {HOSTILE}" in text(by_id(full, "method"))
    assert "<b>&</script>" not in (written / "full.html").read_text(encoding="utf-8")


def test_the_page_is_light(written: Path) -> None:
    assert (written / "full.html").stat().st_size < 1_500_000


@pytest.mark.parametrize("name", ["full", "empty"])
def test_the_page_asks_nobody_for_anything(name: str, written: Path) -> None:
    page = html.fromstring((written / f"{name}.html").read_text(encoding="utf-8"))
    references = found(page, "//@src | //@href | //@srcset | //@action | //@poster | //@data")
    assert references
    assert [link for link in references if not link.startswith("#") and link != "data:,"] == []
    styles = " ".join(found(page, "//style/text() | //@style"))
    assert "url(" not in styles
    assert "@import" not in styles
    policy = one(page, "//meta[@http-equiv='Content-Security-Policy']").get("content", "")
    assert policy.startswith("default-src 'none'")


def test_it_leads_to_superset_and_airflow_where_they_are_known(written: Path) -> None:
    page = html.fromstring((written / "linked.html").read_text(encoding="utf-8"))
    led = [link for link in found(page, "//a[@target='_blank']") if link.get("rel") == "noopener"]
    assert [(text(link), link.get("href")) for link in led] == [
        ("Панели Superset", "https://boards.example/superset/dashboard/programme/"),
        ("Загрузки в Airflow", "https://airflow.example/dags"),
    ]


@pytest.mark.parametrize("name", ["full", "empty"])
def test_headings_and_ids_are_in_order(name: str, written: Path) -> None:
    page = html.fromstring((written / f"{name}.html").read_text(encoding="utf-8"))
    levels = [int(heading.tag[1]) for heading in found(page, "//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    ids = found(page, "//@id")
    assert len(ids) == len(set(ids))
    targets = [link[1:] for link in found(page, "//@href") if link.startswith("#")]
    labels = found(page, "//@aria-labelledby")
    assert set(targets) | set(labels) <= set(ids)


def test_empty_marts_give_a_page_that_says_so(empty: html.HtmlElement) -> None:
    assert "Показателей пока нет" in text(by_id(empty, "summary"))
    assert indicator_cards(empty) == []
    for chart in CHARTS[len(INDICATORS) :]:
        assert text(by_id(empty, chart)).endswith("нет данных")
    assert "Как считается" in text(by_id(empty, "method"))


def test_a_missing_mart_is_an_error_with_the_way_out(written: Path) -> None:
    message = (written / "missing.txt").read_text(encoding="utf-8")
    assert message.startswith("site_devices_last_year.sql: нет витрины, которую он читает")
    assert "marts.site_devices_monthly" in message
    assert "build_indicator_marts" in message
    assert not (written / "missing.html").exists()


def test_the_old_page_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "build" / "report.html"
    _replace(path, "old")
    with pytest.raises(UnicodeEncodeError):
        _replace(path, "new \ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(path.parent.iterdir()) == [path]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_card_tells_the_way_of_counting_that_the_passport_chose(full: html.HtmlElement) -> None:
    words = text(full)
    assert "цепочки запросов СМЭВ (по идентификатору первого сообщения)" in words
    assert "цепочек запросов за период учёта" in words
    assert "различные запросы СМЭВ в адрес администрации за период учёта" not in words
