"""What messages are sent to: a mail server and a webhook on this machine, which keep what they get."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

LOCAL = "127.0.0.1"


@dataclass
class Letter:
    """A letter as it arrived: to whom, its heading and its text."""

    recipients: list[str]
    subject: str
    text: str
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Received:
    """What a receiver got, and where it listens; with ``refuses`` it takes nothing."""

    port: int = 0
    letters: list[Letter] = field(default_factory=list)
    posts: list[tuple[str, Any]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def mail_server() -> Iterator[Received]:
    """A mail server without TLS that asks for a login and takes any."""
    got = Received()

    class Conversation(socketserver.StreamRequestHandler):
        recipients: list[str]

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 test ESMTP")
            self.recipients = []
            for raw in self.rfile:
                line = raw.decode().strip()
                if not self.answer(line.upper(), line):
                    return

        def answer(self, command: str, line: str) -> bool:
            if command.startswith("EHLO"):
                self.say("250-test\r\n250 AUTH PLAIN")
            elif command.startswith("AUTH PLAIN"):
                got.logins.append(base64.b64decode(line.split()[2]).decode().replace("\0", " "))
                self.say("535 refused" if got.refuses else "235 in")
            elif command.startswith("RCPT"):
                self.recipients.append(line.partition("<")[2].rstrip(">"))
                self.say("250 ok")
            elif command == "DATA":
                self.say("354 go on")
                self.take()
                self.say("250 taken")
            else:
                self.say("221 bye" if command == "QUIT" else "250 ok")
            return command != "QUIT"

        def take(self) -> None:
            lines = []
            for raw in self.rfile:
                if raw.rstrip(b"\r\n") == b".":
                    break
                lines.append(raw)
            letter = message_from_bytes(b"".join(lines), policy=policy.default)
            body = letter.get_body(("html", "plain"))
            assert body is not None
            files = {
                str(part.get_filename()): part.get_content() for part in letter.iter_attachments()
            }
            subject = str(letter["Subject"])
            got.letters.append(Letter(self.recipients, subject, body.get_content(), files))

    with socketserver.ThreadingTCPServer((LOCAL, 0), Conversation) as server:
        server.daemon_threads = True
        yield from _serving(server, got)


@contextmanager
def webhook() -> Iterator[Received]:
    """An address that takes JSON."""
    got = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not got.refuses:
                got.posts.append((self.path, json.loads(body)))
            self.send_response(503 if got.refuses else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer((LOCAL, 0), Handler) as server:
        yield from _serving(server, got)


def _serving(server: socketserver.TCPServer, got: Received) -> Iterator[Received]:
    got.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
