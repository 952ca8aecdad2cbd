"""Files whose rows, columns or bytes are not as they should be."""

import pytest

from tests.emulators.metrica import day_visits
from tests.emulators.metrica.visits import unfinished
from tests.emulators.test_metrica.client import DAY, FIELDS, TOWN, Api, rows

PAGE_VIEWS, DURATION = FIELDS.index("ym:s:pageViews"), FIELDS.index("ym:s:visitDuration")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("ym:s:pageViews", "300000000000"),
        ("ym:s:pageViews", "-1"),
        ("ym:s:visitDuration", ""),
        ("ym:s:dateTime", "0000-00-00 00:00:00"),
        ("ym:s:visitID", str(2**64)),
        ("ym:s:clientID", "1.8446744073709552e+19"),
        ("ym:s:startURL", "https://a.example/\rb"),
        ("ym:s:startURL", "https://a.example/\u2028b\u0085c"),
        ("ym:s:startURL", '"https://a.example/?q=""x"""'),
        ("ym:s:parsedParamsKey1", r"[\'a\',\'o\\\'k\']"),
        ("ym:s:parsedParamsKey1", "[a,,b]"),
        ("ym:s:goalsID", "[1,-2]"),
    ],
)
def test_a_cell_is_put_in_as_it_stands(api: Api, name: str, cell: str) -> None:
    good = api.table(api.processed())
    api.emulator.faults.bad_rows = [{}, {}, {name: cell}]
    bad = api.table(api.processed())
    place = FIELDS.index(name)
    assert bad[2][place] == cell
    assert [row[:place] + row[place + 1 :] for row in bad] == [
        row[:place] + row[place + 1 :] for row in good
    ]
    assert bad[:2] + bad[3:] == good[:2] + good[3:]


def test_columns_change_in_all_parts_or_from_one_on(api: Api) -> None:
    good = api.table(api.processed())
    faults = api.emulator.faults
    faults.extra_columns = {"ym:s:surprise": "7"}
    faults.renamed_columns = {"ym:s:referer": "ym:s:referrer"}
    faults.missing_columns = {"ym:s:goalsID"}
    expected = ["ym:s:surprise", *FIELDS]
    expected[expected.index("ym:s:referer")] = "ym:s:referrer"
    expected.remove("ym:s:goalsID")
    place = FIELDS.index("ym:s:goalsID")
    state = api.processed()
    assert state["fields"] == list(FIELDS)
    bodies = [rows(api.part(state["request_id"], number).content) for number in (0, 1)]
    assert [body[0] for body in bodies] == [expected] * 2
    assert [row for body in bodies for row in body[1:]] == [
        ["7", *row[:place], *row[place + 1 :]] for row in good
    ]
    faults.columns_from_part = 1
    faults.reversed_columns = True
    state = api.processed()
    first, second = (rows(api.part(state["request_id"], number).content) for number in (0, 1))
    assert first[0] == list(FIELDS)
    assert second[0] == ["ym:s:surprise", *expected[:0:-1]]


def test_the_same_visit_comes_in_two_parts_as_it_was_earlier(api: Api) -> None:
    api.emulator.faults.duplicate_rows = 3
    api.emulator.faults.earlier_duplicates = True
    state = api.processed()
    first, second = (rows(api.part(state["request_id"], number).content)[1:] for number in (0, 1))
    assert [row[0] for row in second[:3]] == [row[0] for row in first[-3:]]
    truth = {str(visit.visit_id): visit for visit in day_visits(TOWN, DAY)}
    for row in second[:3]:
        early = unfinished(truth[row[0]])
        assert (row[PAGE_VIEWS], row[DURATION]) == (str(early.page_views), str(early.duration))


def test_the_last_line_may_lack_its_end(api: Api) -> None:
    whole = api.part(api.processed()["request_id"]).content
    api.emulator.faults.no_last_newline = True
    state = api.processed()
    body = api.part(state["request_id"]).content
    assert body + b"\n" == whole
    assert len(body) == state["parts"][0]["size"]


def test_pieces_may_end_within_a_letter(api: Api) -> None:
    api.emulator.settings.gzip = False
    whole = api.part(api.processed()["request_id"]).content
    api.emulator.settings.chunk_bytes = 7
    state = api.processed()
    url = f"{api.emulator.url}/management/v1/counter/{TOWN}/logrequest/{state['request_id']}"
    with api.session.get(f"{url}/part/0/download", stream=True, timeout=10) as response:
        pieces = list(response.iter_content(None))
    assert b"".join(pieces) == whole
    assert len(whole.decode()) < len(whole)
