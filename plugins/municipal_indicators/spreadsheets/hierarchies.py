"""Finds rows that repeat the money of other ones: parents above their parts, sources below a total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

TOLERANCE = Decimal("0.01")
# Sums of rounded amounts that differ by more may be chance.
_NEAR = Decimal("0.003")
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
    sums, as far as their rounding tells. Then the parent repeats; its parts do where they are parts of a
    total of the rows above or of those below them, or where their names stand below several parents
    (sources of money). A total itself is not listed.
    """
    if len(lines) > _MOST_ROWS:
        return []
    _find_parts(lines, _rounding(lines))
    names: dict[tuple[tuple[str, ...], str], int] = {}
    for line in lines:
        names[line.group, line.name] = names.get((line.group, line.name), 0) + 1
    found: set[int] = set()
    for place, line in enumerate(lines):
        if not line.parts or place in found:
            continue
        below = _below(lines, place)
        is_of_sources = any(names[lines[part].group, lines[part].name] > 1 for part in line.parts)
        is_told_again = _repeats_items(lines, place, below)
        if is_told_again or is_of_sources:
            found |= below
        if not line.is_total and (is_told_again or not is_of_sources):
            found.add(place)
    return sorted(found)


def _rounding(lines: Sequence[Line]) -> Decimal:
    """The largest power of ten of which all amounts are multiples: 100 for thousands with one decimal."""
    places = [
        exponent
        for line in lines
        for amount in line.amounts
        if amount and isinstance(exponent := amount.normalize().as_tuple().exponent, int)
    ]
    return Decimal(1).scaleb(min(places, default=0))


def _find_parts(lines: Sequence[Line], rounding: Decimal) -> None:
    tops: list[int] = []
    for place in range(len(lines) - 1, -1, -1):
        # The nearest row below is the last of the list.
        if count := _count_of_parts(lines, tops[::-1], lines[place], rounding):
            lines[place].parts = tops[-count:]
            del tops[-count:]
        tops.append(place)


def _count_of_parts(
    lines: Sequence[Line], tops: Sequence[int], line: Line, rounding: Decimal
) -> int:
    """How many of the rows below a line add up to it: exactly, else but for their rounding; 0 if none do."""
    sums = [Decimal()] * len(line.amounts)
    near = 0
    for count, other in enumerate(tops, 1):
        if lines[other].group != line.group or not any(line.amounts):
            break
        sums = [one + more for one, more in zip(sums, lines[other].amounts, strict=True)]
        if count > 1 or lines[other].parts:
            if _equal(sums, line.amounts):
                return count
            if _nearly(sums, line.amounts, rounding * (count + 1) / 2):
                near = count
        if sums[0] > line.amounts[0] * (1 + _NEAR) + TOLERANCE:
            break
    return near


def _repeats_items(lines: Sequence[Line], place: int, parts: set[int]) -> bool:
    """Whether the items above a total, or those below its parts, add up to it too."""
    line = lines[place]
    above = (one for one in lines[:place] if not one.is_total and not one.parts)
    if line.is_total and _adds_up(list(above), line):
        return True
    rest = lines[max(parts) + 1 :]
    return not any(one.is_total or one.parts for one in rest) and _adds_up(rest, line)


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


def _nearly(sums: Sequence[Decimal], amounts: Sequence[Decimal], rounding: Decimal) -> bool:
    """Whether several amounts are those of a parent, but for the rounding of its parts."""
    return (
        all(amounts)
        and len(amounts) > 1
        and all(
            abs(one - other) <= min(rounding, other * _NEAR)
            for one, other in zip(sums, amounts, strict=True)
        )
    )
