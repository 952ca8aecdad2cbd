"""The only reader of configuration: places in the repo and Airflow Variables; no secret has a default."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from municipal_indicators.errors import ConfigurationError

if TYPE_CHECKING:
    from upath import UPath

AnyPath = TypeVar("AnyPath", Path, "UPath")
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
# Where the passport lies. A folder must be named here and not in Airflow's database: DAG files list it
# while they are parsed.
PASSPORT_VARIABLE = "AIRFLOW_VAR_PROGRAMME_PASSPORT"
# Whom Airflow names as the owner of the DAGs, and where he is reached; DAG files read them while parsed.
OWNER_VARIABLE, OWNER_CONTACT_VARIABLE = "MUNICIPAL_OWNER", "MUNICIPAL_OWNER_CONTACT"
# The district that a tool works for; a task works for that of its DAG.
DISTRICT_VARIABLE = "MUNICIPAL_DISTRICT"
_DISTRICT = re.compile(r"(?=.{1,40}\Z)[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_OF_DISTRICT = "__"
_chosen: ContextVar[str | None] = ContextVar("district", default=None)
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

    _ask_database()
    try:
        yield
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"Подключение Airflow {conn_id} не задано: выполните `airflow connections add {conn_id} "
            f"{_CONNECTION_ARGUMENTS[kind]}` со своими значениями (другие способы — в README.md) и запустите "
            "DAG снова."
        ) from None


def _ask_database() -> None:
    """Let a process that is no service of Airflow find what is set in Airflow's database.

    Tools, and the triggers of `airflow dags test`, would otherwise see the environment only.
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")


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
    _ask_database()
    value: str | None = Variable.get(name, default=None) or None
    if _read is not None:
        _read[name] = value
    return value


def _variable_of_district(name: str) -> str | None:
    """The Variable ``<name>_<district>`` where it is set, else the common one."""
    found = district()
    return (found and _variable(f"{name}_{found}")) or _variable(name)


def districts() -> tuple[str, ...]:
    """The districts of a region in order, one a passport ``<district>.yaml``; none with one passport.

    Read from the environment and the folder's names alone. Raises ConfigurationError for a folder without
    passports, or with one whose name is not made of small Latin letters, digits and single ``_``.
    """
    given = os.environ.get(PASSPORT_VARIABLE)
    if not given or not (folder := Path(given)).is_dir():
        return ()
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    wrong = [name for name in names if not _DISTRICT.fullmatch(name)]
    if wrong or not names:
        raise ConfigurationError(
            f"Папка паспортов {folder} ({PASSPORT_VARIABLE}): "
            + (f"имя {wrong[0]}.yaml не годится" if wrong else "в ней нет ни одного паспорта")
            + ". Дайте каждому району один файл, например mtsensk.yaml: в имени не больше 40 строчных "
            "латинских букв, цифр и одиночных _."
        )
    return tuple(names)


def district() -> str | None:
    """The district that is worked for: that of the task's DAG, in tools that of ``MUNICIPAL_DISTRICT``.

    None where the installation has one passport. Raises ConfigurationError where none of several is named.
    """
    if chosen := _chosen.get():
        return chosen
    known = districts()
    if not known:
        return None
    of_task, has_one, _ = os.environ.get("AIRFLOW_CTX_DAG_ID", "").partition(_OF_DISTRICT)
    name = of_task if has_one else os.environ.get(DISTRICT_VARIABLE)
    if name not in known:
        raise ConfigurationError(
            f"Здесь несколько районов ({len(known)}): назовите один из {', '.join(known)} в переменной среды "
            f"{DISTRICT_VARIABLE} (make: DISTRICT={known[0]})"
            + (f"; паспорта {name} нет." if name else ".")
        )
    return name


@contextmanager
def working_for(name: str | None) -> Iterator[None]:
    """Within the block this one of ``districts()`` is worked for; None changes nothing."""
    before = _chosen.set(name or _chosen.get())
    try:
        yield
    finally:
        _chosen.reset(before)


def working_for_dag(dag_id: str) -> AbstractContextManager[None]:
    """``working_for`` the district of a DAG, for callbacks that run outside of its task."""
    name, has_one, _ = dag_id.partition(_OF_DISTRICT)
    return working_for(name if has_one and districts() else None)


def named(name: str) -> str:
    """The id of a DAG or asset for the present district: ``<district>__<name>``, or the name itself."""
    found = district()
    return f"{found}{_OF_DISTRICT}{name}" if found else name


def dag_owner() -> tuple[str, str]:
    """The owner of the DAGs, and his address: ``mailto:…``, ``https://…`` or nothing."""
    name = os.environ.get(OWNER_VARIABLE) or "Отдел информатизации"
    return name, os.environ.get(OWNER_CONTACT_VARIABLE, "")


def warehouse_pool() -> str:
    """The pool of tasks that open the warehouse: ``warehouse``, of a district ``warehouse_<district>``."""
    found = district()
    return f"{WAREHOUSE_POOL}_{found}" if found else WAREHOUSE_POOL


def metrica_connection() -> str:
    """The connection with the token: ``metrica_<district>`` if it is set, else ``metrica_default``."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    found = district()
    if not found:
        return METRICA_CONNECTION
    _ask_database()
    try:
        return str(BaseHook.get_connection(f"metrica_{found}").conn_id)
    except AirflowNotFoundException:
        return METRICA_CONNECTION


def passport_path() -> Path:
    """Where the passport lies: Variable ``programme_passport``, else the repo's ``programme.yaml``.

    In a region the district's file of that folder. Raises ConfigurationError for a folder that is named
    where DAG files cannot read it.
    """
    path = Path(_variable("programme_passport") or REPOSITORY / "programme.yaml")
    if found := district():
        return path / f"{found}.yaml"
    if path.is_dir():
        raise ConfigurationError(
            f"Переменная Airflow programme_passport называет папку {path}: назовите её в переменной среды "
            f"{PASSPORT_VARIABLE} всех служб Airflow."
        )
    return path


def _folder(place: str) -> UPath:
    from airflow.sdk import ObjectStoragePath
    from upath import UPath

    if "://" in place:
        return cast("UPath", ObjectStoragePath(place))
    return UPath(place)


def _of_district(folder: AnyPath) -> AnyPath:
    found = district()
    return folder / found if found else folder


def inbox_folder() -> UPath:
    """Where files arrive: Variable ``inbox`` (path or URL), else the repo's ``inbox/``.

    This and other folders of a district are named after it, below the one that is set.
    """
    return _of_district(_folder(_variable("inbox") or str(REPOSITORY / "inbox")))


def archive_folder() -> UPath:
    """Where processed files go: Variable ``archive`` (path or URL), else the repo's ``archive/``."""
    return _of_district(_folder(_variable("archive") or str(REPOSITORY / "archive")))


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
            f"Переменная Airflow file_quiet_seconds: {given!r} не годится, нужно целое число секунд, "
            "например 300."
        )
    return float(given)


def report_path() -> Path:
    """The file of the report page: Variable ``report``, else ``report.html`` in ``AIRFLOW_HOME``."""
    path = Path(_variable("report") or _airflow_home() / "report.html").expanduser()
    return _of_district(path.parent) / path.name


def freshness_notice() -> str:
    """What the page says above the freshness of the data: Variable ``freshness_notice``, else nothing."""
    return _variable("freshness_notice") or ""


def documents_folder() -> Path:
    """The documents that the page offers: ``documents`` beside it."""
    return report_path().parent / "documents"


def _airflow_home() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def airflow_address(path: str) -> str:
    """An address in Airflow's web pages, which begin at ``[api] base_url``."""
    return f"{airflow_base() or 'http://localhost:8080'}/{path}"


def airflow_base() -> str:
    """Where Airflow's web pages begin: ``[api] base_url``; empty if it is not set."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="")).rstrip("/")


def report_route() -> str:
    """Where Airflow serves the report page of the present district, below its own address."""
    found = district()
    return f"programme-report/{found}/" if found else "programme-report/"


def report_address(indicator: str = "") -> str:
    """The one address of the report page, or of an indicator on it, whoever names it."""
    return airflow_address(report_route() + (f"indicators/{indicator}" if indicator else ""))


def superset_address() -> str:
    """Where Superset is, for links to it: Variable ``superset_url``; empty without one."""
    return (_variable_of_district("superset_url") or "").rstrip("/")


def mail_recipients() -> list[str]:
    """Who gets messages by e-mail: Variable ``notify_email``, addresses with commas between them."""
    given = _variable_of_district("notify_email") or ""
    return [one.strip() for one in given.split(",") if one.strip()]


def webhook_connection() -> str | None:
    """The connection that holds the address of the webhook: Variable ``notify_webhook``."""
    return _variable_of_district("notify_webhook")


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
        raise ConfigurationError(f"Переменная Airflow {name}: нужно целое число больше 0.")
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
            description="Ключ хешей номеров заявлений: с другим ключом те же заявления сочтутся новыми",
        )
        if _read is not None:
            _read["personal_data_key"] = key
    if len(key) < 16:
        raise ConfigurationError(
            "Переменная Airflow personal_data_key короче 16 знаков: задайте случайный ключ не короче и "
            "храните его всегда."
        )
    # Its name is on no list of Airflow's own: without this a message that holds it would show it.
    mask_secret(key)
    return key.encode()
