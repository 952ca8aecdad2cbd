"""Puts given rows into core as a published load would, so that a mart test says only what its case needs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from municipal_indicators.marts.build import build_marts
from municipal_indicators.reference.passport import Passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import (
    Load,
    LoadCounts,
    Unit,
    begin_loads,
    publish_loads,
)

COUNTER = 12345678
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Given:
    """A warehouse being filled, one published unit a call."""

    warehouse: Warehouse
    passport: Passport
    numbers: count[int] = field(default_factory=lambda: count(1))

    def visits(
        self,
        day: date,
        visits: Sequence[Mapping[str, Any]] = (),
        *,
        counter: int = COUNTER,
        zone: str = "Europe/Moscow",
        requested_at: datetime = NOW,
    ) -> None:
        """Publish a counter's day; a visit needs nothing but what the case is about."""
        load = self._begin("metrica", f"{counter}/{day}", "visits")
        start = self._day(load, "visits", counter, day, zone, requested_at)
        defaults = {
            "counter_id": counter,
            "started_at": start,
            "counter_user_id_hash": 1,
            "page_views": 1,
        }
        self._rows(
            "core.metrica_visits",
            load,
            [{**defaults, "visit_id": next(self.numbers), **v} for v in visits],
        )
        self._publish(load, len(visits))

    def hits(
        self,
        day: date,
        hits: Sequence[Mapping[str, Any]] = (),
        *,
        counter: int = COUNTER,
        zone: str = "Europe/Moscow",
        requested_at: datetime = NOW,
    ) -> None:
        """Publish a counter's day of events; each is a page view of one visitor unless told otherwise."""
        load = self._begin("metrica", f"{counter}/{day}", "hits")
        start = self._day(load, "hits", counter, day, zone, requested_at)
        defaults = {
            "counter_id": counter,
            "happened_at": start,
            "counter_user_id_hash": 1,
            "client_id": 1,
            "is_page_view": True,
            "is_download": False,
            "url": "",
        }
        self._rows(
            "core.metrica_hits",
            load,
            [{**defaults, "watch_id": next(self.numbers), **h} for h in hits],
        )
        self._publish(load, len(hits))

    def table(
        self, source: str, table: str, rows: Sequence[Mapping[str, Any]], kind: str = ""
    ) -> None:
        """Publish one file's rows of a core table."""
        load = self._begin(source, f"file-{next(self.numbers)}")
        defaults = {} if table == "core.smev_event_rows" else {"file_at": NOW}
        self._rows(table, load, [{**defaults, "line": next(self.numbers), **row} for row in rows])
        if kind:
            self._rows("core.loaded_tables", load, [{"kind": kind}])
        self._publish(load, len(rows))

    def applications(self, *rows: Mapping[str, Any]) -> None:
        """Publish one register of applications."""
        self.table("gosuslugi", "core.service_application_rows", rows, "applications")

    def build(self, *marts: str, now: datetime = NOW) -> None:
        """Build these marts, or all of them where none is named, as of ``now``."""
        build_marts(self.warehouse, self.passport, now, marts or None)

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.warehouse.rows(sql)

    def _day(
        self,
        load: Load,
        source: str,
        counter: int,
        day: date,
        zone: str,
        requested_at: datetime,
    ) -> datetime:
        """Note a counter's day as loaded; the instant at which it begins."""
        start = datetime.combine(day, datetime.min.time(), ZoneInfo(zone))
        following = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
        row = {
            "counter_id": counter,
            "counter_day": day,
            "time_zone": zone,
            "from_at": start,
            "until_at": following,
            "requested_at": requested_at,
            "source": source,
        }
        self._rows("core.metrica_days", load, [row])
        return start

    def _begin(self, source: str, key: str, dataset: str = "") -> Load:
        label = f"{key}/{dataset}" if dataset == "hits" else key
        return begin_loads(self.warehouse, [Unit(source, key, label, dataset)])[0]

    def _publish(self, load: Load, rows: int) -> None:
        publish_loads(self.warehouse, [(load, LoadCounts(rows, rows), "")])

    def _rows(self, table: str, load: Load, rows: Sequence[Mapping[str, Any]]) -> None:
        full = [{"unit_key": load.unit.key, "load_id": load.load_id, **row} for row in rows]
        if full:
            columns = list(full[0])
            self.warehouse.insert(
                table, columns, [[row[column] for column in columns] for row in full]
            )


def request(message_id: str | None = None, **values: Any) -> dict[str, Any]:
    """A received SMEV request as an event row, addressed to us."""
    return {
        "format": "envelope",
        "operation": "GetRequestResponse",
        "direction": "in",
        "message_type": "REQUEST",
        "message_id": message_id or str(uuid.uuid1()),
        "sender": "EXMP01",
        "recipient": "MTSENSK_ADM",
        "namespace": "urn://example-ru/spravka/1.0.0",
        "is_test": False,
        **values,
    }


def application(number: str, **values: Any) -> dict[str, Any]:
    """An application's row in a register: filed by ЕПГУ on 2024-03-01, in work, without a term."""
    filed = values.get("filed_on", date(2024, 3, 1))
    return {
        "sheet": "",
        "file_at": NOW,
        "portal": "",
        "application_key": number,
        "service_code": "100",
        "service_name": "Выдача справки",
        "filed_on": filed,
        "channel": "ЕПГУ",
        "status_group": "in_progress",
        "status_at": datetime.combine(filed, datetime.min.time(), UTC),
        "finished_on": None,
        "due_on": None,
        "due_working_days": None,
        "rating": None,
        **values,
    }


def decided(number: str, day: date, **values: Any) -> dict[str, Any]:
    """An application that was provided on a day."""
    at = datetime.combine(day, datetime.min.time(), UTC)
    return application(
        number, **{"status_group": "provided", "status_at": at, "finished_on": day, **values}
    )
