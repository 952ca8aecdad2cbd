"""A log request from evaluate to clean, and the files it delivers."""

import re
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from tests.emulators.metrica import (
    Counter,
    day_visits,
    iter_visits,
    traffic,
)
from tests.emulators.metrica.fields import known_fields
from tests.emulators.test_metrica.client import (
    DAY,
    ELSEWHERE,
    FIELDS,
    TOWN,
    Api,
    refusal,
    rows,
    strings,
    unescape,
)


def test_life_cycle_from_evaluate_to_clean(api: Api) -> None:
    evaluation = api.evaluate().json()["log_request_evaluation"]
    assert evaluation["possible"] is True
    assert evaluation["max_possible_day_quantity"] > 100_000
    created = api.order().json()["log_request"]
    assert created["status"] == "created"
    assert created["fields"] == list(FIELDS)
    assert created["attribution"] == "LASTSIGN"
    assert "size" not in created
    assert "parts" not in created
    path = f"logrequest/{created['request_id']}"
    states = [api.logs(path).json()["log_request"] for _ in range(3)]
    assert [state["status"] for state in states] == ["created", "processed", "processed"]
    parts = states[-1]["parts"]
    assert [part["part_number"] for part in parts] == [0, 1]
    assert states[-1]["size"] == sum(part["size"] for part in parts)
    bodies = [api.part(created["request_id"], part["part_number"]).content for part in parts]
    assert [len(body) for body in bodies] == [part["size"] for part in parts]
    cleaned = api.logs(path + "/clean", "POST").json()["log_request"]
    assert cleaned["status"] == "cleaned_by_user"
    assert refusal(api.part(created["request_id"])) == (
        400,
        "invalid_parameter",
        "Only log of requests in status 'processed' can be downloaded",
    )
    listed = api.logs("logrequests").json()["requests"]
    assert [one["status"] for one in listed] == ["cleaned_by_user"]
    assert api.emulator.actions()[:3] == ["evaluate", "create", "info"]


def test_delivered_rows_are_the_visits(api: Api) -> None:
    last = DAY + timedelta(13)
    delivered = api.table(api.processed(DAY, last))
    truth = list(api.emulator.visits(TOWN, DAY, last))
    assert truth == list(iter_visits(TOWN, DAY, last))
    expected = [
        (
            str(visit.visit_id),
            str(visit.started),
            visit.start_url,
            visit.referer,
            str(visit.page_views),
            str(visit.duration),
            str(visit.client_id),
            str(visit.user_hash),
            visit.lastsign_source,
        )
        for visit in truth
    ]
    assert [tuple(map(unescape, row[:9])) for row in delivered] == expected
    assert {row[9] == "" for row in delivered if row[8] != "ad"} == {True}
    assert {row[9].isdecimal() for row in delivered if row[8] == "ad"} == {True}
    for row, visit in zip(delivered, truth, strict=True):
        assert row[10] == str([goal for goal, _ in visit.goals]).replace(" ", "")
        assert strings(row[11]) == tuple(str(moment) for _, moment in visit.goals)
        assert strings(row[12]) == visit.parameters[:1]


def test_every_known_field_is_served(api: Api) -> None:
    names = known_fields("visits")
    assert {"ym:s:watchIDs", "ym:s:crossDevice"} & set(names) == {"ym:s:watchIDs"}
    for start in range(0, len(names), 60):
        chosen = names[start : start + 60]
        state = api.processed(fields=",".join(chosen))
        heading, *body = rows(api.part(state["request_id"]).content)
        assert heading == [name.replace("<attribution>", "lastsign") for name in chosen]
        assert {len(row) for row in body} == {len(chosen)}


@pytest.mark.parametrize(
    ("name", "attribution", "heading", "model"),
    [
        ("ym:s:<attribution>TrafficSource", "FIRST", "ym:s:firstTrafficSource", "first"),
        ("ym:s:lastTrafficSource", "FIRST", "ym:s:lastTrafficSource", "last"),
        ("ym:s:lastSignTrafficSource", "LAST", "ym:s:lastSignTrafficSource", "lastsign"),
        ("ym:s:automaticTrafficSource", "lastsign", "ym:s:automaticTrafficSource", "automatic"),
    ],
)
def test_attribution(api: Api, name: str, attribution: str, heading: str, model: str) -> None:
    state = api.processed(fields=name, attribution=attribution)
    assert state["attribution"] == attribution.upper()
    found = rows(api.part(state["request_id"]).content)
    second = rows(api.part(state["request_id"], 1).content)
    assert found[0] == second[0] == [heading]
    truth = [[traffic(visit, model).source] for visit in day_visits(TOWN, DAY)]
    assert found[1:] + second[1:] == truth


def test_days_are_cut_in_the_counters_zone(api: Api) -> None:
    fields = "ym:s:visitID,ym:s:dateTime,ym:s:dateTimeUTC"
    query: dict[str, Any] = {"counter": ELSEWHERE, "fields": fields}
    for true_utc, hours in ((False, 7), (True, 10)):
        api.emulator.settings.true_utc = true_utc
        created = api.order(**query).json()["log_request"]
        path = f"logrequest/{created['request_id']}"
        while created["status"] != "processed":
            created = api.logs(path, counter=ELSEWHERE).json()["log_request"]
        body = api.logs(path + "/part/0/download", counter=ELSEWHERE).content
        visits = {str(v.visit_id): v for v in day_visits(ELSEWHERE, DAY, site="port.example")}
        zone = Counter(0, time_zone="Asia/Vladivostok").zone
        for visit_id, local, other in rows(body)[1:]:
            started = visits[visit_id].started
            assert local == str(started)
            assert other == str(started - timedelta(hours=hours))
            assert visits[visit_id].instant(zone).tzinfo is UTC


def test_a_day_changes_until_it_settles(api: Api) -> None:
    api.emulator.today = DAY + timedelta(1)
    early = api.table(api.processed())
    api.emulator.today = DAY + timedelta(4)
    late = api.table(api.processed())
    assert len(early) == len(day_visits(TOWN, DAY, settled=False))
    assert len(late) == len(day_visits(TOWN, DAY))
    assert sum(int(row[4]) for row in early) < sum(int(row[4]) for row in late)


def test_a_year_in_one_request(api: Api) -> None:
    state = api.processed(date(2024, 1, 1), date(2024, 12, 31), fields=",".join(FIELDS[:9]))
    assert len(api.table(state)) == len(
        list(iter_visits(TOWN, date(2024, 1, 1), date(2024, 12, 31)))
    )


def test_parts_may_be_many_sparse_and_unordered(api: Api) -> None:
    api.emulator.settings.rows_per_part = 20
    api.emulator.settings.sparse_parts = True
    state = api.processed()
    numbers = [part["part_number"] for part in state["parts"]]
    assert numbers == list(range(0, 2 * len(numbers), 2))[::-1]
    assert len(numbers) == -(-len(day_visits(TOWN, DAY)) // 20)
    assert refusal(api.part(state["request_id"], 1))[2] == "Incorrect part number"
    assert len(api.table(state)) == len(day_visits(TOWN, DAY))


def test_dialects_and_quoted_cells(api: Api) -> None:
    api.emulator.settings.rows_per_part = 10**6
    period = (date(2025, 1, 1), date(2025, 4, 30))
    fields = "ym:s:parsedParamsKey1,ym:s:parsedParamsKey2,ym:s:startURL"
    truth = list(iter_visits(TOWN, *period))
    plain = api.table(api.processed(*period, fields=fields))
    assert [strings(row[1]) for row in plain] == [visit.parameters[1:2] for visit in truth]
    assert ["['форма']", r"['o\'k']"] in [row[:2] for row in plain]
    api.emulator.settings.dialect = "A"
    escaped = api.table(api.processed(*period, fields=fields))
    assert [r"[\'форма\']", r"[\'o\\\'k\']"] in [row[:2] for row in escaped]
    assert [unescape(row[1]) for row in escaped] == [row[1] for row in plain]
    api.emulator.settings.csv_quotes = True
    quoted = api.table(api.processed(*period, fields=fields))
    marked = [(new, old) for new, old in zip(quoted, escaped, strict=True) if new != old]
    assert marked
    for new, old in marked:
        bare = [re.sub(r'^"(.*)"$', r"\1", cell).replace('""', '"') for cell in new]
        assert bare == old


def test_bodies_are_gzip_where_wanted(api: Api) -> None:
    state = api.processed()
    packed = api.part(state["request_id"])
    assert packed.headers["Content-Encoding"] == "gzip"
    api.session.headers["Accept-Encoding"] = "identity"
    plain = api.part(state["request_id"])
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert "charset" not in plain.headers["Content-Type"]
    api.emulator.settings.gzip = False
    api.session.headers["Accept-Encoding"] = "gzip"
    assert "Content-Encoding" not in api.part(state["request_id"]).headers


def test_an_identical_request_in_progress_is_202(api: Api) -> None:
    api.emulator.settings.polls = 5
    first = api.order().json()["log_request"]
    again = api.order()
    assert (again.status_code, again.content) == (202, b"")
    assert [r["request_id"] for r in api.logs("logrequests").json()["requests"]] == [
        first["request_id"]
    ]
    other = api.order(fields="ym:s:visitID").json()["log_request"]
    assert other["request_id"] != first["request_id"]
    api.logs(f"logrequest/{first['request_id']}/cancel", "POST")
    assert api.order().status_code == 200


def test_cancel_is_for_pending_and_clean_for_processed(api: Api) -> None:
    pending = api.order().json()["log_request"]["request_id"]
    assert refusal(api.logs(f"logrequest/{pending}/clean", "POST"))[0] == 400
    assert refusal(api.part(pending))[2].startswith("Only log of requests in status 'processed'")
    canceled = api.logs(f"logrequest/{pending}/cancel", "POST").json()["log_request"]
    assert canceled["status"] == "canceled"
    processed = api.processed()["request_id"]
    assert refusal(api.logs(f"logrequest/{processed}/cancel", "POST"))[0] == 400
    api.emulator.store.expire(processed)
    state = api.logs(f"logrequest/{processed}").json()["log_request"]
    assert state["status"] == "cleaned_automatically_as_too_old"
    assert refusal(api.part(processed))[0] == 400


@pytest.mark.parametrize(
    "script",
    [
        ("created", "awaiting_retry", "created", "processed"),
        ("created", "processing_failed"),
        ("created", "canceled"),
        ("created", "processing", "processed"),
    ],
)
def test_scripted_statuses(api: Api, script: tuple[str, ...]) -> None:
    api.emulator.faults.script(*script)
    created = api.order().json()["log_request"]
    path = f"logrequest/{created['request_id']}"
    later = [api.logs(path).json()["log_request"]["status"] for _ in range(len(script))]
    assert [created["status"], *later] == [*script, script[-1]]


def test_nothing_to_deliver(api: Api) -> None:
    before = (date(2021, 5, 1), date(2021, 5, 3))
    state = api.processed(*before)
    assert (state["status"], state["size"], state["parts"]) == ("processed", 0, [])
    api.emulator.settings.header_only_when_empty = True
    assert api.table(api.processed(*before)) == []
    api.emulator.faults.empty_parts = True
    assert api.processed()["parts"] == []
    api.emulator.faults.empty_parts = False
    api.emulator.faults.header_only = True
    state = api.processed()
    assert len(state["parts"]) == 1
    assert api.table(state) == []


def test_the_quota_fills_and_frees(api: Api) -> None:
    state = api.processed()
    api.emulator.settings.quota_bytes = 10 * state["size"]
    whole = api.evaluate().json()["log_request_evaluation"]["max_possible_day_quantity"]
    assert 7 <= whole <= 10
    foreign = api.emulator.occupy(TOWN, 15 * state["size"])
    full = api.evaluate().json()["log_request_evaluation"]
    assert full["possible"] is False
    assert full["max_possible_day_quantity"] < 0
    assert refusal(api.order())[:2] == (400, "limit_exceeded")
    listed = {one["request_id"]: one for one in api.logs("logrequests").json()["requests"]}
    assert listed[foreign.request_id]["size"] == 15 * state["size"]
    api.logs(f"logrequest/{foreign.request_id}/clean", "POST")
    assert api.evaluate().json()["log_request_evaluation"]["possible"] is True
    assert api.order().status_code == 200


def test_the_days_that_fit_can_be_said(api: Api) -> None:
    for days, possible in ((-6, False), (0, False), (1, True)):
        api.emulator.faults.possible_days = days
        found = api.evaluate().json()["log_request_evaluation"]
        assert found == {"possible": possible, "max_possible_day_quantity": days}
        assert api.order().status_code == (200 if possible else 400)


def test_the_queue_may_have_a_limit(api: Api) -> None:
    api.emulator.settings.polls = 99
    api.emulator.settings.queue_limit = 10
    for number in range(10):
        assert api.order(DAY + timedelta(number)).status_code == 200
    one_more = DAY + timedelta(10)
    assert refusal(api.order(one_more))[1:] == (
        "limit_exceeded",
        "Too many log requests in the queue",
    )
    assert api.order(one_more, counter=ELSEWHERE).status_code == 200
    first = next(iter(api.emulator.store.requests))
    api.logs(f"logrequest/{first}/cancel", "POST")
    assert api.order(one_more).status_code == 200


def test_requests_of_another_login_look_like_ours(api: Api) -> None:
    statuses = ("created", "processed")
    equal = api.emulator.order_by_another(TOWN, DAY, DAY, FIELDS, statuses=statuses)
    other = api.emulator.order_by_another(TOWN, DAY, DAY, ["ym:pv:watchID"], source="hits")
    assert (equal.is_foreign, other.is_foreign) == (True, True)
    again = api.order()
    assert (again.status_code, again.content) == (202, b"")
    listed = {one["request_id"]: one for one in api.logs("logrequests").json()["requests"]}
    mine = api.processed(fields="ym:s:visitID")
    assert set(mine) == set(listed[equal.request_id])
    assert listed[other.request_id]["source"] == "hits"
    assert listed[equal.request_id]["status"] == "processed"
    assert len(api.table(listed[equal.request_id])) == len(day_visits(TOWN, DAY))
    api.logs(f"logrequest/{equal.request_id}/clean", "POST")
    assert (equal.status, other.status) == ("cleaned_by_user", "processed")
