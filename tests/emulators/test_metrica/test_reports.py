"""Counters, goals and reports agree with the logs."""

from datetime import timedelta

from tests.emulators.metrica import (
    day_visits,
    iter_visits,
)
from tests.emulators.test_metrica.client import DAY, ELSEWHERE, FOREIGN, TODAY, TOWN, Api, refusal


def test_counters_and_goals(api: Api) -> None:
    answer = api.get("/management/v1/counters", field="goals").json()
    assert answer["rows"] == 2
    town, other = answer["counters"]
    assert (town["id"], town["time_zone_name"], town["time_zone_offset"]) == (
        TOWN,
        "Europe/Moscow",
        180,
    )
    assert (other["time_zone_offset"], other["site2"]["site"]) == (600, "port.example")
    assert len(town["goals"]) == 3
    second = api.get("/management/v1/counters", offset="2", per_page="1").json()
    assert [counter["id"] for counter in second["counters"]] == [ELSEWHERE]
    assert refusal(api.get("/management/v1/counters", offset="0"))[0] == 400
    counter = api.get(f"/management/v1/counter/{TOWN}")
    assert counter.json()["counter"]["create_time"] == "2022-01-01T00:00:00+03:00"
    assert counter.headers["Content-Type"] == "application/x-yametrika+json"
    goals = api.logs("goals").json()["goals"]
    reached = {goal for v in iter_visits(TOWN, DAY, DAY + timedelta(30)) for goal, _ in v.goals}
    assert reached == {goal["id"] for goal in goals}
    assert b"\n  " in api.logs("goals", pretty="1").content


def test_reports_agree_with_the_logs(api: Api) -> None:
    last = DAY + timedelta(6)
    query = {
        "ids": str(TOWN),
        "metrics": "ym:s:visits,ym:s:pageviews,ym:s:users",
        "date1": str(DAY),
        "date2": str(last),
    }
    truth = list(iter_visits(TOWN, DAY, last))
    total = api.get("/stat/v1/data", **query).json()
    users = len({visit.person for visit in truth})
    expected = [len(truth), sum(visit.page_views for visit in truth), users]
    assert total["totals"] == total["data"][0]["metrics"] == expected
    daily = api.get(
        "/stat/v1/data", **query, dimensions="ym:s:date", sort="ym:s:date", limit="3", offset="2"
    ).json()
    days = [row["dimensions"][0]["name"] for row in daily["data"]]
    assert days == [str(DAY + timedelta(number)) for number in (1, 2, 3)]
    assert daily["total_rows"] == 7
    assert daily["totals"] == expected
    assert daily["data"][0]["metrics"][0] == len(day_visits(TOWN, DAY + timedelta(1)))
    assert isinstance(daily["data"][0]["metrics"][0], float)


def test_reports_know_today_and_refuse_the_unknown(api: Api) -> None:
    query = {"ids": str(TOWN), "metrics": "ym:s:visits", "date1": "today", "date2": "today"}
    visits = api.get("/stat/v1/data", **query).json()["totals"][0]
    assert 0 < visits < len(day_visits(TOWN, TODAY))
    assert refusal(api.get("/stat/v1/data", ids=str(TOWN)))[:2] == (400, "missing_parameter")
    assert refusal(api.get("/stat/v1/data", **query | {"metrics": "ym:s:joy"}))[0] == 400
    assert refusal(api.get("/stat/v1/data", **query | {"sort": "ym:s:date"}))[0] == 400
    assert refusal(api.get("/stat/v1/data", **query | {"ids": str(FOREIGN)}))[0] == 403
