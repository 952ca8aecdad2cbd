"""Reads ``reference/smev.yaml``: what the loader knows about operations, message types and test marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from municipal_indicators import settings
from municipal_indicators.reference.files import PlacedError, Strict, read_kept
from municipal_indicators.reference.passport import ZoneName

MessageType = Literal["REQUEST", "RESPONSE", "BROADCAST", "CANCEL", "STATUS", "ERROR", "QUERY"]
JournalKey = Literal[
    "message_id",
    "reference_message_id",
    "original_message_id",
    "reply_to_client_id",
    "logged_at",
    "direction",
    "operation",
    "message_type",
    "sender",
    "recipient",
    "sent_at",
    "delivered_at",
    "namespace",
    "root_element",
    "test_message",
    "reject_code",
    "error_code",
    "error_text",
]
Words = Annotated[str, Field(min_length=1)]


def _compiles(expression: str) -> str:
    try:
        re.compile(_scoped(expression))
    except re.error as error:
        raise ValueError(f"не регулярное выражение: {error}") from None
    return expression


Expression = Annotated[Words, AfterValidator(_compiles)]


class TestTraffic(Strict):
    """Regular expressions that know a test sender by mnemonic or by readable name."""

    __test__ = False

    sender_mnemonics: list[Expression] = Field(default_factory=list)
    sender_names: list[Expression] = Field(default_factory=list)


class LogEvent(Strict):
    """A text of the adapter's log and what it says about a message."""

    text: Words
    operation: Words
    message_type: MessageType
    fault: Annotated[str, Field(pattern="^[A-Za-z]{0,60}$")] = ""
    ack: Literal["", "accepted", "refused"] = ""


class SourceZone(Strict):
    """The zone of the stamps without an offset in files whose path below ``inbox/smev`` is like ``files``."""

    files: Words
    zone: ZoneName


class _Reference(Strict):
    time_zones: list[SourceZone] = Field(default_factory=list)
    test_traffic: TestTraffic
    operations: dict[str, Literal["in", "out"]]
    operation_synonyms: dict[str, str]
    message_types: dict[str, MessageType]
    journal_keys: dict[JournalKey, list[Words]]
    log_events: Annotated[list[LogEvent], Field(min_length=1)]

    @field_validator("journal_keys")
    @classmethod
    def _all_are_listed(cls, keys: dict[JournalKey, list[str]]) -> dict[JournalKey, list[str]]:
        if missing := set(get_args(JournalKey)) - set(keys):
            raise ValueError(f"не хватает {', '.join(sorted(missing))}")
        return keys

    @model_validator(mode="after")
    def _synonyms_name_operations(self) -> _Reference:
        for word, operation in self.operation_synonyms.items():
            if operation not in self.operations:
                problem = f"называет {operation}, которой нет в operations"
                raise PlacedError(problem, "operation_synonyms", word)
        return self


@dataclass(frozen=True)
class Rules:
    """The reference in the shapes that the parsers and the staging views want."""

    reference: _Reference

    @cached_property
    def operations(self) -> dict[str, str]:
        """Canonical operation by any spelling of it in lower case."""
        names = {name.lower(): name for name in self.reference.operations}
        return names | {
            word.lower(): name for word, name in self.reference.operation_synonyms.items()
        }

    @cached_property
    def message_types(self) -> dict[str, str]:
        """Stored message type by any word for it in lower case."""
        return {word.lower(): name for word, name in self.reference.message_types.items()}

    @cached_property
    def log_event(self) -> re.Pattern[bytes]:
        """Matches the text of any known event, in UTF-8 or in windows-1251."""
        texts = [event.text for event in self.reference.log_events]
        spelled = {text.encode(name, "replace") for text in texts for name in ("utf-8", "cp1251")}
        return re.compile(b"|".join(re.escape(text) for text in sorted(spelled)))

    @cached_property
    def test_sender(self) -> str:
        """One expression that matches the mnemonics of test senders; matches nothing if none is listed."""
        return _any_of(self.reference.test_traffic.sender_mnemonics)

    @cached_property
    def test_name(self) -> re.Pattern[str]:
        """Matches the readable names of senders on test stands."""
        return re.compile(_any_of(self.reference.test_traffic.sender_names))

    @cached_property
    def journal_words(self) -> dict[str, list[str]]:
        """The keys of a journal line by our name, in lower case and without underscores."""
        return {
            name: sorted({word.lower().replace("_", "") for word in words})
            for name, words in self.reference.journal_keys.items()
        }

    def time_zone(self, place: str) -> str:
        """The zone of a file's local stamps by its path below ``inbox/smev``; empty: the programme's."""
        zones = self.reference.time_zones
        return next((one.zone for one in zones if fnmatchcase(place, one.files)), "")

    def direction(self, operation: str) -> str:
        """``in``, ``out``, or empty for an operation without a direction."""
        return self.reference.operations.get(operation, "")


def load_rules(path: Path | None = None) -> Rules:
    """Read and check the reference file; raises ConfigurationError that names file, line and place."""
    return Rules(read_kept(path or settings.REFERENCE / "smev.yaml", _Reference))


def _any_of(expressions: list[str]) -> str:
    # A group of its own keeps a flag such as (?i) inside its expression.
    return "|".join(_scoped(expression) for expression in expressions) or "$^"


def _scoped(expression: str) -> str:
    if expression.startswith("(?i)"):
        return f"(?i:{expression[4:]})"
    return f"(?:{expression})"
