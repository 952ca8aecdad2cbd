"""What a load or build read and wrote, told to Airflow's collector of lineage; light to import.

Airflow's OpenLineage provider makes an event of it, where it is installed and switched on
(docs/operations.md#происхождение-данных-события-openlineage). Elsewhere nothing is asked and nothing is done.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import quote, urlsplit

from municipal_indicators import settings
from municipal_indicators.warehouse.districts import renamed

if TYPE_CHECKING:
    from airflow.sdk import Asset, BaseHook
    from airflow.sdk.lineage import HookLineageCollector
    from openlineage.client.event_v2 import InputDataset, OutputDataset

log = logging.getLogger(__name__)

_METRICA = "metrica://api-metrika.yandex.net"
# Airflow takes 1500 characters of an address, and a Cyrillic letter is six of them.
_LONGEST = 200

P = ParamSpec("P")


class _Told:
    """The collector of the present task, with the warehouse as its address is told."""

    def __init__(self, collector: HookLineageCollector) -> None:
        from airflow.sdk import BaseHook

        from municipal_indicators.warehouse.client import embedded_path

        self.collector = collector
        self.hook: BaseHook = BaseHook()
        place = "embedded"
        if not embedded_path():
            found = self.hook.get_connection(settings.CLICKHOUSE_CONNECTION)
            place = f"{found.host}:{found.port}"
        self.warehouse = f"clickhouse://{place}"

    def read(self, namespace: str, name: str, **facets: Any) -> None:
        self.collector.add_input_asset(self.hook, **_asset(namespace, name, facets))

    def wrote(self, table: str, rows: int) -> None:
        own = renamed(table, settings.district())
        self.collector.add_output_asset(self.hook, **_asset(self.warehouse, own, {"rows": rows}))


def _where_it_is_on(tell: Callable[Concatenate[_Told, P], None]) -> Callable[P, None]:
    """Call it only where somebody reads lineage; what fails is logged: the load or build has succeeded."""

    @wraps(tell)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        from airflow.sdk.lineage import NoOpCollector, get_hook_lineage_collector

        collector = get_hook_lineage_collector()
        if isinstance(collector, NoOpCollector):
            return
        try:
            tell(_Told(collector), *args, **kwargs)
        except Exception:
            log.exception("Lineage is not told. What was loaded or built is not touched by that.")

    return told


@_where_it_is_on
def tell_load(told: _Told, source: str, dataset: str = "") -> None:
    """Tell what the present run has published of a source: files with their hashes, or counters with days.

    ``dataset`` as in the ledger: of Metrica ``visits`` or ``hits``.
    """
    from airflow.sdk import get_current_context

    from municipal_indicators.warehouse.client import open_warehouse
    from municipal_indicators.warehouse.retention import tables_of_loads
    from municipal_indicators.warehouse.templates import render

    since = get_current_context()["dag_run"].start_date
    parameters = {"source": source, "dataset": dataset, "since": since}
    with open_warehouse() as warehouse:
        read = warehouse.rows(render("loads/lineage_inputs.sql"), parameters)
        tables = tables_of_loads(warehouse)
        wrote = warehouse.rows(render("loads/lineage_outputs.sql", tables=tables), parameters)
    for name, version, days in read:
        if dataset:
            told.read(_METRICA, f"{name}/{dataset}", days=days)
        else:
            told.read(f"inbox://{settings.named(source)}", name, version=version)
    for table, rows in wrote:
        told.wrote(table, rows)


@_where_it_is_on
def tell_build(told: _Told, passport: Path, rows: Mapping[str, int]) -> None:
    """Tell what marts are built from, the passport and the tables of loads, and their numbers of rows."""
    from municipal_indicators.warehouse.client import open_warehouse
    from municipal_indicators.warehouse.retention import tables_of_loads

    version = hashlib.sha256(passport.read_bytes()).hexdigest()
    told.read("programme://passport", passport.name, version=version)
    with open_warehouse() as warehouse:
        for table in tables_of_loads(warehouse):
            told.read(told.warehouse, renamed(table, settings.district()))
    for mart, number in rows.items():
        told.wrote(mart, number)


def _asset(namespace: str, name: str, facets: Mapping[str, Any]) -> dict[str, Any]:
    uri = f"{namespace}/{quote(name[:_LONGEST])}"
    return {"uri": uri, "asset_extra": {"name": name, **facets}}


def to_dataset(asset: Asset, context: object) -> InputDataset | OutputDataset:
    """The dataset of an OpenLineage event, with the facets of the specification, of an asset above."""
    from openlineage.client import event_v2, facet_v2

    told: Mapping[str, Any] = asset.extra
    place = urlsplit(asset.uri)
    where = {"namespace": f"{place.scheme}://{place.netloc}", "name": told["name"]}
    if "rows" in told:
        statistics = facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=told["rows"]
        )
        return event_v2.OutputDataset(**where, outputFacets={"outputStatistics": statistics})
    made = event_v2.InputDataset(**where)
    if "version" in told:
        version = facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet(told["version"])
        made.facets = {"version": version}
    if "days" in told:
        subset = facet_v2.base_subset_dataset
        days = [subset.Partition(dimensions={"day": day}, identifier=day) for day in told["days"]]
        condition = subset.PartitionSubsetCondition(days)
        made.inputFacets = {"subset": subset.InputSubsetInputDatasetFacet(condition)}
    return made
