"""Catalogues of services: one row per service and period of validity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from municipal_indicators.inbox.masking import mask_personal, mask_value
from municipal_indicators.sources.gosuslugi.codes import lost_zeros
from municipal_indicators.sources.gosuslugi.vocabulary import LONGEST_WORD, Channels, unmapped
from municipal_indicators.spreadsheets.cells import (
    Cell,
    Memo,
    normal_form,
    plain_text,
)
from municipal_indicators.spreadsheets.columns import (
    DAMAGED,
    Marks,
    Moments,
    codes,
    damaged,
    names,
)
from municipal_indicators.spreadsheets.dates import made_at, moment_text, true_at
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Note,
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
        known = None if words.denies(normal_form(text)) else words.levels.only_meaning(text)
        return known or mask_value(text).lower()

    def valid_to(cell: Cell) -> str:
        if normal_form(plain_text(cell)) in words.open_ended:
            return ""
        return moment_text(cell, words, is_1904=table.is_1904, period=table.period)

    moments = Moments(words, is_1904=table.is_1904, period=table.period)
    marks = Marks(table, ["electronic"])
    unknown: Counter[str] = Counter()
    memos = {
        "service_code": codes(),
        "service_name": names(),
        "level": Memo(level),
        "electronic": Memo(electronic),
        "valid_from": moments,
        "valid_to": Memo(valid_to),
    }
    code_name = table.headings.known.names["service_code"]

    def convert(block: Block) -> Mapping[str, Sequence[str]]:
        broken = damaged(block.column("service_code"))
        texts = {name: memo.column(block.column(name)) for name, memo in memos.items()}
        marks.fill(texts, block)
        unknown.update(
            text[:LONGEST_WORD] for text in texts["level"] if text and text not in words.levels
        )
        return {
            **texts,
            "problem_field": [code_name if bad else "" for bad in broken],
            "problem": [DAMAGED if bad else "" for bad in broken],
        }

    def notes() -> list[Note]:
        levels = unmapped("unknown_level", "level without a meaning", "it is", unknown)
        return [*levels, *marks.notes(), *moments.notes()]

    return Reading(convert, table.dated(made), notes)


CATALOGUE = TableKind(
    name="service_catalogue",
    title="перечень услуг",
    needed=("service_code", "service_name", "level", "electronic", "valid_from"),
    target="core.service_catalogue_rows",
    open_table=open_catalogue,
    totals={"count()": "count()"},
    key=("service_code", "valid_from"),
    doubts=lost_zeros,
)
