"""Writes the workbook into a DataLens installation by its SDK; a second import renews the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from datalens_sdk import (
    GRID_COLUMNS,
    Connection,
    DashboardTab,
    Dataset,
    EntryLocation,
    QLColumn,
    QLParam,
)
from datalens_sdk.client import DataLensClientBase

from bi.datalens.workbook import SELECTOR_HEIGHT
from bi.superset.superset_setup import linked

WORKBOOK = Path(__file__).resolve().parent / "workbook"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """Where DataLens finds ClickHouse; without a password somebody types it in the connection's form."""

    host: str
    port: int = 8443
    is_secure: bool = True
    password: str = ""


class Import:
    """One workbook of an installation, whose entries are known by scope and name."""

    def __init__(self, client: DataLensClientBase, workbook_id: str, report: str = "") -> None:
        self.client = client
        self.report = report
        self.location = EntryLocation.workbook(workbook_id)
        entries = client.get.workbook(by_id=workbook_id).list_entries()
        self.known = {
            (entry.scope, str(entry.name or entry.key).rsplit("/", 1)[-1]): str(entry.id)
            for entry in entries
        }
        self.datasets: dict[str, Dataset] = {}
        self.charts: dict[str, str] = {}

    def connection(self, document: Document, address: Address) -> Connection:
        """The connection, made with the address; one that exists is left as the customer has it."""
        known = self.known.get(("connection", document["name"]))
        if known:
            return self.client.get.connection(by_id=known)
        # The factories of an installation's connectors are known when it runs.
        factory: Any = self.client.create.connection
        made = (
            factory.clickhouse(name=document["name"], location=self.location)
            .host(address.host)
            .port(address.port)
            .secure("on" if address.is_secure else "off")
            .db_name(document["db_name"])
            .username(document["username"])
            .readonly(document["readonly"])
            .raw_sql_level(document["raw_sql_level"])
        )
        if address.password:
            made = made.password(address.password)
        connection: Connection = made.build()
        return connection

    def dataset(self, document: Document, connection: Connection) -> None:
        """A dataset over its query; every field gets its Russian title and explanation."""
        name, sql = document["name"], document["sql"]
        known = self.known.get(("dataset", name))
        if known:
            found = self.client.get.dataset(by_id=known)
            (source,) = found.sources
            found.update.update_source(
                source_id=source.id, title=name, parameters={"subsql": sql}
            ).refresh_source(source.id, force_update_fields=True).mode("publish").execute()
        else:
            sources: Any = self.client.create.source(using=connection)
            source = sources.ch_subselect(alias=name, subsql=sql).build(strict=True)
            made = self.client.create.dataset(name=name, location=self.location).sources([source])
            known = made.description(document["description"]).build().id
        # The answer to a creation has no fields.
        dataset = self.client.get.dataset(by_id=str(known))
        by_source = {field.source: field for field in dataset.fields}
        update = dataset.update
        for field in document["fields"]:
            update = update.update_field(
                field=by_source[field["source"]],
                title=field["title"],
                cast=field["cast"],
                description=field["description"],
            )
        update.mode("publish").execute()
        self.datasets[name] = self.client.get.dataset(by_id=str(known))

    def chart(self, identity: str, document: Document, connection: Connection) -> None:
        """A QL chart: its query, parameters and what stands where."""
        known = self.known.get(("widget", document["name"]))
        if known:
            chart: Any = self.client.get.ql_chart(by_id=known).update.mode("publish")
        else:
            make = getattr(self.client.create.ql_chart, document["visualization"])
            chart = make(name=document["name"], location=self.location)
        chart = chart.connection(connection).query(document["query"])
        chart = chart.params([QLParam.string(name, default="") for name in document["params"]])
        chart = chart.description(document["description"])
        for place, columns in document["columns"].items():
            chart = getattr(chart, place)([QLColumn(**column) for column in columns])
        self.charts[identity] = str((chart.execute() if known else chart.build()).id)

    def board(self, document: Document) -> None:
        """A dashboard of one tab; its selectors stand above the charts."""
        known = self.known.get(("dash", document["name"]))
        if not known:
            tab = self._tab(document, f"{document['id']}-1")
            make = self.client.create.dashboard(name=document["name"], location=self.location)
            self._check(make.add_tab(tab).settings(hide_tabs=True).build())
            return
        found = self.client.get.dashboard(by_id=known)
        old = [str(tab.id) for tab in found.tabs]
        # A dashboard never has no tab: the new one has another id than those it replaces.
        number = next(n for n in range(1, 99) if f"{document['id']}-{n}" not in old)
        update = found.update.add_tab(self._tab(document, f"{document['id']}-{number}"))
        for tab_id in old:
            update = update.remove_tab(tab_id)
        self._check(update.mode("publish").execute())

    def _tab(self, document: Document, tab_id: str) -> DashboardTab:
        tab = DashboardTab(document["name"], tab_id=tab_id)
        # A board closes gaps: the selectors fill their row.
        width = GRID_COLUMNS // len(document["selectors"])
        for number, selector in enumerate(document["selectors"]):
            dataset = self.datasets[selector["dataset"]]
            field = next(one for one in dataset.fields if one.source == selector["param"])
            tab.add_selector(
                item_id=f"{tab_id}-{selector['param']}",
                dataset=dataset,
                field=field,
                title=selector["title"],
                at=(number * width, 0, width, SELECTOR_HEIGHT),
            )
            # The parameter of the charts takes the value of the field.
            tab.add_alias(str(field.guid), selector["param"])
        for number, item in enumerate(document["items"]):
            place = tuple(item["at"][side] for side in "xywh")
            if "text" in item:
                tab.add_text(
                    linked(item["text"], self.report), item_id=f"{tab_id}-text-{number}", at=place
                )
            else:
                tab.add_chart(
                    self.charts[item["id"]],
                    item_id=f"{tab_id}-{item['id']}",
                    title=item["chart"],
                    at=place,
                )
        return tab

    def _check(self, dashboard: Any) -> None:
        issues = dashboard.validate()
        if issues:
            raise ValueError(f"The board is not in order: {'; '.join(map(str, issues))}")


def import_workbook(
    client: DataLensClientBase,
    workbook_id: str,
    address: Address,
    folder: Path = WORKBOOK,
    report: str = "",
) -> Mapping[str, int]:
    """Make or renew everything of the folder in a workbook; how many entries there are of each kind.

    Texts of boards link to the report page at ``report``; without an address they link nowhere.
    Raises DataLensError of the SDK: the installation's answer, or what it lacks; a second try continues.
    """
    run = Import(client, workbook_id, report)
    connection = run.connection(_read(folder / "connection.yaml"), address)
    for path in sorted((folder / "datasets").glob("*.yaml")):
        run.dataset(_read(path), connection)
    for path in sorted((folder / "charts").glob("*.yaml")):
        run.chart(path.stem, _read(path), connection)
    boards = sorted((folder / "boards").glob("*.yaml"))
    for path in boards:
        run.board({"id": path.stem, **_read(path)})
    return {"datasets": len(run.datasets), "charts": len(run.charts), "boards": len(boards)}


def _read(path: Path) -> Document:
    document: Document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document
