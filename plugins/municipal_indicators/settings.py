"""The only reader of configuration: places in the repo and Airflow Variables; no secret has a default."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from municipal_indicators.errors import ConfigurationError

if TYPE_CHECKING:
    from upath import UPath

REPOSITORY = Path(__file__).resolve().parents[2]
SQL = REPOSITORY / "sql"
# Not an Airflow Variable: the lists are read by tools and threads that have no Airflow.
REFERENCE_VARIABLE = "MUNICIPAL_REFERENCE"
REFERENCE = Path(os.environ.get(REFERENCE_VARIABLE) or REPOSITORY / "reference").expanduser()

CLICKHOUSE_CONNECTION = "clickhouse_default"
METRICA_CONNECTION = "metrica_default"
SMTP_CONNECTION = "smtp_default"
WEBHOOK_CONNECTION = "notify_webhook"
WAREHOUSE_POOL = "warehouse"
# Days by default: attempts that failed, versions that were replaced, entries of the ledgers, files in
# archive/rejected and archive/withdrawn, logs of Airflow's tasks.
KEPT_DAYS = {"failed": 7, "superseded": 400, "ledger": 1100, "rejected": 180, "airflow_logs": 90}
METRICA_RATE_LIMIT_VARIABLE = "METRICA_RATE_LIMIT_FOLDER"
# What `airflow connections add` takes for each type, with words in place of the values.
_CONNECTION_ARGUMENTS = {
    METRICA_CONNECTION: "--conn-type metrica --conn-password OAUTH_TOKEN",
    CLICKHOUSE_CONNECTION: (
        "--conn-type clickhouse --conn-host HOST --conn-port 8123 --conn-login loader "
        "--conn-password PASSWORD"
    ),
    SMTP_CONNECTION: (
        "--conn-type smtp --conn-host HOST --conn-port 465 --conn-login LOGIN --conn-password PASSWORD "
        """--conn-extra '{"from_email": "ADDRESS"}'"""
    ),
    WEBHOOK_CONNECTION: "--conn-type generic --conn-password https://HOST/PATH",
}


@contextmanager
def needing_connection(conn_id: str, kind: str) -> Iterator[None]:
    """Raise ConfigurationError with the line to paste where an Airflow connection is not set.

    ``kind`` is the default connection of the same type.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        yield
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"The Airflow connection {conn_id} is not set: run `airflow connections add {conn_id} "
            f"{_CONNECTION_ARGUMENTS[kind]}` with your values (README.md has the other ways), then run the "
            "DAG again."
        ) from None


_read: dict[str, str | None] | None = None


@contextmanager
def read_once() -> Iterator[None]:
    """Read each Variable once within it: a task asks the api-server for each, and a file for several."""
    global _read  # noqa: PLW0603 - of the whole process, as Variables are
    _read, before = {}, _read
    try:
        yield
    finally:
        _read = before


def _variable(name: str) -> str | None:
    from airflow.sdk import Variable

    if _read is not None and name in _read:
        return _read[name]
    value: str | None = Variable.get(name, default=None) or None
    if _read is not None:
        _read[name] = value
    return value


def passport_path() -> Path:
    """Where the passport lies: Variable ``programme_passport``, else the repo's ``programme.yaml``."""
    return Path(_variable("programme_passport") or REPOSITORY / "programme.yaml")


def _folder(place: str) -> UPath:
    from airflow.sdk import ObjectStoragePath
    from upath import UPath

    if "://" in place:
        return cast("UPath", ObjectStoragePath(place))
    return UPath(place)


def inbox_folder() -> UPath:
    """Where files arrive: Variable ``inbox`` (path or URL), else the repo's ``inbox/``."""
    return _folder(_variable("inbox") or str(REPOSITORY / "inbox"))


def archive_folder() -> UPath:
    """Where processed files go: Variable ``archive`` (path or URL), else the repo's ``archive/``."""
    return _folder(_variable("archive") or str(REPOSITORY / "archive"))


def landing_folder() -> Path:
    """Where arriving files are copied to: Variable ``landing``, else ``landing`` in ``AIRFLOW_HOME``."""
    return Path(_variable("landing") or _airflow_home() / "landing").expanduser()


def file_quiet_seconds() -> float:
    """How long an arriving file must not have moved: Variable ``file_quiet_seconds``, else 0.

    Raises ConfigurationError for what is no number of seconds.
    """
    given = _variable("file_quiet_seconds") or "0"
    if not given.isdecimal():
        raise ConfigurationError(
            f"The Airflow Variable file_quiet_seconds is {given!r}: it must be a whole number of seconds, "
            "such as 300."
        )
    return float(given)


def report_path() -> Path:
    """The file of the report page: Variable ``report``, else ``report.html`` in ``AIRFLOW_HOME``."""
    return Path(_variable("report") or _airflow_home() / "report.html").expanduser()


def documents_folder() -> Path:
    """The documents that the page offers: ``documents`` beside it."""
    return report_path().parent / "documents"


def _airflow_home() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def airflow_address(path: str) -> str:
    """An address in Airflow's web pages, which begin at ``[api] base_url``."""
    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="http://localhost:8080")
    return f"{base.rstrip('/')}/{path}"


def mail_recipients() -> list[str]:
    """Who gets messages by e-mail: Variable ``notify_email``, addresses with commas between them."""
    return [one.strip() for one in (_variable("notify_email") or "").split(",") if one.strip()]


def webhook_connection() -> str | None:
    """The connection that holds the address of the webhook: Variable ``notify_webhook``."""
    return _variable("notify_webhook")


def webhook_template() -> Path | None:
    """The template of what is posted there: Variable ``notify_webhook_template``."""
    path = _variable("notify_webhook_template")
    return Path(path).expanduser() if path else None


def has_channel() -> bool:
    """Whether messages of the watch go anywhere but to its log."""
    return bool(mail_recipients() or webhook_connection())


def metrica_rate_limit_folder() -> Path:
    """Where the processes of a host share the rate limit of the Metrica API.

    The environment variable ``METRICA_RATE_LIMIT_FOLDER``, else ``metrica-rate-limit`` in ``AIRFLOW_HOME``.
    Not an Airflow Variable: the triggerer calls the API from threads that cannot read one.
    """
    given = os.environ.get(METRICA_RATE_LIMIT_VARIABLE)
    return Path(given) if given else _airflow_home() / "metrica-rate-limit"


def file_memory() -> int:
    """Bytes that the parsing of one file may take: Variable ``file_memory_mib``, else 3 GiB."""
    return _whole_number("file_memory_mib", 3072) << 20


def file_seconds() -> int:
    """Processor time that the parsing of one file may take: Variable ``file_seconds``, else 600 s."""
    return _whole_number("file_seconds", 600)


def _whole_number(name: str, default: int) -> int:
    text = _variable(name) or str(default)
    if not text.isdecimal() or not int(text):
        raise ConfigurationError(f"The Airflow Variable {name} must be a whole number above 0.")
    return int(text)


def kept_days(what: str) -> timedelta:
    """How long is kept what nothing published needs, a key of ``KEPT_DAYS``: Variable ``keep_<what>_days``.

    Raises ConfigurationError for what is no number of days.
    """
    return timedelta(days=_whole_number(f"keep_{what}_days", KEPT_DAYS[what]))


def airflow_logs() -> Path:
    """The folder of the logs of Airflow's tasks."""
    from airflow.sdk.configuration import conf

    return Path(conf.get("logging", "base_log_folder", fallback=str(_airflow_home() / "logs")))


def personal_data_key() -> bytes:
    """The secret of keyed hashes: Variable ``personal_data_key``.

    Without one a key is made and kept as that Variable, so that a first run works and later
    runs hash alike. Raises ConfigurationError for a key under 16 characters.
    """
    from airflow.sdk.log import mask_secret

    key = _variable("personal_data_key")
    if key is None:
        from airflow.sdk import Variable

        key = secrets.token_urlsafe(32)
        Variable.set(
            "personal_data_key",
            key,
            description="Secret for keyed hashes of application numbers; losing it doubles applications",
        )
        if _read is not None:
            _read["personal_data_key"] = key
    if len(key) < 16:
        raise ConfigurationError(
            "The Airflow Variable personal_data_key is shorter than 16 characters: "
            "set a random secret of at least 16 and keep it for good."
        )
    # Its name is on no list of Airflow's own: without this a message that holds it would show it.
    mask_secret(key)
    return key.encode()
