"""The charts other than those of the indicators: sites, services, SMEV and money, one function each."""

from __future__ import annotations

from markupsafe import Markup

from municipal_indicators.reference.labels import Labels
from municipal_indicators.report import charts, queries, russian
from municipal_indicators.report.charts import MARK, SERIES, Chart, Key, Series, Table
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse

BEHIND = "Все значения — в таблице под графиком."

CHANNELS = (
    ("federal_portal", "ЕПГУ"),
    ("regional_portal", "РПГУ"),
    ("service_centre", "МФЦ"),
    ("in_person", "лично"),
    ("by_post", "почта"),
    ("other", "прочее"),
)


def audience(warehouse: Warehouse) -> Chart:
    """Visits (bars) and visitors (line) of all sites by month."""
    found = queries.rows(warehouse, "site_audience_by_month")
    drawing, keys = _by_month(
        found,
        Series("Визиты", [row["visits"] for row in found], SERIES[0]),
        Series("Посетители", [row["visitors"] for row in found], SERIES[1], is_line=True),
    )
    sites = _audience_by_site(warehouse)
    return Chart(
        id="chart-site-audience",
        title="Посещаемость сайтов по месяцам",
        summary=f"Визиты и посетители официальных сайтов по месяцам. {_latest_visits(found)}",
        tables=(_audience_table(found), *sites),
        drawing=drawing,
        keys=keys,
        note=_audience_note(found, several_sites=bool(sites)),
    )


def _unfinished(found: list[Row]) -> list[bool]:
    """The months which the source does not reach to their last day."""
    return [bool(row["is_unfinished"]) for row in found]


def _month(row: Row) -> str:
    return russian.month(row["month"]) + (MARK if row["is_unfinished"] else "")


def _unfinished_note(found: list[Row]) -> str:
    """Why the last bar is short; empty if all months are whole."""
    if not any(_unfinished(found)):
        return ""
    return f"{MARK} Месяц ещё не полон: данные по {russian.day(found[-1]['data_through'])}."


def _by_month(
    found: list[Row], *series: Series, suffix: str = ""
) -> tuple[Markup | None, tuple[Key, ...]]:
    if not found:
        return None, ()
    months = [row["month"] for row in found]
    return charts.by_month(months, series, unfinished=_unfinished(found), suffix=suffix)


def _latest_visits(found: list[Row]) -> str:
    if not found:
        return "Нет данных."
    last = found[-1]
    return (
        f"{russian.month(last['month']).capitalize()}: визитов {russian.number(last['visits'])}, "
        f"посетителей {russian.number(last['visitors'])}. {BEHIND}"
    )


def _audience_note(found: list[Row], *, several_sites: bool) -> str:
    notes = [_unfinished_note(found)] if _unfinished_note(found) else []
    if any(row["is_settled"] is False and not row["is_unfinished"] for row in found):
        notes.append("Отмеченные * месяцы предварительные: Метрика ещё уточняет их.")
    if several_sites:
        notes.append("Посетитель нескольких сайтов посчитан на каждом из них.")
    return " ".join(notes)


def _month_with_mark(row: Row) -> str:
    return russian.month(row["month"]) + (MARK if row["is_settled"] is False else "")


def _audience_table(found: list[Row]) -> Table:
    return Table(
        caption="Все сайты",
        long=True,
        head=(
            "Месяц",
            "Визиты",
            "Посетители",
            "Новые посетители",
            "Просмотры",
            "Доля отказов",
            "Длительность визита, с",
        ),
        rows=[
            (
                _month_with_mark(row),
                russian.number(row["visits"]),
                russian.number(row["visitors"]),
                russian.number(row["new_visitors"]),
                russian.number(row["pageviews"]),
                russian.percent(row["bounce_share"]),
                russian.number(row["average_visit_seconds"]),
            )
            for row in reversed(found)
        ],
    )


def _audience_by_site(warehouse: Warehouse) -> tuple[Table, ...]:
    """The last year of each site, if there are several sites."""
    found = queries.rows(warehouse, "site_audience_by_site")
    if len({row["site"] for row in found}) < 2:
        return ()
    return (
        Table(
            caption="По сайтам, последние 12 месяцев",
            head=("Месяц", "Сайт", "Визиты", "Посетители"),
            rows=[
                (
                    _month_with_mark(row),
                    row["site"],
                    russian.number(row["visits"]),
                    russian.number(row["visitors"]),
                )
                for row in found
            ],
        ),
    )


def sources(warehouse: Warehouse, labels: Labels) -> Chart:
    """Visits of the last year by traffic source."""
    return _share_of_visits(
        queries.rows(warehouse, "site_sources_last_year"),
        code="traffic_source",
        words=labels.traffic_sources,
        chart_id="chart-site-sources",
        title="Откуда приходят",
        heading="Источник",
    )


def devices(warehouse: Warehouse, labels: Labels) -> Chart:
    """Visits of the last year by device."""
    return _share_of_visits(
        queries.rows(warehouse, "site_devices_last_year"),
        code="device",
        words=labels.devices,
        chart_id="chart-site-devices",
        title="С каких устройств",
        heading="Устройство",
    )


def _share_of_visits(
    found: list[Row], *, code: str, words: dict[str, str], chart_id: str, title: str, heading: str
) -> Chart:
    names = [words.get(row[code], row[code] or "Не определено") for row in found]
    now = [row for row in found if row["visits_of_year"]]
    written = [
        f"{russian.percent(row['visit_share'])} · {russian.number(row['visits_of_year'])}"
        for row in now
    ]
    period = f"12 месяцев по {russian.month(found[0]['last_month'])}" if found else ""
    table = Table(
        caption=f"Визиты, {period}" if period else "Визиты",
        head=(heading, "Визиты", "Доля", "Годом ранее"),
        rows=[
            (
                name,
                russian.number(row["visits_of_year"]),
                russian.percent(row["visit_share"]),
                russian.number(row["visits_year_before"]),
            )
            for name, row in zip(names, found, strict=True)
        ],
    )
    visits = [row["visits_of_year"] for row in now]
    leaders = ", ".join(f"{name} {text}" for name, text in zip(names[:3], written, strict=False))
    return Chart(
        id=chart_id,
        title=title,
        summary=f"{title}: визиты за {period}. {leaders}. {BEHIND}" if now else "Нет данных.",
        tables=(table,),
        drawing=charts.ranking(names[: len(now)], visits, written, SERIES[0]) if now else None,
        note=f"Визиты за {period}, все сайты вместе." if period else "",
    )


def applications(warehouse: Warehouse) -> Chart:
    """Applications by month of filing, stacked by channel."""
    found = queries.rows(warehouse, "service_applications_by_month")
    channels = [
        Series(title, [row[column] for row in found], color)
        for (column, title), color in zip(CHANNELS, SERIES, strict=True)
        if any(row[column] for row in found)
    ]
    drawing, keys = _by_month(found, *channels)
    return Chart(
        id="chart-service-channels",
        title="Заявления по каналам подачи",
        summary=f"Заявления на муниципальные услуги по месяцам подачи и каналам. {BEHIND}",
        tables=(_applications_table(found),),
        drawing=drawing,
        keys=keys,
        note=f"Месяц подачи заявления. Электронные каналы — ЕПГУ и РПГУ. {_unfinished_note(found)}",
    )


def _applications_table(found: list[Row]) -> Table:
    return Table(
        caption="Заявления по месяцам подачи",
        long=True,
        head=(
            "Месяц",
            *(title for _, title in CHANNELS),
            "Всего",
            "Электронно",
            "В срок",
            "Просрочено",
        ),
        rows=[
            (
                _month(row),
                *(russian.number(row[column]) for column, _ in CHANNELS),
                russian.number(row["applications"]),
                russian.percent(row["electronic_share"]),
                russian.number(row["on_time"]),
                russian.number(row["overdue"]),
            )
            for row in reversed(found)
        ],
    )


def smev(warehouse: Warehouse) -> Chart:
    """SMEV requests by month, stacked by channel class, with answered and overdue ones."""
    found = queries.rows(warehouse, "smev_requests_by_month")
    drawing, keys = _by_month(
        found,
        Series("Межведомственные", [row["interagency"] for row in found], SERIES[0]),
        Series("С портала", [row["portal"] for row in found], SERIES[5]),
        Series("Отвечено", [row["answered"] for row in found], "var(--plan)", is_line=True),
        Series(
            "Просрочено", [row["overdue"] for row in found], "var(--bad)", is_line=True, dash="5 3"
        ),
    )
    return Chart(
        id="chart-smev-requests",
        title="Запросы СМЭВ по месяцам",
        summary=f"Запросы СМЭВ в адрес администрации по месяцам: принято, отвечено, просрочено. "
        f"{BEHIND}",
        tables=(_smev_table(found),),
        drawing=drawing,
        keys=keys,
        note="«Отвечено» — есть окончательный ответ, в том числе отказ. " + _unfinished_note(found),
    )


def _smev_table(found: list[Row]) -> Table:
    columns = (
        ("interagency", "Межведомственные"),
        ("portal", "С портала"),
        ("requests", "Всего"),
        ("answered", "Отвечено"),
        ("rejected", "из них отказы"),
        ("overdue", "Просрочено"),
        ("repeats", "Повторы"),
    )
    return Table(
        caption="Запросы СМЭВ по месяцам отправки",
        long=True,
        head=("Месяц", *(title for _, title in columns)),
        rows=[
            (
                _month(row),
                *(russian.number(row[column]) for column, _ in columns),
            )
            for row in reversed(found)
        ],
    )


def smev_service(warehouse: Warehouse) -> Chart:
    """Share of SMEV requests answered in time by month, with faults, backlog and silence."""
    found = queries.rows(warehouse, "smev_service_by_month")
    known = [row for row in found if row["on_time_share"] is not None]
    shares = [100 * row["on_time_share"] for row in known]
    drawing, keys = _by_month(
        known,
        Series("Отвечено в срок", shares, "var(--plan)", is_line=True),
        suffix=f"{russian.NBSP}%",
    )
    head = ("Месяц", "В срок", "Просрочено", "Срок не истёк", "Доля в срок", "Ошибок обмена")
    table = Table(
        caption="Сроки ответа на запросы СМЭВ и работа адаптера",
        long=True,
        head=(*head, "Без ответа на конец", "Молчание адаптера, часов"),
        rows=[
            (
                _month(row),
                *(russian.number(row[name]) for name in ("on_time", "overdue", "open")),
                russian.NOT_APPLICABLE
                if row["on_time_share"] is None
                else russian.percent(row["on_time_share"]),
                *(russian.number(row[name]) for name in ("faults", "backlog", "silent_hours")),
            )
            for row in reversed(found)
        ],
    )
    return Chart(
        id="chart-smev-service",
        title="Ответы в срок",
        summary=f"Доля запросов СМЭВ, отвеченных в срок, по месяцам отправки. {BEHIND}",
        tables=(table,),
        drawing=drawing,
        keys=keys,
        note="Срок — по виду сведений (reference/smev_kinds.csv), иначе общий из паспорта программы. "
        f"Просроченные без ответа остаются в знаменателе. {_unfinished_note(found)}",
    )


def funding(warehouse: Warehouse) -> Chart:
    """Money by year: planned by the passport, executed by the budget registers."""
    found = queries.rows(warehouse, "programme_funding_by_year")
    columns = ("plan_thousands", "executed_thousands")
    drawing: Markup | None = None
    keys: tuple[Key, ...] = ()
    if any(row[column] is not None for row in found for column in columns):
        drawing, keys = charts.by_year(
            [row["year"] for row in found],
            [
                Series("План", [row["plan_thousands"] for row in found], "var(--plan-bar)"),
                Series("Исполнено", [row["executed_thousands"] for row in found], SERIES[2]),
            ],
        )
    return Chart(
        id="chart-funding",
        title="Финансирование по годам, тыс. руб.",
        summary=f"Финансирование программы по годам, тысяч рублей: план и исполнение. {BEHIND}",
        tables=(_funding_table(found),),
        drawing=drawing,
        keys=keys,
        note="Районный бюджет, тыс. руб. План — по паспорту программы, исполнение — кассовое.",
    )


def _funding_table(found: list[Row]) -> Table:
    return Table(
        caption="Финансирование, тыс. руб.",
        head=("Год", "План", "Исполнено", "Доля исполнения", "Редакция программы"),
        rows=[_funds(row) for row in reversed(found)],
    )


def _funds(row: Row) -> tuple[str, ...]:
    """Nothing can be executed of a year that has not begun, and no share without a plan."""
    executed, plan = row["executed_thousands"], row["plan_thousands"]
    is_due = executed is not None or not row["is_ahead"]
    has_share = is_due and (plan is not None or row["execution_share"] is not None)
    edition = row["edition_date"]
    return (
        str(row["year"]),
        russian.NOT_SET if plan is None else russian.number(plan, 2),
        russian.number(executed, 2) if is_due else russian.NOT_APPLICABLE,
        russian.percent(row["execution_share"]) if has_share else russian.NOT_APPLICABLE,
        russian.NOT_SET_FEMININE if edition is None else russian.short_day(edition),
    )
