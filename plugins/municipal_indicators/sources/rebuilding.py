"""Fills an empty warehouse from the archive alone; what comes from an API is named to be ordered again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from municipal_indicators import settings
from municipal_indicators.closings.store import restore_closings
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.inbox import archived
from municipal_indicators.inbox.file_loads import FileRun, opened
from municipal_indicators.reference.passport import Passport
from municipal_indicators.sources import SOURCES
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.sources.metrica.days import first_needed_day
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import Warehouse, open_warehouse

log = logging.getLogger(__name__)

_MARK = "rebuild"


def rebuild_from_archive(passport: Passport, *, after_restore: bool = False) -> dict[str, int]:
    """Load every file of the archive, in the order of arrival; returns how many were published, by source.

    Closed periods are put back too, see ``closings.store``.

    With ``after_restore`` the warehouse may hold what a back-up held: only what it lacks is loaded.

    A rebuild that was killed is gone on with: what it published is left out. Raises ConfigurationError
    for a warehouse that holds anything else and for an archive without files, and IndicatorsError at the
    end for files that could not be loaded.
    """
    names = [one.name for one in SOURCES if one.has_files]
    if not any(map(archived.contents, names)):
        raise ConfigurationError(
            f"{archived.described()}: в нём нет ни одного файла. Исправьте переменную или подключите папку."
        )
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        if not after_restore:
            _begin(warehouse)
    runs = {name: _load(name, passport.time_zone) for name in names}
    with open_warehouse() as warehouse:
        restored, damaged = restore_closings(warehouse)
    log.info("%d closed periods are restored.", restored)
    broken = [reason for run in runs.values() for reason in (*run.broken, *run.rejected)] + damaged
    if broken:
        raise IndicatorsError(
            f"Не загружено файлов архива: {len(broken)}, остальные загружены. Исправьте причины и запустите "
            f"снова: восстановление продолжится. {'; '.join(broken[:20])}"
        )
    if not after_restore:
        with open_warehouse() as warehouse:
            _mark(warehouse, "ended")
    for line in metrica_orders(passport):
        log.warning("Not in the archive, to be ordered again: %s", line)
    return {name: run.published for name, run in runs.items()}


def metrica_orders(passport: Passport) -> list[str]:
    """The commands that load again what the archive does not hold: the visits of the sites."""
    if not passport.sites:
        return []
    last = datetime.now(passport.zone).date() - timedelta(days=1)
    conf = f'{{"date_from": "{first_needed_day(passport)}", "date_to": "{last}"}}'
    return [f"airflow dags test {settings.named('load_metrica_visits')} --conf '{conf}'"]


def _load(name: str, time_zone: str) -> FileRun:
    with opened(file_source(name, time_zone)) as loader:
        with loader.ending_run():
            loader.load_missing(archived.contents(name))
            if loader.run.again:
                loader.load_archived(keys=sorted(loader.run.again))
        return loader.run


def _begin(warehouse: Warehouse) -> None:
    published = warehouse.value("SELECT count() FROM ops.load_events WHERE status = 'published'")
    mark = "SELECT argMax(value, at) FROM ops.settings WHERE name = {name:String}"
    if published and warehouse.value(mark, {"name": _MARK}) != "begun":
        raise ConfigurationError(
            "Хранилище не пустое: архив восстанавливается только в пустое, ничего не сделано. Назовите "
            "пустую папку или сервер в подключении clickhouse_default. Чтобы загрузить только то, чего нет "
            "в восстановленной копии, "
            'запустите с {"after_restore": true}.'
        )
    if not published:
        _mark(warehouse, "begun")


def _mark(warehouse: Warehouse, value: str) -> None:
    warehouse.insert("ops.settings", ["name", "value"], [[_MARK, value]])
