"""The methods of DataLens' public API that the import calls, on this machine; schemas are the engine's own.

Written from the API's description (version 3, https://yandex.cloud/ru/docs/datalens/openapi-ref/): a method
that is not known, a key that it does not name or that is missing, a wrong version or token is an error.
Known to differ: nothing is drawn, rights and revisions are not kept, a query runs only for its columns.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Describe = Callable[[str], Sequence[tuple[str, str]]]

VERSION = "3"
TOKEN = "token-of-the-tests"
WORKBOOK = "workbook-of-the-tests"
# Keys of each method: those it needs, and those it may have.
METHODS: dict[str, tuple[set[str], set[str]]] = {
    "getWorkbook": ({"workbookId"}, {"includePermissionsInfo"}),
    "getWorkbookEntries": (
        {"workbookId"},
        {"page", "pageSize", "orderBy", "filters", "scope", "createdBy", "includePermissionsInfo"},
    ),
    "createConnection": (
        {"type", "name", "host", "port", "workbook_id"},
        {
            *("db_name", "username", "password", "secure", "ssl_ca_verify", "raw_sql_level"),
            *("readonly", "description", "data_export_forbidden", "experimental_features"),
        },
    ),
    "getConnection": ({"connectionId"}, {"workbookId", "rev_id"}),
    "validateDataset": ({"data"}, {"datasetId", "workbookId"}),
    "createDataset": ({"dataset", "name", "workbook_id"}, {"multisource", "created_via"}),
    "getDataset": ({"datasetId"}, {"workbookId", "rev_id"}),
    "updateDataset": ({"datasetId", "data"}, set()),
    "createQLChart": ({"template", "data", "name", "workbookId"}, {"annotation"}),
    "getQLChart": ({"chartId"}, {"workbookId", "branch", "revId"}),
    "updateQLChart": ({"entryId", "template", "data", "mode"}, {"annotation", "revId"}),
    "createDashboard": ({"entry"}, {"mode"}),
    "getDashboard": ({"dashboardId"}, {"workbookId", "branch", "revId"}),
    "updateDashboard": ({"entry"}, {"mode", "lockToken"}),
}


class RefusedError(Exception):
    """What the API does not take: the status and why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class DataLens:
    """An installation with one workbook: its entries by id, and what was asked of it."""

    describe: Describe
    port: int = 0
    entries: dict[str, Body] = field(default_factory=dict)
    asked: list[tuple[str, Body]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of(self, scope: str) -> dict[str, Body]:
        """The entries of a scope by name."""
        return {one["name"]: one for one in self.entries.values() if one["scope"] == scope}

    def answer(self, method: str, body: Body) -> Body:
        if method not in METHODS:
            raise RefusedError(404, "ERR.API.NOT_FOUND", f"no method {method}")
        needed, allowed = METHODS[method]
        if not needed <= set(body) <= needed | allowed:
            wrong = sorted(needed - set(body)), sorted(set(body) - needed - allowed)
            raise RefusedError(
                400, "ERR.API.VALIDATION", f"{method}: missing {wrong[0]}, unknown {wrong[1]}"
            )
        self.asked.append((method, body))
        found: Body = getattr(self, f"_{method}")(body)
        return found

    def _add(self, scope: str, kind: str, name: str, workbook: str, content: Body) -> Body:
        if workbook != WORKBOOK:
            raise RefusedError(404, "ERR.US.NOT_FOUND", "no such workbook")
        if name in self.of(scope):
            raise RefusedError(409, "ERR.US.DB.UNIQUE_VIOLATION", f"{scope} {name} exists")
        entry = {"id": uuid.uuid4().hex[:13], "scope": scope, "type": kind, "name": name, **content}
        self.entries[entry["id"]] = entry
        return entry

    def _find(self, scope: str, identity: str) -> Body:
        found = self.entries.get(identity)
        if not found or found["scope"] != scope:
            raise RefusedError(404, "ERR.US.NOT_FOUND", f"no {scope} {identity}")
        return found

    def _getWorkbook(self, body: Body) -> Body:  # noqa: N802 - the method's name
        if body["workbookId"] != WORKBOOK:
            raise RefusedError(404, "ERR.US.NOT_FOUND", "no such workbook")
        return {"workbookId": WORKBOOK, "title": "Показатели", "collectionId": None}

    def _getWorkbookEntries(self, body: Body) -> Body:  # noqa: N802
        page, size = body.get("page", 0), body.get("pageSize", 100)
        listed = [
            {
                "entryId": one["id"],
                "scope": one["scope"],
                "type": one["type"],
                "key": f"{WORKBOOK}/{one['name'].lower()}",
                "displayKey": f"{WORKBOOK}/{one['name']}",
            }
            for one in self.entries.values()
        ]
        following = {"nextPageToken": str(page + 1)} if len(listed) > (page + 1) * size else {}
        return {"entries": listed[page * size : (page + 1) * size], **following}

    def _createConnection(self, body: Body) -> Body:  # noqa: N802
        content = {key: value for key, value in body.items() if key not in {"name", "type"}}
        entry = self._add("connection", body["type"], body["name"], body["workbook_id"], content)
        return {"id": entry["id"]}

    def _getConnection(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("connection", body["connectionId"])
        # Secrets go in and never come out.
        shown = {key: value for key, value in entry.items() if key not in {"password", "scope"}}
        return {**shown, "db_type": entry["type"], "key": f"{WORKBOOK}/{entry['name']}"}

    def _validateDataset(self, body: Body) -> Body:  # noqa: N802
        dataset = json.loads(json.dumps(body["data"]["dataset"]))
        for update in body["data"].get("updates", []):
            self._update(dataset, update)
        return {"dataset": dataset, "dataset_errors": [], "code": "OK"}

    def _update(self, dataset: Body, update: Body) -> None:
        action = update["action"]
        if action == "add_source":
            source = dict(update["source"])
            self._find("connection", source["connection_id"])
            if source["source_type"] != "CH_SUBSELECT" or set(source["parameters"]) != {"subsql"}:
                raise RefusedError(400, "ERR.DS_API.VALIDATION", "no such source")
            dataset["sources"] = [*dataset.get("sources", []), source]
        elif action == "add_source_avatar":
            avatar = update["source_avatar"]
            dataset["source_avatars"] = [*dataset.get("source_avatars", []), avatar]
            self._refresh(dataset, avatar["source_id"])
        elif action == "update_source":
            source = self._source(dataset, update["source"]["id"])
            source.update(update["source"])
        elif action == "refresh_source":
            self._refresh(dataset, update["source"]["id"])
        elif action == "update_field":
            fields = {one["guid"]: one for one in dataset["result_schema"]}
            fields[update["field"]["guid"]].update(update["field"])
            titles = [one["title"] for one in dataset["result_schema"]]
            if len(titles) != len(set(titles)):
                raise RefusedError(400, "ERR.DS_API.VALIDATION", f"a title is used twice: {titles}")
        else:
            raise RefusedError(400, "ERR.DS_API.VALIDATION", f"no action {action}")

    def _source(self, dataset: Body, identity: str) -> Body:
        source: Body = next(one for one in dataset["sources"] if one["id"] == identity)
        return source

    def _refresh(self, dataset: Body, identity: str) -> None:
        """The columns of the source's query, and a field for each that has none."""
        source = self._source(dataset, identity)
        columns = self.describe(source["parameters"]["subsql"])
        source["raw_schema"] = [
            {"name": name, "title": name, "user_type": "string", "native_type": {"name": kind}}
            for name, kind in columns
        ]
        kept = {one["source"]: one for one in dataset.get("result_schema", [])}
        dataset["result_schema"] = [
            kept.get(name)
            or {
                "guid": uuid.uuid4().hex,
                "title": name,
                "source": name,
                "calc_mode": "direct",
                "type": "DIMENSION",
                "cast": "string",
                "avatar_id": identity,
            }
            for name, _ in columns
        ]

    def _createDataset(self, body: Body) -> Body:  # noqa: N802
        content = {"dataset": body["dataset"]}
        entry = self._add("dataset", "", body["name"], body["workbook_id"], content)
        return {"id": entry["id"]}

    def _getDataset(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("dataset", body["datasetId"])
        return {
            "id": entry["id"],
            "key": f"{WORKBOOK}/{entry['name']}",
            "dataset": entry["dataset"],
        }

    def _updateDataset(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("dataset", body["datasetId"])
        entry["dataset"] = body["data"]["dataset"]
        return self._getDataset({"datasetId": entry["id"]})

    def _createQLChart(self, body: Body) -> Body:  # noqa: N802
        content = {"data": body["data"], "annotation": body.get("annotation")}
        entry = self._add("widget", "d3_ql_node", body["name"], body["workbookId"], content)
        return self._getQLChart({"chartId": entry["id"]})

    def _getQLChart(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("widget", body["chartId"])
        self._find("connection", entry["data"]["connection"]["entryId"])
        shown = {key: entry[key] for key in ("type", "data", "annotation")}
        return {
            "entryId": entry["id"],
            "key": f"{WORKBOOK}/{entry['name']}",
            "workbookId": WORKBOOK,
            **shown,
        }

    def _updateQLChart(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("widget", body["entryId"])
        entry["data"], entry["annotation"] = body["data"], body.get("annotation")
        return self._getQLChart({"chartId": entry["id"]})

    def _createDashboard(self, body: Body) -> Body:  # noqa: N802
        asked = body["entry"]
        content = {"data": self._board(asked["data"]), "meta": asked["meta"]}
        entry = self._add("dash", "", asked["name"], asked["workbookId"], content)
        return self._getDashboard({"dashboardId": entry["id"]})

    def _getDashboard(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("dash", body["dashboardId"])
        shown = {"data": entry["data"], "meta": entry["meta"], "name": entry["name"]}
        return {"entry": {"entryId": entry["id"], "key": None, "workbookId": WORKBOOK, **shown}}

    def _updateDashboard(self, body: Body) -> Body:  # noqa: N802
        entry = self._find("dash", body["entry"]["entryId"])
        entry["data"], entry["meta"] = self._board(body["entry"]["data"]), body["entry"]["meta"]
        return self._getDashboard({"dashboardId": entry["id"]})

    def _board(self, data: Body) -> Body:
        """The data, all of whose charts and fields exist."""
        for tab in data["tabs"]:
            for item in tab["items"]:
                for inner in item["data"].get("tabs", []):
                    self._find("widget", inner["chartId"])
        return data


def _number(text: str) -> int | float:
    """A number as JavaScript has it, for which 2.0 is 2."""
    number = float(text)
    return int(number) if number.is_integer() else number


@contextmanager
def datalens(describe: Describe) -> Iterator[DataLens]:
    """The installation on a free port; ``describe`` gives names and types of a query's columns."""
    installation = DataLens(describe)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                answer, status = self.answered(), 200
            except RefusedError as refused:
                answer = {"code": refused.code, "message": str(refused), "details": None}
                status = refused.status
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def answered(self) -> Body:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(text, parse_float=_number)
            if self.headers["Authorization"] != f"OAuth {TOKEN}":
                raise RefusedError(401, "ERR.AUTH", "no such token")
            if self.headers["x-dl-api-version"] != VERSION:
                raise RefusedError(400, "ERR.API.VERSION", "no such version")
            return installation.answer(self.path.removeprefix("/rpc/"), body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    installation.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield installation
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
