"""Reads reports of the Reporting API (``/stat/v1/data``): all rows of a table, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError, field_validator

from municipal_indicators.errors import MetricaError, MetricaUnavailableError

PATH = "/stat/v1/data"
PAGE_ROWS = 10_000


class ReportCell(BaseModel, frozen=True, coerce_numbers_to_str=True):
    """A dimension's value; ``id`` is the same in every language, both may be absent."""

    id: str | None = None
    name: str | None = None


class ReportRow(BaseModel, frozen=True):
    """One combination of dimensions with its metrics, both in requested order; counts are floats too."""

    dimensions: tuple[ReportCell, ...] = ()
    metrics: tuple[float | None, ...]

    @field_validator("dimensions", mode="before")
    @classmethod
    def _cells(cls, value: object) -> object:
        # The documentation shows dimensions as strings, the service sends objects.
        if isinstance(value, list):
            return [{"name": one} if isinstance(one, str) else one or {} for one in value]
        return value


@dataclass(frozen=True, slots=True)
class Report:
    """All rows; ``sample_share`` (0…1) is the smallest share of visits that a page was counted from."""

    rows: tuple[ReportRow, ...]
    sampled: bool
    sample_share: float


class _Page(BaseModel):
    data: tuple[ReportRow, ...]
    total_rows: int
    total_rows_rounded: bool = False
    sampled: bool = False
    sample_share: float | None = None


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Which report is requested: whole days in the counter's zone, both dates inclusive.

    Metrics and dimensions share one prefix; at most 20 and 10.
    """

    counter_id: int
    date1: date
    date2: date
    metrics: Sequence[str]
    dimensions: Sequence[str] = ()
    filters: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters without the page; rows are sorted, so that the pages fit together."""
        parameters = {
            "ids": str(self.counter_id),
            "date1": self.date1.isoformat(),
            "date2": self.date2.isoformat(),
            "metrics": ",".join(self.metrics),
            "dimensions": ",".join(self.dimensions),
            "sort": ",".join(self.dimensions),
            "filters": self.filters,
            "accuracy": "full",
            "lang": "ru",
        }
        return {name: value for name, value in parameters.items() if value}

    def __str__(self) -> str:
        """Counter and days, for messages."""
        return f"report of counter {self.counter_id}, {self.date1}…{self.date2}"


def read_report(get: Callable[[dict[str, str]], dict[str, Any]], query: ReportQuery) -> Report:
    """Read all pages; ``get`` fetches one by its query parameters.

    Raises MetricaUnavailableError when the pages do not add up to one report, MetricaError for
    a response that is not a report.
    """
    rows: list[ReportRow] = []
    sampled, share = False, 1.0
    while True:
        position = {"limit": str(PAGE_ROWS), "offset": str(len(rows) + 1)}
        page = _page(get({**query.parameters, **position}))
        rows += page.data
        sampled = sampled or page.sampled
        share = min(share, 1.0 if page.sample_share is None else page.sample_share)
        if len(page.data) < PAGE_ROWS or len(rows) >= page.total_rows:
            break
    if not page.total_rows_rounded and len(rows) != page.total_rows:
        raise MetricaUnavailableError(
            f"{query}: на страницах {len(rows)} строк, а Метрика обещала {page.total_rows}: отчёт изменился, "
            "пока его читали. Запустите задачу снова."
        )
    return Report(tuple(rows), sampled, share)


def _page(content: dict[str, Any]) -> _Page:
    try:
        return _Page.model_validate(content)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise MetricaError(
            f"В ответе Метрики нет пригодного отчёта: {field} неверно или отсутствует."
        ) from None
