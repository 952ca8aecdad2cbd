"""How the Logs API writes values: TabSeparated escapes, array dialects and the CSV-like layer."""

from collections.abc import Iterable
from typing import Literal

Dialect = Literal["A", "B"]

_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "\t": "\\t",
        "\n": "\\n",
        "\r": "\\r",
        "'": "\\'",
        "\0": "\\0",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def escape(text: str) -> str:
    """Escape one value as ClickHouse TabSeparated does (docs/metrica-api.md#parts)."""
    return text.translate(_ESCAPES)


def number_array(values: Iterable[int]) -> str:
    """`[1,2,3]`, the same in both dialects."""
    return f"[{','.join(map(str, values))}]"


def string_array(values: Iterable[str], dialect: Dialect) -> str:
    r"""`['a','o\'k']` in dialect B; dialect A is that text escaped once more."""
    literal = f"[{','.join(_quoted(value) for value in values)}]"
    return literal if dialect == "B" else escape(literal)


def _quoted(value: str) -> str:
    return f"'{value.translate(_ESCAPES)}'"


def gap_array(values: Iterable[str]) -> str:
    """`[,,telegram]`: unquoted, with gaps for unknown steps; `[]` when all are unknown."""
    known = list(values)
    return f"[{','.join(known)}]" if any(known) else "[]"


def quote_cell(cell: str) -> str:
    """Quote a cell that has a double quote as in CSV, and double the inner quotes."""
    return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell


def line(cells: Iterable[str]) -> str:
    """One row with LF at the end."""
    return "\t".join(cells) + "\n"
