"""What BI shows: the files here, with what they may contain; a wrong key stops the generation and is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from municipal_indicators.reference.labels import Labels, read_labels

FOLDER = Path(__file__).resolve().parent
NBSP = "\N{NO-BREAK SPACE}"
KINDS = ("tile", "table", "lines", "bars", "pie", "text")


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
        codes = ", ".join(_quoted(code) for code in words)
        shown = ", ".join(
            _quoted(f"{self.marks.get(code, '')} {word}".strip()) for code, word in words.items()
        )
        return f"transform(toString({self.of}), [{codes}], [{shown}], toString({self.of}))"


class Whole(_Strict):
    """Whether the data of a source cover a month to its last day."""

    day: str
    source: str

    def expression(self) -> str:
        """ClickHouse SQL over marts.data_freshness."""
        through = f"maxIf(data_through, source = {_quoted(self.source)})"
        return f"{self.day} < (SELECT toStartOfMonth({through} + 1) FROM marts.data_freshness)"  # noqa: S608


class Written(_Strict):
    """A number as a Russian text; NULL is the word in ``empty``."""

    of: str
    decimals: int = 2
    empty: str
    unit: str = ""

    def expression(self) -> str:
        """ClickHouse SQL: ``738 566,96 ₽``, without zeros at the end."""
        text = f"toString(round(toFloat64({self.of}), {self.decimals}))"
        whole = f"splitByChar('.', assumeNotNull({text}))[1]"
        # Groups of three from the right; the regular expressions here look neither ahead nor behind.
        spaced = f"reverse(trimRight(replaceRegexpAll(reverse({whole}), '(\\\\d{{3}})', '\\\\1 ')))"
        shown = f"replaceOne(replaceOne({spaced}, '- ', '-'), '-', '−')"
        rest = f"replaceRegexpOne(assumeNotNull({text}), '^-?\\\\d+(?:\\\\.(\\\\d+))?$', ',\\\\1')"
        tail = f"if({rest} = ',', '', {rest})"
        unit = f", {_quoted(NBSP + self.unit)}" if self.unit else ""
        spaced_fast = f"replaceAll({shown}, ' ', {_quoted(NBSP)})"
        return f"if({self.of} IS NULL, {_quoted(self.empty)}, concat({spaced_fast}, {tail}{unit}))"


class Computed(_Strict):
    """A computed column or a metric; exactly one of expression, words, written and whole."""

    name: str
    label: str
    type: str = "String"
    format: str = ""
    expression: str = ""
    words: Words | None = None
    written: Written | None = None
    whole: Whole | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Computed:
        if sum(map(bool, (self.expression, self.words, self.written, self.whole))) != 1:
            raise ValueError(f"{self.name}: give one of expression, words, written, whole")
        return self

    def sql(self, labels: Labels) -> str:
        """The expression in ClickHouse SQL."""
        if self.words:
            return self.words.expression(labels)
        if self.written:
            return self.written.expression()
        return self.whole.expression() if self.whole else self.expression


class Dataset(_Strict):
    """What Superset adds to one mart."""

    time: str | None = None
    columns: list[Computed] = []
    metrics: list[Computed] = []


class Part(_Strict):
    """A chart, or a text, in a row of a dashboard; the key of its kind holds its title."""

    kind: str
    title: str
    of: str = ""
    where: dict[str, str | int] = {}
    x: str = ""
    x_label: str = "Месяц"
    by: str | list[str] = []
    metrics: list[str] = []
    metric: str = ""
    whole: bool = False
    stack: bool = False
    limit: int = 5000
    sort: str = ""
    right: list[str] = []
    wide: dict[str, int] = {}
    colours: dict[str, dict[str, str]] = {}
    colour: str = ""
    subtitle: str = ""
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
    """Parts side by side; the height is in Superset's units of 8 pixels."""

    height: int
    parts: list[Part]

    def widths(self) -> list[int]:
        """Columns of 12 for each part: the given widths; the other parts share the rest."""
        given = [part.width for part in self.parts]
        rest = (12 - sum(width or 0 for width in given)) // max(1, given.count(None))
        return [width or rest for width in given]


class Filter(_Strict):
    """A choice above a dashboard; it acts on the charts whose dataset has the column, ``besides`` some."""

    name: str
    column: str
    of: str
    besides: list[str] = []


class Dashboard(_Strict):
    """One file: a dashboard."""

    title: str
    slug: str
    filters: list[Filter]
    rows: list[Row]


def read_datasets() -> dict[str, Dataset]:
    """``datasets.yaml`` by mart; raises pydantic.ValidationError on what is not allowed there."""
    return {name: Dataset.model_validate(given) for name, given in _yaml("datasets.yaml").items()}


def read_dashboards() -> list[Dashboard]:
    """Every other file of ``sources/`` by its name; raises as read_datasets does."""
    names = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "datasets.yaml")
    return [Dashboard.model_validate(_yaml(name)) for name in names]


def labels() -> Labels:
    """The words of reference/labels.yaml."""
    return read_labels()


def _yaml(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
