"""Every chart's SQL on made-up marts against what the page shows, to the digit and without a browser."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from bi.queries import chart_query
from bi.sources import PRELIMINARY, Described, Part, read_sources
from municipal_indicators.reference.labels import in_order, read_labels
from municipal_indicators.report import queries
from municipal_indicators.warehouse.client import Warehouse
from tests.bi import made_up

Rows = list[dict[str, Any]]

# What the page does not show in this form; the marts themselves are tested in tests/marts.
NOT_ON_THE_PAGE = {
    "Визиты за год", "Посетители за год", "Доля отказов за год", "Минут на визит за год",
    "Страницы входа, за выбранные годы", "Просмотры и загрузки, за выбранные годы",
    "Действует муниципальных услуг", "Муниципальные услуги в электронном виде",
    "Средняя оценка", "Исход заявлений, за выбранные годы", "Услуги в перечне на конец месяца",
    "Качество услуг, за выбранные годы подачи", "Кто запрашивает, за выбранные годы",
    "Виды сведений, за выбранные годы", "Строк в карантине", "Замечаний", "Пропущено дней",
    "Сверка с Метрикой", "Сверка визитов с отчётами Метрики", "Что не так с данными",
}  # fmt: skip


class Bi:
    """The charts of all boards, asked over one warehouse; remembers which were asked."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.described: Described = read_sources()
        self.parts: dict[str, Part] = {
            part.title: part for board in self.described.dashboards for part in board.charts()
        }
        self.asked: set[str] = set()

    def rows(self, title: str, **chosen: str) -> Rows:
        self.asked.add(title)
        part = self.parts[title]
        return self.warehouse.mappings(chart_query(part, self.described.datasets[part.of], chosen))

    def tile(self, title: str, **chosen: str) -> Any:
        (row,) = self.rows(title, **chosen)
        (value,) = row.values()
        return value

    def page(self, query: str) -> Rows:
        return queries.rows(self.warehouse, query)


@pytest.fixture(scope="module")
def bi(module_warehouse: Warehouse) -> Iterator[Bi]:
    with pytest.MonkeyPatch.context() as patch:
        from municipal_indicators import settings

        patch.setattr(settings, "REFERENCE", settings.REPOSITORY / "reference")
        made_up.fill(module_warehouse)
        yield Bi(module_warehouse)


def by_month(rows: Rows, *columns: str) -> dict[date, Any]:
    """The values of each month that has one: the number itself, or a tuple where several are asked for."""
    found = {}
    for row in rows:
        values = tuple(row[column] for column in columns)
        if any(value is not None for value in values):
            month = row.get("Месяц") or row["month"]
            found[month] = values if len(columns) > 1 else values[0]
    return found


def both(rows: Rows, metric: str) -> dict[date, Any]:
    """A metric of whole and of preliminary months, of which a month is one."""
    whole = by_month(rows, f"{metric}_whole")
    preliminary = by_month(rows, f"{metric}_preliminary")
    assert whole.keys().isdisjoint(preliminary)
    return whole | preliminary


def unfinished(page: Rows) -> set[date]:
    return {row["month"] for row in page if row["is_unfinished"]}


def test_the_tally_of_statuses(bi: Bi) -> None:
    shown = {row["status"]: row["indicators"] for row in bi.page("indicators_by_status")}
    titles = {
        "off_track": "Отстаёт",
        "at_risk": "Под угрозой",
        "no_data": "Нет данных",
        "on_track": "В графике",
        "achieved": "Достигнуто",
    }
    assert {code: bi.tile(title) for code, title in titles.items()} == {
        code: shown.get(code, 0) for code in titles
    }


@pytest.mark.parametrize(
    ("title", "role", "columns"),
    [
        (
            "Последний завершённый месяц",
            "headline",
            {
                "headline_month": "month",
                "headline_fact": "fact",
                "unit_of_value": "unit",
                "headline_note": "note",
                "headline_goal": "goal",
                "headline_due_year": "due_year",
                "headline_forecast": "forecast",
                "headline_final_plan": "final_plan",
            },
        ),
        (
            "Месяц, который идёт, — предварительно",
            "preliminary",
            {
                "preliminary_month": "month",
                "preliminary_fact": "fact",
                "unit_of_value": "unit",
                "preliminary_note": "note",
            },
        ),
    ],
)
def test_indicators_of_two_months_in_the_order_of_the_page(
    bi: Bi, title: str, role: str, columns: Mapping[str, str]
) -> None:
    labels = read_labels()
    page = {row["indicator"]: row for row in bi.page("indicators_latest") if row["role"] == role}
    wanted = [
        {"name": page[code]["name"], **{mine: page[code][its] for mine, its in columns.items()}}
        for code in in_order(page, labels.indicators)
    ]
    shown = bi.rows(title)
    status = "headline_status" if role == "headline" else "preliminary_status"
    words = [row.pop(status)[2:] for row in shown]
    for row in wanted:
        if row.get("headline_due_year"):
            row["headline_due_year"] = str(row["headline_due_year"])
        if row.get("headline_forecast") and row["unit_of_value"] != "%":
            row["headline_forecast"] = round(row["headline_forecast"])
    assert shown == wanted
    assert words == [
        labels.statuses[page[code]["status"]] for code in in_order(page, labels.indicators)
    ]


def test_the_course_of_every_indicator(bi: Bi) -> None:
    page: dict[str, Rows] = defaultdict(list)
    for row in bi.page("indicators_by_month"):
        page[row["indicator"]].append(row)
    charts = [
        part for part in bi.parts.values() if part.kind == "lines" and "indicator" in part.where
    ]
    assert [part.where["indicator"] for part in charts] == in_order(page, read_labels().indicators)
    for part in charts:
        rows, course = bi.rows(part.title), page[str(part.where["indicator"])]
        assert both(rows, "fact_of_month") == by_month(course, "fact")
        known = both(rows, "fact_of_month")
        mart = bi.warehouse.mappings(
            "SELECT month, forecast FROM marts.indicators_monthly "
            f"WHERE indicator = '{part.where['indicator']}'"
        )
        assert by_month(rows, "forecast_of_month") == {
            month: value for month, value in by_month(mart, "forecast").items() if month in known
        }
        preliminary = {row["month"] for row in course if row["is_preliminary"]}
        assert by_month(rows, "fact_of_month_preliminary").keys() <= preliminary
        assert by_month(rows, "fact_of_month_whole").keys().isdisjoint(preliminary)


def test_money(bi: Bi) -> None:
    page = {str(row["year"]): row for row in bi.page("programme_funding_by_year")}
    table = bi.rows("Исполнение бюджета по годам, тыс. руб.")
    assert [row["year_text"] for row in table] == list(page)
    bars = bi.rows("Финансирование программы по годам, тыс. руб.")
    assert [row["Год бюджета"] for row in bars] == list(page)
    for row in (*table, *bars):
        year = page[row.get("year_text") or row["Год бюджета"]]
        for mine, its in (("planned", "plan_thousands"), ("executed_cash", "executed_thousands")):
            wanted = None if year[its] is None else float(year[its])
            assert row[mine] == pytest.approx(wanted) if wanted else row[mine] is None
        assert row.get("executed_share", year["execution_share"]) == year["execution_share"]
    known = [row for row in page.values() if row["executed_thousands"] is not None]
    assert bi.tile("Исполнено за год, тыс. руб.") == pytest.approx(
        float(known[-1]["executed_thousands"])
    )
    assert bi.tile("Исполнение плана года") == known[-1]["execution_share"]
    earlier = {"year": f"= {known[0]['year']}"}
    assert bi.tile("Исполнение плана года", **earlier) == known[0]["execution_share"]


def test_visits_and_visitors(bi: Bi) -> None:
    page = bi.page("site_audience_by_month")
    rows = bi.rows("Визиты и посетители по месяцам")
    assert both(rows, "visits_total") == by_month(page, "visits")
    assert both(rows, "visitors_of_period") == by_month(page, "visitors")
    corrected = {row["month"] for row in page if row["is_settled"] is False}
    assert corrected
    assert by_month(rows, "visits_total_preliminary").keys() == corrected


@pytest.mark.parametrize(
    ("title", "query", "code", "word"),
    [
        ("Источники, за выбранные годы", "site_sources_last_year", "traffic_source", "source_words"),
        ("Устройства, за выбранные годы", "site_devices_last_year", "device", "device_words"),
    ],
)  # fmt: skip
def test_where_visits_come_from(bi: Bi, title: str, query: str, code: str, word: str) -> None:
    page = bi.page(query)
    labels = read_labels()
    words = labels.traffic_sources | labels.devices
    last = page[0]["last_month"]
    rows = bi.rows(title, month=f"> toDate('{last}') - INTERVAL 12 MONTH")
    assert {row[word]: row["visits_total"] for row in rows} == {
        words.get(row[code], row[code]): row["visits_of_year"] for row in page
    }
    if code == "traffic_source":
        bars: dict[str, int] = defaultdict(int)
        stacked = bi.rows(
            "Визиты по источникам и месяцам", month=f"> toDate('{last}') - INTERVAL 12 MONTH"
        )
        for row in stacked:
            bars[row["source_words_preliminary"]] += row["visits_total"]
        assert sum(bars.values()) == sum(row["visits_of_year"] for row in page)


def test_applications(bi: Bi) -> None:
    page = bi.page("service_applications_by_month")
    channels = {
        "federal_portal": "ЕПГУ",
        "regional_portal": "РПГУ",
        "service_centre": "МФЦ",
        "in_person": "лично",
        "by_post": "почта",
    }
    shown: dict[date, dict[str, int]] = defaultdict(dict)
    for row in bi.rows("Заявления по каналам и месяцам подачи"):
        shown[row["Месяц"]][row["channel_words_preliminary"]] = row["applications_total"]
    assert unfinished(page)
    for row in page:
        wanted = {word: row[column] for column, word in channels.items() if row[column]}
        if row["is_unfinished"]:
            wanted = {PRELIMINARY: row["applications"]}
        assert shown[row["month"]] == wanted
    lines = bi.rows("Подано электронно и завершено в срок")
    assert both(lines, "electronic_share") == by_month(page, "electronic_share")
    assert both(lines, "on_time_share") == {
        row["month"]: row["on_time"] / (row["on_time"] + row["overdue"]) for row in page
    }
    for year in (2025, 2026):
        months = [row for row in page if row["month"].year == year]
        total, on_time, overdue = (
            sum(row[name] for row in months) for name in ("applications", "on_time", "overdue")
        )
        electronic = sum(row["federal_portal"] + row["regional_portal"] for row in months)
        chosen = {"year": f"IN ({year})"}
        assert bi.tile("Заявления за год", **chosen) == total
        assert bi.tile("Подано электронно", **chosen) == electronic / total
        assert bi.tile("Завершено в срок", **chosen) == on_time / (on_time + overdue)


def test_smev(bi: Bi) -> None:
    page = bi.page("smev_requests_by_month")
    words = {"interagency": "межведомственные запросы", "portal": "заявления с ЕПГУ"}
    shown: dict[date, dict[str, int]] = defaultdict(dict)
    for row in bi.rows("Запросы СМЭВ по месяцам"):
        shown[row["Месяц"]][row["channel_words_preliminary"]] = row["requests_total"]
    assert shown == {
        row["month"]: {PRELIMINARY: row["requests"]}
        if row["is_unfinished"]
        else {word: row[column] for column, word in words.items()}
        for row in page
    }
    of_year = [row for row in page if row["month"].year == 2026]
    requests = sum(row["requests"] for row in of_year)
    assert bi.tile("Запросы СМЭВ за год", year="IN (2026)") == requests


def test_service_of_smev(bi: Bi) -> None:
    page = bi.page("smev_service_by_month")
    for title, metric, column in (
        ("Отвечено в срок по месяцам запроса", "on_time_share_total", "on_time_share"),
        ("Ошибки обмена по месяцам", "faults_total", "faults"),
        ("Без ответа на конец месяца", "latest_backlog", "backlog"),
    ):
        assert both(bi.rows(title), metric) == by_month(page, column), title
    of_year = [row for row in page if row["month"].year == 2026]
    on_time, overdue, faults = (
        sum(row[name] for row in of_year) for name in ("on_time", "overdue", "faults")
    )
    assert bi.tile("Отвечено в срок", year="IN (2026)") == on_time / (on_time + overdue)
    assert bi.tile("Просрочено", year="IN (2026)") == overdue
    assert bi.tile("Ошибки обмена за год", year="IN (2026)") == faults
    assert bi.tile("Без ответа") == page[-1]["backlog"]


def test_freshness_in_the_order_of_the_page(bi: Bi) -> None:
    labels = read_labels()
    page = {row["source"]: row for row in bi.page("data_freshness")}
    shown = bi.rows("Свежесть данных")
    order = in_order(page, labels.sources)
    assert [row["source_words"] for row in shown] == [labels.sources[code] for code in order]
    for row, code in zip(shown, order, strict=True):
        wanted = page[code]
        assert row["reached_day"] == wanted["data_through"]
        assert row["lag"] == wanted["lag_days"]
        assert row["freshness_words"][2:] == labels.freshness[wanted["status"]]
        assert row["norm"] == 30
    # 02:10 UTC in the programme's zone.
    metrica = next(row for row in shown if row["source_words"] == labels.sources["metrica"])
    assert f"{metrica['loaded_at']:%d.%m.%Y %H:%M}" == "18.07.2026 05:10"


def test_what_was_not_loaded(bi: Bi) -> None:
    told = [row for row in bi.page("data_problems") if row["reason"] == made_up.REASON]
    assert bi.tile("Не загружено") == len(told) == 1
    listed = bi.rows("Что не так с данными")
    assert [row["reason"] for row in listed if row["kind_words"] == "не загружено"] == [
        made_up.REASON
    ]


def test_how_indicators_are_counted(bi: Bi) -> None:
    page = [row["indicator"] for row in bi.page("indicator_methods")]
    shown = bi.rows("Как считаются показатели")
    names = {code: name for code, name, *_ in made_up.methods()}
    assert [row["name"] for row in shown] == [
        names[code] for code in in_order(page, read_labels().indicators)
    ]


def test_every_other_chart_has_rows_and_none_is_forgotten(bi: Bi) -> None:
    for title in NOT_ON_THE_PAGE:
        assert bi.rows(title), title
    assert bi.asked == set(bi.parts)
