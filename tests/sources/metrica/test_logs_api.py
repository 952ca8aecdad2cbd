"""Log requests at the API: which match a query, the download of their parts, their cleaning."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from municipal_indicators.errors import MetricaUnavailableError
from municipal_indicators.sources.metrica import logs_api
from municipal_indicators.sources.metrica.api_models import LogQuery, LogRequest
from municipal_indicators.sources.metrica.client import MetricaClient
from tests.emulators.metrica import MetricaEmulator
from tests.emulators.metrica.faults import CutStyle
from tests.sources.metrica.conftest import SITE, log_query
from tests.sources.metrica.site_loads import statuses


def prepared(client: MetricaClient, wanted: LogQuery | None = None) -> LogRequest:
    created = client.create(wanted or log_query())
    assert created
    return client.log_request(SITE, created.request_id)


@pytest.mark.parametrize("source_form", ["text", "array"])
def test_a_request_matches_a_query_in_any_order_of_the_fields(
    client: MetricaClient, emulator: MetricaEmulator, source_form: str
) -> None:
    emulator.settings.source_form = source_form  # type: ignore[assignment]
    wanted = log_query()
    reordered = wanted.model_copy(update={"fields": wanted.fields[::-1]})
    assert prepared(client, reordered).matches(wanted)


@pytest.mark.parametrize(
    "other",
    [
        log_query(last=date(2024, 3, 2)),
        log_query(first=date(2024, 3, 2)),
        log_query(counter_id=SITE + 1),
        log_query().model_copy(update={"fields": log_query().fields[:-1]}),
        log_query().model_copy(update={"attribution": "LAST"}),
        log_query().model_copy(update={"source": "hits"}),
    ],
)
def test_a_request_for_something_else_does_not_match(
    client: MetricaClient, emulator: MetricaEmulator, other: LogQuery
) -> None:
    assert not prepared(client).matches(other)


@pytest.mark.parametrize("style", ["reset", "silent", "line"])
def test_a_part_that_is_never_complete_leaves_no_file(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path, style: CutStyle
) -> None:
    emulator.faults.cut(1, style=style, times=99)
    with pytest.raises(MetricaUnavailableError, match=r"part/1/download"):
        list(logs_api.download_parts(client, prepared(client), tmp_path))
    assert [path.name[-6:] for path in tmp_path.glob("*.tsv")] == [".0.tsv"]


def test_parts_are_downloaded_by_number(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path
) -> None:
    emulator.settings.sparse_parts = True
    assert [n for n, _ in logs_api.download_parts(client, prepared(client), tmp_path)] == [
        0,
        2,
    ]


def test_a_request_is_cleaned_or_cancelled_and_one_that_is_gone_is_logged(
    client: MetricaClient, emulator: MetricaEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.settings.polls = 5
    pending = prepared(client)
    logs_api.clean(client, pending)
    emulator.settings.polls = 0
    logs_api.clean(client, prepared(client))
    assert statuses(emulator) == ["canceled", "cleaned_by_user"]
    caplog.set_level("INFO")
    logs_api.clean(client, pending)
    assert f"Request {pending.request_id} was gone before it could be cleaned" in caplog.text


def test_a_request_that_is_processed_before_it_can_be_cancelled_is_cleaned(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    pending = client.create(log_query())
    assert pending
    assert client.log_request(SITE, pending.request_id).is_processed
    logs_api.clean(client, pending)
    assert statuses(emulator) == ["cleaned_by_user"]
    assert emulator.actions()[-3:] == ["cancel", "info", "clean"]
