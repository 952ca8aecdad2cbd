"""Cells become typed values by the list of fields, or go to quarantine with part, line, field and reason."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Literal

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources.metrica import staging
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import ApiField, load_fields
from municipal_indicators.sources.metrica.log_load import load_log
from municipal_indicators.warehouse import migrations
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.emulators.metrica import MetricaEmulator, tsv
from tests.sources.metrica.conftest import FIRST, LAST, SITE, log_query
from tests.sources.metrica.visit_rows import expected, fetched, published, quarantined


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
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    assert counts.quarantined == 0
    ids = [v.visit_id for v in islice(emulator.visits(SITE, FIRST, LAST), len(odd))]
    arrived = dict(warehouse.rows("SELECT visit_id, parameters FROM core.metrica_visits"))
    odd[2][2] = "***"
    assert [arrived[visit_id] for visit_id in ids] == odd


def test_plain_and_escaped_lines_of_a_block_are_one_part_of_the_table(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.bad_rows = [{"ym:s:regionCity": r"Мценск\\Орёл"}]
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    ((blocks, parts, rows, cities),) = warehouse.rows(
        "SELECT uniqExact(part), uniqExact(_part), count(), groupUniqArray(city) FROM core.metrica_visits"
    )
    assert (parts, rows) == (blocks, counts.loaded)
    assert r"Мценск\Орёл" in cities


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
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    assert counts.quarantined == 1
    ((_, _, line, field, found_reason, masked),) = quarantined(warehouse)
    assert (line, field) == (2, f"ym:s:{name}")
    assert found_reason.endswith(reason)
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
    wanted = log_query().model_copy(update={"fields": fields.names})
    warehouse.command("ALTER TABLE core.metrica_visits ADD COLUMN direct_order Nullable(UInt32)")
    try:
        warehouse.run_script(staging.staging_script(fields) + ";\n")
        counts = load_log(warehouse, fetched(client, tmp_path, wanted), fields)
        arrived = dict(warehouse.rows("SELECT visit_id, direct_order FROM core.metrica_visits"))
    finally:
        warehouse.run_script(staging.staging_script(load_fields("visits")) + ";\n")
        warehouse.command("ALTER TABLE core.metrica_visits DROP COLUMN direct_order")
    ids = [v.visit_id for v in islice(emulator.visits(SITE, FIRST, LAST), 3)]
    assert (counts.quarantined, arrived[ids[0]], arrived[ids[1]], ids[2] in arrived) == (
        1,
        7,
        None,
        False,
    )
    ((*_, field, reason, _),) = quarantined(warehouse)
    assert field == name
    assert reason == "'##########' is not a whole number from 0 to 4294967295"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "ADD COLUMN new_one String",
            r"metrica_visits\.yaml\): nothing fills core\.metrica_visits\.new_one",
        ),
        (
            "MODIFY COLUMN city FixedString(64)",
            "core.metrica_visits.city is filled as String, but that column is FixedString",
        ),
    ],
)
def test_a_list_that_does_not_fit_the_table_is_an_error(
    warehouse: Warehouse, change: str, message: str
) -> None:
    undo = {"ADD": "DROP COLUMN new_one", "MODIFY": "MODIFY COLUMN city LowCardinality(String)"}
    warehouse.command(f"ALTER TABLE core.metrica_visits {change}")
    try:
        with pytest.raises(ConfigurationError, match=message):
            migrations.check_columns(warehouse, staging.staging_scripts())
    finally:
        warehouse.command(f"ALTER TABLE core.metrica_visits {undo[change.split(maxsplit=1)[0]]}")


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
        ("visitDuration", "4294967296", "'##########' is not a whole number from 0 to 4294967295"),
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
        ("date", "0000-00-00", "'0000-00-00' is not a day of the request, 2024-03-01…2024-03-03"),
        ("date", "2024-03-04", "'2024-03-04' is not a day of the request, 2024-03-01…2024-03-03"),
        ("counterID", "7", f"'7' is not the counter ordered, {SITE}"),
        ("bounce", "Иванов Иван", "'***' is neither 0 nor 1"),
        ("bounce", "89990000000", "'###########' is neither 0 nor 1"),
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
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, LAST))
    assert counts == LoadCounts(len(truth), len(truth) - 1, 1, 0)
    ((unit, sheet, line, name, found_reason, row),) = quarantined(warehouse)
    assert (unit, sheet, line, name, found_reason) == (
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
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    assert counts.quarantined == 0
    second = list(emulator.visits(SITE, FIRST, LAST))[1]
    assert warehouse.rows(
        "SELECT counter_user_id_hash, client_id, referer FROM core.metrica_visits WHERE line = 3 AND part = 0"
    ) == [(0, 0, "")]
    assert second.client_id != 0


def test_a_row_with_another_number_of_cells_shifts_nothing(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.wrong_column_rows = 2
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, LAST))
    assert counts == LoadCounts(len(truth), len(truth) - 2, 2, 0)
    assert [row[1:5] for row in quarantined(warehouse)] == [
        ("part 0", 4, "", "20 cells where the heading has 21"),
        ("part 0", 5, "", "20 cells where the heading has 21"),
    ]
    assert published(warehouse) == expected([*truth[:2], *truth[4:]], "Europe/Moscow")


def test_odd_lines_are_counted_and_kept_apart(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    """An empty line, one without its end, a lone CR and invalid UTF-8 must not confuse the counts."""
    prepared = fetched(client, tmp_path, log_query())
    path = next(iter(prepared.parts))[1]
    lines = path.read_bytes().split(b"\n")
    odd = lines[1].replace(b"https://", b"https://\r\xff", 1)
    path.write_bytes(b"\n".join([lines[0], odd, b"", b"\t" * 18, *lines[2:-1], b"cut"]))
    counts = load_log(warehouse, prepared, load_fields("visits"))
    assert counts.delivered == len(list(emulator.visits(SITE, FIRST, LAST))) + 3
    assert counts.quarantined == 3
    assert [row[2] for row in quarantined(warehouse)] == [3, 4, len(lines) + 2]
