"""Loads one log: stages its parts as they are, counts the rows, and publishes each counter day."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from municipal_indicators.errors import IndicatorsError, MetricaError, UnbalancedLoadError
from municipal_indicators.sources.metrica import reload_changes, smaller_answers
from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.days import DAY, Days
from municipal_indicators.sources.metrica.fields import DAY as DAY_COLUMN
from municipal_indicators.sources.metrica.fields import ApiField, FieldList, file_of
from municipal_indicators.sources.metrica.request_ledger import utc
from municipal_indicators.sources.metrica.smaller_answers import SmallerAnswerError
from municipal_indicators.sources.metrica.staging import (
    id_of,
    label_suffix,
    staging_table_of,
    table_of,
)
from municipal_indicators.warehouse.bulk_insert import Block, stage_lines
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import (
    Load,
    LoadCounts,
    Unit,
    begin_loads,
    fail_each,
    fail_loads,
    publish_loads,
)
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

# A block is one insert and one part of the table: larger blocks need fewer merges and more memory.
BLOCK_BYTES = 48 << 20
# The parts together may be a little smaller than the log: what the announced size counts is not documented.
LEAST_SHARE = 0.95
MISSING_FIELD = "missing_field"
IDS_AT_ONCE = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Which of two rows with the same id is kept: the longest state of a visit, any of a hit.
_RANKS = {"visits": "(page_views, visit_duration_seconds)", "hits": "part"}


@dataclass(frozen=True, slots=True)
class PreparedLog:
    """A log that can be downloaded: its query, its parts as files, and when it was requested.

    ``time_zone`` is the counter's, ``settling_days`` the passport's. The parts may be an iterator:
    the next one is downloaded while one is staged. ``size`` is that of the whole log as the API
    announced it, 0 if it did not.
    """

    query: LogQuery
    parts: Iterable[tuple[int, Path]]
    time_zone: str
    requested_at: datetime
    settling_days: int
    size: int = 0

    @property
    def days(self) -> Days:
        """The counter days of the log."""
        return Days(self.query.date1, self.query.date2)

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """The instants at which a counter day begins and is over."""
        zone = ZoneInfo(self.time_zone)
        return datetime.combine(day, time(), zone), datetime.combine(day + DAY, time(), zone)


@dataclass(frozen=True, slots=True)
class LoadedUnit:
    """The unit under which a counter day is loaded, and the published one that readers see now."""

    key: str
    replaces: str | None


def loaded_units(warehouse: Warehouse, prepared: PreparedLog) -> list[LoadedUnit]:
    """The unit of each day of a log, in their order: ``counter/day``.

    A day that is published under another time zone keeps that version beside the new one, since
    hours at its edge may be told by nothing else: the new one is ``counter/day/zone``.
    """
    query = prepared.query
    published: dict[date, list[list[Any]]] = {}
    for day, *version in warehouse.rows(
        """
        SELECT counter_day, unit_key, from_at, until_at FROM ops.metrica_published_days
        WHERE source = {source:String} AND counter_id = {counter:UInt32}
            AND counter_day BETWEEN {first:Date} AND {last:Date}
        ORDER BY published_at DESC
        """,
        {
            "source": query.source,
            "counter": query.counter_id,
            "first": query.date1,
            "last": query.date2,
        },
    ):
        published.setdefault(day, []).append(version)

    def unit_of(day: date) -> LoadedUnit:
        versions, bounds = published.get(day, []), prepared.bounds(day)
        for key, *version in versions:
            if (utc(version[0]), utc(version[1])) == bounds:
                return LoadedUnit(key, key)
        plain = f"{query.counter_id}/{day}"
        if versions:
            return LoadedUnit(f"{plain}/{prepared.time_zone}", versions[0][0])
        return LoadedUnit(plain, None)

    return [unit_of(day) for day in prepared.days]


def load_log(warehouse: Warehouse, prepared: PreparedLog, fields: FieldList) -> LoadCounts:
    """Stage and publish all days of a log at once; the sum of their counts.

    Every requested day is a unit, also a day without rows. Raises SmallerAnswerError where days keep
    their published version, and then the others are published; UnbalancedLoadError or another
    MetricaError, and then no day is.
    """
    load = LogLoad(warehouse, prepared, fields)
    try:
        return load.publish()
    except SmallerAnswerError:
        raise  # Each of its days is closed already.
    except Exception as error:
        # The text of other errors may quote the data, so that only their type is recorded.
        reason = (
            str(error)
            if isinstance(error, IndicatorsError)
            else f"{type(error).__name__} (see the task's log)"
        )
        fail_loads(warehouse, load.loads, reason)
        raise


class LogLoad:
    """One attempt to load a log; it opens one load for each of its days."""

    def __init__(self, warehouse: Warehouse, prepared: PreparedLog, fields: FieldList) -> None:
        self.warehouse = warehouse
        self.prepared = prepared
        self.fields = fields
        self.source = prepared.query.source
        self.units = loaded_units(warehouse, prepared)
        suffix = label_suffix(self.source)
        self.bytes = 0
        self.absent: dict[str, ApiField] = {}
        self.loads = begin_loads(
            warehouse,
            [Unit("metrica", one.key, one.key + suffix, dataset=self.source) for one in self.units],
        )

    def publish(self) -> LoadCounts:
        """Stage, check and publish; the sum of the counts."""
        lines = self._stage()
        self._check_parts(lines)
        self._check_lines(lines)
        self._check_days(sum(lines.values()))
        counts = self._balance()
        replaced = {
            load.load_id: unit.replaces
            for load, unit in zip(self.loads, self.units, strict=True)
            if unit.replaces
        }
        verdict = smaller_answers.judge(self.warehouse, self.source, self.loads, counts, replaced)
        taken = [load for load in self.loads if load.load_id not in verdict.refused]
        if taken:
            self._record_days(taken)
            reload_changes.record_changes(self.warehouse, self.source, taken)
            smaller_answers.record_warnings(self.warehouse, self._warnings(taken, verdict))
            publish_loads(self.warehouse, [(load, counts[load.load_id], "") for load in taken])
        if verdict.refused:
            refused = [load for load in self.loads if load.load_id in verdict.refused]
            fail_each(self.warehouse, [(load, verdict.refused[load.load_id]) for load in refused])
            raise smaller_answers.smaller_answer(self.prepared.query, len(self.loads), verdict)
        return _total(counts.values())

    def _stage(self) -> Counter[int]:
        """Send all parts to the staging table as they are, a few blocks at once; the lines of each."""
        lines: Counter[int] = Counter()

        def blocks() -> Iterator[Block]:
            for number, path in _prefetched(self.prepared.parts):
                lines[number] = 0
                for block in self._blocks_of(number, path):
                    lines[number] += block.lines
                    yield block

        stage_lines(self.warehouse, staging_table_of(self.source), blocks())
        return lines

    def _blocks_of(self, number: int, path: Path) -> Iterator[Block]:
        """One part in blocks of whole lines, each with the context that its rows need."""
        part, size = f"{self.prepared.query}, часть {number}", path.stat().st_size
        if not size:
            raise MetricaError(
                f"{part}: 0 байт, нет даже заголовков. Ничего из выгрузки не опубликовано. Запустите DAG "
                "снова: она будет заказана заново."
            )
        self.bytes += size
        with path.open("rb") as file:
            header = file.readline().removeprefix(_BYTE_ORDER_MARK).removesuffix(b"\n")
            heading = header.decode("utf-8", errors="replace").split("\t")
            places = self.fields.places_of(heading, part)
            context = self._context(number, heading, places)
            for field, place in zip(self.fields.fields, places, strict=True):
                if place > len(heading):
                    self.absent[field.column] = field
            first_line = 2
            # LF is the only line end here. The pieces are not joined: that would copy them.
            while chunk := file.read(BLOCK_BYTES):
                tail = file.readline()
                pieces = [chunk, tail]
                if not (tail or chunk).endswith(b"\n"):
                    pieces.append(b"\n")
                lines = sum(piece.count(b"\n") for piece in pieces)
                progress = f"{part}: {100 * file.tell() // size} %"
                yield Block(pieces, lines, {**context, "first_line": first_line}, progress)
                first_line += lines

    def _context(self, part: int, heading: list[str], places: list[int]) -> dict[str, Any]:
        """What sql/staging/metrica_log.sql has to know of a part."""
        query = self.prepared.query
        return {
            "heading": heading,
            "places": places,
            "width": len(heading),
            "first_day": query.date1,
            "unit_keys": [load.unit.key for load in self.loads],
            "load_ids": [load.load_id for load in self.loads],
            "counter_id": query.counter_id,
            "time_zone": self.prepared.time_zone,
            "part": part,
        }

    def _check_parts(self, lines: Mapping[int, int]) -> None:
        """Raise MetricaError unless the parts are all that the API announced.

        Numbers may have gaps: then only the sizes prove that no part is missing.
        """
        size = self.prepared.size
        if size and not lines:
            raise MetricaError(
                f"{self.prepared.query}: Метрика обещала выгрузку в {size} байт, но не назвала ни одной её "
                "части. Ничего из неё не опубликовано, опубликованные дни остаются. Запустите DAG снова: "
                "она будет заказана заново."
            )

        has_gap = sorted(lines) != list(range(len(lines)))
        if self.bytes < size * LEAST_SHARE or (has_gap and not 0 < size <= self.bytes):
            raise MetricaError(
                f"{self.prepared.query}: Метрика обещала выгрузку в {size or 'неизвестно сколько'} байт, а в "
                f"её частях {', '.join(map(str, sorted(lines)))} только {self.bytes}: одной части нет. "
                "Ничего из неё не опубликовано, опубликованные дни остаются. Запустите DAG снова: она будет "
                "заказана заново."
            )

    def _check_days(self, lines: int) -> None:
        """Raise MetricaError where many rows tell no day: those of the other days would be too few."""
        day = next(field.name for field in self.fields.fields if field.column == DAY_COLUMN)
        lost, reason = self._rows("rows_without_day", self.loads, day=day)[0]
        if lost > lines * smaller_answers.MOST_QUARANTINED:
            raise MetricaError(
                f"{self.prepared.query}: по строкам ({lost} из {lines}) не видно дня, например: {day} "
                f"{reason}. Ничего из выгрузки не опубликовано, опубликованные дни остаются. Если Метрика "
                f"изменила поле, исправьте его в reference/{file_of(self.source).name} и запустите DAG снова."
            )

    def _warnings(
        self, taken: Sequence[Load], verdict: smaller_answers.Verdict
    ) -> Iterator[tuple[Load, str, str]]:
        """What is doubtful in days to publish, and once which marts miss a field, in Russian for BI."""
        for load in taken:
            if text := verdict.doubtful.get(load.load_id):
                yield load, smaller_answers.MANY_QUARANTINED, text
        for field in self.absent.values():
            if field.marts:
                text = (
                    f"Метрика не отдала поле {field.name}: за дни {self.prepared.days} столбец "
                    f"{field.column} витрин {', '.join(field.marts)} не определён"
                )
                log.warning("%s: %s", self.prepared.query, text)
                yield taken[0], MISSING_FIELD, text

    def _check_lines(self, lines: Mapping[int, int]) -> None:
        """Raise UnbalancedLoadError unless every line of every part is a row or in quarantine."""
        found = dict(self._rows("lines_of_parts", self.loads))
        wrong = [
            f"часть {number}: строк {count}, а загружено и в карантине {found.get(f'part {number}', 0)}"
            for number, count in lines.items()
            if found.get(f"part {number}", 0) != count
        ]
        if wrong:
            raise UnbalancedLoadError(
                f"{self.prepared.query}: {'; '.join(wrong)}. Ничего из выгрузки не опубликовано. Запустите "
                "DAG снова; если повторится, проверьте представления sql/staging/metrica_log.sql."
            )

    def _balance(self) -> dict[UUID, LoadCounts]:
        """The counts of each load, after duplicate rows were deleted."""
        counted = self._count_rows()
        distinct = self._count_ids(sum(rows for rows, _ in counted.values()))
        repeated = [
            load for load in self.loads if distinct[load.load_id] != counted[load.load_id][0]
        ]
        left = counted
        if repeated:
            self.warehouse.command(self._sql("delete_duplicates"), self._keys(repeated))
            left = self._count_rows()
        return {
            load.load_id: LoadCounts(
                delivered=sum(counted[load.load_id]),
                loaded=left[load.load_id][0],
                quarantined=counted[load.load_id][1],
                duplicates=counted[load.load_id][0] - distinct[load.load_id],
            )
            for load in self.loads
        }

    def _count_rows(self) -> dict[UUID, tuple[int, int]]:
        """Stored and quarantined rows of each load."""
        found = self._rows("rows_of_loads", self.loads)
        return dict.fromkeys((load.load_id for load in self.loads), (0, 0)) | {
            load_id: (rows, bad) for load_id, rows, bad in found
        }

    def _count_ids(self, rows: int) -> Counter[UUID]:
        """Distinct ids of each load, in shares that fit into memory."""
        shares = 1 + rows // IDS_AT_ONCE
        distinct: Counter[UUID] = Counter()
        for share in range(shares):
            found = self._rows("distinct_ids", self.loads, shares=shares, share=share)
            distinct.update(dict(found))
        return distinct

    def _record_days(self, taken: Sequence[Load]) -> None:
        prepared = self.prepared
        load_ids = {load.load_id for load in taken}
        self.warehouse.insert(
            "core.metrica_days",
            [
                "unit_key",
                "load_id",
                "counter_id",
                "counter_day",
                "time_zone",
                "from_at",
                "until_at",
                "requested_at",
                "source",
                "settling_days",
            ],
            (
                [
                    load.unit.key,
                    load.load_id,
                    prepared.query.counter_id,
                    day,
                    prepared.time_zone,
                    *prepared.bounds(day),
                    prepared.requested_at,
                    self.source,
                    prepared.settling_days,
                ]
                for load, day in zip(self.loads, prepared.days, strict=True)
                if load.load_id in load_ids
            ),
        )

    def _rows(self, name: str, loads: Sequence[Load], **values: object) -> list[tuple[Any, ...]]:
        """The rows of a query in sql/loads, for some of the loads."""
        return self.warehouse.rows(self._sql(name), {**self._keys(loads), **values})

    def _sql(self, name: str) -> str:
        return render(
            f"loads/{name}.sql",
            table=table_of(self.source),
            id=id_of(self.source),
            rank=_RANKS[self.source],
        )

    def _keys(self, loads: Sequence[Load]) -> dict[str, Any]:
        return {
            "keys": [unit.key for unit in self.units],
            "loads": [str(load.load_id) for load in loads],
        }


def _prefetched(parts: Iterable[tuple[int, Path]]) -> Iterator[tuple[int, Path]]:
    """The parts, each fetched while the one before is used: download and staging run in parallel."""
    iterator = iter(parts)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(next, iterator, None)
        while (part := future.result()) is not None:
            future = pool.submit(next, iterator, None)
            yield part


def _total(counts: Iterable[LoadCounts]) -> LoadCounts:
    total = LoadCounts()
    for one in counts:
        total = LoadCounts(
            total.delivered + one.delivered,
            total.loaded + one.loaded,
            total.quarantined + one.quarantined,
            total.duplicates + one.duplicates,
        )
    return total
