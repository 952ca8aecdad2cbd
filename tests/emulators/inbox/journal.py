"""Writers of the adapter's journal export: one JSON object per line (docs/smev.md#три-формата)."""

import gzip
import io
import json
from collections.abc import Iterable
from datetime import datetime

from tests.emulators.inbox.clock import local_stamp, smev_stamp

Field = str | int | bool | None


def journal_line(
    *,
    journal_id: int,
    logged_at: datetime,
    message_id: str | None,
    direction: str = "IN",
    operation: str = "GetRequestResponse",
    message_type: str = "RequestMessageType",
    sender: str | None = None,
    recipient: str | None = None,
    sending_date: datetime | None = None,
    delivery_date: datetime | None = None,
    original_message_id: str | None = None,
    original_key: str = "original_message_id",
    drop_nulls: bool = False,
    **more: Field,
) -> str:
    """One line without its end; `logged_at` is written as local time without an offset.

    Naive instants are Moscow time. `original_key` is this adapter version's spelling: also
    originalMessageId and originalMessageID;
    `more` takes the other fields of the format (status, reject_code, vs_namespace, content …);
    `drop_nulls` leaves the empty keys out instead of writing `null`.
    """
    fields: dict[str, Field] = {
        "journal_id": journal_id,
        "logged_at": local_stamp(logged_at),
        "direction": direction,
        "operation": operation,
        "message_id": message_id,
        original_key: original_message_id,
        "message_type": message_type,
        "sender": sender,
        "recipient": recipient,
        "sending_date": smev_stamp(sending_date) if sending_date else None,
        "delivery_date": smev_stamp(delivery_date) if delivery_date else None,
        **more,
    }
    kept = {key: text for key, text in fields.items() if not (drop_nulls and text is None)}
    return json.dumps(kept, ensure_ascii=False)


def journal_bytes(lines: Iterable[str], *, cut_last: bool = False, packed: bool = False) -> bytes:
    """The export file; `cut_last` breaks the last line as a copy of a growing file does."""
    content = "".join(f"{line}\n" for line in lines)
    if cut_last:
        content = content[: -len(content.splitlines()[-1]) // 2]
    return gzip_bytes(content.encode()) if packed else content.encode()


def gzip_bytes(content: bytes) -> bytes:
    """The content packed without a name and a time stamp."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed:
        packed.write(content)
    return buffer.getvalue()
