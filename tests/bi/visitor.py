"""People at Superset: through its REST API, and in a browser."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import requests
import yaml
from playwright.sync_api import BrowserContext, Dialog, FloatRect, Page, Response

from bi.superset.environment import SOURCES
from tests.browsers import SCREENSHOTS

# What is wider than its place: titles with an ellipsis, tables wider than their part.
CUT = """() => {
  const parts = [...document.querySelectorAll('.dashboard-component-chart-holder')];
  const titles = parts.flatMap(part => [...part.querySelectorAll('.header-title, .header-title *')]);
  const tables = parts.flatMap(part => [...part.querySelectorAll('table')].filter(table =>
    table.getBoundingClientRect().right > part.getBoundingClientRect().right + 1));
  const cut = titles.filter(title => title.scrollWidth > title.clientWidth + 1);
  return [...cut, ...tables].map(one => one.innerText);
}"""
KINDS = ("database", "dataset", "chart", "dashboard")


def charts_of_year(slug: str) -> frozenset[str]:
    """The titles of the charts of a dashboard on which its filter by year acts."""
    folder = SOURCES / "bundle"
    board = yaml.safe_load((folder / "dashboards" / f"{slug}.yaml").read_text(encoding="utf-8"))
    (choice,) = (
        one for one in board["metadata"]["native_filter_configuration"] if one["name"] == "Год"
    )
    places = [
        one["meta"] for one in board["position"].values() if isinstance(one, dict) and "meta" in one
    ]
    return frozenset(
        meta["sliceName"]
        for meta in places
        if "chartId" in meta and meta["chartId"] not in choice["scope"]["excluded"]
    )


class Api:
    """A person logged in to the REST API."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url = url
        self._session = requests.Session()
        login = {"username": name, "password": password, "provider": "db", "refresh": False}
        answer = self._session.post(f"{url}/api/v1/security/login", json=login, timeout=180)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        token = self._session.get(f"{url}/api/v1/security/csrf_token/", timeout=180)
        if token.ok:
            self._session.headers["X-CSRFToken"] = token.json()["result"]
            self._session.headers["Referer"] = url

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """The answer, redirects not followed."""
        return self._session.request(
            method, self.url + path, json=body, timeout=180, allow_redirects=False
        )

    def things(self) -> dict[str, dict[str, int]]:
        """The ids of databases, datasets, charts and dashboards by kind and UUID."""
        found = {}
        for kind in KINDS:
            rows = self.ask("GET", f"/api/v1/{kind}/?q=(page_size:200)").json()["result"]
            found[kind] = {
                row.get("uuid") or self._uuid(kind, row["id"]): int(row["id"]) for row in rows
            }
        return found

    def _uuid(self, kind: str, number: int) -> str:
        return str(self.ask("GET", f"/api/v1/{kind}/{number}").json()["result"]["uuid"])

    def rows(self, query_context: dict[str, Any]) -> list[dict[str, Any]]:
        """What a chart's query is answered with."""
        answer = self.ask("POST", "/api/v1/chart/data", query_context)
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = answer.json()["result"][0]["data"]
        return data


@dataclass
class Answer:
    """What one chart asked for and was answered."""

    chart: int
    asked: dict[str, Any]
    status: int
    body: dict[str, Any]

    @property
    def is_of_year(self) -> bool:
        """Whether the filter by year acted on it."""
        return any(rule["col"] == "year" for rule in self.asked["queries"][0]["filters"])

    @property
    def results(self) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.body.get("result", [])
        return results

    @property
    def data(self) -> list[dict[str, Any]]:
        data: list[dict[str, Any]] = self.results[0]["data"]
        return data


@dataclass
class Opened:
    """A dashboard with all that happened while it opened."""

    page: Page
    of_year: frozenset[str] = frozenset()
    charts: dict[str, int] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    text: str = ""

    def by_title(self, title: str) -> Answer:
        """The last answer to the chart of this title."""
        return next(a for a in reversed(self.answers) if a.chart == self.charts[title])

    def cut(self) -> list[str]:
        """The texts of what does not fit its place."""
        found: list[str] = self.page.evaluate(CUT)
        return found

    def cells(self, title: str) -> list[list[str]]:
        """The rows of a table as they are shown; what stands for NULL is written by a style sheet."""
        rows = self.page.locator(f"[data-test-chart-name='{title}'] tbody tr")
        written = "row => [...row.cells].map(cell => cell.classList.contains('dt-is-null') ?"
        written += " getComputedStyle(cell, '::after').content.slice(1, -1) : cell.innerText)"
        return [rows.nth(number).evaluate(written) for number in range(rows.count())]

    def dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def hear(self, response: Response) -> None:
        if response.url.endswith("/charts") and "/api/v1/dashboard/" in response.url:
            for chart in response.json()["result"]:
                self.charts[chart["slice_name"]] = chart["id"]
        elif "/api/v1/chart/data" in response.url:
            asked = json.loads(response.request.post_data or "{}")
            number = asked["form_data"].get("slice_id")
            # The choices of a filter are asked for in the same way and belong to no chart.
            if number:
                self.answers.append(Answer(number, asked, response.status, response.json()))
        elif response.status >= 400:
            self.refused.append(f"{response.status} {response.url}")


class Reader:
    """Somebody who logs in with the form and opens dashboards."""

    def __init__(self, context: BrowserContext, url: str, name: str, password: str) -> None:
        self.context = context
        context.set_default_timeout(180_000)
        self.url = url
        page = context.new_page()
        page.goto(f"{url}/login/")
        page.locator("input[name=username],#username").fill(name)
        page.locator("input[name=password],#password").fill(password)
        self.login_text = page.locator("body").inner_text()
        page.locator("button[type=submit]").click()
        page.wait_for_url(lambda address: "/login" not in address, timeout=180_000)
        page.close()

    def open(self, slug: str, width: int = 1440) -> Opened:
        """Open a dashboard in a page of its own, wait for its charts and take a picture of it."""
        opened = Opened(self.context.new_page(), charts_of_year(slug))
        page = opened.page
        page.on("console", lambda m: opened.said.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: opened.said.append(str(error)))
        page.on("request", lambda request: opened.asked.append(request.url))
        page.on("response", opened.hear)
        page.on("dialog", opened.dismiss)
        # Charts below the window are drawn when they come into sight: a window that shows all of them.
        page.set_viewport_size({"width": width, "height": 4500})
        page.goto(f"{self.url}/superset/dashboard/{slug}/")
        self.settle(opened)
        last = page.locator(".dashboard-component-chart-holder").last.bounding_box()
        assert last is not None
        whole = FloatRect(x=0, y=0, width=width, height=last["y"] + last["height"] + 20)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"superset-{slug}-{width}.png", clip=whole)
        opened.text = page.locator("body").inner_text()
        return opened

    def settle(self, opened: Opened) -> None:
        """Wait until every chart has drawn what it was answered; four minutes at most."""
        page = opened.page
        holders = page.locator(".dashboard-component-chart-holder")
        holders.first.wait_for(timeout=180_000)
        quiet = 0
        for _ in range(960):
            page.wait_for_timeout(250)
            drawn = page.locator(".slice_container").count() >= len(opened.charts) > 0
            answered = {answer.chart for answer in opened.answers} >= set(opened.charts.values())
            # The charts may ask before the filter has its first value, and then once more.
            asked = {answer.chart for answer in opened.answers if answer.is_of_year}
            answered &= asked >= {opened.charts.get(title) for title in opened.of_year}
            done = drawn and answered and page.locator(".loading").count() == 0
            quiet = quiet + 1 if done else 0
            if quiet == 6:
                return
        raise AssertionError("the dashboard is still loading: " + page.locator("body").inner_text())
