"""What each value was computed from: its parts, those that are lacking first, and its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from municipal_indicators.report import queries, russian
from municipal_indicators.report.charts import Table
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse

SHOWN = 12
"""Parts of a group that are shown at once; the others are folded."""


@dataclass(frozen=True)
class _Words:
    """The head of the column of parts; titles of what is lacking, what is whole, the files and the rest."""

    head: str
    lacking: str = ""
    whole: str = ""
    files: str = "Файлы"
    missing: str = "Остальные"


_KINDS = {
    "department": _Words(
        "Подразделение", "Оснащены не полностью", "Оснащены полностью", "Реестр на {day}"
    ),
    "workplaces": _Words(
        "Подразделение",
        "Подразделения, где обеспечены не все рабочие места",
        "Подразделения, где обеспечены все рабочие места",
        "Реестр на {day}",
        "Не хватает",
    ),
    "service": _Words("Услуга", "Без электронной подачи", "С электронной подачей"),
    "applications": _Words(
        "Услуга",
        "Услуги, где не все заявления электронные",
        "Услуги, где все заявления электронные",
        missing="Подано иначе",
    ),
    "event": _Words("Мероприятие", files="Реестры"),
    "sender": _Words("Отправитель и вид сведений"),
    "site_month": _Words("Сайт и месяц первого визита", files="Счётчики и дни"),
}
_UNKNOWN = _Words("Часть", "Выполнено не всё", "Выполнено")


@dataclass(frozen=True)
class Group:
    """Parts under a title: those of ``table`` at once, those of ``rest`` folded, others only counted.

    ``is_list`` where each part is one of one, so that its name says all.
    """

    title: str
    table: Table
    rest: Table
    rest_title: str
    left_out: str
    is_list: bool


@dataclass(frozen=True)
class Evidence:
    """The parts of one value, and its files with the number of those that are not named.

    ``ways`` are all ways to count it, for an indicator that has them side by side.
    """

    groups: tuple[Group, ...]
    files_title: str
    files: tuple[str, ...]
    files_left_out: str
    ways: Table | None


def read_evidence(
    warehouse: Warehouse, rows: Mapping[str, Row], words: Mapping[str, Sequence[str]]
) -> dict[str, Evidence]:
    """The evidence of each indicator in the month that is shown; none for one without a value.

    ``rows`` are the indicators by code, ``words`` what their numerator and denominator count.
    """
    parts: dict[str, list[Row]] = {}
    for part in queries.rows(warehouse, "evidence_of_latest"):
        parts.setdefault(part["indicator"], []).append(part)
    files = {row["indicator"]: row for row in queries.rows(warehouse, "evidence_files")}
    ways = {"eservices_share": _ways(queries.rows(warehouse, "eservices_ways"))}
    return {
        code: _evidence(rows[code], found, files[code], words[code], ways.get(code))
        for code, found in parts.items()
    }


def _evidence(
    row: Row, parts: Sequence[Row], files: Row, words: Sequence[str], ways: Table | None
) -> Evidence:
    kind = parts[0]["kind"]
    is_list = all(one["numerator"] in (0, 1) and one["denominator"] in (None, 1) for one in parts)
    if kind == "service" and not is_list:
        kind = "applications"
    called = _KINDS.get(kind, _UNKNOWN)
    by_standing = {
        standing: [one for one in parts if one["standing"] == standing]
        for standing in ("lacking", "whole", "sized")
    }
    of = sum(found[0]["parts"] for found in by_standing.values() if found)
    return Evidence(
        groups=tuple(
            _group(standing, found, called, words, of=of, is_list=is_list)
            for standing, found in by_standing.items()
            if found
        ),
        files_title=called.files.format(day=russian.short_day(row["data_through"])),
        files=tuple(files["first_files"]),
        files_left_out=_others(files["all_of_them"] - len(files["first_files"])),
        ways=ways,
    )


def _group(
    standing: str,
    found: Sequence[Row],
    called: _Words,
    words: Sequence[str],
    *,
    of: int,
    is_list: bool,
) -> Group:
    count = found[0]["parts"]
    caption = {"lacking": called.lacking, "whole": called.whole}.get(standing, called.head)
    head: tuple[str, ...] = (called.head,)
    cells: list[tuple[str, ...]] = [(one["part"],) for one in found]
    if not is_list:
        head += _heads(found[0]["kind"], standing, words, called.missing)
        cells = [(one["part"], *_numbers(one)) for one in found]
    # What is whole needs nobody's attention.
    shown = 0 if standing == "whole" else SHOWN
    title = f"{caption}: {russian.number(count)}" if standing != "sized" else ""
    return Group(
        title=f"{title} из {russian.number(of)}" if standing == "lacking" else "",
        table=Table(caption, head, cells[:shown]),
        rest=Table(caption, head, cells[shown:]),
        rest_title=title if standing == "whole" else f"И ещё {russian.number(count - shown)}",
        left_out=_others(count - len(found)),
        is_list=is_list,
    )


def _others(count: int) -> str:
    return f"и ещё {russian.number(count)}" if count else ""


def _heads(kind: str, standing: str, words: Sequence[str], missing: str) -> tuple[str, ...]:
    if kind == "site_month":
        return ("Посетители этого года", "За те же дни базового года")
    told = tuple(text[:1].upper() + text[1:] for text in words)
    return (told[0], "Доля") if standing == "sized" else (*told, missing)


def _numbers(part: Row) -> tuple[str, ...]:
    numerator, denominator = part["numerator"], part["denominator"]
    if part["kind"] == "site_month":
        return tuple(
            "—" if one is None else russian.number(one, 1) for one in (numerator, denominator)
        )
    if part["standing"] == "sized":
        return (russian.number(numerator, 1), russian.percent(numerator / part["numerator_of_all"]))
    counts = (numerator, denominator, denominator - numerator)
    return tuple(russian.number(one, 1) for one in counts)


def _ways(found: Sequence[Row]) -> Table:
    return Table(
        caption="Доля электронных услуг тремя способами",
        head=("Способ", "Доля", "Электронных", "Всего", "Что взято за целое"),
        rows=[
            (
                row["way_name"] + (" — показатель" if row["is_chosen"] else ""),
                russian.quantity(row["share"], "%"),
                russian.number(row["numerator"]),
                russian.number(row["denominator"]),
                "; ".join(filter(None, (row["list"], row["note"]))),
            )
            for row in found
        ],
    )
