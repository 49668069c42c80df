"""A stage for experiments on the review queue: Postgres with fsync on, web processes, annotators with cookies."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import db
from app.core.ids import new_id
from app.core.migrate import migrate
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from app.examples.models import Example, Revision, SplitAssignment
from app.projects import service as projects
from app.projects.forms import NewProject
from app.projects.models import Member, Project
from tests.annotation.factories import parsed

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("HOLDOUT_HOME", "HOLDOUT_DATABASE_URL")


@dataclass
class Stage:
    slug: str
    dsn: str
    cookies: list[str]  # one per annotator
    webs: "list[Web]"


class Web:
    """One web process, which can be killed and comes back at the same port."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "app.cli", "web", "--port", str(self.port)], cwd=ROOT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait_ready(self, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(OSError):
                urllib.request.urlopen(f"{self.url}/readyz", timeout=2).close()
                return
            time.sleep(0.05)
        raise TimeoutError("the web process did not become ready")


@contextmanager
def set_up(*, annotators: int, examples: int, overlap: int = 1, webs: int = 2) -> Iterator[Stage]:
    home = Path(tempfile.mkdtemp(prefix="holdout-review-"))
    home.chmod(0o711)
    before = {name: os.environ.get(name) for name in NAMES}
    running: list[Web] = []
    try:
        with EmbeddedPostgres(home) as server:
            os.environ |= {"HOLDOUT_HOME": str(home), "HOLDOUT_DATABASE_URL": server.dsn}
            _forget()
            get_settings().master_key()
            migrate(server.dsn)
            with db.transaction() as session:
                slug, cookies = _people(session, annotators, overlap)
                _examples(session, examples)
            with psycopg.connect(server.dsn, autocommit=True) as connection:
                connection.execute("analyze")  # what autovacuum does within a minute of an import
            os.environ["HOLDOUT_DATABASE_URL"] = server.app_dsn
            running += [Web() for _ in range(webs)]
            for web in running:
                web.wait_ready()
            yield Stage(slug, server.dsn, cookies, running)
            for web in running:
                web.kill()
            _forget()
    finally:
        for web in running:
            web.kill()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _forget()
        shutil.rmtree(home, ignore_errors=True)


def _people(session: Session, count: int, overlap: int) -> tuple[str, list[str]]:
    owner = accounts.add_user(session, "owner@example.com")
    project = projects.create(
        session, owner, NewProject(name="Queue", slug="queue", goal="classification", overlap=overlap)
    )
    cookies = []
    for number in range(count):
        user = accounts.add_user(session, f"annotator{number}@example.com")
        session.add(Member(project_id=project.id, user_id=user.id, role="annotator"))
        cookies.append(accounts.start_session(session, user))
    return project.slug, cookies


def _examples(session: Session, count: int) -> None:
    project_id = session.query(Project.id).scalar()
    units, rows, revisions = [], [], []
    for number in range(count):
        one, example_id = parsed(number), new_id()
        common = {"project_id": project_id, "fingerprint_unit": one.fingerprint_unit, "group_unit": one.group_unit}
        units.append({"project_id": project_id, "unit": one.fingerprint_unit})
        rows.append(common | {"id": example_id, "request": one.request, "answer": one.answer, "tags": []})
        revisions.append(
            common
            | {"id": new_id(), "example_id": example_id, "number": 1, "messages": one.messages, "tags": []}
            | {"content_hash": one.content_hash}
        )
    for model, values in ((SplitAssignment, units), (Example, rows), (Revision, revisions)):
        for start in range(0, count, 1_000):
            session.execute(insert(model), values[start : start + 1_000])


def _forget() -> None:
    db.forget_engine()
    get_settings.cache_clear()
