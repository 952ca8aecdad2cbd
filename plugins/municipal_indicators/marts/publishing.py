"""Which build the marts show: a build's rows stay hidden until one insert shows them in all marts at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.marts import region
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

# The ledger goes by its order in time, also when the clock was put back.
_NOTE = """
INSERT INTO ops.mart_builds (at, build, status, inputs, marts)
SELECT
    greatest(
        now64(6, 'UTC'), (SELECT max(at) FROM ops.mart_builds) + toIntervalMicrosecond(1)
    ),
    {build:UUID},
    {status:String},
    {inputs:String},
    mapUpdate(
        (SELECT marts FROM ops.published_marts),
        mapFromArrays({marts:Array(String)}, arrayMap(mart -> {build:UUID}, {marts:Array(String)}))
    )
"""


def note_built(warehouse: Warehouse, build: str, marts: Iterable[str], inputs: str = "") -> None:
    """Show the rows of a build in ``marts_next``, for its checks; ``marts`` has no databases in it.

    ``inputs`` stands for all that a build of every mart was made from.
    """
    _note(warehouse, build, "built", marts, inputs)


def is_shown(warehouse: Warehouse, inputs: str) -> bool:
    """Whether the newest build was made from the same inputs and is what readers see."""
    newest = warehouse.rows("SELECT build, status FROM ops.mart_builds ORDER BY at DESC LIMIT 1")
    if not newest or newest[0][1] != "published":
        return False
    return bool(
        warehouse.rows(
            "SELECT 1 FROM ops.mart_builds WHERE build = {build:UUID} AND inputs = {inputs:String}",
            {"build": str(newest[0][0]), "inputs": inputs},
        )
    )


def publish_marts(warehouse: Warehouse, build: str) -> None:
    """Show the rows of a build to readers, in all its marts by one insert; once more changes nothing.

    In a region the comparison of districts is brought up to date after that.

    Marts that the build left out keep what they show. Raises IndicatorsError unless it is the newest
    build: what ``check_marts`` looked at may be another one, and its rows may be dropped.
    """
    newest, status, marts = warehouse.rows(
        "SELECT toString(build), status, mapKeys(mapFilter((mart, of) -> of = build, marts)) "
        "FROM ops.built_marts"
    )[0]
    if newest != build:
        raise IndicatorsError(
            f"Сборка витрин {build} — не последняя: после неё начата другая. Ничего не показано; запустите "
            "build_indicator_marts снова."
        )
    if status == "built":
        if "indicators_monthly" in marts:
            _remember(warehouse, build)
        _note(warehouse, build, "published", marts)
        log.info("Build %s is published: %s.", build, ", ".join(marts))
    region.show_districts(warehouse)


def published_at(warehouse: Warehouse) -> datetime | None:
    """When the marts that readers see were published (UTC), or None before the first time."""
    (marts, at) = warehouse.rows("SELECT marts, at FROM ops.published_marts")[0]
    return at if marts else None


def drop_old_builds(warehouse: Warehouse) -> int:
    """Drop rows that no mart shows; returns how many times a mart had some.

    The build before the published one is kept, so that queries that began with it end in peace, and
    the newest one, so that a failed check can be looked into.
    """
    found = warehouse.rows(render("loads/builds_to_drop.sql"))
    for table, build in found:
        warehouse.command(f"ALTER TABLE mart_rows.{table} DROP PARTITION '{build}'")
    return len(found)


def _remember(warehouse: Warehouse, build: str) -> None:
    """Keep what the build changes, before it is shown: unseen until then, also if it never is."""
    columns = [
        name for name in warehouse.columns("mart_rows.indicators_monthly") if name != "build"
    ]
    changes = render("loads/indicators_to_remember.sql", columns=columns)
    warehouse.command(
        f"INSERT INTO ops.indicator_history (build, is_gone, {', '.join(columns)})\n"  # noqa: S608
        f"SELECT {{build:UUID}}, * FROM (\n{changes}\n)\n"
        "WHERE {build:UUID} NOT IN (SELECT build FROM ops.indicator_history)",
        {"build": build},
    )


def _note(
    warehouse: Warehouse, build: str, status: str, marts: Iterable[str], inputs: str = ""
) -> None:
    warehouse.command(
        _NOTE, {"build": build, "status": status, "inputs": inputs, "marts": list(marts)}
    )
