"""The programme's own registers: workplaces, departments, events, execution of the budget."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.emulators.inbox.clock import MOSCOW, last_day, months
from tests.emulators.inbox.tables import Cell, Table, csv_bytes, write_file, xlsx_bytes
from tests.emulators.inbox.truth import Department, Event, Execution, Workplace

_DEPARTMENTS = (
    "Управление делами",
    "Финансовый отдел",
    "Отдел архитектуры и градостроительства",
    "Отдел земельных отношений",
    "Отдел муниципального имущества",
    "Отдел образования",
    "Отдел культуры и спорта",
    "Отдел опеки и попечительства",
    "Отдел ЖКХ",
    "Отдел экономики и торговли",
    "Архивный отдел",
    "Отдел ЗАГС",
    "Отдел ГО и ЧС",
    "Отдел информационных технологий",
)
_TITLES = (
    ("Безопасная работа в системе электронного документооборота", "обучение"),
    ("День открытых данных", "конференция"),
    ("Цифровая грамотность для старшего поколения", "семинар"),
    ("Защита персональных данных в администрации", "обучение"),
    ("Подача заявлений через Госуслуги", "семинар"),
    ("Межведомственное взаимодействие в СМЭВ", "вебинар"),
)
PLAN = {
    2022: Decimal("742.0"),
    2023: Decimal("790.3"),
    2024: Decimal("820.0"),
    2025: Decimal("861.4"),
    2026: Decimal("930.5"),
    2027: Decimal("930.5"),
}
"""Plan of the programme in thousands of roubles by year."""

_START = date(2022, 1, 1)


def workplaces_on(day: date, seed: int) -> list[Workplace]:
    """The register of workplaces at a date: about sixty, equipped ever better."""
    size = 58 + min(4, int(_years(day)))
    numbers = range(1, size + 1)
    with_pc = [number for number in numbers if number % 29]
    edms = _first(numbers, 0.15 + 0.046 * _years(day), f"{seed}/edms")
    secured = _first(with_pc, 0.56 + 0.076 * _years(day), f"{seed}/secured")
    return [
        Workplace(
            number=f"{number:05d}",
            department=_DEPARTMENTS[number % len(_DEPARTMENTS)],
            has_pc=number % 29 != 0,
            # Protection tools without a PC are listed by mistake and do not count.
            has_protection=number in secured or number % 29 == 0,
            has_edms=number in edms,
            on_date=day,
        )
        for number in numbers
    ]


def departments_on(day: date, seed: int) -> list[Department]:
    """The equipment of the departments at a date: fully equipped ones grow to six in seven."""
    ranks = range(len(_DEPARTMENTS))
    full = _first(ranks, 0.28 + 0.117 * _years(day), f"{seed}/departments")
    departments = []
    for number, name in enumerate(_DEPARTMENTS):
        required = 4 + number * 5 % 9
        equipped = required + (number % 7 == 1) if number in full else required - 1 - number % 2
        departments.append(Department(name, required, equipped, day))
    return departments


def _years(day: date) -> float:
    return (day - _START).days / 365.25


def _first(numbers: Sequence[int], share: float, draw: str) -> set[int]:
    # Ranked by an own draw each, so that newcomers do not shuffle the others.
    ranked = sorted(numbers, key=lambda number: Random(f"{draw}/{number}").random())
    return set(ranked[: round(share * len(ranked))])


def events_of(year: int, until: date, seed: int) -> list[Event]:
    """Four to six events of a year that were held by the day `until`."""
    rng = Random(f"{seed}/events/{year}")
    titles = rng.sample(_TITLES, k=rng.randrange(4, 7))
    days = sorted(date(year, rng.randrange(2, 12), rng.randrange(3, 28)) for _ in titles)
    held = zip(days, titles, strict=True)
    return [Event(day, title, kind) for day, (title, kind) in held if day <= until]


def execution_of(year: int, until: date, seed: int) -> list[Execution]:
    """Plan and money executed at the quarters of a year that ended by the day `until`."""
    rng = Random(f"{seed}/budget/{year}")
    plan = PLAN[min(max(year, 2022), 2027)] * 1000
    rows, share = [], Decimal(0)
    for quarter in range(1, 5):
        share += Decimal(rng.randrange(22_000, 24_900)) / 100_000
        day = last_day(date(year, quarter * 3, 1))
        executed = (plan * share).quantize(Decimal("0.01"))
        rows.append(Execution(year, day, plan.quantize(Decimal("0.01")), executed))
    return [row for row in rows if row.on_date <= until]


def half_years(first_month: date, last_month: date) -> list[date]:
    """The dates of the registers: 30 June and 31 December, and the first month's start."""
    halves = [last_day(month) for month in months(first_month, last_month) if month.month % 6 == 0]
    return [first_month, *halves]


def write_workplaces(
    folder: Path, first_month: date, last_month: date, seed: int
) -> Iterator[tuple[Path, list[Workplace], int | None]]:
    """Write each half-year's register, and a correction of two rows for each June's.

    Yields path, good rows, and the line of a row with an impossible date where there is one.
    """
    for day in half_years(first_month, last_month):
        places = workplaces_on(day, seed)
        written = day + timedelta(days=12)
        path = folder / f"{day.year}" / f"Реестр рабочих мест {day:%d.%m.%Y}.xlsx"
        bad = [_workplace_cells(replace(places[0], number="00999"), "31.06.2025")]
        is_spoilt = day == date(2025, 6, 30)
        table = _workplace_table(places, bad if is_spoilt else [])
        yield _write(path, table, written), places, len(table.grid()) if is_spoilt else None
        if day.month == 6:
            fixed = [replace(one, has_edms=True, has_protection=True) for one in places[:2]]
            path = path.with_name(f"Уточнение рабочих мест {day:%d.%m.%Y}.xlsx")
            yield _write(path, _workplace_table(fixed), written + timedelta(days=6)), fixed, None


def _workplace_table(places: Sequence[Workplace], bad: Sequence[Sequence[Cell]] = ()) -> Table:
    return Table(
        headings=("Номер", "Подразделение", "ПК", "СЗИ", "СЭД", "На дату"),
        rows=[*(_workplace_cells(one, one.on_date) for one in places), *bad],
        title_rows=("Автоматизированные рабочие места администрации Мценского района",),
    )


def _workplace_cells(one: Workplace, day: Cell) -> Sequence[Cell]:
    words = ("нет", "да") if int(one.number) % 2 else ("Нет", "Да ")
    flags = (one.has_pc, one.has_protection, one.has_edms)
    return (one.number, one.department, *(words[flag] for flag in flags), day)


def write_departments(
    folder: Path, first_month: date, last_month: date, seed: int
) -> Iterator[tuple[Path, list[Department]]]:
    """Write each half-year's equipment of the departments."""
    for day in half_years(first_month, last_month):
        departments = departments_on(day, seed)
        table = Table(
            headings=("Подразделение", "Требуется", "Оснащено", "На дату"),
            rows=[(one.name, one.required, one.equipped, one.on_date) for one in departments],
            title_rows=(f"Оснащённость подразделений на {day:%d.%m.%Y}",),
            closing_rows=[
                (
                    "Итого",
                    sum(one.required for one in departments),
                    sum(one.equipped for one in departments),
                )
            ],
        )
        path = folder / f"{day.year}" / f"Оснащённость {day:%d.%m.%Y}.xlsx"
        yield _write(path, table, day + timedelta(days=10)), departments


def write_events(
    folder: Path, first_month: date, last_month: date, seed: int
) -> Iterator[tuple[Path, list[Event], int]]:
    """Write each year's events, the first one twice; yields path, events, rows written."""
    for year in range(first_month.year, last_month.year + 1):
        until = last_day(last_month)
        if not (events := events_of(year, until, seed)):
            continue
        rows: list[Sequence[Cell]] = [(one.held_on, one.title, one.kind) for one in events]
        rows.append((events[0].held_on, f" {events[0].title.upper()}", events[0].kind))
        table = Table(("Дата", "Название", "Вид"), rows)
        path = folder / f"{year}" / f"Мероприятия {year}.csv"
        written = min(date(year, 12, 28), until)
        content = csv_bytes(table, encoding="windows-1251" if year % 2 else "utf-8-sig")
        write_file(path, content, _morning(written))
        yield path, events, len(rows)


def write_budget(
    folder: Path, first_month: date, last_month: date, seed: int
) -> Iterator[tuple[Path, list[Execution]]]:
    """Write each year's execution: even years in roubles, odd years in thousands."""
    for year in range(first_month.year, last_month.year + 1):
        if not (rows := execution_of(year, last_day(last_month), seed)):
            continue
        unit, scale = ("тыс. руб.", 1000) if year % 2 else ("руб.", 1)
        table = Table(
            headings=("Год", "Дата", f"План, {unit}", f"Кассовое исполнение, {unit}"),
            rows=[
                (one.year, one.on_date, float(one.plan / scale), float(one.executed / scale))
                for one in rows
            ],
            title_rows=("Исполнение муниципальной программы", "Местный бюджет"),
        )
        path = folder / f"{year}" / f"Исполнение бюджета {year}.xlsx"
        yield _write(path, table, rows[-1].on_date + timedelta(days=8)), rows


def _write(path: Path, table: Table, day: date) -> Path:
    return write_file(path, xlsx_bytes(table), _morning(day))


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, 30, tzinfo=MOSCOW)
