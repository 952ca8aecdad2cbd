"""The plan of a night and of a first history against what then happens, under the quotas of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.metrica import rate_limit
from municipal_indicators.sources.metrica.quota_plan import NIGHT, main, next_night, runs_of, told
from municipal_indicators.sources.metrica.quota_play import Assumptions, PlannedRun, play
from municipal_indicators.sources.metrica.rate_limit import CALLS_A_DAY, RATES
from municipal_indicators.warehouse.client import Warehouse
from tests.dags.test_dag_files import parse
from tests.dags.test_region import write_passports
from tests.emulators.metrica import Counter, MetricaEmulator
from tests.sources.metrica.conftest import SITE, TOKEN, connect
from tests.sources.metrica.virtual_time import run_source, use_virtual_time

TODAY = datetime.now(UTC).date()


def with_sites(folder: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A passport with that many sites."""
    text = (REPOSITORY / "tests" / "passport.yaml").read_text(encoding="utf-8")
    sites = "".join(
        f"  - {{counter_id: {SITE + one}, name: Сайт {one}}}\n" for one in range(number)
    )
    path = folder / "programme.yaml"
    path.write_text(
        re.sub(r"(?m)^sites:\n(?:  - .*\n)+", f"sites:\n{sites}", text), encoding="utf-8"
    )
    monkeypatch.setenv(settings.PASSPORT_VARIABLE, str(path))
    return path


def assert_played_as_it_happens(
    number: int,
    first: date | None,
    assumed: Assumptions,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    sources: Iterable[str] = NIGHT,
) -> None:
    """Plan, then run on a clock of its own; calls and time differ by less than a tenth."""
    with_sites(folder, number, monkeypatch)
    monkeypatch.setattr(rate_limit, "RATES", RATES)
    with MetricaEmulator([Counter(SITE + one) for one in range(number)], {TOKEN: None}) as emulator:
        connect(emulator, monkeypatch)
        clock = use_virtual_time(emulator, assumed, monkeypatch)
        for source in sources:
            begun, before = clock.now, len(emulator.calls)
            at = datetime.fromtimestamp(begun, UTC)
            runs = list(runs_of(load_passport(), "a", {source: at}, first))
            outcome = play(runs, assumed)
            run_source(clock, assumed, source, first)
            happened, made = clock.now - begun, len(emulator.calls) - before
            planned = (outcome.ends["", source] - at).total_seconds()
            told_calls = sum(outcome.of_token("a"))
            assert {call.status for call in emulator.calls} == {200}
            assert abs(told_calls - made) <= made / 10, emulator.actions()[before:]
            assert abs(planned - happened) <= happened / 10


def test_a_night_of_a_few_sites(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assumed = Assumptions(at_once=1, task_seconds=2.0)
    assert_played_as_it_happens(4, None, assumed, tmp_path, monkeypatch)


def test_a_history_of_more_than_a_year(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = TODAY - timedelta(days=500)
    assumed = Assumptions(at_once=1, prepare_day_seconds=0.5)
    assert_played_as_it_happens(2, first, assumed, tmp_path, monkeypatch)


@pytest.mark.slow
def test_a_night_of_a_hundred_sites(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assumed = Assumptions(at_once=1)
    assert_played_as_it_happens(100, None, assumed, tmp_path, monkeypatch, ["visits"])


def plan_of(number: int, token: str = "a", district: str = "", **given: date) -> list[PlannedRun]:
    """The runs of so many sites in the next night."""
    passport = load_passport()
    site = passport.sites[0]
    sites = [site.model_copy(update={"counter_id": SITE + one}) for one in range(number)]
    begins = next_night(datetime(2026, 11, 30, 12, tzinfo=UTC))
    many = passport.model_copy(update={"sites": sites})
    return list(runs_of(many, token, begins, given.get("first"), district))


def test_the_nights_begin_as_the_dags_do() -> None:
    dags = parse()["dags"]
    for source, at in NIGHT.items():
        assert dags[f"load_metrica_{source}"]["hours"] == f"{at.minute} {at.hour} * * *"
    before, after = (datetime(2026, 11, 30, hour, tzinfo=UTC) for hour in (1, 2))
    assert next_night(before)["visits"].isoformat() == "2026-11-30T04:20:00+03:00"
    assert next_night(after)["hits"].isoformat() == "2026-12-01T05:00:00+03:00"


def test_a_history_that_needs_days_of_calls_is_told() -> None:
    runs = plan_of(100, first=date(2022, 1, 1))
    outcome = play(runs, Assumptions())
    calls = outcome.of_token("a")
    assert calls[:-1] == [CALLS_A_DAY] * (len(calls) - 1)
    lines, fits = told(runs, outcome, None)
    assert not fits
    assert f"a: обращений {sum(calls)}, в самый полный день 5000" in lines[2]
    assert f"дней {len(calls)}, в каждый запустите DAG снова" in lines[2]
    assert max(outcome.ends.values()) - runs[0].begins_at > timedelta(days=len(calls) - 2)


def test_a_token_a_district_removes_the_limit_of_a_day_but_not_that_of_the_host() -> None:
    first = date(2022, 1, 1)
    runs = [run for one in range(25) for run in plan_of(4, f"t{one}", f"d{one}", first=first)]
    outcome = play(runs, Assumptions(call_seconds=0.05, task_seconds=0.0, prepare_seconds=0.0))
    assert {len(outcome.of_token(f"t{one}")) for one in range(25)} == {1}
    assert told(runs, outcome, None)[1]
    calls = sum(outcome.calls.values())
    took = (max(outcome.ends.values()) - runs[0].begins_at).total_seconds()
    logs = calls - sum(len(run.sites) for run in runs)
    assert took > logs / 10 / 2


def test_a_night_that_is_not_over_when_the_watch_looks_does_not_fit() -> None:
    runs = plan_of(100)
    until = runs[0].begins_at + timedelta(hours=3, minutes=40)
    lines, fits = told(runs, play(runs, Assumptions()), until)
    assert fits
    assert lines[-1] == "Укладывается."
    lines, fits = told(runs, play(runs, Assumptions(prepare_seconds=15000.0)), until)
    assert not fits
    assert "позже утренней проверки (08:00)" in lines[0]


def test_the_command_tells_of_each_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_passports(tmp_path / "programmes", "mtsensk", "oryol")
    monkeypatch.setenv(settings.PASSPORT_VARIABLE, str(folder))
    own = '{"conn_type": "metrica", "password": "y0_of_oryol"}'
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_ORYOL", own)
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", own)
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "visits: сайтов 2" in said
    assert "metrica_default: " in said
    assert "metrica_oryol: " in said
    assert main(["--history", "--prepare-seconds", "60", "--source", "visits"]) == 0
    assert "visits: сайтов 2, 2022-01-01…" in capsys.readouterr().out
    (folder / "mtsensk.yaml").write_text("programme: П\n", encoding="utf-8")
    assert main([]) == 2
    assert "mtsensk.yaml:1: first_year: отсутствует" in capsys.readouterr().err
