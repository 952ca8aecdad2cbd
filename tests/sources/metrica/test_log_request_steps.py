"""An order at the API: what equals it, its parts as files, their cleaning."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from municipal_indicators.errors import MetricaUnavailableError
from municipal_indicators.sources.metrica import log_request_steps
from municipal_indicators.sources.metrica.client import LogOrder, LogRequest, MetricaClient
from tests.emulators.metrica import MetricaEmulator
from tests.emulators.metrica.faults import CutStyle
from tests.sources.metrica.conftest import SITE, order
from tests.sources.metrica.site_loads import statuses


def prepared(client: MetricaClient, wanted: LogOrder | None = None) -> LogRequest:
    created = client.create(wanted or order())
    assert created
    return client.log_request(SITE, created.request_id)


@pytest.mark.parametrize("source_form", ["text", "array"])
def test_a_request_equals_an_order_whatever_the_order_of_its_fields(
    client: MetricaClient, emulator: MetricaEmulator, source_form: str
) -> None:
    emulator.settings.source_form = source_form  # type: ignore[assignment]
    wanted = order()
    turned = wanted.model_copy(update={"fields": wanted.fields[::-1]})
    assert log_request_steps.equals(prepared(client, turned), wanted)


@pytest.mark.parametrize(
    "other",
    [
        order(last=date(2024, 3, 2)),
        order(first=date(2024, 3, 2)),
        order(counter_id=SITE + 1),
        order().model_copy(update={"fields": order().fields[:-1]}),
        order().model_copy(update={"attribution": "LAST"}),
        order().model_copy(update={"source": "hits"}),
    ],
)
def test_a_request_for_something_else_does_not(
    client: MetricaClient, emulator: MetricaEmulator, other: LogOrder
) -> None:
    assert not log_request_steps.equals(prepared(client), other)


@pytest.mark.parametrize("style", ["reset", "silent", "line"])
def test_a_part_that_never_comes_whole_leaves_no_file(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path, style: CutStyle
) -> None:
    emulator.faults.cut(1, style=style, times=99)
    with pytest.raises(MetricaUnavailableError, match=r"part/1/download"):
        list(log_request_steps.download_parts(client, prepared(client), tmp_path))
    assert [path.name[-6:] for path in tmp_path.glob("*.tsv")] == [".0.tsv"]


def test_parts_come_in_order_of_their_numbers(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path
) -> None:
    emulator.settings.sparse_parts = True
    assert [n for n, _ in log_request_steps.download_parts(client, prepared(client), tmp_path)] == [
        0,
        2,
    ]


def test_a_request_is_cleaned_or_cancelled_and_one_that_is_gone_is_told(
    client: MetricaClient, emulator: MetricaEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.settings.polls = 5
    pending = prepared(client)
    log_request_steps.clean(client, pending)
    emulator.settings.polls = 0
    log_request_steps.clean(client, prepared(client))
    assert statuses(emulator) == ["canceled", "cleaned_by_user"]
    caplog.set_level("INFO")
    log_request_steps.clean(client, pending)
    assert f"Request {pending.request_id} was gone before it could be cleaned" in caplog.text


def test_a_request_that_is_prepared_before_it_can_be_cancelled_is_cleaned(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    pending = client.create(order())
    assert pending
    assert client.log_request(SITE, pending.request_id).is_processed
    log_request_steps.clean(client, pending)
    assert statuses(emulator) == ["cleaned_by_user"]
    assert emulator.actions()[-3:] == ["cancel", "info", "clean"]
