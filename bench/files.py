"""Loads a register of applications from .xlsx and CSV in several ways: `python -m bench.files --help`."""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from bench.measuring import (
    REPOSITORY,
    Measure,
    chosen_ways,
    in_fresh_process,
    machine,
    middle,
    say,
    timed,
    whole_number,
)

ZONE = "Europe/Moscow"
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the figures."""
    options = _parser().parse_args(arguments)
    if options.child:
        way, folder, answer = options.child
        found = timed(way, *_prepared(way, Path(folder)))
        Path(answer).write_text(json.dumps(asdict(found)), encoding="utf-8")
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="files-bench-", dir=options.out) as folder:
        say(f"{options.rows:,} rows: writing the registers")
        write_registers(Path(folder), options.rows, options.copies)
        measures = list(_measures(Path(folder), options))
    _print_table(options, measures)
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rounds": options.rounds,
        "rows": options.rows,
        "columns": len(HEADINGS),
        "copies": options.copies,
        "measures": [asdict(one) for one in measures],
    }
    target = options.out / "files.json"
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"Figures: {target}\n")
    return 0


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
    _age(path)


def _write_csv(path: Path, grid: Sequence[Sequence[Any]], encoding: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(HEADINGS)
        writer.writerows([_csv_cell(cell) for cell in row] for row in grid)
    _age(path)


def _csv_cell(cell: str | int | datetime | None) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%d.%m.%Y %H:%M}"
    return "" if cell is None else str(cell)


def _age(path: Path) -> None:
    # A young file is watched for a while before it is taken.
    stamp = time.time() - 3600
    os.utime(path, (stamp, stamp))


def _measures(folder: Path, options: argparse.Namespace) -> Iterator[Measure]:
    """All ways in turn, round after round, so that a busy minute hits none of them alone."""
    for number in range(1, options.rounds + 1):
        for way in options.ways:
            measured = in_fresh_process("bench.files", way, folder)
            say(
                f"round {number} of {options.rounds}, {way}: {measured.seconds:.2f} s,"
                f" {measured.speed:,.0f} rows/s"
            )
            yield measured


def _prepared(way: str, folder: Path) -> tuple[Callable[[], object], Callable[[], int]]:
    if way == "calamine":
        return _merely_read(folder / "xlsx" / "0.xlsx", "calamine")
    if way == "openpyxl":
        return _merely_read(folder / "xlsx" / "0.xlsx", "openpyxl")
    if way == "infile":
        return _infile(folder / "utf8" / "0.csv")
    kind, _, form = way.partition("-")
    files = sorted((folder / form).iterdir())
    return _ours(files if kind == "many" else files[:1])


def _ours(files: Sequence[Path]) -> tuple[Callable[[], object], Callable[[], int]]:
    """The load task of the DAG over an inbox with these files; the schema stands before."""
    import clickhouse_connect

    from municipal_indicators import settings
    from municipal_indicators.file_loads import load_outcome
    from municipal_indicators.gosuslugi.files import load_file
    from municipal_indicators.migrations import apply_schema
    from municipal_indicators.warehouse import embedded_path, open_warehouse

    inbox = Path(str(settings.inbox_folder())) / "gosuslugi"
    inbox.mkdir(parents=True)
    for file in files:
        shutil.copy2(file, inbox / file.name)
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
    # A client that stays keeps the engine running, so that its start is no part of the load.
    kept = clickhouse_connect.get_client(interface="chdb", path=str(embedded_path()))
    outcome: dict[str, Any] = {}

    def count() -> int:
        if outcome != {"published": len(files), "failed": ""}:
            raise SystemExit(f"not published: {outcome}")
        with open_warehouse() as warehouse:
            rows = int(
                warehouse.value(
                    "SELECT count() FROM core.service_application_rows WHERE (unit_key, load_id) IN"
                    " (SELECT unit_key, load_id FROM ops.published)"
                )
            )
        kept.close()
        return rows

    return lambda: outcome.update(load_outcome("gosuslugi", load_file, ZONE)), count


def _merely_read(
    path: Path, engine: Literal["calamine", "openpyxl"]
) -> tuple[Callable[[], object], Callable[[], int]]:
    import pandas as pd

    frames: list[Any] = []
    return lambda: frames.append(pd.read_excel(path, engine=engine)), lambda: len(frames[0])


def _infile(path: Path) -> tuple[Callable[[], object], Callable[[], int]]:
    from municipal_indicators.warehouse import open_warehouse

    opened = open_warehouse()
    warehouse = opened.__enter__()
    columns = ", ".join(f"`{name}` {TYPES.get(name, 'String')}" for name in HEADINGS)
    warehouse.command(
        f"CREATE TABLE default.register ({columns}) ENGINE = MergeTree ORDER BY `Номер заявления`"
    )
    sql = (
        f"INSERT INTO default.register FROM INFILE '{path}' SETTINGS format_csv_delimiter = ';',"
        " date_time_input_format = 'best_effort' FORMAT CSVWithNames"
    )

    def count() -> int:
        rows = int(warehouse.value("SELECT count() FROM default.register"))
        opened.__exit__(None, None, None)
        return rows

    return lambda: warehouse.command(sql), count


def _print_table(options: argparse.Namespace, measures: Sequence[Measure]) -> None:
    """One line a way: medians of the rounds, the highest peak, and ratios of speed."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"A register of {options.rows:,} applications × {len(HEADINGS)} columns")
    table.add_column("way", overflow="fold")
    for name in ("rows", "s", "rows/s", "CPU s", "peak MB", "× calamine", "× INFILE"):
        table.add_column(name, justify="right")
    medians = {way: middle([one for one in measures if one.way == way]) for way in options.ways}
    for way, one in medians.items():
        table.add_row(
            f"{way}: {WAYS[way]}",
            f"{one.rows:,}",
            f"{one.seconds:.2f}",
            f"{one.speed:,.0f}",
            f"{one.cpu_seconds:.1f}",
            f"{one.peak_megabytes:,.0f}",
            *(
                f"{one.speed / other.speed:.2f}" if (other := medians.get(name)) else ""
                for name in ("calamine", "infile")
            ),
        )
    Console(width=130).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.files",
        description="Loads a register of applications in several ways, each in fresh processes, in turn.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="Ways: " + "; ".join(f"{way}: {text}" for way, text in WAYS.items()),
    )
    add = parser.add_argument
    add("--rows", type=whole_number, default=100_000, help="rows of a register")
    add("--rounds", type=whole_number, default=3, help="rounds; the medians are shown")
    add("--copies", type=whole_number, default=10, help="registers that many-xlsx loads")
    add("--ways", type=chosen_ways(WAYS), default=",".join(WAYS), help="which ways, comma list")
    add("--out", type=Path, default=REPOSITORY / "build" / "bench", help="figures, warehouses")
    add("--child", nargs=3, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
