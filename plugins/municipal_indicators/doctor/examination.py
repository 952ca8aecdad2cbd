"""The examination of an installation, one finding a matter; it leaves at most the database ops behind."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from municipal_indicators import settings
from municipal_indicators.documents.word import check_template, template_path
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference import effectiveness, labels, lists
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.warehouse.client import embedded_path, open_warehouse

if TYPE_CHECKING:
    from upath import UPath

State = Literal["ok", "warn", "fail"]
# A load needs room for a copy of its file and for merges; below the second a night may stop.
ENOUGH, TOO_LITTLE = 5 << 30, 1 << 30
CLOCKS_DIFFER = 60
WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and in words what was found or how to mend it."""

    subject: str
    state: State
    text: str


def examine() -> Iterator[Finding]:
    """Look at all matters in turn, in a region for each district; one that fails does not hide the others."""
    try:
        districts = settings.districts()
    except IndicatorsError as error:
        yield Finding("паспорта", "fail", str(error))
        return
    for number, district in enumerate(districts or (None,)):
        for subject, look in _MATTERS:
            # The lists are the same for all districts.
            if number and look is _lists:
                continue
            with settings.working_for(district):
                answer = _answer(look)
            yield Finding(f"{district}: {subject}" if district else subject, *answer)


def _answer(look: Callable[[], tuple[State, str]]) -> tuple[State, str]:
    try:
        return look()
    except (IndicatorsError, OSError) as error:
        return "fail", str(error)


def _airflow() -> tuple[State, str]:
    from airflow.models.pool import Pool
    from sqlalchemy.exc import DBAPIError

    try:
        name = settings.warehouse_pool()
        pool = Pool.get_pool(name)
    except DBAPIError:
        return "fail", "База Airflow не готова: выполните `.venv/bin/airflow db migrate`."
    if pool is None:
        return "fail", (
            f"Нет пула {name}, ни одна задача не начнётся: выполните "
            f'`.venv/bin/airflow pools set {name} 1 "встроенное хранилище"` (для сервера 4 или больше).'
        )
    if embedded_path() and pool.slots != 1:
        return "warn", (
            f"В пуле {name} мест: {pool.slots}, а встроенное хранилище открывает один процесс: задайте 1, "
            "чтобы задачи ждали в очереди."
        )
    return "ok", f"база готова, в пуле {name} мест: {pool.slots}"


def _passport() -> tuple[State, str]:
    passport = load_passport()
    effectiveness.chosen_methods(passport.effectiveness)
    return "ok", f"{settings.passport_path()}: показателей {len(passport.indicators)}"


def _lists() -> tuple[State, str]:
    lists.holidays()
    lists.freshness_terms()
    lists.smev_kinds()
    lists.course_annotations()
    labels.read_labels()
    check_template(template_path())
    return "ok", f"{settings.REFERENCE} читается"


def _warehouse() -> tuple[State, str]:
    """Whether it answers, may be written, and has our clock."""
    probe = f"ops.doctor_{uuid.uuid4().hex[:8]}"
    with open_warehouse(WAIT) as warehouse:
        version = warehouse.value("SELECT version()")
        theirs = warehouse.value("SELECT now('UTC')")
        warehouse.command("CREATE DATABASE IF NOT EXISTS ops")
        warehouse.command(f"CREATE TABLE {probe} (a UInt8) ENGINE = MergeTree ORDER BY a")
        try:
            warehouse.command(f"INSERT INTO {probe} SELECT 1")
            warehouse.command(f"ALTER TABLE {probe} ADD COLUMN b UInt8")
        finally:
            warehouse.command(f"DROP TABLE {probe} SYNC")
    apart = abs((datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds())
    if apart > CLOCKS_DIFFER:
        return "fail", (
            f"Часы сервера и этой машины расходятся на {apart:.0f} с: сверяйте те и другие по серверу "
            "времени (NTP), иначе порядок загрузок неверен."
        )
    place = embedded_path()
    return (
        "ok",
        f"ClickHouse {version}, {f'встроенный в {place}' if place else 'сервер'}; запись возможна",
    )


def _metrica() -> tuple[State, str]:
    """One call a site of the passport, as a load begins."""
    sites = load_passport().sites
    if not sites:
        return "ok", "в паспорте нет сайтов"
    client = MetricaHook(settings.metrica_connection()).get_conn()
    zones = [
        f"{site.counter_id} ({client.counter(site.counter_id).time_zone_name})" for site in sites
    ]
    return "ok", f"отвечает за {', '.join(zones)}"


def _inbox() -> tuple[State, str]:
    folder = settings.inbox_folder()
    if not folder.is_dir():
        return "fail", (
            f"Папки {folder} нет: создайте её или назовите другую в переменной Airflow inbox."
        )
    found = sum(1 for _ in folder.iterdir())
    return "ok", f"{folder}: файлов и папок {found}"


def _archive() -> tuple[State, str]:
    return _writable(settings.archive_folder(), "archive")


def _landing() -> tuple[State, str]:
    return _writable(settings.landing_folder(), "landing")


def _report() -> tuple[State, str]:
    return _writable(settings.report_path().parent, "report")


def _writable(folder: Path | UPath, variable: str) -> tuple[State, str]:
    probe = folder / f".doctor-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return "fail", (
            f"В {folder} не записать ({error.strerror}): дайте право пользователю Airflow или назовите "
            f"другую папку в переменной Airflow {variable}."
        )
    if isinstance(folder, Path):
        free = shutil.disk_usage(folder).free
        room = f"свободно {free / (1 << 30):.1f} ГиБ"
        if free < ENOUGH:
            return (
                "fail" if free < TOO_LITTLE else "warn",
                f"{folder}: {room}, этого мало. Освободите место.",
            )
        return "ok", f"{folder}: {room}"
    return "ok", str(folder)


def _messages() -> tuple[State, str]:
    if settings.has_channel():
        return "ok", "о неполадках ночи сообщается"
    return "warn", (
        "О неполадках ночи говорит только журнал: задайте переменную Airflow notify_email или notify_webhook "
        "(docs/operations.md)."
    )


_MATTERS: tuple[tuple[str, Callable[[], tuple[State, str]]], ...] = (
    ("Airflow", _airflow),
    ("паспорт", _passport),
    ("списки", _lists),
    ("хранилище", _warehouse),
    ("Метрика", _metrica),
    ("папка приёма", _inbox),
    ("архив", _archive),
    ("временная папка", _landing),
    ("отчёт", _report),
    ("сообщения", _messages),
)
