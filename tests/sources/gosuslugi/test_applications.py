"""Registers of applications: every cell as a person means it, bad rows in quarantine."""

# ruff: noqa: DTZ001 - a cell is a wall clock, and the engine answers in UTC without saying so

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from municipal_indicators.inbox.file_loads import FilesFailedError
from municipal_indicators.marts.checks import check_marts
from municipal_indicators.sources.gosuslugi.numbers import application_key
from tests.emulators.inbox.tables import Cell, Table, xlsx_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import Arrivals

ROWS = "core.service_application_rows"
BEYOND = f"the year is not between 1990 and {datetime.now(UTC).year + 1}"


def each(
    arrivals: Arrivals, columns: str, cases: Sequence[Mapping[str, Cell]]
) -> list[tuple[Any, ...]]:
    """What the rows of one register become: their columns, or the quarantined field and reason."""
    rows = [
        row(**{"Номер_заявления": f"000-{number}", **changes})
        for number, changes in enumerate(cases)
    ]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows)), datetime(2024, 3, 7))
    loaded = {line: found for line, *found in arrivals.rows(f"line, {columns}", ROWS)}
    faults = {line: fault for _, line, *fault in arrivals.quarantine()}
    assert arrivals.counts() == [("published", len(cases), len(loaded), len(faults), 0)]
    return [tuple((loaded | faults)[line]) for line in range(2, len(cases) + 2)]


def check(arrivals: Arrivals, columns: str, heading: str, expected: Mapping[Cell, Any]) -> None:
    """Each cell under a heading becomes what is expected, all in one register."""
    answers = each(arrivals, columns, [{heading: cell} for cell in expected])
    wanted = [one if isinstance(one, tuple) else (one,) for one in expected.values()]
    assert dict(zip(expected, answers, strict=True)) == dict(zip(expected, wanted, strict=True))


def test_a_row_is_loaded_with_all_that_it_says(arrivals: Arrivals) -> None:
    arrivals.take("реестр.xlsx", xlsx_bytes(register(row())))
    key = application_key(b"a-key-that-only-tests-know", "3500308079")
    assert len(key) == 64
    columns = (
        "sheet, line, portal, application_key, service_code, filed_on, channel, status_group, "
        "status_at, finished_on, due_on, due_working_days, applicant_type, rating"
    )
    assert arrivals.rows(columns, ROWS) == [
        (
            "Реестр",
            2,
            "",
            key,
            "5700000000000163601",
            date(2024, 3, 5),
            "ЕПГУ",
            "provided",
            datetime(2024, 3, 14, 21),
            date(2024, 3, 15),
            date(2024, 3, 20),
            None,
            "ФЛ",
            5,
        )
    ]
    assert arrivals.counts() == [("published", 1, 1, 0, 0)]


def test_a_filing_date_in_any_spelling(arrivals: Arrivals) -> None:
    fifth, sixth = date(2024, 3, 5), date(2024, 3, 6)
    spellings: dict[Cell, date] = {
        "05.03.2024": fifth,
        "05.03.2024 23:30": fifth,
        "05.03.2024 23:30:59": fifth,
        "05.03.24": fifth,
        "5 марта 2024 г.": fifth,
        "2024-03-05": fifth,
        "2024-03-05T23:30:00": fifth,
        "2024-03-05T21:30:00Z": sixth,
        "2024-03-05T23:30:00.000+0000": sixth,
        "2024-03-05T23:30:00+05:00": fifth,
        "2024-03-06T01:30:00+05:00": fifth,
        date(2024, 3, 5): fifth,
        datetime(2024, 3, 5, 23, 59, 59): fifth,
        45356: fifth,
        "45356": fifth,
        "45356,999": fifth,
    }
    check(arrivals, "filed_on", "Дата_подачи", spellings)


def test_what_is_no_date_is_quarantined(arrivals: Arrivals) -> None:
    wrong = [
        "31.02.2024",
        "05.13.2024",
        "05.03.2024 25:00",
        "19999",
        "60001",
        "вчера",
        "2024",
        "март 2024",
        "0",
    ]
    reason = ("Дата подачи", "no date: expected dd.mm.yyyy, ISO 8601 or a date of Excel")
    check(arrivals, "filed_on", "Дата_подачи", dict.fromkeys(wrong, reason))


def test_a_date_of_another_century_is_quarantined(arrivals: Arrivals) -> None:
    reason = ("Дата подачи", BEYOND)
    check(arrivals, "filed_on", "Дата_подачи", dict.fromkeys(["05.03.1924", "05.03.2204"], reason))


def test_status_dates(arrivals: Arrivals) -> None:
    filed = datetime(2024, 3, 4, 21)
    cases: list[tuple[dict[str, Cell], datetime, date | None]] = [
        ({}, datetime(2024, 3, 14, 21), date(2024, 3, 15)),
        ({"Дата_статуса": "15.03.2024 10:30"}, datetime(2024, 3, 15, 7, 30), date(2024, 3, 15)),
        (
            {"Дата_статуса": "2024-03-15T22:30:00Z"},
            datetime(2024, 3, 15, 22, 30),
            date(2024, 3, 16),
        ),
        ({"Дата_статуса": ""}, filed, None),
        ({"Дата_статуса": "н/д"}, filed, None),
        ({"Статус": "В работе"}, datetime(2024, 3, 14, 21), None),
        # A message is no status: it must not win over one.
        ({"Статус": "Входящее сообщение"}, filed, None),
    ]
    answers = each(arrivals, "status_at, finished_on", [changes for changes, *_ in cases])
    assert answers == [(status_at, finished_on) for _, status_at, finished_on in cases]


def test_a_date_of_completion_stands_in_for_the_status_date(arrivals: Arrivals) -> None:
    headings = [name if name != "Дата статуса" else "Дата исполнения" for name in HEADINGS]
    arrivals.take(
        "a.xlsx", xlsx_bytes(Table(headings, [row(), row(Номер_заявления="2", Дата_статуса="")]))
    )
    assert arrivals.rows("status_at, finished_on", ROWS) == [
        (datetime(2024, 3, 14, 21), date(2024, 3, 15)),
        (datetime(2024, 3, 4, 21), None),
    ]


def test_a_term_is_a_date_or_a_number_of_days(arrivals: Arrivals) -> None:
    day, days = (date(2024, 3, 20), None), (None, 14)
    neither = ("Регламентный срок", "neither a date nor a number of days up to 999")
    terms: dict[Cell, Any] = {
        "20.03.2024": day,
        date(2024, 3, 20): day,
        45371: day,
        14: days,
        "14": days,
        "14,0": days,
        "14 рабочих дней": days,
        "14 раб. дн.": days,
        "14 р.д.": days,
        "14 дней": days,
        "30 календарных дней": (date(2024, 4, 4), None),
        "": (None, None),
        "-": (None, None),
        "скоро": neither,
        "1500": neither,
    }
    check(arrivals, "due_on, due_working_days", "Регламентный_срок", terms)


def test_calendar_days_may_have_their_own_column(arrivals: Arrivals) -> None:
    headings = [
        name if name != "Регламентный срок" else "Регламентный срок, календарных дней"
        for name in HEADINGS
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(headings, [row(Регламентный_срок=30)])))
    assert arrivals.rows("due_on, due_working_days", ROWS) == [(date(2024, 4, 4), None)]


def test_a_rating_is_one_to_five_or_nothing(arrivals: Arrivals) -> None:
    fault = ("Оценка", "no rating: expected 1 to 5 or nothing")
    ratings: dict[Cell, Any] = {5: 5, "1": 1, "4,0": 4, "": None, "-": None, "н/д": None, "х": None}
    ratings |= dict.fromkeys(["4,5", 0, 6, "отлично"], fault)
    check(arrivals, "rating", "Оценка", ratings)


def test_a_status_becomes_a_group(arrivals: Arrivals) -> None:
    statuses: dict[Cell, str] = {
        "Услуга оказана": "provided",
        " УСЛУГА  ОКАЗАНА. ": "provided",
        3: "provided",
        "3": "provided",
        "3 - Исполнено": "provided",
        "4": "refused",
        "Отказано в предоставлении услуги": "refused",
        "10": "withdrawn",
        "Черновик заявления": "draft",
        "Ошибка отправки заявления в ведомство": "failed",
        "24": "failed",
        "Ожидание дополнительной информации": "in_progress",
        "Передано в архивный короб": "unknown",
        "99": "unknown",
    }
    check(arrivals, "status_group", "Статус", statuses)


def test_a_code_of_a_status_wins_over_its_title(arrivals: Arrivals) -> None:
    title = "Ошибка отправки заявления в ведомство"
    rows = [[*row(Статус=title), code] for code in (5, "-1", "", "999")]
    arrivals.take("a.xlsx", xlsx_bytes(Table((*HEADINGS, "Код статуса"), rows)))
    assert [group for (group,) in arrivals.rows("status_group", ROWS)] == [
        "failed",
        "in_progress",
        "failed",
        "failed",
    ]


def test_a_channel_and_its_space_of_numbers(arrivals: Arrivals) -> None:
    channels: dict[Cell, tuple[str, str]] = {
        "епгу": ("ЕПГУ", ""),
        "Портал Госуслуг": ("ЕПГУ", ""),
        "Единый портал (ЕПГУ)": ("ЕПГУ", ""),
        "Региональный портал Орловской области": ("РПГУ", "РПГУ"),
        "МФЦ Мценского района": ("МФЦ", ""),
        "Лично": ("лично", ""),
        "Почта России": ("почта", ""),
        "e-mail": ("прочее", ""),
        "голубиная почта": ("прочее", ""),
        "": ("прочее", ""),
    }
    check(arrivals, "channel, portal", "Канал_подачи", channels)


def test_a_type_of_applicant(arrivals: Arrivals) -> None:
    types: dict[Cell, str] = {
        "Физическое лицо": "ФЛ",
        "юр. лицо": "ЮЛ",
        "ИП": "ИП",
        "PERSON": "ФЛ",
        "община": "прочее",
        "": "прочее",
    }
    check(arrivals, "applicant_type", "Тип_заявителя", types)


def test_a_bad_row_is_told_by_its_first_bad_field(arrivals: Arrivals) -> None:
    cases: list[tuple[dict[str, Cell], str, str]] = [
        ({"Номер_заявления": ""}, "Номер заявления", "empty"),
        ({"Номер_заявления": "1,23457E+15"}, "Номер заявления", "damaged by a spreadsheet"),
        ({"Номер_заявления": 3.5e19}, "Номер заявления", "damaged by a spreadsheet"),
        ({"Номер_заявления": date(2024, 3, 5)}, "Номер заявления", "damaged by a spreadsheet"),
        ({"Код_услуги": ""}, "Код услуги", "empty"),
        ({"Код_услуги": 5700000000000163601.0}, "Код услуги", "damaged by a spreadsheet"),
        ({"Код_услуги": "5,7E+18"}, "Код услуги", "damaged by a spreadsheet"),
        ({"Код_услуги": "112-233-445 95"}, "Код услуги", "looks like personal data"),
        ({"Код_услуги": "89191234567"}, "Код услуги", "looks like personal data"),
        ({"Код_услуги": "Выдача планов участков"}, "Код услуги", "no code"),
        ({"Дата_подачи": ""}, "Дата подачи", "empty"),
        ({"Статус": ""}, "Статус", "empty"),
        ({"Дата_статуса": "32.03.2024"}, "Дата статуса", "no date"),
    ]
    answers = each(arrivals, "line", [changes for changes, *_ in cases])
    for (_, field, reason), (found, why) in zip(cases, answers, strict=True):
        assert (found, reason in why) == (field, True)


def test_numbers_of_any_spelling_make_one_key(arrivals: Arrivals) -> None:
    same: list[Cell] = ["3500308079", 3500308079.0, " 3500 308079 ", "№3500308079"]
    letters: list[Cell] = ["А-12", "A-12", "а-12"]
    rows = [row(Номер_заявления=number) for number in [*same, *letters, "03500308079", "А-012"]]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows)))
    keys = [key for (key,) in arrivals.rows("application_key", ROWS)]
    assert len(set(keys)) == 4
    assert len(set(keys[:4])) == len(set(keys[4:7])) == 1
    assert arrivals.counts() == [("published", 9, 4, 0, 5)]


def test_another_secret_is_refused(arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(register(row())))
    monkeypatch.setenv("AIRFLOW_VAR_PERSONAL_DATA_KEY", "another-key-of-some-length")
    path = arrivals.put("b.xlsx", xlsx_bytes(register(row(Номер_заявления="2"))))
    with pytest.raises(FilesFailedError, match="personal_data_key — не тот ключ") as caught:
        arrivals.load()
    assert "another-key" not in str(caught.value)
    assert path.exists()
    monkeypatch.setenv("AIRFLOW_VAR_PERSONAL_DATA_KEY", "a-key-that-only-tests-know")
    assert arrivals.load().published == 1


def test_an_application_of_two_services_is_one_and_is_warned_of_in_counts(
    arrivals: Arrivals,
) -> None:
    other = {"Код_услуги": "60010153", "Дата_статуса": "16.03.2024"}
    rows = [row(), row(**other), row(Номер_заявления="2"), row(Номер_заявления="2")]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows, row(Номер_заявления="3"))))
    arrivals.take("b.xlsx", xlsx_bytes(register(row(Номер_заявления="3", **other))))
    counted = "SELECT service_code, count() FROM core.service_applications GROUP BY 1 ORDER BY 1"
    assert arrivals.warehouse.rows(counted) == [("5700000000000163601", 1), ("60010153", 2)]
    (warning,) = check_marts(arrivals.warehouse).warnings
    assert "applications_name_one_service.sql" in warning
    assert warning.endswith("строк 1, первые (5700000000000163601 + 60010153, 2, 2)")


def test_words_that_nobody_has_mapped_are_reported_once_with_their_count(
    arrivals: Arrivals,
) -> None:
    rows = [
        row(Номер_заявления=f"{number}", Статус="Передано в короб", Канал_подачи="голубь")
        for number in range(7)
    ]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows)))
    message = arrivals.message()
    assert message.count("«Передано в короб» × 7") == 1
    assert message.count("«голубь» × 7") == 1


def test_impossible_dates_are_quarantined(arrivals: Arrivals) -> None:
    before = "the date is before the filing"
    cases: list[tuple[dict[str, Cell], tuple[str, str]]] = [
        ({"Дата_статуса": "04.03.2024"}, ("Дата статуса", before)),
        ({"Дата_подачи": "06.03.2024"}, ("Дата подачи", "the date is after that of the file")),
        ({"Дата_статуса": "05.03.99"}, ("Дата статуса", BEYOND)),
        ({"Дата_подачи": "05.03.99"}, ("Дата подачи", BEYOND)),
    ]
    rows = [row(**changes) for changes, _ in cases]
    # The same of a status that is not final is only odd.
    rows.append(row(Статус="В работе", Дата_статуса="04.03.2024"))
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows)))
    assert [tuple(fault) for _, _, *fault in arrivals.quarantine()] == [why for _, why in cases]
    assert arrivals.counts() == [("published", 5, 1, 4, 0)]


def test_an_end_before_the_filing_is_quarantined(arrivals: Arrivals) -> None:
    headings = (*HEADINGS, "Дата исполнения")
    rows = [[*row(), "04.03.2024"], [*row(), "05.03.2024"]]
    arrivals.take("a.xlsx", xlsx_bytes(Table(headings, rows)))
    assert arrivals.quarantine() == [
        ("Реестр", 2, "Дата исполнения", "the date is before the filing")
    ]


def test_a_filing_after_the_date_in_the_file_is_quarantined(arrivals: Arrivals) -> None:
    table = register(row(), title_rows=("Отчёт сформирован 04.03.2024 18:00",))
    arrivals.take("a.xlsx", xlsx_bytes(table))
    assert [reason for *_, reason in arrivals.quarantine()] == [
        "the date is after that of the file"
    ]


def test_a_denied_portal_is_no_channel_and_is_told(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(register(row(Канал_подачи="не через ЕПГУ"))))
    assert arrivals.rows("channel", ROWS) == [("прочее",)]
    assert "не через ЕПГУ" in arrivals.message()
