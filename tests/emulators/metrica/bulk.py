"""Bulk mode: days with millions of rows, generated once by ClickHouse and then streamed from disk."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
QUERIES = {source: Path(__file__).with_name(f"bulk_{source}.sql") for source in ("visits",)}
_NAME = re.compile(r'AS "(ym:\w+:\w+)"')


@dataclass(frozen=True, slots=True)
class Bulk:
    """Every day of every counter has `rows` rows; their files are stored in `folder`.

    A part holds at most `part_bytes`; Settings.rows_per_part limits it further.
    """

    rows: int
    folder: Path = REPOSITORY / "build" / "bench"
    part_bytes: int = 256 << 20

    def day_file(self, counter_id: int, day: date, source: str, fields: Sequence[str]) -> Path:
        """The file of a day with its heading, generated if it does not exist yet.

        The columns are in the order of `fields`. The rows are the same each time, but not their
        order. Raises ValueError for a field that bulk days do not have.
        """
        if unknown := self.unknown(source, fields):
            raise ValueError(
                f"Bulk days have no field {unknown}: add it to {QUERIES[source].name}."
            )
        query = _query(source, fields)
        values: dict[str, str | int] = {"rows": self.rows, "counter": counter_id, "day": str(day)}
        key = hashlib.blake2b(json.dumps([query, values]).encode(), digest_size=6).hexdigest()
        path = self.folder / f"metrica-{source}-{counter_id}-{day}-{self.rows}-{key}.tsv"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(query, values, path)
        return path

    @staticmethod
    def unknown(source: str, fields: Iterable[str]) -> str | None:
        """The first field that bulk days do not have."""
        known = (
            _NAME.findall(QUERIES[source].read_text(encoding="utf-8")) if source in QUERIES else ()
        )
        return next((field for field in fields if field not in known), None)


def _query(source: str, fields: Sequence[str]) -> str:
    columns = ", ".join(f'"{field}"' for field in fields)
    inner = QUERIES[source].read_text(encoding="utf-8").strip()
    return f"SELECT {columns} FROM\n(\n{inner}\n)"


def _write(query: str, values: dict[str, str | int], path: Path) -> None:
    # In another process: an engine in this one would stop the caller from opening its own.
    unfinished = path.with_suffix(f".{os.getpid()}")
    task = json.dumps({"query": query, "values": values, "path": str(unfinished)})
    try:
        subprocess.run(
            [sys.executable, "-P", __file__], input=task, cwd=REPOSITORY, check=True, text=True
        )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _main() -> None:
    """Run the query from the input and write a file."""
    import chdb

    task = json.loads(sys.stdin.read())
    target = task["path"].replace("\\", "\\\\").replace("'", "\\'")
    chdb.query(  # type: ignore[no-untyped-call]
        f"INSERT INTO FUNCTION file('{target}', 'TabSeparatedWithNames')\n{task['query']}",
        params=task["values"],
    )


if __name__ == "__main__":
    _main()
