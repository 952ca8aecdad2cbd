"""What arrives in the warehouse: exact values, books, quarantine, zones, repeated loads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.errors import BooksDoNotBalanceError, ConfigurationError, MetricaError
from municipal_indicators.loads import Books
from municipal_indicators.metrica import doors, logs
from municipal_indicators.metrica.client import LogOrder, MetricaClient
from municipal_indicators.metrica.fields import ApiField, load_fields
from municipal_indicators.metrica.logs import PreparedLog, load_log
from municipal_indicators.warehouse import Warehouse
from tests.emulators.metrica import MetricaEmulator, Visit, tsv
from tests.metrica.conftest import FAR_SITE, FIRST, LAST, SITE, order

REQUESTED = datetime(2024, 3, 9, 1, tzinfo=UTC)
COLUMNS = (
    "visit_id, counter_id, started_at, counter_user_id_hash, client_id, is_new_user, is_bounce, page_views, "
    "visit_duration_seconds, start_url, end_url, referer, traffic_source, search_engine, device, "
    "operating_system, browser, city, goals, parameters"
)


def expected(found: Iterable[Visit], zone: str) -> list[tuple[Any, ...]]:
    """Visits as the warehouse should hold them, told from the emulator's truth."""

    def masked(url: str) -> str:
        return url.replace("ivan.petrov@mail.example", "***").replace("79990000000", "***")

    return sorted(
        (
            v.visit_id,
            v.counter_id,
            v.started.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None),
            v.user_hash,
            v.client_id,
            bool(v.is_new_user),
            bool(v.bounce),
            v.page_views,
            v.duration,
            masked(v.start_url),
            masked(v.end_url),
            masked(v.referer),
            v.lastsign_source,
            v.lastsign_search_engine_root,
            v.device,
            v.operating_system_root,
            v.browser,
            v.visitor.place.city,
            [goal for goal, _ in v.goals],
            list(v.parameters[:1]),
        )
        for v in found
    )


def published(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    rows = warehouse.rows(
        f"""
        SELECT {COLUMNS} FROM core.metrica_visits
        WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
        """
    )
    return sorted((*row[:2], row[2].replace(tzinfo=None), *row[3:]) for row in rows)


def fetched(
    client: MetricaClient, folder: Path, wanted: LogOrder, zone: str = "Europe/Moscow"
) -> PreparedLog:
    request = client.create(wanted)
    assert request
    while not request.is_processed:
        request = client.log_request(wanted.counter_id, request.request_id)
    parts = []
    for part in sorted(request.parts, key=lambda part: part.part_number):
        path = folder / f"{request.request_id}.{part.part_number}.tsv"
        client.download(request, part, path)
        parts.append((part.part_number, path))
    client.clean(request)
    return PreparedLog(wanted, parts, zone, REQUESTED)


def quarantined(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "SELECT unit, sheet, line, field, reason, masked_row FROM ops.quarantine ORDER BY sheet, line"
    )


@pytest.mark.parametrize("csv_quotes", [False, True])
@pytest.mark.parametrize("reversed_columns", [False, True])
@pytest.mark.parametrize("dialect", ["A", "B"])
def test_visits_arrive_exactly(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    csv_quotes: bool,
    reversed_columns: bool,
    dialect: Literal["A", "B"],
) -> None:
    emulator.settings.dialect = dialect
    emulator.settings.csv_quotes = csv_quotes
    emulator.settings.parts_per_request = 3
    emulator.faults.reversed_columns = reversed_columns
    emulator.faults.byte_order_mark = reversed_columns
    last = date(2024, 4, 30)
    books = load_log(warehouse, fetched(client, tmp_path, order(last=last)), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, last))
    assert published(warehouse) == expected(truth, "Europe/Moscow")
    assert books == Books(len(truth), len(truth))
    # The sample would prove nothing without what it is meant to prove.
    assert max(v.visit_id for v in truth) > 2**63
    assert max(v.user_hash for v in truth) > 2**63
    assert min(v.user_hash for v in truth) == 0
    urls = "".join(v.start_url + v.end_url + v.referer for v in truth)
    assert all(odd in urls for odd in "\t\n\r\\\"'\u2028@")
    assert {len(v.goals) for v in truth} >= {0, 1, 2}


@pytest.mark.parametrize("dialect", ["A", "B"])
@pytest.mark.parametrize("csv_quotes", [False, True])
def test_texts_of_arrays_arrive_exactly(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    dialect: Literal["A", "B"],
    csv_quotes: bool,
) -> None:
    odd = [
        [],
        ["o'k", 'файл "Устав"', "a\\b", "", "a','b", "[1]"],
        ["таб\tстрока\nконец\r", "\u2028", "ivan@mail.example", "\\", "'"],
    ]
    cells = [tsv.string_array(texts, dialect) for texts in odd]
    emulator.faults.bad_rows = [
        {"ym:s:parsedParamsKey1": tsv.quote_cell(cell) if csv_quotes else cell} for cell in cells
    ]
    books = load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    assert books.quarantined == 0
    ids = [v.visit_id for v in islice(emulator.visits(SITE, FIRST, LAST), len(odd))]
    arrived = dict(warehouse.rows("SELECT visit_id, parameters FROM core.metrica_visits"))
    odd[2][2] = "***"
    assert [arrived[visit_id] for visit_id in ids] == odd


@pytest.mark.parametrize(
    ("name", "cell", "reason"),
    [
        ("goalsID", "[1,x]", "is not a list of numbers as [1,2], each from 0 to 4294967295"),
        ("goalsID", "[4294967296]", "is not a list of numbers as [1,2], each from 0 to 4294967295"),
        ("goalsID", "1", "is not a list of numbers as [1,2], each from 0 to 4294967295"),
        ("parsedParamsKey1", "['a", "is not a list of texts as ['a','b']"),
        ("parsedParamsKey1", "['a'b']", "is not a list of texts as ['a','b']"),
    ],
)
def test_a_list_that_cannot_be_read_goes_to_quarantine(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    name: str,
    cell: str,
    reason: str,
) -> None:
    emulator.faults.bad_rows = [{f"ym:s:{name}": cell}]
    books = load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    assert books.quarantined == 1
    ((_, _, line, field, told, masked),) = quarantined(warehouse)
    assert (line, field) == (2, f"ym:s:{name}")
    assert told.endswith(reason)
    assert "'a" not in masked


def test_a_new_field_is_a_line_and_a_column_and_may_be_empty(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    name = "ym:s:lastsignDirectClickOrder"
    added = ApiField(
        name=name, column="direct_order", type="Nullable(UInt32)", required=False, purpose="ads"
    )
    fields = load_fields("visits")
    fields = fields.model_copy(update={"fields": (*fields.fields, added)})
    emulator.faults.bad_rows = [{name: "7"}, {name: ""}, {name: "4294967296"}]
    wanted = order().model_copy(update={"fields": fields.names})
    warehouse.command("ALTER TABLE core.metrica_visits ADD COLUMN direct_order Nullable(UInt32)")
    try:
        warehouse.run_script(doors.door_text(fields) + ";\n")
        books = load_log(warehouse, fetched(client, tmp_path, wanted), fields)
        arrived = dict(warehouse.rows("SELECT visit_id, direct_order FROM core.metrica_visits"))
    finally:
        warehouse.run_script(doors.door_text(load_fields("visits")) + ";\n")
        warehouse.command("ALTER TABLE core.metrica_visits DROP COLUMN direct_order")
    ids = [v.visit_id for v in islice(emulator.visits(SITE, FIRST, LAST), 3)]
    assert (books.quarantined, arrived[ids[0]], arrived[ids[1]], ids[2] in arrived) == (
        1,
        7,
        None,
        False,
    )
    ((*_, field, reason, _),) = quarantined(warehouse)
    assert field == name
    assert reason == "'4294967296' is not a whole number from 0 to 4294967295"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ADD COLUMN new_one String", "names no field for core.metrica_visits.new_one"),
        (
            "MODIFY COLUMN city FixedString(64)",
            "ym:s:regionCity arrives in core.metrica_visits.city as String, but that column is FixedString",
        ),
    ],
)
def test_a_list_that_does_not_fit_the_table_is_told(
    warehouse: Warehouse, change: str, told: str
) -> None:
    undo = {"ADD": "DROP COLUMN new_one", "MODIFY": "MODIFY COLUMN city LowCardinality(String)"}
    warehouse.command(f"ALTER TABLE core.metrica_visits {change}")
    try:
        with pytest.raises(ConfigurationError, match=told):
            doors.check_columns(warehouse)
    finally:
        warehouse.command(f"ALTER TABLE core.metrica_visits {undo[change.split(maxsplit=1)[0]]}")


def test_what_a_reload_changed_is_noted_and_makes_the_settling_curve(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = emulator.today - timedelta(days=1)
    wanted = order(day, day)
    early = list(emulator.visits(SITE, day, day))
    prepared = fetched(client, tmp_path, wanted)
    at = datetime.combine(day, time(21), UTC)
    fields = load_fields("visits")
    load_log(warehouse, replace(prepared, requested_at=at + timedelta(hours=3)), fields)
    assert warehouse.rows("SELECT * FROM ops.metrica_reloads") == []
    monkeypatch.setattr(emulator, "clock", lambda: at + timedelta(days=5))
    settled = list(emulator.visits(SITE, day, day))
    again = fetched(client, tmp_path, wanted)
    load_log(warehouse, replace(again, requested_at=at + timedelta(hours=100)), fields)
    before, after = ({v.visit_id: v for v in found} for found in (early, settled))
    added = len(after.keys() - before.keys())
    changed = sum(before[key] != after[key] for key in before)
    assert added > 0 < changed
    assert warehouse.rows(
        "SELECT * EXCEPT (load_id, previous_load_id) FROM ops.metrica_reloads"
    ) == [(SITE, "visits", day, 3, 100, len(early), len(settled), 0, added, changed)]
    assert warehouse.rows("SELECT * FROM ops.metrica_settling") == [
        (SITE, "visits", 0, 1, len(settled), 0, added, changed, (added + changed) / len(settled))
    ]


def test_every_day_is_a_unit_with_its_books(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    counts = [len(list(emulator.visits(SITE, day, day))) for day in (FIRST, date(2024, 3, 2), LAST)]
    assert warehouse.rows(
        "SELECT unit, status, delivered, loaded, quarantined, duplicates FROM ops.loads ORDER BY unit"
    ) == [
        (f"{SITE}/2024-03-0{number}", "published", count, count, 0, 0)
        for number, count in enumerate(counts, start=1)
    ]
    moscow = ZoneInfo("Europe/Moscow")
    days = warehouse.rows(
        "SELECT counter_id, counter_day, from_at, until_at, requested_at FROM core.site_days"
    )
    assert [row[:2] for row in sorted(days)] == [(SITE, date(2024, 3, n)) for n in (1, 2, 3)]
    begin, end, requested = (moment.replace(tzinfo=UTC) for moment in sorted(days)[0][2:])
    assert begin == datetime(2024, 3, 1, tzinfo=moscow)
    assert end == datetime(2024, 3, 2, tzinfo=moscow)
    assert requested == REQUESTED


def test_loading_again_publishes_the_same_and_a_changed_day_replaces_the_old(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    prepared = fetched(client, tmp_path, order())
    load_log(warehouse, prepared, load_fields("visits"))
    before = published(warehouse)
    load_log(warehouse, prepared, load_fields("visits"))
    assert published(warehouse) == before
    assert warehouse.value("SELECT count() FROM core.metrica_visits") == 2 * len(before)
    number, path = prepared.parts[0]
    head, body = path.read_bytes().split(b"\n", 1)
    path.write_bytes(head + b"\n" + body.split(b"\n", 1)[1])
    load_log(
        warehouse,
        replace(prepared, parts=[(number, path), *prepared.parts[1:]]),
        load_fields("visits"),
    )
    assert len(published(warehouse)) == len(before) - 1


def test_days_of_another_zone_keep_their_instants(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    zone = "Asia/Vladivostok"
    wanted = order(counter_id=FAR_SITE)
    load_log(warehouse, fetched(client, tmp_path, wanted, zone), load_fields("visits"))
    assert published(warehouse) == expected(emulator.visits(FAR_SITE, FIRST, LAST), zone)
    begin = warehouse.value("SELECT min(from_at) FROM core.site_days")
    assert begin.replace(tzinfo=UTC) == datetime(2024, 2, 29, 14, tzinfo=UTC)


@pytest.mark.parametrize("fault", ["empty_parts", "header_only"])
def test_days_without_visits_are_published_too(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    fault: str,
) -> None:
    setattr(emulator.faults, fault, True)
    assert load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits")) == Books()
    assert warehouse.value("SELECT count() FROM core.site_days") == 3


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("bounce", "300", "'300' is neither 0 nor 1"),
        ("isNewUser", "2", "'2' is neither 0 nor 1"),
        (
            "visitID",
            "18446744073709551616",
            "'18446744073709551616' is not a whole number from 0 to 18446744073709551615",
        ),
        ("visitID", "", "'' is not a whole number from 0 to 18446744073709551615"),
        ("clientID", "-1", "'-1' is not a whole number from 0 to 18446744073709551615"),
        ("counterUserIDHash", "1e5", "'1e5' is not a whole number from 0 to 18446744073709551615"),
        ("pageViews", "-1", "'-1' is not a whole number from 0 to 2147483647"),
        ("pageViews", "", "'' is not a whole number from 0 to 2147483647"),
        ("visitDuration", "4294967296", "'4294967296' is not a whole number from 0 to 4294967295"),
        (
            "dateTime",
            "0000-00-00 00:00:00",
            "'0000-00-00 00:00:00' is not a time as YYYY-MM-DD hh:mm:ss",
        ),
        (
            "dateTime",
            "2024-02-30 10:00:00",
            "'2024-02-30 10:00:00' is not a time as YYYY-MM-DD hh:mm:ss",
        ),
        ("date", "0000-00-00", "'0000-00-00' is not a day of the order, 2024-03-01…2024-03-03"),
        ("date", "2024-03-04", "'2024-03-04' is not a day of the order, 2024-03-01…2024-03-03"),
        ("counterID", "7", f"'7' is not the counter ordered, {SITE}"),
        ("bounce", "Иванов Иван", "'***' is neither 0 nor 1"),
        ("bounce", "89990000000", "'***' is neither 0 nor 1"),
    ],
)
def test_a_value_that_does_not_fit_goes_to_quarantine(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    field: str,
    value: str,
    reason: str,
) -> None:
    emulator.faults.bad_values = {f"ym:s:{field}": value}
    books = load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, LAST))
    assert books == Books(len(truth), len(truth) - 1, 1, 0)
    ((unit, sheet, line, named, told, row),) = quarantined(warehouse)
    assert (unit, sheet, line, named, told) == (
        f"{SITE}/2024-03-01",
        "part 0",
        2,
        f"ym:s:{field}",
        reason,
    )
    assert "http" not in row
    assert "Иван" not in row
    assert "89990000000" not in row
    assert published(warehouse) == expected(truth[1:], "Europe/Moscow")


def test_an_empty_value_is_null_only_where_that_is_legal(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.empty_fields = {"ym:s:counterUserIDHash", "ym:s:clientID", "ym:s:referer"}
    books = load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    assert books.quarantined == 0
    second = list(emulator.visits(SITE, FIRST, LAST))[1]
    assert warehouse.rows(
        "SELECT counter_user_id_hash, client_id, referer FROM core.metrica_visits WHERE line = 3 AND part = 0"
    ) == [(0, 0, "")]
    assert second.client_id != 0


def test_a_row_with_another_number_of_cells_shifts_nothing(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.wrong_column_rows = 2
    books = load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, LAST))
    assert books == Books(len(truth), len(truth) - 2, 2, 0)
    assert [row[1:5] for row in quarantined(warehouse)] == [
        ("part 0", 4, "", "20 cells where the heading has 21"),
        ("part 0", 5, "", "20 cells where the heading has 21"),
    ]
    assert published(warehouse) == expected([*truth[:2], *truth[4:]], "Europe/Moscow")


def test_odd_lines_are_counted_and_kept_apart(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    """An empty line, one without its end, a lone CR and invalid UTF-8 must not confuse the books."""
    prepared = fetched(client, tmp_path, order())
    path = prepared.parts[0][1]
    lines = path.read_bytes().split(b"\n")
    odd = lines[1].replace(b"https://", b"https://\r\xff", 1)
    path.write_bytes(b"\n".join([lines[0], odd, b"", b"\t" * 18, *lines[2:-1], b"cut"]))
    books = load_log(warehouse, prepared, load_fields("visits"))
    assert books.delivered == len(list(emulator.visits(SITE, FIRST, LAST))) + 3
    assert books.quarantined == 3
    assert [row[2] for row in quarantined(warehouse)] == [3, 4, len(lines) + 2]


def test_a_visit_that_comes_twice_is_kept_once(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.duplicate_rows = 4
    books = load_log(warehouse, fetched(client, tmp_path, order()), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, LAST))
    assert books == Books(len(truth) + 4, len(truth), 0, 4)
    assert published(warehouse) == expected(truth, "Europe/Moscow")
    assert (
        warehouse.value("SELECT sum(delivered - loaded - quarantined - duplicates) FROM ops.loads")
        == 0
    )


def test_of_two_states_of_a_visit_the_longer_is_kept(
    client: MetricaClient, warehouse: Warehouse, tmp_path: Path
) -> None:
    prepared = fetched(client, tmp_path, order(last=FIRST))
    path = prepared.parts[0][1]
    names = path.read_bytes().split(b"\n")[0].split(b"\t")
    row = path.read_bytes().split(b"\n")[1].split(b"\t")
    row[names.index(b"ym:s:pageViews")] = b"99"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n" + b"\t".join(row) + b"\n", 1))
    assert load_log(warehouse, prepared, load_fields("visits")).duplicates == 1
    assert warehouse.value("SELECT max(page_views) FROM core.metrica_visits") == 99


def test_blocks_of_whole_lines_keep_line_numbers(
    client: MetricaClient,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "BLOCK_BYTES", 700)
    prepared = fetched(client, tmp_path, order(last=FIRST))
    books = load_log(warehouse, prepared, load_fields("visits"))
    for number, path in prepared.parts:
        ids = [int(line.split(b"\t")[0]) for line in path.read_bytes().split(b"\n")[1:-1]]
        found = warehouse.rows(
            "SELECT visit_id FROM core.metrica_visits WHERE part = {part:UInt32} ORDER BY line",
            {"part": number},
        )
        assert [row[0] for row in found] == ids
    assert books.loaded == warehouse.value("SELECT count() FROM core.metrica_visits")


def test_a_lost_line_is_noticed_and_nothing_is_published(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.bad_values = {"ym:s:bounce": "300"}
    prepared = fetched(client, tmp_path, order())
    warehouse.command("DROP VIEW staging.metrica_visits_quarantining")
    try:
        with pytest.raises(BooksDoNotBalanceError, match=r"part 0: \d+ lines, but \d+ loaded"):
            load_log(warehouse, prepared, load_fields("visits"))
    finally:
        for text in doors.door_texts().values():
            warehouse.run_script(text + ";\n")
    assert published(warehouse) == []
    assert set(warehouse.rows("SELECT status, position(message, 'part 0') > 0 FROM ops.loads")) == {
        ("failed", 1)
    }
    load_log(warehouse, prepared, load_fields("visits"))
    assert len(quarantined(warehouse)) == 1


def test_a_part_with_a_heading_that_does_not_fit_publishes_nothing(
    client: MetricaClient, warehouse: Warehouse, tmp_path: Path
) -> None:
    prepared = fetched(client, tmp_path, order())
    path = prepared.parts[1][1]
    path.write_bytes(path.read_bytes().replace(b"ym:s:visitID", b"ym:s:visitNumber", 1))
    with pytest.raises(
        MetricaError, match=r"part 1: the heading does not fit.*missing ym:s:visitID"
    ):
        load_log(warehouse, prepared, load_fields("visits"))
    assert published(warehouse) == []
    assert warehouse.value("SELECT count() FROM core.site_visits") == 0
