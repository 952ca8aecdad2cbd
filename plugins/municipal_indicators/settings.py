"""The only reader of configuration: places in the repo and Airflow Variables; no secret has a default."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
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
WAREHOUSE_POOL = "warehouse"
METRICA_RATE_LIMIT_VARIABLE = "METRICA_RATE_LIMIT_FOLDER"
# What `airflow connections add` takes for each type, with words in place of the values.
_CONNECTION_ARGUMENTS = {
    METRICA_CONNECTION: "--conn-type metrica --conn-password OAUTH_TOKEN",
    CLICKHOUSE_CONNECTION: (
        "--conn-type clickhouse --conn-host HOST --conn-port 8123 --conn-login loader "
        "--conn-password PASSWORD"
    ),
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


def _variable(name: str) -> str | None:
    from airflow.sdk import Variable

    value: str | None = Variable.get(name, default=None)
    return value or None


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


def report_path() -> Path:
    """The file of the report page: Variable ``report``, else ``report.html`` in ``AIRFLOW_HOME``."""
    return Path(_variable("report") or _airflow_home() / "report.html").expanduser()


def _airflow_home() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def metrica_rate_limit_folder() -> Path:
    """Where the processes of a host share the rate limit of the Metrica API.

    The environment variable ``METRICA_RATE_LIMIT_FOLDER``, else ``metrica-rate-limit`` in ``AIRFLOW_HOME``.
    Not an Airflow Variable: the triggerer calls the API from threads that cannot read one.
    """
    given = os.environ.get(METRICA_RATE_LIMIT_VARIABLE)
    return Path(given) if given else _airflow_home() / "metrica-rate-limit"


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
    if len(key) < 16:
        raise ConfigurationError(
            "The Airflow Variable personal_data_key is shorter than 16 characters: "
            "set a random secret of at least 16 and keep it for good."
        )
    # Its name is on no list of Airflow's own: without this a message that holds it would show it.
    mask_secret(key)
    return key.encode()
