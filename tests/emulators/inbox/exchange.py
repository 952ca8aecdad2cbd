"""The SMEV traffic of an administration over a span of months, and the logs written of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from tests.emulators.inbox.archive import write_archive
from tests.emulators.inbox.clock import MOSCOW, add_months, months, moscow, utc
from tests.emulators.inbox.conversations import (
    JOURNAL_FROM,
    TEXT_LOG_MONTH,
    Conversation,
    Source,
    conversations,
)
from tests.emulators.inbox.exports import write_journals, write_text_logs
from tests.emulators.inbox.items import Item, Written, items_of
from tests.emulators.inbox.truth import Request


class Exchange:
    """The conversations of a span of months and the logs written of them."""

    def __init__(self, first_month: date, until: date, seed: int) -> None:
        """Invent the conversations; nothing after the day `until` is in any log."""
        self._months = months(first_month, until)
        self._seed = seed
        self._end = datetime.combine(until + timedelta(days=1), datetime.min.time(), MOSCOW)
        begun = [one for month in self._months for one in conversations(month, seed)]
        self._conversations = [one for one in begun if one.deliveries[0] < self._end]
        self._by_month: dict[date, list[Item]] = defaultdict(list)
        for one in self._conversations:
            for item in items_of(one):
                if item.at < self._end:
                    self._by_month[moscow(item.at).date().replace(day=1)].append(item)

    def requests(self) -> list[Request]:
        """The requests that count, as far as the written logs know them."""
        return [self._request(one) for one in self._conversations if one.counts]

    def _request(self, one: Conversation) -> Request:
        final = [a for a in one.answers if not a.is_intermediate and a.sent_at < self._end]
        first = min(final, key=lambda answer: answer.sent_at, default=None)
        return Request(
            message_id=one.message,
            sent_at=utc(one.sent_at),
            sender=one.sender,
            namespace=one.kind.namespace,
            deliveries=sum(at < self._end for at in one.deliveries),
            answered_at=utc(first.sent_at) if first else None,
            is_rejected=first is not None and first.rejection is not None,
            sources=frozenset(one.sources),
        )

    def uncounted_messages(self) -> frozenset[str]:
        """Ids of all other messages: tests, broadcasts, cancels, own, others', and answers."""
        roots = frozenset(one.message for one in self._conversations if not one.counts)
        return roots | {answer.message for one in self._conversations for answer in one.answers}

    def write(self, folder: Path) -> Iterator[Written]:
        """Write all logs into the folder, month by month."""
        for order, month in enumerate(self._months):
            items = sorted(self._by_month[month], key=lambda item: (item.at, item.what))
            taken = self._export_time(month)
            yield write_archive(folder, month, order, _seen(items, "soap"), self._seed, taken)
            if month >= JOURNAL_FROM:
                yield from write_journals(folder, month, _seen(items, "journal"), taken)
            if month.month == TEXT_LOG_MONTH:
                yield from write_text_logs(folder, month, items, self._seed, taken)

    def _export_time(self, month: date) -> datetime:
        """When the logs of a month are taken: the first morning after it, or after the last day."""
        following = datetime.combine(add_months(month, 1), datetime.min.time(), MOSCOW)
        return min(following, self._end) + timedelta(hours=6)


def _seen(items: Sequence[Item], source: Source) -> list[Item]:
    return [item for item in items if source in item.of.sources]
