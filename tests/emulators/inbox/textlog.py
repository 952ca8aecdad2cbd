"""Writers of the adapter's text log: entries in the four patterns of docs/smev.md#три-формата."""

from collections.abc import Callable
from datetime import datetime

from tests.emulators.inbox.clock import moscow

_Pattern = Callable[[datetime, str, str, str], str]


def _millis(at: datetime, mark: str = ",") -> str:
    return f"{at:%H:%M:%S}{mark}{at.microsecond // 1000:03d}"


PATTERNS: dict[str, _Pattern] = {
    "log4j": lambda at, level, logger, text: (
        f"[{at:%Y-%m-%d} {_millis(at)}] {level} {text} ({logger})"
    ),
    "colons": lambda at, level, logger, text: (
        f"{at:%Y-%m-%d %H:%M:%S} : {level:<5} : {logger} - {text}"
    ),
    "logback": lambda at, level, logger, text: (
        f"{at:%Y.%m.%d} {_millis(at, '.')} {level:<5} [main] {logger}: {text}"
    ),
    "python": lambda at, level, logger, text: (
        f"{at:%Y-%m-%d} {_millis(at)},{level},{logger},{text}"
    ),
}
"""The four line patterns by name: log4j, colons (no milliseconds), logback, python."""


def log_entry(
    at: datetime, text: str, *, pattern: str = "log4j", level: str = "INFO", logger: str = "Ack"
) -> str:
    """One entry without its line end; Moscow time is printed, `text` may have several lines."""
    return PATTERNS[pattern](moscow(at), level, logger, text)


def request_received(message: str, *, sender: str, recipient: str, namespace: str) -> str:
    """Text of the event «request received»."""
    return (
        f"GetRequestResponse: получен запрос messageId={message} messageType=REQUEST "
        f"sender={sender} recipient={recipient} namespace={namespace}"
    )


def ack_sent(message: str) -> str:
    """Text of the event «acknowledgement sent»."""
    return f"AckRequest: подтверждение отправлено messageId={message} accepted=true"


def ack_refused(message: str) -> str:
    """Text of the event «acknowledgement refused by SMEV»."""
    return (
        f"AckRequest: подтверждение не принято messageId={message}: "
        "SMEV-501: Сообщение для подтверждения не найдено"
    )


def answer_sent(message: str, original: str) -> str:
    """Text of the event «answer sent» to the request `original`."""
    return (
        f"SendResponseRequest: ответ отправлен messageId={message} "
        f"originalMessageId={original} messageType=RESPONSE"
    )


def own_request_sent(message: str, *, sender: str, recipient: str, namespace: str) -> str:
    """Text of the event «own request sent»."""
    return (
        f"SendRequestRequest: запрос отправлен messageId={message} messageType=REQUEST "
        f"sender={sender} recipient={recipient} namespace={namespace}"
    )


def own_answer_received(message: str, original: str) -> str:
    """Text of the event «answer to our own request received»."""
    return (
        f"GetResponseResponse: получен ответ messageId={message} "
        f"originalMessageId={original} messageType=RESPONSE"
    )


EMPTY_POLL = "GetRequestResponse: очередь пуста"


def timeout() -> str:
    """Text of a connection timeout with a Java stack trace below."""
    return (
        "Превышено время ожидания ответа СМЭВ: java.net.SocketTimeoutException: Read timed out\n"
        "\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:283)\n"
        "\tat ru.example.adapter.Transport.invoke(Transport.java:118)\n"
        "Caused by: java.io.IOException: connection reset\n\t... 23 more"
    )


def invalid_value(value: str) -> str:
    """Text of a validation error, which quotes a person's value."""
    return f"SMEV-403: cvc-datatype-valid: значение '{value}' не соответствует типу"


def certificate_expires(owner: str) -> str:
    """Text of a certificate warning, which names its owner."""
    return f"Срок действия сертификата истекает, владелец {owner}"
