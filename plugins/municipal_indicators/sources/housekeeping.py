"""Removes what is kept too long and nothing published needs: loads, ledgers, archive, logs of Airflow."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from municipal_indicators import settings
from municipal_indicators.inbox import archived
from municipal_indicators.inbox.local_files import named
from municipal_indicators.sources import SOURCES
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import Unit
from municipal_indicators.warehouse.retention import sweep_ledgers, sweep_loads
from municipal_indicators.warehouse.templates import render

if TYPE_CHECKING:
    from upath import UPath

log = logging.getLogger(__name__)


def keep_warehouse(
    warehouse: Warehouse, now: datetime | None = None, *, dry_run: bool = False
) -> dict[str, int]:
    """Sweep loads and ledgers, see ``warehouse.retention``; returns how many loads and entries."""
    return {
        "loads": sweep_loads(warehouse, now, dry_run=dry_run),
        "ledger_entries": sweep_ledgers(warehouse, now, dry_run=dry_run),
    }


def keep_archive(
    warehouse: Warehouse, now: datetime | None = None, *, dry_run: bool = False
) -> dict[str, int]:
    """Bring the archive in line with what is published; returns how many files each step is about.

    Contents that were withdrawn go to ``archive/withdrawn``; there and in ``archive/rejected`` files stay
    for ``keep_rejected_days``. Contents from before there were notes are noted. A published content never
    leaves: without it nothing could be rebuilt. Those that are missing are logged. Raises StorageError.
    """
    before = (now or datetime.now(UTC)) - settings.kept_days("rejected")
    done = dict.fromkeys(("withdrawn", "noted", "deleted", "missing"), 0)
    for source in SOURCES:
        if source.has_files:
            _keep_source(warehouse, source.name, done, dry_run)
    with named(archived.described()):
        for name in archived.ASIDE:
            old = archived.old_files(settings.archive_folder() / name, before)
            done["deleted"] += _delete(old, dry_run)
    return done


def keep_airflow_logs(now: datetime | None = None, *, dry_run: bool = False) -> int:
    """Delete logs of Airflow's tasks older than ``keep_airflow_logs_days``; returns their number.

    Raises StorageError.
    """
    before = ((now or datetime.now(UTC)) - settings.kept_days("airflow_logs")).timestamp()
    folder = settings.airflow_logs()
    with named(f"журналы Airflow в {folder}"):
        files = (path for path in sorted(folder.rglob("*"), reverse=True) if path.is_file())
        count = _delete((path for path in files if path.lstat().st_mtime < before), dry_run)
        for place in sorted(folder.rglob("*"), reverse=True):
            if not dry_run and place.is_dir() and place.lstat().st_mtime < before:
                _remove_empty(place)
    return count


def _keep_source(warehouse: Warehouse, source: str, done: dict[str, int], dry_run: bool) -> None:
    known = {
        key: (label, modified_at.replace(tzinfo=UTC), size, is_published)
        for key, label, modified_at, size, is_published in warehouse.rows(
            render("loads/files_of_source.sql"), {"source": source}
        )
    }
    contents = {one.unit.key: one for one in archived.contents(source)}
    for key, (label, modified_at, size, is_published) in known.items():
        unit, content = Unit(source, key, label), contents.get(key)
        if not is_published:
            done["withdrawn"] += bool(content)
            if content and not dry_run:
                archived.set_aside(content)
        elif content is None:
            done["missing"] += 1
            log.warning("%s is published, but its content %s is not in the archive.", label, key)
        elif not archived.is_noted(unit):
            done["noted"] += 1
            if not dry_run:
                archived.note(unit, modified_at, size)
    with named(archived.described()):
        done["deleted"] += _delete(archived.notes_without_content(source), dry_run)


def _delete(paths: Iterable[Path | UPath], dry_run: bool) -> int:
    count = 0
    for path in paths:
        count += 1
        if not dry_run:
            path.unlink(missing_ok=True)
    return count


def _remove_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
