"""Months of invented traffic in all formats: the views equal the writer's own truth."""

from __future__ import annotations

from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.inbox.file_loads import load_new_files
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.sources.smev.files import load_file
from tests.emulators.inbox.history import write_inbox
from tests.emulators.inbox.truth import Request, Truth
from tests.sources.smev.conftest import OURS, ZONE, SmevInbox

FORMATS = {"soap": "envelope", "journal": "journal", "text": "text"}


@pytest.fixture
def truth(places: Path) -> Truth:
    """October and November 2024: archives, a preliminary and two final journals, text logs."""
    return write_inbox(places / "inbox", date(2024, 10, 1), date(2024, 11, 1))


def expected(request: Request) -> dict[str, Any]:
    return {
        "sent_at": request.sent_at.replace(tzinfo=None),
        "sender": request.sender,
        "namespace": request.namespace,
        "deliveries": request.deliveries,
        "is_portal": request.channel_class == "portal",
        "answered_at": request.answered_at and request.answered_at.replace(tzinfo=None),
        "is_rejected": request.is_rejected,
    }


def test_the_views_equal_the_truth(smev: SmevInbox, truth: Truth) -> None:
    run = load_new_files(file_source("smev", ZONE, load_file))
    assert (run.rejected, run.broken) == ([], [])
    counted = {
        row.pop("message_id"): row
        for row in smev.requests()
        if not row["is_test"] and row["recipient"] in ("", OURS)
    }
    assert {
        key: {name: row[name] for name in expected(truth.requests[0])}
        for key, row in counted.items()
    } == {request.message_id: expected(request) for request in truth.requests}
    for request in truth.requests:
        assert {FORMATS[one] for one in request.sources} <= set(
            counted[request.message_id]["formats"]
        )
    assert not set(counted) & truth.uncounted_messages


def test_counts_quarantine_and_persons(smev: SmevInbox, truth: Truth) -> None:
    load_new_files(file_source("smev", ZONE, load_file))
    written = [bad for bad in truth.bad if "smev" in Path(bad.path).parts]
    quarantined = smev.warehouse.rows(
        "SELECT unit, sheet, line FROM ops.quarantine ORDER BY unit, sheet"
    )
    assert len(quarantined) == len(written)
    kept = " ".join(map(str, chain(*smev.warehouse.rows("SELECT * FROM core.smev_event_rows"))))
    assert [value for value in truth.personal if value in kept] == []
