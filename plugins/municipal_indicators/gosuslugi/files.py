"""Loads one arrived file of ``inbox/gosuslugi``."""

from __future__ import annotations

from municipal_indicators.file_loads import FileLoad
from municipal_indicators.gosuslugi.applications import APPLICATIONS
from municipal_indicators.gosuslugi.catalogues import CATALOGUE
from municipal_indicators.loads import Books
from municipal_indicators.tables.loading import load_tables

KINDS = (APPLICATIONS, CATALOGUE)


def load_file(task: FileLoad) -> tuple[Books, str]:
    """Stage all registers and catalogues of a file; returns the books and a one-line message.

    Raises FileRejectedError when nothing of the file can be taken.
    """
    return load_tables(task, KINDS)
