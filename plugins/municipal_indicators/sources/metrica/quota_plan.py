"""``make plan-night``: whether a night or a first history fits the quotas of Metrica, and how long it takes.

Nothing is asked and nothing is loaded: the passports say which calls there will be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from municipal_indicators import settings
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference.passport import Passport, load_passport
from municipal_indicators.sources.metrica.days import DAY, Days, first_needed_day, programme_days
from municipal_indicators.sources.metrica.quota_play import Assumptions, Outcome, PlannedRun, play
from municipal_indicators.sources.metrica.rate_limit import CALLS_A_DAY
from municipal_indicators.warehouse.client import embedded_path

# When the nights of dags/ begin, in Moscow.
NIGHT = {"visits": time(4, 20), "hits": time(5)}
ZONE = ZoneInfo("Europe/Moscow")


def next_night(now: datetime) -> dict[str, datetime]:
    """When the runs of the next night begin, by source."""
    day = now.astimezone(ZONE).date()
    if now >= datetime.combine(day, NIGHT["visits"], ZONE):
        day += DAY
    return {source: datetime.combine(day, at, ZONE) for source, at in NIGHT.items()}


def runs_of(
    passport: Passport,
    token: str,
    begins: Mapping[str, datetime],
    first: date | None = None,
    district: str = "",
) -> Iterator[PlannedRun]:
    """The runs of a passport that begin at these times: a night, or with ``first`` all days since then.

    Sites are taken to live in the programme zone, and earlier nights to have left nothing out.
    """
    for source, at in begins.items():
        given = first.isoformat() if first else None
        days = programme_days(given, None, at, passport.time_zone, passport.settling_days, at)
        settled = days.last - passport.settling_days * DAY
        spans = [
            (max(days.first, one.observed_from or days.first), one.observed_until or days.last)
            for one in passport.sites
        ]
        sites = [Days(since, min(until, days.last)) for since, until in spans if since <= until]
        compared = [
            Days(one.first, min(one.last, settled)) for one in sites if one.first <= settled
        ]
        if sites:
            reported = compared if source == "visits" else ()
            yield PlannedRun(source, token, at, sites, reported, district)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the plan; 0 where it fits, 1 where it does not, 2 where it cannot be made."""
    given = _arguments(arguments)
    try:
        runs, until = _planned(given)
    except IndicatorsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not runs:
        sys.stdout.write("В паспорте нет сайтов: из Метрики ничего не загружается.\n")
        return 0
    assumed = Assumptions(**{one.name: getattr(given, one.name) for one in fields(Assumptions)})
    lines, fits = told(runs, play(runs, assumed), until)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if fits else 1


def _planned(given: argparse.Namespace) -> tuple[list[PlannedRun], datetime | None]:
    """The runs of all districts; when the first watch looks, where it is a night."""
    now = datetime.now(ZONE)
    is_night = not (given.history or given.first)
    begins = next_night(now) if is_night else dict.fromkeys(NIGHT, now)
    if given.source:
        begins = {given.source: begins[given.source]}
    runs: list[PlannedRun] = []
    looks = []
    for district in settings.districts() or (None,):
        with settings.working_for(district):
            passport = load_passport()
            first = first_needed_day(passport) if given.history else given.first
            token = settings.metrica_connection()
            runs += runs_of(passport, token, begins, first, district or "")
        night = next(iter(begins.values())).date()
        looks.append(datetime.combine(night, time(passport.watch_hour), passport.zone))
    if given.at_once is None:
        given.at_once = 1 if embedded_path() else Assumptions().at_once
    return runs, min(looks) if is_night else None


def told(
    runs: Sequence[PlannedRun], outcome: Outcome, until: datetime | None
) -> tuple[list[str], bool]:
    """The plan in words, and whether it fits: all in one day of calls, and a night by ``until``."""
    lines, fits = [], True
    for source in dict.fromkeys(run.source for run in runs):
        of = [run for run in runs if run.source == source]
        last = max(of, key=lambda run: outcome.ends[run.district, source])
        end = outcome.ends[last.district, source].astimezone(ZONE)
        is_late = until is not None and end > until
        fits = fits and not is_late
        sites = [days for run in of for days in run.sites]
        lines.append(
            f"{source}: сайтов {len(sites)}, {min(one.first for one in sites)}…"
            f"{max(one.last for one in sites)}, начало {last.begins_at:%d.%m. %H:%M}, длится "
            f"{(end - last.begins_at).total_seconds() / 3600:.1f} ч, конец {end:%d.%m. %H:%M} по Москве"
            + (f", последний — {last.district}" if len(of) > 1 else "")
            + (f": позже утренней проверки ({until:%H:%M})" if is_late and until else "")
        )
    for token in dict.fromkeys(run.token for run in runs):
        calls = outcome.of_token(token)
        fits = fits and len(calls) == 1
        lines.append(
            f"{token}: обращений {sum(calls)}, в самый полный день {max(calls)} из {CALLS_A_DAY} в сутки"
            + ("" if len(calls) == 1 else f": дней {len(calls)}, в каждый запустите DAG снова")
        )
    lines.append(
        "Укладывается." if fits else "Не укладывается: что поможет, сказано в docs/operations.md."
    )
    return lines, fits


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make plan-night",
        description="Заранее показывает, уложатся ли загрузки из Метрики в её квоты и сколько продлятся: "
        "ближайшая ночь или первая история. К Метрике не обращается.",
    )
    parser.add_argument("--history", action="store_true", help="все дни, нужные паспорту")
    parser.add_argument(
        "--from", dest="first", type=date.fromisoformat, help="все дни с этого (ГГГГ-ММ-ДД)"
    )
    parser.add_argument("--source", choices=tuple(NIGHT), help="только один из двух")
    helps = {
        "call_seconds": "обращение, от начала до ответа, с",
        "task_seconds": "задача Airflow, от очереди до конца работы, с",
        "prepare_seconds": "Метрика готовит выгрузку: секунды любой",
        "prepare_day_seconds": "и секунды каждого её дня",
        "parts": "файлов в выгрузке",
        "at_once": "сайтов района одновременно (обычно 1 со встроенным хранилищем, 2 с сервером)",
    }
    for one in fields(Assumptions):
        default = None if one.name == "at_once" else one.default
        words = helps[one.name] + ("" if default is None else f" (обычно {default})")
        parser.add_argument(
            f"--{one.name.replace('_', '-')}", type=type(one.default), default=default, help=words
        )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
