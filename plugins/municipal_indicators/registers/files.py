"""Loads one arrived file of ``inbox/registers``."""

from __future__ import annotations

from municipal_indicators.file_loads import FileLoad
from municipal_indicators.loads import Books
from municipal_indicators.registers.kinds import BUDGET, DEPARTMENTS, EVENTS, WORKPLACES
from municipal_indicators.tables.loading import load_tables

KINDS = (WORKPLACES, DEPARTMENTS, EVENTS, BUDGET)


def load_file(task: FileLoad) -> tuple[Books, str]:
    """Stage all registers of a file; returns the books and a one-line message.

    Raises FileRejectedError when nothing of the file can be taken.
    """
    return load_tables(task, KINDS)
