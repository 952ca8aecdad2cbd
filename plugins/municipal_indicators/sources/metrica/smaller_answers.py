"""Keeps a published day where Metrica's new answer is smaller without Metrica saying so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from municipal_indicators.errors import MetricaError
from municipal_indicators.sources.metrica.fields import file_of
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import Load, LoadCounts

MOST_QUARANTINED = 0.05
MANY_QUARANTINED = "many_quarantined"
_SHOWN = 5
_WITHDRAW = (
    "сначала отзовите его (docs/operations.md, «опубликованная единица неверна»), затем загрузите"
)


class SmallerAnswerError(MetricaError):
    """Days of a log were not published, since they would replace more; the other days are published."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why days keep their published version, and what is doubtful in days to publish; by load."""

    refused: Mapping[UUID, str]
    doubtful: Mapping[UUID, str]


def judge(
    warehouse: Warehouse,
    source: str,
    loads: Sequence[Load],
    counts: Mapping[UUID, LoadCounts],
    replaced: Mapping[UUID, str],
) -> Verdict:
    """Compare each day of a log with its published version; has to run before they are published.

    ``replaced`` has the unit that readers see now, by load; days published for the first time have
    none.

    A day is refused where it has no row and the published one has some, where all of its rows are in
    quarantine, or where more than ``MOST_QUARANTINED`` of them are. The last is only doubtful where
    nothing is replaced, or where the published day was as doubtful and had no more good rows.
    """
    published = _published(warehouse, source, list(replaced.values()))
    many = [load for load in loads if _share(counts[load.load_id]) > MOST_QUARANTINED]
    reasons = _main_reasons(warehouse, many) if many else {}
    refused, doubtful = {}, {}
    for load in loads:
        new = counts[load.load_id]
        old = published.get(replaced.get(load.load_id, ""), LoadCounts())
        if load in many:
            text = f"{_named(load)}: {_quarantined(new, reasons.get(load.load_id, ''))}"
            if _replaces_better(new, old) or not new.loaded:
                stays = (
                    f"Опубликованный день (строк: {old.loaded}) остаётся"
                    if old.loaded
                    else "День остаётся незагруженным"
                )
                refused[load.load_id] = (
                    f"{text}. {stays}. Если Метрика изменила поле, исправьте его в "
                    f"reference/{file_of(source).name} и запустите DAG снова."
                )
            else:
                doubtful[load.load_id] = text
        elif not new.delivered and old.loaded:
            refused[load.load_id] = (
                f"{_named(load)}: в ответе нет строк, а опубликовано {old.loaded}. Опубликованный день "
                f"остаётся. Запустите DAG позже; если день пуст и в отчётах Метрики, {_WITHDRAW}."
            )
    return Verdict(refused, doubtful)


def record_warnings(warehouse: Warehouse, warnings: Iterable[tuple[Load, str, str]]) -> None:
    """Write loads, each with the code and the text of what is doubtful, into ``ops.load_warnings``."""
    warehouse.insert(
        "ops.load_warnings",
        ("load_id", "source", "unit", "sheet", "line", "code", "text", "times"),
        (
            (load.load_id, load.unit.source, load.unit.label, "", 0, code, text, 1)
            for load, code, text in warnings
        ),
    )


def smaller_answer(name: object, days: int, verdict: Verdict) -> SmallerAnswerError:
    """The error for the refused ones of a log's days; ``name`` is the log's."""
    reasons = list(verdict.refused.values())
    more = f" И ещё {len(reasons) - _SHOWN}: смотрите ops.loads." if len(reasons) > _SHOWN else ""
    return SmallerAnswerError(
        f"{name}: дней остаются прежними: {len(reasons)} из {days}: {' '.join(reasons[:_SHOWN])}{more}"
    )


def _replaces_better(new: LoadCounts, old: LoadCounts) -> bool:
    if not old.loaded:
        return False
    return _share(old) <= MOST_QUARANTINED or new.loaded < old.loaded


def _share(counts: LoadCounts) -> float:
    return counts.quarantined / counts.delivered if counts.delivered else 0.0


def _named(load: Load) -> str:
    counter_id, day = load.unit.key.split("/")[:2]
    return f"счётчик {counter_id}, день {day}"


def _quarantined(counts: LoadCounts, reason: str) -> str:
    return (
        f"в карантине строк {counts.quarantined} из {counts.delivered}"
        f"{f', большинство потому, что {reason}' if reason else ''}"
    )


def _published(warehouse: Warehouse, source: str, keys: Sequence[str]) -> dict[str, LoadCounts]:
    """The counts of the published version of each unit."""
    rows = warehouse.rows(
        """
        SELECT unit_key, max(delivered), max(loaded), max(quarantined), max(duplicates)
        FROM ops.load_events
        WHERE source = 'metrica' AND dataset = {dataset:String} AND status = 'published'
            AND unit_key IN {keys:Array(String)}
            AND load_id IN
            (
                SELECT load_id FROM ops.published
                WHERE source = 'metrica' AND dataset = {dataset:String} AND unit_key IN {keys:Array(String)}
            )
        GROUP BY unit_key
        """,
        {"dataset": source, "keys": list(keys)},
    )
    return {key: LoadCounts(*counts) for key, *counts in rows}


def _main_reasons(warehouse: Warehouse, loads: Sequence[Load]) -> dict[UUID, str]:
    """The field that most quarantined rows of each load stumble over, with one of its reasons."""
    rows = warehouse.rows(
        """
        SELECT load_id, field, any(reason) FROM ops.quarantine
        WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)}
        GROUP BY load_id, field ORDER BY load_id, count() DESC, field LIMIT 1 BY load_id
        """,
        {"loads": [str(load.load_id) for load in loads]},
    )
    return {load_id: f"{field} {reason}".strip() for load_id, field, reason in rows}
