"""Keeps closed periods in the warehouse, each also as a file of ``archive/reported/``.

A closing is one JSON document: ``closing``, a row of ``ops.closings``, and the rows of ``TABLES``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from municipal_indicators import settings
from municipal_indicators.closings.periods import Period
from municipal_indicators.errors import IndicatorsError, WarehouseBusyError
from municipal_indicators.inbox import archived, local_files
from municipal_indicators.inbox.local_files import named
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import literal, render

if TYPE_CHECKING:
    from upath import UPath

log = logging.getLogger(__name__)

Document = dict[str, Any]
Rows = list[dict[str, Any]]

TABLES = {
    "values": "ops.closing_values",
    "parts": "ops.closing_parts",
    "funding": "ops.closing_funding",
    "loads": "ops.closing_loads",
}
# What another load or build of the same numbers changes.
_OF_A_RUN = {"computed_at", "load_ids", "sources"}


@dataclass(frozen=True, slots=True)
class Approval:
    """Who closed a period, when (aware), and the reasons of deviation by indicator."""

    closed_by: str
    closed_at: datetime
    reasons: Mapping[str, str]


def read_marts(warehouse: Warehouse, period: Period) -> Document:
    """What the marts say of a period: the rows of ``TABLES``, and ``built_at``.

    Raises WarehouseBusyError where a build was published meanwhile.
    """
    month = literal(period.last_month)
    selects = {
        "values": ("marts.indicators_monthly", f"month <= {month}", "indicator, month"),
        "parts": ("marts.indicator_evidence", f"month = {month}", "indicator, kind, part"),
        "funding": ("marts.programme_funding_yearly", "true", "year"),
    }
    before = warehouse.mappings(render("closings/marts.sql"))[0]
    read: Document = {"built_at": before["built_at"]}
    for name, (mart, condition, order) in selects.items():
        columns = [name for name in warehouse.columns(TABLES[name]) if name != "closing_id"]
        read[name] = warehouse.mappings(
            f"SELECT {', '.join(columns)} FROM {mart} WHERE {condition} ORDER BY {order}"  # noqa: S608
        )
    read["loads"] = warehouse.mappings(render("closings/loads.sql", month=period.last_month))
    if warehouse.mappings(render("closings/marts.sql"))[0]["shown_at"] != before["shown_at"]:
        raise WarehouseBusyError("Витрины опубликованы заново, пока их читали: запустите снова.")
    plain: Document = json.loads(json.dumps(read, default=_plain))
    return plain


def content_of(document: Document, reasons: Mapping[str, str] | None = None) -> str:
    """SHA-256 of the numbers of a period, and of the reasons given; not of who, when, and which loads."""
    said = {
        name: [{key: row[key] for key in row if key not in _OF_A_RUN} for row in document[name]]
        for name in ("values", "parts", "funding")
    }
    text = json.dumps({**said, "reasons": dict(reasons or {})}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def require_free(warehouse: Warehouse, period: Period, version: int, content: str = "") -> bool:
    """Whether the version of a period is still to be closed; False where it is, with that content.

    Raises IndicatorsError where it is closed with another one, or is 2 and there is no version 1.
    """
    closed = {
        number: row
        for number, *row in warehouse.rows(
            "SELECT version, closed_at, closed_by, toString(content) FROM ops.closings "
            "WHERE period = {period:String}",
            {"period": period.name},
        )
    }
    if version in closed:
        at, by, known = closed[version]
        if known == content:
            return False
        raise IndicatorsError(
            f"{period.name} уже закрыт {at:%d.%m.%Y} ({by}) как версия {version} с другими числами или "
            "причинами: отчётное остаётся. "
            + ("Закройте версию 2, уточнённую." if version == 1 else "Третьей версии не бывает.")
        )
    if version == 2 and 1 not in closed:
        raise IndicatorsError(f"Версии 1 для {period.name} ещё нет: закройте сначала её.")
    return True


def keep(
    warehouse: Warehouse, period: Period, version: int, read: Document, approval: Approval
) -> Document:
    """Keep what was read of a period: first as a file, then in the warehouse, where one insert shows it.

    The same once more changes nothing, also after a kill. Returns the row of ``ops.closings``. Raises what
    ``require_free`` raises, IndicatorsError where the archive has another closing under this name, and
    StorageError.
    """
    content = content_of(read, approval.reasons)
    if not require_free(warehouse, period, version, content):
        log.info("%s is closed already as version %d, with the same content.", period.name, version)
        return _closing(warehouse, period, version)
    path = _folder() / f"{period.name}-v{version}.json.gz"
    document = _archived(path) if path.exists() else None
    if document is None:
        closing = {
            "closing_id": str(uuid.uuid4()),
            "period": period.name,
            "period_start": str(period.first),
            "period_end": str(period.last),
            "version": version,
            "closed_at": _plain(approval.closed_at.replace(microsecond=0)),
            "closed_by": approval.closed_by,
            "built_at": read["built_at"],
            "reasons": dict(approval.reasons),
            "content": content,
        }
        document = {"closing": closing, **{name: read[name] for name in TABLES}}
        _archive(path, document)
    elif document["closing"]["content"] != content:
        raise IndicatorsError(
            f"{archived.described()}: там лежит другое закрытие {period.name}, версия {version}: "
            f"reported/{path.name}. Если верно оно, запустите rebuild_from_archive с "
            '{"after_restore": true}; если нет, уберите файл. Затем закройте снова.'
        )
    _put(warehouse, document)
    return _closing(warehouse, period, version)


def restore_closings(warehouse: Warehouse) -> tuple[int, list[str]]:
    """Put into the warehouse what it lacks of ``archive/reported/``: how many, and which files cannot be."""
    restored, broken = 0, []
    with named(archived.described()):
        paths = sorted(_folder().glob("*.json.gz")) if _folder().is_dir() else []
    for path in paths:
        try:
            document = _archived(path)
        except IndicatorsError as error:
            broken.append(str(error))
            continue
        closing = document["closing"]
        if not warehouse.rows(
            "SELECT 1 FROM ops.closings WHERE period = {period:String} AND version = {version:UInt8}",
            {"period": closing["period"], "version": closing["version"]},
        ):
            _put(warehouse, document)
            restored += 1
    return restored, broken


def _put(warehouse: Warehouse, document: Document) -> None:
    """Insert a closing, its own row last; rows that a killed run left are replaced."""
    closing_id = document["closing"]["closing_id"]
    for name, table in TABLES.items():
        of_closing = f"{table} WHERE closing_id = {literal(closing_id)}"
        if warehouse.value(f"SELECT count() FROM {of_closing}"):  # noqa: S608
            warehouse.command(f"DELETE FROM {of_closing}")  # noqa: S608
        _insert(warehouse, table, [{"closing_id": closing_id, **row} for row in document[name]])
    _insert(warehouse, "ops.closings", [document["closing"]])


def _insert(warehouse: Warehouse, table: str, rows: Rows) -> None:
    if rows:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        warehouse.stage_bytes(table, list(rows[0]), [lines.encode()], {}, fmt="JSONEachRow")


def _closing(warehouse: Warehouse, period: Period, version: int) -> Document:
    (row,) = warehouse.mappings(
        f"SELECT * FROM ops.closings WHERE period = {literal(period.name)} AND version = {version}"  # noqa: S608
    )
    return row


def _folder() -> UPath:
    return settings.archive_folder() / "reported"


def keep_document(path: Path) -> None:
    """Keep a copy of a document in ``archive/reported/``. Raises what the archive's disk raises."""
    _write(_folder() / path.name, path.read_bytes())


def _archive(path: UPath, document: Document) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1)
    _write(path, gzip.compress(text.encode(), mtime=0))


def _write(path: UPath, content: bytes) -> None:
    with named(archived.described()):
        if place := archived.local(path):
            local_files.make_folder(place.parent)
            local_files.write_bytes(place, content)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _archived(path: UPath) -> Document:
    with named(archived.described()):
        content = path.read_bytes()
    try:
        document: Document = json.loads(gzip.decompress(content))
        closing = document["closing"]
        is_whole = content_of(document, closing["reasons"]) == closing["content"]
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise IndicatorsError(
            f"{archived.described()}: файл reported/{path.name} повреждён или изменён. Верните его копию."
        )
    return document


def _plain(value: object) -> str:
    """What JSON has no type for, as ClickHouse reads it."""
    if isinstance(value, datetime):
        utc = value.astimezone(UTC) if value.tzinfo else value
        return utc.strftime("%Y-%m-%d %H:%M:%S" + (".%f" if utc.microsecond else ""))
    if isinstance(value, (date, uuid.UUID, Decimal)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no text")
