"""The files of ``tests/cases/smev`` that were read wrongly, and what the indicator must show of them."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from itertools import count
from pathlib import Path

import pytest

from municipal_indicators.reference.passport import load_passport
from tests.emulators.inbox.clock import MOSCOW
from tests.emulators.inbox.textlog import request_received
from tests.marts.given import Given
from tests.sources.smev.conftest import OURS, SmevInbox, request_id, utc
from tests.sources.smev.test_requests import delivery, note

CASES = Path(__file__).parents[2] / "cases" / "smev"
NO_KNOWN_EVENT = "77_log_of_other_words.txt"


def _put(smev: SmevInbox, name: str) -> None:
    smev.put(name, (CASES / name).read_bytes())


def _facts(smev: SmevInbox, given: Given) -> dict[str, float | None]:
    """The fact of the indicator by month."""
    given.build("indicators_monthly")
    rows = smev.warehouse.rows(
        "SELECT formatDateTime(month, '%Y-%m'), fact FROM marts.indicators_monthly "
        "WHERE indicator = 'smev_requests'"
    )
    return dict(rows)


@pytest.mark.usefixtures("shipped")
def test_the_cases_show_what_a_person_reads_in_them(smev: SmevInbox) -> None:
    for path in CASES.iterdir():
        if path.name != NO_KNOWN_EVENT:
            _put(smev, path.name)
    assert smev.load().rejected == []
    facts = _facts(smev, Given(smev.warehouse, load_passport()))
    # Since January: 72 has four requests, 73 and 74 one each, 75 three.
    expected = {"2024-02": 4, "2024-03": 5, "2024-04": 6, "2024-05": 9, "2024-12": 9}
    assert {month: facts[month] for month in expected} == expected
    assert facts["2025-01"] == 1
    ((_, _, field, reason),) = smev.quarantine()
    assert field == "sender"
    assert reason.startswith("the mnemonic has other signs")


@pytest.mark.usefixtures("shipped")
def test_a_log_without_a_known_event_says_nothing_and_is_warned_of(smev: SmevInbox) -> None:
    given = Given(smev.warehouse, load_passport())
    given.events(date(2024, 3, 1))
    _put(smev, NO_KNOWN_EVENT)
    smev.put("faults.log", f"{STAMP} Превышено время ожидания ответа СМЭВ\n".encode())
    smev.load()
    assert set(_facts(smev, given).values()) == {None}
    warnings = smev.warehouse.rows("SELECT unit, code, times FROM ops.load_warnings ORDER BY unit")
    assert warnings == [
        (f"smev/{NO_KNOWN_EVENT}", "no_known_event", 5),
        ("smev/faults.log", "no_known_event", 1),
    ]


NUMBERS = count(1)


def _text(message: str = "") -> str:
    return request_received(
        message or request_id(next(NUMBERS)), sender="FNS001", recipient=OURS, namespace="urn://x/1"
    )


def _random() -> str:
    """The id of a message that tells no time."""
    return f"6f1ed002-ab56-4c1d-8f27-{next(NUMBERS):012x}"


def _note() -> str:
    return note(request_id(next(NUMBERS)))


def _delivery() -> str:
    return delivery(request_id(next(NUMBERS))).decode()


def _bare(document: str) -> str:
    """An envelope without its declaration."""
    return re.sub(r"^<\?xml[^>]*>\s*", "", document)


def _without_stamps(document: str) -> str:
    return re.sub(r"<(\S*(?:Sending|Delivery)Timestamp)>[^<]*</\1>", "", document)


def _notes(number: int) -> list[dict[str, object]]:
    return [json.loads(_note()) for _ in range(number)]


STAMP = "2024-03-05 09:14:07,512"
PREFIXES = (
    f"[INFO] {STAMP} [main] ",
    "<134>1 2024-03-05T09:14:07.512345678+03:00 host adapter - - ",
    "Mar  5 09:14:07 host adapter[7]: ",
    "05.03.2024 09:14:07.512 INFO  [main] ",
    "2024/03/05 09:14:07 ",
    "  INFO ",
    "adapter_1  | ",
)
# What a file holds, and how many requests, rows in quarantine and warnings it gives.
KINDS: dict[str, tuple[str | bytes, tuple[int, int, int]]] = {
    "prefixes": ("".join(f"{prefix}{_text()}\n" for prefix in PREFIXES), (7, 0, 0)),
    "no line begins with a time": (f"[INFO] {STAMP} {_text()}\n[INFO] {STAMP} x\n", (1, 0, 0)),
    "syslog": (f"<134>1 2024-03-05T09:14:07Z host - - - - {_text()}\n", (1, 0, 0)),
    "nothing tells the time": (f"{STAMP} {_text()}\nINFO {_text(_random())}\n", (1, 1, 0)),
    "a poll without a time": (
        f"{STAMP} {_text()}\nINFO GetRequestResponse: очередь пуста\n",
        (1, 1, 0),
    ),
    "a trace that repeats a fault": (
        f"{STAMP} {_text()}\nCaused by: Error: SMEV-403: cvc-datatype-valid\n",
        (1, 0, 0),
    ),
    "lines that end as on an old Mac": (f"{STAMP} {_text()}\r{STAMP} {_text()}\r", (2, 0, 0)),
    "only faults": (f"{STAMP} Превышено время ожидания ответа СМЭВ\n", (0, 0, 1)),
    "UTF-16 without a mark": (
        f"{STAMP} {_text()}\n{STAMP} {_text()}\n".encode("utf-16-be"),
        (2, 0, 0),
    ),
    "a journal in UTF-16": (f"{_note()}\n{_note()}\n".encode("utf-16"), (2, 0, 0)),
    "UTF-16 that is declared": (
        _delivery().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        (1, 0, 0),
    ),
    "UTF-16 that is declared as UTF-8": (_delivery().encode("utf-16-le"), (1, 0, 0)),
    "UTF-16 without a declaration": (_bare(_delivery()).encode("utf-16-le"), (1, 0, 0)),
    "UTF-8 that is declared as UTF-16LE": (_delivery().replace("UTF-8", "utf-16le"), (1, 0, 0)),
    "a pretty array": (json.dumps(_notes(3), indent=2), (3, 0, 0)),
    "an array in one line": (json.dumps(_notes(3)), (3, 0, 0)),
    "an array whose brackets share a line": (f"[{_note()},\n{_note()}]", (2, 0, 0)),
    "pretty objects one after another": (
        "\n".join(json.dumps(one, indent=2) for one in _notes(2)),
        (2, 0, 0),
    ),
    "lines with commas": (f"{_note()},\n{_note()},\n", (2, 0, 0)),
    "an array that is cut": (json.dumps(_notes(2), indent=2)[:-90], (1, 1, 0)),
    "a broken line of an array": (f'[\n{_note()},\n{{"message_id": "a\n{_note()}\n]', (2, 1, 0)),
    "a pretty array in UTF-16": (json.dumps(_notes(2), indent=1).encode("utf-16"), (2, 0, 0)),
    "a journal of other words": (
        json.dumps({"messageId": request_id(1), "operation": "x"}),
        (0, 0, 1),
    ),
    "envelopes one after another": (_delivery() + "\n" + _delivery(), (2, 0, 0)),
    "envelopes under one root": (f"<all>{_bare(_delivery())}{_bare(_delivery())}</all>", (2, 0, 0)),
    "the last envelope is cut": (_delivery() + _delivery()[:-200], (1, 1, 0)),
    "envelopes in a log": (
        f"{STAMP} DEBUG {_bare(_delivery())}\n{STAMP} DEBUG\n{_delivery()}\n{STAMP} x\n",
        (2, 0, 0),
    ),
    "an envelope in a log is cut": (
        f"{STAMP} {_text()}\n{STAMP} {_delivery()[:-200]}\n",
        (1, 1, 0),
    ),
    "XML of something else in a log": (
        f'{STAMP} {_text()}\n{STAMP} <S:Envelope xmlns:S="urn://other"><S:Body/></S:Envelope>\n',
        (1, 0, 0),
    ),
    "no optional stamp": (_without_stamps(_delivery()), (1, 0, 0)),
}


def test_variants_of_the_cases(smev: SmevInbox) -> None:
    for name, (content, _) in KINDS.items():
        smev.put(name, content if isinstance(content, bytes) else content.encode())
    assert smev.load().rejected == []
    rows = smev.warehouse.rows(
        """
        SELECT substring(unit, 6), sum(requests), sum(quarantined), sum(warned) FROM
        (
            SELECT p.unit AS unit, uniqExactIf(e.message_id, e.message_type = 'REQUEST') AS requests,
                   0 AS quarantined, 0 AS warned
            FROM ops.published AS p INNER JOIN core.smev_event_rows AS e ON e.load_id = p.load_id
            GROUP BY unit
            UNION ALL SELECT unit, 0, count(), 0 FROM ops.quarantine GROUP BY unit
            UNION ALL SELECT unit, 0, 0, count() FROM ops.load_warnings GROUP BY unit
        )
        GROUP BY unit
        """
    )
    assert {name: tuple(found) for name, *found in rows} == {
        name: expected for name, (_, expected) in KINDS.items()
    }


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-12-31T22:30:00.000Z",
        "2025-01-01 01:30:00,000 +0300",
        "[2025-01-01T05:30:00.0+07:00]",
        "2025-01-01T05:30:00+07",
        "2024-12-31 22:30:00 UTC",
        "2025-01-01 01:30:00 : INFO",
        "2025-01-01 01:30:00,000,INFO",
        "2025-01-01 01:30:00 -",
    ],
)
def test_the_offset_of_a_stamp_is_used(smev: SmevInbox, stamp: str) -> None:
    smev.load(a_log=f"{stamp} {_text(_random())}\n".encode())
    assert smev.request()["sent_at"] == utc(datetime(2025, 1, 1, 1, 30, tzinfo=MOSCOW))
