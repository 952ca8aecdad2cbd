"""Closes a period: looks whether it may be, asks for what is missing, keeps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from municipal_indicators.closings import readiness, store
from municipal_indicators.closings.periods import parse_period
from municipal_indicators.closings.readiness import Standing
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.reference.passport import Passport
from municipal_indicators.warehouse.client import Warehouse


def look(
    warehouse: Warehouse,
    passport: Passport,
    period: str,
    version: int,
    now: datetime | None = None,
    *,
    asks: bool = False,
) -> dict[str, Any]:
    """What is to be approved, as the form shows it: ``subject``, ``body``, ``state``, ``needing``.

    ``state`` names the numbers; ``needing`` has ``indicator``, ``name`` and ``why`` (Russian) of those that
    need a reason. Where somebody ``asks``, the version has to be free. Raises what
    ``readiness.standings``, ``parse_period`` and ``store.require_free`` raise.
    """
    wanted = parse_period(period)
    if asks:
        store.require_free(warehouse, wanted, version)
    found = readiness.standings(warehouse, passport, wanted, now)
    return {
        "subject": f"Закрыть отчётный период {period}, версия {version}",
        "body": _table(found),
        "state": store.content_of(store.read_marts(warehouse, wanted)),
        "needing": [
            {"indicator": one.indicator, "name": one.name, "why": _why(one)}
            for one in found
            if one.why
        ],
        "asks": asks,
    }


def close_period(
    warehouse: Warehouse,
    passport: Passport,
    period: str,
    version: int,
    approval: store.Approval,
    state: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Keep a period as it was approved; returns its row of ``ops.closings``.

    ``state`` is that of ``look``: what was approved must be what is kept. The same once more changes nothing.
    Raises ConfigurationError without ``closed_by`` or a reason that is needed, IndicatorsError where the
    numbers changed since the look, and what ``look`` and ``store.keep`` raise.
    """
    wanted = parse_period(period)
    if not approval.closed_by.strip():
        raise ConfigurationError(
            f'{period}: неизвестно, кто закрывает период. Укажите в параметре "closed_by", кто отвечает за '
            "отчёт."
        )
    found = readiness.standings(warehouse, passport, wanted, now)
    reasons = readiness.require_reasons(wanted, found, approval.reasons)
    read = store.read_marts(warehouse, wanted)
    if state is not None and store.content_of(read) != state:
        raise IndicatorsError(
            f"Числа {period} изменились после того, как их показали для согласования: очистите задачу "
            "check_period, чтобы посмотреть на них снова."
        )
    given = store.Approval(approval.closed_by.strip(), approval.closed_at, reasons)
    return store.keep(warehouse, wanted, version, read, given)


def _table(found: Sequence[Standing]) -> str:
    rows = ["| Показатель | Ед. | Факт | План | Отклонение |", "|---|---|---:|---:|---:|"]
    for one in found:
        deviation = "—" if one.deviation is None else f"{_number(one.deviation)} %"
        mark = " ⚠" if one.why else ""
        if one.data_through:
            mark += f" (данные по {one.data_through})"
        rows.append(
            f"| {one.name}{mark} | {one.unit} | {_number(one.fact)} | {_number(one.plan)} | {deviation} |"
        )
    needing = any(one.why for one in found)
    rest = (
        "Для показателей с ⚠ нужна причина: отклонение выше порога или нет факта."
        if needing
        else "Причин отклонений не требуется."
    )
    return "\n".join([*rows, "", rest])


def _why(one: Standing) -> str:
    if one.fact is None:
        return f"факта нет, план {_number(one.plan)}"
    return (
        f"факт {_number(one.fact)}, план {_number(one.plan)}, отклонение {_number(one.deviation)} %"
    )


def _number(value: float | None) -> str:
    if value == math.inf:
        return "∞"
    return "—" if value is None else f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
