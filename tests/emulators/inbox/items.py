"""What a SMEV log notes of a conversation, and what a written log amounts to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from tests.emulators.inbox.conversations import Answer, Conversation
from tests.emulators.inbox.truth import BadPiece


@dataclass(frozen=True, slots=True)
class Item:
    """One moment of a conversation that a log notes; `attempt` counts deliveries from 1."""

    at: datetime
    what: Literal["delivery", "response", "own request", "own answer"]
    of: Conversation
    answer: Answer | None = None
    attempt: int = 1

    @property
    def is_acknowledged(self) -> bool:
        """Whether this delivery is the one that the acknowledgement ended."""
        return self.what == "delivery" and self.attempt == len(self.of.deliveries)


@dataclass(frozen=True, slots=True)
class Written:
    """One written log: its path, the number of its members or lines, and the damaged ones."""

    path: Path
    delivered: int
    bad: tuple[BadPiece, ...] = ()


def items_of(one: Conversation) -> Iterator[Item]:
    """All moments of a conversation."""
    if one.role == "own":
        yield Item(one.sent_at, "own request", one)
        for answer in one.answers:
            yield Item(answer.sent_at, "own answer", one, answer)
        return
    for attempt, at in enumerate(one.deliveries, start=1):
        yield Item(at, "delivery", one, attempt=attempt)
    for answer in one.answers:
        yield Item(answer.sent_at, "response", one, answer)
