"""The Airflow connection type ``metrica``: its form, its test and the client made from it."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.sources.metrica.client import MetricaClient

DEFAULT_HOST = "api-metrika.yandex.net"


class MetricaHook(BaseHook):
    """Makes a client of the Metrica API from an Airflow connection of the type ``metrica``.

    Schema (``https`` by default), host (the public API by default) and port make the base URL;
    the password is the OAuth token. The extra ``{"gzip": false}`` requests uncompressed downloads,
    should the service compress them wrongly.
    """

    conn_name_attr = "metrica_conn_id"
    default_conn_name = settings.METRICA_CONNECTION
    conn_type = "metrica"
    hook_name = "Yandex.Metrica"

    def __init__(self, metrica_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metrica_conn_id = metrica_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """The fields of the connection form."""
        return {
            "hidden_fields": ["login"],
            "relabeling": {"password": "OAuth token", "schema": "Scheme"},
            "placeholders": {
                "schema": "https",
                "host": DEFAULT_HOST,
                "port": "443",
                "extra": '{"gzip": true}',
            },
        }

    def get_conn(self) -> MetricaClient:
        """The client; raises ConfigurationError when the connection is not set or has no usable token."""
        with settings.needing_connection(self.metrica_conn_id, self.default_conn_name):
            connection = self.get_connection(self.metrica_conn_id)
        return make_client(connection)

    async def aget_conn(self) -> MetricaClient:
        """The client, for code in the triggerer's event loop."""
        with settings.needing_connection(self.metrica_conn_id, self.default_conn_name):
            try:
                connection = await self.aget_connection(self.metrica_conn_id)
            except AirflowNotFoundException:
                # `airflow dags test` answers a trigger the blocking question only.
                connection = self.get_connection(self.metrica_conn_id)
        return make_client(connection)

    def test_connection(self) -> tuple[bool, str]:
        """Whether the API accepts the token, and how many counters it has access to."""
        try:
            return True, f"Токену доступно счётчиков: {self.get_conn().counters()}."
        except IndicatorsError as error:
            return False, str(error)


def make_client(connection: Connection) -> MetricaClient:
    """A client for a connection; raises ConfigurationError that names what is missing or wrong."""
    token = (connection.password or "").strip()
    if not token:
        raise ConfigurationError(
            f"В подключении Airflow {connection.conn_id} нет токена OAuth: впишите его в пароль. Токен с "
            "правом metrika:read выдаёт https://oauth.yandex.ru."
        )
    schema = (connection.schema or "https").lower()
    if schema not in ("http", "https"):
        raise ConfigurationError(
            f"В подключении Airflow {connection.conn_id} схема {schema!r}: нужна https, для проверочного "
            "сервера — http."
        )
    gzip = connection.extra_dejson.get("gzip", True)
    if not isinstance(gzip, bool):
        raise ConfigurationError(
            f"В подключении Airflow {connection.conn_id} в extra стоит gzip {gzip!r}: напишите true или "
            "false или уберите его."
        )
    port = f":{connection.port}" if connection.port else ""
    return MetricaClient(f"{schema}://{connection.host or DEFAULT_HOST}{port}", token, gzip=gzip)
