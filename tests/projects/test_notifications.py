"""Mail through a real SMTP server, a signed webhook to a real receiver; tried again, given up, told once."""

import base64
import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.annotation.assignments import reminding
from app.core.settings import get_settings
from app.jobs.queue import queue
from app.projects.models import Project
from app.projects.notifications import service
from app.projects.notifications.jobs import ATTEMPTS, notify
from app.projects.notifications.models import Notification
from app.worker import load_jobs
from tests.annotation.factories import add_examples
from tests.examples.factories import Jobs
from tests.factories import Factory


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of RFC 5321 as one message needs."""

    allow_reuse_address = daemon_threads = True
    refuse = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.mails: list[str] = []


class _Smtp(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("220 mailbox")
        for raw in self.rfile:
            verb = raw.decode().strip().upper()
            if verb == "DATA":
                self._say("354 go on")
                lines: list[str] = []
                while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(line)
                self.server.mails.append("\n".join(lines))
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("550 not here" if verb.startswith("RCPT") and self.server.refuse else "250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Receiver(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []


class _Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        return


def served(server: Any) -> Iterator[Any]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch, settings_env: None) -> Iterator[Mailbox]:
    server = Mailbox()
    monkeypatch.setenv("HOLDOUT_SMTP_URL", f"smtp://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HOLDOUT_BASE_URL", "https://holdout.example")
    get_settings.cache_clear()
    yield from served(server)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, settings_env: None) -> Iterator[Receiver]:
    server = Receiver()
    monkeypatch.setenv("HOLDOUT_WEBHOOK_ORIGINS", address(server))
    get_settings.cache_clear()
    yield from served(server)


def address(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.server_address[1]}"


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(name="Billing")


def give(client: TestClient, factory: Factory, project: Project, **more: Any) -> None:
    add_examples(factory, project, 3)
    factory.member(project, "annotator", "ana@example.com")
    body = {"name": "First\npass", "count": 2, "people": ["ana@example.com"], "note": "Über Preise", **more}
    headers = factory.bearer(factory.member(project, "engineer"))
    answer = client.post(f"/api/v1/projects/{project.slug}/assignments", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


def messages(factory: Factory) -> list[Notification]:
    factory.session.rollback()
    return factory.session.query(Notification).order_by(Notification.id).all()


def test_a_mail_says_how_many_and_where(
    mailbox: Mailbox, client: TestClient, factory: Factory, project: Project, run_jobs: Jobs
) -> None:
    give(client, factory, project, due_on="2999-12-03")
    run_jobs()
    (mail,) = mailbox.mails
    assert "To: ana@example.com" in mail
    assert "Subject: You have 2 to review by 3 December 2999: First pass" in mail
    assert "Auto-Submitted: auto-generated" in mail
    body = base64.b64decode(mail.split("\n\n", 1)[1]).decode() if "base64" in mail else mail
    assert f"https://holdout.example/p/{project.slug}/review" in body
    assert [(one.status, one.attempts) for one in messages(factory)] == [("sent", 1)]


def test_a_webhook_is_signed_and_not_redirected(
    receiver: Receiver, client: TestClient, factory: Factory, project: Project, run_jobs: Jobs
) -> None:
    admin = factory.bearer(factory.member(project, "admin"))
    url = f"/api/v1/projects/{project.slug}/webhook"
    secret = client.put(url, json={"url": f"{address(receiver)}/hook?x=1"}, headers=admin).json()["secret"]
    assert "secret" not in client.get(url, headers=admin).json()
    give(client, factory, project)
    run_jobs()
    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    sent = json.loads(body)
    assert sent["type"] == "assignment.created"
    assert (sent["data"]["waiting"], sent["data"]["person"]) == (2, "ana@example.com")
    receiver.answers = [302]
    assert client.post(f"{url}/test", headers=admin).status_code == 202
    run_jobs()
    assert len(receiver.got) == 2
    newest = messages(factory)[-1]
    assert (newest.status, newest.error) == ("queued", "It answered 302.")
    assert client.delete(url, headers=admin).status_code == 204


def test_what_fails_is_tried_again_and_given_up_in_sight(
    mailbox: Mailbox, client: TestClient, factory: Factory, project: Project
) -> None:
    import asyncio

    from app.projects.notifications.jobs import TryAgain

    give(client, factory, project)
    mailbox.refuse = True
    (message,) = messages(factory)
    for attempt in range(1, ATTEMPTS):
        with pytest.raises(TryAgain):
            asyncio.run(notify(notification_id=message.id))
        assert messages(factory)[0].attempts == attempt
    asyncio.run(notify(notification_id=message.id))
    given_up = messages(factory)[0]
    assert (given_up.status, given_up.attempts) == ("failed", ATTEMPTS)
    assert "550" in str(given_up.error)
    mailbox.refuse = False
    factory.sign_in(client, factory.member(project, "admin"))
    page = client.get(f"/p/{project.slug}/notifications").text
    assert "Send again" in page
    assert client.post(f"/p/{project.slug}/notifications/{message.id}/resending").status_code == 303
    asyncio.run(notify(notification_id=message.id))
    asyncio.run(notify(notification_id=message.id))  # a job that ran twice sends once
    assert len(mailbox.mails) == 1


def test_what_is_due_is_said_once_a_day(
    mailbox: Mailbox, client: TestClient, factory: Factory, project: Project, run_jobs: Jobs
) -> None:
    give(client, factory, project, due_on="2999-12-03")
    run_jobs()
    mailbox.mails.clear()
    for day in (date(2999, 12, 1), date(2999, 12, 2), date(2999, 12, 2), date(2999, 12, 5)):
        reminding.remind(factory.session, day)
        factory.session.commit()
    run_jobs()
    subjects = [line for mail in mailbox.mails for line in mail.split("\n") if line.startswith("Subject: ")]
    assert sorted(subjects) == [
        "Subject: 2 days late: 2 to review in Billing",
        "Subject: Due tomorrow: 2 to review in Billing",
    ]


def test_the_reminder_runs_every_day() -> None:
    load_jobs()
    found = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    assert found["annotation.remind"] == "0 6 * * *"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/hook", "http://169.254.169.254/", "file:///etc/passwd", "http://127.0.0.1@evil/", "x"]
)
def test_only_listed_origins(
    receiver: Receiver, client: TestClient, factory: Factory, project: Project, url: str
) -> None:
    admin = factory.bearer(factory.member(project, "admin"))
    answer = client.put(f"/api/v1/projects/{project.slug}/webhook", json={"url": url}, headers=admin)
    assert answer.status_code == 422
    engineer = factory.bearer(factory.member(project, "engineer"))
    assert client.get(f"/api/v1/projects/{project.slug}/webhook", headers=engineer).status_code == 403


def test_without_any_way_nothing_is_stored(client: TestClient, factory: Factory, project: Project) -> None:
    give(client, factory, project)
    assert messages(factory) == []
    assert service.latest(factory.session, project.id) == []
