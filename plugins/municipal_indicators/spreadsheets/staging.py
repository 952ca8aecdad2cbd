"""Writes the SQL that checks and casts the rows of each kind of table.

``sql/staging/described_table.sql`` does it for a kind that a list of columns describes; a kind with
rules of its own has ``sql/staging/<kind>.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators import settings
from municipal_indicators.spreadsheets.headings import heading_sets
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.warehouse.templates import literal, render

_FUNCTIONS = "staging/functions.sql"
_DESCRIBED = "described_table.sql"


def staging_scripts(kinds: Sequence[TableKind]) -> dict[str, str]:
    """The SQL of the staging tables and views of these kinds, by the name under which it is recorded."""
    known = heading_sets()
    scripts = {_FUNCTIONS: render(_FUNCTIONS)}
    for kind in kinds:
        own = settings.SQL / "staging" / f"{kind.name}.sql"
        template = own.name if own.is_file() else _DESCRIBED
        headings = {field: literal(text) for field, text in known[kind.name].names.items()}
        script = render(f"staging/{template}", kind=kind, headings=headings)
        scripts[f"staging/{template} ({kind.name})"] = script
    return scripts
