"""README.md: its English twin says the same, and its lines for the real sources work as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from municipal_indicators.settings import REPOSITORY
from tests.emulators.metrica import Counter, MetricaEmulator, Settings

TOKEN = "y0_a-token-that-only-tests-know"
RUSSIAN, ENGLISH = (
    (REPOSITORY / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md")
)
SECTION = RUSSIAN.split("\n## Указать настоящие источники\n")[1].split("\n## ")[0]


def commands(page: str) -> list[str]:
    """The lines of the blocks of commands, without their comments."""
    blocks = re.findall(r"^```(?:ba)?sh\n(.*?)^```", page, re.M | re.S)
    return [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]


def settings_named(page: str) -> list[str]:
    """The names in the first cells of all tables."""
    return re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\|(.*?) \|", page, re.M)))


def links(page: str) -> set[str]:
    """Where the page leads, but for itself and its twin."""
    return {
        target for target in re.findall(r"\]\(([^)#][^)]*)\)", page) if "README" not in target[:6]
    }


def test_both_languages_say_the_same() -> None:
    for part in (commands, settings_named, links):
        assert part(RUSSIAN) == part(ENGLISH)
        assert part(RUSSIAN)
    assert "](README.en.md)" in "".join(RUSSIAN.splitlines()[:4])
    assert "](README.md)" in "".join(ENGLISH.splitlines()[:4])


@pytest.mark.parametrize("last", ["load_metrica_visits", pytest.param("", marks=pytest.mark.slow)])
def test_the_lines_for_the_real_sources_work_as_printed(last: str, tmp_path: Path) -> None:
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", SECTION, re.M | re.S))
    with MetricaEmulator(
        [Counter(12345678)], {TOKEN: None}, settings=Settings(polls=1)
    ) as emulator:
        # Ours: Metrica's address, packages that are there, a short history, no Airflow that stays.
        host = f'"schema": "http", "host": "127.0.0.1", "port": {emulator.port}, "password"'
        for printed, ours in (
            ('"password"', host),
            ("make setup\n", ""),
            ('"2022-01-01", "date_to": "2026-10-31"', '"2026-09-01", "date_to": "2026-09-02"'),
            ('PATH="$PWD/.venv/bin:$PATH" .venv/bin/airflow standalone\n', ""),
            ("$PWD/programme.yaml", "$PWD/tests/passport.yaml"),
        ):
            assert printed in script
            script = script.replace(printed, ours)
        if last:
            script = re.sub(rf"(dags test {last}.*\n)[\s\S]*", r"\1", script)
        own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        done = subprocess.run(
            ["bash", "-euc", script.replace(".venv/bin", str(Path(sys.executable).parent))],
            cwd=REPOSITORY,
            env=own | {"HOME": str(tmp_path)},
            input=f"{TOKEN}\n",
            capture_output=True,
            text=True,
            check=False,
        )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    assert TOKEN not in said
    assert "✖" not in said
    assert (tmp_path / "indicators" / "airflow" / "report.html").is_file() != bool(last)
    assert not list(tmp_path.rglob("connection.json"))
