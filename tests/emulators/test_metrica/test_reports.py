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


def test_pages_join_to_the_whole_report(api: Api) -> None:
    query = {
        "ids": str(TOWN),
        "metrics": "ym:s:visits,ym:s:users,ym:s:pageviews",
        "dimensions": "ym:s:date",
        "date1": str(DAY),
        "date2": str(DAY + timedelta(9)),
        "accuracy": "full",
        "lang": "ru",
        "filters": "ym:s:isRobot=='No'",
        "sort": "ym:s:date",
    }
    whole = api.get("/stat/v1/data", **query).json()
    pages = [
        api.get("/stat/v1/data", **query, limit="4", offset=str(offset)).json()
        for offset in (1, 5, 9)
    ]
    assert [len(page["data"]) for page in pages] == [4, 4, 2]
    assert [row for page in pages for row in page["data"]] == whole["data"]
    assert {page["total_rows"] for page in pages} == {10}
    assert (whole["sampled"], whole["sample_share"]) == (False, 1.0)
    assert whole["query"]["accuracy"] == "full"
    for number, row in enumerate(whole["data"]):
        day = DAY + timedelta(number)
        visits = day_visits(TOWN, day)
        assert row["dimensions"] == [{"name": str(day)}]
        assert row["metrics"] == [
            len(visits),
            len({visit.person for visit in visits}),
            sum(visit.page_views for visit in visits),
        ]
    assert api.get("/stat/v1/data", **query, offset="11").json()["data"] == []
    backwards = api.get("/stat/v1/data", **query | {"sort": "-ym:s:date"}).json()["data"]
    assert backwards == whole["data"][::-1]


def test_words_follow_the_language_and_may_be_missing(api: Api) -> None:
    query = {"ids": str(TOWN), "metrics": "ym:s:visits", "date1": str(DAY), "date2": str(DAY)}
    query["dimensions"] = "ym:s:lastsignTrafficSource,ym:s:lastsignSearchEngineRoot"
    english, russian = (
        {
            tuple(cell["id"] for cell in row["dimensions"]): [
                cell["name"] for cell in row["dimensions"]
            ]
            for row in api.get("/stat/v1/data", **query, **more).json()["data"]
        }
        for more in ({}, {"lang": "ru"})
    )
    assert english.keys() == russian.keys()
    assert english["direct", None] == ["Direct traffic", None]
    assert russian["direct", None] == ["Прямые заходы", None]
    assert russian["organic", "yandex"] == ["Переходы из поисковых систем", "Yandex"]


def test_a_sampled_report_estimates(api: Api) -> None:
    query = {
        "ids": str(TOWN),
        "metrics": "ym:s:visits,ym:s:pageDepth",
        "date1": str(DAY),
        "date2": str(DAY + timedelta(60)),
        "accuracy": "full",
    }
    exact = api.get("/stat/v1/data", **query).json()
    api.emulator.settings.sample_share = 0.1
    told = api.get("/stat/v1/data", **query).json()
    assert (told["sampled"], told["sample_share"]) == (True, 0.1)
    assert told["sample_space"] == exact["sample_size"] > 5 * told["sample_size"]
    assert told["totals"][0] == round(told["sample_size"] / 0.1)
    assert 0 < abs(told["totals"][0] - exact["totals"][0]) < 0.2 * exact["totals"][0]
    assert told["totals"][1] < 2 * exact["totals"][1]


def test_reports_can_differ_from_the_logs(api: Api) -> None:
    query = {
        "ids": str(TOWN),
        "metrics": "ym:s:visits,ym:s:pageviews,ym:s:users",
        "dimensions": "ym:s:date",
        "date1": str(DAY),
        "date2": str(DAY + timedelta(2)),
        "sort": "ym:s:date",
    }
    exact = [row["metrics"] for row in api.get("/stat/v1/data", **query).json()["data"]]
    api.emulator.settings.report_skew = {DAY + timedelta(1): 0.9, DAY + timedelta(2): 1.5}
    told = [row["metrics"] for row in api.get("/stat/v1/data", **query).json()["data"]]
    assert told[0] == exact[0]
    assert told[1][0] == round(0.9 * exact[1][0])
    assert told[2][0] == round(1.5 * exact[2][0])
    assert all(less < more for less, more in zip(told[1], exact[1], strict=True))
    assert all(more > less for more, less in zip(told[2], exact[2], strict=True))
    api.emulator.settings.report_skew = {None: 2.0}
    told = [row["metrics"] for row in api.get("/stat/v1/data", **query).json()["data"]]
    assert [row[0] for row in told] == [2 * row[0] for row in exact]


def test_reports_know_today_and_refuse_the_unknown(api: Api) -> None:
    query = {"ids": str(TOWN), "metrics": "ym:s:visits", "date1": "today", "date2": "today"}
    visits = api.get("/stat/v1/data", **query).json()["totals"][0]
    assert 0 < visits < len(day_visits(TOWN, TODAY))
    assert refusal(api.get("/stat/v1/data", ids=str(TOWN)))[:2] == (400, "missing_parameter")
    assert refusal(api.get("/stat/v1/data", **query | {"metrics": "ym:s:joy"}))[0] == 400
    assert refusal(api.get("/stat/v1/data", **query | {"sort": "ym:s:date"}))[0] == 400
    assert refusal(api.get("/stat/v1/data", **query | {"ids": str(FOREIGN)}))[0] == 403
    assert refusal(api.get("/stat/v1/data", **query | {"filters": "ym:s:age==18"}))[0] == 400
    assert refusal(api.get("/stat/v1/data", **query | {"offset": "0"}))[0] == 400
    many = ",".join(["ym:s:visits"] * 21)
    assert refusal(api.get("/stat/v1/data", **query | {"metrics": many}))[1] == "limit_exceeded"
