"""``python -m municipal_indicators.doctor`` (``make doctor``): prints what the examination finds."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from municipal_indicators.doctor.examination import examine

SIGNS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✖[/]"}


def main() -> int:
    """Print a line a matter; 0 where nothing failed, else 1."""
    argparse.ArgumentParser(
        prog="make doctor",
        description="Смотрит на установку: Airflow, паспорт, списки, хранилище, Метрика, папки, сообщения. "
        "Говорит, чего не хватает и как это исправить.",
    ).parse_args()
    console = Console(highlight=False)
    failed = 0
    for finding in examine():
        failed += finding.state == "fail"
        console.print(f"{SIGNS[finding.state]} {finding.subject}: ", end="")
        console.print(finding.text, markup=False, soft_wrap=True)
    console.print("Всё на месте." if not failed else f"Нужно исправить: {failed}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
