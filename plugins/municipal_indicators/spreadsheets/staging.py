"""Writes the SQL that checks and casts the rows of each kind of table.

``sql/staging/described_table.sql`` does it for a kind that a list of columns describes; a kind with
rules of its own has ``sql/staging/<kind>.sql``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from municipal_indicators import settings
from municipal_indicators.spreadsheets.headings import headings_of, no_headings
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.warehouse.templates import literal, render

_FUNCTIONS = "staging/functions.sql"
_DESCRIBED = "described_table.sql"


class _Literals(dict[str, str]):
    """The headings of a kind as SQL literals; a template may ask for one that nobody listed."""

    def __init__(self, kind: str, names: Mapping[str, str]) -> None:
        super().__init__({field: literal(text) for field, text in names.items()})
        self._kind = kind

    def __missing__(self, field: str) -> str:
        raise no_headings(self._kind, [field])


def staging_scripts(kinds: Sequence[TableKind]) -> dict[str, str]:
    """The SQL of the staging tables and views of these kinds, by the name under which it is recorded.

    Raises ConfigurationError for a field without headings.
    """
    known = headings_of({kind.name: kind.needed for kind in kinds})
    scripts = {_FUNCTIONS: render(_FUNCTIONS)}
    for kind, own in zip(kinds, known, strict=True):
        file = settings.SQL / "staging" / f"{kind.name}.sql"
        template = file.name if file.is_file() else _DESCRIBED
        headings = _Literals(kind.name, own.names)
        script = render(f"staging/{template}", kind=kind, headings=headings)
        scripts[f"staging/{template} ({kind.name})"] = script
    return scripts
