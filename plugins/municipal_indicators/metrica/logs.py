"""Loads the parts of a visits request: staged untouched, counted, published as one counter day a unit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from municipal_indicators.errors import BooksDoNotBalanceError, IndicatorsError
from municipal_indicators.loads import Books, Load, Unit, begin_loads, fail_loads, publish_loads
from municipal_indicators.metrica.client import LogOrder
from municipal_indicators.metrica.fields import FieldList
from municipal_indicators.metrica.plan import Days
from municipal_indicators.warehouse import Warehouse

log = logging.getLogger(__name__)

BLOCK_BYTES = 16 << 20
DOOR = "staging.metrica_visits"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class PreparedLog:
    """What a request brought: its order, its parts as files, the counter's zone, when it was ordered."""

    order: LogOrder
    parts: Sequence[tuple[int, Path]]
    time_zone: str
    requested_at: datetime

    @property
    def days(self) -> Days:
        """The counter days ordered."""
        return Days(self.order.date1, self.order.date2)


def load_log(warehouse: Warehouse, prepared: PreparedLog, fields: FieldList) -> Books:
    """Stage and publish all days of a request at once; the sum of their books.

    Every ordered day is a unit, a day without visits too. Raises BooksDoNotBalanceError or
    MetricaError, and then publishes none of them.
    """
    units = [Unit("metrica", key, key) for key in _unit_keys(prepared)]
    loads = begin_loads(warehouse, units)
    try:
        lines = {
            number: _stage_part(warehouse, prepared, loads, fields, number, path)
            for number, path in prepared.parts
        }
        _check_parts(warehouse, prepared, loads, lines)
        books = _books(warehouse, prepared, loads)
        _note_days(warehouse, prepared, loads)
        publish_loads(warehouse, [(load, books[load.load_id], "") for load in loads])
    except Exception as error:
        # Only the type of a foreign error is told: its text may quote the data.
        reason = (
            str(error)
            if isinstance(error, IndicatorsError)
            else f"{type(error).__name__} (see the task's log)"
        )
        fail_loads(warehouse, loads, reason)
        raise
    return _total(books.values())


def _unit_keys(prepared: PreparedLog) -> list[str]:
    return [f"{prepared.order.counter_id}/{day}" for day in prepared.days]


def _stage_part(
    warehouse: Warehouse,
    prepared: PreparedLog,
    loads: Sequence[Load],
    fields: FieldList,
    number: int,
    path: Path,
) -> int:
    """Send one part's lines through the door, untouched; how many there were."""
    place, size = f"{prepared.order}, part {number}", path.stat().st_size
    with path.open("rb") as file:
        header = file.readline().removeprefix(_BYTE_ORDER_MARK).removesuffix(b"\n")
        heading = header.decode("utf-8", errors="replace").split("\t")
        context = {
            "heading": heading,
            "columns": fields.columns_of(heading, place),
            "first_day": prepared.order.date1,
            "load_ids": [load.load_id for load in loads],
            "counter_id": prepared.order.counter_id,
            "time_zone": prepared.time_zone,
            "part": number,
        }
        lines = 0
        for block in _blocks(file):
            warehouse.stage_bytes(
                DOOR, ["line"], block, {**context, "first_line": lines + 2}, fmt="LineAsString"
            )
            lines += block.count(b"\n")
            share = 100 * file.tell() // size
            log.info("%s: %d lines staged, %d %% of the part.", place, lines, share)
    return lines


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in blocks of whole lines: split on LF alone, the only line end here."""
    rest = b""
    while chunk := file.read(BLOCK_BYTES):
        chunk = rest + chunk
        end = chunk.rfind(b"\n") + 1
        if end:
            yield chunk[:end]
        rest = chunk[end:]
    if rest:
        yield rest + b"\n"


def _check_parts(
    warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load], lines: dict[int, int]
) -> None:
    """Raise BooksDoNotBalanceError unless every line of every part is a visit or in quarantine."""
    found = dict(
        warehouse.rows(
            """
            SELECT sheet, sum(rows) FROM
            (
                SELECT concat('part ', toString(part)) AS sheet, count() AS rows FROM core.metrica_visits
                WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)} GROUP BY part
                UNION ALL
                SELECT sheet, count() AS rows FROM ops.quarantine
                WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)} GROUP BY sheet
            )
            GROUP BY sheet
            """,
            _of(prepared, loads),
        )
    )
    wrong = [
        f"part {number}: {count} lines, but {found.get(f'part {number}', 0)} visits and quarantined rows"
        for number, count in lines.items()
        if found.get(f"part {number}", 0) != count
    ]
    if wrong:
        raise BooksDoNotBalanceError(
            f"{prepared.order}: {'; '.join(wrong)}. Nothing of it was published. Run the DAG again; "
            "if it repeats, look at the views of sql/schema/0010_staging_metrica_visits.sql."
        )


def _books(warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load]) -> dict[UUID, Books]:
    """The books of each load, after repeated visits were taken out."""
    counted = _counted(warehouse, prepared, loads)
    repeated = [load for load in loads if _duplicates(counted, load)]
    if repeated:
        _delete_duplicates(warehouse, prepared, repeated)
    left = _counted(warehouse, prepared, repeated) if repeated else {}
    quarantined = dict(
        warehouse.rows(
            """
            SELECT load_id, count() FROM ops.quarantine
            WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)} GROUP BY load_id
            """,
            _of(prepared, loads),
        )
    )
    books = {}
    for load in loads:
        rows, _ = counted.get(load.load_id, (0, 0))
        bad = quarantined.get(load.load_id, 0)
        loaded, _ = left.get(load.load_id, (rows, 0))
        books[load.load_id] = Books(rows + bad, loaded, bad, _duplicates(counted, load))
    return books


def _counted(
    warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load]
) -> dict[UUID, tuple[int, int]]:
    """Rows and distinct visits of each load that has rows."""
    rows = warehouse.rows(
        """
        SELECT load_id, count(), uniqExact(visit_id) FROM core.metrica_visits
        WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
        GROUP BY load_id
        """,
        _of(prepared, loads),
    )
    return {load_id: (count, distinct) for load_id, count, distinct in rows}


def _duplicates(counted: dict[UUID, tuple[int, int]], load: Load) -> int:
    rows, distinct = counted.get(load.load_id, (0, 0))
    return rows - distinct


def _delete_duplicates(warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load]) -> None:
    """Of rows with the same visit_id in one load keep the longest visit: it is the latest state."""
    warehouse.command(
        """
        DELETE FROM core.metrica_visits
        WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
          AND (load_id, part, line) NOT IN
          (
              SELECT load_id, kept.1, kept.2 FROM
              (
                  SELECT
                      load_id,
                      argMax((part, line), (page_views, visit_duration_seconds, part, line)) AS kept
                  FROM core.metrica_visits
                  WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
                  GROUP BY load_id, visit_id
              )
          )
        """,
        _of(prepared, loads),
    )


def _note_days(warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load]) -> None:
    zone = ZoneInfo(prepared.time_zone)
    warehouse.insert(
        "core.metrica_days",
        [
            "unit_key",
            "load_id",
            "counter_id",
            "counter_day",
            "time_zone",
            "from_at",
            "until_at",
            "requested_at",
        ],
        (
            [
                load.unit.key,
                load.load_id,
                prepared.order.counter_id,
                day,
                prepared.time_zone,
                datetime.combine(day, time(), zone),
                datetime.combine(day + timedelta(days=1), time(), zone),
                prepared.requested_at,
            ]
            for load, day in zip(loads, prepared.days, strict=True)
        ),
    )


def _of(prepared: PreparedLog, loads: Sequence[Load]) -> dict[str, list[str]]:
    return {"keys": _unit_keys(prepared), "loads": [str(load.load_id) for load in loads]}


def _total(books: Iterable[Books]) -> Books:
    total = Books()
    for one in books:
        total = Books(
            total.delivered + one.delivered,
            total.loaded + one.loaded,
            total.quarantined + one.quarantined,
            total.duplicates + one.duplicates,
        )
    return total
