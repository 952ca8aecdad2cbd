"""The page as a document: what it says, that it is one closed file, that it is in order."""

from __future__ import annotations

import json
import os
import re
import stat
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from municipal_indicators.report.charts import Chart, figure
from municipal_indicators.report.page import _replace
from tests.report.made_up_marts import INDICATORS, MISSING, PROGRAMME
from tests.report.made_up_parts import HOSTILE, PARTS

CHARTS = (
    *(f"chart-{code}" for code, *_ in INDICATORS),
    "chart-site-audience", "chart-site-sources", "chart-site-devices",
    "chart-service-channels", "chart-smev-requests", "chart-smev-service", "chart-funding",
)  # fmt: skip


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def found(page: html.HtmlElement, path: str, **variables: str) -> list[Any]:
    """What an XPath finds below the element."""
    result = page.xpath(path, **variables)
    assert isinstance(result, list)
    return result


def one(page: html.HtmlElement, path: str, **variables: str) -> html.HtmlElement:
    (element,) = found(page, path, **variables)
    assert isinstance(element, html.HtmlElement)
    return element


def by_id(page: html.HtmlElement, name: str) -> html.HtmlElement:
    return one(page, "//*[@id=$name]", name=name)


def indicator_cards(page: html.HtmlElement) -> list[Any]:
    return found(page, "//article[@class='card indicator']")


def rows_behind(page: html.HtmlElement, chart: str) -> list[list[str]]:
    """The first table under a chart, heading row first."""
    card = one(page, "//article[.//*[@id=$chart]]", chart=chart)
    table = found(card, ".//details[not(@class)]//table")[0]
    return [[text(cell) for cell in found(row, "th|td")] for row in found(table, ".//tr")]


def drawn(page: html.HtmlElement, chart: str) -> dict[str, dict[str, object]]:
    """The traces of a figure by name."""
    script = one(page, "//script[@data-chart=$chart]", chart=chart)
    return {trace["name"]: trace for trace in json.loads(text(script))["data"]}


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


def test_month_under_way_stands_beside_the_headline(full: html.HtmlElement) -> None:
    beside = {
        card.get("id"): text(one(card, ".//*[@class='preliminary']"))
        for card in indicator_cards(full)
    }
    assert beside["indicator-site_visitors_growth"] == (
        "Июль, предварительно: 58,44 % по 17.07.2026 под угрозой"
    )
    assert beside["indicator-eservices_share"] == (
        "Июль, предварительно: 62,5 % на 30.06.2026 достигнут"
    )
    assert beside["indicator-smev_requests"] == "Июль, предварительно: нет данных за июль"
    cells = found(full, "//*[@class='overview']//td[@class='beside']")
    assert [text(cell) for cell in cells][:3] == [
        "58,44 % по 17.07.2026", "62,5 % на 30.06.2026", "нет данных за июль",
    ]  # fmt: skip


def test_course_marks_the_month_under_way_and_repeats_no_old_sum(full: html.HtmlElement) -> None:
    newest, before = rows_behind(full, "chart-smev_requests")[1:3]
    assert newest[:2] == ["июль 2026*", "нет данных"]
    assert before[:2] == ["июнь 2026", "1 146"]
    bars = drawn(full, "chart-smev_requests")["Факт"]
    assert bars["y"][-2:] == [1146.0, None]  # type: ignore[index]
    assert bars["marker"]["opacity"] == [1] * 42 + [0.45]  # type: ignore[index]
    assert rows_behind(full, "chart-site_visitors_growth")[1][:2] == ["июль 2026*", "58,44"]
    line = drawn(full, "chart-site_visitors_growth")["Факт"]
    assert line["marker"]["symbol"] == ["circle"] * 42 + ["circle-open"]  # type: ignore[index]
    card = text(by_id(full, "indicator-ict_events"))
    assert "в таблице * — предварительно: месяц ещё не полон." in card


def test_sum_of_a_month_that_is_not_whole_is_marked(full: html.HtmlElement) -> None:
    bars = drawn(full, "chart-service-channels")["ЕПГУ"]
    assert bars["marker"]["opacity"] == [1] * 41 + [0.45]  # type: ignore[index]
    card = one(full, "//article[.//*[@id='chart-service-channels']]")
    assert "* Месяц ещё не полон: данные по 28 июня 2026." in text(card)
    whole = one(full, "//article[.//*[@id='chart-smev-requests']]")
    assert "не полон" not in text(whole)


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
        "Факт, июнь 2026 57,14 %",
        "План на 2026 год не задан",
        "Прогноз на конец года 57,14 %",
        "Итоговый план, 2027 60 %",
        "÷ посетители за те же дни базового года",
        "посетителей с начала года: 7 314,3",
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
        "К концу 2027 года ожидается 57,9 %, с вероятностью 80 % — от 52,1 до 61,3. "
        "Цель — 60 %: вероятность от 40 до 50 %. Ошибки."
    )
    assert "с вероятностью 80 % — от 1 640 до 1 702,5. Цель" in told["smev_requests"]
    assert told["ict_events"].endswith(" Цель — 25 ед.: достигнута.")
    assert told["eservices_share"].endswith("ожидается 50 %. К концу 2027 года: мало истории.")
    assert told["edms_workplaces_share"] == ""


def test_null_is_said_and_never_zero(full: html.HtmlElement) -> None:
    facts = text(one(by_id(full, "indicator-edms_workplaces_share"), ".//*[@class='facts']"))
    assert "Факт, июнь 2026 нет данных" in facts
    assert not re.search(r"\b0\b", facts.replace("40 %", ""))
    newest = rows_behind(full, "chart-edms_workplaces_share")[2]
    assert newest == ["июнь 2026", *["нет данных"] * 3, "40", *["нет данных"] * 3]


def test_statuses_differ_without_colour(full: html.HtmlElement) -> None:
    shapes = {
        html.tostring(one(status, "svg"), encoding="unicode", with_tail=False): text(status)
        for status in found(full, "//*[@class='overview']//*[starts-with(@class, 'status ')]")
    }
    assert sorted(shapes.values()) == [
        "в графике", "достигнут", "нет данных", "отстаёт", "под угрозой",
    ]  # fmt: skip
    assert [text(item) for item in found(full, "//*[@class='tally']/li")] == [
        "1 достигнут", "3 в графике", "1 под угрозой", "1 отстаёт", "1 нет данных",
    ]  # fmt: skip


def test_freshness_of_each_source(full: html.HtmlElement) -> None:
    sources = [text(source) for source in found(full, "//*[starts-with(@class, 'source ')]")]
    assert sources == [
        "Яндекс Метрика свежие Данные по 17 июля 2026 Отставание 1 день "
        f"Загружено 18 июля 2026, 05:10 {MISSING}",
        "Выгрузки Госуслуг запаздывают Данные по 28 июня 2026 Отставание 20 дней "
        "Загружено 16 июля 2026, 05:10",
        "Журналы СМЭВ запаздывают Данные по 30 июня 2026 Отставание 18 дней "
        "Загружено 18 июля 2026, 05:10",
        "Реестры программы не поступали Данные по нет данных Отставание нет данных "
        "Загружено нет данных",
    ]


def test_what_was_not_loaded_is_said_and_that_nobody_is_told(
    full: html.HtmlElement, empty: html.HtmlElement
) -> None:
    assert text(one(full, "//p[@class='rejected-title']")) == "Не загружено: 1"
    assert text(one(full, "//ul[@class='rejected']/li")) == f"30.06.2026, {HOSTILE}: Файл пуст."
    assert "адрес для сообщений не задан" in text(one(full, "//p[@class='no-channel']"))
    assert found(empty, "//*[@class='rejected-title']") == []


def test_every_chart_has_words_and_a_table(full: html.HtmlElement) -> None:
    for chart in CHARTS:
        element = by_id(full, chart)
        assert element.get("role") == "img"
        assert re.search("[а-я]", element.get("aria-label", ""))
        assert len(rows_behind(full, chart)) > 2
    assert len(found(full, "//script[@data-chart]")) == len(CHARTS)


def test_indicator_charts_draw_fact_plan_and_forecast(full: html.HtmlElement) -> None:
    traces = drawn(full, "chart-smev_requests")
    assert set(traces) == {"Факт", "Прогноз", "План года", "Итоговый план"}
    plan = traces["План года"]["y"]
    assert isinstance(plan, list)
    assert plan[:24] == [None] * 24
    assert plan[24:] == [1600.0] * 19


def test_audience_adds_sites_and_leaves_the_missing_month_open(full: html.HtmlElement) -> None:
    head, *rows = rows_behind(full, "chart-site-audience")
    by_month = {row[0]: row[1:] for row in rows}
    assert head[:3] == ["Месяц", "Визиты", "Посетители"]
    # January 2023: 9000 on the main site and a fifth of that on the other.
    assert by_month["январь 2023"] == ["10 800", "6 480", "3 600", "32 400", "20 %", "131"]
    assert by_month["август 2023"] == ["нет данных"] * 6
    assert "июнь 2026*" in by_month
    assert drawn(full, "chart-site-audience")["Визиты"]["y"][7] is None  # type: ignore[index]


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
    assert "прочее" not in drawn(full, "chart-service-channels")


def test_smev_requests_by_month(full: html.HtmlElement) -> None:
    head, newest, *_ = rows_behind(full, "chart-smev-requests")
    assert head == [
        "Месяц", "Межведомственные", "С портала", "Всего", "Отвечено", "из них отказы",
        "Просрочено", "Повторы",
    ]  # fmt: skip
    assert newest == ["июнь 2026", "142", "90", "232", "220", "16", "12", "4"]


def test_funding_in_thousand_roubles(full: html.HtmlElement) -> None:
    rows = rows_behind(full, "chart-funding")
    assert rows[1] == ["2027", "930,5", "нет данных", "нет данных", "01.01.2025"]
    assert rows[4] == ["2024", "790", "781,25", "98,9 %", "нет данных"]
    assert rows[5] == ["2023", *["нет данных"] * 4]


def test_names_from_the_data_stay_text(full: html.HtmlElement, written: Path) -> None:
    scripts = found(full, "//script[not(@type)]")
    assert len(scripts) == 2, "plotly and the page's own script, none from the data"
    assert found(full, "//script[contains(., 'alert(1)')]") == []
    assert f"Количество запросов СМЭВ {HOSTILE}" in text(by_id(full, "method"))
    assert "<b>&</script>" not in (written / "full.html").read_text(encoding="utf-8")


def test_a_figure_cannot_close_its_script() -> None:
    drawing = figure()
    drawing.add_bar(x=[date(2026, 1, 1)], y=[1], name="</script>&<!--")
    written = Chart(id="c", title="", summary="", tables=(), figure=drawing).figure_json
    assert not set("<>&") & set(written)
    assert json.loads(written)["data"][0]["name"] == "</script>&<!--"


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
    assert message.startswith("site_devices_last_year.sql: a mart it reads does not exist")
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
        ["по заявлениям", "67,67 %", "812", "1 200", "заявления с 01.01.2026 по 28.06.2026"],
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
