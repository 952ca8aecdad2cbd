"""Loads one arrived file of ``inbox/registers``."""

from __future__ import annotations

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.sources.registers.kinds import (
    BUDGET,
    DEPARTMENTS,
    EVENTS,
    WORKPLACES,
)
from municipal_indicators.spreadsheets.loading import load_tables
from municipal_indicators.warehouse.load_ledger import LoadCounts

KINDS = (WORKPLACES, DEPARTMENTS, EVENTS, BUDGET)


def load_file(task: FileLoad) -> tuple[LoadCounts, str]:
    """Stage all registers of a file; returns the counts and a one-line message.

    Raises FileRejectedError when nothing of the file can be taken.
    """
    return load_tables(task, KINDS)
