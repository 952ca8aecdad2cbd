"""``python -m municipal_indicators.documents`` (``make report PERIOD=2026-Q3``): the report of a period."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from municipal_indicators.documents.making import make_report
from municipal_indicators.documents.word import check_template, template_path
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import open_warehouse


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make report",
        description="Пишет отчёт за период в .xlsx и .docx: по показанным витринам или по закрытому периоду.",
    )
    parser.add_argument("period", nargs="?", help="2026-09, 2026-Q3 или 2026")
    parser.add_argument(
        "--version",
        type=int,
        choices=(1, 2),
        help="как закрыт; без версии — по витринам на сегодня",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("build"), help="папка (build, если не названа)"
    )
    parser.add_argument(
        "--template", type=Path, help="другой шаблон вместо reference/report/report.docx"
    )
    parser.add_argument("--check", action="store_true", help="только проверить шаблон")
    return parser.parse_args()


def main() -> int:
    """Write both documents and name them; 2 where that cannot be done, with the reason."""
    given = _arguments()
    try:
        if given.check:
            check_template(given.template or template_path())
            sys.stdout.write(f"{given.template or template_path()}: шаблон в порядке.\n")
            return 0
        if not given.period:
            sys.stderr.write("За какой период? Например: make report PERIOD=2026-Q3\n")
            return 2
        with open_warehouse() as warehouse:
            written = make_report(
                warehouse, load_passport(), given.period, given.out, given.version, given.template
            )
    except IndicatorsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
