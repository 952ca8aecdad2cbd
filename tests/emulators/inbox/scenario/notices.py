"""What one piece of a SMEV file says: an envelope, a journal line or an entry of a text log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Format = Literal["envelope", "journal", "text"]
FORMATS: tuple[Format, ...] = ("envelope", "journal", "text")
"""From the best witness to the poorest."""
AnswerKind = Literal["none", "content", "rejected", "status"]
Ack = Literal["none", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece; text is empty and an instant (aware) None where the piece says nothing.

    Ids are in lower case whatever the file writes. `address` is ReplyTo or To in clear and `mid` the
    request that it names when decoded.
    """

    format: Format
    operation: str
    way: Literal["in", "out", "unknown"]
    message_type: str
    message: str = ""
    original: str = ""
    mid: str = ""
    address: str = ""
    chain: str = ""
    sender: str = ""
    recipient: str = ""
    namespace: str = ""
    root: str = ""
    is_test: bool = False
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    logged_at: datetime | None = None
    answer: AnswerKind = "none"
    reject_code: str = ""
    fault: str = ""
    smev_error: int = 0
    ack: Ack = "none"

    @property
    def is_delivery(self) -> bool:
        """Whether SMEV handed a request, broadcast or cancel over to us here."""
        return (self.operation, self.way) == ("GetRequestResponse", "in") and self.message != ""

    @property
    def is_answer(self) -> bool:
        """Whether an answer of ours went out here, or SMEV's receipt for one came."""
        return self.way == "out" and self.message_type in ("RESPONSE", "STATUS")

    @property
    def at(self) -> datetime | None:
        """The moment that the piece proves data for."""
        return self.sent_at or self.delivered_at or self.logged_at
