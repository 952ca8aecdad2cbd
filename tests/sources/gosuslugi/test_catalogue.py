"""Catalogues of services: validity, level, electronic filing by flag or by channels."""

# ruff: noqa: DTZ001 - the engine answers in UTC without saying so

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from municipal_indicators.spreadsheets.columns import DAMAGED
from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes
from tests.spreadsheets.arrivals import Arrivals

ROWS = "core.service_catalogue_rows"
HEADINGS = (
    "Код услуги",
    "Наименование",
    "Уровень",
    "Электронная подача",
    "Действует с",
    "Действует по",
)
GOOD: tuple[Cell, ...] = (
    "5700000000000163601",
    "Выдача планов",
    "Муниципальная",
    "да",
    "01.01.2020",
    "31.12.2025",
)


NEXT_YEAR = datetime.now(UTC).year + 1


def check(arrivals: Arrivals, column: str, place: int, expected: Mapping[Cell, Any]) -> None:
    """Each cell at a place becomes what is expected (a tuple: the fault), all in one catalogue."""
    rows = [
        (code if place else cell, *GOOD[1:place], *([cell] if place else []), *GOOD[place + 1 :])
        for code, cell in enumerate(expected, start=60_010_100)
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(HEADINGS, rows)))
    found: dict[int, Any] = dict(arrivals.rows(f"line, {column}", ROWS))
    found |= {line: tuple(fault) for _, line, *fault in arrivals.quarantine()}
    assert dict(zip(expected, (found[line] for line in sorted(found)), strict=True)) == expected


def test_a_row_is_loaded_with_all_that_it_says(arrivals: Arrivals) -> None:
    table = Table(HEADINGS, [GOOD], title_rows=("Перечень услуг, сформирован 03.04.2024",))
    arrivals.take("a.csv", csv_bytes(table))
    assert arrivals.rows(
        "file_at, is_dated, service_code, service_name, level, is_electronic, valid_from, valid_to",
        ROWS,
    ) == [
        (
            datetime(2024, 4, 2, 21),
            True,
            "5700000000000163601",
            "Выдача планов",
            "муниципальная",
            True,
            date(2020, 1, 1),
            date(2025, 12, 31),
        )
    ]


def test_the_last_day_may_have_no_column(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(Table(HEADINGS[:5], [GOOD[:5]])))
    assert arrivals.rows("valid_to, is_dated", ROWS) == [(None, False)]


def test_electronic_filing(arrivals: Arrivals) -> None:
    fault = (
        "Электронная подача",
        "neither yes or no nor a list of known channels (reference/channels.yaml)",
    )
    yes = [
        "да",
        "Да ",
        "+",
        "ЕПГУ",
        "ЕПГУ; МФЦ; лично",
        "лично, РПГУ",
        "Госуслуги и МФЦ",
        "Да (ЕПГУ)",
        "☑",
        "ЕПГУ +",
        "только через ЕПГУ",
        "не только лично, но и через ЕПГУ",
        "ЕПГУ: да, РПГУ: нет",
        "ЕПГУ (да), МФЦ (нет)",
        "ЕПГУ\nМФЦ нет",
        "да, кроме МФЦ",
    ]
    no = [
        "нет",
        "-",
        "лично; МФЦ",
        "лично, МФЦ, почта",
        "Нет, только лично",
        "ЕПГУ отсутствует",
        "только лично; ЕПГУ не предусмотрена",
        "только лично",
        "МФЦ: да",
        "Да (МФЦ)",
        "ЕПГУ: нет",
        "ЕПГУ -",
        "Нет (ЕПГУ)",
        "ЕПГУ и РПГУ отсутствуют",
        "нет ЕПГУ и РПГУ",
        "лично, кроме ЕПГУ и РПГУ",
        "подача через ЕПГУ не осуществляется",
        "не через ЕПГУ, а лично",
        "нет, планируется",
    ]
    unclear = [
        "возможно",
        "",
        "да, кроме ЕПГУ",
        "да, лично",
        "да; ЕПГУ нет",
        "ЕПГУ, МФЦ нет",
        "ЕПГУ планируется",
        "да (только запись на приём)",
        "информация на ЕПГУ",
        "не только лично",
        "не указано",
    ]
    expected: dict[Cell, Any] = {
        **dict.fromkeys(yes, True),
        **dict.fromkeys(no, False),
        **dict.fromkeys(unclear, fault),
    }
    check(arrivals, "is_electronic", 3, expected)


def test_levels(arrivals: Arrivals) -> None:
    expected: dict[Cell, Any] = {
        "муниципальная услуга": "муниципальная",
        "МУНИЦИПАЛЬНАЯ": "муниципальная",
        "Переданная государственная": "переданная государственная",
        "Мун. услуга": "муниципальная",
        "местный уровень": "муниципальная",
        "уровень муниципального района": "муниципальная",
        "Региональный уровень": "государственная",
        "Ведомственная": "ведомственная",
        "не муниципальная": "не муниципальная",
        "муниципальная, государственная": "муниципальная, государственная",
        "": ("Уровень", "empty"),
    }
    check(arrivals, "level", 2, expected)
    warned = arrivals.warehouse.rows(
        "SELECT text, times FROM ops.load_warnings WHERE code = 'unknown_level' ORDER BY text"
    )
    assert warned == [
        (f"level without a meaning (loaded as it is): «{level}»", 1)
        for level in ("ведомственная", "муниципальная, государственная", "не муниципальная")
    ]


def test_the_last_day(arrivals: Arrivals) -> None:
    expected: dict[Cell, Any] = {
        "": None,
        "бессрочно": None,
        "-": None,
        "31.12.9999": None,
        date(2024, 6, 30): date(2024, 6, 30),
        "31.12.2019": ("Действует по", "before the first day of validity"),
        "31.12.99": ("Действует по", "no date: the year has two digits"),
        "конец года": ("Действует по", "no date: expected dd.mm.yyyy, ISO 8601 or a date of Excel"),
    }
    check(arrivals, "valid_to", 5, expected)


def test_the_first_day(arrivals: Arrivals) -> None:
    expected: dict[Cell, Any] = {
        "01.01.1900": date(1970, 1, 1),
        "01.07.2022": date(2022, 7, 1),
        "01.07.98": ("Действует с", f"the year is not between 1970 and {NEXT_YEAR}"),
        "": ("Действует с", "empty"),
    }
    check(arrivals, "valid_from", 4, expected)


def test_a_name_is_needed(arrivals: Arrivals) -> None:
    check(arrivals, "service_name", 1, {"Справка": "Справка", "": ("Наименование", "empty")})


def test_a_code_is_needed_whole(arrivals: Arrivals) -> None:
    fault = ("Код услуги", DAMAGED)
    expected: dict[Cell, Any] = {
        "60010154.0": "60010154",
        "60010155,00": "60010155",
        "1.10": "1.10",
        1.1: fault,
        "1,1": fault,
        "01.окт": fault,
        "Oct-10": fault,
        "01.10.2024": fault,
        "5700000000000163601.0": fault,
        60010153: "60010153",
        "0012": "0012",
        5.7e18: fault,
        "": ("Код услуги", "empty"),
    }
    check(arrivals, "service_code", 0, expected)


def test_the_later_export_wins_whatever_arrives_first(arrivals: Arrivals) -> None:
    for day, flag in (("05.05.2024", "нет"), ("04.04.2024", "да")):
        row = [*GOOD[:3], flag, *GOOD[4:]]
        table = Table(HEADINGS, [row], title_rows=(f"По состоянию на {day}",))
        arrivals.take(f"{day}.xlsx", xlsx_bytes(table))
    assert arrivals.warehouse.rows("SELECT is_electronic FROM core.service_catalogue") == [(False,)]


def test_targets_of_one_service_make_it_electronic_and_are_warned_of(arrivals: Arrivals) -> None:
    rows = [[*GOOD[:3], flag, *GOOD[4:]] for flag in ("да", "нет")]
    arrivals.take("a.xlsx", xlsx_bytes(Table(HEADINGS, rows)))
    assert arrivals.warehouse.rows("SELECT is_electronic FROM core.service_catalogue") == [(True,)]
    assert warnings(arrivals) == [("repeated_key", 2, 1)]


def test_blank_beside_marks_is_no_and_is_told(arrivals: Arrivals) -> None:
    rows = [
        [str(code), *GOOD[1:3], flag, *GOOD[4:]]
        for code, flag in enumerate(("+", "", "+"), start=60_010_100)
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(HEADINGS, rows)))
    assert arrivals.rows("is_electronic", ROWS) == [(True,), (False,), (True,)]
    assert warnings(arrivals) == [("blank_is_no", 0, 1)]


def test_codes_that_lost_their_zeros_are_warned_of(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(Table(HEADINGS, [("0057", *GOOD[1:])])))
    arrivals.take("b.xlsx", xlsx_bytes(Table(HEADINGS, [(57, *GOOD[1:])])))
    assert warnings(arrivals) == [("lost_zeros", 0, 1)]
    arrivals.take("c.xlsx", xlsx_bytes(Table(HEADINGS, [("570", *GOOD[1:])])))
    assert warnings(arrivals) == [("lost_zeros", 0, 1)]


def warnings(arrivals: Arrivals) -> list[tuple[Any, ...]]:
    """Code, line and times of all warnings."""
    return arrivals.warehouse.rows(
        "SELECT code, line, times FROM ops.load_warnings ORDER BY code, unit"
    )


MSU = ("МСЗУ", "Дата включения в перечень МСЗУ", "Дата исключения из перечня МСЗУ")
LISTED = "is_msu, msu_from, msu_to"


def take_listed(
    arrivals: Arrivals, headings: tuple[str, ...], *cells: tuple[Cell, ...]
) -> list[tuple[Any, ...]]:
    """Load services with these last cells; what was understood of the list, by line."""
    rows = [(str(code), *GOOD[1:], *last) for code, last in enumerate(cells, start=60_010_100)]
    arrivals.take("a.xlsx", xlsx_bytes(Table((*HEADINGS, *headings), rows)))
    return arrivals.rows(LISTED, ROWS)


def test_the_approved_list_with_its_days(arrivals: Arrivals) -> None:
    first, last = date(2023, 2, 1), date(2024, 5, 31)
    assert take_listed(
        arrivals,
        MSU,
        ("да", first, ""),
        ("Нет", "01.02.2023", "31.05.2024"),
        ("нет", "-", ""),
        ("+", "", "бессрочно"),
    ) == [(True, first, None), (False, first, last), (False, None, None), (True, None, None)]
    assert warnings(arrivals) == []


def test_a_catalogue_without_the_list(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(Table(HEADINGS, [GOOD])))
    assert arrivals.rows(LISTED, ROWS) == [(None, None, None)]


def test_an_unclear_answer_about_the_list_is_not_known_and_is_told(arrivals: Arrivals) -> None:
    answers = [("да",), ("нет",), ("пункт 4",), ("пункт 4",), ("",)]
    found = take_listed(arrivals, MSU[:1], *answers)
    assert [flag for flag, *_ in found] == [True, False, None, None, None]
    assert warnings(arrivals) == [("unknown_msu", 0, 2)]


def test_marks_of_the_list(arrivals: Arrivals) -> None:
    found = take_listed(arrivals, ("Массовая социально значимая услуга",), ("+",), ("",))
    assert [flag for flag, *_ in found] == [True, False]
    assert warnings(arrivals) == [("blank_is_no", 0, 1)]


def test_days_alone_are_the_list(arrivals: Arrivals) -> None:
    found = take_listed(arrivals, MSU[1:], ("01.02.2023", ""), ("", ""))
    assert [flag for flag, *_ in found] == [True, False]


def test_impossible_days_of_the_list(arrivals: Arrivals) -> None:
    take_listed(arrivals, MSU, ("да", "скоро", ""), ("нет", "01.02.2023", "31.01.2023"))
    assert [fault for _, _, *fault in arrivals.quarantine()] == [
        [MSU[1], "no date: expected dd.mm.yyyy, ISO 8601 or a date of Excel"],
        [MSU[2], "before the first day in the list"],
    ]
