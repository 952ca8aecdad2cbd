"""Brings the schema up to ``sql/migrations`` (forward only), ``sql/staging`` and ``sql/core``."""

from __future__ import annotations

import hashlib
import logging
import re
from graphlib import TopologicalSorter
from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.errors import MigrationError
from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

_RECORD = """
CREATE TABLE IF NOT EXISTS ops.schema_migrations
(
    name String COMMENT 'Файл миграции или представления, от папки sql',
    checksum FixedString(64) COMMENT 'SHA-256 его текста',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'Когда применён'
)
ENGINE = MergeTree
ORDER BY (name, applied_at)
COMMENT 'Применённые миграции'
"""


def checksum(path: Path) -> str:
    """SHA-256 of a file's text, blind to the line ends that git may change."""
    return _checksum(path.read_text(encoding="utf-8"))


def _checksum(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def apply_schema(warehouse: Warehouse, sql: Path = settings.SQL) -> list[str]:
    """Apply what is missing; returns the names applied, none when the schema was up to date.

    A killed application is completed by the next one, since every statement of a migration can
    be run twice. Raises MigrationError, naming the file, when an applied migration was edited,
    removed, or a new one stands before the last applied one.
    """
    warehouse.command("CREATE DATABASE IF NOT EXISTS ops")
    warehouse.command(_RECORD)
    recorded = dict(
        warehouse.rows(
            "SELECT name, toString(argMax(checksum, applied_at)) FROM ops.schema_migrations GROUP BY name"
        )
    )
    applied = _migrate(warehouse, sql, recorded)
    applied += _refresh_doors(warehouse, recorded)
    applied += _refresh_views(warehouse, sql, recorded, changed=bool(applied))
    if applied:
        log.info("Schema: applied %s", ", ".join(applied))
    return applied


def _migrate(warehouse: Warehouse, sql: Path, recorded: dict[str, str]) -> list[str]:
    files = {f"migrations/{path.name}": path for path in sorted((sql / "migrations").glob("*.sql"))}
    done = {name: sum_ for name, sum_ in recorded.items() if name.startswith("migrations/")}
    for name, recorded_sum in done.items():
        if name not in files:
            raise MigrationError(
                f"sql/{name} was applied to this warehouse but is gone: restore the file; "
                "to undo it, add a new migration."
            )
        if checksum(files[name]) != recorded_sum:
            raise MigrationError(
                f"sql/{name} was edited after it was applied to this warehouse: restore its text "
                "and put the change into a new migration with the next number."
            )
    last = max(done, default="")
    missing = [name for name in files if name not in done]
    for name in missing:
        if name < last:
            raise MigrationError(
                f"sql/{name} is new but stands before sql/{last}, which is already applied: "
                "give it the next free number."
            )
        warehouse.run_script(files[name].read_text(encoding="utf-8"))
        _note(warehouse, name, checksum(files[name]))
    return missing


def _refresh_doors(warehouse: Warehouse, recorded: dict[str, str]) -> list[str]:
    from municipal_indicators.sources.metrica import staging
    from municipal_indicators.sources.smev import staging as smev_doors

    texts = staging.door_texts() | smev_doors.door_texts()
    stale = {name: text for name, text in texts.items() if recorded.get(name) != _checksum(text)}
    if stale:
        staging.check_columns(warehouse)
    for name, text in stale.items():
        warehouse.run_script(text + ";\n")
        _note(warehouse, name, _checksum(text))
    return list(stale)


def _refresh_views(
    warehouse: Warehouse, sql: Path, recorded: dict[str, str], *, changed: bool
) -> list[str]:
    files = {path.stem: path for path in sorted((sql / "core").glob("*.sql"))}
    stale = [
        stem for stem, path in files.items() if recorded.get(f"core/{path.name}") != checksum(path)
    ]
    if not stale and not changed:
        return []
    texts = {stem: path.read_text(encoding="utf-8") for stem, path in files.items()}
    reads = {
        stem: {
            other
            for other in re.findall(r"\bcore\.(\w+)", text)
            if other in files and other != stem
        }
        for stem, text in texts.items()
    }
    for stem in TopologicalSorter(reads).static_order():
        body = texts[stem].strip().removesuffix(";")
        warehouse.command(f"CREATE OR REPLACE VIEW core.{stem} AS\n{body}")
        _note(warehouse, f"core/{stem}.sql", checksum(files[stem]))
    return [f"core/{stem}.sql" for stem in stale]


def _note(warehouse: Warehouse, name: str, text_sum: str) -> None:
    warehouse.insert("ops.schema_migrations", ["name", "checksum"], [[name, text_sum]])
