"""Stages the rows of one table: blocks of cells become columns of text, and go to the warehouse as Arrow."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from municipal_indicators.spreadsheets.kinds import Block, TableLoad
from municipal_indicators.spreadsheets.rows import Run
from municipal_indicators.spreadsheets.sheets import RowBlock
from municipal_indicators.spreadsheets.texts import as_arrow, joined

log = logging.getLogger(__name__)

BLOCK_ROWS = 25_000
# A block of rows that are very long has few of them.
_BLOCKS = 25
_PROGRESS_ROWS = 200_000


def staged_blocks(load: TableLoad, runs: Iterable[Run]) -> Iterator[int]:
    """Stage the rows of a table block by block; after each the number of its rows is told."""
    label, context = load.table.label, load.context()
    staged, next_report = 0, _PROGRESS_ROWS
    under_way: Future[None] | None = None
    # A thread stages one block while the next one is read.
    with _uncollected(), ThreadPoolExecutor(1) as pool:
        for lines, block in _reviewed(load, _blocks(runs, load.table.headings.columns)):
            texts = load.reading.convert(block)
            content = _arrow(label, lines, texts)
            if under_way:
                under_way.result()
            under_way = pool.submit(
                load.task.warehouse.stage_bytes,
                load.kind.staging_table,
                ("sheet", "line", *texts),
                [content],
                context,
                fmt="ArrowStream",
            )
            staged += block.size
            yield block.size
            if staged >= next_report:
                next_report += _PROGRESS_ROWS
                log.info("%s: %d rows read", label or load.task.load.unit.label, staged)
        if under_way:
            under_way.result()


def _blocks(runs: Iterable[Run], columns: Mapping[str, int]) -> Iterator[tuple[list[int], Block]]:
    """Runs joined until they are large enough for one insert: their lines and their cells by field."""
    lines: list[int] = []
    pending: list[RowBlock] = []
    for more, rows in runs:
        if not more:
            continue
        lines += more
        pending.append(rows)
        if len(lines) >= BLOCK_ROWS or len(pending) >= _BLOCKS:
            yield lines, _block(pending, columns)
            lines, pending = [], []
    if lines:
        yield lines, _block(pending, columns)


def _reviewed(
    load: TableLoad, blocks: Iterator[tuple[list[int], Block]]
) -> Iterable[tuple[list[int], Block]]:
    if load.reading.review is None:
        return blocks
    found = list(blocks)
    changed = load.reading.review([block for _, block in found])
    return zip([lines for lines, _ in found], changed, strict=True)


def _block(parts: Sequence[RowBlock], columns: Mapping[str, int]) -> Block:
    cells = {
        name: joined([part.column(place) for part in parts]) for name, place in columns.items()
    }
    return Block(sum(map(len, parts)), cells)


def _arrow(sheet: str, lines: Sequence[int], texts: Mapping[str, Sequence[str]]) -> bytes:
    """Columns of text as an Arrow stream, which needs no escapes."""
    import pyarrow as pa

    table = pa.table(
        {
            "sheet": pa.repeat(sheet, len(lines)),
            "line": pa.array(lines, pa.uint64()).cast(pa.string()),
            **{name: as_arrow(column) for name, column in texts.items()},
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: cells form no reference cycles, and it would scan them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
