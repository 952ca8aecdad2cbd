"""Puts given rows into core as a published load would, so that a mart test says only what its case needs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from municipal_indicators import settings
from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
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
# The name that the passport of the tests gives it.
SITE = "Официальный сайт администрации Мценского района"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Given:
    """A warehouse being filled, one published unit a call."""

    warehouse: Warehouse
    passport: Passport
    numbers: count[int] = field(default_factory=lambda: count(1))
    content: dict[str, Any] = field(
        default_factory=lambda: yaml.safe_load(settings.passport_path().read_text(encoding="utf-8"))
    )

    def visits(
        self,
        day: date,
        visits: Sequence[Mapping[str, Any]] = (),
        *,
        counter: int = COUNTER,
        zone: str = "Europe/Moscow",
        requested_at: datetime = NOW,
        settling_days: int = 3,
    ) -> None:
        """Publish a counter's day; a visit needs nothing but what the case is about."""
        load = self._begin("metrica", f"{counter}/{day}", "visits")
        start = self._day(load, "visits", counter, day, zone, requested_at, settling_days)
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

    def site(
        self,
        first: date,
        last: date,
        came: Mapping[date, Collection[int]] | None = None,
        *,
        counter: int = COUNTER,
        without: Iterable[date] = (),
    ) -> None:
        """Publish every day from ``first`` through ``last``, but not the days ``without``.

        On a day of ``came`` each of its visitors came once, on all other days nobody.
        """
        days = [day for day in days_between(first, last) if day not in set(without)]
        keys = [f"{counter}/{day}" for day in days]
        loads = begin_loads(self.warehouse, [Unit("metrica", key, key, "visits") for key in keys])
        covered = [
            self._covered(load, "visits", counter, day, "Europe/Moscow", NOW)
            for load, day in zip(loads, days, strict=True)
        ]
        visits = [
            {
                "unit_key": load.unit.key,
                "load_id": load.load_id,
                "counter_id": counter,
                "started_at": row["from_at"],
                "visit_id": next(self.numbers),
                "counter_user_id_hash": visitor,
                "page_views": 1,
            }
            for load, day, row in zip(loads, days, covered, strict=True)
            for visitor in (came or {}).get(day, ())
        ]
        self._insert("core.metrica_days", covered)
        self._insert("core.metrica_visits", visits)
        counts = [len((came or {}).get(day, ())) for day in days]
        publish_loads(
            self.warehouse,
            [(load, LoadCounts(n, n), "") for load, n in zip(loads, counts, strict=True)],
        )

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

    def requests(self, counts: Mapping[date, int]) -> None:
        """Publish a file of SMEV: so many requests to us, sent on these days."""
        rows = [
            request(sent_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
            for day, number in counts.items()
            for _ in range(number)
        ]
        self.table("smev", "core.smev_event_rows", rows)

    def smev_speaks(self, day: date) -> None:
        """Publish a message of a day that is no request to us: SMEV reaches the day, nothing is counted."""
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        self.table("smev", "core.smev_event_rows", [request(sent_at=at, is_test=True)])

    def events(self, *days: date) -> None:
        """Publish a register of one event a day."""
        rows = [{"held_on": day, "title": f"Семинар {day}"} for day in days]
        self.table("registers", "core.event_rows", rows, "events")

    def workplaces(self, as_of: date, on_edms: int, of: int) -> None:
        """Publish a register of workplaces, the first ``on_edms`` of them on the document system."""
        rows = [
            {
                "as_of": as_of,
                "number": str(number),
                "has_pc": True,
                "has_protection": True,
                "has_edms": number < on_edms,
            }
            for number in range(of)
        ]
        self.table("registers", "core.workplace_rows", rows, "workplaces")

    def catalogue(self, exported: date, *first_days: date) -> None:
        """Publish a catalogue with the date of its export: an electronic municipal service a first day."""
        at = datetime(exported.year, exported.month, exported.day, 9, tzinfo=UTC)
        rows = [
            {
                "file_at": at,
                "is_dated": True,
                "service_code": str(number),
                "service_name": f"Услуга {number}",
                "level": "муниципальная",
                "is_electronic": True,
                "valid_from": first_day,
                "valid_to": None,
            }
            for number, first_day in enumerate(first_days, start=1)
        ]
        self.table("gosuslugi", "core.service_catalogue_rows", rows, "catalogue")

    def change_passport(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the passport by its content as YAML gives it; changes add up."""
        change(self.content)
        self.passport = Passport.model_validate(self.content)

    def change_indicator(self, code: str, **values: Any) -> None:
        """Give an indicator of the passport these values; None removes one."""

        def change(content: dict[str, Any]) -> None:
            for number, indicator in enumerate(content["indicators"]):
                if indicator["code"] == code:
                    merged = {**indicator, **values}
                    content["indicators"][number] = {
                        key: value for key, value in merged.items() if value is not None
                    }

        self.change_passport(change)

    def change_targets(self, code: str, targets: Mapping[int, float]) -> None:
        """Give an indicator these targets in every edition of the passport."""

        def change(content: dict[str, Any]) -> None:
            for edition in content["editions"]:
                edition["targets"][code] = dict(targets)

        self.change_passport(change)

    def indicator(self, code: str, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
        """These columns of an indicator, month by month."""
        return self.select(
            f"SELECT {columns} FROM marts.indicators_monthly"
            f" WHERE indicator = '{code}' AND {where} ORDER BY month"
        )

    def build(self, *marts: str, now: datetime = NOW) -> None:
        """Build and publish these marts, or all of them where none is named, as of ``now``."""
        built = build_marts(self.warehouse, self.passport, now, marts or None)
        publish_marts(self.warehouse, built.id)

    def freshness(self, read_at: datetime) -> list[dict[str, Any]]:
        """The rows of ``marts.data_freshness`` as whoever reads them at an instant sees them."""
        query: str = self.warehouse.value(
            "SELECT as_select FROM system.tables WHERE database = 'marts' AND name = 'data_freshness'"
        )
        clock = "now('UTC')"
        assert clock in query
        at = f"toDateTime({read_at.timestamp():.0f}, 'UTC')"
        return self.warehouse.mappings(query.replace(clock, at))

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
        settling_days: int = 3,
    ) -> datetime:
        """Note a counter's day as loaded; the instant at which it begins."""
        row = self._covered(load, source, counter, day, zone, requested_at)
        row["settling_days"] = settling_days
        self._insert("core.metrica_days", [row])
        start: datetime = row["from_at"]
        return start

    @staticmethod
    def _covered(
        load: Load, source: str, counter: int, day: date, zone: str, requested_at: datetime
    ) -> dict[str, Any]:
        following = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
        return {
            "unit_key": load.unit.key,
            "load_id": load.load_id,
            "counter_id": counter,
            "counter_day": day,
            "time_zone": zone,
            "from_at": datetime.combine(day, datetime.min.time(), ZoneInfo(zone)),
            "until_at": following,
            "requested_at": requested_at,
            "source": source,
        }

    def _begin(self, source: str, key: str, dataset: str = "") -> Load:
        label = f"{key}/{dataset}" if dataset == "hits" else key
        return begin_loads(self.warehouse, [Unit(source, key, label, dataset)])[0]

    def _publish(self, load: Load, rows: int) -> None:
        publish_loads(self.warehouse, [(load, LoadCounts(rows, rows), "")])

    def _rows(self, table: str, load: Load, rows: Sequence[Mapping[str, Any]]) -> None:
        self._insert(
            table,
            [{"unit_key": load.unit.key, "load_id": load.load_id, **row} for row in rows],
        )

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            columns = list(rows[0])
            self.warehouse.insert(
                table, columns, [[row[column] for column in columns] for row in rows]
            )


def days_between(first: date, last: date) -> list[date]:
    """The days of a span, both ends inclusive."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


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
