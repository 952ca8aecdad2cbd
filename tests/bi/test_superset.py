"""The dashboards in a real Superset: set up twice, opened by a reader, and right.

Superset runs in its own environment, with its metadata in PostgreSQL where one is installed, by the
command of its image, over an HTTP front of the engine that grants what production grants user bi. Each
of docs/bi.md#traps-of-superset that can give wrong numbers is a test that compares with plain SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.bi.conftest import OLD_TITLE
from tests.bi.stack import Stack
from tests.bi.visitor import Answer, Api, Opened, Reader
from tests.report import made_up_marts
from tests.report.made_up_parts import HOSTILE

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LATEST = "Последний завершённый месяц, рядом предварительно тот, что идёт"
# The tiles that count indicators by status.
TALLY = {
    "achieved": "Достигнуто",
    "on_track": "В графике",
    "at_risk": "Под угрозой",
    "off_track": "Отстаёт",
}
DASHBOARDS = ("programme", "site-and-services", "smev-and-data")
# What one chart may cost over some years of marts.
MOST_ROWS_READ = 20_000
MOST_BYTES_READ = 5_000_000
MOST_SECONDS = 5.0
TELEMETRY = "https://apachesuperset.gateway.scarf.sh/"
# Latin words that stand in the data themselves, and the names of the product and of its user.
DATA_WORDS = set(
    re.findall(
        r"[A-Za-z]{2,}",
        " ".join((HOSTILE, *made_up_marts.SOURCES, "example org pdf FNS001 Superset "))
        + " "
        + " ".join(code for code, *_ in made_up_marts.INDICATORS),
    )
)


def months(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {f"{month:%Y-%m}": value for month, value in rows}


def by_month(data: list[dict[str, Any]], column: str) -> dict[str, Any]:
    """A chart's values by month; Superset gives a day as milliseconds since 1970 in UTC."""
    return {
        f"{datetime.fromtimestamp(row['Месяц'] / 1000, UTC):%Y-%m}": row[column] for row in data
    }


def filtered(answer: Answer, column: str, *values: object) -> dict[str, Any]:
    """The chart's own request with the choice that a filter of the dashboard adds."""
    asked = deepcopy(answer.asked)
    for query in asked["queries"]:
        query["filters"] = [
            *query.get("filters", []),
            {"col": column, "op": "IN", "val": list(values)},
        ]
    return asked


def tile(reader: Api, answer: Answer, **choices: object) -> float:
    asked = answer.asked
    for column, value in choices.items():
        asked = filtered(Answer(0, asked, 200, {}), column, value)
    (row,) = reader.rows(asked)
    (value,) = row.values()
    return float(value)


def test_set_up_again_renews_what_the_bundle_changed_and_nothing_else(
    renewed: tuple[Mapping[str, Mapping[str, int]], ...], admin: Api
) -> None:
    before, after = renewed
    assert before == after
    assert {kind: len(things) for kind, things in after.items()} == {
        "database": 1,
        "dataset": 19,
        "chart": 50,
        "dashboard": 3,
    }
    titles = [
        chart["slice_name"]
        for chart in admin.ask("GET", "/api/v1/chart/?q=(page_size:200)").json()["result"]
    ]
    assert OLD_TITLE not in titles
    assert titles.count("Достигнуто") == 1


def test_the_warehouse_password_is_nowhere_in_superset(admin: Api, superset: Stack) -> None:
    (number,) = admin.things()["database"].values()
    stored = admin.ask("GET", f"/api/v1/database/{number}/connection").json()["result"]
    assert stored["sqlalchemy_uri"] == "clickhousedb://bi@clickhouse/marts"
    assert superset.environment["CLICKHOUSE_BI_PASSWORD"] not in superset.log.read_text()


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_a_dashboard_opens_without_an_error_in_russian(
    dashboards: dict[str, Opened], slug: str
) -> None:
    opened = dashboards[slug]
    assert len(opened.charts) >= 14
    assert {answer.chart for answer in opened.answers} == set(opened.charts.values())
    assert [answer.body for answer in opened.answers if answer.status != 200] == []
    page = opened.page
    assert page.locator(".ant-alert-error, .chart-error, [data-test=error-alert]").count() == 0
    for empty in ("Нет данных после", "Нет результатов", "No data", "No results", "N/A"):
        assert empty not in opened.text
    assert set(re.findall(r"[A-Za-z]{2,}", opened.text)) <= DATA_WORDS
    # The front end is built with a telemetry pixel; the content security policy keeps it in.
    assert [text for text in opened.said if TELEMETRY not in text or "directive" not in text] == []
    inside = (f"{page.url.split('/superset/')[0]}/", "data:", "blob:", TELEMETRY)
    assert [url for url in opened.asked if not url.startswith(inside)] == []
    assert opened.refused == []


def test_the_login_page_is_russian_too(visitor: Reader) -> None:
    assert "Введите ваш логин и пароль" in visitor.login_text
    assert set(re.findall(r"[A-Za-z]{2,}", visitor.login_text)) <= {"Superset"}


def test_every_chart_has_rows_and_keeps_its_budget(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    costly, empty = [], []
    for opened in dashboards.values():
        names = {number: title for title, number in opened.charts.items()}
        for answer in opened.answers:
            for asked, result in zip(answer.asked["queries"], answer.results, strict=True):
                name = names[answer.chart]
                if not 0 < result["rowcount"] <= (asked.get("row_limit") or 1):
                    empty.append((name, result["rowcount"]))
                spent = marts.query(result["query"]).summary
                rows, size = int(spent["read_rows"]), int(spent["read_bytes"])
                seconds = int(spent["elapsed_ns"]) / 1e9
                if rows > MOST_ROWS_READ or size > MOST_BYTES_READ or seconds > MOST_SECONDS:
                    costly.append((name, rows, size, seconds))
    assert empty == []
    assert costly == []


def test_trap_1_an_axis_of_months_has_the_sums_of_plain_sql(
    dashboards: dict[str, Opened], reader: Api, marts: Client
) -> None:
    shown = dashboards["smev-and-data"].by_title("Отвечено в срок, доля")
    truth = marts.query(
        """
        SELECT toStartOfMonth(day), sum(on_time) / (sum(on_time) + sum(overdue))
        FROM smev_answer_terms_daily WHERE toYear(day) IN (2024, 2025) GROUP BY 1
        """
    ).result_rows
    data = reader.rows(filtered(shown, "year", 2024, 2025))
    assert by_month(data, "on_time_share_total") == pytest.approx(months(truth))
    # A range that is not on the edges of months, as somebody may set it in the chart's address.
    asked = filtered(shown, "day", *marts.query(
        "SELECT groupUniqArray(toString(day)) FROM smev_answer_terms_daily "
        "WHERE day BETWEEN '2024-01-15' AND '2024-04-15'"
    ).result_rows[0][0])  # fmt: skip
    assert list(by_month(reader.rows(asked), "on_time_share_total")) == [
        "2024-02",
        "2024-03",
        "2024-04",
    ]


def test_trap_1_a_metric_is_not_taken_for_the_column_it_is_made_of(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    answer = dashboards["site-and-services"].by_title("Визиты и посетители по месяцам")
    truth = marts.query(
        "SELECT period_start, sum(visits) FROM site_audience WHERE grain = 'month' AND is_settled GROUP BY 1"
    ).result_rows
    assert by_month(answer.data, "visits_total") == months(truth)


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_trap_2_the_filter_by_year_bites_on_every_chart_that_has_a_year(
    visitor: Reader, dashboards: dict[str, Opened], slug: str
) -> None:
    opened = dashboards[slug]
    page = opened.page
    first, opened.answers = opened.answers, []
    page.locator(
        "[data-test=filter-bar] .ant-select, .filter-item-wrapper .ant-select"
    ).first.click()
    page.locator(".ant-select-item-option[title='2025']").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Применить").click()
    without = {"Как считаются показатели", "Свежесть данных", LATEST}
    if slug == "programme":
        without |= set(TALLY.values())
    acted_on = {number for title, number in opened.charts.items() if title not in without}
    for _ in range(960):
        page.wait_for_timeout(250)
        if {answer.chart for answer in opened.answers} >= acted_on:
            break
    again, opened.answers = opened.answers, first
    assert {answer.chart for answer in again} == acted_on
    for answer in again:
        for result in answer.results:
            assert re.search(r"WHERE.*(toYear\(\w+\)|`?year`?) IN \(2025\)", result["query"], re.S)
            assert result["rowcount"] > 0


def test_trap_2_filters_change_the_numbers(
    dashboards: dict[str, Opened], reader: Api, marts: Client
) -> None:
    opened = dashboards["site-and-services"]
    visits = opened.by_title("Визиты")
    sql = "SELECT sum(visits) FROM site_audience WHERE grain = 'year' AND toYear(period_start) = {} {}"
    of_year = marts.query(sql.format(2025, "")).result_rows[0][0]
    of_site = marts.query(sql.format(2025, "AND counter_id = 11")).result_rows[0][0]
    assert tile(reader, visits, year=2025) == of_year
    assert tile(reader, visits, year=2025, site="Официальный сайт") == of_site
    requests = dashboards["smev-and-data"].by_title("Запросы СМЭВ")
    truth = marts.query("SELECT sum(requests) FROM smev_requests_daily WHERE toYear(day) = 2024")
    assert tile(reader, requests, year=2024) == truth.result_rows[0][0]


def test_trap_3_instants_are_shown_by_moscows_clock(dashboards: dict[str, Opened]) -> None:
    answer = dashboards["smev-and-data"].by_title("Свежесть данных")
    shown = {row["source_words"]: row for row in answer.data}
    # 02:10 UTC
    assert shown["Яндекс Метрика"]["last_success_words"] == "18.07.2026 05:10"
    assert shown["Реестры программы"]["last_success_words"] == "не было"
    assert shown["Реестры программы"]["freshness_words"] == "✖ не поступали"


def test_trap_4_a_half_filled_month_is_not_shown_as_a_fall(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    opened = dashboards["site-and-services"]
    last = marts.query("SELECT max(month) FROM service_applications_monthly").result_rows[0][0]
    assert f"{last:%Y-%m}" == "2026-06"
    shares = opened.by_title("Подано электронно и завершено в срок, доля")
    assert max(by_month(shares.data, "electronic_share")) == "2026-05"
    # June is not settled and July not over; their visits are in the year's tile and not on the line.
    line = opened.by_title("Визиты и посетители по месяцам")
    assert max(by_month(line.data, "visits_total")) == "2026-05"
    smev = dashboards["smev-and-data"].by_title("Отвечено в срок, доля")
    assert max(by_month(smev.data, "on_time_share_total")) == "2026-06"
    # July is under way: the site is loaded through its 17th, SMEV has not reached it.
    for title in ("Прирост посетителей сайта к базовому году, %", "Рабочие места в СЭД, %"):
        course = dashboards["programme"].by_title(title)
        assert max(by_month(course.data, "goal_of_month")) == "2026-06"


def test_visitors_are_counted_anew_for_the_year_and_not_added_up(
    dashboards: dict[str, Opened], reader: Api
) -> None:
    visitors = dashboards["site-and-services"].by_title("Посетители")
    assert tile(reader, visitors) == 2 * 900
    assert tile(reader, visitors, year=2023) == 2 * 2_000
    # Of two years the later one.
    both = reader.rows(filtered(visitors, "year", 2023, 2025))
    assert both == [{"visitors_of_latest": 2 * 3_000}]


def test_the_table_of_indicators_is_the_headline_month_of_plain_sql(
    dashboards: dict[str, Opened], reader: Api, marts: Client
) -> None:
    opened = dashboards["programme"]
    shown = {row["name"]: row for row in opened.by_title(LATEST).data}
    rows = marts.query(
        "SELECT name, fact, plan, toString(status) FROM indicators_monthly WHERE month = '2026-06-01'"
    ).result_rows
    marks = {"achieved": "✔", "on_track": "●", "at_risk": "▲", "off_track": "✖", "no_data": "○"}
    assert set(shown) == {name for name, *_ in rows}
    for name, fact, plan, status in rows:
        assert number(shown[name]["headline_fact"]) == (None if fact is None else round(fact, 2))
        assert number(shown[name]["headline_plan"]) == plan
        assert shown[name]["headline_status"][0] == marks[status]
        assert shown[name]["headline_month"] == "06.2026"
    statuses = [status for *_, status in rows]
    for status, title in TALLY.items():
        assert tile(reader, opened.by_title(title)) == statuses.count(status)


def test_month_under_way_stands_beside_with_its_day(dashboards: dict[str, Opened]) -> None:
    shown = {
        row["name"]: (
            row["preliminary_month"],
            row["preliminary_fact"],
            row["preliminary_note"],
        )
        for row in dashboards["programme"].by_title(LATEST).data
    }
    assert shown["Количество мероприятий"] == ("07.2026", "22", "на 09.07.2026")
    (growth,) = (said for name, said in shown.items() if name.startswith("Увеличение посещаемости"))
    assert growth == ("07.2026", "58,44", "по 17.07.2026")
    (smev,) = (said for name, said in shown.items() if name.startswith("Количество запросов"))
    assert smev == ("07.2026", "—", "нет данных за июль")


def number(text: str) -> float | None:
    if text in {"не задан", "нет данных"}:
        return None
    return float(text.replace("\u00a0", "").replace(",", ".").replace("−", "-"))


def test_a_fact_that_is_gone_is_not_replaced_by_the_last_known_one(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    shown = {row["name"]: row for row in dashboards["programme"].by_title(LATEST).data}
    assert shown["Доля рабочих мест в СЭД"]["headline_fact"] == "нет данных"
    # What the bare function would say of a fact that was there until May.
    gone = "SELECT argMax(f, m), argMax(tuple(f), m).1 FROM VALUES('m Date, f Nullable(Float64)', "
    assert marts.query(f"{gone} ('2026-05-01', 5), ('2026-06-01', NULL))").result_rows == [
        (5.0, None)
    ]


def test_money_is_in_roubles_as_in_the_mart(dashboards: dict[str, Opened]) -> None:
    answer = dashboards["programme"].by_title("Исполнение бюджета по годам")
    shown = {row["year_text"]: row for row in answer.data}
    assert shown["2024"]["executed_words"] == "781\u00a0246\u00a0₽"
    assert shown["2026"]["share_words"] == "43,2\u00a0%"
    assert shown["2027"]["executed_words"] == "нет данных"
    assert shown["2023"]["plan_words"] == "не задан"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/chart/{chart}", {"slice_name": "моё"}),
        ("DELETE", "/api/v1/chart/{chart}", None),
        ("POST", "/api/v1/chart/", {"slice_name": "моё"}),
        ("PUT", "/api/v1/dashboard/{dashboard}", {"dashboard_title": "моё"}),
        ("DELETE", "/api/v1/dashboard/{dashboard}", None),
        ("GET", "/api/v1/dashboard/export/?q=!({dashboard})", None),
        ("GET", "/api/v1/chart/export/?q=!({chart})", None),
        ("GET", "/api/v1/assets/export/", None),
        ("PUT", "/api/v1/dataset/{dataset}", {"description": "моё"}),
        ("GET", "/api/v1/database/", None),
        ("GET", "/api/v1/database/{database}/connection", None),
        ("POST", "/api/v1/sqllab/execute/", {"database_id": 1, "sql": "SELECT 1"}),
        ("GET", "/api/v1/security/users/", None),
        ("GET", "/sqllab/", None),
        ("GET", "/explore/?slice_id={chart}", None),
        ("GET", "/users/list/", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_reader_only_reads(
    reader: Api, admin: Api, renewed: object, method: str, path: str, body: object
) -> None:
    ids = {kind: min(things.values()) for kind, things in admin.things().items()}
    answer = reader.ask(method, path.format(**ids), body)
    # A page sends somebody without the right to the start page; the API says no.
    refused_page = answer.status_code == 302 and "/login" not in path
    assert answer.status_code in {401, 403, 404} or refused_page, answer.text[:300]
    if method == "GET" and not path.startswith("/api"):
        allowed = admin.ask(method, path.format(**ids), body)
        assert allowed.status_code in {200, 302}


def test_a_reader_sees_no_other_schema(
    reader: Api, admin: Api, dashboards: dict[str, Opened]
) -> None:
    roles = admin.ask("GET", "/api/v1/security/roles/?q=(page_size:50)").json()["result"]
    (number,) = (role["id"] for role in roles if role["name"] == "Читатель")
    granted = admin.ask("GET", f"/api/v1/security/roles/{number}/permissions/").json()["result"]
    data = {"schema_access", "datasource_access", "database_access", "all_datasource_access"}
    assert [
        (one["permission_name"], one["view_menu_name"])
        for one in granted
        if one["permission_name"] in data
    ] == [("schema_access", "[Витрины показателей].[marts]")]
    # The engine refuses the administrator too: the connection is that of user bi.
    (database,) = admin.things()["database"].values()
    elsewhere = {"database": database, "schema": "core", "table_name": "metrica_visits"}
    made = admin.ask("POST", "/api/v1/dataset/", elsewhere)
    assert made.status_code >= 400
    assert len(admin.things()["dataset"]) == 19
    # Nor by SQL of the reader's own in a request for a chart that the reader may see.
    asked = deepcopy(dashboards["programme"].by_title("Достигнуто").asked)
    sneaking = "(SELECT count() FROM core.metrica_visits)"
    asked["queries"][0]["metrics"] = [
        {"expressionType": "SQL", "sqlExpression": sneaking, "label": "x"}
    ]
    assert reader.ask("POST", "/api/v1/chart/data", asked).status_code in {400, 403}


def test_names_from_the_data_do_nothing(dashboards: dict[str, Opened]) -> None:
    # Superset takes script elements out of what it shows.
    assert "Услуга <b>&" in dashboards["site-and-services"].text
    assert [opened.dialogs for opened in dashboards.values()] == [[], [], []]
