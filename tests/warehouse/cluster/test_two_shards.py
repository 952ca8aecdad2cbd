"""Tests of loads and marts as they are, once more on two shards, and what only a cluster shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from municipal_indicators.settings import REPOSITORY

# Each source and the marts that join most; docs/cluster.md says how to run more of the suite.
PART = (
    "tests/warehouse/cluster/shards_cases.py",
    "tests/warehouse/test_retention.py",
    "tests/sources/metrica/test_log_load.py",
    "tests/marts/test_site.py::test_reload_replaces_the_day",
    "tests/marts/test_site_growth.py::test_full_months_against_the_same_months",
    "tests/marts/test_services.py::test_measures_and_grain",
    "tests/marts/test_smev_exchange.py::test_which_formats_saw_a_request",
    "tests/sources/gosuslugi/test_applications.py::test_a_row_is_loaded_with_all_that_it_says",
    "tests/sources/registers/test_registers.py::test_four_kinds_in_one_workbook",
    "tests/sources/smev/test_requests.py::test_an_answer_to_an_unknown_request_waits_for_it",
)


@pytest.mark.slow
def test_loads_and_marts_are_the_same_on_two_shards() -> None:
    """In a process of its own: the engine reads its configuration once in the life of a process."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.warehouse.cluster.two_shards", *PART],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    closing = re.search(r"^(\d+) passed in ", done.stdout, re.MULTILINE)
    assert closing, done.stdout[-1000:]
    assert int(closing[1]) >= 25
