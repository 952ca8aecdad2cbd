"""Catalogues of services: one row per service and period of validity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from municipal_indicators.inbox.masking import mask_personal, mask_value
from municipal_indicators.sources.gosuslugi.vocabulary import Channels
from municipal_indicators.spreadsheets.cells import (
    Cell,
    Memo,
    normal_form,
    plain_text,
)
from municipal_indicators.spreadsheets.columns import (
    DAMAGED,
    Moments,
    codes,
    damaged,
    names,
)
from municipal_indicators.spreadsheets.dates import made_at, moment_text, true_at
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Reading,
    Table,
    TableKind,
)


def open_catalogue(table: Table) -> Reading:
    """Prepare the conversions for one catalogue; see ``TableKind.open_table``."""
    words, channels = table.words, Channels()
    made = made_at(table.above, words, table.zone) or true_at(table.above, words, table.zone)

    def electronic(cell: Cell) -> str:
        answer = channels.electronic(cell, words)
        return mask_personal(plain_text(cell)) if answer is None else str(int(answer))

    def level(cell: Cell) -> str:
        text = plain_text(cell)
        return words.levels[text] or mask_value(text).lower()

    def valid_to(cell: Cell) -> str:
        if normal_form(plain_text(cell)) in words.open_ended:
            return ""
        return moment_text(cell, words, is_1904=table.is_1904)

    memos = {
        "service_code": codes(),
        "service_name": names(),
        "level": Memo(level),
        "electronic": Memo(electronic),
        "valid_from": Moments(words, is_1904=table.is_1904),
        "valid_to": Memo(valid_to),
    }
    code_name = table.headings.known.names["service_code"]

    def convert(block: Block) -> Mapping[str, Sequence[str]]:
        broken = damaged(block.column("service_code"))
        return {
            **{name: memo.column(block.column(name)) for name, memo in memos.items()},
            "problem_field": [code_name if bad else "" for bad in broken],
            "problem": [DAMAGED if bad else "" for bad in broken],
        }

    return Reading(convert, table.dated(made))


CATALOGUE = TableKind(
    name="service_catalogue",
    title="перечень услуг",
    needed=("service_code", "service_name", "level", "electronic", "valid_from"),
    target="core.service_catalogue_rows",
    open_table=open_catalogue,
    totals={"count()": "count()"},
)
