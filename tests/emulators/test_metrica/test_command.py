"""The emulator as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.emulators.metrica import (
    Counter,
    MetricaEmulator,
)
from tests.emulators.test_metrica.client import (
    TODAY,
    TOWN,
)

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_stops_cleanly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.emulators.metrica", "--port", "0"]
    command += ["--counter", f"{TOWN}:Asia/Vladivostok", "--token", "T", "--today", str(TODAY)]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = re.search(r"http://\S+\d", process.stdout.readline())
    assert url is not None
    answer = requests.get(
        f"{url[0]}/management/v1/counters", headers={"Authorization": "OAuth T"}, timeout=10
    ).json()
    assert answer["counters"][0]["time_zone_name"] == "Asia/Vladivostok"
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--counter", "site", "--token", "T"], "'site'"),
        (["--counter", "1:Mars/Phobos", "--token", "T"], "Mars/Phobos"),
        (["--counter", "1", "--token", "T", "--today", "now"], "YYYY-MM-DD"),
        (["--counter", "1"], "--token"),
    ],
)
def test_the_command_names_what_is_wrong(arguments: list[str], text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.emulators.metrica", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert text in done.stderr


def test_a_stopped_emulator_answers_nobody() -> None:
    emulator = MetricaEmulator([Counter(TOWN)], {"T": None}).start()
    address = emulator.url
    emulator.stop()
    emulator.stop()
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(address, timeout=2)
    with emulator:
        assert emulator.url == address
