"""Runs tests in a copy of the repository whose passport and lists a user has edited.

``python -m tests.reference.edited tests/marts -n 2``: arguments go to pytest. Only
``test_shipped.py``, and tests of files that are generated from the lists, may notice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EDITS = {
    "programme.yaml": [
        ("programme: Развитие", "programme: Другое развитие"),
        ("first_year: 2023", "first_year: 2024"),
        ("Europe/Moscow", "Asia/Krasnoyarsk"),
        ("settling_days: 3", "settling_days: 5"),
        ("12345678", "87654321"),
        ("MTSENSK_ADM", "OTHER_ADM, OTHER_ADM_2"),
        ("answer_hours: 48", "answer_hours: 72\n  count: chains"),
        ("baseline_year: 2022", "baseline_year: 2023"),
        ("name: Доля", "name: Другая доля"),
        ("{2027: 60}", "{2027: 75}"),
        ("{2023: 500, ", "{"),
        ("{2023: 780.0, ", "{"),
        ("accumulate: year", "accumulate: programme"),
    ],
    "reference/holidays.csv": [("2024-", "2024-01-11;Региональный праздник\n2024-")],
    "reference/freshness.csv": [("metrica;3;", "metrica;30;"), ("registers;190;", "registers;20;")],
    "reference/smev_kinds.csv": [("(ФНС);;;", "по-другому;5;working_days;закон")],
    "reference/given_names.txt": [("Анна\n", ""), ("Иван\n", "")],
    "reference/labels.yaml": [("Журналы СМЭВ", "СМЭВ"), ("Телефон", "Смартфон")],
    "reference/headings.yaml": [("    - Номер заявления\n", "    - Номер дела\n")],
    "reference/statuses.yaml": [("    - Принято\n", "    - Ждём чуда\n")],
    "reference/channels.yaml": [("ЕПГУ: [", "ЕПГУ: [робот, ")],
    "reference/words.yaml": [('"yes": [да, ', '"yes": [да, стоит, '), ("итого, ", "")],
    "reference/smev.yaml": [("(?i)^emu", "(?i)^other"), ("Ack: AckRequest", "Acked: AckRequest")],
    "reference/metrica_visits.yaml": [("purpose: browsers", "purpose: programs")],
}


def main(arguments: list[str]) -> int:
    """Copy what git knows, edit, run pytest there; its exit code."""
    with tempfile.TemporaryDirectory(prefix="edited-") as folder:
        copy = Path(folder) / "repository"
        _copy(copy)
        for name, edits in EDITS.items():
            path = copy / name
            text = path.read_text(encoding="utf-8")
            for old, new in edits:
                if old not in text:
                    raise SystemExit(f"{name}: {old!r} is not in it any more; mend EDITS.")
                text = text.replace(old, new, 1)
            path.write_text(text, encoding="utf-8")
        paths = os.pathsep.join(map(str, (copy / "plugins", copy)))
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(
            command, cwd=copy, env=os.environ | {"PYTHONPATH": paths}, check=False
        ).returncode


def _copy(copy: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=REPOSITORY, text=True).split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, copy / name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
