"""``python -m demo`` (``make demo``): everything once, from sources to the report."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from demo.reported import close_and_correct, last_quarter, show_revision
from demo.runs import Airflow, RunFailedError
from demo.stage import (
    FIRST_DAY,
    REPOSITORY,
    SITE_DAY,
    SMEV_DAY,
    TOKEN,
    Ends,
    ImpossibleMonthError,
    Stage,
    ends,
    read_month,
)
from tests.emulators.inbox import write_inbox
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.server import MetricaEmulator
from tests.emulators.metrica.state import Counter

COUNTER = 12345678
RELOADED_DAYS = 4
MONTHS_OF_HITS = 6

FILE_LOADS = (
    ("load_gosuslugi_applications", "Заявления и каталоги Госуслуг"),
    ("load_smev_requests", "Архивы и журналы СМЭВ"),
    ("load_programme_registers", "Реестры программы"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when the report was written, 1 on an error, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    stage = Stage(options.folder.resolve())
    if options.fresh:
        shutil.rmtree(stage.root, ignore_errors=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    counter = Counter(COUNTER)
    today = date.today()  # noqa: DTZ011 - the user's own calendar
    try:
        end = ends(today, options.last_month and read_month(options.last_month, today))
    except ImpossibleMonthError as error:
        console.print(str(error), style="red", markup=False)
        return 2
    try:
        with MetricaEmulator([counter], {TOKEN: None}, settings=Settings(polls=1)) as emulator:
            console.print(f"Эмулятор API Метрики: {emulator.url}")
            _run(stage, emulator.port, end, console)
    except RunFailedError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Прервано. Повторный запуск продолжит с того же места: make demo")
        return 130
    say_what_next(console, stage, today, last_quarter(end)[0], time.monotonic() - started)
    return 0


def _run(stage: Stage, port: int, end: Ends, console: Console) -> None:
    environment = stage.environment(port)
    with Airflow(stage, environment, console) as airflow:
        _write_files(stage, end, console)
        airflow.run(["db", "migrate"], "База Airflow", "db_migrate")
        _load(airflow, _days_to_load(stage, end.site), end)
        airflow.run_dag("build_indicator_marts", "Витрины и страница отчёта")
        _note_done(stage, end.site)
        period = close_and_correct(stage, end, airflow)
    show_revision(period, environment, console)
    _show(environment, console)


def _load(airflow: Airflow, first_visits: date, end: Ends) -> None:
    first_hits = max(first_visits, _first_day_of_hits(end.last_month))
    for dag_id, title, first in (
        ("load_metrica_visits", "Визиты сайта", first_visits),
        ("load_metrica_hits", "Просмотры и загрузки", first_hits),
    ):
        airflow.run_dag(
            dag_id,
            f"{title} {first:%d.%m.%Y} … {end.site:%d.%m.%Y}",
            {"date_from": str(first), "date_to": str(end.site)},
        )
    for dag_id, title in FILE_LOADS:
        airflow.run_dag(dag_id, title)


def _days_to_load(stage: Stage, last_day: date) -> date:
    """The whole history at first; afterwards only its end, as every night."""
    done = _done(stage)
    if done is None:
        return FIRST_DAY
    return min(done + timedelta(days=1), last_day - timedelta(days=RELOADED_DAYS - 1))


def _first_day_of_hits(last_month: date) -> date:
    """Half a year is enough for the pages; all years would cost 40 s of CPU more."""
    return (last_month - timedelta(days=30 * (MONTHS_OF_HITS - 1))).replace(day=1)


def _write_files(stage: Stage, end: Ends, console: Console) -> None:
    if _done(stage) == end.site:
        console.print("  [green]✓[/] Файлы уже загружены, новых нет")
        return
    truth = write_inbox(stage.inbox, FIRST_DAY, end.last_month, smev_until=end.smev)
    console.print(f"  [green]✓[/] Написано файлов: {len(truth.files)}")


def _done(stage: Stage) -> date | None:
    if not stage.done.exists():
        return None
    return date.fromisoformat(stage.done.read_text(encoding="utf-8"))


def _note_done(stage: Stage, last_day: date) -> None:
    stage.done.write_text(last_day.isoformat(), encoding="utf-8")


def _show(environment: Mapping[str, str], console: Console) -> None:
    # Airflow reads its environment when it is imported: the environment must be set before.
    os.environ.update(environment, AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR")
    from municipal_indicators.reference.passport import load_passport
    from municipal_indicators.report import print_indicators
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        console.print()
        print_indicators(warehouse, console, load_passport().time_zone)


def say_what_next(console: Console, stage: Stage, today: date, period: str, seconds: float) -> None:
    """Where the page is, why it calls data late, and what to try next."""

    def short(path: Path) -> str:
        return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)

    console.print(
        f"""
Готово за {seconds:.0f} с. Страница для руководителя и аудитора: {short(stage.report)}
Источники демо нарочно заканчиваются раньше, чем сегодня ({today:%d.%m.%Y}):
«запаздывают» на странице — не сбой.

Что дальше:
  • открыть страницу в браузере; она не обращается к сети
  • make airflow — Airflow с этими загрузками: нажмите «Запустить»
  • make superset — доски Superset над теми же витринами
  • make stack — то и другое вместе, со ссылками друг на друга
  • make report PERIOD={period} — отчёт за квартал в .xlsx и .docx
  • положить свой файл в {short(stage.inbox)}/gosuslugi и повторить make demo
  • посмотреть журналы, принятые и отклонённые файлы с причинами:
    {short(stage.logs)}, {short(stage.root / "archive")}
  • подключить настоящую Метрику, папки и сервер ClickHouse: README.md
"""
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Loads the sample sources since 2022 through the real DAGs, prints the indicators "
        "and writes the report page. Run again, it loads only what is new.",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the earlier demo first")
    parser.add_argument(
        "--last-month",
        metavar="YYYY-MM",
        help="end with this month, whole; without it the sources end within the month under way: the site "
        f"on its {SITE_DAY}th, SMEV on its {SMEV_DAY}th, exports and registers before it. Until its "
        f"{SITE_DAY}th is over, the month before is taken",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / "build" / "demo",
        help="folder of the warehouse, inbox, archive and logs of the demo (default: build/demo)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
