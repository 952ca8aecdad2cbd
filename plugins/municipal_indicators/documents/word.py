"""The report as a text document, from a template that an official edits in Word; the check of that template.

What a template may name is in ``reference/report/README.md``; ``CONTEXT`` is the same list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd
from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes

from municipal_indicators import settings
from municipal_indicators.documents.figures import Figures
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.labels import read_labels, word
from municipal_indicators.report import russian

ROW_FIELDS = {
    "indicators": {
        *("number", "name", "unit", "okei", "responsible", "fact_before", "plan", "fact"),
        *("attainment", "reason", "state", "sentence"),
    },
    "money": {
        *("name", "plan_january", "plan_newest", "scheduled", "executed", "deviation", "share"),
    },
    "events": {"code", "name", "due", "held_on", "mark", "result"},
    "summary": {"number", "name", "count", "share"},
    "evaluation": {
        *(
            "method",
            "name",
            "version",
            "attainment",
            "events_share",
            "spending_share",
            "efficiency",
        ),
        *("value", "verdict", "note"),
    },
}
CONTEXT = {
    *("programme", "period", "year", "year_before", "state"),
    *("january_edition", "newest_edition", "register_day", "changes", "judged"),
    *ROW_FIELDS,
}
# A tag holds no other one: else each that is left open would be searched to the end of the text.
_INSIDE = r"((?:(?!{[%{]).)*?)"
_TAG = re.compile(
    rf"{{%-?(?:tr|tc|p|r)?\s*(\w++){_INSIDE}-?%}}|{{{{-?(?:r\s)?{_INSIDE}-?}}}}", re.DOTALL
)
_OPENS = {"for": "endfor", "if": "endif"}
NOT_KNOWN = "—"
_LISTS = (*ROW_FIELDS, "changes")


def template_path() -> Path:
    """The template of the text document: the lists' own ``report/report.docx``, else the shipped one."""
    own = settings.REFERENCE / "report" / "report.docx"
    return own if own.is_file() else settings.REPOSITORY / "reference" / "report" / "report.docx"


def write_document(figures: Figures, path: Path, template: Path | None = None) -> None:
    """Write the document. Raises ConfigurationError for a template that ``check_template`` refuses."""
    source = template or template_path()
    check_template(source)
    document = DocxTemplate(str(source))
    try:
        document.render(_context(figures), Environment(undefined=StrictUndefined, autoescape=True))
    except TemplateError as error:
        raise ConfigurationError(f"{source}: шаблон не заполняется: {error}.") from None
    document.save(str(path))


def check_template(path: Path) -> None:
    """Refuse a template that would not be filled, with all its mistakes: each with its place, in Russian.

    Raises ConfigurationError. Places are paragraphs and rows of tables, counted from 1.
    """
    try:
        document = Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"{path}: шаблон не читается ({type(error).__name__}): это должен быть файл .docx. "
            "Верните reference/report/report.docx или сохраните свой файл в Word как «Документ Word»."
        ) from None
    check = _Check()
    for place, text in _texts(document):
        check.read(place, text)
    if mistakes := [*check.mistakes, *check.unclosed()]:
        raise ConfigurationError("\n".join(f"{path}: {mistake}." for mistake in mistakes))


class _Check:
    """Reads the tags of a template in the order of the document and notes the mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self._opened: list[tuple[str, str, str]] = []
        # The table over which each name of an open loop runs.
        self._names: dict[str, str] = {}

    def read(self, place: str, text: str) -> None:
        if text.count("{{") != text.count("}}") or text.count("{%") != text.count("%}"):
            short = text if len(text) <= 60 else f"{text[:60]}…"
            self.mistakes.append(f"{place}: метка не закрыта: {short}")
            return
        for tag in _TAG.finditer(text):
            self.mistakes += [
                f"{place}: {tag[0]}{problem}"
                for problem in self._problems(
                    place, tag[0], tag[1], (tag[2] or tag[3] or "").strip()
                )
            ]

    def unclosed(self) -> Iterator[str]:
        for command, place, tag in self._opened:
            yield f"{place}: {tag} не закрыт: добавьте {_OPENS[command]} в той же таблице или ниже"

    def _problems(self, place: str, tag: str, command: str | None, rest: str) -> Iterator[str]:
        if command is None:
            yield from self._expression(rest)
        elif command in _OPENS:
            self._opened.append((command, place, tag))
            yield from self._loop(rest) if command == "for" else self._expression(rest)
        elif command in _OPENS.values():
            if not self._opened or _OPENS[self._opened[-1][0]] != command:
                yield " ничего не закрывает"
            elif self._opened.pop()[0] == "for":
                self._names.popitem()
        elif command != "else":
            yield ": неизвестная команда; есть for, endfor, if, else, endif"

    def _loop(self, rest: str) -> Iterator[str]:
        name, _, table = rest.partition(" in ")
        self._names[name.strip()] = table.strip()
        if table.strip() not in _LISTS or not name.strip().isidentifier():
            yield (
                f": это не цикл по таблице; пишите «for строка in таблица», таблицы: {', '.join(_LISTS)}"
            )

    def _expression(self, text: str) -> Iterator[str]:
        try:
            tree = Environment(autoescape=True).parse("{{" + text + "}}")
        except TemplateSyntaxError:
            yield " не читается"
            return
        for name in sorted(meta.find_undeclared_variables(tree) - CONTEXT - self._names.keys()):
            yield f": имени {name} нет; есть {', '.join(sorted(CONTEXT))}"
        for attribute in tree.find_all(nodes.Getattr):
            name = getattr(attribute.node, "name", "")
            table = "evaluation" if name == "judged" else self._names.get(name, "")
            if table in ROW_FIELDS and attribute.attr not in ROW_FIELDS[table]:
                fields = ", ".join(sorted(ROW_FIELDS[table]))
                yield f": в таблице {table} нет столбца {attribute.attr}; есть {fields}"


def _texts(document: Any) -> Iterator[tuple[str, str]]:
    """Every text with its place, in the document's order; then headers and footers."""
    paragraphs = tables = 0
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            tables += 1
            for number, row in enumerate(block.rows, start=1):
                seen: set[int] = set()
                for cell in row.cells:
                    if id(cell._tc) not in seen:
                        seen.add(id(cell._tc))
                        yield f"таблица {tables}, строка {number}", cell.text
        else:
            paragraphs += 1
            yield f"абзац {paragraphs}", block.text
    for number, section in enumerate(document.sections, start=1):
        for words, part in (("верхний", section.header), ("нижний", section.footer)):
            for paragraph in part.paragraphs:
                yield f"{words} колонтитул раздела {number}", paragraph.text


def _context(figures: Figures) -> dict[str, Any]:
    year = figures.period.first.year
    days = {name: _day(figures.plan_days.get(name)) for name in _DAYS}
    evaluation = [_evaluated(row) for row in figures.evaluation.to_dict("records")]
    return {
        "programme": figures.programme,
        "period": figures.title,
        "year": str(year),
        "year_before": str(year - 1),
        "state": figures.state,
        **days,
        "changes": figures.changes,
        "judged": evaluation[0] if evaluation else None,
        "indicators": [_indicator(row, year) for row in figures.indicators.to_dict("records")],
        "money": [_money(row) for row in figures.money.to_dict("records")],
        "events": [_event(row) for row in figures.events.to_dict("records")],
        "summary": [
            {
                **row,
                "count": russian.number(row["count"]),
                "share": _or_dash(row["share"], russian.percent),
            }
            for row in figures.summary.to_dict("records")
        ],
        "evaluation": evaluation,
    }


_DAYS = ("january_edition", "newest_edition", "register_day")


def _indicator(row: Mapping[Any, Any], year: int) -> dict[str, str]:
    def value(name: str) -> str:
        return _or_dash(row[name], lambda number: russian.number(number, 2))

    fact, plan = (
        NOT_KNOWN if pd.isna(row[name]) else russian.quantity(row[name], row["unit"], 2)
        for name in ("fact", "plan")
    )
    of_plan = f"плана на {year} год нет" if plan == NOT_KNOWN else f"план на {year} год — {plan}"
    said = f"{row['name']}: {'факта нет' if fact == NOT_KNOWN else fact}, {of_plan}"
    return {
        "sentence": f"{said.rstrip('.')}. {row['reason']}".strip(),
        "number": str(row["position"]),
        "name": row["name"],
        "unit": row["unit"],
        "okei": row["okei"],
        "responsible": row["responsible"],
        "fact_before": value("fact_before"),
        "plan": value("plan"),
        "fact": value("fact"),
        "attainment": _or_dash(row["attainment"], russian.percent),
        "reason": row["reason"],
        "state": word(read_labels().statuses, row["status"]),
    }


def _money(row: Mapping[Any, Any]) -> dict[str, str]:
    amounts = ("plan_january", "plan_newest", "scheduled", "executed", "deviation")
    return {
        "name": row["name"],
        **{name: _or_dash(row[name], lambda amount: russian.number(amount, 2)) for name in amounts},
        "share": _or_dash(row["share"], russian.percent),
    }


def _event(row: Mapping[Any, Any]) -> dict[str, str]:
    return {
        **{name: str(row[name]) for name in ("code", "name", "mark", "result")},
        "due": _day(row["due"]),
        "held_on": _day(row["held_on"]),
    }


def _evaluated(row: Mapping[Any, Any]) -> dict[str, str]:
    numbers = ("attainment", "events_share", "spending_share", "efficiency", "value")
    return {
        **{name: row[name] for name in ("method", "name", "version", "verdict", "note")},
        **{name: _or_dash(row[name], lambda value: russian.number(value, 2)) for name in numbers},
    }


def _or_dash(value: Any, words: Any) -> str:
    return NOT_KNOWN if value is None or pd.isna(value) else words(value)


def _day(value: Any) -> str:
    return NOT_KNOWN if value is None or pd.isna(value) else russian.short_day(value)
