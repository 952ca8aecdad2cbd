"""The channels of the watch: a mail server and a webhook on this machine, set as a user sets them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.emulators.receivers import LOCAL, Received, mail_server, webhook

PASSWORD = "the-password-of-the-robot"
SECRET = "key-in-the-address"


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    """E-mail to two people."""
    with mail_server() as got:
        connection = {
            "conn_type": "smtp",
            "host": LOCAL,
            "port": got.port,
            "login": "robot",
            "password": PASSWORD,
            "extra": {
                "from_email": "robot@example.org",
                "disable_ssl": True,
                "disable_tls": True,
                "retry_limit": 0,
            },
        }
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_VAR_NOTIFY_EMAIL", "a@example.org, b@example.org")
        yield got


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    """A webhook whose address has a key in it."""
    with webhook() as got:
        connection = {
            "conn_type": "generic",
            "password": f"http://{LOCAL}:{got.port}/hooks/{SECRET}",
        }
        monkeypatch.setenv("AIRFLOW_CONN_NOTIFY_WEBHOOK", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_VAR_NOTIFY_WEBHOOK", "notify_webhook")
        yield got
