"""What the API refuses, and in which words."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests

from tests.emulators.test_metrica.client import (
    ELSEWHERE,
    FIELDS,
    FOREIGN,
    TODAY,
    TOWN,
    Api,
    refusal,
)


def test_tokens(api: Api) -> None:
    path = f"/management/v1/counter/{TOWN}/logrequests"
    for header in (None, "", "OAuth", "OAuth ", "town", "Basic town"):
        headers = {} if header is None else {"Authorization": header}
        response = requests.get(api.emulator.url + path, headers=headers, timeout=10)
        assert refusal(response)[:2] == (401, "unauthorized")
    assert refusal(Api(api.emulator, "stranger").get(path))[:2] == (403, "invalid_token")
    foreign = f"/management/v1/counter/{FOREIGN}/logrequests"
    assert refusal(api.get(foreign)) == (403, "access_denied", "Access is denied")
    assert Api(api.emulator, "all").get(foreign).json() == {"requests": []}
    api.session.headers["Authorization"] = "Bearer town"
    assert api.get(path).status_code == 200
    api.emulator.settings.strict_auth = True
    assert api.get(path).status_code == 401


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        ({"date1": None}, "missing_parameter", "date1"),
        ({"date2": None}, "missing_parameter", "date2"),
        ({"fields": None}, "missing_parameter", "fields"),
        ({"source": None}, "missing_parameter", "source"),
        ({"source": "clicks"}, "invalid_parameter", "clicks"),
        ({"date1": "2025-06-02T00:00:00"}, "invalid_parameter", "Wrong date format"),
        ({"date1": "yesterday"}, "invalid_parameter", "Wrong date format"),
        ({"date1": "2025-02-30"}, "invalid_parameter", "Wrong date format"),
        ({"date1": "2025-06-03"}, "invalid_parameter", "later than"),
        ({"date2": str(TODAY)}, "invalid_parameter", "before the current day"),
        ({"date1": "2024-06-02"}, "invalid_parameter", "longer than one year"),
        ({"attribution": "BEST"}, "invalid_parameter", "BEST"),
        ({"fields": "ym:s:visitID," * 231}, "invalid_parameter", "3000"),
        (
            {"fields": "ym:s:visitID,ym:s:regionArea,ym:s:nonsense"},
            "invalid_parameter",
            "Unknown field in the request: ym:s:regionArea for the source visits",
        ),
        (
            {"fields": "ym:s:isRobotPro"},
            "invalid_parameter",
            "Unknown field in the request: ym:s:isRobotPro for the source visits",
        ),
        (
            {"fields": "ym:pv:watchID"},
            "invalid_parameter",
            "Unknown field in the request: ym:pv:watchID for the source visits",
        ),
        (
            {"source": "hits"},
            "invalid_parameter",
            "Unknown field in the request: ym:s:visitID for the source hits",
        ),
    ],
)
def test_refused_orders(api: Api, change: dict[str, Any], kind: str, text: str) -> None:
    for response in (api.order(**change), api.evaluate(**change)):
        status, error_type, message = refusal(response)
        assert (status, error_type) == (400, kind)
        assert text in message
    assert api.logs("logrequests").json() == {"requests": []}


def test_the_longest_period_and_repeated_fields(api: Api) -> None:
    assert api.evaluate(date(2024, 1, 1), date(2024, 12, 31)).status_code == 200
    assert api.evaluate(date(2023, 6, 21), date(2024, 6, 20)).status_code == 200
    repeated = api.order(fields=["ym:s:visitID", "ym:s:date"]).json()["log_request"]
    assert repeated["fields"] == ["ym:s:visitID", "ym:s:date"]


def test_today_is_that_of_the_counter(api: Api) -> None:
    api.emulator.clock = lambda: datetime(2025, 6, 20, 15, tzinfo=UTC)
    last = TODAY
    assert api.evaluate(last).status_code == 400
    url = f"{api.emulator.url}/management/v1/counter/{ELSEWHERE}/logrequests/evaluate"
    query = {"date1": str(last), "date2": str(last), "source": "visits", "fields": FIELDS[0]}
    assert api.session.get(url, params=query, timeout=10).status_code == 200


def test_a_switched_off_field_is_refused(api: Api) -> None:
    api.emulator.faults.refused_fields = {"ym:s:referer"}
    assert refusal(api.order())[2].startswith("Unknown field in the request: ym:s:referer")
    fields = ",".join(name for name in FIELDS if name != "ym:s:referer")
    assert api.order(fields=fields).status_code == 200


def test_unknown_places(api: Api) -> None:
    request_id = api.processed()["request_id"]
    for method, path in [
        ("GET", f"logrequests/{request_id}"),
        ("GET", "logrequest/1"),
        ("POST", "logrequest/1/clean"),
        ("GET", "nothing"),
    ]:
        assert refusal(api.logs(path, method))[:2] == (404, "not_found")
    assert refusal(api.logs("logrequests", counter=999))[:2] == (404, "not_found")
    assert refusal(api.logs(f"logrequest/{request_id}", counter=ELSEWHERE))[0] == 404
    assert api.logs(f"logrequest/{request_id}/clean").status_code == 405
    assert refusal(api.part(request_id, 7)) == (400, "invalid_parameter", "Incorrect part number")
