"""Where messages go: e-mail by SMTP, a JSON webhook, else the log; no error names an address or a secret."""

from __future__ import annotations

import json
import logging
import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any, Protocol

from municipal_indicators import settings
from municipal_indicators.documents.making import sheet_path
from municipal_indicators.errors import ChannelError, ConfigurationError

log = logging.getLogger(__name__)

# A first run over years of data may find hundreds of problems: more than these go as one.
SINGLY = 10
TIMEOUT_SECONDS = 30
TEMPLATE = Path(__file__).with_name("webhook.json.j2")
_LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Message:
    """What is told; ``at`` is when it was noted, aware. The first line of ``text`` is what happened."""

    at: datetime
    kind: str
    subject: str
    state: str
    text: str


class Channel(Protocol):
    """``send`` delivers messages together, or raises ChannelError or ConfigurationError."""

    @property
    def name(self) -> str:
        """What ``ops.notifications`` calls it."""

    def send(self, messages: Sequence[Message]) -> None:
        """Deliver them."""


def batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Messages as they are sent: each by itself, many as one."""
    if len(messages) > SINGLY:
        yield messages
    else:
        yield from ([message] for message in messages)


def open_channels() -> list[Channel]:
    """The channels that are set up; the log where none is."""
    channels: list[Channel] = []
    if settings.mail_recipients():
        channels.append(Mail(settings.mail_recipients()))
    if connection := settings.webhook_connection():
        channels.append(Webhook(connection, settings.webhook_template() or TEMPLATE))
    return channels or [Log()]


def _joined(messages: Sequence[Message]) -> str:
    return "\n\n".join(message.text for message in messages)


def _headline(messages: Sequence[Message]) -> str:
    first = messages[0].text.partition("\n")[0]
    words = first if len(messages) == 1 else f"сообщений: {len(messages)}; {first}"
    return words[:_LONGEST_SUBJECT]


def _sheets(messages: Sequence[Message]) -> list[str]:
    """The first page of the report of each month that is told of, where it was written."""
    folder = settings.documents_folder()
    months = [date.fromisoformat(f"{one.state}-01") for one in messages if one.kind == "month"]
    return [str(path) for month in months if (path := sheet_path(folder, month)).is_file()]


@dataclass(frozen=True)
class Log:
    """The log of the task, for whoever looks there."""

    name: str = "log"

    def send(self, messages: Sequence[Message]) -> None:
        """Write them as warnings."""
        for message in messages:
            log.warning("%s", message.text)


@dataclass(frozen=True)
class Mail:
    """E-mail through the connection ``smtp_default``, by Airflow's own provider."""

    recipients: Sequence[str]
    name: str = "email"

    def send(self, messages: Sequence[Message]) -> None:
        """Send one letter to all recipients."""
        from airflow.providers.smtp.hooks.smtp import SmtpHook
        from airflow.sdk import BaseHook

        with settings.needing_connection(settings.SMTP_CONNECTION, settings.SMTP_CONNECTION):
            BaseHook.get_connection(settings.SMTP_CONNECTION)
        sheets, text = _sheets(messages), _joined(messages)
        if sheets:
            text += "\nПриложена первая страница отчёта (PDF)."
        problem, district = "", f" · {settings.district()}" if settings.district() else ""
        try:
            with SmtpHook(settings.SMTP_CONNECTION) as hook:
                hook.send_email_smtp(
                    to=list(self.recipients),
                    subject=f"[Показатели программы{district}] {_headline(messages)}",
                    html_content=escape(text).replace("\n", "<br>\n"),
                    files=sheets,
                )
        except smtplib.SMTPResponseException as error:
            problem = f"{type(error).__name__} {error.smtp_code}"
        except Exception as error:  # noqa: BLE001 - whatever a server does to us, the message is kept
            problem = type(error).__name__
        if problem:
            # Not chained: the answer of a server may quote addresses and logins.
            raise ChannelError(
                f"почтовый сервер подключения {settings.SMTP_CONNECTION} не принял письмо ({problem})"
            )


@dataclass(frozen=True)
class Webhook:
    """A POST of JSON to the address that a connection keeps as its password, since it often has a key."""

    connection: str
    template: Path
    name: str = "webhook"

    def send(self, messages: Sequence[Message]) -> None:
        """Post what the template makes of them."""
        import requests
        from airflow.sdk import BaseHook

        with settings.needing_connection(self.connection, settings.WEBHOOK_CONNECTION):
            connection = BaseHook.get_connection(self.connection)
        body = self._body(messages)
        problem = ""
        try:
            answer = requests.post(
                connection.password or "",
                json=body,
                headers=connection.extra_dejson.get("headers"),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            if not answer.ok or answer.is_redirect:
                problem = f"HTTP {answer.status_code}"
        except requests.RequestException as error:
            problem = type(error).__name__
        if problem:
            # Not chained: the error of requests quotes the address.
            raise ChannelError(
                f"адрес подключения {self.connection} не принял сообщение ({problem})"
            )

    def _body(self, messages: Sequence[Message]) -> Any:
        from jinja2 import StrictUndefined, TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        try:
            template = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(
                self.template.read_text(encoding="utf-8")
            )
            return json.loads(
                template.render(
                    text=_joined(messages), headline=_headline(messages), messages=messages
                )
            )
        except (OSError, ValueError, TemplateError) as error:
            raise ConfigurationError(
                f"{self.template}: получается не JSON ({type(error).__name__}). В шаблоне можно использовать "
                "text, headline и messages, за каждым `| tojson`. Его называет переменная Airflow "
                "notify_webhook_template."
            ) from None
