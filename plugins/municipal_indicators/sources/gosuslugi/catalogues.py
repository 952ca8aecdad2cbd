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

    def msu(cell: Cell) -> str:
        text = plain_text(cell)
        answer = words.flag(normal_form(text))
        return mask_personal(text)[:LONGEST_WORD] if answer is None else str(int(answer))

    def last_day(cell: Cell) -> str:
        if normal_form(plain_text(cell)) in words.open_ended:
            return ""
        return moment_text(cell, words, is_1904=table.is_1904, period=table.period)

    moments = Moments(words, is_1904=table.is_1904, period=table.period)
    marks = Marks(table, ["electronic", "msu_list"])
    unknown: Counter[str] = Counter()
    unclear: Counter[str] = Counter()
    memos = {
        "service_code": codes(),
        "service_name": names(),
        "level": Memo(level),
        "electronic": Memo(electronic),
        "valid_from": moments,
        "valid_to": Memo(last_day),
        "msu_list": Memo(msu),
        "msu_from": moments,
        "msu_to": Memo(last_day),
    }
    # Without a column of its own the list is those services that have a day in it.
    is_by_days = "msu_list" not in table.headings.columns and not {
        "msu_from",
        "msu_to",
    }.isdisjoint(table.headings.columns)
    code_name = table.headings.known.names["service_code"]

    def convert(block: Block) -> Mapping[str, Sequence[str]]:
        broken = damaged(block.column("service_code"))
        texts = {name: memo.column(block.column(name)) for name, memo in memos.items()}
        if is_by_days:
            days = zip(texts["msu_from"], texts["msu_to"], strict=True)
            texts["msu_list"] = [str(int(any(pair))) for pair in days]
        marks.fill(texts, block)
        unclear.update(text for text in texts["msu_list"] if text not in ("", "0", "1"))
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
        listed = unmapped("unknown_msu", "in the list (МСЗУ) or not", "not known", unclear)
        return [*levels, *listed, *marks.notes(), *moments.notes()]

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
