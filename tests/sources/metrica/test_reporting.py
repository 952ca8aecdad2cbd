"""Reports of the client against the emulator: all pages, full accuracy, missing values, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from municipal_indicators.errors import (
    MetricaError,
    MetricaQuotaError,
    MetricaRequestError,
    MetricaUnavailableError,
)
from municipal_indicators.sources.metrica import reporting
from municipal_indicators.sources.metrica.client import MetricaClient
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import FIRST, LAST, SITE, TOKEN
from tests.sources.metrica.stub_server import StubServer

METRICS = ("ym:s:visits", "ym:s:users", "ym:s:pageviews")
HEAVY = Reply(
    400, "query_error", "Query is too complicated. Please reduce the date interval or sampling."
)


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def truth(emulator: MetricaEmulator, day: date) -> tuple[float, float, float]:
    """Visits, users and page views of a day, counted from the emulator's data."""
    visits = list(emulator.visits(SITE, day, day))
    users = {visit.person for visit in visits}
    return float(len(visits)), float(len(users)), float(sum(visit.page_views for visit in visits))


def test_a_report_is_read_over_its_pages(
    client: MetricaClient, emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "PAGE_ROWS", 2)
    last = FIRST + timedelta(days=4)
    report = client.report(SITE, FIRST, last, METRICS, ["ym:s:date"])
    days = [FIRST + timedelta(days=number) for number in range(5)]
    assert [row.dimensions[0].name for row in report.rows] == [str(day) for day in days]
    assert [row.metrics for row in report.rows] == [truth(emulator, day) for day in days]
    assert (report.sampled, report.sample_share) == (False, 1.0)
    queries = [call.query for call in emulator.calls]
    assert [query["offset"] for query in queries] == [["1"], ["3"], ["5"]]
    for query in queries:
        assert query["accuracy"] == ["full"]
        assert query["lang"] == ["ru"]
        assert query["sort"] == ["ym:s:date"]


def test_no_page_is_requested_after_a_full_last_page(
    client: MetricaClient, emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "PAGE_ROWS", 3)
    assert len(client.report(SITE, FIRST, LAST, METRICS, ["ym:s:date"]).rows) == 3
    assert len(emulator.calls) == 1


def test_a_report_without_dimensions_is_one_row(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    rows = client.report(SITE, FIRST, FIRST, METRICS).rows
    assert [(row.dimensions, row.metrics) for row in rows] == [((), truth(emulator, FIRST))]


def test_names_and_numbers_may_be_missing_and_the_sample_is_reported(stub: StubServer) -> None:
    rows = [
        {"dimensions": [{"name": None}, {"id": 5, "name": "Мценск"}], "metrics": [14234.0, None]},
        {"dimensions": [None, "text"], "metrics": [1, 2.5]},
    ]
    answer = {"data": rows, "total_rows": 2, "sampled": True, "sample_share": 0.1, "query": {}}
    stub.body = json.dumps(answer).encode()
    report = MetricaClient(stub.url, TOKEN).report(1, FIRST, LAST, METRICS, ["a", "b"])
    cells = [[(cell.id, cell.name) for cell in row.dimensions] for row in report.rows]
    assert cells == [[(None, None), ("5", "Мценск")], [(None, None), (None, "text")]]
    assert [row.metrics for row in report.rows] == [(14234.0, None), (1.0, 2.5)]
    assert (report.sampled, report.sample_share) == (True, 0.1)


def test_pages_that_do_not_add_up_are_an_error(stub: StubServer) -> None:
    stub.body = json.dumps({"data": [], "total_rows": 2}).encode()
    with pytest.raises(MetricaUnavailableError, match=r"на страницах 0 строк.*обещала 2"):
        MetricaClient(stub.url, TOKEN).report(1, FIRST, LAST, METRICS)


def test_a_report_without_its_rows_is_an_error(stub: StubServer) -> None:
    stub.body = b'{"data": [{"metrics": ["many"]}], "total_rows": 1}'
    with pytest.raises(MetricaError, match=r"data\.0\.metrics\.0 неверно или отсутствует"):
        MetricaClient(stub.url, TOKEN).report(1, FIRST, LAST, METRICS)


def test_a_too_complicated_report_is_retried(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("report", HEAVY, times=3)
    assert client.report(SITE, FIRST, LAST, METRICS).rows
    assert len(emulator.calls) == 4


def test_a_report_that_stays_too_complicated_is_an_error(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("report", HEAVY, times=99)
    with pytest.raises(MetricaRequestError, match=r"too complicated.*меньше дней.*после 6 попыток"):
        client.report(SITE, FIRST, LAST, METRICS)
    assert len(emulator.calls) == 6


def test_an_invalid_report_is_not_retried(client: MetricaClient, emulator: MetricaEmulator) -> None:
    with pytest.raises(MetricaRequestError, match=r"metrics=ym:s:no"):
        client.report(SITE, FIRST, LAST, ["ym:s:no"])
    assert len(emulator.calls) == 1


def test_the_quota_of_reports_may_be_that_of_five_minutes(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("report", Reply(429, "quota_requests_by_uid", "Quota exceeded"), times=99)
    with pytest.raises(
        MetricaQuotaError, match=r"200 отчётов за 5 минут.*или 5000 обращений в сутки"
    ):
        client.report(SITE, FIRST, LAST, METRICS)
    assert len(emulator.calls) == 1
