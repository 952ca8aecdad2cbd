"""What is told: each problem once, again when it changed or stood for long, and once when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from municipal_indicators import settings
from municipal_indicators.errors import ChannelError, ConfigurationError
from municipal_indicators.reference.labels import read_labels, word
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.watch.channels import Channel, Message, batches
from municipal_indicators.watch.problems import Problem

OVER = "over"
# What is older was told of by a reminder, or is over.
SENT_WITHIN = timedelta(days=7)
_COLUMNS = ("at", "kind", "subject", "state", "text", "channel", "sent_at")


@dataclass(frozen=True, slots=True)
class Kind:
    """How problems of a kind are told: what to do, how they end, and when they are told once more."""

    advice: str
    over: str = "Больше не наблюдается"
    days_to_remind: int = 7
    # Nothing to mend: told when it changes, never again, and never over.
    is_news: bool = False


_AGAIN = "исправьте причину и запустите DAG снова: он догрузит только недостающее"
KINDS = {
    "task": Kind(f"откройте прогон по ссылке: журнал задачи называет причину; {_AGAIN}."),
    "run": Kind(
        "проверьте, что службы Airflow (scheduler, triggerer, dag-processor) работают и DAG включён; "
        "затем запустите его вручную."
    ),
    "rejected": Kind(
        "причина для отправителя лежит рядом с файлом в archive/rejected (.reason.txt); попросите "
        "прислать исправленный файл, ошибку на нашей стороне называет ops.loads.",
        "Больше не числится (загружено, или прошёл месяц)",
        30,
    ),
    "quarantined": Kind(
        "строки и причины — в ops.quarantine; дополните списки в reference/ и запустите DAG с "
        '{"again": true} или попросите исправить файл.',
        days_to_remind=30,
    ),
    "stale": Kind(
        "посмотрите, пришли ли файлы и прошла ли загрузка; если нет — напомните отправителю."
    ),
    "build": Kind(f"запустите DAG build_indicator_marts; если он не проходит, {_AGAIN}."),
    "check": Kind("запрос проверки — в sql/checks: он показывает строки, которых быть не должно."),
    "status": Kind("посмотрите показатель в отчёте.", is_news=True),
    "month": Kind("прочитайте отчёт по ссылке.", is_news=True),
}


def note_messages(warehouse: Warehouse, found: Sequence[Problem], channels: Sequence[str]) -> int:
    """Note what has to be told in ``ops.notifications``, for each channel; returns the number of messages.

    ``found`` is all that is wrong now: what was told and is not in it is over.
    """
    now = datetime.now(UTC)
    told = _told(warehouse)
    messages = [*_new(found, told, now), *_over(found, told)]
    rows = [
        (now, *message, channel, None)
        for message in messages
        for channel in (channels if message[3] else [""])
    ]
    warehouse.insert("ops.notification_events", _COLUMNS, rows)
    return sum(bool(text) for *_, text in messages)


def _told(warehouse: Warehouse) -> dict[tuple[str, str], tuple[str, str, datetime]]:
    """The last state, text and time told of each subject."""
    rows = warehouse.rows(
        """
        SELECT kind, subject, argMax((t.state, t.text, t.at), t.at) AS last
        FROM ops.notification_events AS t GROUP BY kind, subject
        """
    )
    return {
        (kind, subject): (state, text, at.replace(tzinfo=UTC))
        for kind, subject, (state, text, at) in rows
    }


def _new(
    found: Iterable[Problem], told: dict[tuple[str, str], tuple[str, str, datetime]], now: datetime
) -> list[tuple[str, str, str, str]]:
    """Kind, subject, state and text of what is new, has changed, or was told long ago."""
    messages = []
    for problem in found:
        state, _, at = told.get((problem.kind, problem.subject), ("", "", now))
        text = _text(problem)
        if problem.kind == "status" and state != problem.state:
            # The first one seen is no change: it is remembered, not told.
            before = word(read_labels().statuses, state)
            text = text.replace("\n", f" (был {before})\n", 1) if state else ""
        elif state == problem.state:
            if KINDS[problem.kind].is_news or now - at < timedelta(
                days=KINDS[problem.kind].days_to_remind
            ):
                continue
            text = f"Напоминание. {text}"
        messages.append((problem.kind, problem.subject, problem.state, text))
    return messages


def _over(
    found: Iterable[Problem], told: dict[tuple[str, str], tuple[str, str, datetime]]
) -> list[tuple[str, str, str, str]]:
    """The same of what was told and is no more."""
    standing = {(problem.kind, problem.subject) for problem in found}
    return [
        (kind, subject, OVER, f"{KINDS[kind].over}: {_first_line(text)}")
        for (kind, subject), (state, text, _) in told.items()
        if not KINDS[kind].is_news and state != OVER and (kind, subject) not in standing
    ]


def _text(problem: Problem) -> str:
    district = settings.district()
    return "\n".join(
        (
            " ".join(problem.what.split()),
            *([f"Район: {district}"] if district else []),
            f"Где: {problem.place}",
            f"С какого времени: {problem.since}",
            f"Что сделать: {KINDS[problem.kind].advice}",
            f"Ссылка: {problem.link}",
        )
    )


def _first_line(text: str) -> str:
    return text.partition("\n")[0].removeprefix("Напоминание. ")


def send_unsent(warehouse: Warehouse, channels: Iterable[Channel]) -> int:
    """Send what was noted and is not sent; returns how many messages were sent.

    A channel that fails keeps its messages for the next time, and the others are served. Raises
    ChannelError, which names the failed channels, at the end.
    """
    sent, failures = 0, []
    for channel in channels:
        try:
            for batch in batches(_unsent(warehouse, channel.name)):
                channel.send(batch)
                _note_sent(warehouse, channel, batch)
                sent += len(batch)
        except (ChannelError, ConfigurationError) as error:
            failures.append(f"{channel.name}: {error}")
    if failures:
        raise ChannelError(
            "Сообщения не отправлены и ждут следующего запуска: " + "; ".join(failures) + "."
        )
    return sent


def _note_sent(warehouse: Warehouse, channel: Channel, batch: Iterable[Message]) -> None:
    now = datetime.now(UTC)
    rows = [
        (one.at, one.kind, one.subject, one.state, one.text, channel.name, now) for one in batch
    ]
    warehouse.insert("ops.notification_events", _COLUMNS, rows)


def _unsent(warehouse: Warehouse, channel: str) -> list[Message]:
    rows = warehouse.rows(
        """
        SELECT at, kind, subject, state, text FROM ops.notifications
        WHERE channel = {channel:String} AND sent_at IS NULL AND at > {since:DateTime64(6)}
        ORDER BY at, kind, subject
        """,
        {"channel": channel, "since": datetime.now(UTC) - SENT_WITHIN},
    )
    return [Message(at.replace(tzinfo=UTC), *rest) for at, *rest in rows]
