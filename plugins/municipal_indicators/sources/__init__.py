"""The only list of sources: inbox folders, freshness, inspection, assets and labels follow it.

Light to import: DAG files read it. What a source does is in its package, ``sources/<name>/``:

- one of files has ``files.py`` with ``load_file``, and ``KINDS`` where its files hold tables;
- whatever else it stages through is written by ``staging_scripts()`` in its ``staging.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from municipal_indicators.spreadsheets.kinds import TableKind


@dataclass(frozen=True, slots=True)
class Source:
    """A source of data.

    ``name`` is that of its package, of its folders in the inbox and the archive, and its code in
    the ledger, the marts, ``reference/freshness.csv`` and ``reference/labels.yaml``. ``dags`` are
    its loads, whose nights are watched, ``assets`` what they announce. With ``has_tables`` its files
    hold tables of the kinds ``KINDS``.
    """

    name: str
    assets: tuple[str, ...]
    dags: tuple[str, ...] = ()
    has_files: bool = True
    has_tables: bool = False

    def module(self, name: str) -> ModuleType:
        """A module of its package; imported only here, since it is heavy."""
        return import_module(f"{__name__}.{self.name}.{name}")

    def kinds(self) -> Sequence[TableKind]:
        """The kinds of table that its files may hold."""
        kinds: Sequence[TableKind] = self.module("files").KINDS if self.has_tables else ()
        return kinds

    def staging_scripts(self) -> dict[str, str]:
        """The SQL of what it stages through, by the name under which it is recorded."""
        if self.has_tables:
            from municipal_indicators.spreadsheets import staging

            return staging.staging_scripts(self.kinds())
        scripts: dict[str, str] = self.module("staging").staging_scripts()
        return scripts


SOURCES = (
    Source(
        "metrica",
        assets=("metrica_visits", "metrica_hits"),
        dags=("load_metrica_visits", "load_metrica_hits"),
        has_files=False,
    ),
    Source(
        "gosuslugi",
        assets=("service_applications",),
        dags=("load_gosuslugi_applications",),
        has_tables=True,
    ),
    Source("smev", assets=("smev_requests",), dags=("load_smev_requests",)),
    Source(
        "registers",
        assets=("programme_registers",),
        dags=("load_programme_registers",),
        has_tables=True,
    ),
)


def source(name: str) -> Source:
    """The source of a name; raises KeyError for an unknown one."""
    return {one.name: one for one in SOURCES}[name]
