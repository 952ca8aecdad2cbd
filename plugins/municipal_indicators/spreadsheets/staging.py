"""Writes the SQL that checks and casts the rows of each kind of table: ``sql/staging/<kind>.sql``."""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators.spreadsheets.headings import heading_sets
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.warehouse.templates import literal, render

_FUNCTIONS = "staging/functions.sql"


def staging_scripts(kinds: Sequence[TableKind]) -> dict[str, str]:
    """The SQL of the staging tables and views of these kinds, by the name under which it is recorded."""
    known = heading_sets()
    scripts = {_FUNCTIONS: render(_FUNCTIONS)}
    for kind in kinds:
        name = f"staging/{kind.name}.sql"
        headings = {field: literal(text) for field, text in known[kind.name].names.items()}
        scripts[name] = render(name, kind=kind, headings=headings)
    return scripts
