"""Loads one arrived file of ``inbox/gosuslugi``."""

from __future__ import annotations

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.sources.gosuslugi.applications import APPLICATIONS
from municipal_indicators.sources.gosuslugi.catalogues import CATALOGUE
from municipal_indicators.spreadsheets.loading import load_tables
from municipal_indicators.warehouse.load_ledger import LoadCounts

KINDS = (APPLICATIONS, CATALOGUE)


def load_file(task: FileLoad) -> tuple[LoadCounts, str]:
    """Stage all registers and catalogues of a file; returns the counts and a one-line message.

    Raises FileRejectedError when nothing of the file can be taken.
    """
    return load_tables(task, KINDS)
