"""Calls that stop until a test lets them go: what happens meanwhile, and who is killed meanwhile."""

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from tests.emulators.metrica.faults import HoldPlace
from tests.emulators.test_metrica.client import FIELDS, TOWN, Api, refusal

CALL = """
import sys, requests
method, url = sys.argv[1:]
requests.request(method, url, headers={"Authorization": "OAuth town"}, timeout=60)
"""


@pytest.mark.parametrize(("place", "ordered"), [("before", 0), ("after", 1)])
def test_a_call_stops_before_or_after_its_action(api: Api, place: HoldPlace, ordered: int) -> None:
    hold = api.emulator.faults.hold("create", place)
    with ThreadPoolExecutor(1) as pool:
        answer: Future[requests.Response] = pool.submit(api.order)
        assert hold.reached.wait(10)
        listed = Api(api.emulator).logs("logrequests").json()["requests"]
        assert len(listed) == ordered
        assert not answer.done()
        hold.release()
        assert answer.result().json()["log_request"]["fields"] == list(FIELDS)
    assert hold.ended.wait(10)


def test_a_download_stops_in_its_middle_while_another_login_cleans(api: Api) -> None:
    state = api.processed()
    hold = api.emulator.faults.hold("download", "middle", skip=1)
    with ThreadPoolExecutor(1) as pool:
        assert api.part(state["request_id"], 0).status_code == 200
        answer = pool.submit(api.part, state["request_id"], 1)
        assert hold.reached.wait(10)
        api.emulator.store.clean(TOWN, state["request_id"])
        hold.release()
        assert len(answer.result().content) == state["parts"][1]["size"]
    assert refusal(api.part(state["request_id"], 0))[0] == 400


@pytest.mark.parametrize(("place", "cleaned"), [("before", False), ("after", True)])
def test_a_client_can_be_killed_at_a_place(api: Api, place: HoldPlace, cleaned: bool) -> None:
    request_id = api.processed()["request_id"]
    hold = api.emulator.faults.hold("clean", place)
    path = f"/management/v1/counter/{TOWN}/logrequest/{request_id}"
    process = subprocess.Popen(
        [sys.executable, "-c", CALL, "POST", f"{api.emulator.url}{path}/clean"]
    )
    assert hold.reached.wait(20)
    process.kill()
    process.wait(10)
    status = api.get(path).json()["log_request"]["status"]
    assert (status == "cleaned_by_user") is cleaned
    hold.release()
    assert hold.ended.wait(10)


def test_a_reset_lets_go_of_what_is_held(api: Api) -> None:
    hold = api.emulator.faults.hold(None)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(api.logs, "logrequests")
        assert hold.reached.wait(10)
        api.emulator.reset()
        assert answer.result().status_code == 200
