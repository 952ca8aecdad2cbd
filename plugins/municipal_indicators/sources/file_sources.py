"""File sources for their runs; a heavy import, so that DAG files import it only inside tasks."""

from __future__ import annotations

from municipal_indicators.inbox.file_loads import FileSource, Loader
from municipal_indicators.sources import source
from municipal_indicators.sources.schema import apply_schema


def file_source(
    name: str,
    time_zone: str,
    load_file: Loader | None = None,
) -> FileSource:
    """A source of the list by its name; ``load_file`` replaces that of its package."""
    loader = load_file or source(name).module("files").load_file
    return FileSource(name, loader, time_zone, apply_schema)
