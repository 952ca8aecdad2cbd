"""Rows of money that repeat other rows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from municipal_indicators.spreadsheets.hierarchies import Line, repeated

Rows = list[tuple[str, int, int]]


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ([("Связь", 5, 1), ("Защита", 6, 2)], []),
        ([("Программа", 11, 3), ("Связь", 5, 1), ("Защита", 6, 2)], [0]),
        ([("Всего", 11, 3), ("Связь", 5, 1), ("Защита", 6, 2)], []),
        (
            [
                ("Программа", 18, 7),
                ("Подпрограмма 1", 11, 3),
                *(("Связь", 5, 1), ("Защита", 6, 2)),
                ("Подпрограмма 2", 7, 4),
                *(("Обучение", 3, 3), ("Прочее", 4, 1)),
            ],
            [0, 1, 4],
        ),
        # The only parent below it may be all of a programme.
        ([("Программа", 11, 3), ("Раздел", 11, 3), ("Связь", 5, 1), ("Защита", 6, 2)], [0, 1]),
        (
            [
                ("Связь", 5, 1),
                ("Защита", 6, 2),
                ("Итого", 11, 3),
                ("район", 8, 3),
                ("область", 3, 0),
            ],
            [3, 4],
        ),
        (
            [
                *(("Связь", 5, 1), ("район", 4, 1), ("область", 1, 0)),
                *(("Защита", 6, 2), ("район", 4, 1), ("область", 2, 1)),
            ],
            [1, 2, 4, 5],
        ),
    ],
)
def test_what_repeats_other_rows(rows: Rows, places: list[int]) -> None:
    lines = [
        Line((Decimal(plan), Decimal(executed)), name, ("2024",), name in ("Итого", "Всего"))
        for name, plan, executed in rows
    ]
    assert repeated(lines) == places


def test_rows_of_other_years_are_no_parts() -> None:
    amounts = [(11, "2023"), (5, "2024"), (6, "2024")]
    lines = [Line((Decimal(one),), "Связь", (year,), False) for one, year in amounts]
    assert repeated(lines) == []
