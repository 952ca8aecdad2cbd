"""How far the data of each source reach, and what is wrong with them, in words of everyday."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from municipal_indicators.reference.labels import Labels, in_order, word
from municipal_indicators.report import queries, russian
from municipal_indicators.report.charts import Table
from municipal_indicators.warehouse.client import Warehouse


@dataclass(frozen=True)
class Source:
    """How far the data of one source reach, and how far they should, as text."""

    name: str
    status: str
    status_word: str
    data_through: str
    loaded_at: str
    lag: str
    norm: str
    detail: str


@dataclass(frozen=True)
class Problem:
    """A kind of fault: how many there are, what it means for the numbers, and the reasons."""

    kind: str
    title: str
    told: str
    meaning: str
    table: Table
    left_out: str


# Title, forms of what is counted, and what it means for whoever reads the numbers.
_KINDS: dict[str, tuple[str, tuple[str, str, str], str]] = {
    "rejected": (
        "Не загружено",
        ("файл или день", "файла или дня", "файлов или дней"),
        "Прочитать не удалось, в показателях этого нет. Исправьте то, что названо, и положите файл снова.",
    ),
    "missing_days": (
        "Пропущенные дни",
        ("день", "дня", "дней"),
        "За эти дни данных сайта нет. С базовым годом сравниваются только дни, которые есть в обоих годах.",
    ),
    "quarantined": (
        "В карантине",
        ("строка", "строки", "строк"),
        "Эти строки не прошли проверку и в показателях не учтены; остальные строки тех же файлов учтены.",
    ),
    "reconciliation": (
        "Расхождения с отчётом Метрики",
        ("день", "дня", "дней"),
        "Загруженное отличается от отчёта самой Метрики больше, чем допустимо.",
    ),
    "warned": (
        "Замечания",
        ("случай", "случая", "случаев"),
        "Загружено и учтено, но вызывает сомнение.",
    ),
}


def read_sources(warehouse: Warehouse, labels: Labels, zone: ZoneInfo) -> list[Source]:
    """The sources in the order of the labels."""
    found = {row["source"]: row for row in queries.rows(warehouse, "data_freshness")}
    return [_source(found[code], labels, zone) for code in in_order(found, labels.sources)]


def _source(row: queries.Row, labels: Labels, zone: ZoneInfo) -> Source:
    lag = row["lag_days"]
    return Source(
        name=word(labels.sources, row["source"]),
        status=row["status"],
        status_word=word(labels.freshness, row["status"]),
        data_through=russian.day(row["data_through"]),
        loaded_at=russian.instant(row["last_success_at"], zone),
        lag=russian.NO_DATA if lag is None else _days(lag),
        norm=_norm(row["late_after_days"], row["why"]),
        detail=row["detail"],
    )


def _days(count: int) -> str:
    return russian.plural(count, "день", "дня", "дней")


def _norm(days: int, why: str) -> str:
    """``до 190 дней, реестры обновляют раз в полугодие``"""
    if not days:
        return russian.NOT_SET_FEMININE
    return ", ".join(filter(None, (f"до {russian.plural(days, 'дня', 'дней', 'дней')}", why)))


def read_problems(warehouse: Warehouse, labels: Labels) -> list[Problem]:
    """The kinds of faults that there are, those that cost most numbers first."""
    by_kind: dict[str, list[queries.Row]] = {}
    for row in queries.rows(warehouse, "data_problems"):
        by_kind.setdefault(row["kind"], []).append(row)
    return [_problem(kind, found, labels) for kind, found in by_kind.items()]


def _problem(kind: str, found: list[queries.Row], labels: Labels) -> Problem:
    title, counted, meaning = _KINDS.get(kind, (kind, ("случай", "случая", "случаев"), ""))
    # Days that differ are counted, not the visits by which they do.
    days_only = kind == "reconciliation"
    total = found[0]["reasons"] if days_only else found[0]["found_of_kind"]
    told = russian.plural(total, *counted)
    names = [word(labels.sources, row["source"]) for row in found]
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    if kind in ("quarantined", "warned"):
        head = ("Причина", "Источник", counted[2].capitalize(), "Файлов или дней", "Последний раз")
        rows = [
            (
                _capital(row["reason"]),
                name,
                russian.number(row["found"]),
                russian.number(row["units"]),
                russian.short_day(row["last_day"]),
            )
            for name, row in zip(names, found, strict=True)
        ]
    else:
        head = ("Что и почему", "Источник", "День")
        rows = [
            (
                ": ".join(filter(None, (row["named"], _capital(row["reason"])))),
                name,
                russian.short_day(row["last_day"]),
            )
            for name, row in zip(names, found, strict=True)
        ]
    more = found[0]["reasons"] - len(found)
    return Problem(
        kind=kind,
        title=title,
        told=told,
        meaning=meaning,
        table=Table(f"{title}: {told}", head, rows),
        left_out=f"и ещё {russian.plural(more, 'причина', 'причины', 'причин')}" if more else "",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
