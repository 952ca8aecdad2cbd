"""What BI shows, for every tool: the files here, and what they may contain.

A wrong key stops the generation and is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from municipal_indicators.reference.labels import Labels, read_labels

FOLDER = Path(__file__).resolve().parent
DATASETS = "datasets.yaml"
KINDS = ("tile", "table", "lines", "bars", "pie", "text")
# A month that is not over; the mark is that of the page.
PRELIMINARY = "предварительно"
MARK = "*"
NO_DATA = "нет данных"
Format = Literal["", "count", "number", "share", "money", "month", "day", "moment"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Words(_Strict):
    """Words for the codes of an expression: a section of reference/labels.yaml, or given here."""

    of: str
    section: str = Field("", alias="as")
    given: dict[str, str] = Field({}, alias="is")
    marks: dict[str, str] = {}

    def expression(self, labels: Labels) -> str:
        """ClickHouse SQL; a code without a word is shown as itself."""
        words: dict[str, str] = self.given or getattr(labels, self.section)
        codes = ", ".join(quoted(code) for code in words)
        shown = ", ".join(
            quoted(f"{self.marks.get(code, '')} {word}".strip()) for code, word in words.items()
        )
        return f"transform(toString({self.of}), [{codes}], [{shown}], toString({self.of}))"


class Place(_Strict):
    """The place of a code in a section of reference/labels.yaml, so that every table has its order."""

    of: str
    section: str = Field(alias="as")

    def expression(self, labels: Labels) -> str:
        """ClickHouse SQL: 1 for the first code; a code that is not there comes last."""
        codes = list(getattr(labels, self.section))
        places = ", ".join(map(str, range(1, len(codes) + 1)))
        known = ", ".join(map(quoted, codes))
        return f"transform(toString({self.of}), [{known}], [{places}], {len(codes) + 1})"


class Whole(_Strict):
    """Which months are over for a source: those that its data cover to the last day, or what ``is`` says."""

    day: str = ""
    source: str = ""
    given: str = Field("", alias="is")

    def expression(self) -> str:
        """ClickHouse SQL; over marts.data_freshness unless given."""
        if self.given:
            return self.given
        through = f"maxIf(data_through, source = {quoted(self.source)})"
        return f"{self.day} < (SELECT toStartOfMonth({through} + 1) FROM marts.data_freshness)"  # noqa: S608


class Computed(_Strict):
    """A computed column or a metric; exactly one of expression, words and place.

    ``empty`` is the word for NULL, in tables.
    """

    name: str
    label: str
    type: str = "String"
    format: Format = ""
    empty: str = NO_DATA
    expression: str = ""
    words: Words | None = None
    place: Place | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Computed:
        if sum(map(bool, (self.expression, self.words, self.place))) != 1:
            raise ValueError(f"{self.name}: give one of expression, words, place")
        return self

    def sql(self, labels: Labels) -> str:
        """The expression in ClickHouse SQL."""
        other = self.words or self.place
        return other.expression(labels) if other else self.expression


class Dataset(_Strict):
    """What BI adds to one mart; ``whole`` says of a row whether its month is over."""

    time: str | None = None
    whole: Whole | None = None
    columns: list[Computed] = []
    metrics: list[Computed] = []

    def find(self, name: str) -> Computed | None:
        """The computed column or metric of this name; None for a column of the mart."""
        return next((one for one in (*self.columns, *self.metrics) if one.name == name), None)

    def sql(self, name: str) -> str:
        """What stands for a name in ClickHouse SQL: its expression, or the column of the mart."""
        found = self.find(name)
        return found.sql(read_labels()) if found else name


class Part(_Strict):
    """A chart, or a text, in a row of a dashboard; the key of its kind holds its title.

    ``whole``: months that are not over stand apart, as ``предварительно``. ``also`` are metrics that the
    end of a month does not change. ``unfiltered`` names columns whose filter does not act on the part.
    """

    kind: str
    title: str
    of: str = ""
    where: dict[str, str | int] = {}
    x: str = ""
    x_label: str = "Месяц"
    by: list[str] = []
    metrics: list[str] = []
    also: list[str] = []
    whole: bool = False
    stack: bool = False
    limit: int = 5000
    sort: str = ""
    wide: dict[str, int] = {}
    colours: dict[str, dict[str, str]] = {}
    colour: str = ""
    subtitle: str = ""
    unfiltered: list[str] = []
    width: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_from_key(cls, given: Any) -> Any:
        kinds = [kind for kind in KINDS if isinstance(given, dict) and kind in given]
        if len(kinds) != 1:
            raise ValueError(f"give one of {', '.join(KINDS)}")
        rest = {key: value for key, value in given.items() if key != kinds[0]}
        return {**rest, "kind": kinds[0], "title": given[kinds[0]]}


class Row(_Strict):
    """Parts side by side; the height is in units of 8 pixels."""

    height: int
    parts: list[Part]

    def widths(self) -> list[int]:
        """Columns of 12 for each part: the given widths; the other parts share the rest."""
        given = [part.width for part in self.parts]
        rest = (12 - sum(width or 0 for width in given)) // max(1, given.count(None))
        return [width or rest for width in given]


class Filter(_Strict):
    """A choice above a dashboard, of the values of a column; ``newest`` begins with the greatest one."""

    name: str
    column: str
    of: str
    newest: bool = False


class Dashboard(_Strict):
    """One file: a dashboard."""

    title: str
    slug: str
    filters: list[Filter]
    rows: list[Row]

    def charts(self) -> list[Part]:
        """Its parts without the texts, in order."""
        return [part for row in self.rows for part in row.parts if part.kind != "text"]


@dataclass(frozen=True, slots=True)
class Described:
    """All of ``sources/``; the parts that set months apart name the metrics made for that."""

    datasets: dict[str, Dataset]
    dashboards: list[Dashboard]


def read_sources() -> Described:
    """The files; raises pydantic.ValidationError on what is not allowed there."""
    datasets = {name: Dataset.model_validate(one) for name, one in _yaml(DATASETS).items()}
    names = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != DATASETS)
    dashboards = []
    for name in names:
        dashboard = Dashboard.model_validate(_yaml(name))
        rows = [
            row.model_copy(update={"parts": [_months_apart(part, datasets) for part in row.parts]})
            for row in dashboard.rows
        ]
        dashboards.append(dashboard.model_copy(update={"rows": rows}))
    return Described(datasets, dashboards)


def acts_on(choice: Filter, part: Part, columns: Mapping[str, set[str]]) -> bool:
    """Whether a filter acts on a part: its dataset has the column; ``columns`` are those of each dataset."""
    return choice.column in columns[part.of] and choice.column not in part.unfiltered


def _months_apart(part: Part, datasets: dict[str, Dataset]) -> Part:
    """The part with series of their own for months that are not over; their metrics join the dataset."""
    if not part.whole:
        return part.model_copy(update={"metrics": part.metrics + part.also})
    dataset = datasets[part.of]
    assert dataset.whole, f"{part.title}: dataset {part.of} has no whole"
    condition = dataset.whole.expression()
    columns, metrics, by = list(dataset.columns), list(dataset.metrics), list(part.by)
    if by:
        columns += (one for one in _columns_apart(by, dataset, condition) if one not in columns)
        by = [_apart(name) for name in by]
    else:
        metrics += (
            one for one in _metrics_apart(part.metrics, dataset, condition) if one not in metrics
        )
    datasets[part.of] = dataset.model_copy(update={"columns": columns, "metrics": metrics})
    twins = [twin for name in part.metrics for twin in (f"{name}_whole", _apart(name))]
    return part.model_copy(
        update={"by": by, "metrics": part.metrics if by else [*twins, *part.also]}
    )


def _columns_apart(names: list[str], dataset: Dataset, condition: str) -> Iterator[Computed]:
    for name in names:
        found = dataset.find(name)
        assert found, f"{name} is no computed column"
        yield Computed(
            name=_apart(name),
            label=found.label,
            expression=f"if(ifNull({condition}, false), toString({dataset.sql(name)}), '{PRELIMINARY}')",
        )


def _metrics_apart(names: list[str], dataset: Dataset, condition: str) -> Iterator[Computed]:
    """The rows of one point are of one month."""
    for name in names:
        found = dataset.find(name)
        assert found, f"no metric {name}"
        is_over, sql = f"ifNull(min({condition}), false)", dataset.sql(name)
        yield Computed(
            name=f"{name}_whole",
            label=found.label,
            format=found.format,
            expression=f"if({is_over}, {sql}, NULL)",
        )
        yield Computed(
            name=_apart(name),
            label=f"{found.label}{MARK}",
            format=found.format,
            expression=f"if({is_over}, NULL, {sql})",
        )


def _apart(name: str) -> str:
    return f"{name}_preliminary"


def _yaml(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content


def quoted(text: str) -> str:
    """A text as a literal of ClickHouse."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
