"""What is told and when: states, reminders, floods, the hour of the passport, what the template makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.documents.making import write_newest
from municipal_indicators.errors import ChannelError
from municipal_indicators.reference.passport import Passport, load_passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.watch.channels import SINGLY, open_channels
from municipal_indicators.watch.messages import note_messages, send_unsent
from municipal_indicators.watch.morning import is_due
from municipal_indicators.watch.problems import Problem, find_problems, of_runs
from municipal_indicators.watch.runs import DagRuns, Run, runs_of
from tests.emulators.receivers import Received
from tests.marts.given import COUNTER, SITE, Given
from tests.marts.judged_year import fill_year

LATE = Problem("stale", "smev", "late", "Данные запаздывают", "СМЭВ", "01.03.2024", "http://a/")
NIGHT = "scheduled__2026-11-24T01:20:00+00:00"


@pytest.fixture
def given(warehouse: Warehouse) -> Given:
    return Given(warehouse, load_passport())


@pytest.fixture(scope="module")
def passport() -> Passport:
    return load_passport()


def age(warehouse: Warehouse, table: str, *, days: int) -> None:
    """Make what a table of events says that many days older."""
    shifted = f"SELECT * REPLACE (at - INTERVAL {days} DAY AS at) FROM {table}"
    warehouse.command("DROP TABLE IF EXISTS ops.aged")
    warehouse.command(f"CREATE TABLE ops.aged AS {table}")
    warehouse.command(f"INSERT INTO ops.aged {shifted}")
    warehouse.command(f"EXCHANGE TABLES ops.aged AND {table}")
    warehouse.command("DROP TABLE ops.aged")


def texts(warehouse: Warehouse) -> list[str]:
    """The first lines of all messages, oldest first."""
    rows = warehouse.rows("SELECT text FROM ops.notifications ORDER BY at, subject")
    return [text.partition("\n")[0] for (text,) in rows]


def test_a_problem_is_told_again_when_it_changes_or_stands_for_a_week(warehouse: Warehouse) -> None:
    note_messages(warehouse, [LATE], ["log"])
    assert note_messages(warehouse, [LATE], ["log"]) == 0
    worse = replace(LATE, state="missing", what="Данные не поступали")
    assert note_messages(warehouse, [worse], ["log"]) == 1
    # As if all that had been a week ago.
    age(warehouse, "ops.notification_events", days=7)
    assert note_messages(warehouse, [worse], ["log"]) == 1
    assert note_messages(warehouse, [], ["log"]) == 1
    assert note_messages(warehouse, [], ["log"]) == 0
    assert texts(warehouse) == [
        "Данные запаздывают",
        "Данные не поступали",
        "Напоминание. Данные не поступали",
        "Больше не наблюдается: Данные не поступали",
    ]
    # Once more is news again.
    assert note_messages(warehouse, [LATE], ["log"]) == 1


def states(given: Given, kind: str) -> list[str]:
    return [
        one.state for one in find_problems(given.warehouse, given.passport, []) if one.kind == kind
    ]


def test_marts_are_told_of_when_they_are_missing_behind_or_old(given: Given) -> None:
    now = datetime.now(UTC)
    assert states(given, "build") == ["never"]
    given.build(now=now)
    assert states(given, "build") == []
    given.events(date(2024, 3, 1))
    assert states(given, "build") == ["behind"]
    given.build(now=datetime.now(UTC) + timedelta(seconds=1))
    assert states(given, "build") == []
    age(given.warehouse, "ops.load_events", days=3)
    given.build(now=now - timedelta(hours=27))
    assert states(given, "build") == ["old"]


def test_a_month_that_is_whole_is_told_once_with_the_first_page_of_the_report(
    warehouse: Warehouse, mail: Received, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_REPORT", str(tmp_path / "report.html"))
    given = Given(warehouse, load_passport())
    fill_year(given)
    given.build()

    def tell() -> list[str]:
        before = len(mail.letters)
        found = find_problems(warehouse, given.passport, [])
        note_messages(warehouse, [one for one in found if one.kind == "month"], ["email"])
        send_unsent(warehouse, open_channels())
        return [letter.subject for letter in mail.letters[before:]]

    # Nobody wrote the documents yet: the letter goes without them, and does not say that it has them.
    (subject,) = tell()
    assert subject.startswith("[Показатели программы] Показатели за декабрь 2025: ")
    assert mail.letters[-1].files == {}
    assert "Приложена" not in mail.letters[-1].text
    assert "/programme-report/" in mail.letters[-1].text
    assert tell() == []
    age(warehouse, "ops.notification_events", days=40)
    assert tell() == []

    warehouse.command("TRUNCATE TABLE ops.notification_events")
    write_newest(warehouse, given.passport, settings.documents_folder())
    assert len(tell()) == 1
    ((name, sheet),) = mail.letters[-1].files.items()
    assert name == "report-2025-12.pdf"
    assert sheet.startswith(b"%PDF-")
    assert "Приложена первая страница отчёта (PDF)." in mail.letters[-1].text


def test_checks_that_are_gone_or_passed_are_not_told(warehouse: Warehouse, given: Given) -> None:
    now = datetime.now(UTC)
    rows = [
        (now - timedelta(days=1), "gone", "fail", False),
        (now - timedelta(days=1), "mended", "fail", False),
        (now - timedelta(seconds=5), "mended", "fail", True),
        (now - timedelta(days=2), "broken", "warn", False),
        (now - timedelta(days=1), "broken", "warn", True),
        (now - timedelta(hours=1), "broken", "warn", False),
        (now, "broken", "warn", False),
    ]
    warehouse.insert(
        "ops.checks",
        ["at", "check", "severity", "passed", "rows", "example"],
        [(*row, 2, "") for row in rows],
    )
    found = [one for one in find_problems(warehouse, given.passport, []) if one.kind == "check"]
    assert [(one.subject, one.state) for one in found] == [("broken", "warn failed")]
    since = (now - timedelta(hours=1)).astimezone(given.passport.zone)
    assert found[0].since == since.strftime("%d.%m.%Y %H:%M")
    assert "(предупреждение): broken, найдено строк: 2" in found[0].what


def test_a_flood_is_one_message(warehouse: Warehouse, chat: Received) -> None:
    flood = [replace(LATE, subject=str(number)) for number in range(SINGLY + 1)]
    note_messages(warehouse, flood, ["webhook"])
    assert send_unsent(warehouse, open_channels()) == len(flood)
    ((_, body),) = chat.posts
    assert body["text"].count("Данные запаздывают") == len(flood)
    assert send_unsent(warehouse, open_channels()) == 0


def test_the_template_of_the_webhook_is_a_file(
    warehouse: Warehouse, chat: Received, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chat.json.j2"
    monkeypatch.setenv("AIRFLOW_VAR_NOTIFY_WEBHOOK_TEMPLATE", str(path))
    note_messages(warehouse, [replace(LATE, what='Файл "а" не загружен')], ["webhook"])
    path.write_text('{"text": "{{ text }}"}', encoding="utf-8")
    with pytest.raises(
        ChannelError, match=r"chat\.json\.j2: получается не JSON .* notify_webhook_template"
    ):
        send_unsent(warehouse, open_channels())
    path.write_text(
        '{"m": {"title": {{ headline | tojson }}, "kind": {{ messages[0].kind | tojson }}}}'
    )
    send_unsent(warehouse, open_channels())
    assert [body for _, body in chat.posts] == [
        {"m": {"title": 'Файл "а" не загружен', "kind": "stale"}}
    ]


@pytest.mark.parametrize(
    ("variable", "value", "way_out"),
    [
        ("NOTIFY_EMAIL", "a@example.org", "airflow connections add smtp_default --conn-type smtp"),
        ("NOTIFY_WEBHOOK", "my_chat", "airflow connections add my_chat --conn-type generic"),
    ],
)
def test_a_missing_connection_is_told_with_the_line_to_paste(
    warehouse: Warehouse,
    airflow_database: None,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    way_out: str,
) -> None:
    monkeypatch.setenv(f"AIRFLOW_VAR_{variable}", value)
    (channel,) = open_channels()
    note_messages(warehouse, [LATE], [channel.name])
    with pytest.raises(ChannelError, match=way_out):
        send_unsent(warehouse, [channel])


def runs(*states: dict[str, str | None], hours: float = 5, **known: bool) -> DagRuns:
    """Runs of a load, the newest first and a day apart; the newest was due that long ago."""
    now = datetime.now(UTC)
    return DagRuns(
        "load_smev_requests",
        [
            Run(f"scheduled__{number}", now - timedelta(hours=hours + 24 * number), one)
            for number, one in enumerate(states)
        ],
        **known,
    )


DONE: dict[str, str | None] = {"load_files": "success", "announce_new_data": "skipped"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (DagRuns("load_smev_requests", []), []),
        (runs(DONE), []),
        (
            runs({**DONE, "load_files": "failed"}),
            [("task", "load_smev_requests.load_files", "failed")],
        ),
        (
            runs({"load_logs_0": "failed", "load_logs_1": "failed", "confirm": "upstream_failed"}),
            [("task", "load_smev_requests.load_logs", "failed")],
        ),
        # What failed the night before is over.
        (runs(DONE, {**DONE, "load_files": "failed"}), []),
        # Neither a dead triggerer nor a killed scheduler calls back.
        (runs({"load_files": "deferred"}, DONE), [("run", "load_smev_requests", "going")]),
        (runs({"load_files": None}, DONE), [("run", "load_smev_requests", "going")]),
        (runs({"load_files": "running"}, DONE, hours=0.1), []),
        (runs({"load_files": "skipped"}, ended_badly=True), [("run", "load_smev_requests", "cut")]),
        (runs(DONE, hours=30), [("run", "load_smev_requests", "missed")]),
        (runs(DONE, is_paused=True), [("run", "load_smev_requests", "paused")]),
    ],
)
def test_the_fate_of_a_night(
    found: DagRuns, expected: list[tuple[str, str, str]], passport: Passport
) -> None:
    assert [(one.kind, one.subject, one.state) for one in of_runs(found, passport)] == expected


def test_a_dag_that_is_only_run_by_hand_misses_no_night(passport: Passport) -> None:
    old = Run("manual__x", datetime(2024, 3, 1, tzinfo=UTC), DONE)
    assert of_runs(DagRuns("load_smev_requests", [old], is_paused=True), passport) == []


def test_runs_are_ordered_by_their_time_whoever_started_them() -> None:
    found = runs_of(
        {
            NIGHT: {},
            "asset_triggered__2026-11-24T02:00:00.5+00:00_AbC": {},
            "manual__2026-11-23T05:00:00+00:00": {},
            "named by a person": {},
        }
    )
    assert [run.run_id.partition("__")[0] for run in found] == [
        "asset_triggered",
        "scheduled",
        "manual",
    ]


@pytest.mark.parametrize(
    ("at", "looked_at", "due"),
    [
        ("2026-11-24T04:00+00:00", [], False),  # seven in Moscow
        ("2026-11-24T05:00+00:00", [], True),
        ("2026-11-24T06:00+00:00", ["2026-11-24T05:00+00:00"], False),
        ("2026-11-24T05:00+00:00", ["2026-11-23T05:00+00:00"], True),
        # A watch by hand before the hour is not the morning's; one that was missed is made up for.
        ("2026-11-24T05:00+00:00", ["2026-11-24T03:00+00:00"], True),
        ("2026-11-24T11:00+00:00", ["2026-11-23T05:00+00:00"], True),
    ],
)
def test_it_looks_once_a_day_at_the_hour_of_the_passport_or_later(
    at: str, looked_at: list[str], due: bool, passport: Passport
) -> None:
    own = [
        Run(f"scheduled__{one}", datetime.fromisoformat(one), {"look": "success"})
        for one in looked_at
    ]
    skipped = Run("scheduled__x", datetime(2026, 11, 24, 5, tzinfo=UTC), {"look": "skipped"})
    assert (
        is_due(datetime.fromisoformat(at), DagRuns("watch_the_morning", [skipped, *own]), passport)
        is due
    )


def test_problems_name_no_person_and_are_one_a_file_or_counter(given: Given) -> None:
    given.warehouse.command(
        "INSERT INTO ops.load_events (source, dataset, unit_key, unit, load_id, status, at, message) "
        f"SELECT 'metrica', 'visits', key, key, generateUUIDv4(), 'failed', now64(6), 'the token of Ivanov' "
        f"FROM (SELECT concat('{COUNTER}/2026-11-0', toString(number)) AS key FROM numbers(1, 5))"
    )
    given.site(date(2023, 1, 1), date(2023, 1, 31), without=[date(2023, 1, 10), date(2023, 1, 11)])
    given.build()
    rows = given.select(
        "SELECT unit, reason, day, rows FROM marts.data_problems WHERE kind = 'missing_days' ORDER BY day"
    )
    assert [row[2] for row in rows] == [date(2022, 1, 1), date(2023, 1, 10), date(2023, 2, 1)]
    assert rows[1] == (
        str(COUNTER),
        f"Не загружено: {SITE}, 10.01.2023–11.01.2023",
        date(2023, 1, 10),
        2,
    )
    assert given.select("SELECT sum(missing_days) FROM marts.data_freshness") == [
        (sum(row[3] for row in rows),)
    ]
    found = [
        one for one in find_problems(given.warehouse, given.passport, []) if one.kind == "rejected"
    ]
    assert [(one.subject, one.what) for one in found] == [
        (
            f"metrica: счётчик {COUNTER}",
            f"Не загружено: счётчик {COUNTER} (5). День не загружен или новый ответ Метрики не принят: "
            "осталась прежняя версия",
        )
    ]
