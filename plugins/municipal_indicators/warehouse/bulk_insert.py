"""Sends large files to a staging table: blocks of whole lines, a few inserts in parallel."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

STAGERS = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file.

    ``chunks`` hold their bytes, ``lines`` is their number. ``context`` is what the staging views read.
    ``progress`` is logged once the block is staged.
    """

    chunks: Sequence[bytes]
    lines: int
    context: Mapping[str, Any]
    progress: str = ""


def stage_lines(warehouse: Warehouse, table: str, blocks: Iterable[Block]) -> int:
    """Stage the lines of all blocks through a staging table; returns their number.

    Only a few blocks are held at once, so that memory does not grow with the file.
    """
    coming = iter(blocks)
    first = list(islice(coming, 2))
    if len(first) < 2:
        # A single block needs no other client; opening clients takes longer than the block.
        return sum(_staged(warehouse, table, block) for block in first)
    lines = 0
    with warehouse.more(STAGERS) as idle, ThreadPoolExecutor(STAGERS) as pool:

        def stage(block: Block) -> int:
            one = idle.get()
            try:
                return _staged(one, table, block)
            finally:
                idle.put(one)

        under_way: deque[Future[int]] = deque()
        for block in chain(_drawn(first), coming):
            if len(under_way) == STAGERS:
                lines += under_way.popleft().result()
            under_way.append(pool.submit(stage, block))
        return lines + sum(future.result() for future in under_way)


def _drawn(first: list[Block]) -> Iterator[Block]:
    # A block is large: the list must not keep it while the others are staged.
    while first:
        yield first.pop(0)


def _staged(warehouse: Warehouse, table: str, block: Block) -> int:
    warehouse.stage_bytes(table, ["line"], block.chunks, block.context, fmt="LineAsString")
    if block.progress:
        log.info("%s staged.", block.progress)
    return block.lines
