"""Compares two sets of rows by their grain and tells each difference in one line."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Rows = Sequence[Mapping[str, object]]
RELATIVE = 1e-9
NOTHING = 1e-9
"""Two ways to zero, such as a growth of nothing, need not meet in the last bit."""


@dataclass(frozen=True)
class Mentions:
    """Any text that has these words in it, and none of the others."""

    words: frozenset[str]
    others: frozenset[str] = frozenset()

    def fits(self, text: object) -> bool:
        """Whether a text names them all, and nothing that it must not name."""
        return (
            isinstance(text, str)
            and all(word in text for word in self.words)
            and not any(word in text for word in self.others)
        )


def differences(
    expected: Rows, found: Rows, grain: Sequence[str], ignored: Collection[str] = ()
) -> Iterator[str]:
    """One line for each row that is missing, doubled or unasked for, and for each unequal cell."""
    wanted = _by_key(expected, grain)
    seen = _by_key(found, grain)
    if len(wanted) != len(expected):
        yield f"the oracle has {len(expected) - len(wanted)} doubled rows"
    if len(seen) != len(found):
        yield f"the mart has {len(found) - len(seen)} doubled rows"
    for key in sorted(wanted.keys() - seen.keys()):
        yield f"{key}: missing, expected {dict(wanted[key])}"
    for key in sorted(seen.keys() - wanted.keys()):
        yield f"{key}: not expected, found {dict(seen[key])}"
    for key in sorted(wanted.keys() & seen.keys()):
        yield from _cells(key, wanted[key], seen[key], ignored)


def told(title: str, lines: Iterable[str], most: int = 15) -> str:
    """The first differences under a title; empty where there are none."""
    found = list(lines)
    rest = [f"… and {len(found) - most} more"] if len(found) > most else []
    return (
        "\n  ".join([f"{title}: {len(found)} differences", *found[:most], *rest]) if found else ""
    )


def _by_key(rows: Rows, grain: Sequence[str]) -> dict[tuple[str, ...], Mapping[str, object]]:
    return {tuple(_text(row[name]) for name in grain): row for row in rows}


def _cells(
    key: tuple[str, ...],
    expected: Mapping[str, object],
    found: Mapping[str, object],
    ignored: Collection[str],
) -> Iterator[str]:
    for name in sorted((expected.keys() | found.keys()) - set(ignored)):
        if name not in expected or name not in found:
            yield f"{key}: column {name} only in {'the mart' if name in found else 'the oracle'}"
        elif not _equal(expected[name], found[name]):
            yield f"{key} {name}: expected {expected[name]}, found {found[name]}"


def _equal(expected: object, found: object) -> bool:
    if isinstance(expected, Decimal) and found is not None:
        return expected == Decimal(str(found))
    if isinstance(expected, Mentions):
        return expected.fits(found)
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int) and isinstance(found, int):
        return expected == found
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=NOTHING)
    if isinstance(expected, date):
        return str(expected) == found
    return expected == found


def _text(value: object) -> str:
    return str(value)
