"""Codes of services that lost their leading zeros."""

from __future__ import annotations

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.doubts import joined
from municipal_indicators.spreadsheets.kinds import Note
from municipal_indicators.warehouse.templates import render


def lost_zeros(task: FileLoad) -> list[Note]:
    """A warning of codes that differ by leading zeros only, in the load or from published ones."""
    rows = task.warehouse.rows(render("loads/lost_zeros.sql"), task.parameters())
    texts = [f"codes differ by leading zeros only: {codes}" for (codes,) in rows]
    return joined("lost_zeros", texts)
