"""Finds rows that repeat the money of other ones: parents above their parts, sources below a total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

TOLERANCE = Decimal("0.01")
_MOST_ROWS = 2_000


@dataclass(slots=True)
class Line:
    """One row. ``group`` is what a parent and its parts have in common, such as the year."""

    amounts: tuple[Decimal, ...]
    name: str
    group: tuple[str, ...]
    is_total: bool
    parts: list[int] = field(default_factory=list)


def repeated(lines: Sequence[Line]) -> list[int]:
    """The places of the rows that repeat other ones, so that the rest adds up to all there is.

    A row is a parent if the two or more rows below it, of which parents stand for their parts, have its
    sums. Then the parent repeats; its parts do where they are parts of a total of the rows above, or where
    their names stand below several parents (sources of money). A total itself is not listed.
    """
    if len(lines) > _MOST_ROWS:
        return []
    _find_parts(lines)
    names: dict[tuple[tuple[str, ...], str], int] = {}
    for line in lines:
        names[line.group, line.name] = names.get((line.group, line.name), 0) + 1
    found: set[int] = set()
    for place, line in enumerate(lines):
        if not line.parts or place in found:
            continue
        is_below = line.is_total and _adds_up(
            [one for one in lines[:place] if not one.is_total and not one.parts], line
        )
        if is_below or any(names[lines[part].group, lines[part].name] > 1 for part in line.parts):
            found |= _below(lines, place)
        elif not line.is_total:
            found.add(place)
    return sorted(found)


def _find_parts(lines: Sequence[Line]) -> None:
    tops: list[int] = []
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place]
        sums = [Decimal()] * len(line.amounts)
        # The nearest row below is the last of the list.
        for count, other in enumerate(reversed(tops), 1):
            if lines[other].group != line.group or not any(line.amounts):
                break
            sums = [one + more for one, more in zip(sums, lines[other].amounts, strict=True)]
            if (count > 1 or lines[other].parts) and _equal(sums, line.amounts):
                line.parts = tops[-count:]
                del tops[-count:]
                break
            if sums[0] > line.amounts[0] + TOLERANCE:
                break
        tops.append(place)


def _below(lines: Sequence[Line], place: int) -> set[int]:
    parts = set(lines[place].parts)
    return parts.union(*(_below(lines, part) for part in parts))


def _adds_up(lines: Sequence[Line], total: Line) -> bool:
    same = [line.amounts for line in lines if line.group == total.group]
    return bool(same) and _equal(
        [sum(column, Decimal()) for column in zip(*same, strict=True)], total.amounts
    )


def _equal(sums: Sequence[Decimal], amounts: Sequence[Decimal]) -> bool:
    return all(abs(one - other) <= TOLERANCE for one, other in zip(sums, amounts, strict=True))
