"""Big days: written once by the engine, cut into parts of whole lines, streamed from disk."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.emulators.metrica.bulk import Bulk
from tests.emulators.metrica.files import split
from tests.emulators.test_metrica.client import DAY, TOWN, Api, refusal, rows

NAMES = (
    "ym:s:visitID",
    "ym:s:counterID",
    "ym:s:date",
    "ym:s:dateTime",
    "ym:s:startURL",
    "ym:s:pageViews",
    "ym:s:watchIDs",
    "ym:s:parsedParamsKey1",
)
ROWS = 3000


@pytest.fixture
def big(api: Api, tmp_path: Path) -> Iterator[Api]:
    api.emulator.settings.bulk = Bulk(ROWS, tmp_path, part_bytes=100_000)
    yield api
    api.emulator.settings.bulk = None


def test_a_big_day_comes_in_parts_within_both_limits(big: Api) -> None:
    state = big.processed(fields=",".join(NAMES))
    assert len(state["parts"]) > 3
    assert max(part["size"] for part in state["parts"]) <= 100_000
    bodies = [big.part(state["request_id"], part["part_number"]).content for part in state["parts"]]
    assert [len(body) for body in bodies] == [part["size"] for part in state["parts"]]
    assert {tuple(rows(body)[0]) for body in bodies} == {NAMES}
    body = [row for part in bodies for row in rows(part)[1:]]
    assert {len(row) for row in body} == {len(NAMES)}
    assert len({row[0] for row in body}) == ROWS
    assert max(int(row[0]) for row in body) > 2**63
    assert {(row[1], row[2], row[3][:10]) for row in body} == {(str(TOWN), str(DAY), str(DAY))}
    assert {int(row[5]) == row[6].count(",") + 1 for row in body} == {True}
    assert 0 < sum("\\" in row[4] for row in body) < ROWS / 20
    assert any("\\'" in row[7] for row in body)
    big.emulator.settings.rows_per_part = 70
    fewer = big.processed(fields=",".join(NAMES))
    counts = [len(rows(big.part(fewer["request_id"], number).content)) - 1 for number in range(3)]
    assert counts == [70] * 3
    assert len(fewer["parts"]) == -(-ROWS // 70)


def test_a_big_day_is_written_once(tmp_path: Path) -> None:
    bulk = Bulk(10, tmp_path)
    first = bulk.day_file(TOWN, DAY, "visits", NAMES)
    os.utime(first, (0, 0))
    assert bulk.day_file(TOWN, DAY, "visits", NAMES).stat().st_mtime == 0
    other = bulk.day_file(TOWN, DAY + timedelta(1), "visits", NAMES)
    assert sorted(tmp_path.iterdir()) == sorted([first, other])
    whole = first.read_bytes()
    parts = split(first, 1)
    assert [part.body.count(b"\n") for part in parts] == [2] * 10
    assert b"".join(part.body.removeprefix(part.head) for part in parts) == whole
    assert [part.body for part in split(first, len(whole))] == [whole]


def test_a_field_that_big_days_lack_is_refused(big: Api, tmp_path: Path) -> None:
    answer = big.order(fields="ym:s:visitID,ym:s:screenColors")
    assert refusal(answer)[2].endswith("ym:s:screenColors for the source visits")
    with pytest.raises(ValueError, match=r"no field ym:s:screenColors: add it to bulk_visits\.sql"):
        Bulk(1, tmp_path).day_file(TOWN, DAY, "visits", ["ym:s:screenColors"])
