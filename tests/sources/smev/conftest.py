"""An inbox of SMEV files for tests: put bytes there, load them, read what the views show."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.inbox.file_loads import FileRun, load_new_files
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.sources.smev.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.clock import MOSCOW
from tests.emulators.inbox.envelopes import Kind, message_id

ZONE = "Europe/Moscow"
OURS = "MTSENSK_ADM"
KIND = Kind("urn://x-artefacts-fns-vipul-tosmv-ru/311-14/4.0.5", "FNSVipULRequest")
AT = datetime(2024, 3, 5, 9, 14, 7, tzinfo=MOSCOW)


def request_id(number: int, at: datetime = AT) -> str:
    """The id of the n-th message, whose embedded time is ``at``."""
    return message_id(at, number)


def utc(at: datetime) -> datetime:
    """The same instant as the driver returns it: UTC without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None)


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def gzipped(content: bytes) -> bytes:
    """The content as a .gz."""
    return gzip.compress(content, mtime=0)


@dataclass
class SmevInbox:
    """The folders of one test and the warehouse that its files are loaded into."""

    folder: Path
    archive: Path
    warehouse: Warehouse
    clock: itertools.count[int] = field(default_factory=itertools.count)

    def put(self, name: str, content: bytes) -> None:
        """Let a file arrive, later than those before it and long enough ago not to be watched."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        at = datetime(2024, 4, 1, tzinfo=UTC).timestamp() + next(self.clock)
        os.utime(path, (at, at))

    def load(self, **files: bytes) -> FileRun:
        """Put the files there, the name's last underscore a dot, and load all that waits."""
        for name, content in files.items():
            self.put(".".join(name.rsplit("_", 1)), content)
        return load_new_files(file_source("smev", ZONE, load_file))

    def requests(self, columns: str = "* EXCEPT load_ids") -> list[dict[str, Any]]:
        """The rows of core.smev_requests by message id, without the ids of loads."""
        return self._dicts(f"SELECT {columns} FROM core.smev_requests ORDER BY message_id")

    def request(self) -> dict[str, Any]:
        """The only row of core.smev_requests."""
        (row,) = self.requests()
        return row

    def answers(self) -> list[dict[str, Any]]:
        """The rows of core.smev_answers by message id."""
        return self._dicts("SELECT * FROM core.smev_answers ORDER BY message_id")

    def events(self, columns: str) -> list[tuple[Any, ...]]:
        """Columns of all event rows, in the order of file, member and line."""
        return self.warehouse.rows(
            f"SELECT {columns} FROM core.smev_event_rows ORDER BY unit_key, sheet, line"
        )

    def counts(self) -> list[tuple[Any, ...]]:
        """Status, delivered, loaded, quarantined, duplicates of each load, by file name."""
        return self.warehouse.rows(
            "SELECT status, delivered, loaded, quarantined, duplicates FROM ops.loads ORDER BY unit"
        )

    def quarantine(self) -> list[tuple[Any, ...]]:
        """Sheet, line, field, reason of each quarantined row."""
        return self.warehouse.rows(
            "SELECT sheet, line, field, reason FROM ops.quarantine ORDER BY unit, sheet, line"
        )

    def reasons(self) -> list[str]:
        """The texts beside the rejected files."""
        return [
            path.read_text(encoding="utf-8")
            for path in sorted((self.archive / "rejected").glob("*.reason.txt"))
        ]

    def _dicts(self, sql: str) -> list[dict[str, Any]]:
        result = self.warehouse.client.query(sql)
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]


@pytest.fixture
def smev(places: Path, warehouse: Warehouse) -> SmevInbox:
    """An empty inbox beside an empty warehouse."""
    return SmevInbox(places / "inbox" / "smev", places / "archive", warehouse)
