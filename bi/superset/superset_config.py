"""Superset's settings, the same for a native start and for the container; the rest is in the environment.

Needed (Superset refuses to start without them):

- ``SUPERSET_SECRET_KEY``: signs sessions and encrypts stored passwords; never change it;
- ``SUPERSET_DATABASE_URI``: Superset's own metadata, such as
  ``postgresql+psycopg2://superset:…@postgres:5432/superset``;
- ``CLICKHOUSE_BI_PASSWORD``: of the ClickHouse user that reads ``marts`` and nothing else.

With a default:

- ``CLICKHOUSE_HOST`` (``clickhouse``), ``CLICKHOUSE_PORT`` (8123, or 8443 with TLS), ``CLICKHOUSE_SECURE``
  (0; 1 for TLS), ``CLICKHOUSE_BI_USER`` (``bi``);
- ``SUPERSET_BEHIND_HTTPS`` (0): 1 behind a reverse proxy with TLS: cookies are
  then sent over HTTPS only, and the proxy's ``X-Forwarded-…`` headers are trusted.

``SUPERSET_ADMIN_PASSWORD`` is read by ``superset_setup.py`` only, which creates the administrator.
"""

from __future__ import annotations

import hmac
import os
from typing import Any

WAREHOUSE_URI = "clickhousedb://bi@clickhouse/marts"
"""What the bundle's database is stored as; where it really is, the environment says at each connection."""


def _needed(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SystemExit(
            f"Superset does not start: {name} is empty. Set it in the environment "
            "(bi/superset/superset_config.py says what it is for)."
        )
    return value


def _is_on(name: str) -> bool:
    value = os.environ.get(name, "") or "0"
    if value not in {"0", "1"}:
        raise SystemExit(f"Superset does not start: {name} is neither 0 nor 1.")
    return value == "1"


SECRET_KEY = _needed("SUPERSET_SECRET_KEY")
# Superset's default is known to everybody. Nothing here is embedded, so that it needs no secret of its own.
GUEST_TOKEN_JWT_SECRET = hmac.digest(SECRET_KEY.encode(), b"guest token", "sha256").hex()
SQLALCHEMY_DATABASE_URI = _needed("SUPERSET_DATABASE_URI")
_BEHIND_HTTPS = _is_on("SUPERSET_BEHIND_HTTPS")
_SECURE = _is_on("CLICKHOUSE_SECURE")
_CLICKHOUSE = {
    "username": os.environ.get("CLICKHOUSE_BI_USER") or "bi",
    "password": _needed("CLICKHOUSE_BI_PASSWORD"),
    "host": os.environ.get("CLICKHOUSE_HOST") or "clickhouse",
    "port": int(os.environ.get("CLICKHOUSE_PORT") or (8443 if _SECURE else 8123)),
}


def DB_CONNECTION_MUTATOR(  # noqa: N802 - Superset's name
    uri: Any, params: dict[str, Any], username: str, security_manager: Any, source: Any
) -> tuple[Any, dict[str, Any]]:
    """Put address and password from the environment into a connection of the bundle's database.

    The password is therefore not in Superset's metadata, and a new one needs only a restart.
    """
    if str(uri.set(database="marts", query={})) != WAREHOUSE_URI:
        return uri, params
    query = {**uri.query, "secure": "true"} if _SECURE else uri.query
    return uri.set(**_CLICKHOUSE, query=query), params


# Russian is the only language; number and date formats of charts need settings of their own.
BABEL_DEFAULT_LOCALE = "ru"
LANGUAGES = {"ru": {"flag": "ru", "name": "Русский"}}
D3_FORMAT = {
    "decimal": ",",
    "thousands": "\N{NO-BREAK SPACE}",
    "grouping": [3],
    "currency": ["", "\N{NO-BREAK SPACE}₽"],
    "percent": "\N{NO-BREAK SPACE}%",
    "minus": "−",
}
D3_TIME_FORMAT = {
    "dateTime": "%d.%m.%Y %H:%M:%S",
    "date": "%d.%m.%Y",
    "time": "%H:%M:%S",
    "periods": ["", ""],
    "days": ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
    "shortDays": ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
    "months": [
        "январь", "февраль", "март", "апрель", "май", "июнь",
        "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
    ],
    "shortMonths": [
        "янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
    ],
}  # fmt: skip
APP_NAME = "Показатели программы"

# The login page needs its language pack before the login. Role Public has only that permission
# (superset_setup.py); with PUBLIC_ROLE_LIKE anonymous users could do what Gamma may.
AUTH_ROLE_PUBLIC = "Public"
AUTH_ROLE_ADMIN = "Admin"
AUTH_USER_REGISTRATION = False
RATELIMIT_ENABLED = True
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "60 per minute"
RATELIMIT_STORAGE_URI = "memory://"

WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _BEHIND_HTTPS
ENABLE_PROXY_FIX = _BEHIND_HTTPS
TALISMAN_ENABLED = True
# No outside host: the front end calls a telemetry pixel, whatever the settings are.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,  # the reverse proxy's work
    "session_cookie_secure": _BEHIND_HTTPS,
}

# No background queries: no Celery, no Redis, no Jinja in SQL.
FEATURE_FLAGS = {
    "ALERT_REPORTS": False,
    "ALLOW_ADHOC_SUBQUERY": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "GLOBAL_ASYNC_QUERIES": False,
}
ROW_LIMIT = 5_000
SQL_MAX_ROW = 10_000
SUPERSET_WEBSERVER_TIMEOUT = 60
