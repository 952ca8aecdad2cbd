"""Sends large files through a staging door: blocks of whole lines, a few inserts side by side."""

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
    """Whole lines of a file in pieces, how many, what the door must know of them, and what to tell then."""

    pieces: Sequence[bytes]
    lines: int
    context: Mapping[str, Any]
    told: str = ""


def stage_lines(warehouse: Warehouse, door: str, blocks: Iterable[Block]) -> int:
    """Stage every block as lines of ``door``; how many lines they were.

    A few are under way at once, so that the memory taken is theirs whatever the file's size.
    """
    coming = iter(blocks)
    first = list(islice(coming, 2))
    if len(first) < 2:
        # One block needs no client beside ours, and opening them takes longer than it.
        return sum(_staged(warehouse, door, block) for block in first)
    lines = 0
    with warehouse.more(STAGERS) as idle, ThreadPoolExecutor(STAGERS) as pool:

        def stage(block: Block) -> int:
            one = idle.get()
            try:
                return _staged(one, door, block)
            finally:
                idle.put(one)

        under_way: deque[Future[int]] = deque()
        for block in chain(_drawn(first), coming):
            if len(under_way) == STAGERS:
                lines += under_way.popleft().result()
            under_way.append(pool.submit(stage, block))
        return lines + sum(future.result() for future in under_way)


def _drawn(first: list[Block]) -> Iterator[Block]:
    # Not kept in a list while the others are staged: a block is large.
    while first:
        yield first.pop(0)


def _staged(warehouse: Warehouse, door: str, block: Block) -> int:
    warehouse.stage_bytes(door, ["line"], block.pieces, block.context, fmt="LineAsString")
    if block.told:
        log.info("%s staged.", block.told)
    return block.lines
