"""The dashboards in a real Superset: set up twice, opened by a reader, and right.

Superset runs in its own environment, with its metadata in PostgreSQL where one is installed, by the
command of its image, over an HTTP front of the engine that grants what production grants user bi. Each
of docs/bi.md#ловушки-superset that can give wrong numbers is a test that compares with plain SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy

import pytest
from clickhouse_connect.driver.client import Client

from bi.queries import chart_query
from bi.sources import read_sources
from municipal_indicators.report import russian
from tests.bi.answers import HELPING, by_month, comparable, filtered, key, months, tile
from tests.bi.conftest import OLD_TITLE
from tests.bi.stack import Stack
from tests.bi.visitor import Answer, Api, Opened, Reader
from tests.report import made_up_marts
from tests.report.made_up_parts import HOSTILE

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LATEST = "Последний завершённый месяц"
UNDER_WAY = "Месяц, который идёт, — предварительно"
# The tiles that count indicators by status.
TALLY = {
    "achieved": "Достигнуто",
    "on_track": "В графике",
    "at_risk": "Под угрозой",
    "off_track": "Отстаёт",
    "no_data": "Нет данных",
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
        " ".join((HOSTILE, *made_up_marts.SOURCES, "example org pdf xlsx FNS001 Superset "))
        + " "
        + " ".join(code for code, *_ in made_up_marts.INDICATORS),
    )
)


def test_set_up_again_renews_what_the_bundle_changed_and_nothing_else(
    renewed: tuple[Mapping[str, Mapping[str, int]], ...], admin: Api
) -> None:
    before, after = renewed
    assert before == after
    assert {kind: len(things) for kind, things in after.items()} == {
        "database": 1,
        "dataset": len(read_sources().datasets),
        "chart": sum(len(one.charts()) for one in read_sources().dashboards),
        "dashboard": 3,
    }
    titles = [
        chart["slice_name"]
        for chart in admin.ask("GET", "/api/v1/chart/?q=(page_size:200)").json()["result"]
    ]
    assert OLD_TITLE not in titles
    assert titles.count("Отстаёт") == 1


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
    # A table has "N/A" for NULL, over which a style sheet writes a word of ours.
    text = re.sub(r"\bN/A\b", "", opened.text)
    assert page.locator("td:not(.dt-is-null)", has_text="N/A").count() == 0
    for empty in ("Нет данных после", "Нет результатов", "No data", "No results"):
        assert empty not in text
    assert set(re.findall(r"[A-Za-z]{2,}", text)) <= DATA_WORDS
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
    shown = dashboards["smev-and-data"].by_title("Отвечено в срок по месяцам запроса")
    truth = marts.query(
        """
        SELECT toStartOfMonth(day), sum(on_time) / (sum(on_time) + sum(overdue))
        FROM smev_answer_terms_daily WHERE toYear(day) IN (2024, 2025) GROUP BY 1
        """
    ).result_rows
    data = reader.rows(filtered(shown, "year", 2024, 2025))
    assert by_month(data, "on_time_share_total_whole") == pytest.approx(months(truth))
    # A range that is not on the edges of months, as somebody may set it in the chart's address.
    asked = filtered(Answer(0, filtered(shown, "year", 2024), 200, {}), "day", *marts.query(
        "SELECT groupUniqArray(toString(day)) FROM smev_answer_terms_daily "
        "WHERE day BETWEEN '2024-01-15' AND '2024-04-15'"
    ).result_rows[0][0])  # fmt: skip
    assert list(by_month(reader.rows(asked), "on_time_share_total_whole")) == [
        "2024-02",
        "2024-03",
        "2024-04",
    ]


def test_every_chart_shows_what_its_plain_sql_gives(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    """So that what tests/bi/test_agreement.py compares with the page is what people see here."""
    described = read_sources()
    apart = []
    for dashboard in described.dashboards:
        opened = dashboards[dashboard.slug]
        for part in dashboard.charts():
            chosen = {"year": "= 2026"} if part.title in opened.of_year else {}
            sql = chart_query(part, described.datasets[part.of], chosen)
            wanted = [comparable(row) for row in marts.query(sql).named_results()]
            shown = [
                {name: value for name, value in row.items() if not HELPING.search(name)}
                for row in opened.by_title(part.title).data
            ]
            if part.x and part.by:
                # A column for each series, a row for each month.
                shown = [
                    {part.x_label: row[part.x_label], part.by[0]: series, part.metrics[0]: value}
                    for row in shown
                    for series, value in row.items()
                    if series != part.x_label and value is not None
                ]
            if key(wanted) != key([comparable(row) for row in shown]):
                apart.append((part.title, wanted[:3], shown[:3]))
    assert apart == []


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_trap_2_the_filter_by_year_bites_on_every_chart_that_has_a_year(
    visitor: Reader, slug: str
) -> None:
    opened = visitor.open(slug)
    page = opened.page
    assert {number for title, number in opened.charts.items() if title in opened.of_year} == {
        answer.chart for answer in opened.answers if answer.is_of_year
    }
    opened.answers = []
    page.locator(
        "[data-test=filter-bar] .ant-select, .filter-item-wrapper .ant-select"
    ).first.click()
    # It began with the newest year that there is.
    page.locator(".ant-select-item-option-selected[title='2026']").click()
    assert page.locator(".ant-select-item-option[title='2027']").count() == 0
    page.locator(".ant-select-item-option[title='2025']").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Применить").click()
    acted_on = {opened.charts[title] for title in opened.of_year}
    for _ in range(960):
        page.wait_for_timeout(250)
        if {answer.chart for answer in opened.answers} >= acted_on:
            break
    again = opened.answers
    page.close()
    assert {answer.chart for answer in again} == acted_on
    for answer in again:
        for result in answer.results:
            assert re.search(r"WHERE.*(toYear\(\w+\)|`?year`?) IN \(2025\)", result["query"], re.S)
            assert result["rowcount"] > 0


def test_trap_2_filters_change_the_numbers(
    dashboards: dict[str, Opened], reader: Api, marts: Client
) -> None:
    opened = dashboards["site-and-services"]
    visits = opened.by_title("Визиты за год")
    sql = "SELECT sum(visits) FROM site_audience WHERE grain = 'year' AND toYear(period_start) = {} {}"
    of_year = marts.query(sql.format(2025, "")).result_rows[0][0]
    of_site = marts.query(sql.format(2025, "AND counter_id = 11")).result_rows[0][0]
    assert tile(reader, visits, year=2025) == of_year
    assert tile(reader, visits, year=2025, site="Официальный сайт") == of_site
    requests = dashboards["smev-and-data"].by_title("Запросы СМЭВ за год")
    truth = marts.query("SELECT sum(requests) FROM smev_requests_daily WHERE toYear(day) = 2024")
    assert tile(reader, requests, year=2024) == truth.result_rows[0][0]


def test_trap_3_instants_are_shown_by_the_programme_s_clock(
    dashboards: dict[str, Opened],
) -> None:
    shown = {row[0]: row for row in dashboards["smev-and-data"].cells("Свежесть данных")}
    # 02:10 UTC
    assert shown["Яндекс Метрика"][5] == "18.07.2026 05:10"
    assert shown["Реестры программы"][1:3] == ["✖ не поступали", "нет данных"]
    assert shown["Реестры программы"][3] == "—"
    assert shown["Реестры программы"][5] == "не было"


def test_trap_4_a_half_filled_month_is_not_shown_as_a_fall(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    opened = dashboards["site-and-services"]
    last = marts.query("SELECT max(month) FROM service_applications_monthly").result_rows[0][0]
    assert f"{last:%Y-%m}" == "2026-06"
    shares = opened.by_title("Подано электронно и завершено в срок").data
    assert max(by_month(shares, "electronic_share_whole")) == "2026-05"
    assert list(by_month(shares, "electronic_share_preliminary")) == ["2026-06"]
    # June is not settled and July not over.
    line = opened.by_title("Визиты и посетители по месяцам").data
    assert max(by_month(line, "visits_total_whole")) == "2026-05"
    assert list(by_month(line, "visits_total_preliminary")) == ["2026-06", "2026-07"]
    smev = dashboards["smev-and-data"].by_title("Отвечено в срок по месяцам запроса")
    assert max(by_month(smev.data, "on_time_share_total_whole")) == "2026-06"
    # July is under way: the site is loaded through its 17th, SMEV has not reached it.
    programme = dashboards["programme"]
    growth = programme.by_title("Прирост посетителей сайтов к базовому году, %").data
    assert max(by_month(growth, "fact_of_month_whole")) == "2026-06"
    assert list(by_month(growth, "fact_of_month_preliminary")) == ["2026-07"]
    requests = programme.by_title("Запросы по СМЭВ с начала периода, ед.").data
    assert by_month(requests, "fact_of_month_preliminary") == {}


def test_visitors_are_counted_anew_for_the_year_and_not_added_up(
    dashboards: dict[str, Opened], reader: Api
) -> None:
    visitors = dashboards["site-and-services"].by_title("Посетители за год")
    assert tile(reader, visitors) == 2 * 900
    assert tile(reader, visitors, year=2023) == 2 * 2_000
    # Of two years the later one.
    both = reader.rows(filtered(visitors, "year", 2023, 2025))
    assert both == [{"visitors_of_latest": 2 * 3_000}]


def test_tables_of_indicators_are_written_as_the_page_writes(
    dashboards: dict[str, Opened], reader: Api, marts: Client
) -> None:
    opened = dashboards["programme"]
    rows = marts.query(
        "SELECT name, fact, unit, toString(status), goal, due_year, forecast "
        "FROM indicators_monthly WHERE month = '2026-06-01'"
    ).result_rows
    marks = {"achieved": "✔", "on_track": "●", "at_risk": "▲", "off_track": "✖", "no_data": "○"}
    shown = {row[0]: row[1:] for row in opened.cells(LATEST)}
    # Superset takes script elements out of what it shows.
    beginnings = [name[:25] for _, name, *_ in made_up_marts.INDICATORS]
    assert [name[:25] for name in shown] == beginnings
    written = {name[:25]: cells for name, cells in shown.items()}
    for name, fact, unit, status, goal, due_year, forecast in rows:
        month, *numbers, final_plan = written[name[:25]]
        assert month == "июн 2026"
        assert numbers[:2] == [russian.number(fact, 1), unit]
        assert numbers[3][0] == marks[status]
        expected = russian.number(forecast, 1 if unit == "%" else 0)
        assert numbers[4:] == [russian.number(goal, 1), str(due_year), expected]
        assert final_plan != russian.NO_DATA
    statuses = [status for *_, status, _, _, _ in rows]
    for status, title in TALLY.items():
        assert tile(reader, opened.by_title(title)) == statuses.count(status)


def test_numbers_sort_as_numbers(dashboards: dict[str, Opened]) -> None:
    opened = dashboards["programme"]
    part = opened.page.locator(f"[data-test-chart-name='{LATEST}']")
    heading = part.locator("th", has_text="Факт")
    facts = []
    for _ in range(2):
        heading.click()
        facts.append([row[2] for row in opened.cells(LATEST)])
    for asked in facts:
        numbers = [
            float(text.replace(russian.NBSP, "").replace(",", "."))
            for text in asked
            if text != russian.NO_DATA
        ]
        assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
        assert 1_146 in numbers
    assert facts[0] != facts[1]


def test_month_under_way_stands_beside_with_its_day(dashboards: dict[str, Opened]) -> None:
    shown = {row[0]: row[1:] for row in dashboards["programme"].cells(UNDER_WAY)}
    assert shown["Количество мероприятий"][:4] == ["июл 2026", "22", "ед.", "на 09.07.2026"]
    (growth,) = (said for name, said in shown.items() if name.startswith("Увеличение посещаемости"))
    assert growth[:4] == ["июл 2026", "58,4", "%", "по 17.07.2026"]
    (smev,) = (said for name, said in shown.items() if name.startswith("Количество запросов"))
    assert smev[:4] == ["июл 2026", "—", "ед.", "нет данных за июль"]


def test_a_fact_that_is_gone_is_not_replaced_by_the_last_known_one(
    dashboards: dict[str, Opened], marts: Client
) -> None:
    shown = {row[0]: row for row in dashboards["programme"].cells(LATEST)}
    assert shown["Доля рабочих мест в СЭД"][2] == "нет данных"
    # What the bare function would say of a fact that was there until May.
    gone = "SELECT argMax(f, m), argMax(tuple(f), m).1 FROM VALUES('m Date, f Nullable(Float64)', "
    assert marts.query(f"{gone} ('2026-05-01', 5), ('2026-06-01', NULL))").result_rows == [
        (5.0, None)
    ]


def test_money_is_in_thousand_roubles_as_on_the_page(dashboards: dict[str, Opened]) -> None:
    opened = dashboards["programme"]
    shown = {row[0]: row for row in opened.cells("Исполнение бюджета по годам, тыс. руб.")}
    assert shown["2024"][1:] == ["790", "781,25", "98,9\u00a0%"]
    assert shown["2026"][3] == "43,2\u00a0%"
    assert shown["2027"][2] == "—"
    assert shown["2023"][1] == "не задан"
    for text in ("402,12", "43,2\u00a0%"):
        assert text in opened.text


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_nothing_is_cut_on_a_small_screen(visitor: Reader, slug: str) -> None:
    opened = visitor.open(slug, width=1024)
    assert opened.cut() == []
    opened.page.close()


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
    assert len(admin.things()["dataset"]) == len(read_sources().datasets)
    # Nor by SQL of the reader's own in a request for a chart that the reader may see.
    asked = deepcopy(dashboards["programme"].by_title("Отстаёт").asked)
    sneaking = "(SELECT count() FROM core.metrica_visits)"
    asked["queries"][0]["metrics"] = [
        {"expressionType": "SQL", "sqlExpression": sneaking, "label": "x"}
    ]
    assert reader.ask("POST", "/api/v1/chart/data", asked).status_code in {400, 403}


def test_names_from_the_data_do_nothing(dashboards: dict[str, Opened]) -> None:
    # Superset takes script elements out of what it shows.
    assert "Услуга <b>&" in dashboards["site-and-services"].text
    assert [opened.dialogs for opened in dashboards.values()] == [[], [], []]
