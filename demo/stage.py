"""The folders of the demo below ``build/demo``, and the environment of its Airflow."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FIRST_DAY = date(2022, 1, 1)
# The first month that ends a quarter of the programme, which the demo closes.
FIRST_MONTH = date(2023, 3, 1)
# The last days of the sources in the month under way; no two end together.
SITE_DAY, SMEV_DAY = 17, 15
NOTICE = (
    "Это демонстрация: её источники нарочно заканчиваются раньше сегодняшнего дня. «Запаздывают» здесь "
    "не сбой: так выглядела бы остановившаяся загрузка."
)
TOKEN = "demo-token"  # noqa: S105 - only the emulator knows it


@dataclass(frozen=True, slots=True)
class Stage:
    """The folders of one demo; everything in them can be deleted."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """The embedded warehouse."""
        return self.root / "warehouse"

    @property
    def inbox(self) -> Path:
        """Where the demo's files arrive."""
        return self.root / "inbox"

    @property
    def logs(self) -> Path:
        """One log a DAG run."""
        return self.root / "logs"

    @property
    def report(self) -> Path:
        """The report page of the last build of the marts."""
        return self.root.parent / "report.html"

    @property
    def done(self) -> Path:
        """The file with the last loaded day of the site; exists if the demo has run."""
        return self.root / "done"

    @property
    def passwords(self) -> Path:
        """The users of the demo's Airflow, as its simple auth manager reads them."""
        return self.root / "airflow" / "passwords.json"

    def personal_data_key(self) -> str:
        """The secret of the demo, created once and kept."""
        path = self.root / "personal_data_key"
        if not path.exists():
            _write_secret(path, secrets.token_urlsafe(32))
        return path.read_text(encoding="utf-8").strip()

    def password(self, user: str) -> str:
        """The password of a user of the demo's Airflow, created once and kept."""
        if not self.passwords.exists():
            # Airflow would create one itself and print it into the log of the api-server.
            _write_secret(self.passwords, json.dumps({user: secrets.token_urlsafe(9)}))
        return str(json.loads(self.passwords.read_text(encoding="utf-8"))[user])

    def environment(self, emulator_port: int) -> dict[str, str]:
        """What a bare Airflow needs to run our DAGs (README.md), and quiet logs."""
        engine = {"interface": "chdb", "path": str(self.warehouse)}
        clickhouse = {
            "conn_type": "clickhouse",
            "schema": "default",
            "extra": {"client_kwargs": engine},
        }
        metrica = {
            "conn_type": "metrica",
            "schema": "http",
            "host": "127.0.0.1",
            "port": emulator_port,
            "password": TOKEN,
        }
        own = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        return own | {
            "AIRFLOW_HOME": str(self.root / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Moscow",
            "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(clickhouse),
            "AIRFLOW_CONN_METRICA_DEFAULT": json.dumps(metrica),
            "AIRFLOW_VAR_PROGRAMME_PASSPORT": str(REPOSITORY / "programme.yaml"),
            "AIRFLOW_VAR_INBOX": str(self.inbox),
            "AIRFLOW_VAR_ARCHIVE": str(self.root / "archive"),
            "AIRFLOW_VAR_PERSONAL_DATA_KEY": self.personal_data_key(),
            "AIRFLOW_VAR_REPORT": str(self.report),
            "AIRFLOW_VAR_FRESHNESS_NOTICE": NOTICE,
        }


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the history of each source ends: files of ``last_month`` are whole."""

    last_month: date
    site: date
    smev: date


def ends(today: date, last_month: date | None = None) -> Ends:
    """Whole months through ``last_month``; without it, into the month that is under way ``today``.

    There the site ends on the 17th, SMEV on the 15th, exports and registers with the month before. Where
    the 17th is not over yet, it is the month before that one.
    """
    if last_month:
        return Ends(last_month, month_end(last_month), month_end(last_month))
    before = (today - timedelta(days=SITE_DAY)).replace(day=1) - timedelta(days=1)
    month = before + timedelta(days=1)
    return Ends(before.replace(day=1), month.replace(day=SITE_DAY), month.replace(day=SMEV_DAY))


class ImpossibleMonthError(ValueError):
    """The demo cannot end with this month; the message says with which it can."""


def read_month(text: str, today: date) -> date:
    """The month ``YYYY-MM`` that the demo is to end with, as its first day.

    Raises ImpossibleMonthError for what is no month, one that is not over, and one before the first quarter
    of the programme is.
    """
    last = today.replace(day=1) - timedelta(days=1)
    possible = f"возможны месяцы с {FIRST_MONTH:%Y-%m} по {last:%Y-%m}, последний закончившийся."
    try:
        month = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month, no instant
    except ValueError:
        raise ImpossibleMonthError(
            f"«{text}» — не месяц, он пишется как {last:%Y-%m}; {possible}"
        ) from None
    if month > last:
        raise ImpossibleMonthError(f"Месяц {text} ещё не закончился: {possible}")
    if month < FIRST_MONTH:
        raise ImpossibleMonthError(
            f"Демо не может закончиться месяцем {text}: программа начинается в {FIRST_MONTH.year} году, и "
            f"нужен её первый целый квартал; {possible}"
        )
    return month


def month_end(month: date) -> date:
    """The last day of a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
