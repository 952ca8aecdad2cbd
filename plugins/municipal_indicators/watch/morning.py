"""The two steps of the watch: look and note what has to be told; send what is not sent."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from municipal_indicators import settings
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference.passport import Passport, load_passport
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import open_warehouse
from municipal_indicators.watch import channels, messages, problems
from municipal_indicators.watch.runs import DagRuns, ask_airflow

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

LOOK = "look"


def look(context: Context) -> int | None:
    """Note what has to be told; returns the number of new messages, None where it is not time yet.

    A run by the clock looks once a day, at the hour of the passport or, if none ran then, later. A
    run that is started by hand always looks.
    """
    passport = load_passport()
    ti, run = context["ti"], context["dag_run"]
    own = ask_airflow(ti, settings.named(problems.WATCH), without=run.run_id)
    if run.run_type == "scheduled" and not is_due(run.run_after, own, passport):
        return None
    asked = [ask_airflow(ti, dag_id) for dag_id in problems.watched_dags()]
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        found = problems.find_problems(warehouse, passport, [*asked, own])
        names = [channel.name for channel in channels.open_channels()]
        return messages.note_messages(warehouse, found, names)


def is_due(at: datetime, own: DagRuns, passport: Passport) -> bool:
    """Whether the run of that time is the first of its day at or after the hour that could look."""
    local = at.astimezone(passport.zone)
    looked = [
        run.at.astimezone(passport.zone) for run in own.runs if run.states.get(LOOK) == "success"
    ]
    return local.hour >= passport.watch_hour and not any(
        one.date() == local.date() and one.hour >= passport.watch_hour for one in looked
    )


def send() -> int:
    """Send what is not sent yet; raises ChannelError where a channel fails."""
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        return messages.send_unsent(warehouse, channels.open_channels())


def tell_of_failure(context: Context) -> None:
    """Tell at once, past the warehouse, that the watch itself could not look; once a day."""
    with settings.working_for_dag(context["ti"].dag_id):
        _tell_of_failure(context)


def _tell_of_failure(context: Context) -> None:
    run, dag_id = context["dag_run"], context["ti"].dag_id
    try:
        passport: Passport | None = load_passport()
    except IndicatorsError:
        passport = None
    if run.run_type == "scheduled" and passport:
        local = run.run_after.astimezone(passport.zone)
        if local.hour != passport.watch_hour:
            return
    text = (
        "Утренняя проверка не выполнена: о сбоях этой ночи никто не узнает\n"
        f"Где: DAG {dag_id}, прогон {run.run_id}\n"
        "Что сделать: откройте журнал задачи по ссылке, исправьте причину и запустите DAG снова.\n"
        f"Ссылка: {problems.link_of_run(dag_id, run.run_id)}"
    )
    message = channels.Message(run.run_after, "run", problems.WATCH, "failed", text)
    for channel in channels.open_channels():
        try:
            channel.send([message])
        except IndicatorsError as error:
            log.warning("%s: %s", channel.name, error)
