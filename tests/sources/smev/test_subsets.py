"""A week across a month's end in all formats: whatever files of it arrive in whatever order, what the
warehouse shows is what those files say, message by message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from tests.emulators.inbox.scenario import ScenarioFile, Truth, write_scenario
from tests.emulators.inbox.scenario.truth import Daily
from tests.sources.smev.conftest import SmevInbox

TALKS, FILES = write_scenario()
NOW = datetime(2025, 5, 2, 9, tzinfo=UTC)


def subset(seed: int) -> list[ScenarioFile]:
    """Some of the files in some order, some of them twice."""
    rng = Random(seed)
    chosen = rng.sample(FILES, rng.randrange(1, len(FILES) + 1))
    return chosen + rng.choices(chosen, k=rng.randrange(3))


def load(smev: SmevInbox, files: Sequence[ScenarioFile], rng: Random) -> None:
    """Let the files arrive in this order, in one to three runs."""
    cuts = sorted(rng.choices(range(len(files) + 1), k=rng.randrange(3)))
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(files)], strict=True)):
        for position, file in enumerate(files[begin:end]):
            smev.put(f"{number}/{position}/{file.name}", file.content)
        run = smev.load()
        assert (run.rejected, run.broken) == ([], [])


def shown(smev: SmevInbox) -> dict[str, dict[str, Any]]:
    """core.smev_requests by message id, in the shape of the truth."""
    rows = {}
    for row in smev.requests():
        row["reply_keys"] = frozenset(row["reply_keys"])
        row["formats"] = tuple(row["formats"])
        for name in ("sent_at", "answered_at"):
            row[name] = row[name] and row[name].replace(tzinfo=UTC)
        rows[row["message_id"]] = row
    return rows


def expected(truth: Truth) -> dict[str, dict[str, Any]]:
    return {
        row.message_id: {name: getattr(row, name) for name in row.__slots__}
        for row in truth.requests
    }


def assert_same(smev: SmevInbox, truth: Truth) -> None:
    found, right = shown(smev), expected(truth)
    assert found.keys() == right.keys()
    assert {key: {name: row[name] for name in right[key]} for key, row in found.items()} == right
    bad = "SELECT count() FROM ops.quarantine WHERE load_id IN (SELECT load_id FROM ops.published)"
    assert smev.warehouse.value(bad) == truth.bad


def build(smev: SmevInbox, *marts: str) -> None:
    built = build_marts(smev.warehouse, load_passport(), NOW, marts)
    publish_marts(smev.warehouse, built.id)


def daily(smev: SmevInbox) -> dict[tuple[Any, ...], Daily]:
    rows = smev.warehouse.rows(
        """
        SELECT day, sender, information_type, channel_class, requests, answered, rejected, overdue, repeats,
               median_response_seconds, p95_response_seconds
        FROM marts.smev_requests_daily
        """
    )
    return {row[:4]: Daily(*row[4:]) for row in rows}


def assert_same_marts(smev: SmevInbox, truth: Truth) -> None:
    found, right = daily(smev), truth.daily()
    assert found.keys() == right.keys()
    for key, figures in right.items():
        for name in Daily.__slots__:
            assert getattr(found[key], name) == pytest.approx(getattr(figures, name)), (key, name)
    facts = dict(
        smev.warehouse.rows(
            "SELECT month, fact FROM marts.indicators_monthly "
            "WHERE indicator = 'smev_requests' AND year = 2025 AND fact IS NOT NULL"
        )
    )
    months = truth.months()
    march = months.get(date(2025, 3, 1), 0)
    both = march + months.get(date(2025, 4, 1), 0)
    assert facts.get(date(2025, 3, 1), 0) == march
    assert facts.get(date(2025, 4, 1), both) == both


def assert_same_events(smev: SmevInbox, truth: Truth) -> None:
    """Acknowledgements and troubles, which core.smev_requests does not show."""
    published = "WHERE load_id IN (SELECT load_id FROM ops.published)"
    acks = smev.warehouse.rows(
        f"SELECT message_id, toString(ack) FROM core.smev_event_rows {published} AND ack != 'none'"
    )
    assert set(acks) == truth.acks()
    troubles = smev.warehouse.rows(
        "SELECT toString(format), toString(fault_name), smev_error, logged_at "
        f"FROM core.smev_event_rows {published} AND message_type = 'ERROR'"
    )
    assert {
        (*row[:3], row[3] and row[3].replace(tzinfo=UTC)) for row in troubles
    } == truth.troubles()


@pytest.mark.parametrize("seed", range(16))
def test_any_subset_in_any_order_says_what_its_files_say(smev: SmevInbox, seed: int) -> None:
    files = subset(seed)
    load(smev, files, Random(f"{seed}/runs"))
    truth = Truth(TALKS, files)
    assert_same(smev, truth)
    assert_same_events(smev, truth)


@pytest.mark.parametrize("seed", range(100, 103))
def test_the_marts_of_any_subset(smev: SmevInbox, seed: int) -> None:
    files = subset(seed)
    load(smev, files, Random(f"{seed}/runs"))
    build(smev, "smev_requests_daily", "indicators_monthly")
    assert_same_marts(smev, Truth(TALKS, files))


def test_everything_twice_changes_nothing(smev: SmevInbox) -> None:
    truth = Truth(TALKS, FILES)
    for turn, files in enumerate((FILES, FILES[::-1])):
        for file in files:
            smev.put(f"{turn}/{file.name}", file.content)
        smev.load()
        assert_same(smev, truth)
    build(smev, "smev_requests_daily", "indicators_monthly")
    assert_same_marts(smev, truth)


def test_the_answer_terms_of_everything(smev: SmevInbox) -> None:
    load(smev, FILES, Random(1))
    build(smev, "smev_answer_terms_daily")
    terms = smev.warehouse.rows(
        """
        SELECT day, sender, information_type, channel_class, on_time, overdue, open,
               seen_by_envelope, seen_by_journal, seen_by_text, seen_by_one_format
        FROM marts.smev_answer_terms_daily
        """
    )
    assert {row[:4]: row[4:] for row in terms} == Truth(TALKS, FILES).terms()


EXCHANGE_MARTS = (
    "smev_requests_daily",
    "smev_answer_terms_daily",
    "smev_exchange_daily",
    "smev_adapter_daily",
)


def exchange(smev: SmevInbox) -> dict[str, list[tuple[Any, ...]]]:
    build(smev, *EXCHANGE_MARTS)
    return {
        mart: sorted(smev.warehouse.rows(f"SELECT * FROM marts.{mart}"), key=repr)
        for mart in EXCHANGE_MARTS
    }


def test_the_exchange_is_the_same_in_any_order_and_when_files_come_twice(smev: SmevInbox) -> None:
    load(smev, Random(7).sample(FILES, len(FILES)), Random(7))
    first = exchange(smev)
    assert all(first.values())
    for file in FILES:
        smev.put(
            f"again/{file.name}", file.content + (b"\n" if file.name.endswith(".log") else b"")
        )
    smev.load()
    assert exchange(smev) == first


def test_the_backlog_of_everything(smev: SmevInbox) -> None:
    load(smev, FILES, Random(1))
    build(smev, "smev_adapter_daily")
    rows = smev.warehouse.rows(
        "SELECT day, received, answered, backlog FROM marts.smev_adapter_daily ORDER BY day"
    )
    received = {row[0]: row[1] for row in rows if row[1]}
    of_truth: dict[date, int] = {}
    answers = 0
    for key, figures in Truth(TALKS, FILES).daily().items():
        of_truth[key[0]] = of_truth.get(key[0], 0) + figures.requests
        answers += figures.answered
    assert received == of_truth
    assert sum(row[2] for row in rows) == answers
    assert rows[-1][3] == sum(of_truth.values()) - answers
