"""Translates our statements into those that a ClickHouse cluster needs; runs none of them.

The connection ``clickhouse_default`` names the cluster in its extra: ``{"cluster": "municipal"}``.
Without it nothing here is used. With it:

- the rows of loads (tables of ``core`` with ``unit_key`` and ``load_id``) are sharded by unit. They
  are stored in ``shards.<table>``, replicated inside each shard; ``core.<table>`` is a Distributed
  table over them. A unit is never divided, so that queries about one load concern one shard;
- every other table is small and complete on every node: joins and the marts that BI reads need no
  other node.

What is atomic on a cluster and what is not: ``docs/cluster.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from municipal_indicators.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.models import Connection

Ask = Callable[[str], list[tuple[Any, ...]]]

SHARDS = "shards"
SHARDING_KEY = "cityHash64(unit_key)"

SESSION_SETTINGS: Mapping[str, str] = {
    # The result of a subquery is sent to the shards. Each shard's own copy may not yet contain what
    # this session published.
    "distributed_product_mode": "global",
    "prefer_global_in_and_join": "1",
    # An insert returns only when the next query can see its rows.
    "distributed_foreground_insert": "1",
    "insert_quorum": "auto",
    "load_balancing": "in_order",
    "fallback_to_stale_replicas_for_distributed_queries": "0",
    # Equal blocks are both kept: the balance of a load finds what was delivered twice.
    "deduplicate_insert": "disable",
    # The subqueries of our deletes select whole units: their result is the same on each replica.
    "allow_nondeterministic_mutations": "1",
    "mutations_sync": "2",
    # A node that is down catches up when it returns; no statement waits for it.
    "distributed_ddl_output_mode": "throw_only_active",
    "distributed_ddl_task_timeout": "240",
}

_EVERYWHERE = "ReplicatedMergeTree('/clickhouse/{cluster}/{{uuid}}', '{{shard}}-{{replica}}')"
_IN_SHARD = "ReplicatedMergeTree('/clickhouse/{cluster}/{{uuid}}/{{shard}}', '{{replica}}')"

_COMMENT = re.compile(r"\A(?:\s+|--[^\n]*\n)+")
_NAME = r"(?P<name>\w+\.\w+)"
_CREATE_DATABASE = re.compile(r"(?P<head>CREATE DATABASE IF NOT EXISTS (?P<name>\w+))\s*")
_CREATE_FUNCTION = re.compile(r"(?P<head>CREATE OR REPLACE FUNCTION \w+)(?P<rest>\s+AS\s.+)", re.S)
_CREATE_VIEW = re.compile(
    rf"(?P<head>CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?{_NAME})"
    r"(?P<rest>(?:\s+\(.+?\))?(?:\s+DEFINER = CURRENT_USER SQL SECURITY DEFINER)?\s+AS\s.+)",
    re.S,
)
_CREATE_MATERIALIZED_VIEW = re.compile(
    rf"(?P<head>CREATE MATERIALIZED VIEW (?:IF NOT EXISTS )?{_NAME})(?P<rest>\s+TO\s+\w+\.\w+\s+AS\s.+)",
    re.S,
)
_CREATE_LIKE = re.compile(rf"(?P<head>CREATE TABLE {_NAME})(?P<rest> AS (?P<like>\w+\.\w+))\s*")
_CREATE_TABLE = re.compile(
    rf"(?P<head>CREATE TABLE (?:IF NOT EXISTS )?){_NAME}\s*"
    r"(?P<columns>\(.+?\))\s*ENGINE = (?P<engine>\w+)(?P<rest>(?:\s.*)?)",
    re.S,
)
_TABLE_COMMENT = re.compile(r"\sCOMMENT '(?:[^'\\]|\\.|'')*'\s*\Z")
_DROP = re.compile(rf"(?P<head>DROP (?:TABLE|VIEW) (?:IF EXISTS )?){_NAME}(?P<rest>(?: SYNC)?)\s*")
_EXCHANGE = re.compile(rf"EXCHANGE TABLES {_NAME} AND (?P<other>\w+\.\w+)\s*")
_TRUNCATE = re.compile(rf"(?P<head>TRUNCATE TABLE ){_NAME}(?P<rest>)\s*")
_DELETE = re.compile(rf"(?P<head>DELETE FROM ){_NAME}(?P<rest>\s+WHERE\s.+)", re.S)  # noqa: S608
_ALTER = re.compile(rf"(?P<head>ALTER TABLE ){_NAME}(?P<rest>\s+.+)", re.S)
_INSERT = re.compile(rf"INSERT INTO {_NAME}\s.+", re.S)

# An ALTER changes the columns, which the Distributed table has too, or the stored table only.
_ALTERS = {
    "columns": re.compile(r"\s*(?:ADD|COMMENT|MODIFY) COLUMN\s"),
    "settings": re.compile(r"\s*MODIFY SETTING\s"),
    "parts": re.compile(r"\s*DROP PARTITION\s"),
}
_NEXT_ACTION = re.compile(r",(?=\s*(?:ADD|COMMENT|MODIFY|DROP|RENAME|CLEAR|UPDATE|DELETE)\s+[A-Z])")


def cluster_of(connection: Connection) -> str | None:
    """The cluster that a connection names in its extra, or None for one server.

    Raises ConfigurationError when the name is no plain word.
    """
    name = connection.extra_dejson.get("cluster")
    if name is None or name == "":
        return None
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name):
        raise ConfigurationError(
            f"Подключение {connection.conn_id}: `cluster` в его extra должно быть именем кластера из "
            "remote_servers сервера: буквы, цифры и _."
        )
    return name


def session_settings(connection: Connection) -> dict[str, str]:
    """Settings that queries and inserts need on a cluster; those of the connection take precedence."""
    if not cluster_of(connection):
        return {}
    own = connection.extra_dejson.get("session_settings") or {}
    if isinstance(own, str):
        own = json.loads(own)
    return {name: value for name, value in SESSION_SETTINGS.items() if name not in own}


def translated(sql: str, cluster: str, ask: Ask) -> list[str]:
    """The statements that do on a cluster what ``sql`` does on one server, in their order.

    ``ask`` runs a query on the server and returns its rows: the kind of a table is looked up there.
    Raises ConfigurationError for a statement of unknown form, and for a server whose tables were
    created without the cluster.
    """
    text = _COMMENT.sub("", sql).rstrip().removesuffix(";").rstrip()
    return _Translation(cluster, ask).statements(text)


class _Translation:
    """Translates one statement; each method takes the match of its form."""

    def __init__(self, cluster: str, ask: Ask) -> None:
        self.cluster = cluster
        self.ask = ask
        self.on = f" ON CLUSTER {cluster}"

    def statements(self, text: str) -> list[str]:
        forms: list[tuple[re.Pattern[str], Callable[[re.Match[str]], list[str]]]] = [
            (_CREATE_DATABASE, self._create_database),
            (_CREATE_FUNCTION, self._everywhere),
            (_CREATE_VIEW, self._everywhere),
            (_CREATE_MATERIALIZED_VIEW, self._everywhere),
            (_CREATE_LIKE, self._create_like),
            (_CREATE_TABLE, self._create_table),
            (_DROP, self._drop),
            (_EXCHANGE, self._exchange),
            (_TRUNCATE, self._stored),
            (_DELETE, self._delete),
            (_ALTER, self._alter),
            (_INSERT, self._insert),
        ]
        for pattern, translate in forms:
            form = pattern.fullmatch(text)
            if form:
                return translate(form)
        raise self._unknown(text)

    def _create_database(self, form: re.Match[str]) -> list[str]:
        name = form["name"]
        plain = self.ask(
            f"SELECT name FROM system.tables WHERE database = '{name}' AND engine = 'MergeTree' LIMIT 1"  # noqa: S608
        )
        if plain:
            raise ConfigurationError(
                f"Подключение называет кластер {self.cluster}, но {name}.{plain[0][0]} создана без него и "
                "есть только на этом сервере. Уберите кластер из подключения или начните с пустых томов и "
                "загрузите всё из архива (docs/cluster.md)."
            )
        names = [name, SHARDS] if name == "core" else [name]
        return [f"CREATE DATABASE IF NOT EXISTS {one}{self.on}" for one in names]

    def _everywhere(self, form: re.Match[str]) -> list[str]:
        return [form["head"] + self.on + form["rest"]]

    def _create_like(self, form: re.Match[str]) -> list[str]:
        if self._is_sharded(form["like"]):
            raise self._unknown(form[0], "a copy of a sharded table has no shards of its own")
        return self._everywhere(form)

    def _create_table(self, form: re.Match[str]) -> list[str]:
        head, name, columns, rest = form["head"], form["name"], form["columns"], form["rest"]
        database, table = name.split(".")
        if form["engine"] == "Null":
            return [f"{head}{name}{self.on}\n{columns}\nENGINE = Null{rest}"]
        if form["engine"] != "MergeTree":
            raise self._unknown(form[0], "its engine is neither MergeTree nor Null")
        if database != "core" or not _has_columns(columns, "unit_key", "load_id"):
            engine = _EVERYWHERE.format(cluster=self.cluster)
            return [f"{head}{name}{self.on}\n{columns}\nENGINE = {engine}{rest}"]
        engine = _IN_SHARD.format(cluster=self.cluster)
        comment = _TABLE_COMMENT.search(rest)
        return [
            f"{head}{SHARDS}.{table}{self.on}\n{columns}\nENGINE = {engine}{rest}",
            f"{head}{name}{self.on}\n{columns}\n"
            f"ENGINE = Distributed({self.cluster}, {SHARDS}, {table}, {SHARDING_KEY})"
            + (comment[0] if comment else ""),
        ]

    def _drop(self, form: re.Match[str]) -> list[str]:
        names = [form["name"]]
        if self._is_sharded(form["name"]):
            names.append(_in_shards(form["name"]))
        return [f"{form['head']}{name}{self.on}{form['rest']}" for name in names]

    def _insert(self, form: re.Match[str]) -> list[str]:
        if not form["name"].startswith("mart_rows."):
            return [form[0]]
        # A node that has not fetched all rows yet would show an incomplete mart once they are published.
        return [form[0], f"SYSTEM SYNC REPLICA{self.on} {form['name']}"]

    def _exchange(self, form: re.Match[str]) -> list[str]:
        name, other = form["name"], form["other"]
        if self._is_sharded(name) or self._is_sharded(other):
            raise self._unknown(form[0], "shards cannot be exchanged at one instant")
        # A node that has not fetched all rows yet would show an incomplete table.
        return [
            f"SYSTEM SYNC REPLICA{self.on} {name}",
            f"EXCHANGE TABLES {name} AND {other}{self.on}",
        ]

    def _stored(self, form: re.Match[str]) -> list[str]:
        """A change that the replicas of a table copy from each other: each shard needs it once."""
        if self._is_sharded(form["name"]):
            return [f"{form['head']}{_in_shards(form['name'])}{self.on}{form['rest']}"]
        return [form[0]]

    def _delete(self, form: re.Match[str]) -> list[str]:
        (statement,) = self._stored(form)
        # Each shard decides by its own rows: a unit has rows in no other shard.
        for (table,) in self.ask(f"SELECT name FROM system.tables WHERE database = '{SHARDS}'"):  # noqa: S608
            statement = re.sub(rf"\bcore\.{table}\b", f"{SHARDS}.{table}", statement)
        return [statement]

    def _alter(self, form: re.Match[str]) -> list[str]:
        actions = _NEXT_ACTION.split(form["rest"])
        altered = next(
            (what for what, known in _ALTERS.items() if all(map(known.match, actions))), None
        )
        if not altered:
            raise self._unknown(form[0], "only columns, settings or partitions are altered here")
        everywhere = f"{form['head']}{form['name']}{self.on}{form['rest']}"
        if self._is_sharded(form["name"]):
            return self._stored(form) + ([everywhere] if altered == "columns" else [])
        # Replicas copy columns and lost parts from each other, but not settings; staging has no replicas.
        of_replicas = altered != "settings" and not form["name"].startswith("staging.")
        return [form[0] if of_replicas else everywhere]

    def _is_sharded(self, name: str) -> bool:
        database, table = name.split(".")
        if database != "core":
            return False
        return bool(
            self.ask(
                f"SELECT 1 FROM system.tables WHERE database = '{SHARDS}' AND name = '{table}'"  # noqa: S608
            )
        )

    def _unknown(self, text: str, why: str = "its form is unknown") -> ConfigurationError:
        return ConfigurationError(
            f"This statement cannot be translated for the cluster {self.cluster}: {why}. Write it in one "
            f"of the forms of municipal_indicators/warehouse/cluster.py or add the form there: {text[:200]}"
        )


def _has_columns(columns: str, *names: str) -> bool:
    return all(re.search(rf"^\s*{name}\s", columns, re.MULTILINE) for name in names)


def _in_shards(name: str) -> str:
    return f"{SHARDS}.{name.partition('.')[2]}"
