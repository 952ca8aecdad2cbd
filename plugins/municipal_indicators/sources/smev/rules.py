"""Reads ``reference/smev.yaml``: what the loader knows about operations, message types and test marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError

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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TestTraffic(_Part):
    """Regular expressions that know a test sender by mnemonic or by readable name."""

    __test__ = False

    sender_mnemonics: list[Words] = []
    sender_names: list[Words] = []


class LogEvent(_Part):
    """A text of the adapter's log and what it says about a message."""

    text: Words
    operation: Words
    message_type: MessageType
    fault: Annotated[str, Field(pattern="^[A-Za-z]{0,60}$")] = ""
    ack: Literal["", "accepted", "refused"] = ""


class SourceZone(_Part):
    """The zone of the stamps without an offset in files whose path below ``inbox/smev`` is like ``files``."""

    files: Words
    zone: Words

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no IANA time zone; allowed are names like Europe/Moscow")
        return name


class _Reference(_Part):
    time_zones: list[SourceZone] = []
    test_traffic: TestTraffic
    operations: dict[str, Literal["in", "out"]]
    operation_synonyms: dict[str, str]
    message_types: dict[str, MessageType]
    journal_keys: dict[JournalKey, list[Words]]
    log_events: Annotated[list[LogEvent], Field(min_length=1)]


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
        """``in``, ``out``, or empty for an operation that does not tell."""
        return self.reference.operations.get(operation, "")


@cache
def load_rules(path: Path = settings.REFERENCE / "smev.yaml") -> Rules:
    """Read and check the reference file.

    Raises ConfigurationError that names the file, the place and what is wrong there.
    """
    try:
        reference = _Reference.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        rules = Rules(reference)
        re.compile(rules.test_sender)
        _ = rules.test_name
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"{path}: {found}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({type(error).__name__}): restore it."
        ) from error
    except re.error as error:
        raise ConfigurationError(
            f"{path}: test_traffic: no regular expression: {error}."
        ) from error
    missing = set(get_args(JournalKey)) - set(reference.journal_keys)
    if missing:
        raise ConfigurationError(f"{path}: journal_keys: {', '.join(sorted(missing))} is missing.")
    strangers = set(reference.operation_synonyms.values()) - set(reference.operations)
    if strangers:
        raise ConfigurationError(
            f"{path}: operation_synonyms name {', '.join(sorted(strangers))}, which operations does not list."
        )
    return rules


def _any_of(expressions: list[str]) -> str:
    # A group of its own keeps a flag such as (?i) inside its expression.
    return "|".join(_scoped(expression) for expression in expressions) or "$^"


def _scoped(expression: str) -> str:
    if expression.startswith("(?i)"):
        return f"(?i:{expression[4:]})"
    return f"(?:{expression})"
