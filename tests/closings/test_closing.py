"""Closing a period: what is refused and in which words, what is kept, kills, and the archive."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.closings import closing
from municipal_indicators.closings.periods import Period, parse_period
from municipal_indicators.closings.store import TABLES, restore_closings
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.marts.build import build_marts
from municipal_indicators.warehouse.client import Warehouse
from tests.closings.conftest import WHO, Closer
from tests.conftest import empty
from tests.marts.given import NOW

REASON = {"smev_requests": "Переход на новый адаптер"}


def tables(closer: Closer) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the closings."""
    names = ("ops.closings", *TABLES.values())
    return {name: closer.select(f"SELECT * FROM {name} ORDER BY ALL") for name in names}


def counted(closer: Closer) -> int:
    """The closings that are visible."""
    return int(closer.warehouse.value("SELECT count() FROM ops.closings"))


@pytest.fixture
def quarter(closer: Closer) -> Closer:
    """A quarter with 2 requests, of 4 planned for the year."""
    closer.requests({date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.change_targets("smev_requests", {2024: 4})
    closer.build()
    return closer


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 9, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_named(name: str, first: date, last: date) -> None:
    assert parse_period(name) == Period(name, first, last)


@pytest.mark.parametrize(
    "name", ["", "2026-13", "2026-Q5", "2026-9", "26", "2026-09-01", "Q3 2026"]
)
def test_what_is_no_period_is_told_with_the_names_there_are(name: str) -> None:
    with pytest.raises(ConfigurationError, match="месяц, например 2026-09, квартал, например"):
        parse_period(name)


def test_a_period_that_runs_or_has_no_marts_is_not_closed(closer: Closer) -> None:
    with pytest.raises(IndicatorsError, match="витрины ещё не показаны"):
        closer.close("2024-Q1")
    closer.requests({date(2024, 3, 9): 2, date(2026, 11, 9): 1})
    closer.build()
    with pytest.raises(
        IndicatorsError, match="2026-Q4 ещё не закончился: его последний день — 2026-12-31"
    ):
        closer.close("2026-Q4")
    with pytest.raises(IndicatorsError, match="в витринах нет месяца 2021-12"):
        closer.close("2021")
    closer.build(now=datetime(2024, 3, 31, 20, tzinfo=UTC))
    with pytest.raises(
        IndicatorsError, match="рассчитаны 2024-03-31, когда период ещё не закончился"
    ):
        closer.close("2024-Q1")
    assert counted(closer) == 0


def test_marts_that_are_behind_unpublished_or_failed_are_not_reported(quarter: Closer) -> None:
    quarter.requests({date(2024, 2, 9): 1})
    with pytest.raises(IndicatorsError, match="после сборки витрин что-то загружено или отозвано"):
        quarter.close("2024-Q1", reasons=REASON)
    build_marts(quarter.warehouse, quarter.passport, NOW, only=("indicators_monthly",))
    with pytest.raises(IndicatorsError, match="новые витрины собраны, но не показаны"):
        quarter.close("2024-Q1", reasons=REASON)
    quarter.warehouse.command(
        "INSERT INTO ops.checks VALUES (now64(6), 'evidence_adds_up', 'fail', false, 1, '')"
    )
    with pytest.raises(
        IndicatorsError, match=r"не прошли evidence_adds_up\. Запустите build_indicator_marts"
    ):
        quarter.close("2024-Q1", reasons=REASON)


def test_a_deviation_without_a_reason_is_refused_with_fact_plan_and_deviation(
    quarter: Closer,
) -> None:
    for reasons in ({}, {"smev_requests": "  "}):
        with pytest.raises(ConfigurationError) as told:
            quarter.close("2024-Q1", reasons=reasons)
        assert "smev_requests (Количество запросов" in str(told.value)
        assert "факт 2, план 4, отклонение 50.0 % больше 5 %" in str(told.value)
        assert '{"reasons": {"smev_requests": "…"}}' in str(told.value)
    with pytest.raises(ConfigurationError, match="reasons называет smev — такого показателя"):
        quarter.close("2024-Q1", reasons={"smev": "x"})
    with pytest.raises(ConfigurationError, match='Укажите в параметре "closed_by"'):
        quarter.close("2024-Q1", reasons=REASON, closed_by=" ")
    assert counted(quarter) == 0
    assert quarter.close("2024-Q1", reasons=REASON)["reasons"] == REASON


@pytest.mark.parametrize(
    ("fact", "plan", "direction", "needs"),
    [(95, 100, "up", False), (94, 100, "up", True), (120, 100, "up", False)]
    + [(105, 100, "down", False), (106, 100, "down", True), (80, 100, "down", False)]
    + [(3, 0, "down", True), (3, 0, "up", False)],
)
def test_which_side_of_the_plan_needs_a_reason(
    closer: Closer, fact: int, plan: int, direction: str, needs: bool
) -> None:
    closer.requests({date(2024, 1, 9): fact, date(2024, 4, 9): 1})
    closer.change_targets("smev_requests", {2024: plan})
    closer.change_indicator("smev_requests", direction=direction)
    closer.build()
    found = closing.look(closer.warehouse, closer.passport, "2024-Q1", 1, NOW)
    assert bool(found["needing"]) == needs


def test_no_fact_needs_a_reason_where_there_is_a_plan_and_half_a_period_is_told(
    closer: Closer,
) -> None:
    closer.requests({date(2024, 1, 9): 2, date(2024, 3, 9): 1})
    closer.change_targets("smev_requests", {2024: 3})
    closer.change_targets("ict_events", {2024: 1})
    closer.build()
    found = closing.look(closer.warehouse, closer.passport, "2024-Q1", 1, NOW)
    assert {one["indicator"]: one["why"] for one in found["needing"]} == {
        "ict_events": "факта нет, план 1",
    }
    assert "| Прирост посетителей официального сайта | % | — | — | — |" in found["body"]
    told = "| Количество запросов, полученных по каналам СМЭВ (данные по 09.03.2024) | ед. | 3 | 3 | 0 % |"
    assert told in found["body"]


def test_what_the_marts_said_is_kept(quarter: Closer) -> None:
    kept = quarter.close("2024-Q1", reasons=REASON)
    assert (kept["closed_by"], kept["version"]) == (WHO, 1)
    condition = "month <= '2024-03-01' ORDER BY ALL"
    columns = "* EXCEPT closing_id"
    assert quarter.select(f"SELECT {columns} FROM ops.closing_values ORDER BY ALL") == (
        quarter.select(f"SELECT * FROM marts.indicators_monthly WHERE {condition}")
    )
    assert quarter.select(f"SELECT {columns} FROM ops.closing_parts ORDER BY ALL") == (
        quarter.select(
            "SELECT * FROM marts.indicator_evidence WHERE month = '2024-03-01' ORDER BY ALL"
        )
    )
    assert quarter.select(f"SELECT {columns} FROM ops.closing_funding ORDER BY ALL") == (
        quarter.select("SELECT * FROM marts.programme_funding_yearly ORDER BY ALL")
    )
    assert quarter.select("SELECT source, unit, loaded FROM ops.closing_loads") == [
        ("smev", "file-1", 3)
    ]


def test_the_same_again_changes_nothing_and_anything_else_is_refused(quarter: Closer) -> None:
    with pytest.raises(IndicatorsError, match="Версии 1 для 2024-Q1 ещё нет"):
        quarter.close("2024-Q1", 2, REASON)
    quarter.close("2024-Q1", reasons=REASON)
    before = tables(quarter)
    quarter.build()
    quarter.close("2024-Q1", reasons=REASON, closed_by="Другой")
    assert tables(quarter) == before
    with pytest.raises(
        IndicatorsError, match=rf"12\.10\.2026 \({WHO}\) как версия 1 с другими числами"
    ):
        quarter.close("2024-Q1", reasons={"smev_requests": "Иначе"})
    with pytest.raises(IndicatorsError, match="Закройте версию 2, уточнённую"):
        closing.look(quarter.warehouse, quarter.passport, "2024-Q1", 1, NOW, asks=True)
    quarter.close("2024-Q1", 2, reasons={"smev_requests": "Иначе"})
    with pytest.raises(IndicatorsError, match="Третьей версии не бывает"):
        quarter.close("2024-Q1", 2, reasons=REASON)
    assert counted(quarter) == 2


def test_numbers_that_changed_after_they_were_approved_are_not_kept(quarter: Closer) -> None:
    state = closing.look(quarter.warehouse, quarter.passport, "2024-Q1", 1, NOW)["state"]
    quarter.requests({date(2024, 2, 9): 1})
    quarter.build()
    with pytest.raises(IndicatorsError, match="изменились после того, как их показали"):
        quarter.close("2024-Q1", reasons=REASON, state=state)
    state = closing.look(quarter.warehouse, quarter.passport, "2024-Q1", 1, NOW)["state"]
    quarter.close("2024-Q1", reasons=REASON, state=state)


class KilledError(Exception):
    """What stands for a kill."""


@pytest.mark.parametrize("survived", range(6))
def test_a_kill_between_inserts_shows_nothing_and_the_retry_doubles_nothing(
    quarter: Closer, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    left = [survived]
    real = Warehouse.stage_bytes

    def dying(warehouse: Warehouse, *arguments: Any, **options: Any) -> None:
        if not left[0]:
            raise KilledError
        left[0] -= 1
        real(warehouse, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Warehouse, "stage_bytes", dying)
        if survived < 5:
            with pytest.raises(KilledError):
                quarter.close("2024-Q1", reasons=REASON)
            assert counted(quarter) == 0
            assert quarter.select("SELECT * FROM marts.indicator_revisions") == []
        else:
            quarter.close("2024-Q1", reasons=REASON)
    quarter.close("2024-Q1", reasons=REASON)
    assert counted(quarter) == 1
    values = quarter.select(
        "SELECT count(), uniqExact(indicator, month), uniqExact(closing_id) FROM ops.closing_values"
    )
    assert values == [(values[0][1], values[0][1], 1)]


def test_the_archive_gives_back_what_the_warehouse_lost(quarter: Closer, places: Path) -> None:
    quarter.close("2024-Q1", reasons=REASON)
    quarter.close("2024-Q1", 2, reasons={"smev_requests": "Иначе"})
    before = tables(quarter)
    assert sorted(path.name for path in (places / "archive" / "reported").iterdir()) == [
        "2024-Q1-v1.json.gz",
        "2024-Q1-v2.json.gz",
    ]
    empty(quarter.warehouse)
    assert restore_closings(quarter.warehouse) == (2, [])
    assert tables(quarter) == before
    assert restore_closings(quarter.warehouse) == (0, [])
    assert tables(quarter) == before


def test_a_file_that_is_damaged_or_edited_is_named_and_the_others_are_restored(
    quarter: Closer, places: Path
) -> None:
    quarter.close("2024-Q1", reasons=REASON)
    quarter.close("2024-01", reasons=REASON)
    path = places / "archive" / "reported" / "2024-Q1-v1.json.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    document["values"][0]["fact"] = 1000
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    empty(quarter.warehouse)
    restored, (told,) = restore_closings(quarter.warehouse)
    assert restored == 1
    assert "reported/2024-Q1-v1.json.gz" in told
    path.write_bytes(b"spoilt")
    assert restore_closings(quarter.warehouse)[0] == 0


def test_a_closing_that_only_the_archive_has_is_not_written_over(quarter: Closer) -> None:
    quarter.close("2024-Q1", reasons=REASON)
    for table in ("ops.closings", *TABLES.values()):
        quarter.warehouse.command(f"TRUNCATE TABLE {table}")
    with pytest.raises(IndicatorsError, match="другое закрытие 2024-Q1, версия 1"):
        quarter.close("2024-Q1", reasons={"smev_requests": "Иначе"})
    quarter.close("2024-Q1", reasons=REASON)
    assert counted(quarter) == 1


def test_the_passport_says_which_deviation_needs_a_reason(quarter: Closer) -> None:
    quarter.change_passport(
        lambda content: content.update(reporting={"deviation_needs_reason_percent": 50})
    )
    quarter.build()
    quarter.close("2024-Q1")
    assert counted(quarter) == 1
