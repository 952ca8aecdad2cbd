"""The front itself: what of ClickHouse's HTTP interface it answers as a server does."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import clickhouse_connect
import lz4.frame  # type: ignore[import-untyped]
import pytest
import requests
from backports import zstd
from clickhouse_connect.driver.client import Client

from municipal_indicators.settings import REPOSITORY
from tests.emulators.clickhouse import ClickHouseFront
from tests.emulators.clickhouse.statements import first_word, insert_with_data, output_format
from tests.warehouse.server.conftest import PASSWORD

NUMBERS = 100_000


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseFront]:
    """A front where `default` may do everything."""
    folder = tmp_path_factory.mktemp("plain")
    with ClickHouseFront(folder / "warehouse", password=PASSWORD) as running:
        yield running


@pytest.fixture
def client(plain: ClickHouseFront) -> Iterator[Client]:
    opened = connect(plain)
    yield opened
    opened.close()


def connect(plain: ClickHouseFront, **options: Any) -> Client:
    opened: Client = clickhouse_connect.get_client(
        host="127.0.0.1", port=plain.port, username="default", password=PASSWORD, **options
    )
    return opened


def ask(plain: ClickHouseFront, body: bytes | str = b"", **parameters: str) -> requests.Response:
    login = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": PASSWORD}
    return requests.post(plain.url, body, params=parameters, headers=login, timeout=60)


def test_ping_needs_no_login(plain: ClickHouseFront) -> None:
    answer = requests.get(plain.url + "/ping", timeout=60)
    assert (answer.status_code, answer.text) == (HTTPStatus.OK, "Ok.\n")


def test_an_answer_has_the_headers_of_a_server(plain: ClickHouseFront) -> None:
    answer = ask(plain, "SELECT 1 AS a", query_id="mine", default_format="JSONEachRow")
    assert answer.text == '{"a":1}\n'
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"]
    assert answer.headers["Content-Type"].startswith("application/json")
    whole = ask(plain, "SELECT 1 AS a", wait_end_of_query="1")
    assert json.loads(whole.headers["X-ClickHouse-Summary"])["read_rows"] == "1"


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("SELECT nothing", 404, 47),
        ("SELECT * FROM no.table", 404, 81),
        ("SELEC 1", 400, 62),
        ("SELECT toUInt8('x')", 400, 6),
        ("SELECT throwIf(1)", 500, 395),
    ],
)
def test_errors_have_status_code_and_text(
    plain: ClickHouseFront, statement: str, status: int, code: int
) -> None:
    answer = ask(plain, statement)
    assert answer.status_code == status
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "(version 26." in answer.text


@pytest.mark.parametrize("way", ["none", "basic", "headers", "parameters"])
def test_a_wrong_password_is_516_whatever_the_way(plain: ClickHouseFront, way: str) -> None:
    answer = requests.get(
        plain.url,
        params={
            "query": "SELECT 1",
            **({"user": "a", "password": "b"} if way == "parameters" else {}),
        },
        auth=("default", "wrong") if way == "basic" else None,
        headers={"X-ClickHouse-User": "default", "X-ClickHouse-Key": "b"}
        if way == "headers"
        else {},
        timeout=60,
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
    right = requests.get(
        plain.url,
        params={"query": "SELECT 1", "user": "default", "password": PASSWORD},
        timeout=60,
    )
    assert right.text == "1\n"


def test_a_get_reads_only(plain: ClickHouseFront) -> None:
    answer = requests.get(
        plain.url,
        params={"query": "CREATE TABLE mine (a Int64) ENGINE = Memory"},
        auth=("default", PASSWORD),
        timeout=60,
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_a_session_keeps_its_tables_and_settings_but_not_those_of_a_request(client: Client) -> None:
    assert client.command("SELECT getSetting('max_threads')", settings={"max_threads": 3}) == 3
    client.command("SET max_threads = 7")
    assert client.command("SELECT getSetting('max_threads')", settings={"max_threads": 3}) == 3
    assert client.command("SELECT getSetting('max_threads')") == 7
    client.command("CREATE TEMPORARY TABLE mine (a Int64)")
    client.insert("mine", [[1], [2]], column_names=["a"])
    assert client.query("SELECT sum(a) FROM mine").result_rows == [(3,)]
    assert client.query("SELECT a FROM mine LIMIT 0").column_names == ("a",)


def test_sessions_do_not_see_each_other(plain: ClickHouseFront, client: Client) -> None:
    client.command("CREATE TEMPORARY TABLE own (a Int64)")
    assert ask(plain, "SELECT 1 FROM own", session_id="another").status_code == 404
    unknown = ask(plain, "SELECT 1", session_id="never seen", session_check="1")
    assert unknown.headers["X-ClickHouse-Exception-Code"] == "372"


@pytest.mark.parametrize("compression", [None, "gzip", "lz4", "zstd"])
def test_inserts_and_answers_in_all_compressions(
    plain: ClickHouseFront, compression: str | None
) -> None:
    client = connect(plain, compress=compression or False)
    client.command("CREATE TEMPORARY TABLE mine (a Int64, b String)")
    client.insert("mine", [[i, "é" * (i % 9)] for i in range(NUMBERS)], column_names=["a", "b"])
    found = client.query("SELECT a, b FROM mine ORDER BY a")
    assert found.row_count == NUMBERS
    assert found.result_rows[8] == (8, "é" * 8)
    with client.query_row_block_stream("SELECT a FROM mine") as blocks:
        assert sum(row[0] for block in blocks for row in block) == sum(range(NUMBERS))
    text = b"".join(b"%d\tx\n" % i for i in range(NUMBERS))
    packed = {None: bytes, "gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstd.compress}
    body = packed[compression](text)
    client.raw_insert("mine", ["a", "b"], body, fmt="TabSeparated", compression=compression)
    chunks = (body[at : at + 10_000] for at in range(0, len(body), 10_000))
    client.raw_insert("mine", ["a", "b"], chunks, fmt="TabSeparated", compression=compression)
    assert client.command("SELECT count() FROM mine") == 3 * NUMBERS
    client.close()


def test_a_streamed_insert_is_one_block(client: Client) -> None:
    client.command("CREATE TABLE block_target (a Int64, place UInt64) ENGINE = Memory")
    client.command("CREATE TABLE block_door (a Int64) ENGINE = Null")
    client.command(
        "CREATE MATERIALIZED VIEW block_view TO block_target AS "
        "SELECT a, rowNumberInBlock() AS place FROM block_door"
    )
    settings = {"input_format_parallel_parsing": 0, "max_insert_block_size": 4_000_000}
    lines = (b"%d\n" % i for i in range(NUMBERS))
    client.raw_insert("block_door", ["a"], lines, fmt="TabSeparated", settings=settings)
    assert client.command("SELECT countIf(a = place) FROM block_target") == NUMBERS


def test_parameters_in_url_and_form(client: Client, plain: ClickHouseFront) -> None:
    text = "tab\there, \\ and ' and é"
    assert client.query("SELECT {a:String}", parameters={"a": text}).result_rows == [(text,)]
    many = client.query("SELECT length({a:Array(String)})", parameters={"a": ["x" * 50] * 2000})
    assert many.result_rows == [(2000,)]
    forms = connect(plain, form_encode_query_params=True)
    assert forms.query("SELECT {a:String}", parameters={"a": text}).result_rows == [(text,)]
    forms.close()


def test_kinds_of_statements_are_distinguished() -> None:
    columns = ", ".join(f"column_{number}" for number in range(300))
    assert insert_with_data(f"INSERT INTO a.b ({columns}) VALUES (1)".encode()) is None
    assert insert_with_data(b"INSERT INTO t SELECT 1 FORMAT TSV") is None
    found = insert_with_data(
        b"-- x\nINSERT INTO `a`.b (`c d`, e) SETTINGS s = ' FORMAT y' FORMAT Native\n\x00"
    )
    assert found is not None
    assert (found.format, found.data) == ("Native", b"\x00")
    assert found.statement.endswith("SETTINGS s = ' FORMAT y'")
    assert first_word(b"/* SELECT */ -- x\n (with 1 AS a SELECT a)") == b"WITH"
    assert output_format(b"SELECT 1 FORMAT JSON;\n", "TSV") == "JSON"
    assert output_format(b"SELECT ' FORMAT JSON'", "TSV") == "TSV"


def test_the_command_line_serves_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.emulators.clickhouse", "--path", str(tmp_path / "w")]
    first = subprocess.Popen(
        [*command, "--until-stdin-ends"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    assert first.stdin is not None
    try:
        assert first.stdout.readline().startswith("ClickHouse 26.")
        second = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert "is held by another process" in second.stdout
    finally:
        first.stdin.close()
        assert first.wait(60) == 0
        first.stdout.close()
    unknown = subprocess.run(
        [*command, "--identity", "nobody"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert unknown.returncode == 1
    assert "only loader, bi, auditor" in unknown.stdout
