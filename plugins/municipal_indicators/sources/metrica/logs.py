"""Loads the parts of a log request: staged untouched, counted, published as one counter day a unit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from municipal_indicators.errors import BooksDoNotBalanceError, IndicatorsError
from municipal_indicators.sources.metrica import reload_changes
from municipal_indicators.sources.metrica.client import LogOrder
from municipal_indicators.sources.metrica.fields import FieldList
from municipal_indicators.sources.metrica.plan import Days
from municipal_indicators.sources.metrica.staging import (
    id_of,
    staging_table_of,
    table_of,
    unit_suffix,
)
from municipal_indicators.warehouse.bulk_insert import Block, stage_lines
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import (
    Books,
    Load,
    Unit,
    begin_loads,
    fail_loads,
    publish_loads,
)
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

# A block is one insert and one part of the table: larger ones spare merges and take memory.
BLOCK_BYTES = 48 << 20
IDS_AT_ONCE = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Which of two rows with the same id is the latest state: of a visit the longest, of an event either.
_RANKS = {"visits": "(page_views, visit_duration_seconds)", "hits": "part"}


@dataclass(frozen=True, slots=True)
class PreparedLog:
    """What a request brought: its order, its parts as files, the counter's zone, when it was ordered.

    The parts may still be on their way: the next one is drawn while one is staged.
    """

    order: LogOrder
    parts: Iterable[tuple[int, Path]]
    time_zone: str
    requested_at: datetime

    @property
    def days(self) -> Days:
        """The counter days ordered."""
        return Days(self.order.date1, self.order.date2)

    @property
    def unit_keys(self) -> list[str]:
        """The unit of each day, in their order."""
        suffix = unit_suffix(self.order.source)
        return [f"{self.order.counter_id}/{day}{suffix}" for day in self.days]


def load_log(warehouse: Warehouse, prepared: PreparedLog, fields: FieldList) -> Books:
    """Stage and publish all days of a request at once; the sum of their books.

    Every ordered day is a unit, a day without rows too. Raises BooksDoNotBalanceError or
    MetricaError, and then publishes none of them.
    """
    loads = begin_loads(warehouse, [Unit("metrica", key, key) for key in prepared.unit_keys])
    try:
        lines = _stage(warehouse, prepared, loads, fields)
        _check_parts(warehouse, prepared, loads, lines)
        books = _books(warehouse, prepared, loads)
        _note_days(warehouse, prepared, loads)
        reload_changes.note_changes(warehouse, prepared.order.source, loads)
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


def _stage(
    warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load], fields: FieldList
) -> Counter[int]:
    """Send all parts through the door, untouched, a few blocks at once; the lines of each part."""
    lines: Counter[int] = Counter()

    def blocks() -> Iterator[Block]:
        for number, path in _ahead(prepared.parts):
            lines[number] = 0
            for block in _blocks_of(prepared, loads, fields, number, path):
                lines[number] += block.lines
                yield block

    stage_lines(warehouse, staging_table_of(prepared.order.source), blocks())
    return lines


def _blocks_of(
    prepared: PreparedLog,
    loads: Sequence[Load],
    fields: FieldList,
    number: int,
    path: Path,
) -> Iterator[Block]:
    """One part in blocks, each with the context that its rows need."""
    place, size = f"{prepared.order}, part {number}", path.stat().st_size
    with path.open("rb") as file:
        header = file.readline().removeprefix(_BYTE_ORDER_MARK).removesuffix(b"\n")
        heading = header.decode("utf-8", errors="replace").split("\t")
        context = {
            "heading": heading,
            "places": fields.places_of(heading, place),
            "width": len(heading),
            "first_day": prepared.order.date1,
            "load_ids": [load.load_id for load in loads],
            "counter_id": prepared.order.counter_id,
            "time_zone": prepared.time_zone,
            "part": number,
        }
        first_line = 2
        # Cut at LF alone, the only line end here. Large pieces are not joined: that would copy them.
        while chunk := file.read(BLOCK_BYTES):
            tail = file.readline()
            pieces = [chunk, tail]
            if not (tail or chunk).endswith(b"\n"):
                pieces.append(b"\n")
            lines = sum(piece.count(b"\n") for piece in pieces)
            told = f"{place}: {100 * file.tell() // size} %"
            yield Block(pieces, lines, {**context, "first_line": first_line}, told)
            first_line += lines


def _ahead(parts: Iterable[tuple[int, Path]]) -> Iterator[tuple[int, Path]]:
    """The parts, each drawn while the one before is used: downloads and staging go on side by side."""
    drawing = iter(parts)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, drawing, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, drawing, None)
            yield part


def _check_parts(
    warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load], lines: Mapping[int, int]
) -> None:
    """Raise BooksDoNotBalanceError unless every line of every part is a row or in quarantine."""
    found = dict(warehouse.rows(_sql("lines_of_parts", prepared), _of(prepared, loads)))
    wrong = [
        f"part {number}: {count} lines, but {found.get(f'part {number}', 0)} loaded and quarantined rows"
        for number, count in lines.items()
        if found.get(f"part {number}", 0) != count
    ]
    if wrong:
        raise BooksDoNotBalanceError(
            f"{prepared.order}: {'; '.join(wrong)}. Nothing of it was published. Run the DAG again; "
            "if it repeats, look at the views of sql/staging/metrica_log.sql."
        )


def _books(warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load]) -> dict[UUID, Books]:
    """The books of each load, after repeated rows were taken out."""
    counted = _rows(warehouse, prepared, loads)
    distinct = _distinct_ids(warehouse, prepared, loads, sum(rows for rows, _ in counted.values()))
    repeated = [load for load in loads if distinct[load.load_id] != counted[load.load_id][0]]
    left = counted
    if repeated:
        warehouse.command(_sql("delete_duplicates", prepared), _of(prepared, repeated))
        left = _rows(warehouse, prepared, loads)
    return {
        load.load_id: Books(
            delivered=sum(counted[load.load_id]),
            loaded=left[load.load_id][0],
            quarantined=counted[load.load_id][1],
            duplicates=counted[load.load_id][0] - distinct[load.load_id],
        )
        for load in loads
    }


def _rows(
    warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load]
) -> dict[UUID, tuple[int, int]]:
    """Stored and quarantined rows of each load."""
    found = warehouse.rows(_sql("rows_of_loads", prepared), _of(prepared, loads))
    return dict.fromkeys((load.load_id for load in loads), (0, 0)) | {
        load_id: (rows, bad) for load_id, rows, bad in found
    }


def _distinct_ids(
    warehouse: Warehouse, prepared: PreparedLog, loads: Sequence[Load], rows: int
) -> Counter[UUID]:
    shares = 1 + rows // IDS_AT_ONCE
    distinct: Counter[UUID] = Counter()
    for share in range(shares):
        values = {**_of(prepared, loads), "shares": shares, "share": share}
        distinct.update(dict(warehouse.rows(_sql("distinct_ids", prepared), values)))
    return distinct


def _sql(name: str, prepared: PreparedLog) -> str:
    source = prepared.order.source
    return render(
        f"loads/{name}.sql", table=table_of(source), id=id_of(source), rank=_RANKS[source]
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
            "source",
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
                prepared.order.source,
            ]
            for load, day in zip(loads, prepared.days, strict=True)
        ),
    )


def _of(prepared: PreparedLog, loads: Sequence[Load]) -> dict[str, Any]:
    return {"keys": prepared.unit_keys, "loads": [str(load.load_id) for load in loads]}


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
