"""What the files of a subset amount to: the facts of each talk, as far as those files tell them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.emulators.inbox.clock import moscow
from tests.emulators.inbox.scenario.facts import OURS, Reply, Talk
from tests.emulators.inbox.scenario.files import ScenarioFile
from tests.emulators.inbox.scenario.notices import FORMATS, Notice

DailyKey = tuple[date, str, str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """One row of core.smev_requests; instants are aware."""

    message_id: str
    sent_at: datetime
    sender: str
    recipient: str
    namespace: str
    root_element: str
    chain_id: str
    is_test: bool
    is_portal: bool
    deliveries: int
    reply_keys: frozenset[str]
    formats: tuple[str, ...]
    is_answered: bool
    answered_at: datetime | None
    is_rejected: bool

    @property
    def counts(self) -> bool:
        """Whether it is counted: to us, no test (docs/smev.md#что-считается-полученным-запросом)."""
        return not self.is_test and self.recipient in ("", OURS)

    @property
    def day(self) -> date:
        """The day of sending in the programme zone."""
        return moscow(self.sent_at).date()


@dataclass(frozen=True, slots=True)
class Daily:
    """The figures of one row of marts.smev_requests_daily."""

    requests: int
    answered: int
    rejected: int
    overdue: int
    repeats: int
    median: float | None
    p95: float | None


class Truth:
    """What a set of files says of the talks."""

    def __init__(self, talks: Sequence[Talk], files: Iterable[ScenarioFile]) -> None:
        """Gather the notices of the files; the same file twice says nothing new."""
        self.files = list(dict.fromkeys(files))
        self.notices = [notice for file in self.files for notice in file.notices]
        self._of: dict[str, list[Notice]] = defaultdict(list)
        for notice in self.notices:
            self._of[notice.message].append(notice)
        self.requests = [row for talk in talks if (row := self._request(talk))]

    @property
    def bad(self) -> int:
        """Damaged members and lines of the files."""
        return sum(file.bad for file in self.files)

    def acks(self) -> set[tuple[str, str]]:
        """Message and result of every acknowledgement told."""
        return {(one.message, one.ack) for one in self.notices if one.ack != "none"}

    def troubles(self) -> set[tuple[str, str, int, datetime | None]]:
        """Format, name, number and moment of every fault told."""
        return {
            (one.format, one.fault, one.smev_error, one.logged_at)
            for one in self.notices
            if one.message_type == "ERROR"
        }

    def daily(self, answer_hours: int = 48) -> dict[DailyKey, Daily]:
        """``marts.smev_requests_daily``; a term is over when the last moment of data is past it."""
        last = max(one.at for one in self.notices if one.at)
        rows: dict[DailyKey, list[Expected]] = defaultdict(list)
        for row in self.requests:
            if row.counts:
                channel = "portal" if row.is_portal else "interagency"
                rows[row.day, row.sender, row.namespace, channel].append(row)
        return {key: _daily(found, last, answer_hours) for key, found in rows.items()}

    def terms(self, answer_hours: int = 48) -> dict[DailyKey, tuple[int, ...]]:
        """On time, overdue, open; seen by envelope, journal, text, by one format only.

        An answer that nothing dates is no late one.
        """
        last = max(one.at for one in self.notices if one.at)
        rows: dict[DailyKey, list[tuple[int, ...]]] = defaultdict(list)
        for row in filter(lambda one: one.counts, self.requests):
            end = row.answered_at if row.is_answered else last
            is_late = end is not None and end > row.sent_at + timedelta(hours=answer_hours)
            flags = (row.is_answered and not is_late, is_late, not row.is_answered and not is_late)
            seen = (*(by in row.formats for by in FORMATS), len(row.formats) == 1)
            channel = "portal" if row.is_portal else "interagency"
            rows[row.day, row.sender, row.namespace, channel].append((*flags, *seen))
        return {key: tuple(map(sum, zip(*found, strict=True))) for key, found in rows.items()}

    def months(self) -> dict[date, int]:
        """How many counted requests were sent in each month."""
        return dict(Counter(row.day.replace(day=1) for row in self.requests if row.counts))

    def _request(self, talk: Talk) -> Expected | None:
        seen = [one for one in self._of[talk.message] if one.is_delivery]
        best = next((by for by in FORMATS if any(one.format == by for one in seen)), None)
        # What the best witness calls a broadcast is none for the journal's word either.
        if not any(one.format == best and one.message_type == "REQUEST" for one in seen):
            return None
        replies = [
            (reply, self._of[reply.message])
            for reply in talk.replies
            if self._is_linked(reply, seen)
        ]
        final = [
            (self._answered_at(reply, said), reply.message, kind)
            for reply, said in replies
            if (kind := _kind(said)) != "status"
        ]
        far = datetime(
            2200, 1, 1, tzinfo=UTC
        )  # An answer that nothing dates stands behind all others.
        first = min(final, key=lambda one: (one[0] or far, one[1]), default=None)
        told = [*self._of[talk.message], *(one for _, said in replies for one in said)]
        namespace = talk.kind.namespace if any(one.namespace for one in seen) else ""
        return Expected(
            message_id=talk.message,
            sent_at=_sent_at(talk, seen),
            sender=talk.sender,
            recipient=talk.recipient or "",
            namespace=namespace,
            root_element=talk.kind.root if any(one.root for one in seen) else "",
            chain_id=talk.chain if any(one.chain for one in seen) else talk.message,
            is_test=any(one.is_test for one in told),
            is_portal=talk.sender.startswith("EPGU") or "//epgu.gosuslugi.ru/" in namespace,
            deliveries=_deliveries(seen),
            reply_keys=frozenset(
                hashlib.sha256(one.address.encode()).hexdigest() for one in seen if one.address
            ),
            formats=tuple(sorted({one.format for one in seen})),
            is_answered=first is not None,
            answered_at=first[0] if first else None,
            is_rejected=first is not None and first[2] == "rejected",
        )

    def _is_linked(self, reply: Reply, seen: Sequence[Notice]) -> bool:
        addresses = {one.address for one in seen if one.address}
        return any(
            one.original or one.mid or one.address in addresses
            for one in self._of[reply.message]
            if one.is_answer
        )

    def _answered_at(self, reply: Reply, said: Sequence[Notice]) -> datetime | None:
        if any(one.sent_at for one in said):
            return reply.sent_at
        if reply.id_at:
            return reply.id_at
        return min((one.logged_at for one in said if one.logged_at), default=None)


def _sent_at(talk: Talk, seen: Sequence[Notice]) -> datetime:
    if any(one.sent_at for one in seen):
        return talk.sent_at
    return talk.id_at or min(one.logged_at for one in seen if one.logged_at)


def _kind(said: Sequence[Notice]) -> str:
    for by in FORMATS:
        for one in said:
            if one.format == by and one.answer != "none":
                return one.answer
    return "content"


def _deliveries(seen: Sequence[Notice]) -> int:
    ways = (
        {one.delivered_at for one in seen},
        {one.logged_at for one in seen if one.format == "journal"},
        {one.logged_at for one in seen if one.format == "text"},
    )
    for stamps in ways:
        if seconds := {at.replace(microsecond=0) for at in stamps if at}:
            return len(seconds)
    return 1


def _daily(rows: Sequence[Expected], last: datetime, hours: int) -> Daily:
    term = timedelta(hours=hours)
    times = sorted(
        (row.answered_at - row.sent_at) / timedelta(seconds=1) for row in rows if row.answered_at
    )
    return Daily(
        requests=len(rows),
        answered=sum(row.is_answered for row in rows),
        rejected=sum(row.is_rejected for row in rows),
        overdue=sum(
            end > row.sent_at + term
            for row in rows
            if (end := row.answered_at if row.is_answered else last)
        ),
        repeats=sum(row.deliveries - 1 for row in rows),
        median=_quantile(times, 0.5),
        p95=_quantile(times, 0.95),
    )


def _quantile(times: Sequence[float], level: float) -> float | None:
    """By linear interpolation between the ends inclusive; None of nothing."""
    if not times:
        return None
    place = level * (len(times) - 1)
    below = int(place)
    above = min(below + 1, len(times) - 1)
    return times[below] + (place - below) * (times[above] - times[below])
