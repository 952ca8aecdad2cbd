"""The ways to load a day of visits, each run in a process of its own: `python -m bench.ways WAY`.

The task is JSON on standard input; the measure is written as JSON to the file named last. A way prepares
all it needs, connections and tables too, and returns what to time and how to check the result.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.measuring import cpu_seconds, peak_megabytes
from bench.task import OURS, TABLE, Task, VisitsMeasure

PANDAS_ROWS = 100_000
LIST_ROWS = 200_000
LIST_BATCH = 50_000
PUBLISHED = (
    f"(SELECT * FROM {OURS} WHERE (unit_key, load_id) IN"
    " (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica'))"
)

Query = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is timed, and the one value of a query over the table that it fills."""

    load: Callable[[], object]
    value: Query
    table: str = TABLE
    api_names: bool = False
    clean: Callable[[], object] = lambda: None


def describe(task: Task) -> dict[str, Any]:
    """Columns and sorting key of our table, for the tables of the other ways."""
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import open_warehouse

    database, table = OURS.split(".")
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        found = warehouse.rows(
            "SELECT name, type FROM system.columns WHERE database = {d:String} AND table = {t:String}"
            " ORDER BY position",
            {"d": database, "t": table},
        )
        key = warehouse.value(
            "SELECT sorting_key FROM system.tables WHERE database = {d:String} AND name = {t:String}",
            {"d": database, "t": table},
        )
    return {"columns": found, "order_by": key}


def ours(task: Task) -> Prepared:
    """Our load task, from the first byte of the prepared request to publication."""
    from municipal_indicators.sources.metrica.site_load import SiteLoad
    from municipal_indicators.sources.metrica.site_plan import SitePlan
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        apply_schema(warehouse)
    site = SitePlan(
        name="bench",
        counter_id=task.counter_id,
        source="visits",
        attribution="CROSS_DEVICE_LAST_SIGNIFICANT",
        fields=tuple(field.name for field in task.fields),
        time_zone=task.time_zone,
        settling_days=3,
        begun_at=datetime.now(UTC),
        spans=((task.date, task.date),),
    )
    load = SiteLoad(site.model_dump(mode="json"), "metrica_default", "bench")
    acquired = load.requests.acquire(load.queries[0])
    assert acquired
    while not load.client.log_request(task.counter_id, acquired.request.request_id).is_processed:
        pass

    request = load.client.log_request(task.counter_id, acquired.request.request_id)
    opened = ExitStack()
    warehouse = opened.enter_context(open_warehouse())
    return Prepared(
        lambda: load.publish(warehouse, load.queries[0], request, acquired.ordered_at),
        warehouse.value,
        PUBLISHED,
        clean=opened.close,
    )


def infile(task: Task) -> Prepared:
    """The engine alone: a typed `INSERT … FROM INFILE` of the file on the local disk."""
    client = _engine(task)
    client.command(task.create_table(api_names=True))
    sql = f"INSERT INTO {TABLE} FROM INFILE '{task.file}' FORMAT TabSeparatedWithNames"
    return Prepared(lambda: client.command(sql), _value(client), api_names=True)


def file(task: Task) -> Prepared:
    """The engine alone: a typed `INSERT … SELECT FROM file()` of the file on the local disk."""
    client = _engine(task)
    client.command(task.create_table())
    columns = ", ".join(field.column for field in task.loaded)
    names = ", ".join(f"`{field.name}`" for field in task.loaded)
    structure = task.structure().replace("'", "\\'")
    sql = (
        f"INSERT INTO {TABLE} ({columns}) SELECT {names}"
        f" FROM file('{task.file}', 'TabSeparatedWithNames', '{structure}')"
    )
    return Prepared(lambda: client.command(sql), _value(client))


def pandas(task: Task) -> Prepared:
    """`requests` → `pandas.read_csv` in chunks → `insert_df`."""
    import pandas as pd

    client = _engine(task)
    client.command(task.create_table())
    download = _Download(task)
    kinds = {"String": "str", "Bool": "uint8", "DateTime": "str"}
    dtypes = {f.name: kinds.get(f.type, f.type.lower()) for f in task.loaded}
    arrays = [field.column for field in task.loaded if field.type.startswith("Array")]
    dtypes |= {field.name: "str" for field in task.loaded if field.column in arrays}
    names = {field.name: field.column for field in task.loaded}

    def load() -> None:
        for body in download.bodies():
            for frame in pd.read_csv(
                body,
                sep="\t",
                quoting=csv.QUOTE_NONE,
                lineterminator="\n",
                keep_default_na=False,
                usecols=list(names),
                dtype=dtypes,
                chunksize=PANDAS_ROWS,
            ):
                frame = frame.rename(columns=names)  # noqa: PLW2901
                for field in task.loaded:
                    if field.type == "DateTime":
                        times = pd.to_datetime(frame[field.column], format="%Y-%m-%d %H:%M:%S")
                        frame[field.column] = times.dt.tz_localize(task.time_zone)
                    elif field.column in arrays:
                        frame[field.column] = frame[field.column].map(_array)
                client.insert_df(TABLE, frame)

    return Prepared(load, _value(client), clean=download.clean)


def lists(task: Task) -> Prepared:
    """`requests` → rows of Python values → `insert`, in batches; only the first rows of a big day."""
    client = _engine(task)
    client.command(task.create_table())
    download = _Download(task)
    zone = ZoneInfo(task.time_zone)
    casts: dict[str, Callable[[str], Any]] = {
        "String": str,
        "Bool": lambda cell: cell == "1",
        "DateTime": lambda cell: datetime.fromisoformat(cell).replace(tzinfo=zone).astimezone(UTC),
    }
    casts |= {field.type: _array for field in task.loaded if field.type.startswith("Array")}
    columns = [field.column for field in task.loaded]

    def rows() -> Iterator[list[Any]]:
        for body in download.bodies():
            lines = io.TextIOWrapper(body, encoding="utf-8", newline="\n")
            heading = next(lines).rstrip("\n").split("\t")
            taken = [(heading.index(f.name), casts.get(f.type, int)) for f in task.loaded]
            for line in lines:
                cells = line.rstrip("\n").split("\t")
                yield [cast(cells[place]) for place, cast in taken]

    def load() -> None:
        batch: list[list[Any]] = []
        for number, row in enumerate(rows(), start=1):
            batch.append(row)
            if len(batch) == LIST_BATCH:
                client.insert(TABLE, batch, column_names=columns)
                batch = []
            if number == LIST_ROWS:
                break
        if batch:
            client.insert(TABLE, batch, column_names=columns)

    return Prepared(load, _value(client), clean=download.clean)


WAYS: dict[str, Callable[[Task], Prepared]] = {
    "ours": ours,
    "infile": infile,
    "file": file,
    "pandas": pandas,
    "lists": lists,
}


class _Download:
    """A processed request, as a plain script orders and reads it."""

    def __init__(self, task: Task) -> None:
        import requests

        self._session = requests.Session()
        self._session.headers["Authorization"] = f"OAuth {task.token}"
        self._counter = f"{task.url}/management/v1/counter/{task.counter_id}"
        query = {"date1": task.day, "date2": task.day, "source": "visits"}
        query["fields"] = ",".join(field.name for field in task.fields)
        answer = self._session.post(f"{self._counter}/logrequests", params=query, timeout=60)
        answer.raise_for_status()
        state = answer.json()["log_request"]
        self._request = f"{self._counter}/logrequest/{state['request_id']}"
        while state["status"] != "processed":
            state = self._session.get(self._request, timeout=600).json()["log_request"]
        self._numbers = [part["part_number"] for part in state["parts"]]

    def bodies(self) -> Iterator[Any]:
        """Each part as an open binary file."""
        for number in self._numbers:
            url = f"{self._request}/part/{number}/download"
            with self._session.get(url, stream=True, timeout=60) as response:
                response.raise_for_status()
                response.raw.decode_content = True
                # urllib3 closes its file at the end of the body, which some readers do not accept.
                response.raw.auto_close = False
                yield response.raw

    def clean(self) -> None:
        """Give the storage back."""
        self._session.post(f"{self._request}/clean", timeout=60).raise_for_status()


@lru_cache(maxsize=1000)
def _array(cell: str) -> list[Any]:
    return list(literal_eval(cell))


def _engine(task: Task) -> Any:
    import clickhouse_connect

    return clickhouse_connect.get_client(interface="chdb", path=task.warehouse)


def _value(client: Any) -> Query:
    return lambda sql: client.query(sql).result_rows[0][0]


def measure(way: str, task: Task) -> VisitsMeasure:
    """Run a way and look at what it stored."""
    prepared = WAYS[way](task)
    cpu, started = cpu_seconds(), time.perf_counter()
    prepared.load()
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    peak = peak_megabytes()
    cells = ", ".join(
        f"`{field.name if prepared.api_names else field.column}`" for field in task.compared
    )
    rows, fingerprint = prepared.value(
        f"SELECT (count(), groupBitXor(cityHash64({cells}))) FROM {prepared.table}"
    )
    prepared.clean()
    return VisitsMeasure(way, rows, seconds, cpu, peak, fingerprint)


def main() -> None:
    """VisitsMeasure the way named first; or say what our table looks like."""
    way, target = sys.argv[1:]
    task = Task.from_json(sys.stdin.read())
    answer = describe(task) if way == "describe" else asdict(measure(way, task))
    Path(target).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
