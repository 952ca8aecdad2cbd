"""Registers of applications: one row per application, in its state at the time of export."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.sources.gosuslugi.codes import lost_zeros
from municipal_indicators.sources.gosuslugi.numbers import application_keys
from municipal_indicators.sources.gosuslugi.vocabulary import (
    LONGEST_WORD,
    Channels,
    Statuses,
    unmapped,
)
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
    shown,
)
from municipal_indicators.spreadsheets.dates import made_at, moment_text, true_at
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Note,
    Reading,
    Table,
    TableKind,
    utc_text,
)
from municipal_indicators.spreadsheets.words import Words

_DAYS = re.compile(
    r"(\d{1,3})(?:[.,]0+)?(?: ?(?:р|раб[а-я]*)\.?)?(?: ?(?:д|дн|день|дня|дней)\.?)?", re.IGNORECASE
)
_CALENDAR_DAYS = re.compile(
    r"(\d{1,3}) ?(?:к|кал[а-я]*)\.? ?(?:д|дн|день|дня|дней)\.?", re.IGNORECASE
)


def open_applications(table: Table) -> Reading:
    """Prepare the conversions for one register; see ``TableKind.open_table``."""
    made = made_at(table.above, table.words, table.zone) or true_at(
        table.above, table.words, table.zone
    )
    conversion = _Conversion(table, f"{utc_text(made or table.modified_at)}Z")
    return Reading(conversion.convert, table.dated(made), conversion.notes)


class _Conversion:
    def __init__(self, table: Table, file_at: str) -> None:
        self.file_at = file_at
        self.names = table.headings.known.names
        self.words = table.words
        self.is_1904 = table.is_1904
        self.period = table.period
        self.statuses = Statuses()
        self.channels = Channels()
        self.keys = application_keys(table.warehouse)
        self.codes = codes()
        self.moments = Moments(table.words, is_1904=table.is_1904, period=table.period)
        self.due = Memo(self._due)
        self.shown = shown()
        self.channel = Memo(partial(self.channels.channel, words=self.words))
        self.applicants = Memo(self._applicant)
        self.ratings = Memo(self._rating)
        self.groups: dict[tuple[Cell, Cell], str] = {}

    def convert(self, block: Block) -> Mapping[str, Sequence[str]]:
        """The text columns of a block."""
        statuses = self.shown.column(block.column("status"))
        groups = self._groups(block)
        self.statuses.count_unknown(groups, statuses)
        status_at = self.moments.column(block.column("status_at"))
        finished_at = self.moments.column(block.column("finished_at"))
        if "message" in groups:
            # A message is no status: such a row ranks by its filing date, so that it cannot reopen a case.
            messages = [group == "message" for group in groups]
            groups = [group if group != "message" else "in_progress" for group in groups]
            status_at, finished_at = _without(status_at, messages), _without(finished_at, messages)
        if "removed" in groups:
            # A removal without a date gets that of its file: by its filing date it would never rank first.
            status_at = [
                at or (self.file_at if group == "removed" else "")
                for at, group in zip(status_at, groups, strict=True)
            ]
        problem_fields, problems = self._problems(block)
        return {
            "application_key": self.keys(block.column("application_number")),
            "service_code": self.codes.column(block.column("service_code")),
            "filed_at": self.moments.column(block.column("filed_at")),
            **self._channel_columns(block),
            "status_group": groups,
            "status_text": statuses,
            "status_at": status_at,
            "finished_at": finished_at,
            "due": self.due.column(block.column("due")),
            "due_calendar_days": self.ratings.column(block.column("due_calendar_days")),
            "applicant_type": self.applicants.column(block.column("applicant_type")),
            "rating": self.ratings.column(block.column("rating")),
            "problem_field": problem_fields,
            "problem": problems,
        }

    def notes(self) -> list[Note]:
        """The words that were loaded as unknown or прочее."""
        return [
            *unmapped("unknown_status", "status without a group", "unknown", self.statuses.unknown),
            *unmapped("unknown_channel", "channel without a name", "прочее", self.channels.unknown),
            *self.moments.notes(),
        ]

    def _groups(self, block: Block) -> list[str]:
        found = []
        for pair in zip(block.column("status"), block.column("status_code"), strict=True):
            if (group := self.groups.get(pair)) is None:
                group = self.groups[pair] = self.statuses.group(*pair)
            found.append(group)
        return found

    def _channel_columns(self, block: Block) -> dict[str, Sequence[str]]:
        channels = self.channel.column(block.column("channel"))
        texts = self.shown.column(block.column("channel"))
        if "" in channels:
            unknown = (text for name, text in zip(channels, texts, strict=True) if not name)
            self.channels.unknown.update(text[:LONGEST_WORD] for text in unknown if text)
        return {"channel": [name or "прочее" for name in channels]}

    def _problems(self, block: Block) -> tuple[list[str], list[str]]:
        fields, problems = [""] * block.size, [""] * block.size
        for name in ("service_code", "application_number"):
            for place, is_damaged in enumerate(damaged(block.column(name))):
                if is_damaged:
                    fields[place], problems[place] = self.names[name], DAMAGED
        return fields, problems

    def _due(self, cell: Cell) -> str:
        text = plain_text(cell)
        if found := _DAYS.fullmatch(text):
            return found[1]
        if found := _CALENDAR_DAYS.fullmatch(text):
            return f"{found[1]} calendar"
        return moment_text(cell, self.words, is_1904=self.is_1904, period=self.period)

    def _applicant(self, cell: Cell) -> str:
        return self.words.applicant_types[plain_text(cell)] or "прочее"

    def _rating(self, cell: Cell) -> str:
        return _whole_number(cell, self.words)


def _whole_number(cell: Cell, words: Words) -> str:
    text = plain_text(cell)
    plain = re.sub(r"[.,]0+\Z", "", text)
    if plain.isdecimal():
        return plain
    return "" if normal_form(text) in words.absent else mask_personal(text)


def _without(texts: Sequence[str], dropped: Sequence[bool]) -> list[str]:
    return ["" if drop else text for text, drop in zip(texts, dropped, strict=True)]


APPLICATIONS = TableKind(
    name="service_applications",
    title="реестр заявлений",
    needed=("application_number", "service_code", "filed_at", "channel", "status"),
    target="core.service_application_rows",
    open_table=open_applications,
    totals={"count()": "count()"},
    doubts=lost_zeros,
)
