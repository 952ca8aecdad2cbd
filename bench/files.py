"""Loads a register of applications from .xlsx and CSV in several ways: `python -m bench.files --help`."""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.loading import Bench, Prepared, aged, engine_load, our_load

if TYPE_CHECKING:
    from municipal_indicators.warehouse.client import Warehouse

WAYS = {
    "ours-xlsx": "our load of the .xlsx, published",
    "ours-utf8": "our load of the CSV in UTF-8, published",
    "ours-cp1251": "our load of the CSV in windows-1251, published",
    "many-xlsx": "our load of several .xlsx in one run, published",
    "calamine": "pandas.read_excel(engine='calamine'), merely read",
    "openpyxl": "pandas.read_excel(engine='openpyxl'), merely read",
    "infile": "engine alone, typed INSERT … FROM INFILE of the CSV in UTF-8",
}
HEADINGS = (
    "Номер заявления",
    "Внутренний номер",
    "Код услуги",
    "Наименование услуги",
    "Дата подачи",
    "Дата регистрации",
    "Канал подачи",
    "Статус",
    "Дата статуса",
    "Регламентный срок",
    "Дата исполнения",
    "Тип заявителя",
    "Оценка",
    "Ведомство",
    "ОКТМО",
    "Заявитель",
    "СНИЛС",
    "Телефон",
    "Адрес",
    "Ответственный",
)
TYPES = {
    "Код услуги": "LowCardinality(String)",
    "Наименование услуги": "LowCardinality(String)",
    "Дата подачи": "DateTime",
    "Дата регистрации": "DateTime",
    "Канал подачи": "LowCardinality(String)",
    "Статус": "LowCardinality(String)",
    "Дата статуса": "DateTime",
    "Регламентный срок": "DateTime",
    "Дата исполнения": "Nullable(DateTime)",
    "Тип заявителя": "LowCardinality(String)",
    "Оценка": "Nullable(UInt8)",
    "Ведомство": "LowCardinality(String)",
}


def write_registers(folder: Path, rows: int, copies: int) -> None:
    """``<format>/<number>.<suffix>`` below a folder: the same register in each format, .xlsx often."""
    for number in range(copies):
        grid = list(_register(rows, number))
        _write_xlsx(folder / "xlsx" / f"{number}.xlsx", grid)
        if not number:
            _write_csv(folder / "utf8" / "0.csv", grid, "utf-8")
            _write_csv(folder / "cp1251" / "0.csv", grid, "windows-1251")


def _register(rows: int, seed: int) -> Iterator[list[str | int | datetime | None]]:
    """One export as portals write it: ids as text, dates as dates, persons in columns of their own."""
    chance = random.Random(seed)
    services = [
        (f"57000000000001{number:05d}", f"Выдача документа вида {number} по заявлению граждан")
        for number in range(40)
    ]
    statuses = ("Исполнено", "Услуга оказана", "Отказ", "В работе", "Отменено")
    for number in range(rows):
        code, name = chance.choice(services)
        filed = datetime(2024, 1, 1) + timedelta(minutes=chance.randrange(525_600))  # noqa: DTZ001
        status = chance.choice(statuses)
        moved = filed + timedelta(minutes=chance.randrange(1, 30_000))
        yield [
            str(3_500_000_000 + seed * rows + number),
            f"ВН-{number}/2024",
            code,
            name,
            filed,
            filed.replace(hour=0, minute=0) + timedelta(days=1),
            chance.choice(("ЕПГУ", "РПГУ", "МФЦ", "Лично")),
            status,
            moved,
            filed.replace(hour=0, minute=0) + timedelta(days=20),
            None if status == "В работе" else moved.replace(hour=0, minute=0),
            chance.choice(("ФЛ", "ЮЛ", "ИП")),
            chance.choice((None, None, 3, 4, 5)),
            "Управление архитектуры и градостроительства",
            "57701000",
            f"Примеров Пример {chance.randrange(9999)}",
            f"000-000-{chance.randrange(1000):03d} {chance.randrange(100):02d}",
            f"+7 000 {chance.randrange(1000):03d}-00-00",
            f"г. Примерск, ул. Первая, д. {chance.randrange(200)}",
            "Образцова О. О.",
        ]


def _write_xlsx(path: Path, grid: Sequence[Sequence[Any]]) -> None:
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    workbook = xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy hh:mm"})
    sheet = workbook.add_worksheet("Реестр")
    for line, row in enumerate([HEADINGS, *grid]):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(line, column, cell)
            elif cell is not None:
                sheet.write(line, column, cell)
    workbook.close()
    aged(path)


def _write_csv(path: Path, grid: Sequence[Sequence[Any]], encoding: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(HEADINGS)
        writer.writerows([_csv_cell(cell) for cell in row] for row in grid)
    aged(path)


def _csv_cell(cell: str | int | datetime | None) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%d.%m.%Y %H:%M}"
    return "" if cell is None else str(cell)


def _prepared(way: str, folder: Path) -> Prepared:
    if way == "calamine":
        return _merely_read(folder / "xlsx" / "0.xlsx", "calamine")
    if way == "openpyxl":
        return _merely_read(folder / "xlsx" / "0.xlsx", "openpyxl")
    if way == "infile":
        return _infile(folder / "utf8" / "0.csv")
    kind, _, form = way.partition("-")
    files = sorted((folder / form).iterdir())
    return _ours(files if kind == "many" else files[:1])


def _ours(files: Sequence[Path]) -> Prepared:
    from municipal_indicators.sources.gosuslugi.files import load_file

    def published(warehouse: Warehouse) -> int:
        return int(
            warehouse.value(
                "SELECT count() FROM core.service_application_rows WHERE (unit_key, load_id) IN"
                " (SELECT unit_key, load_id FROM ops.published)"
            )
        )

    return our_load("gosuslugi", load_file, files, published)


def _merely_read(path: Path, engine: Literal["calamine", "openpyxl"]) -> Prepared:
    import pandas as pd

    frames: list[Any] = []
    return lambda: frames.append(pd.read_excel(path, engine=engine)), lambda: len(frames[0])


def _infile(path: Path) -> Prepared:
    columns = ", ".join(f"`{name}` {TYPES.get(name, 'String')}" for name in HEADINGS)
    return engine_load(
        f"CREATE TABLE default.register ({columns}) ENGINE = MergeTree ORDER BY `Номер заявления`",
        f"INSERT INTO default.register FROM INFILE '{path}' SETTINGS format_csv_delimiter = ';',"
        " date_time_input_format = 'best_effort' FORMAT CSVWithNames",
    )


BENCH = Bench(
    name="files",
    title=f"A register of applications of {len(HEADINGS)} columns",
    ways=WAYS,
    sizes={
        "rows": (100_000, "rows of a register"),
        "copies": (10, "registers that many-xlsx loads"),
    },
    write=lambda folder, options: write_registers(folder, options.rows, options.copies),
    prepared=_prepared,
    compared={"× calamine": lambda _: "calamine", "× INFILE": lambda _: "infile"},
)

if __name__ == "__main__":
    sys.exit(BENCH.main())
