"""An inbox for tests of file loaders: put files there, load them, look at what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from municipal_indicators.inbox.file_loads import FileRun, Loader, load_new_files
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import write_file

ZONE = "Europe/Moscow"
MODIFIED = datetime(2024, 3, 5, 9, 0)  # noqa: DTZ001 - a naive time is Moscow's here


@dataclass
class Arrivals:
    """The folders of one test and the warehouse that its files are loaded into."""

    source: str
    places: Path
    warehouse: Warehouse
    loader: Loader
    count: int = 0

    def put(self, name: str, content: bytes, modified: datetime | None = None) -> Path:
        """A file in the inbox, dated one minute after the one before unless said."""
        self.count += 1
        stamp = modified or MODIFIED + timedelta(minutes=self.count)
        return write_file(self.places / "inbox" / self.source / name, content, stamp)

    def load(self) -> FileRun:
        """Load everything new."""
        return load_new_files(file_source(self.source, ZONE, self.loader))

    def take(self, name: str, content: bytes, modified: datetime | None = None) -> FileRun:
        """Put one file and load it."""
        self.put(name, content, modified)
        return self.load()

    def rows(self, columns: str, table: str, order: str = "line") -> list[tuple[Any, ...]]:
        """Columns of the published rows of a core table."""
        return self.warehouse.rows(
            f"SELECT {columns} FROM {table} WHERE (unit_key, load_id) IN "
            f"(SELECT unit_key, load_id FROM ops.published) ORDER BY {order}"
        )

    def quarantine(self) -> list[tuple[Any, ...]]:
        """Sheet, line, field and reason of all quarantined rows."""
        return self.warehouse.rows(
            "SELECT sheet, line, field, reason FROM ops.quarantine ORDER BY unit, sheet, line"
        )

    def counts(self) -> list[tuple[Any, ...]]:
        """Status, delivered, loaded, quarantined, duplicates of all attempts, oldest first."""
        return self.warehouse.rows(
            "SELECT status, delivered, loaded, quarantined, duplicates FROM ops.loads "
            "ORDER BY started_at, unit"
        )

    def message(self) -> str:
        """The message of the latest attempt."""
        return str(
            self.warehouse.value(
                "SELECT message FROM ops.load_events ORDER BY at DESC LIMIT 1",
            )
        )

    def reasons(self) -> str:
        """All reason files beside rejected files."""
        folder = self.places / "archive" / "rejected"
        return "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.reason.txt")))

    def everything(self) -> str:
        """All that the warehouse, the archive's names and the reason files hold, as one text."""
        texts = [self.reasons()]
        texts += [path.name for path in (self.places / "archive").rglob("*")]
        for (table,) in self.warehouse.rows(
            "SELECT database || '.' || name FROM system.tables WHERE engine LIKE '%MergeTree' "
            "AND database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')"
        ):
            texts += [str(row) for row in self.warehouse.rows(f"SELECT * FROM {table}")]
        return "\n".join(texts)


def grid_csv(*rows: Sequence[str]) -> bytes:
    """Rows as a CSV with semicolons in UTF-8, without any quoting."""
    return "".join(";".join(row) + "\r\n" for row in rows).encode()
